//! Parameters of the hazard model.

use serde::{Deserialize, Serialize};

use super::{HazardShape, Prior};
use crate::tree::error::{ParamError, in_range, share};
use crate::tree::{Monotone, TreeParams};

/// Most trees of an ensemble.
pub const MAX_TREES: u32 = 300;
/// Greatest depth of a tree.
pub const MAX_DEPTH: u8 = 6;

/// Parameters of the hazard model, unchecked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HazardParams {
    /// Most trees, `0..=300`; early stopping may keep fewer.
    pub n_trees: u32,
    /// Shrinkage of each tree, in `(0, 1]`.
    pub learning_rate: f32,
    /// How a tree is grown; its depth is at most 6.
    pub tree: TreeParams,
    /// Pseudo-events that draw each base rate of a kind in a bin to the rate of the kind, at least
    /// 0.
    pub base_events: f32,
    /// Constraints on the scores.
    pub monotone: Vec<Monotone>,
    /// Columns that are already probabilities of a kind.
    pub priors: Vec<Prior>,
    /// Stop when the validation log-likelihood has not risen for so many trees; 0 = never.
    pub patience: u32,
    /// Seed of the choice of rows and columns.
    pub seed: u64,
}

/// Parameters in their ranges.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidHazardParams {
    pub(super) params: HazardParams,
    pub(super) shape: HazardShape,
}

impl Default for HazardParams {
    fn default() -> Self {
        Self {
            n_trees: 150,
            learning_rate: 0.1,
            tree: TreeParams {
                max_depth: 4,
                max_leaves: 16,
                lambda: 1.0,
                max_bins: 64,
                ..TreeParams::default()
            },
            base_events: 1.0,
            monotone: Vec::new(),
            priors: Vec::new(),
            patience: 20,
            seed: 0,
        }
    }
}

// === impl HazardParams ===

impl HazardParams {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`ParamError`] names the parameter, its value and its range.
    pub fn check(self, shape: HazardShape) -> Result<ValidHazardParams, ParamError> {
        self.tree.check()?;
        in_range("n_trees", f64::from(self.n_trees), 0.0..=f64::from(MAX_TREES))?;
        in_range("max_depth", f64::from(self.tree.max_depth), 1.0..=f64::from(MAX_DEPTH))?;
        share("learning_rate", self.learning_rate)?;
        in_range("base_events", f64::from(self.base_events), 0.0..=1e6)?;
        in_range("n_kinds", f64::from(shape.n_kinds), 1.0..=64.0)?;
        in_range("n_bins", shape.n_bins() as f64, 1.0..=64.0)?;
        let rising = shape.edges.windows(2).all(|pair| pair[0] < pair[1]);
        let finite = shape.edges.iter().all(|edge| edge.is_finite());
        if !(rising && finite && shape.edges.first() == Some(&0.0)) {
            return Err(ParamError {
                name: "edges",
                value: format!("{:?}", shape.edges),
                range: "rising numbers from 0".to_owned(),
            });
        }
        Ok(ValidHazardParams { params: self, shape })
    }
}
