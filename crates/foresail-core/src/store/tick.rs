//! What one tick leaves behind.

use crate::alarm::AlarmChange;
use crate::event::KubernetesEvent;
use crate::failure::FailureKind;
use crate::outcome::Outcome;
use crate::prediction::Prediction;
use crate::time::Timestamp;
use crate::unit::WorkloadId;

/// Everything that is kept of one tick.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tick {
    /// The time that was assessed.
    pub at: Timestamp,
    /// Outcomes that are new or have changed.
    pub outcomes: Vec<Outcome>,
    /// What happened to alarms.
    pub alarms: Vec<AlarmChange>,
    /// Predictions to keep, ranked.
    pub predictions: Vec<Prediction>,
    /// Events that became visible.
    pub events: Vec<KubernetesEvent>,
    /// What is now known of rows of `pods`.
    pub labels: Vec<LabelSpan>,
}

/// What happened after a row of `pods`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowLabel {
    /// No outcome is open and none begins within the next 60 production minutes.
    Good,
    /// An outcome begins within the next 60 production minutes.
    Alert,
    /// An outcome is open.
    Bad,
}

/// A label for the rows of a workload's pods in a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelSpan {
    /// The workload.
    pub workload: WorkloadId,
    /// One of its pods; `None` for all of them.
    pub pod: Option<String>,
    /// The first minute.
    pub from: Timestamp,
    /// The first minute after it.
    pub until: Timestamp,
    /// The label.
    pub label: RowLabel,
    /// The failure behind it, and when it occurred.
    pub failure: Option<(FailureKind, Timestamp)>,
}

// === impl RowLabel ===

impl RowLabel {
    /// Every label.
    pub const ALL: [Self; 3] = [Self::Good, Self::Alert, Self::Bad];

    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Alert => "alert",
            Self::Bad => "bad",
        }
    }
}
