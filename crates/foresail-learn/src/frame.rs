//! The frame: named columns of numbers and categories, all of one length, and the schema that
//! names them.
//!
//! ```text
//! CSV rows, feature rows ──> FrameBuilder / Frame::new ──> Frame { Schema, columns } ──> fit
//!                                  one row: &[f32], categories by code               ──> predict
//! ```
//!
//! A number is a finite `f32`, or NaN for "missing"; NaN means nothing else. A category is a code
//! into the level names of its column, or [`MISSING_CODE`].

use serde::{Deserialize, Serialize};

pub use self::error::FrameError;
pub use self::schema::{ColumnKind, ColumnSchema, Schema, SchemaId};

mod error;
mod schema;
#[cfg(test)]
mod tests;

/// The code of a missing category.
pub const MISSING_CODE: u32 = u32::MAX;

/// Most columns a frame may have: trees keep their number in 16 bits.
pub const MAX_COLUMNS: usize = 1 << 16;

/// Most levels a category may have: codes travel exactly through the `f32` of a dense row.
pub const MAX_LEVELS: usize = 1 << 24;

/// The values of one column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Column {
    /// Finite numbers, or NaN where missing.
    Number(Vec<f32>),
    /// Codes into the levels of the column, or [`MISSING_CODE`].
    Category(Vec<u32>),
}

/// Named columns of one length, checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "UncheckedFrame")]
pub struct Frame {
    schema: Schema,
    columns: Vec<Column>,
    n_rows: usize,
}

/// A frame as it is read, before its checks.
#[derive(Deserialize)]
struct UncheckedFrame {
    schema: Schema,
    columns: Vec<Column>,
}

/// A frame brought to another schema, see [`Frame::align`].
#[derive(Clone, Debug, PartialEq)]
pub struct Aligned {
    /// The frame, of the asked schema.
    pub frame: Frame,
    /// Values whose level the schema does not know; they are missing in `frame`.
    pub n_unknown_levels: usize,
}

/// Collects dense rows into a frame.
#[derive(Clone, Debug)]
pub struct FrameBuilder {
    schema: Schema,
    columns: Vec<Column>,
    n_rows: usize,
}

// === impl Column ===

impl Column {
    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Number(values) => values.len(),
            Self::Category(codes) => codes.len(),
        }
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a row as a dense row holds it: the number or the code, NaN where missing or
    /// past the end.
    #[must_use]
    pub fn dense(&self, row: usize) -> f32 {
        match self {
            Self::Number(values) => values.get(row).copied().unwrap_or(f32::NAN),
            Self::Category(codes) => codes.get(row).copied().map_or(f32::NAN, code_to_dense),
        }
    }

    fn empty(kind: &ColumnKind, capacity: usize) -> Self {
        match kind {
            ColumnKind::Number => Self::Number(Vec::with_capacity(capacity)),
            ColumnKind::Category { .. } => Self::Category(Vec::with_capacity(capacity)),
        }
    }

    fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::Number(values) => {
                Self::Number(rows.iter().filter_map(|&row| values.get(row).copied()).collect())
            }
            Self::Category(codes) => {
                Self::Category(rows.iter().filter_map(|&row| codes.get(row).copied()).collect())
            }
        }
    }

    const fn kind_name(&self) -> &'static str {
        match self {
            Self::Number(_) => "numbers",
            Self::Category(_) => "categories",
        }
    }

    fn check(&self, schema: &ColumnSchema) -> Result<(), FrameError> {
        let column = || schema.name.clone();
        match (self, &schema.kind) {
            (Self::Number(values), ColumnKind::Number) => {
                match values.iter().position(|value| value.is_infinite()) {
                    Some(row) => Err(FrameError::Infinite { column: column(), row }),
                    None => Ok(()),
                }
            }
            (Self::Category(codes), ColumnKind::Category { levels }) => {
                let known = |code: u32| code == MISSING_CODE || (code as usize) < levels.len();
                match codes.iter().enumerate().find(|&(_, &code)| !known(code)) {
                    Some((row, code)) => Err(FrameError::UnknownCode {
                        column: column(),
                        row,
                        code: code.to_string(),
                        levels: levels.len(),
                    }),
                    None => Ok(()),
                }
            }
            (Self::Number(_), ColumnKind::Category { .. })
            | (Self::Category(_), ColumnKind::Number) => Err(FrameError::Kind {
                column: column(),
                expected: schema.kind.name(),
                found: self.kind_name(),
            }),
        }
    }
}

// === impl Frame ===

impl Frame {
    /// Makes a frame of columns in the order of the schema.
    ///
    /// # Errors
    /// [`FrameError`] when the number, length, kind or values of the columns do not fit.
    pub fn new(schema: Schema, columns: Vec<Column>) -> Result<Self, FrameError> {
        if columns.len() != schema.len() {
            return Err(FrameError::ColumnCount { expected: schema.len(), found: columns.len() });
        }
        let n_rows = columns.first().map_or(0, Column::len);
        for (column, column_schema) in columns.iter().zip(schema.columns()) {
            if column.len() != n_rows {
                return Err(FrameError::Ragged {
                    column: column_schema.name.clone(),
                    expected: n_rows,
                    found: column.len(),
                });
            }
            column.check(column_schema)?;
        }
        Ok(Self { schema, columns, n_rows })
    }

    /// The schema.
    #[must_use]
    pub const fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The columns, in the order of the schema.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The column of a name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.schema.position(name).and_then(|position| self.columns.get(position))
    }

    /// The number of rows.
    #[must_use]
    pub const fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The number of columns.
    #[must_use]
    pub const fn n_columns(&self) -> usize {
        self.columns.len()
    }

    /// Writes one row as dense values into `into`, replacing what is there.
    pub fn row_into(&self, row: usize, into: &mut Vec<f32>) {
        into.clear();
        into.extend(self.columns.iter().map(|column| column.dense(row)));
    }

    /// All rows as dense values, row after row: `[n_rows, n_columns]`.
    #[must_use]
    pub fn dense_rows(&self) -> Vec<f32> {
        let n_columns = self.columns.len();
        let mut dense = vec![0.0; self.n_rows * n_columns];
        for (position, column) in self.columns.iter().enumerate() {
            for (row, values) in dense.chunks_exact_mut(n_columns).enumerate() {
                values[position] = column.dense(row);
            }
        }
        dense
    }

    /// The rows of these numbers, in this order; a row may be taken twice.
    ///
    /// # Errors
    /// [`FrameError::NoRow`] for a number past the end.
    pub fn select_rows(&self, rows: &[usize]) -> Result<Self, FrameError> {
        if let Some(&row) = rows.iter().find(|&&row| row >= self.n_rows) {
            return Err(FrameError::NoRow { row, n_rows: self.n_rows });
        }
        let columns = self.columns.iter().map(|column| column.select(rows)).collect();
        Ok(Self { schema: self.schema.clone(), columns, n_rows: rows.len() })
    }

    /// The columns of these names, in this order.
    ///
    /// # Errors
    /// [`FrameError::NoColumn`] for an unknown name, [`FrameError::DuplicateColumn`].
    pub fn select_columns(&self, names: &[&str]) -> Result<Self, FrameError> {
        let schema = self.schema.select(names)?;
        let columns = names.iter().filter_map(|name| self.column(name).cloned()).collect();
        Self::new(schema, columns)
    }

    /// Brings the frame to another schema: columns are found by name, levels by name; levels that
    /// the schema does not know become missing and are counted, further columns are left out.
    ///
    /// # Errors
    /// [`FrameError::NoColumn`] or [`FrameError::Kind`] when a column is absent or of another kind.
    pub fn align(&self, schema: &Schema) -> Result<Aligned, FrameError> {
        let mut n_unknown_levels = 0;
        let mut columns = Vec::with_capacity(schema.len());
        for wanted in schema.columns() {
            let no_column = || FrameError::NoColumn { name: wanted.name.clone() };
            let position = self.schema.position(&wanted.name).ok_or_else(no_column)?;
            let have = self.schema.columns().get(position).ok_or_else(no_column)?;
            let column = self.columns.get(position).ok_or_else(no_column)?;
            columns.push(match (column, &have.kind, &wanted.kind) {
                (
                    Column::Category(codes),
                    ColumnKind::Category { levels: from },
                    ColumnKind::Category { levels: to },
                ) => {
                    let codes = recode(codes, from, to);
                    n_unknown_levels += codes.n_unknown;
                    Column::Category(codes.codes)
                }
                (Column::Number(_) | Column::Category(_), _, _) => column.clone(),
            });
        }
        Ok(Aligned { frame: Self::new(schema.clone(), columns)?, n_unknown_levels })
    }
}

impl TryFrom<UncheckedFrame> for Frame {
    type Error = FrameError;

    fn try_from(frame: UncheckedFrame) -> Result<Self, FrameError> {
        Self::new(frame.schema, frame.columns)
    }
}

// === impl FrameBuilder ===

impl FrameBuilder {
    /// An empty frame of this schema with room for `n_rows`.
    #[must_use]
    pub fn new(schema: Schema, n_rows: usize) -> Self {
        let columns =
            schema.columns().iter().map(|column| Column::empty(&column.kind, n_rows)).collect();
        Self { schema, columns, n_rows: 0 }
    }

    /// Adds a dense row: numbers, codes of categories, NaN where missing.
    ///
    /// # Errors
    /// [`FrameError`] when the row has another length, an infinite number or a code without a
    /// level; the frame is then as before.
    pub fn push(&mut self, row: &[f32]) -> Result<(), FrameError> {
        if row.len() != self.columns.len() {
            return Err(FrameError::ColumnCount { expected: self.columns.len(), found: row.len() });
        }
        for (&value, schema) in row.iter().zip(self.schema.columns()) {
            schema.check_dense(value, self.n_rows)?;
        }
        for (&value, column) in row.iter().zip(&mut self.columns) {
            match column {
                Column::Number(values) => values.push(value),
                Column::Category(codes) => codes.push(dense_to_code(value)),
            }
        }
        self.n_rows += 1;
        Ok(())
    }

    /// The frame.
    #[must_use]
    pub fn finish(self) -> Frame {
        Frame { schema: self.schema, columns: self.columns, n_rows: self.n_rows }
    }
}

struct Recoded {
    codes: Vec<u32>,
    n_unknown: usize,
}

fn recode(codes: &[u32], from: &[String], to: &[String]) -> Recoded {
    let map: Vec<u32> = from
        .iter()
        .map(|level| {
            to.iter().position(|known| known == level).map_or(MISSING_CODE, |code| code as u32)
        })
        .collect();
    let mut n_unknown = 0;
    let codes = codes
        .iter()
        .map(|&code| match map.get(code as usize) {
            Some(&MISSING_CODE) => {
                n_unknown += 1;
                MISSING_CODE
            }
            Some(&known) => known,
            None => MISSING_CODE,
        })
        .collect();
    Recoded { codes, n_unknown }
}

/// A code as a dense row holds it.
pub(crate) fn code_to_dense(code: u32) -> f32 {
    if code == MISSING_CODE { f32::NAN } else { code as f32 }
}

/// The code of a dense value; anything that is not a code is missing.
pub(crate) fn dense_to_code(value: f32) -> u32 {
    if value >= 0.0 && value < MAX_LEVELS as f32 { value as u32 } else { MISSING_CODE }
}
