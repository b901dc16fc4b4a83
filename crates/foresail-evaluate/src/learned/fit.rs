//! Fitting the default model on parts of recordings.

use std::collections::BTreeMap;

use foresail_core::FailureKind;
use foresail_engine::features::{Direction, Feature};
use foresail_engine::learned::{Estimator, LearnedError, LearnedModel, Pipeline, Preprocessing};
use foresail_learn::calibration::Calibrator;
use foresail_learn::frame::{Column, Frame, FrameError};
use foresail_learn::hazard::{HazardParams, HazardRows, HazardShape, HazardTarget, Prior};
use foresail_learn::logistic::LogisticError;
use foresail_learn::tree::{self, FitError, Monotone, Outputs, ParamError, TreeParams};

use super::plain::{self, ModelKind};
use super::{HORIZON_MINUTES, Part, Target, edges};
use crate::backtest::EvaluateError;

/// Kinds that the model tells apart, in the order of precedence.
const KINDS: [FailureKind; 8] = [
    FailureKind::OomKilled,
    FailureKind::Evicted,
    FailureKind::LivenessKill,
    FailureKind::ErrorExit,
    FailureKind::JobFailed,
    FailureKind::CrashLoop,
    FailureKind::NotReady,
    FailureKind::RolloutStuck,
];

/// Scores toward a limit that a kind's log odds start from; the highest counts.
const PRIORS: [(Feature, FailureKind); 9] = [
    (Feature::TowardOom, FailureKind::OomKilled),
    (Feature::TowardEviction, FailureKind::Evicted),
    (Feature::TowardLivenessKill, FailureKind::LivenessKill),
    (Feature::TowardErrorExit, FailureKind::ErrorExit),
    (Feature::TowardNotReady, FailureKind::NotReady),
    (Feature::LatencyPassage, FailureKind::NotReady),
    (Feature::TaskRunaway, FailureKind::OomKilled),
    (Feature::ThreadRunaway, FailureKind::ErrorExit),
    (Feature::StorageRunaway, FailureKind::Evicted),
];

/// Features that the default model does not take: those that say that a failure is under way, or more
/// about how a recording was made than about what will fail, and those of the detector for unknown
/// failures. With each of these sets it caught less under leave-one-recording-out (`docs/predictor.md`).
const LEFT_OUT: [Feature; 19] = [
    Feature::ReadinessFailures,
    Feature::ReadinessFailuresLong,
    Feature::LivenessFailures,
    Feature::LivenessFailuresLong,
    Feature::SinceFailure,
    Feature::IsReady,
    Feature::ReadyShare,
    Feature::RestartsShort,
    Feature::RestartsLong,
    Feature::Age,
    Feature::RequestGrowth,
    Feature::Staleness,
    Feature::NodeBusy,
    Feature::NodeIoWait,
    Feature::NodeMemoryUsed,
    Feature::NodeUnready,
    Feature::UnusualLargest,
    Feature::UnusualBreadth,
    Feature::UnusualUnexplained,
];

/// The features that the default model takes.
#[must_use]
pub fn foretelling() -> Vec<Feature> {
    Feature::ALL.iter().copied().filter(|feature| !LEFT_OUT.contains(feature)).collect()
}

/// How a model is fitted.
#[derive(Clone, Debug, PartialEq)]
pub struct FitSettings {
    /// Features that enter.
    pub features: Vec<Feature>,
    /// Whether log odds start from first passage.
    pub from_first_passage: bool,
    /// Of rows without a failure ahead one in so many is kept, and stands for the others.
    pub quiet_stride: usize,
    /// Weight of a row: neighbouring rows of a pod say almost the same.
    pub row_weight: f32,
    /// All rows before one incident weigh as much as so many, however long its warning was.
    pub incident_rows: f32,
    /// What is fitted.
    pub model: ModelKind,
    /// Parameters of the ensemble of hazards; the others take its seed.
    pub params: HazardParams,
}

/// Rows to fit on.
pub(crate) struct Labelled {
    /// What is known of them.
    pub(crate) frame: Frame,
    /// What a hazard learns of them, with their weights.
    pub(crate) targets: Vec<HazardTarget>,
    /// What they failed with within the horizon.
    pub(crate) failures: Vec<Option<FailureKind>>,
}

/// Why a model could not be fitted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// Nothing failed, so there is nothing to tell apart.
    #[error(
        "no failure with a pod in sight before it in the training rows: nothing can be learned"
    )]
    OneClass,
    /// The rows do not make a frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A parameter is out of its range.
    #[error(transparent)]
    Params(#[from] ParamError),
    /// The rows cannot be fitted.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// A logistic regression cannot be fitted.
    #[error(transparent)]
    Logistic(#[from] LogisticError),
    /// The parts do not fit together.
    #[error(transparent)]
    Learned(#[from] LearnedError),
    /// A recording cannot be used.
    #[error(transparent)]
    Recording(#[from] EvaluateError),
}

impl Default for FitSettings {
    fn default() -> Self {
        Self {
            features: foretelling(),
            from_first_passage: true,
            quiet_stride: 4,
            row_weight: 0.1,
            incident_rows: 60.0,
            model: ModelKind::Hazard,
            params: HazardParams {
                n_trees: 40,
                learning_rate: 0.08,
                tree: TreeParams {
                    max_depth: 1,
                    max_leaves: 2,
                    min_rows: 5.0,
                    min_hessian: 0.2,
                    lambda: 3.0,
                    max_bins: 254,
                    row_share: 0.7,
                    column_share: 0.5,
                    ..HazardParams::default().tree
                },
                base_events: 1.0,
                seed: 20_261_127,
                ..HazardParams::default()
            },
        }
    }
}

/// Fits a model, not yet calibrated, on a part of recordings.
///
/// # Errors
/// [`TrainError`] when there is nothing to learn.
pub fn fit(part: Part<'_>, settings: &FitSettings) -> Result<LearnedModel, TrainError> {
    let Labelled { frame, targets, .. } = labelled(part, settings)?;
    if targets.iter().all(|target| target.event.is_none()) {
        return Err(TrainError::OneClass);
    }
    let rows = HazardRows { frame: &frame, targets: &targets };
    let seed = settings.params.seed;
    let estimator = match settings.model {
        ModelKind::Hazard => hazard(rows, settings)?,
        ModelKind::RandomForest => plain::forest(rows, KINDS.len() as u16, seed)?,
        ModelKind::GradientBoosting => plain::boosting(rows, KINDS.len() as u16, seed)?,
    };
    let pipeline = Pipeline {
        preprocessing: Preprocessing::of(&settings.features),
        estimator,
        calibrator: vec![Calibrator::Identity; KINDS.len()],
        kinds: KINDS.to_vec(),
        floor: 0.0,
        base_rates: Vec::new(),
    };
    Ok(LearnedModel::new(pipeline)?)
}

fn hazard(rows: HazardRows<'_>, settings: &FitSettings) -> Result<Estimator, TrainError> {
    let shape = HazardShape { edges: edges(), n_kinds: KINDS.len() as u16 };
    let mut params = settings.params.clone();
    params.monotone = monotone(&settings.features);
    if settings.from_first_passage {
        params.priors = priors(&settings.features);
    }
    Ok(Estimator::Hazard(foresail_learn::hazard::fit(&params.check(shape)?, rows, None)?))
}

/// Rows with a failure ahead, and one in [`FitSettings::quiet_stride`] of the others with the weight
/// of those it stands for.
pub(crate) fn labelled(part: Part<'_>, settings: &FitSettings) -> Result<Labelled, TrainError> {
    let mut columns: Vec<Vec<f32>> = vec![Vec::new(); settings.features.len()];
    let (mut targets, mut failures) = (Vec::new(), Vec::new());
    let counts = incident_rows(part);
    for (lesson, row, target) in part.rows() {
        let failure = target.failure.map(|(kind, _)| kind).filter(|kind| KINDS.contains(kind));
        // A class must be known; a hazard learns from the time that was seen.
        let seen = failure.is_some() || target.seen_minutes >= HORIZON_MINUTES;
        if !seen && settings.model != ModelKind::Hazard {
            continue;
        }
        let rows = counts.get(&(lesson.name.as_str(), target.incident)).copied().unwrap_or(1);
        let Some(weight) = weight(row, (&target, rows), settings) else { continue };
        for (column, feature) in columns.iter_mut().zip(&settings.features) {
            column.push(lesson.rows.values[row][*feature as usize]);
        }
        targets.push(target.hazard(&KINDS, weight));
        failures.push(failure);
    }
    let columns = columns.into_iter().map(Column::Number).collect();
    let schema = Preprocessing::of(&settings.features).schema()?;
    Ok(Labelled { frame: Frame::new(schema, columns)?, targets, failures })
}

/// Rows before each incident, by recording and incident.
fn incident_rows(part: Part<'_>) -> BTreeMap<(&str, Option<usize>), usize> {
    let mut counts = BTreeMap::new();
    for (lesson, _, target) in part.rows() {
        *counts.entry((lesson.name.as_str(), target.incident)).or_default() += 1;
    }
    counts
}

/// The weight of a row before an incident with so many rows; `None` where others stand for it.
fn weight(row: usize, (target, rows): (&Target, usize), settings: &FitSettings) -> Option<f32> {
    if target.failure.is_some() {
        return Some(settings.row_weight * settings.incident_rows / rows as f32);
    }
    // Rows of a pod are about as far apart as there are pods, so a plain stride would favour some.
    let stride = settings.quiet_stride.max(1);
    let mixed = (row as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
    (mixed as usize).is_multiple_of(stride).then_some(settings.row_weight * stride as f32)
}

fn monotone(features: &[Feature]) -> Vec<Monotone> {
    features
        .iter()
        .filter(|feature| feature.direction() == Direction::Up)
        .map(|feature| Monotone {
            column: feature.as_str().to_owned(),
            outputs: Outputs::All,
            direction: tree::Direction::Increasing,
        })
        .collect()
}

fn priors(features: &[Feature]) -> Vec<Prior> {
    PRIORS
        .iter()
        .filter(|(feature, _)| features.contains(feature))
        .map(|(feature, kind)| Prior {
            column: feature.as_str().to_owned(),
            kind: KINDS.iter().position(|one| one == kind).unwrap_or_default() as u16,
        })
        .collect()
}
