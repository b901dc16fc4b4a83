//! What a collector hands to the engine for one tick.

use serde::{Deserialize, Serialize};

use crate::call::CallEdge;
use crate::entity::{Entity, EntityId};
use crate::event::KubernetesEvent;
use crate::object::ObjectChange;
use crate::quantity::Quantity;
use crate::time::Timestamp;

/// One resolved sample. Flows carry the raw counter, summed over the series of one scrape.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Time of the scrape (or of the exporter's own stamp).
    pub at: Timestamp,
    /// What was measured.
    pub entity: EntityId,
    /// Which quantity.
    pub quantity: Quantity,
    /// The value; finite.
    pub value: f64,
}

/// How bad a log line says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogSeverity {
    /// Debug or trace.
    Debug,
    /// Information, or not known.
    Info,
    /// Warning.
    Warning,
    /// Error or worse.
    Error,
}

/// One log line, cut to 512 bytes. Untrusted text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    /// When it was written.
    pub at: Timestamp,
    /// Namespace of the pod.
    pub namespace: String,
    /// Name of the pod.
    pub pod: String,
    /// Name of the container.
    pub container: String,
    /// The text.
    pub text: String,
}

/// Everything that became visible since the previous batch.
///
/// Each list is in the order in which its items became visible. Any split of the same items into
/// batches leads to the same state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// Entities used for the first time, with their ids; ids are consecutive over all batches.
    pub entities: Vec<(EntityId, Entity)>,
    /// Samples, by time.
    pub samples: Vec<Sample>,
    /// Changes of Kubernetes objects, by observation.
    pub objects: Vec<ObjectChange>,
    /// Kubernetes Events, by observation.
    pub events: Vec<KubernetesEvent>,
    /// Calls between services, by time; visible when the samples of their scrape are.
    #[serde(default)]
    pub calls: Vec<CallEdge>,
    /// Log lines, by time.
    pub logs: Vec<LogLine>,
    /// Log lines left out because a pod wrote too many in this tick.
    pub logs_dropped: u64,
    /// Everything visible by this time is in this batch or an earlier one.
    pub until: Timestamp,
}
