//! The alarm policy: which predictions become alarms, and for how long.

use foresail_core::{AlarmChange, Prediction, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ledger::Ledger;
use crate::settings::Settings;

/// When an alarm is raised, how loud, and when it closes. Durations are fault time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlarmPolicy {
    /// Score at or above which an alarm is raised.
    pub threshold: f64,
}

/// Memory of the alarm policy between ticks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AlarmBook {}

impl Default for AlarmPolicy {
    fn default() -> Self {
        Self { threshold: 0.5 }
    }
}

/// What an alarm decision may look at besides the predictions.
#[derive(Clone, Copy, Debug)]
pub struct AlarmContext<'a> {
    /// Facts about the source.
    pub settings: &'a Settings,
    /// Outcomes known so far.
    pub ledger: &'a Ledger,
    /// The time of the tick.
    pub at: Timestamp,
}

/// One tick of the alarm policy.
#[must_use]
pub fn advance(
    book: &AlarmBook,
    predictions: &[Prediction],
    policy: &AlarmPolicy,
    context: AlarmContext<'_>,
) -> (AlarmBook, Vec<AlarmChange>) {
    let _ = (predictions, policy, context);
    (book.clone(), Vec::new())
}
