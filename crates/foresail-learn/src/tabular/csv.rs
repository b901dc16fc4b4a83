//! Tables from and to CSV.
//!
//! ```text
//! bytes ──checked──> header │ chunks that begin at records ──in parallel──> columns ──joined──> Table
//!                            kinds: by name and wish, else by the first rows; a column of which a
//!                            later row says otherwise is read once more, as text
//! ```
//!
//! A record may span lines when it is quoted (RFC 4180); blank lines are skipped. A column is of
//! numbers when `num_` begins its name or all of its values are numbers, of texts when `cat_` begins
//! its name or one value is none. What counts as missing is what pandas takes as missing, but for the
//! columns that the caller wants verbatim: there `None` and `NA` are texts as good as any.

use std::fs;
use std::io;
use std::path::Path;

pub use self::error::{CsvError, Place};
use self::parse::Source;
use super::Table;
use crate::model_file::Named;

mod blocks;
mod bytes;
mod column;
mod error;
mod number;
mod parse;
#[cfg(test)]
mod tests;
mod write;

/// What the caller knows of the columns. Names that the file lacks are no error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// Columns to take verbatim as texts, such as target and groups: only the empty field is missing.
    pub text: Vec<String>,
    /// Columns of texts.
    pub categories: Vec<String>,
    /// Columns of numbers: a text among them is an error.
    pub numbers: Vec<String>,
}

/// Reads a file.
///
/// # Errors
/// [`CsvError`], which names the file, the place and the reason.
pub fn read(path: &Path, options: &ReadOptions) -> Result<Table, CsvError> {
    let failed = |source| CsvError::Read { file: path.to_owned(), source };
    if let Some(table) = blocks::read(path, options, blocks::BLOCK).map_err(failed)? {
        return Ok(table);
    }
    let bytes = fs::read(path).map_err(failed)?;
    from_bytes(Named { name: path, bytes: &bytes }, options)
}

/// Reads the bytes of a file.
///
/// # Errors
/// [`CsvError`], which names the file, the place and the reason.
pub fn from_bytes(from: Named<'_>, options: &ReadOptions) -> Result<Table, CsvError> {
    Source::open(from)?.read(options)
}

/// A finite number as it is written.
pub(super) fn plain_number(number: f64) -> String {
    let mut digits = String::new();
    write::write_number(number, &mut digits);
    digits
}

/// Writes a table: the shortest numbers that read back equal, quotes where needed, nothing where a
/// value is missing.
///
/// # Errors
/// What the writer says.
pub fn write(table: &Table, to: impl io::Write) -> io::Result<()> {
    write::write(table, to)
}
