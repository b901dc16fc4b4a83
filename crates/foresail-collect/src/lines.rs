//! Reading of JSON lines, plain or gzipped, with the line number in every error.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use serde::de::DeserializeOwned;

use crate::error::RecordingError;

/// Hands every line of `path` to `each`, in file order. A missing file has no lines.
///
/// # Errors
/// A file that cannot be read, a gzip stream cut short, a line that is not the expected JSON, or
/// the reason that `each` gives.
pub(crate) fn read_lines<T: DeserializeOwned>(
    path: &Path,
    mut each: impl FnMut(T) -> Result<(), String>,
) -> Result<(), RecordingError> {
    if !path.exists() {
        return Ok(());
    }
    let file = File::open(path).map_err(|source| RecordingError::read(path, source))?;
    let gzipped = path.extension().is_some_and(|extension| extension == "gz");
    let source: Box<dyn Read> =
        if gzipped { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut reader = BufReader::with_capacity(1 << 16, source);
    let mut line = Vec::new();
    let mut number = 0;
    loop {
        line.clear();
        number += 1;
        let bad = |reason: String| RecordingError::Row {
            path: path.to_owned(),
            unit: "line",
            number,
            reason,
        };
        let n = reader.read_until(b'\n', &mut line).map_err(|error| {
            if gzipped {
                bad(format!("the gzip stream ends too early or is damaged ({error})"))
            } else {
                RecordingError::read(path, error)
            }
        })?;
        if n == 0 {
            return Ok(());
        }
        // Some editors put a byte order mark in front of a text; it says nothing.
        let text = line.strip_prefix(b"\xef\xbb\xbf".as_slice()).unwrap_or(&line);
        if text.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let value = serde_json::from_slice(text)
            .map_err(|error| bad(format!("not the expected JSON ({error})")))?;
        each(value).map_err(bad)?;
    }
}
