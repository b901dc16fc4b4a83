//! The terms of a logistic regression: what each column of a frame becomes.

use serde::{Deserialize, Serialize};

use super::MissingNumbers;
use crate::frame::{Column, ColumnKind, Frame};

/// Standard deviations beyond which a number counts as no further away: a value never met in training
/// must not outweigh all others.
const FARTHEST: f64 = 10.0;

/// One number a row, made of one column.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Term {
    /// A number in standard deviations from its mean; 0 where missing.
    Number {
        /// Position of the column.
        column: usize,
        /// Its mean in training.
        mean: f64,
        /// Its standard deviation in training.
        deviation: f64,
    },
    /// 1 where a number is missing.
    Missing {
        /// Position of the column.
        column: usize,
    },
    /// 1 where a category has this level.
    Level {
        /// Position of the column.
        column: usize,
        /// The level.
        code: u32,
    },
}

// === impl Term ===

impl Term {
    pub(super) const fn column(&self) -> usize {
        match self {
            Self::Number { column, .. } | Self::Missing { column } | Self::Level { column, .. } => {
                *column
            }
        }
    }

    pub(super) fn is_finite(&self) -> bool {
        match self {
            Self::Number { mean, deviation, .. } => {
                mean.is_finite() && deviation.is_finite() && *deviation > 0.0
            }
            Self::Missing { .. } | Self::Level { .. } => true,
        }
    }

    /// The value in a row; as if missing past the end.
    pub(super) fn value(&self, frame: &Frame, row: usize) -> f64 {
        let raw = frame.columns().get(self.column()).map_or(f32::NAN, |column| column.dense(row));
        match self {
            Self::Number { mean, deviation, .. } => {
                if raw.is_nan() {
                    return 0.0;
                }
                ((f64::from(raw) - mean) / deviation).clamp(-FARTHEST, FARTHEST)
            }
            Self::Missing { .. } => f64::from(u8::from(raw.is_nan())),
            Self::Level { code, .. } => f64::from(u8::from(raw == *code as f32)),
        }
    }
}

// === free functions ===

/// The terms of a frame, in the order of its columns. A column that does not vary has none.
pub(super) fn of(frame: &Frame, weights: Option<&[f64]>, missing: MissingNumbers) -> Vec<Term> {
    let mut terms = Vec::new();
    for (column, (values, schema)) in
        frame.columns().iter().zip(frame.schema().columns()).enumerate()
    {
        match (values, &schema.kind) {
            (Column::Number(values), _) => {
                terms.extend(numbers(column, values, weights));
                let gaps = values.iter().filter(|value| value.is_nan()).count();
                let tells = gaps > 0 && gaps < values.len();
                match missing {
                    MissingNumbers::MeanAndIndicator if tells => {
                        terms.push(Term::Missing { column })
                    }
                    MissingNumbers::MeanAndIndicator | MissingNumbers::Mean => {}
                }
            }
            (Column::Category(_), ColumnKind::Category { levels }) => {
                terms.extend((0..levels.len() as u32).map(|code| Term::Level { column, code }));
            }
            (Column::Category(_), ColumnKind::Number) => {}
        }
    }
    terms
}

/// The standardised term of a column of numbers, unless it is constant or empty.
fn numbers(column: usize, values: &[f32], weights: Option<&[f64]>) -> Option<Term> {
    let weighted = || {
        let weight = |row: usize| weights.map_or(1.0, |weights| weights[row]);
        let pairs = values.iter().enumerate().map(move |(row, value)| (weight(row), *value));
        pairs.filter(|(weight, value)| *weight > 0.0 && !value.is_nan())
    };
    // A first value of the column as origin: a constant column then varies by exactly nothing.
    let origin = f64::from(weighted().next()?.1);
    let mass: f64 = weighted().map(|(weight, _)| weight).sum();
    let shift = weighted().map(|(w, value)| w * (f64::from(value) - origin)).sum::<f64>() / mass;
    let mean = origin + shift;
    let square = |(w, value): (f64, f32)| w * (f64::from(value) - mean) * (f64::from(value) - mean);
    let deviation = (weighted().map(square).sum::<f64>() / mass).sqrt();
    (deviation > 0.0 && deviation.is_finite()).then_some(Term::Number { column, mean, deviation })
}

/// One row a row: the terms, then 1 for the intercept.
pub(super) fn design(frame: &Frame, terms: &[Term]) -> Vec<f32> {
    let width = terms.len() + 1;
    let mut design = vec![1.0_f32; frame.n_rows() * width];
    for (position, term) in terms.iter().enumerate() {
        for (row, values) in design.chunks_exact_mut(width).enumerate() {
            values[position] = term.value(frame, row) as f32;
        }
    }
    design
}
