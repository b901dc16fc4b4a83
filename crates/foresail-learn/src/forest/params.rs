//! Parameters of the random forest.

use serde::{Deserialize, Serialize};

use crate::tree::MAX_BINS;
use crate::tree::error::{ParamError, at_least_zero, check_class_weights, in_range};

/// How many columns a node looks at.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnsPerNode {
    /// The square root of their number.
    SquareRoot,
    /// This share of them, in `(0, 1]`.
    Share(f32),
}

/// Parameters of the random forest, unchecked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForestParams {
    /// The number of trees, `1..=10_000`.
    pub n_trees: u32,
    /// Longest path from root to leaf, `1..=64`.
    pub max_depth: u8,
    /// Least number of drawn rows in a leaf, at least 0.
    pub min_rows: f32,
    /// Most bins of a column, `2..=`[`MAX_BINS`].
    pub max_bins: u16,
    /// How many columns a node looks at.
    pub columns: ColumnsPerNode,
    /// Factor on the weight of each class's rows; empty = all 1.
    pub class_weights: Vec<f32>,
    /// Seed of the draws of rows and columns.
    pub seed: u64,
}

/// Parameters in their ranges.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidForestParams {
    pub(super) params: ForestParams,
}

impl Default for ForestParams {
    /// The defaults of scikit-learn 1.9.
    fn default() -> Self {
        Self {
            n_trees: 100,
            max_depth: 64,
            min_rows: 1.0,
            max_bins: MAX_BINS,
            columns: ColumnsPerNode::SquareRoot,
            class_weights: Vec::new(),
            seed: 0,
        }
    }
}

// === impl ColumnsPerNode ===

impl ColumnsPerNode {
    /// The number of columns out of `n`.
    pub(super) fn of(self, n: usize) -> usize {
        let wanted = match self {
            Self::SquareRoot => (n as f64).sqrt().floor(),
            Self::Share(share) => (n as f64 * f64::from(share)).ceil(),
        };
        (wanted as usize).clamp(1.min(n), n)
    }
}

// === impl ForestParams ===

impl ForestParams {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`ParamError`] names the parameter, its value and its range.
    pub fn check(self) -> Result<ValidForestParams, ParamError> {
        in_range("n_trees", f64::from(self.n_trees), 1.0..=10_000.0)?;
        in_range("max_depth", f64::from(self.max_depth), 1.0..=64.0)?;
        in_range("max_bins", f64::from(self.max_bins), 2.0..=f64::from(MAX_BINS))?;
        at_least_zero("min_rows", self.min_rows)?;
        if let ColumnsPerNode::Share(share) = self.columns {
            crate::tree::error::share("columns", share)?;
        }
        check_class_weights(&self.class_weights)?;
        Ok(ValidForestParams { params: self })
    }
}
