//! What the engine says about the future of one object.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::failure::FailureKind;
use crate::quantity::Quantity;
use crate::time::{PlatformDuration, Timestamp};
use crate::unit::Unit;

/// A probability in `0.0..=1.0`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Probability(f64);

/// A value that is no probability.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("`{0}` is not a probability between 0 and 1")]
pub struct InvalidProbability(f64);

impl Probability {
    /// Impossible.
    pub const ZERO: Self = Self(0.0);
    /// Certain.
    pub const ONE: Self = Self(1.0);

    /// The number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }

    /// The nearest probability; `None` for NaN.
    #[must_use]
    pub fn saturating(value: f64) -> Option<Self> {
        (!value.is_nan()).then(|| Self(value.clamp(0.0, 1.0)))
    }
}

impl TryFrom<f64> for Probability {
    type Error = InvalidProbability;
    fn try_from(value: f64) -> Result<Self, Self::Error> {
        if (0.0..=1.0).contains(&value) { Ok(Self(value)) } else { Err(InvalidProbability(value)) }
    }
}

impl From<Probability> for f64 {
    fn from(probability: Probability) -> Self {
        probability.0
    }
}

/// How far a prediction looks ahead, in wall time.
pub type Horizon = PlatformDuration;

/// When the failure is expected, as wall time from the prediction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimeToEvent {
    /// One in ten comes earlier.
    pub p10: PlatformDuration,
    /// Half come earlier.
    pub p50: PlatformDuration,
    /// Nine in ten come earlier.
    pub p90: PlatformDuration,
}

/// The numbers that a forecast rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Basis {
    /// What runs toward its limit.
    pub quantity: Quantity,
    /// Container, pod, node or claim it was measured on.
    pub object: String,
    /// Level now, in the quantity's unit.
    pub level: f64,
    /// The limit, in the quantity's unit.
    pub limit: f64,
    /// Growth toward the limit per second of wall time; positive runs toward it.
    pub slope_per_second: f64,
}

impl Basis {
    /// How near the level is to its limit, from whichever side it runs: 1 when it is reached, 0
    /// where the two cannot be compared.
    #[must_use]
    pub fn nearness(&self) -> f64 {
        let (least, most) = (self.level.min(self.limit), self.level.max(self.limit));
        if least > 0.0 && most.is_finite() { least / most } else { 0.0 }
    }
}

/// The name of the model that made a prediction.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ModelId(pub String);

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a model has to say: a number, or why it has none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The failure happens within the horizon with this probability.
    Likely {
        /// Probability within the prediction's horizon.
        probability: Probability,
        /// When, if an honest time can be given.
        time_to_event: Option<TimeToEvent>,
    },
    /// Nothing can be said yet, and why.
    NotEnoughData {
        /// What is missing, in words.
        missing: String,
    },
}

/// What one model says about one unit and one kind at one time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// When it was made.
    pub at: Timestamp,
    /// What may fail.
    pub unit: Unit,
    /// The pod that leads, where there is one.
    pub pod: Option<String>,
    /// Its node, where known.
    pub node: Option<String>,
    /// The named failure.
    pub kind: FailureKind,
    /// How far it looks.
    pub horizon: Horizon,
    /// The answer.
    pub verdict: Verdict,
    /// What ranks it against other predictions and against the alarm threshold; in `0.0..=1.0`.
    pub score: f64,
    /// The numbers it rests on, for forecasts toward a limit.
    pub basis: Option<Basis>,
    /// One sentence with numbers. May contain untrusted names.
    pub sentence: String,
    /// Facts that support it, most telling first. Untrusted text.
    pub evidence: Vec<String>,
    /// Who says so.
    pub model: ModelId,
}

impl Prediction {
    /// The probability, if there is one.
    #[must_use]
    pub const fn probability(&self) -> Option<Probability> {
        match &self.verdict {
            Verdict::Likely { probability, .. } => Some(*probability),
            Verdict::NotEnoughData { .. } => None,
        }
    }

    /// The expected time, if an honest one was given.
    #[must_use]
    pub const fn time_to_event(&self) -> Option<TimeToEvent> {
        match &self.verdict {
            Verdict::Likely { time_to_event, .. } => *time_to_event,
            Verdict::NotEnoughData { .. } => None,
        }
    }
}
