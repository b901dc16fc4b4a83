//! The outcome ledger: which failures occurred, from API facts only.

use foresail_core::{KubernetesEvent, ObjectChange, Outcome, TimeScale, Timestamp, Unit};
use serde::{Deserialize, Serialize};

use crate::graph::Graph;

/// Builds outcomes incrementally.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    scale: TimeScale,
}

impl Ledger {
    /// An empty ledger.
    #[must_use]
    pub const fn new(scale: TimeScale) -> Self {
        Self { scale }
    }

    /// Takes in one change of an object; `graph` already holds it.
    pub fn observe_object(&mut self, _change: &ObjectChange, _graph: &Graph) {}

    /// Takes in one event.
    pub fn observe_event(&mut self, _event: &KubernetesEvent, _graph: &Graph) {}

    /// Settles every hold that has elapsed by `until`.
    pub fn advance(&mut self, _until: Timestamp, _graph: &Graph) {}

    /// Outcomes known so far, oldest first, with incident numbers and primary flags.
    #[must_use]
    pub fn outcomes(&self) -> Vec<Outcome> {
        Vec::new()
    }

    /// Whether `unit` has an outcome known by `at` that is open or recovered less than ten minutes
    /// of fault time before `at`.
    #[must_use]
    pub fn in_blackout(&self, _unit: &Unit, _at: Timestamp) -> bool {
        let _ = self.scale;
        false
    }

    /// The latest outcome of `unit` known by now: when it occurred and when that was settled.
    #[must_use]
    pub fn last_outcome(&self, _unit: &Unit) -> Option<(Timestamp, Timestamp)> {
        None
    }
}
