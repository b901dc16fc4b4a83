//! Why columns are not a table.

use thiserror::Error;

/// Why columns are not a table.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TableError {
    /// Two columns share a name.
    #[error("column `{name}` stands twice in the table")]
    DuplicateColumn {
        /// The name.
        name: String,
    },
    /// A column of another length.
    #[error("column `{column}` has {found} rows where the others have {expected}")]
    Ragged {
        /// The column.
        column: String,
        /// Rows of the first column.
        expected: usize,
        /// Rows of this one.
        found: usize,
    },
    /// A code without a level.
    #[error("column `{column}`, row {row}: code `{code}` has no level")]
    UnknownCode {
        /// The column.
        column: String,
        /// The row, from 0.
        row: usize,
        /// The code.
        code: u32,
    },
    /// A column that the table does not have.
    #[error("the table has no column `{name}`")]
    NoColumn {
        /// The name.
        name: String,
    },
    /// A row past the end.
    #[error("row {row} was asked of a table with {n_rows} rows")]
    NoRow {
        /// The row, from 0.
        row: usize,
        /// Rows there are.
        n_rows: usize,
    },
}
