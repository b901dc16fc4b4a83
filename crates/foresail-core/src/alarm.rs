//! Alarms: what a person is told.

use serde::{Deserialize, Serialize};

use crate::failure::FailureKind;
use crate::prediction::{Basis, Horizon, ModelId, Probability, TimeToEvent};
use crate::time::Timestamp;
use crate::unit::Unit;

/// How loudly an alarm asks for attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Worth a look.
    Watch,
    /// To be worked on today.
    Ticket,
    /// Wakes somebody.
    Page,
}

impl Tier {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Watch => "watch",
            Self::Ticket => "ticket",
            Self::Page => "page",
        }
    }
}

/// Number of an alarm, consecutive per run of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AlarmId(pub u64);

/// A ranked cause of an alarm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// The object that causes it.
    pub object: String,
    /// The class of cause, such as `memory_growth`.
    pub cause: String,
    /// Confidence in `0.0..=1.0`.
    pub confidence: f64,
    /// Facts that support it. Untrusted text.
    pub evidence: Vec<String>,
}

/// An alarm as it was raised, and when it ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// Its number.
    pub id: AlarmId,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// When it was cleared; `None` while it is open.
    pub cleared_at: Option<Timestamp>,
    /// What may fail.
    pub unit: Unit,
    /// The pod that leads, where there is one.
    pub pod: Option<String>,
    /// Its node, where known.
    pub node: Option<String>,
    /// The named failure.
    pub kind: FailureKind,
    /// How loud.
    pub tier: Tier,
    /// The score that raised it.
    pub score: f64,
    /// Probability of the failure within the horizon, where there is one.
    pub probability: Option<Probability>,
    /// Within which time the failure is announced.
    pub horizon: Horizon,
    /// When, where an honest time can be given.
    pub time_to_event: Option<TimeToEvent>,
    /// The limit and slope it rests on.
    pub basis: Option<Basis>,
    /// One sentence with numbers. May contain untrusted names.
    pub sentence: String,
    /// The command that shows it.
    pub kubectl: String,
    /// Ranked causes.
    pub causes: Vec<Cause>,
    /// Units that call this one and show no more than its symptoms; folded under it.
    #[serde(default)]
    pub affected: Vec<Unit>,
    /// Who says so.
    pub model: ModelId,
}

/// Why an open alarm is said again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RenewalReason {
    /// Its tier rose.
    TierRose,
    /// Its time to the event halved since it was last said.
    TimeHalved,
}

/// What happened to an alarm in one tick.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmChange {
    /// Raised, with everything it says.
    Raised(Box<Alarm>),
    /// Said again, with everything it says now.
    Renewed {
        /// The alarm.
        alarm: Box<Alarm>,
        /// Why.
        reason: RenewalReason,
    },
    /// Not raised: its unit only feels what an open alarm already says of a unit that it calls.
    Folded {
        /// The open alarm.
        root: AlarmId,
        /// The unit that calls.
        unit: Unit,
        /// What it would have been.
        kind: FailureKind,
        /// When.
        at: Timestamp,
    },
    /// Ended.
    Cleared {
        /// Which alarm.
        id: AlarmId,
        /// When.
        at: Timestamp,
    },
}
