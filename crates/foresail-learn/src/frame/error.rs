//! Why a schema or frame was refused.

use super::{MAX_COLUMNS, MAX_LEVELS};

/// Why a schema or frame was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// Two columns have one name.
    #[error("column `{name}` is there twice")]
    DuplicateColumn {
        /// The name.
        name: String,
    },
    /// Two levels of a category have one name.
    #[error("column `{column}` has level `{level}` twice")]
    DuplicateLevel {
        /// The column.
        column: String,
        /// The level.
        level: String,
    },
    /// A category has more levels than codes.
    #[error("column `{column}` has `{have}` levels, at most `{max}` are possible", max = MAX_LEVELS)]
    TooManyLevels {
        /// The column.
        column: String,
        /// Number of levels.
        have: usize,
    },
    /// There are more columns than trees can name.
    #[error("`{have}` columns, at most `{max}` are possible", max = MAX_COLUMNS)]
    TooManyColumns {
        /// Number of columns.
        have: usize,
    },
    /// There are more or fewer columns than the schema names.
    #[error("`{found}` columns given, the schema names `{expected}`")]
    ColumnCount {
        /// Columns of the schema.
        expected: usize,
        /// Columns given.
        found: usize,
    },
    /// A column is longer or shorter than the first.
    #[error("column `{column}` has `{found}` rows, the first column has `{expected}`")]
    Ragged {
        /// The column.
        column: String,
        /// Rows of the first column.
        expected: usize,
        /// Rows of this one.
        found: usize,
    },
    /// Numbers where the schema says categories, or the other way round.
    #[error("column `{column}` holds {found}, the schema says {expected}")]
    Kind {
        /// The column.
        column: String,
        /// What the schema says.
        expected: &'static str,
        /// What was given.
        found: &'static str,
    },
    /// An infinite number.
    #[error("column `{column}` row `{row}` is infinite; a number is finite, or NaN where missing")]
    Infinite {
        /// The column.
        column: String,
        /// The row.
        row: usize,
    },
    /// A code without a level.
    #[error("column `{column}` row `{row}` has code `{code}`, the column has `{levels}` levels")]
    UnknownCode {
        /// The column.
        column: String,
        /// The row.
        row: usize,
        /// The code, as given.
        code: String,
        /// Number of levels.
        levels: usize,
    },
    /// A column that is asked for is not there.
    #[error("no column `{name}`")]
    NoColumn {
        /// The name.
        name: String,
    },
    /// A row number past the end.
    #[error("row `{row}` is past the end, the frame has `{n_rows}` rows")]
    NoRow {
        /// The row.
        row: usize,
        /// Rows of the frame.
        n_rows: usize,
    },
}
