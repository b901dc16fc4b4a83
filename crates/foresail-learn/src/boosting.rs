//! Gradient boosting: a classifier of trees, each fitted to what the trees before it got wrong.
//!
//! Two classes have one score (the log odds of class 1), more classes have one each and a softmax
//! over them; a round is one tree per score.
//!
//! # Source
//! Friedman 2001, "Greedy function approximation: a gradient boosting machine", algorithm 6, with
//! the Newton steps of Chen and Guestrin 2016, arXiv:1603.02754; the hessian of the softmax is
//! scaled by `K / (K - 1)` as in LightGBM (Friedman's own factor for the redundant score).

use serde::{Deserialize, Serialize};

pub use self::fit::{fit, fit_observed};
pub use self::params::{BoostingParams, ValidBoostingParams};
use crate::estimator::{Classifier, LabelledFrame};
use crate::frame::{Frame, Schema, SchemaId};
use crate::tree::error::{FitError, PredictError, check_row, check_schema};
use crate::tree::{Asked, Contributions, Ensemble, check_classes, explain_frame, explain_row};

mod fit;
mod params;
#[cfg(test)]
mod tests;

/// A fitted classifier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GradientBoosting {
    schema: Schema,
    n_classes: usize,
    /// Score of every class, or of class 1 of two, before any tree.
    base: Vec<f64>,
    /// Tree `t` adds to score `t % base.len()`.
    ensemble: Ensemble,
    history: BoostingHistory,
}

/// How the mean weighted log-loss went, one value per round.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BoostingHistory {
    /// On the training rows, before the round.
    pub training: Vec<f64>,
    /// On the validation rows, after the round, where there were some.
    pub validation: Vec<f64>,
    /// The number of rounds that were kept.
    pub n_rounds: usize,
}

// === impl GradientBoosting ===

impl GradientBoosting {
    /// The schema that rows must have.
    #[must_use]
    pub const fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The number of classes.
    #[must_use]
    pub const fn n_classes(&self) -> usize {
        self.n_classes
    }

    /// How the log-loss went.
    #[must_use]
    pub const fn history(&self) -> &BoostingHistory {
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

    /// Probabilities of the classes for a dense row, into a buffer that is used again.
    ///
    /// # Errors
    /// [`PredictError::RowLength`].
    pub fn predict_into(&self, row: &[f32], into: &mut Vec<f64>) -> Result<(), PredictError> {
        check_row(&self.schema, row)?;
        into.clear();
        into.extend_from_slice(&self.base);
        let n_scores = self.base.len();
        for tree in 0..self.ensemble.n_trees() {
            let value = self.ensemble.leaf_values(self.ensemble.find_leaf(tree, row));
            into[tree % n_scores] += f64::from(value[0]);
        }
        probabilities(into);
        Ok(())
    }

    /// What each column adds to the score of a class; with two classes the score of class 0 is
    /// that of class 1 turned round.
    ///
    /// # Errors
    /// [`PredictError::RowLength`], or [`PredictError::NoOutput`] for a class past the end.
    pub fn contributions(&self, row: &[f32], class: u32) -> Result<Contributions, PredictError> {
        check_row(&self.schema, row)?;
        explain_row(Asked { row, output: class }, |asked, into| self.contribute(asked, into))
    }

    /// The same for the rows of a frame, each with its class: faster than row by row.
    ///
    /// # Errors
    /// [`PredictError::Schema`], or [`PredictError::NoOutput`] for a class past the end.
    pub fn contributions_of(
        &self,
        frame: &Frame,
        classes: &[u32],
    ) -> Result<Vec<Contributions>, PredictError> {
        check_schema(&self.schema, frame)?;
        explain_frame(frame, classes, |asked, into| self.contribute(asked, into))
    }

    fn contribute(
        &self,
        asked: &[Asked<'_>],
        into: &mut [Contributions],
    ) -> Result<(), PredictError> {
        check_classes(asked, self.n_classes)?;
        let n_scores = self.base.len();
        let score_of = |class: u32| match (n_scores, class) {
            (1, 0) => (0, -1.0),
            (1, _) => (0, 1.0),
            (_, class) => (class as usize, 1.0),
        };
        for (asked, into) in asked.iter().zip(&mut *into) {
            let (score, sign) = score_of(asked.output);
            into.bias += sign * self.base[score];
        }
        self.ensemble.contribute(asked, into, |tree, class, leaf| {
            let (score, sign) = score_of(class);
            if tree % n_scores == score { sign * f64::from(leaf[0]) } else { 0.0 }
        });
        Ok(())
    }
}

impl Classifier for GradientBoosting {
    const KIND: &'static str = "gradient-boosting";
    type Params = ValidBoostingParams;
    type FitError = FitError;
    type PredictError = PredictError;

    fn fit(params: &Self::Params, rows: &LabelledFrame<'_>) -> Result<Self, FitError> {
        fit(params, rows, None)
    }

    fn schema_id(&self) -> SchemaId {
        self.schema.id()
    }

    fn n_classes(&self) -> usize {
        self.n_classes
    }

    fn predict_proba(&self, frame: &Frame) -> Result<Vec<f64>, PredictError> {
        check_schema(&self.schema, frame)?;
        let n_scores = self.base.len();
        let mut scores = self.ensemble.sum_leaves(frame, &self.base, |tree, leaf, scores| {
            scores[tree % n_scores] += f64::from(leaf[0]);
        });
        if let [_] = self.base[..] {
            return Ok(scores.into_iter().flat_map(of_two).collect());
        }
        scores.chunks_exact_mut(n_scores).for_each(softmax);
        Ok(scores)
    }
}

/// Turns scores into probabilities: one score is the log odds of the second of two classes.
fn probabilities(scores: &mut Vec<f64>) {
    match scores[..] {
        [score] => *scores = of_two(score).to_vec(),
        _ => softmax(scores),
    }
}

fn of_two(score: f64) -> [f64; 2] {
    let event = crate::numeric::sigmoid(score);
    [1.0 - event, event]
}

fn softmax(scores: &mut [f64]) {
    let greatest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    scores.iter_mut().for_each(|score| *score = libm::exp(*score - greatest));
    let sum: f64 = scores.iter().sum();
    scores.iter_mut().for_each(|score| *score /= sum);
}
