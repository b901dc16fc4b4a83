//! Plain classifiers on the same rows: which failure comes within the horizon, if any.

use foresail_engine::learned::{Estimator, OneBin};
use foresail_learn::boosting::{BoostingParams, GradientBoosting};
use foresail_learn::estimator::{Classifier, LabelledFrame};
use foresail_learn::forest::{ForestParams, RandomForest};
use foresail_learn::hazard::{HazardRows, HazardShape};
use foresail_learn::tree::{FitError, TreeParams};

use super::{HAZARD, HORIZON_MINUTES, TrainError};

/// What can be fitted on recordings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelKind {
    /// Hazards by kind and time.
    Hazard,
    /// A random forest.
    RandomForest,
    /// Gradient boosting.
    GradientBoosting,
}

// === impl ModelKind ===

impl ModelKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Hazard, Self::RandomForest, Self::GradientBoosting];

    /// What a model file calls it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hazard => HAZARD,
            Self::RandomForest => RandomForest::KIND,
            Self::GradientBoosting => GradientBoosting::KIND,
        }
    }

    /// The kind of an estimator.
    #[must_use]
    pub const fn of(estimator: &Estimator) -> Self {
        match estimator {
            Estimator::Hazard(_) => Self::Hazard,
            Estimator::RandomForest(_) => Self::RandomForest,
            Estimator::GradientBoosting(_) => Self::GradientBoosting,
        }
    }
}

/// The defaults of scikit-learn, with leaves that a few ticks of one pod cannot fill alone.
pub(super) fn forest(
    rows: HazardRows<'_>,
    n_kinds: u16,
    seed: u64,
) -> Result<Estimator, TrainError> {
    let params =
        ForestParams { min_rows: 20.0, max_depth: 16, seed, ..ForestParams::default() }.check()?;
    Ok(Estimator::RandomForest(one_bin(&params, rows, n_kinds)?))
}

/// Shallow trees with a strong prior.
pub(super) fn boosting(
    rows: HazardRows<'_>,
    n_kinds: u16,
    seed: u64,
) -> Result<Estimator, TrainError> {
    let params = BoostingParams {
        n_rounds: 60,
        learning_rate: 0.05,
        tree: TreeParams {
            max_depth: 3,
            max_leaves: 8,
            min_rows: 50.0,
            lambda: 5.0,
            row_share: 0.7,
            column_share: 0.5,
            ..TreeParams::default()
        },
        seed,
        ..BoostingParams::default()
    };
    Ok(Estimator::GradientBoosting(one_bin(&params.check()?, rows, n_kinds)?))
}

fn one_bin<C: Classifier<FitError = FitError>>(
    params: &C::Params,
    rows: HazardRows<'_>,
    n_kinds: u16,
) -> Result<OneBin<C>, TrainError> {
    let targets = rows.targets;
    let classes: Vec<u32> =
        targets.iter().map(|one| one.event.map_or(0, |kind| u32::from(kind) + 1)).collect();
    let weights: Vec<f32> = targets.iter().map(|one| one.weight).collect();
    let labelled = LabelledFrame {
        frame: rows.frame,
        classes: &classes,
        n_classes: usize::from(n_kinds) + 1,
        weights: Some(&weights),
    };
    let shape = HazardShape { edges: vec![0.0, HORIZON_MINUTES], n_kinds };
    Ok(OneBin { shape, classifier: C::fit(params, &labelled)? })
}
