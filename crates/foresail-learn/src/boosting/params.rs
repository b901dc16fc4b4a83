//! Parameters of gradient boosting.

use serde::{Deserialize, Serialize};

use crate::tree::error::{ParamError, check_class_weights, in_range, share};
use crate::tree::{Monotone, TreeParams};

/// Parameters of gradient boosting, unchecked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoostingParams {
    /// Most rounds, `0..=10_000`; early stopping may keep fewer.
    pub n_rounds: u32,
    /// Shrinkage of each tree, in `(0, 1]`.
    pub learning_rate: f32,
    /// How a tree is grown.
    pub tree: TreeParams,
    /// Factor on the weight of each class's rows; empty = all 1.
    pub class_weights: Vec<f32>,
    /// Constraints on the scores; with two classes on the one score, turned round for class 0.
    pub monotone: Vec<Monotone>,
    /// Stop when the validation log-loss has not fallen for so many rounds; 0 = never.
    pub patience: u32,
    /// Seed of the choice of rows and columns.
    pub seed: u64,
}

/// Parameters in their ranges.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidBoostingParams {
    pub(super) params: BoostingParams,
}

impl Default for BoostingParams {
    /// The defaults of LightGBM 4.
    fn default() -> Self {
        Self {
            n_rounds: 100,
            learning_rate: 0.1,
            tree: TreeParams::default(),
            class_weights: Vec::new(),
            monotone: Vec::new(),
            patience: 20,
            seed: 0,
        }
    }
}

// === impl BoostingParams ===

impl BoostingParams {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`ParamError`] names the parameter, its value and its range.
    pub fn check(self) -> Result<ValidBoostingParams, ParamError> {
        self.tree.check()?;
        in_range("n_rounds", f64::from(self.n_rounds), 0.0..=10_000.0)?;
        share("learning_rate", self.learning_rate)?;
        check_class_weights(&self.class_weights)?;
        Ok(ValidBoostingParams { params: self })
    }
}
