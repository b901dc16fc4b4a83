//! What is known of a row before any tree: a column that is already a probability of one kind.
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
    /// Name of the column; a missing value counts as [the least probability](LEAST).
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

    /// Adds the log odds of each prior to the scores of its kind in every bin, `[bin][active kind]`.
    pub fn add(&self, row: &[f32], n_active: usize, scores: &mut [f32]) {
        for (column, position) in &self.columns {
            let log_odds = log_odds(row[*column]);
            for score in scores.iter_mut().skip(*position).step_by(n_active) {
                *score += log_odds;
            }
        }
    }

    /// The columns that bear on the kind at `position`, each with its log odds in `row`.
    pub fn of(&self, row: &[f32], position: usize) -> impl Iterator<Item = (usize, f64)> {
        let of_kind = self.columns.iter().filter(move |(_, kind)| *kind == position);
        of_kind.map(|(column, _)| (*column, f64::from(log_odds(row[*column]))))
    }
}

fn log_odds(probability: f32) -> f32 {
    let probability = if probability.is_nan() { LEAST } else { probability.clamp(LEAST, MOST) };
    libm::logf(probability / (1.0 - probability))
}
