//! The random forest: a classifier of many deep trees, each on its own draw of the rows and with
//! its own draw of columns at every node.
//!
//! # Source
//! Breiman 2001, "Random forests", with the choices of scikit-learn 1.9 (Gini impurity, columns
//! drawn until the square root of their number is not constant in the node, probabilities as the
//! mean of the leaves' shares). Deviations: splits on at most 254 bins; missing values and
//! categories are native; weights are the odds of being drawn.

use serde::{Deserialize, Serialize};

pub use self::fit::fit;
pub use self::params::{ColumnsPerNode, ForestParams, ValidForestParams};
use crate::estimator::{Classifier, LabelledFrame};
use crate::frame::{Frame, Schema, SchemaId};
use crate::tree::error::{FitError, PredictError, check_row, check_schema};
use crate::tree::{Asked, Contributions, Ensemble, check_classes, explain_frame, explain_row};

mod cells;
mod fit;
mod grow;
mod params;
#[cfg(test)]
mod tests;

/// A fitted classifier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RandomForest {
    schema: Schema,
    /// A leaf holds the share of each class.
    ensemble: Ensemble,
}

// === impl RandomForest ===

impl RandomForest {
    /// The schema that rows must have.
    #[must_use]
    pub const fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The trees.
    #[must_use]
    pub const fn ensemble(&self) -> &Ensemble {
        &self.ensemble
    }

    /// Fall of the Gini impurity per column, in the order of the schema.
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
        into.resize(self.ensemble.width(), 0.0);
        for tree in 0..self.ensemble.n_trees() {
            add(self.ensemble.leaf_values(self.ensemble.find_leaf(tree, row)), into);
        }
        into_shares(into);
        Ok(())
    }

    /// What each column adds to the probability of a class.
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
        check_classes(asked, self.ensemble.width())?;
        let n_trees = self.ensemble.n_trees() as f64;
        self.ensemble
            .contribute(asked, into, |_, class, leaf| f64::from(leaf[class as usize]) / n_trees);
        Ok(())
    }
}

impl Classifier for RandomForest {
    const KIND: &'static str = "random-forest";
    type Params = ValidForestParams;
    type FitError = FitError;
    type PredictError = PredictError;

    fn fit(params: &Self::Params, rows: &LabelledFrame<'_>) -> Result<Self, FitError> {
        fit(params, rows)
    }

    fn schema_id(&self) -> SchemaId {
        self.schema.id()
    }

    fn n_classes(&self) -> usize {
        self.ensemble.width()
    }

    fn predict_proba(&self, frame: &Frame) -> Result<Vec<f64>, PredictError> {
        check_schema(&self.schema, frame)?;
        let width = self.ensemble.width();
        let mut all =
            self.ensemble.sum_leaves(frame, &vec![0.0; width], |_, leaf, sums| add(leaf, sums));
        all.chunks_exact_mut(width).for_each(into_shares);
        Ok(all)
    }
}

/// Adds the shares of the classes in a leaf.
fn add(leaf: &[f32], sums: &mut [f64]) {
    for (sum, &share) in sums.iter_mut().zip(leaf) {
        *sum += f64::from(share);
    }
}

fn into_shares(sums: &mut [f64]) {
    let sum: f64 = sums.iter().sum();
    sums.iter_mut().for_each(|p| *p /= sum);
}
