//! Tables to frames: the schema is fitted on the training rows, and any later table is brought to it.
//!
//! Numbers become single precision, beyond whose range they count as its greatest number; texts become
//! codes of the levels that the training rows have. A level that the schema does not know is missing,
//! and counted. Nothing is filled in or scaled: trees split on missing values and do not see scales.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::roles::quoted;
use super::{Table, Text, Values};
use crate::frame::{
    Column, ColumnKind, ColumnSchema, Frame, FrameError, MISSING_CODE, Schema, code_to_dense,
};
use crate::tree::PredictError;

/// A value of a row that is not in a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// A number.
    Number(f64),
    /// A text.
    Text(&'a str),
    /// Nothing.
    Missing,
}

/// Values of a column whose level the model does not know; they count as missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownLevels {
    /// The column.
    pub column: String,
    /// Rows that have one.
    pub rows: usize,
    /// The first of them.
    pub example: String,
}

/// Why a table is not what a model takes.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// Columns that are absent, and columns of the wrong kind.
    #[error("{}", describe(missing, wrong))]
    Columns {
        /// Those that are absent.
        missing: Vec<String>,
        /// Those of the wrong kind.
        wrong: Vec<WrongKind>,
    },
    /// A number without end.
    #[error("column `{column}` row {row} is infinite; a number is finite, or missing")]
    Infinite {
        /// The column.
        column: String,
        /// The row, from 1.
        row: usize,
    },
    /// A row of another length.
    #[error("the row has {found} values where the model takes {expected}")]
    Length {
        /// Columns of the model.
        expected: usize,
        /// Values.
        found: usize,
    },
    /// A row past the end.
    #[error("row {row} was asked of a table with {n_rows} rows")]
    NoRow {
        /// The row, from 0.
        row: usize,
        /// Rows there are.
        n_rows: usize,
    },
    /// Too many columns or levels, or levels that clash.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// What the estimator refuses.
    #[error(transparent)]
    Predict(#[from] PredictError),
}

/// A column of another kind than the model takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongKind {
    /// The column.
    pub column: String,
    /// What the model takes.
    pub expected: &'static str,
    /// What the table holds.
    pub found: &'static str,
}

/// A table as a frame.
pub(super) struct Encoded {
    pub frame: Frame,
    pub unknown: Vec<UnknownLevels>,
}

/// The schema of these columns, with the levels that these rows have, sorted.
pub(super) fn fit_schema(
    table: &Table,
    features: &[String],
    rows: &[usize],
) -> Result<Schema, EncodeError> {
    let mut columns = Vec::with_capacity(features.len());
    let features: HashSet<&String> = features.iter().collect();
    for column in table.columns().iter().filter(|column| features.contains(&column.name)) {
        columns.push(match &column.values {
            Values::Number(_) => ColumnSchema::number(&column.name),
            Values::Text(text) => {
                let codes: BTreeSet<u32> =
                    rows.iter().filter_map(|&row| text.codes.get(row).copied()).collect();
                let levels = codes.iter().filter_map(|&code| text.levels.get(code as usize));
                let mut levels: Vec<String> = levels.cloned().collect();
                levels.sort_unstable();
                levels.dedup();
                ColumnSchema::category(&column.name, levels)
            }
        });
    }
    Ok(Schema::new(columns)?)
}

/// Brings a table to a schema; further columns are left out.
pub(super) fn encode(table: &Table, schema: &Schema) -> Result<Encoded, EncodeError> {
    let found: HashMap<&str, &Values> =
        table.columns().iter().map(|column| (column.name.as_str(), &column.values)).collect();
    let (mut missing, mut wrong) = (Vec::new(), Vec::new());
    let (mut columns, mut unknown) = (Vec::with_capacity(schema.len()), Vec::new());
    for wanted in schema.columns() {
        let Some(values) = found.get(wanted.name.as_str()) else {
            missing.push(wanted.name.clone());
            continue;
        };
        columns.push(match (values, &wanted.kind) {
            (Values::Number(numbers), ColumnKind::Number) => number_column(&wanted.name, numbers)?,
            (Values::Text(text), ColumnKind::Category { levels }) => {
                let (codes, strange) = codes(text, levels);
                unknown.extend(strange.map(|(rows, example)| UnknownLevels {
                    column: wanted.name.clone(),
                    rows,
                    example,
                }));
                Column::Category(codes)
            }
            // A column without any value has no kind of its own.
            (values, kind) if (0..values.len()).all(|row| values.is_missing(row)) => match kind {
                ColumnKind::Number => Column::Number(vec![f32::NAN; values.len()]),
                ColumnKind::Category { .. } => Column::Category(vec![MISSING_CODE; values.len()]),
            },
            (Values::Number(_), ColumnKind::Category { .. }) => {
                wrong.push(wrong_kind(&wanted.name, ("texts", "numbers")));
                continue;
            }
            (Values::Text(_), ColumnKind::Number) => {
                wrong.push(wrong_kind(&wanted.name, ("numbers", "texts")));
                continue;
            }
        });
    }
    if !missing.is_empty() || !wrong.is_empty() {
        return Err(EncodeError::Columns { missing, wrong });
    }
    Ok(Encoded { frame: Frame::new(schema.clone(), columns)?, unknown })
}

/// Brings a row, whose cells are in the order of the schema, to dense values; returns how many levels
/// the schema does not know.
pub(super) fn encode_row(
    row: &[Cell<'_>],
    schema: &Schema,
    into: &mut Vec<f32>,
) -> Result<usize, EncodeError> {
    if row.len() != schema.len() {
        return Err(EncodeError::Length { expected: schema.len(), found: row.len() });
    }
    into.clear();
    let mut n_unknown = 0;
    for (cell, column) in row.iter().zip(schema.columns()) {
        let wrong = |expected, found| {
            let wrong = vec![wrong_kind(&column.name, (expected, found))];
            EncodeError::Columns { missing: Vec::new(), wrong }
        };
        into.push(match (cell, &column.kind) {
            (Cell::Missing, ColumnKind::Number | ColumnKind::Category { .. }) => f32::NAN,
            (Cell::Number(number), ColumnKind::Number) if number.is_infinite() => {
                return Err(EncodeError::Infinite { column: column.name.clone(), row: 1 });
            }
            (Cell::Number(number), ColumnKind::Number) => single(*number),
            (Cell::Text(level), ColumnKind::Category { .. }) => {
                let code = column.code(level);
                n_unknown += usize::from(code == MISSING_CODE);
                code_to_dense(code)
            }
            (Cell::Text(_), ColumnKind::Number) => return Err(wrong("numbers", "texts")),
            (Cell::Number(_), ColumnKind::Category { .. }) => {
                return Err(wrong("texts", "numbers"));
            }
        });
    }
    Ok(n_unknown)
}

fn wrong_kind(column: &str, (expected, found): (&'static str, &'static str)) -> WrongKind {
    WrongKind { column: column.to_owned(), expected, found }
}

fn number_column(name: &str, numbers: &[f64]) -> Result<Column, EncodeError> {
    if let Some(row) = numbers.iter().position(|number| number.is_infinite()) {
        return Err(EncodeError::Infinite { column: name.to_owned(), row: row + 1 });
    }
    Ok(Column::Number(numbers.iter().map(|&number| single(number)).collect()))
}

/// A number in single precision, never infinite.
fn single(number: f64) -> f32 {
    (number as f32).clamp(f32::MIN, f32::MAX)
}

/// Codes among these levels, with the number of rows and the first level that are none of them.
fn codes(text: &Text, levels: &[String]) -> (Vec<u32>, Option<(usize, String)>) {
    let known: HashMap<&str, u32> = levels.iter().map(String::as_str).zip(0..).collect();
    let new_codes: Vec<u32> = text
        .levels
        .iter()
        .map(|level| known.get(level.as_str()).copied().unwrap_or(MISSING_CODE))
        .collect();
    let (mut rows, mut example) = (0, None);
    let codes = text
        .codes
        .iter()
        .map(|&code| {
            let new = new_codes.get(code as usize).copied();
            if new == Some(MISSING_CODE) {
                rows += 1;
                example.get_or_insert(code);
            }
            new.unwrap_or(MISSING_CODE)
        })
        .collect();
    let example = example.and_then(|code| text.levels.get(code as usize).cloned());
    (codes, example.map(|example| (rows, example)))
}

fn describe(missing: &[String], wrong: &[WrongKind]) -> String {
    let mut parts = Vec::new();
    match missing {
        [] => {}
        [one] => parts.push(format!("the table lacks column `{one}`")),
        more => parts.push(format!("the table lacks {} columns: {}", more.len(), quoted(more))),
    }
    parts.extend(wrong.iter().map(|WrongKind { column, expected, found }| {
        format!("column `{column}` holds {found} where the model takes {expected}")
    }));
    parts.join("; ")
}
