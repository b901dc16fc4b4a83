//! Tables in files: CSV or Parquet by what a file holds, and their hash.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use foresail_collect::table::{read_parquet, write_parquet};
use foresail_learn::model_file::{self, Header, Model, ModelFileError, Named, TrainedOn};
use foresail_learn::tabular::csv::{self, ReadOptions};
use foresail_learn::tabular::{Table, TabularModel};
use sha2::{Digest, Sha256};

use crate::failure::{Failure, Result};
use crate::staging::StagedFile;

/// How a Parquet file begins.
const PARQUET: &[u8] = b"PAR1";

/// A table as it was read.
pub(crate) struct Opened {
    /// The rows.
    pub(crate) table: Table,
    /// Its name and the hash of its file.
    pub(crate) source: TrainedOn,
}

/// How rows are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileFormat {
    Csv,
    Parquet,
    JsonLines,
}

/// Reads a table.
pub(crate) fn open(file: &Path, options: &ReadOptions) -> Result<Opened> {
    let unread = || format!("failed to read `{}`", file.display());
    if file.is_dir() {
        return Err(Failure::input(format!(
            "`{}` is a folder, not a table: a recording is given by --recording",
            file.display()
        )));
    }
    let bytes = fs::read(file).map_err(|error| Failure::reading(error, unread()))?;
    let sha256 = hex(&bytes);
    let table = if bytes.starts_with(PARQUET) {
        drop(bytes);
        read_parquet(file).map_err(|error| Failure::reading(error, unread()))?
    } else {
        csv::from_bytes(Named { name: file, bytes: &bytes }, options)
            .map_err(|error| Failure::reading(error, "the table was refused"))?
    };
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
    Ok(Opened { table, source: TrainedOn { name, sha256 } })
}

/// Reads a model of a table.
pub(crate) fn open_model(file: &Path) -> Result<Model<TabularModel>> {
    TabularModel::read(file).map_err(|error| {
        let of_recordings = matches!(&error, ModelFileError::Kind { .. });
        let what = if of_recordings {
            "this command takes models of `train --data`; those of recordings are judged by `backtest --model`"
        } else {
            "the model was refused"
        };
        Failure::reading(error, what)
    })
}

/// What the bytes of a model file that is about to be written say of it.
pub(crate) fn header(file: &Path, bytes: &[u8]) -> Result<Header> {
    model_file::header(Named { name: file, bytes })
        .map_err(|error| Failure::writing(error, "the model cannot be stored"))
}

/// The format that the name of an output file asks for.
pub(crate) fn format_of(path: &Path) -> Result<FileFormat> {
    let extension = path.extension().and_then(OsStr::to_str).map(str::to_ascii_lowercase);
    match extension.as_deref() {
        Some("csv") => Ok(FileFormat::Csv),
        Some("parquet") => Ok(FileFormat::Parquet),
        Some("jsonl") => Ok(FileFormat::JsonLines),
        Some(_) | None => Err(Failure::input(format!(
            "output `{}` ends in none of `.csv`, `.parquet` and `.jsonl`, so its format is not known",
            path.display()
        ))),
    }
}

/// Writes a table where it belongs.
pub(crate) fn write(file: StagedFile, table: &Table, format: FileFormat) -> Result<()> {
    match format {
        FileFormat::Parquet => file.commit_with(|out| write_parquet(table, out)),
        FileFormat::Csv | FileFormat::JsonLines => file.commit_with(|out| csv::write(table, out)),
    }
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
