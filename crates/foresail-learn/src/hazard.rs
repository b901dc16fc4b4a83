//! Cause-specific discrete-time hazards: which failure, how likely, when.
//!
//! One ensemble of boosted trees whose leaves are vectors over kind × time bin. In each time bin a
//! row that is still at risk fails of one kind or of none: with scores `f[k][b]` and the score of
//! "none" fixed at 0, `h[k][b] = exp(f[k][b]) / (1 + Σ_j exp(f[j][b]))`.
//!
//! ```text
//! Frame + HazardTarget per row ──fit──> HazardModel ──row──> HazardCurve ──> incidence, quantiles
//! ```
//!
//! # Source
//! Discrete-time hazards as a multinomial in each bin: Tutz and Schmid 2016, "Modeling discrete
//! time-to-event data", chapter 8; boosting them with trees: Lee et al. 2021, arXiv:1701.07926
//! (BoXHED) and Chen and Guestrin 2016 for the Newton step. The hessian is its diagonal,
//! `h (1 - h)`, as in all softmax boosting.

use serde::{Deserialize, Serialize};

pub use self::curve::{HazardCurve, TimeQuantiles};
pub use self::fit::fit;
pub use self::params::{HazardParams, ValidHazardParams};
pub use self::prior::Prior;
use self::prior::Priors;
use crate::frame::{Frame, Schema};
use crate::tree::error::{PredictError, check_row, check_schema};
use crate::tree::{Asked, Contributions, Ensemble};

mod base;
mod curve;
mod fit;
mod objective;
mod params;
mod prior;
#[cfg(test)]
mod tests;

/// What happened to a row: it survived the bins before `until_bin`, and then failed or was lost
/// from sight.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HazardTarget {
    /// The first bin that was not survived in sight, `0..=n_bins`; `n_bins` = survived all.
    pub until_bin: u16,
    /// The kind of failure in `until_bin`; `None` = censored at its start.
    pub event: Option<u16>,
    /// The weight of the row, finite and at least 0.
    pub weight: f32,
}

/// Rows and what happened to them.
#[derive(Clone, Copy, Debug)]
pub struct HazardRows<'a> {
    /// The features.
    pub frame: &'a Frame,
    /// One target per row.
    pub targets: &'a [HazardTarget],
}

/// Time bins and the number of failure kinds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HazardShape {
    /// Ends of the time bins in minutes: `n_bins + 1` rising numbers, the first 0.
    pub edges: Vec<f64>,
    /// The number of failure kinds.
    pub n_kinds: u16,
}

/// A fitted model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HazardModel {
    schema: Schema,
    shape: HazardShape,
    /// Kinds that occurred in training; the others have hazard 0.
    active: Vec<u16>,
    /// Base score per output; output = bin · number of active kinds + position of the kind.
    base: Vec<f32>,
    priors: Priors,
    ensemble: Ensemble,
    /// Mean weighted log-likelihood per tree, in training and on the validation rows.
    history: History,
}

/// Least probability of no failure, so that odds are finite.
const LEAST_NONE: f64 = 1e-9;

/// How the log-likelihood went, one value per tree.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// On the training rows.
    pub training: Vec<f64>,
    /// On the validation rows, where there were some.
    pub validation: Vec<f64>,
    /// The number of trees that were kept.
    pub n_trees: usize,
}

/// Buffers of a prediction, to be used again for the next row.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    leaves: Vec<usize>,
    scores: Vec<f32>,
    curve: HazardCurve,
}

// === impl HazardTarget ===

impl HazardTarget {
    /// The number of bins at whose start the row was at risk and in sight to their end.
    pub(crate) fn n_at_risk(&self) -> usize {
        usize::from(self.until_bin) + usize::from(self.event.is_some())
    }
}

// === impl HazardShape ===

impl HazardShape {
    /// The number of time bins.
    #[must_use]
    pub const fn n_bins(&self) -> usize {
        self.edges.len().saturating_sub(1)
    }
}

// === impl HazardModel ===

impl HazardModel {
    /// The schema that rows must have.
    #[must_use]
    pub const fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Time bins and number of kinds.
    #[must_use]
    pub const fn shape(&self) -> &HazardShape {
        &self.shape
    }

    /// The kinds that occurred in training; all others have hazard 0.
    #[must_use]
    pub fn active_kinds(&self) -> &[u16] {
        &self.active
    }

    /// How the log-likelihood went.
    #[must_use]
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// The trees.
    #[must_use]
    pub const fn ensemble(&self) -> &Ensemble {
        &self.ensemble
    }

    /// Gain per column, in the order of the schema.
    #[must_use]
    pub fn importances(&self) -> Vec<f64> {
        self.ensemble.importances()
    }

    /// Hazards of a dense row: numbers, codes of categories, NaN where missing.
    ///
    /// # Errors
    /// [`PredictError::RowLength`].
    pub fn predict(&self, row: &[f32]) -> Result<HazardCurve, PredictError> {
        let mut scratch = Scratch::default();
        self.predict_into(row, &mut scratch)?;
        Ok(scratch.curve)
    }

    /// Hazards of a dense row into buffers that are used again.
    ///
    /// # Errors
    /// [`PredictError::RowLength`].
    pub fn predict_into<'s>(
        &self,
        row: &[f32],
        scratch: &'s mut Scratch,
    ) -> Result<&'s HazardCurve, PredictError> {
        check_row(&self.schema, row)?;
        scratch.scores.clear();
        scratch.scores.extend_from_slice(&self.base);
        self.priors.add(row, self.active.len(), &mut scratch.scores);
        scratch.leaves.clear();
        // All walks first: they do not depend on each other, so their cache misses overlap.
        scratch
            .leaves
            .extend((0..self.ensemble.n_trees()).map(|tree| self.ensemble.find_leaf(tree, row)));
        for &leaf in &scratch.leaves {
            for (score, value) in scratch.scores.iter_mut().zip(self.ensemble.leaf_values(leaf)) {
                *score += value;
            }
        }
        scratch.curve.set(&self.shape, &self.active, &mut scratch.scores);
        Ok(&scratch.curve)
    }

    /// Hazards of all rows of a frame, in their order.
    ///
    /// # Errors
    /// [`PredictError::Schema`] when the frame has another schema.
    pub fn predict_frame(&self, frame: &Frame) -> Result<Vec<HazardCurve>, PredictError> {
        check_schema(&self.schema, frame)?;
        let mut scratch = Scratch::default();
        let mut row = Vec::with_capacity(frame.n_columns());
        (0..frame.n_rows())
            .map(|at| {
                frame.row_into(at, &mut row);
                self.predict_into(&row, &mut scratch).cloned()
            })
            .collect()
    }

    /// What each column adds to the scores of a kind, summed over these bins: `bias` plus the sum
    /// of the columns is the sum of `f[kind][b]`. All 0 for a kind that never occurred.
    ///
    /// # Errors
    /// [`PredictError::RowLength`], or [`PredictError::NoOutput`] for a kind or bin past the end.
    pub fn contributions(
        &self,
        row: &[f32],
        kind: u16,
        bins: std::ops::RangeInclusive<usize>,
    ) -> Result<Contributions, PredictError> {
        check_row(&self.schema, row)?;
        let (n_kinds, n_bins) = (usize::from(self.shape.n_kinds), self.shape.n_bins());
        if usize::from(kind) >= n_kinds {
            let value = usize::from(kind);
            return Err(PredictError::NoOutput { what: "kind", value, n: n_kinds });
        }
        if *bins.end() >= n_bins {
            return Err(PredictError::NoOutput { what: "bin", value: *bins.end(), n: n_bins });
        }
        let mut contributions = Contributions::new(0.0, row.len());
        let Some(at) = self.active.iter().position(|&active| active == kind) else {
            return Ok(contributions);
        };
        let sum = |values: &[f32]| -> f64 {
            let of_bin = |bin: usize| values.get(bin * self.active.len() + at);
            bins.clone().filter_map(of_bin).map(|&value| f64::from(value)).sum()
        };
        contributions.bias = sum(&self.base);
        if let Some((column, log_odds)) = self.priors.of(row, at) {
            contributions.columns[column] += f64::from(log_odds) * bins.clone().count() as f64;
        }
        let asked = Asked { row, output: at as u32 };
        let into = std::slice::from_mut(&mut contributions);
        self.ensemble.contribute(&[asked], into, |_, _, leaf| sum(leaf));
        Ok(contributions)
    }
}

// === impl Scratch ===

impl Scratch {
    /// Sets the curve of a single bin: the probability of each kind within it, the rest for none.
    pub fn set_single_bin(&mut self, end_minutes: f64, probabilities: &[f64]) -> &HazardCurve {
        let n_kinds = probabilities.len() as u16;
        let shape = HazardShape { edges: vec![0.0, end_minutes], n_kinds };
        let none = (1.0 - probabilities.iter().sum::<f64>()).max(LEAST_NONE);
        let odds = probabilities.iter().map(|p| libm::log(p / none) as f32);
        self.scores.clear();
        self.scores.extend(odds);
        let active: Vec<u16> = (0..n_kinds).collect();
        self.curve.set(&shape, &active, &mut self.scores);
        &self.curve
    }

    /// The hazards of the last row.
    #[must_use]
    pub const fn curve(&self) -> &HazardCurve {
        &self.curve
    }
}
