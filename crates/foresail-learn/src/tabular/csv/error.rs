//! Why a file is no table.

use std::io;
use std::path::PathBuf;

/// Where a value stands in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, or what stands for it.
    pub file: PathBuf,
    /// The line on which its record begins, from 1.
    pub line: u64,
    /// The column.
    pub column: String,
}

/// Why a file is no table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CsvError {
    /// The file could not be read.
    #[error("failed to read `{}`", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is nothing in it.
    #[error("`{}` is empty: a table begins with a line of column names", file.display())]
    Empty {
        /// The file.
        file: PathBuf,
    },
    /// There are names and nothing else.
    #[error("`{}` has column names but no row", file.display())]
    NoRows {
        /// The file.
        file: PathBuf,
    },
    /// Text of 16 or 32 bits a character.
    #[error("`{}` is {encoding} text: save it as UTF-8", file.display())]
    Wide {
        /// The file.
        file: PathBuf,
        /// The encoding that its first bytes name.
        encoding: &'static str,
    },
    /// Bytes that are no UTF-8.
    #[error(
        "`{}`, line {line}: byte {byte} (`0x{value:02x}`) is no UTF-8: save the file as UTF-8",
        file.display()
    )]
    NotUtf8 {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The byte of the line, from 1.
        byte: u64,
        /// The byte.
        value: u8,
    },
    /// A byte of zero, which no text has.
    #[error("`{}`, line {line}: byte {byte} is zero, so this is no text", file.display())]
    Nul {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The byte of the line, from 1.
        byte: u64,
    },
    /// Two columns share a name.
    #[error(
        "`{}`, line 1: columns {first} and {second} are both named `{name}`",
        file.display()
    )]
    DuplicateColumn {
        /// The file.
        file: PathBuf,
        /// The name.
        name: String,
        /// The first of them, from 1.
        first: usize,
        /// The second.
        second: usize,
    },
    /// A row of another length than the header.
    #[error(
        "`{}`, line {line}: {found} fields where the header names {expected} columns; a field \
         that holds a comma, such as a number with thousands separators, must be quoted",
        file.display()
    )]
    Ragged {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
        /// Columns.
        expected: usize,
        /// Fields of the row.
        found: usize,
    },
    /// A quote that is never closed.
    #[error("`{}`, line {line}: a quote opens here that is never closed", file.display())]
    OpenQuote {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
    },
    /// A text in a column of numbers.
    #[error(
        "`{}`, line {}, column `{}`: `{value}` is no number",
        place.file.display(), place.line, place.column
    )]
    NotANumber {
        /// Where.
        place: Place,
        /// The text.
        value: String,
    },
    /// A number with separators between its thousands.
    #[error(
        "`{}`, line {}, column `{}`: `{value}` has thousands separators: write it as `{plain}`",
        place.file.display(), place.line, place.column
    )]
    Thousands {
        /// Where.
        place: Place,
        /// The text.
        value: String,
        /// What it should be.
        plain: String,
    },
    /// A number without end.
    #[error(
        "`{}`, line {}, column `{}`: `{value}` is infinite; a number is finite, or missing",
        place.file.display(), place.line, place.column
    )]
    Infinite {
        /// Where.
        place: Place,
        /// The text.
        value: String,
    },
}
