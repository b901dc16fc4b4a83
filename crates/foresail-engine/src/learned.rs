//! The learned predictor: which failure of a pod, how likely, when.
//!
//! ```text
//!  PodFeatures ──preprocessing──> row ──estimator──> hazards per kind and time ──calibrator──> probability
//!                                                          │
//!                                                          └─> score: any failure late enough to act
//! ```
//!
//! The score ranks alarms and is compared with the operating points of the model file; the
//! probability is what is said.

mod estimator;
pub mod prevalence;
mod say;
mod union;

pub use estimator::{Estimator, OneBin};
pub use prevalence::Prevalence;
pub use union::union;

use foresail_core::{FailureKind, Prediction};
use foresail_learn::calibration::Calibrator;
use foresail_learn::frame::{FrameError, Schema};
use foresail_learn::hazard::{HazardCurve, Scratch, TimeQuantiles};
use serde::{Deserialize, Serialize};

use crate::features::{Feature, PodFeatures};
use crate::state::State;

/// Share of a failure's least useful lead below which its probability does not count: nobody could
/// act any more. The same share as first passage uses.
const LATE: f64 = 0.5;

/// Scrape intervals after which the newest sample of a pod is old: nothing is said of it then, as in
/// first passage.
const FRESH_INTERVALS: f32 = 5.0;

/// Everything between the features of a pod and what is said about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pipeline {
    /// Which features enter.
    pub preprocessing: Preprocessing,
    /// The fitted model.
    pub estimator: Estimator,
    /// From the model's probability to one that means what it says, by kind.
    pub calibrator: Vec<Calibrator>,
    /// The failures that the kinds of the estimator stand for.
    pub kinds: Vec<FailureKind>,
    /// Scores below this are not worth a word: under the floor of every operating point.
    pub floor: f64,
    /// Incidents of each kind per observed pod-day of fault time in training; empty where that is
    /// not known, and then probabilities stay as they are on any cluster.
    #[serde(default)]
    pub base_rates: Vec<f64>,
}

/// The features that enter a model, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preprocessing {
    /// Names in the order of the model's columns.
    pub features: Vec<String>,
}

/// A pipeline ready to be used: its features are found.
#[derive(Clone, Debug, PartialEq)]
pub struct LearnedModel {
    pipeline: Pipeline,
    features: Vec<Feature>,
    /// Per kind the first time bin that is late enough to act in.
    first_bins: Vec<usize>,
}

/// Why a pipeline cannot be used here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LearnedError {
    /// It was trained on a feature that this version does not compute.
    #[error("the model takes the feature `{name}`, which this version does not compute")]
    UnknownFeature {
        /// Its name.
        name: String,
    },
    /// Its parts do not fit together.
    #[error("the model has {found} {what} for {expected} kinds of failure")]
    Parts {
        /// Which part.
        what: &'static str,
        /// Kinds of the estimator.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Its columns are not the ones it says it takes.
    #[error("the model's columns are not the features that it names")]
    Columns,
}

/// What the model says of one row.
#[derive(Clone, Debug, PartialEq)]
pub struct RowScore {
    /// Probability of any failure late enough to act, as the model has it.
    pub any: f64,
    /// By kind.
    pub kinds: Vec<KindScore>,
}

/// What the model says of one row and kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KindScore {
    /// Which failure.
    pub kind: FailureKind,
    /// What ranks: the row's `any` in the share of this kind among the strongest.
    pub score: f64,
    /// The model's own probability within the horizon.
    pub raw: f64,
    /// Calibrated probability within the horizon.
    pub probability: f64,
    /// When, if it comes; minutes of fault time.
    pub times: Option<TimeQuantiles>,
}

// === impl Preprocessing ===

impl Preprocessing {
    /// These features.
    #[must_use]
    pub fn of(features: &[Feature]) -> Self {
        Self { features: features.iter().map(|feature| feature.as_str().to_owned()).collect() }
    }

    /// The columns of a model behind it.
    ///
    /// # Errors
    /// [`FrameError`] when a feature is named twice.
    pub fn schema(&self) -> Result<Schema, FrameError> {
        Schema::numbers(&self.features)
    }
}

// === impl LearnedModel ===

impl LearnedModel {
    /// Checks a pipeline.
    ///
    /// # Errors
    /// [`LearnedError`] when it cannot be used with the features of this version.
    pub fn new(pipeline: Pipeline) -> Result<Self, LearnedError> {
        let find = |name: &String| {
            Feature::from_name(name)
                .ok_or_else(|| LearnedError::UnknownFeature { name: name.clone() })
        };
        let features =
            pipeline.preprocessing.features.iter().map(find).collect::<Result<Vec<_>, _>>()?;
        let columns = pipeline.estimator.schema().columns().iter().map(|column| &column.name);
        if !columns.eq(pipeline.preprocessing.features.iter()) {
            return Err(LearnedError::Columns);
        }
        let expected = usize::from(pipeline.estimator.shape().n_kinds);
        let rates = pipeline.base_rates.len();
        for (what, found) in [
            ("classes", pipeline.estimator.n_kinds()),
            ("names", pipeline.kinds.len()),
            ("calibrators", pipeline.calibrator.len()),
            ("base rates", if rates == 0 { expected } else { rates }),
        ] {
            if found != expected {
                return Err(LearnedError::Parts { what, expected, found });
            }
        }
        let edges = &pipeline.estimator.shape().edges;
        let first_bin = |kind: &FailureKind| {
            let late = LATE * kind.minimum_lead().as_minutes();
            // A single bin holds all there is to say.
            edges.partition_point(|edge| *edge < late).min(edges.len().saturating_sub(2))
        };
        let first_bins = pipeline.kinds.iter().map(first_bin).collect();
        Ok(Self { features, first_bins, pipeline })
    }

    /// The same with a changed pipeline, checked again.
    ///
    /// # Errors
    /// [`LearnedError`] when it can no longer be used.
    pub fn with(self, change: impl FnOnce(&mut Pipeline)) -> Result<Self, LearnedError> {
        let mut pipeline = self.pipeline;
        change(&mut pipeline);
        Self::new(pipeline)
    }

    /// The pipeline behind it.
    #[must_use]
    pub const fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// How far it looks ahead, in minutes of fault time.
    #[must_use]
    pub fn horizon_minutes(&self) -> f64 {
        self.pipeline.estimator.shape().edges.last().copied().unwrap_or_default()
    }

    /// What it says of the values of one pod, in the order of [`Feature::ALL`]; `row` and `scratch`
    /// are buffers.
    #[must_use]
    pub fn score(
        &self,
        values: &[f32; Feature::COUNT],
        (row, scratch): (&mut Vec<f32>, &mut Scratch),
    ) -> RowScore {
        self.score_of(self.curve(values, (row, scratch)))
    }

    fn score_of(&self, curve: &HazardCurve) -> RowScore {
        let last = curve.n_bins().saturating_sub(1);
        let acting: Vec<f64> = self
            .first_bins
            .iter()
            .enumerate()
            .map(|(kind, first)| curve.within(kind as u16, *first..=last))
            .collect();
        let any = acting.iter().sum::<f64>().min(1.0);
        let timely = self.pipeline.estimator.knows_times();
        let strongest = acting.iter().copied().fold(0.0, f64::max);
        let kinds = self.pipeline.kinds.iter().enumerate().map(|(number, kind)| {
            let raw = curve.within(number as u16, 0..=last);
            KindScore {
                kind: *kind,
                score: if strongest > 0.0 { any * acting[number] / strongest } else { 0.0 },
                raw,
                probability: self.pipeline.calibrator[number].apply(raw),
                times: curve.quantiles(number as u16).filter(|_| timely),
            }
        });
        RowScore { any, kinds: kinds.collect() }
    }

    /// Probability of any failure late enough to act; cheaper than [`Self::score`].
    #[must_use]
    pub fn any(
        &self,
        values: &[f32; Feature::COUNT],
        buffers: (&mut Vec<f32>, &mut Scratch),
    ) -> f64 {
        self.any_of(self.curve(values, buffers))
    }

    fn any_of(&self, curve: &HazardCurve) -> f64 {
        let last = curve.n_bins().saturating_sub(1);
        let kinds = self.first_bins.iter().enumerate();
        kinds.map(|(kind, first)| curve.within(kind as u16, *first..=last)).sum::<f64>().min(1.0)
    }

    /// The score of a pod of which nothing is known but a first-passage score; for what the model
    /// has no rows of.
    #[must_use]
    pub fn rescale(&self, first_passage: f64) -> f64 {
        if first_passage <= 0.0 {
            return 0.0;
        }
        let mut values = [f32::NAN; Feature::COUNT];
        values[Feature::TowardOom as usize] = first_passage as f32;
        self.any(&values, (&mut Vec::new(), &mut Scratch::default()))
    }

    fn curve<'s>(
        &self,
        values: &[f32; Feature::COUNT],
        (row, scratch): (&mut Vec<f32>, &'s mut Scratch),
    ) -> &'s HazardCurve {
        row.clear();
        row.extend(self.features.iter().map(|feature| values[*feature as usize]));
        self.pipeline.estimator.predict_into(row, scratch).expect("the row has the model's columns")
    }

    /// What each feature that adds as much as `least` adds to the log odds of `kind`, the largest first.
    fn contributions(
        &self,
        values: &[f32; Feature::COUNT],
        (kind, least): (usize, f64),
    ) -> Vec<(Feature, f64)> {
        let row: Vec<f32> = self.features.iter().map(|feature| values[*feature as usize]).collect();
        let parts = self.pipeline.estimator.contributions(&row, kind as u16);
        let parts = parts.expect("the row has the model's columns, the kind is one of its kinds");
        let named = self.features.iter().copied().zip(parts.columns);
        let mut named: Vec<_> = named.filter(|(_, adds)| *adds >= least).collect();
        named.sort_by(|a, b| b.1.total_cmp(&a.1));
        named
    }
}

/// Whether there are fresh samples behind the values of a pod: without them a model would still give a number, but it
/// would rest on nothing.
#[must_use]
pub fn can_be_judged(values: &[f32; Feature::COUNT]) -> bool {
    values[Feature::Staleness as usize] <= FRESH_INTERVALS
}

/// What the model predicts for every workload, from the rows of its pods.
#[must_use]
pub fn predict(state: &State, rows: &[PodFeatures<'_>], model: &LearnedModel) -> Vec<Prediction> {
    let (mut row, mut scratch) = (Vec::new(), Scratch::default());
    let mut strong: Vec<(&PodFeatures<'_>, RowScore)> = Vec::new();
    for pod in rows.iter().filter(|pod| can_be_judged(&pod.values)) {
        let curve = model.curve(&pod.values, (&mut row, &mut scratch));
        if model.any_of(curve) >= model.pipeline.floor {
            strong.push((pod, model.score_of(curve)));
        }
    }
    strong.sort_by(|a, b| {
        a.0.unit_number.cmp(&b.0.unit_number).then_with(|| b.1.any.total_cmp(&a.1.any))
    });
    if strong.is_empty() {
        return Vec::new();
    }
    let rates = Prevalence::of(state).base_rates(model);
    for (_, said) in &mut strong {
        rates.shift(said);
    }
    strong
        .chunk_by(|a, b| a.0.unit_number == b.0.unit_number)
        .flat_map(|scores| say::unit(state, scores, model))
        .collect()
}

#[cfg(test)]
mod tests;
