//! The model file: one line of JSON that says what it is, then the model.
//!
//! ```text
//! {"format":1,"sha256":"<64 hex digits>","body_bytes":n,"kind":…,"schema":…,"card":…,…}\n
//! <n bytes of MessagePack with named fields>
//! ```
//!
//! The hash covers every byte after its own digits, header and body alike, so that no changed or cut
//! file is read. It is no signature: whoever can write a file can write its hash. All that is read is
//! therefore checked again by the types it becomes, and lengths are limited before memory is taken.
//!
//! A later version reads every earlier format; `fixtures/models` holds one file of each.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::frame::SchemaId;

mod error;
mod header;

pub use error::ModelFileError;
pub use header::{Card, Header, OperatingPoint, TrainedOn};

/// The format that is written.
pub const FORMAT: u32 = 1;
/// Bytes of the header at most: some 100,000 columns.
pub const MOST_HEADER_BYTES: usize = 16 << 20;
/// Bytes of the body at most.
pub const MOST_BODY_BYTES: u64 = 2 << 30;

/// How every model file begins.
const START: &str = "{\"format\":";
/// How a file of format 1 goes on after its number, up to the digits of the hash.
const HASH_FIELD: &str = ",\"sha256\":\"";
/// Hex digits of a SHA-256.
const HASH_DIGITS: usize = 64;

/// What the reader needs the file to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected<'a> {
    /// The kind.
    pub kind: &'a str,
    /// The schema, where the caller has frames of one.
    pub schema: Option<SchemaId>,
}

/// A model with its header.
#[derive(Clone, Debug, PartialEq)]
pub struct Model<T> {
    /// What the file says about it.
    pub header: Header,
    /// The model.
    pub payload: T,
}

/// Bytes with the name that errors give them.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// Path of the file, or what stands for it.
    pub name: &'a Path,
    /// All bytes of it.
    pub bytes: &'a [u8],
}

/// The header line as it is written, up to and with the hash in a place of its own.
#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    sha256: &'a str,
    body_bytes: u64,
    schema_id: SchemaId,
    #[serde(flatten)]
    header: &'a Header,
}

/// The header line as it is read.
#[derive(Deserialize)]
struct Line {
    body_bytes: u64,
    schema_id: SchemaId,
    #[serde(flatten)]
    header: Header,
}

/// A file as its first bytes divide it.
struct Sealed<'a> {
    hash: &'a [u8],
    covered: &'a [u8],
}

// === free functions ===

/// The bytes of a model file: the same for the same header and payload.
///
/// # Errors
/// [`ModelFileError::Encode`] when the header or payload cannot be encoded, or is too long to be read
/// back.
pub fn to_bytes<T: Serialize>(
    name: &Path,
    header: &Header,
    payload: &T,
) -> Result<Vec<u8>, ModelFileError> {
    let refuse = |reason: String| ModelFileError::Encode { file: name.to_owned(), reason };
    let body = rmp_serde::to_vec_named(payload).map_err(|error| refuse(error.to_string()))?;
    let blank = "0".repeat(HASH_DIGITS);
    let written = Written {
        format: FORMAT,
        sha256: &blank,
        body_bytes: body.len() as u64,
        schema_id: header.schema.id(),
        header,
    };
    let mut bytes = serde_json::to_vec(&written).map_err(|error| refuse(error.to_string()))?;
    bytes.push(b'\n');
    if bytes.len() > MOST_HEADER_BYTES || written.body_bytes > MOST_BODY_BYTES {
        return Err(refuse(format!("`{}` bytes are too many", bytes.len() + body.len())));
    }
    bytes.extend_from_slice(&body);
    let start = START.len() + FORMAT.to_string().len() + HASH_FIELD.len();
    let end = start + HASH_DIGITS;
    let digits = hex(&bytes[end..]);
    bytes[start..end].copy_from_slice(digits.as_bytes());
    // JSON has no NaN and no infinity: what would not come back is not written.
    match self::header(Named { name, bytes: &bytes }) {
        Ok(found) if found == *header => Ok(bytes),
        Ok(_) | Err(_) => Err(refuse("a number of its header is not finite".to_owned())),
    }
}

/// Writes a model file beside its place, then puts it there: the place never holds half a file.
///
/// # Errors
/// [`ModelFileError::Encode`], or [`ModelFileError::Io`] when the file cannot be written.
pub fn write<T: Serialize>(
    path: &Path,
    header: &Header,
    payload: &T,
) -> Result<(), ModelFileError> {
    let bytes = to_bytes(path, header, payload)?;
    if path.exists() && !path.is_file() {
        // Renaming over a folder fails, over a device it would replace the device.
        let reason = "the place is taken by what is no regular file".to_owned();
        return Err(ModelFileError::Encode { file: path.to_owned(), reason });
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let failed = |source| ModelFileError::Io { verb: "write", file: path.to_owned(), source };
    let mut aside = tempfile::Builder::new()
        .prefix(".foresail-")
        .make_in(folder, |place| File::options().write(true).create_new(true).open(place))
        .map_err(failed)?;
    aside.write_all(&bytes).map_err(failed)?;
    aside.as_file().sync_all().map_err(failed)?;
    aside.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Reads a model file.
///
/// # Errors
/// [`ModelFileError`], which names the file, the place and the reason.
pub fn read<T: DeserializeOwned>(
    path: &Path,
    expected: &Expected<'_>,
) -> Result<Model<T>, ModelFileError> {
    let failed = |source| ModelFileError::Io { verb: "read", file: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let mut file = BufReader::new(file).take(MOST_HEADER_BYTES as u64 + MOST_BODY_BYTES + 1);
    // What is no model file is refused by its first bytes, however long it is.
    let mut bytes = vec![0; START.len()];
    let mut have = 0;
    while have < bytes.len() {
        match file.read(&mut bytes[have..]).map_err(failed)? {
            0 => break,
            more => have += more,
        }
    }
    bytes.truncate(have);
    if bytes == START.as_bytes() {
        file.read_to_end(&mut bytes).map_err(failed)?;
    }
    from_bytes(Named { name: path, bytes: &bytes }, expected)
}

/// Reads the bytes of a model file.
///
/// # Errors
/// [`ModelFileError`], which names the file, the place and the reason.
pub fn from_bytes<T: DeserializeOwned>(
    from: Named<'_>,
    expected: &Expected<'_>,
) -> Result<Model<T>, ModelFileError> {
    let (line, body) = checked(from)?;
    let file = || from.name.to_owned();
    if line.header.kind != expected.kind {
        return Err(ModelFileError::Kind {
            file: file(),
            expected: expected.kind.to_owned(),
            found: line.header.kind,
        });
    }
    if let Some(expected) = expected.schema.as_ref().filter(|id| **id != line.schema_id) {
        let (expected, found) = (expected.clone(), line.schema_id);
        return Err(ModelFileError::Schema { file: file(), expected, found });
    }
    let payload = rmp_serde::from_slice(body)
        .map_err(|error| ModelFileError::Body { file: file(), reason: error.to_string() })?;
    Ok(Model { header: line.header, payload })
}

/// Reads what a file says about its model, of any kind, without reading the model.
///
/// # Errors
/// [`ModelFileError`]; the hash of the whole file is checked here too.
pub fn header(from: Named<'_>) -> Result<Header, ModelFileError> {
    checked(from).map(|(line, _)| line.header)
}

/// Header and body of bytes that are those that were written.
fn checked(from: Named<'_>) -> Result<(Line, &[u8]), ModelFileError> {
    let Named { name, bytes } = from;
    let file = || name.to_owned();
    let sealed = unseal(from)?;
    let (text, body) = sealed.covered.split_at(line_end(from, sealed.covered)?);
    let body = &body[1..];
    let found = hex(sealed.covered);
    let intact = found.as_bytes() == sealed.hash;
    let changed = |found| {
        let expected = String::from_utf8_lossy(sealed.hash).into_owned();
        ModelFileError::Changed { file: file(), expected, found }
    };
    let line_bytes = bytes.len() - sealed.covered.len() + text.len();
    let line: Line = match serde_json::from_slice(&bytes[..line_bytes]) {
        Ok(line) => line,
        Err(error) if intact => {
            return Err(ModelFileError::Header { file: file(), reason: error.to_string() });
        }
        Err(_) => return Err(changed(found)),
    };
    let have = body.len() as u64;
    if have < line.body_bytes {
        let need = Some((line_bytes as u64 + 1).saturating_add(line.body_bytes));
        return Err(ModelFileError::CutShort { file: file(), have: bytes.len() as u64, need });
    }
    if !intact {
        return Err(changed(found));
    }
    if have != line.body_bytes || line.header.schema.id() != line.schema_id {
        let reason = "its length or schema id is not that of its content".to_owned();
        return Err(ModelFileError::Header { file: file(), reason });
    }
    Ok((line, body))
}

/// The hash of a file of format 1 and the bytes that it covers.
fn unseal(from: Named<'_>) -> Result<Sealed<'_>, ModelFileError> {
    let file = || from.name.to_owned();
    let no_model = |reason| ModelFileError::NotAModel { file: file(), reason };
    let rest = from.bytes.strip_prefix(START.as_bytes());
    let rest = rest.ok_or_else(|| no_model("it does not begin with `{\"format\":`"))?;
    let digits = rest.iter().take(10).take_while(|byte| byte.is_ascii_digit()).count();
    let format: u64 = std::str::from_utf8(&rest[..digits])
        .ok()
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| no_model("its format is no number"))?;
    if format != u64::from(FORMAT) {
        return Err(ModelFileError::Format { file: file(), found: format });
    }
    rest[digits..]
        .strip_prefix(HASH_FIELD.as_bytes())
        .and_then(|rest| rest.split_at_checked(HASH_DIGITS))
        .map(|(hash, covered)| Sealed { hash, covered })
        .ok_or_else(|| no_model("no hash follows its format"))
}

/// Where the header line ends.
fn line_end(from: Named<'_>, covered: &[u8]) -> Result<usize, ModelFileError> {
    let limit = covered.len().min(MOST_HEADER_BYTES);
    let end = covered[..limit].iter().position(|byte| *byte == b'\n');
    end.ok_or_else(|| {
        let file = from.name.to_owned();
        if limit == MOST_HEADER_BYTES {
            let reason = "its first line is too long for a header";
            return ModelFileError::NotAModel { file, reason };
        }
        ModelFileError::CutShort { file, have: from.bytes.len() as u64, need: None }
    })
}

/// SHA-256 in lower-case hex digits.
fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
