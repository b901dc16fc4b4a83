//! What a scorecard shows.

use foresail_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::result::Estimate;

/// A number, or how far away it is from being one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// The number with its 95 % interval.
    Known(Estimate),
    /// Too little happened to tell.
    TooFew {
        /// What it would rest on so far.
        have: f64,
        /// What it has to rest on.
        need: f64,
    },
}

/// The scores of the window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Start of the window, or of observing if that is later.
    pub from: Timestamp,
    /// The last tick.
    pub at: Timestamp,
    /// Outcomes scored since observing began, those before the window included.
    pub outcomes_ever: u64,
    /// Incidents by their primary outcome, a fact of the API: what recall rests on.
    pub outcomes: u32,
    /// Of them announced in time.
    pub caught: u32,
    /// Of them announced in time by the right kind.
    pub caught_right_kind: u32,
    /// Share of outcomes caught.
    pub recall: Reading,
    /// Hits over hits and false alarms.
    pub precision: Reading,
    /// False alarms per observed pod-day.
    pub false_per_pod_day: Reading,
    /// Observed pod-days outside failures.
    pub pod_days: f64,
    /// Median time from alarm to outcome over those caught, production minutes.
    pub median_lead_minutes: Option<f64>,
    /// What became of alarms.
    pub alarms: AlarmCounts,
    /// Checks of changes, judged apart.
    pub checks: CheckCounts,
    /// The model in service first, then shadows.
    pub models: Vec<ModelCard>,
}

/// Alarms of the window by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmCounts {
    /// Announced an outcome in time.
    pub hit: u32,
    /// Nothing of the sort happened.
    pub wrong: u32,
    /// What they announce can still come.
    pub pending: u32,
    /// Raised in the last moments before the outcome.
    pub late: u32,
    /// Somebody acted before anything happened.
    pub intervened: u32,
    /// Raised while the unit was failing or had just recovered.
    pub blackout: u32,
    /// Further alarms for an outcome already caught.
    pub nuisance: u32,
    /// Of kinds that no fact of the API shows.
    pub unjudged: u32,
}

/// Failed changes of the window: named by a check or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckCounts {
    /// Outcomes of change kinds.
    pub outcomes: u32,
    /// Of them named.
    pub named: u32,
    /// Checks that stood and fell without an outcome.
    pub wrong: u32,
}

/// What one model said against what happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// Its name.
    pub name: String,
    /// By how far it looks ahead.
    pub horizons: Vec<HorizonCard>,
    /// Whether it says other things than on its first day here.
    pub drift: Drift,
}

/// What was said for one horizon against what happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HorizonCard {
    /// How far it looks ahead, production minutes.
    pub minutes: u32,
    /// Probabilities judged.
    pub said: f64,
    /// Of them, those whose failure came.
    pub happened: f64,
    /// Distinct outcomes behind these: neighbouring probabilities share them.
    pub outcomes: u32,
    /// Mean squared distance of said and happened.
    pub brier: Reading,
    /// 1 less Brier over that of always saying the share that happened; above 0 it knows something.
    pub brier_skill: Option<f64>,
    /// Said against happened, by what was said.
    pub bins: Vec<CalibrationBin>,
}

/// Probabilities of about one size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBin {
    /// From this probability on …
    pub from: f64,
    /// … to this.
    pub to: f64,
    /// How many.
    pub n: f64,
    /// Their mean; `None` of none.
    pub said: Option<f64>,
    /// The share that happened; `None` of none.
    pub happened: Option<f64>,
}

/// Population stability of what a model says: its last day against its first.
///
/// # Source
/// Population stability index, Siddiqi 2006, *Credit Risk Scorecards*; the bands 0.1 and 0.25 are the
/// usual ones of that field, not ours.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drift {
    /// The first day is not over, or too little was said.
    NotYet,
    /// Below 0.1.
    Stable(f64),
    /// From 0.1.
    Shifted(f64),
    /// From 0.25: it speaks of another cluster than at first.
    Changed(f64),
}

// === impl Reading ===

impl Reading {
    /// The number, if there is one.
    #[must_use]
    pub const fn value(&self) -> Option<f64> {
        match self {
            Self::Known(estimate) => Some(estimate.value),
            Self::TooFew { .. } => None,
        }
    }
}

// === impl Drift ===

impl Drift {
    /// The index, once there is one.
    #[must_use]
    pub const fn index(self) -> Option<f64> {
        match self {
            Self::NotYet => None,
            Self::Stable(index) | Self::Shifted(index) | Self::Changed(index) => Some(index),
        }
    }
}
