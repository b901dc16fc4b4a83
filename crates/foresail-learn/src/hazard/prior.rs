//! What is known of a row before any tree: columns that are already probabilities of one kind, of
//! which the highest counts.
//!
//! The trees learn only what this probability misses, so that few events are not spent on learning
//! again what physics gives.

use serde::{Deserialize, Serialize};

use crate::frame::Schema;
use crate::tree::error::FitError;

/// A probability outside this range counts as its end: nothing is known with certainty.
const LEAST: f32 = 0.01;
const MOST: f32 = 0.95;

/// A column whose values are probabilities of a kind of failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prior {
    /// Name of the column; a missing value counts as the least probability, 0.01.
    pub column: String,
    /// The kind.
    pub kind: u16,
}

/// Priors by the position of their columns.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Priors {
    /// Column and position of the kind among the active ones.
    columns: Vec<(usize, usize)>,
}

// === impl Priors ===

impl Priors {
    /// The priors of kinds that occurred in training.
    pub fn new(priors: &[Prior], schema: &Schema, active: &[u16]) -> Result<Self, FitError> {
        let mut columns = Vec::new();
        for prior in priors {
            let column = schema.position(&prior.column).ok_or_else(|| FitError::NoColumn {
                parameter: "priors",
                column: prior.column.clone(),
            })?;
            if let Some(position) = active.iter().position(|kind| *kind == prior.kind) {
                columns.push((column, position));
            }
        }
        Ok(Self { columns })
    }

    /// Adds the log odds of each kind's prior to its scores in every bin, `[bin][active kind]`.
    pub fn add(&self, row: &[f32], n_active: usize, scores: &mut [f32]) {
        for position in 0..n_active {
            if let Some((_, log_odds)) = self.of(row, position) {
                for score in scores.iter_mut().skip(position).step_by(n_active) {
                    *score += log_odds;
                }
            }
        }
    }

    /// The column that speaks loudest for the kind at `position`, with its log odds in `row`;
    /// `None` for a kind without a prior.
    pub fn of(&self, row: &[f32], position: usize) -> Option<(usize, f32)> {
        let of_kind = self.columns.iter().filter(|(_, kind)| *kind == position);
        of_kind
            .map(|(column, _)| (*column, log_odds(row[*column])))
            .reduce(|best, next| if next.1 > best.1 { next } else { best })
    }
}

fn log_odds(probability: f32) -> f32 {
    let probability = if probability.is_nan() { LEAST } else { probability.clamp(LEAST, MOST) };
    libm::logf(probability / (1.0 - probability))
}
