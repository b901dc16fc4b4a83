//! The tree core: what boosting, the hazard model and the forest share.
//!
//! ```text
//! Frame ──bins──> u8 columns ──histogram──> cells per bin ──split──> best split ──grow──> tree
//!                                                                     tree ──ensemble──> flat
//!                                                       one row: &[f32] ──ensemble──> scores
//! ```
//!
//! Gradients and hessians may have one output or many; with many a leaf is a vector. Everything is
//! deterministic under a seed at any number of threads: parallel work is over features, each
//! feature is summed in the order of its rows, and results are joined in the order of features.
//!
//! # Source
//! Histograms, leaf-wise growth, subtraction and sorted categories: Ke et al. 2017, "LightGBM: a
//! highly efficient gradient boosting decision tree"; second-order gain and learned direction of
//! missing values: Chen and Guestrin 2016, arXiv:1603.02754; vector leaves: Zhang and Jung 2019,
//! arXiv:1909.04373 (GBDT-MO).

use serde::{Deserialize, Serialize};

pub use self::contributions::Contributions;
pub(crate) use self::contributions::{Asked, check_classes, explain_frame, explain_row};
pub use self::ensemble::Ensemble;
pub use self::error::{FitError, ParamError, PredictError};

pub(crate) mod bins;
mod contributions;
pub(crate) mod ensemble;
pub(crate) mod error;
pub(crate) mod exp;
pub(crate) mod grow;
pub(crate) mod histogram;
pub(crate) mod labels;
mod many_rows;
pub(crate) mod monotone;
pub(crate) mod sample;
mod scan;
pub(crate) mod split;
pub(crate) mod stopping;
mod stored;
pub(crate) mod sums;
#[cfg(test)]
mod tests;

pub use self::monotone::{Direction, Monotone, Outputs};

/// Most bins of a column, without the bin of missing values.
pub const MAX_BINS: u16 = 254;

/// How a tree is grown; unchecked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TreeParams {
    /// Longest path from root to leaf, `1..=32`.
    pub max_depth: u8,
    /// Most leaves, `2..=65_536`; growth is best-first, so this and the depth end it.
    pub max_leaves: u32,
    /// Least sum of weights in a leaf, at least 0.
    pub min_rows: f32,
    /// Least sum of hessians in a leaf, at least 0.
    pub min_hessian: f32,
    /// Added to each sum of hessians: L2 on the leaf values, at least 0.
    pub lambda: f32,
    /// Least gain of a split, at least 0.
    pub min_gain: f32,
    /// Most bins of a column, `2..=`[`MAX_BINS`].
    pub max_bins: u16,
    /// Share of the rows that each tree sees, in `(0, 1]`.
    pub row_share: f32,
    /// Share of the columns that each tree sees, in `(0, 1]`.
    pub column_share: f32,
}

impl Default for TreeParams {
    /// The defaults of LightGBM 4, with a small L2.
    fn default() -> Self {
        Self {
            max_depth: 32,
            max_leaves: 31,
            min_rows: 20.0,
            min_hessian: 1e-3,
            lambda: 0.0,
            min_gain: 0.0,
            max_bins: MAX_BINS,
            row_share: 1.0,
            column_share: 1.0,
        }
    }
}

impl TreeParams {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`ParamError`] names the parameter, its value and the range.
    pub(crate) fn check(&self) -> Result<(), ParamError> {
        let whole = |name, value: u32, low: u32, high: u32| {
            error::in_range(name, f64::from(value), f64::from(low)..=f64::from(high))
        };
        whole("max_depth", u32::from(self.max_depth), 1, 32)?;
        whole("max_leaves", self.max_leaves, 2, 65_536)?;
        whole("max_bins", u32::from(self.max_bins), 2, u32::from(MAX_BINS))?;
        error::at_least_zero("min_rows", self.min_rows)?;
        error::at_least_zero("min_hessian", self.min_hessian)?;
        error::at_least_zero("lambda", self.lambda)?;
        error::at_least_zero("min_gain", self.min_gain)?;
        error::share("row_share", self.row_share)?;
        error::share("column_share", self.column_share)
    }
}
