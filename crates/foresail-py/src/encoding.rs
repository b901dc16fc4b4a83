//! Frames of numbers for any learner, from which the rows as they were can be had again.
//!
//! Fitted on the training rows alone. A number stays what it is; a missing one becomes the median of
//! the training rows, moved by less than a millionth to a value that no training row has and whose
//! last bits are a mark, so that it is known again, be it by a model that was loaded from a file. A text becomes its number where all texts of its column are numbers, else its place
//! among them in order, from 0; below these stand one value for a missing text and one for a text
//! that no training row has.

use std::sync::Arc;

use foresail_learn::tabular::{Table, TableColumn, Text, Values};
use pyo3::prelude::*;

use crate::exceptions::{InputError, input};
use crate::parted::Parted;
use crate::rows::Rows;
use crate::work::detached;

/// The text that stands for one which no training row has.
const UNKNOWN: &str = "(unknown)";
/// The half of a number's bits that says less than a millionth of its value.
const MARK_BITS: u64 = 0xffff_ffff;
/// These bits of a number that stands for a missing one. One measured number in 4 billion has them by
/// chance; numbers of single precision and short decimals never do.
const MARK: u64 = 0x5eed_f111;

/// How each feature becomes numbers, and back.
#[pyclass(frozen, module = "foresail._foresail")]
pub(crate) struct Encoding {
    columns: Vec<EncodedColumn>,
}

struct EncodedColumn {
    name: String,
    code: Code,
}

enum Code {
    Number { fill: f64 },
    Text(TextCode),
}

pub(crate) struct TextCode {
    levels: Vec<String>,
    /// The number of each level.
    numbers: Vec<f64>,
    /// Whether the levels are numbers themselves.
    source: NumberSource,
    missing: f64,
    unknown: f64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum NumberSource {
    Value,
    Place,
}

// === impl Encoding ===

#[pymethods]
impl Encoding {
    /// Fits to the training rows.
    #[staticmethod]
    fn fit(parted: &Bound<'_, Parted>) -> PyResult<Self> {
        let (features, table) = parted.get().features();
        detached(parted.py(), || {
            let column = |name: &String| {
                let code = Code::of(table.column(name).map_err(input)?);
                Ok(EncodedColumn { name: name.clone(), code })
            };
            Ok(Self { columns: features.iter().map(column).collect::<PyResult<_>>()? })
        })
    }

    /// The features as numbers.
    fn encode(&self, py: Python<'_>, rows: &Rows) -> PyResult<Rows> {
        let table = rows.table();
        let encode = |column: &EncodedColumn| {
            let values = table.column(&column.name).map_err(input)?;
            let values = Values::Number(column.code.encode(values));
            Ok(TableColumn { name: column.name.clone(), values })
        };
        let table = detached(py, || {
            let columns = self.columns.iter().map(encode).collect::<PyResult<_>>()?;
            Table::new(columns).map_err(input)
        })?;
        Ok(Rows::of(Arc::new(table)))
    }

    /// The features as they were; other columns and those that are no codes stay as they are.
    fn decode(&self, py: Python<'_>, rows: &Rows) -> PyResult<Rows> {
        let table = rows.table();
        let decode = |column: &TableColumn| {
            let known = self.columns.iter().find(|known| known.name == column.name);
            match (known, &column.values) {
                (Some(known), Values::Number(numbers)) => {
                    let values = known.decode(numbers)?;
                    Ok(TableColumn { name: column.name.clone(), values })
                }
                (Some(_), Values::Text(_)) | (None, _) => Ok(column.clone()),
            }
        };
        let table = detached(py, || {
            let columns = table.columns().iter().map(decode).collect::<PyResult<_>>()?;
            Table::new(columns).map_err(input)
        })?;
        Ok(Rows::of(Arc::new(table)))
    }
}

// === impl EncodedColumn ===

impl EncodedColumn {
    fn decode(&self, numbers: &[f64]) -> PyResult<Values> {
        let code = match &self.code {
            Code::Number { fill } => {
                let number = |&number: &f64| if number == *fill { f64::NAN } else { number };
                return Ok(Values::Number(numbers.iter().map(number).collect()));
            }
            Code::Text(code) => code,
        };
        code.decode_all(&self.name, numbers)
    }
}

// === impl Code ===

impl Code {
    fn of(training: &Values) -> Self {
        match training {
            Values::Number(numbers) => Self::Number { fill: marked_median(numbers) },
            Values::Text(text) => Self::Text(TextCode::of(text)),
        }
    }

    fn encode(&self, values: &Values) -> Vec<f64> {
        match (self, values) {
            (Self::Number { fill }, Values::Number(numbers)) => {
                numbers.iter().map(|number| if number.is_nan() { *fill } else { *number }).collect()
            }
            (Self::Text(code), Values::Text(text)) => {
                let by_level: Vec<f64> =
                    text.levels.iter().map(|level| code.number(level)).collect();
                let number = |at: &u32| by_level.get(*at as usize).copied();
                text.codes.iter().map(|at| number(at).unwrap_or(code.missing)).collect()
            }
            // Rows of other kinds than those fitted to have nothing that this code knows.
            (Self::Number { fill }, Values::Text(text)) => vec![*fill; text.codes.len()],
            (Self::Text(code), Values::Number(numbers)) => vec![code.unknown; numbers.len()],
        }
    }
}

// === impl TextCode ===

impl TextCode {
    fn of(training: &Text) -> Self {
        let mut is_used = vec![false; training.levels.len()];
        for &code in &training.codes {
            if let Some(used) = is_used.get_mut(code as usize) {
                *used = true;
            }
        }
        let used = training.levels.iter().zip(is_used).filter(|(_, used)| *used);
        let mut levels: Vec<String> = used.map(|(level, _)| level.clone()).collect();
        levels.sort();
        Self::new(levels)
    }

    /// The code of these texts, sorted.
    pub(crate) fn new(levels: Vec<String>) -> Self {
        let values: Option<Vec<f64>> = levels.iter().map(|level| finite(level)).collect();
        let values = values.filter(|values| are_distinct(values));
        let source = if values.is_some() { NumberSource::Value } else { NumberSource::Place };
        let numbers =
            values.unwrap_or_else(|| (0..levels.len()).map(|place| place as f64).collect());
        let least = numbers.iter().copied().fold(0.0, f64::min);
        Self { levels, numbers, source, missing: least - 1.0, unknown: least - 2.0 }
    }

    /// The texts of numbers.
    pub(crate) fn decode_all(&self, column: &str, numbers: &[f64]) -> PyResult<Values> {
        let decode = |(row, number): (usize, &f64)| {
            self.decode(*number).ok_or_else(|| {
                InputError::new_err(format!(
                    "column `{column}`, row {}: `{number}` is no code of it; hand over what \
                     preprocess_data gave, or the texts themselves",
                    row + 1
                ))
            })
        };
        let texts: Vec<Option<String>> =
            numbers.iter().enumerate().map(decode).collect::<PyResult<_>>()?;
        Ok(Values::Text(Text::of(texts.iter().map(Option::as_deref))))
    }

    fn number(&self, level: &String) -> f64 {
        let place = self.levels.binary_search(level).ok();
        place.and_then(|place| self.numbers.get(place)).copied().unwrap_or(self.unknown)
    }

    /// The text of a number, `Some(None)` for a missing one; `None` when it stands for nothing.
    #[expect(clippy::option_option, reason = "a missing text and no text at all are two things")]
    fn decode(&self, number: f64) -> Option<Option<String>> {
        if number.is_nan() || number == self.missing {
            return Some(None);
        }
        if number == self.unknown {
            return Some(Some(UNKNOWN.to_owned()));
        }
        let place = self.numbers.iter().position(|known| *known == number);
        match (place.and_then(|place| self.levels.get(place)), self.source) {
            (Some(level), _) => Some(Some(level.clone())),
            // A number as raw rows have it, which no training row had.
            (None, NumberSource::Value) => Some(Some(number.to_string())),
            (None, NumberSource::Place) => None,
        }
    }
}

// === free functions ===

fn finite(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

fn are_distinct(numbers: &[f64]) -> bool {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.windows(2).all(|pair| pair.first() != pair.last())
}

/// The median of these with the mark in place of its last digits, and none of these; near 0 without any.
fn marked_median(numbers: &[f64]) -> f64 {
    let mut sorted: Vec<f64> =
        numbers.iter().copied().filter(|number| number.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
    let mut fill = f64::from_bits(median.to_bits() & !MARK_BITS | MARK);
    while sorted.binary_search_by(|number| number.total_cmp(&fill)).is_ok() {
        fill = f64::from_bits(fill.to_bits() + MARK_BITS + 1);
    }
    fill
}

/// Whether a number stands for a missing one, as far as can be seen without the [`Encoding`].
pub(crate) const fn is_marked(number: f64) -> bool {
    number.to_bits() & MARK_BITS == MARK
}
