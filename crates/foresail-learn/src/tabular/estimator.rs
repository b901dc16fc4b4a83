//! The estimators that a table can be given to, behind one face.

use serde::{Deserialize, Serialize};

use crate::boosting::{self, BoostingHistory, BoostingParams, GradientBoosting};
use crate::estimator::{Classifier, LabelledFrame};
use crate::forest::{self, ForestParams, RandomForest};
use crate::frame::{Frame, Schema};
use crate::tree::{Contributions, FitError, PredictError, TreeParams};

/// Share of the training rows that early stopping watches.
const VALIDATION_SHARE: f64 = 0.15;
/// Rounds where early stopping has nothing to watch: LightGBM's default.
const FIXED_ROUNDS: u32 = 100;
/// Below so many rows those that early stopping watched are missed: the fit is repeated on all, with
/// the rounds that were found. From as many on scikit-learn's histogram boosting stops early.
const FEW_ROWS: usize = 10_000;

/// A fitted estimator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Estimator {
    /// A random forest.
    RandomForest(RandomForest),
    /// Gradient boosting.
    GradientBoosting(GradientBoosting),
}

/// Which estimator to fit, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EstimatorParams {
    /// A random forest.
    RandomForest(ForestParams),
    /// Gradient boosting.
    GradientBoosting(BoostingOptions),
}

/// Gradient boosting with early stopping on a part of the training rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoostingOptions {
    /// Most rounds, patience and the rest.
    pub params: BoostingParams,
    /// Share of the training rows that early stopping watches; 0 for none.
    pub validation_share: f64,
}

/// What an estimator is fitted on.
pub(super) struct Fitting<'a> {
    pub rows: LabelledFrame<'a>,
    /// What early stopping watches.
    pub validation: Option<LabelledFrame<'a>>,
    /// Factors on the weights of classes; empty = all 1.
    pub class_weights: Vec<f32>,
}

// === impl EstimatorParams ===

impl EstimatorParams {
    /// A forest of 200 trees, else as scikit-learn's.
    #[must_use]
    pub fn random_forest() -> Self {
        Self::RandomForest(ForestParams { n_trees: 200, seed: 42, ..ForestParams::default() })
    }

    /// Boosting that stops itself.
    #[must_use]
    pub fn gradient_boosting() -> Self {
        let params = BoostingParams {
            n_rounds: 1_000,
            learning_rate: 0.1,
            tree: TreeParams { row_share: 0.8, column_share: 0.8, ..TreeParams::default() },
            patience: 30,
            seed: 42,
            ..BoostingParams::default()
        };
        Self::GradientBoosting(BoostingOptions { params, validation_share: VALIDATION_SHARE })
    }

    /// The same with another seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        match &mut self {
            Self::RandomForest(params) => params.seed = seed,
            Self::GradientBoosting(options) => options.params.seed = seed,
        }
        self
    }

    /// The seed.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        match self {
            Self::RandomForest(params) => params.seed,
            Self::GradientBoosting(options) => options.params.seed,
        }
    }

    /// The name: `random-forest` or `gradient-boosting`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::RandomForest(_) => "random-forest",
            Self::GradientBoosting(_) => "gradient-boosting",
        }
    }

    /// The share of the training rows to watch.
    pub(super) const fn validation_share(&self) -> f64 {
        match self {
            Self::RandomForest(_) => 0.0,
            Self::GradientBoosting(options) => options.validation_share,
        }
    }

    /// The same for all rows, once a fit on a part of them has found the number of rounds.
    pub(super) fn refit(&self, fitted: &Estimator, n_rows: usize) -> Option<Self> {
        match (self, fitted) {
            (Self::GradientBoosting(options), Estimator::GradientBoosting(fitted))
                if n_rows < FEW_ROWS =>
            {
                let n_rounds = fitted.history().n_rounds as u32;
                let params = BoostingParams { n_rounds, ..options.params.clone() };
                Some(Self::GradientBoosting(BoostingOptions { params, validation_share: 0.0 }))
            }
            (Self::GradientBoosting(_) | Self::RandomForest(_), _) => None,
        }
    }

    pub(super) fn fit(
        &self,
        fitting: &Fitting<'_>,
        observe: &mut dyn FnMut(&BoostingHistory),
    ) -> Result<Estimator, FitError> {
        let class_weights = fitting.class_weights.clone();
        match self {
            Self::RandomForest(params) => {
                let params = ForestParams { class_weights, ..params.clone() }.check()?;
                Ok(Estimator::RandomForest(forest::fit(&params, &fitting.rows)?))
            }
            Self::GradientBoosting(options) => {
                let mut params = BoostingParams { class_weights, ..options.params.clone() };
                let validation = fitting.validation.as_ref();
                if validation.is_none() && options.validation_share > 0.0 {
                    params.n_rounds = params.n_rounds.min(FIXED_ROUNDS);
                }
                let params = params.check()?;
                let fitted = boosting::fit_observed(&params, (&fitting.rows, validation), observe)?;
                Ok(Estimator::GradientBoosting(fitted))
            }
        }
    }
}

// === impl Estimator ===

impl Estimator {
    /// The name: `random-forest` or `gradient-boosting`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::RandomForest(_) => "random-forest",
            Self::GradientBoosting(_) => "gradient-boosting",
        }
    }

    /// The columns that it takes.
    #[must_use]
    pub const fn schema(&self) -> &Schema {
        match self {
            Self::RandomForest(forest) => forest.schema(),
            Self::GradientBoosting(boosting) => boosting.schema(),
        }
    }

    /// The number of trees.
    #[must_use]
    pub const fn n_trees(&self) -> usize {
        match self {
            Self::RandomForest(forest) => forest.ensemble().n_trees(),
            Self::GradientBoosting(boosting) => boosting.ensemble().n_trees(),
        }
    }

    /// The number of nodes of all trees.
    #[must_use]
    pub const fn n_nodes(&self) -> usize {
        match self {
            Self::RandomForest(forest) => forest.ensemble().n_nodes(),
            Self::GradientBoosting(boosting) => boosting.ensemble().n_nodes(),
        }
    }

    /// Rounds of boosting, or trees of a forest.
    pub(super) const fn n_rounds(&self) -> usize {
        match self {
            Self::RandomForest(forest) => forest.ensemble().n_trees(),
            Self::GradientBoosting(boosting) => boosting.history().n_rounds,
        }
    }

    pub(super) const fn n_classes(&self) -> usize {
        match self {
            Self::RandomForest(forest) => forest.ensemble().width(),
            Self::GradientBoosting(boosting) => boosting.n_classes(),
        }
    }

    /// Importance per column, in the order of the schema.
    pub(super) fn importances(&self) -> Vec<f64> {
        match self {
            Self::RandomForest(forest) => forest.importances(),
            Self::GradientBoosting(boosting) => boosting.importances(),
        }
    }

    pub(super) fn predict_into(
        &self,
        row: &[f32],
        into: &mut Vec<f64>,
    ) -> Result<(), PredictError> {
        match self {
            Self::RandomForest(forest) => forest.predict_into(row, into),
            Self::GradientBoosting(boosting) => boosting.predict_into(row, into),
        }
    }

    pub(super) fn contributions(
        &self,
        row: &[f32],
        class: u32,
    ) -> Result<Contributions, PredictError> {
        match self {
            Self::RandomForest(forest) => forest.contributions(row, class),
            Self::GradientBoosting(boosting) => boosting.contributions(row, class),
        }
    }

    /// The same for the rows of a frame of its schema, each with its class.
    pub(super) fn contributions_of(
        &self,
        frame: &Frame,
        classes: &[u32],
    ) -> Result<Vec<Contributions>, PredictError> {
        match self {
            Self::RandomForest(forest) => forest.contributions_of(frame, classes),
            Self::GradientBoosting(boosting) => boosting.contributions_of(frame, classes),
        }
    }

    /// Probabilities of all rows of a frame of its schema: `[n_rows, n_classes]`.
    pub(super) fn probabilities(&self, frame: &Frame) -> Result<Vec<f64>, PredictError> {
        match self {
            Self::RandomForest(forest) => forest.predict_proba(frame),
            Self::GradientBoosting(boosting) => boosting.predict_proba(frame),
        }
    }
}
