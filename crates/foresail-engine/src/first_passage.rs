//! Probability and time to pass a known limit; needs no training.
//!
//! ```text
//!  target: a level with a limit ──> trend: shapes on several windows ──> passage: P and times
//!                                                                          │
//!                             the strongest window speaks for its target ──┴──> survey ──> predictions
//! ```
//!
//! A [`Survey`] is made once per tick and serves all who read it: [`Survey::predictions`] and features.

mod fit;
mod passage;
mod say;
mod survey;
mod target;
mod trend;
mod words;

use foresail_core::{FailureKind, Prediction, Timestamp};
use serde::{Deserialize, Serialize};

use crate::state::State;

pub use passage::Quantiles;
pub use survey::{Forecast, Reading, Survey, SurveyedPod};
pub use target::{Direction, Target};
pub use trend::{Belief, Growth, Trend};

/// Name of this model.
pub const MODEL: &str = "first-passage";
/// False alarms per pod-day that may be afforded, and the score from which an alarm then counts:
/// chosen on the shipped training recordings (`foresail backtest --train`), never on the demo.
pub const OPERATING_POINTS: [(f64, f64); 3] = [(0.1, 0.76), (0.5, 0.40), (1.0, 0.28)];

/// Settings of first passage, chosen on training recordings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FirstPassageSettings {
    /// How far it looks, in fault minutes.
    pub horizon_minutes: f64,
    /// How readily growth is believed to arrive.
    pub belief: Belief,
    /// Share of the least useful lead that counts as too late to act.
    pub late: f64,
    /// Standard deviation of the logarithm of a time, beyond what the fit itself knows: growth
    /// quickens, pauses and stops.
    pub time_spread: f64,
    /// Probability below which nothing is said.
    pub floor: f64,
}

impl Default for FirstPassageSettings {
    fn default() -> Self {
        Self {
            horizon_minutes: 100.0,
            belief: Belief { persistence: 0.75, proximity: 1.0, steadiness: 1.0, recency: 1.0 },
            late: 0.5,
            time_spread: 0.8,
            floor: 0.05,
        }
    }
}

impl FirstPassageSettings {
    /// How far it looks for a failure, in fault minutes: volumes fill slowly and take long to mend.
    fn horizon_of(&self, kind: FailureKind) -> f64 {
        if kind == FailureKind::VolumeFull {
            kind.longest_horizon().as_minutes()
        } else {
            self.horizon_minutes
        }
    }
}

/// The shipped threshold for a budget of false alarms per pod-day; `None` for a budget that none was
/// chosen for.
#[must_use]
pub fn threshold_for(budget: f64) -> Option<f64> {
    OPERATING_POINTS.iter().find(|(known, _)| *known == budget).map(|(_, threshold)| *threshold)
}

/// What runs toward its limit, for every object, at `at`: at most one prediction per unit and kind,
/// and "not enough data" for workloads of which nothing can be judged.
#[must_use]
pub fn predict(state: &State, at: Timestamp, settings: &FirstPassageSettings) -> Vec<Prediction> {
    Survey::new(state, at, settings).predictions()
}
