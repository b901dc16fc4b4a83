//! One cycle of judgement.

use serde::{Deserialize, Serialize};

use crate::alarm::AlarmChange;
use crate::prediction::Prediction;
use crate::time::Timestamp;

/// Everything that one tick of the engine says, and what it must remember.
///
/// `C` is the engine's memory between ticks; together with the engine's state it is the restart point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assessment<C> {
    /// The time that was assessed.
    pub at: Timestamp,
    /// Ranked predictions, highest score first.
    pub predictions: Vec<Prediction>,
    /// What happened to alarms.
    pub alarms: Vec<AlarmChange>,
    /// Memory for the next tick.
    pub carry: C,
}
