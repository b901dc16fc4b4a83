//! A Kubernetes Event, as it arrived.

use serde::{Deserialize, Serialize};

use crate::object::ChangeKind;
use crate::time::Timestamp;

/// One observation of a Kubernetes Event. Events come late and aggregated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KubernetesEvent {
    /// When it was observed.
    pub observed_at: Timestamp,
    /// How it reached the observer; a `List` event may be much older than its observation.
    pub change: ChangeKind,
    /// `Normal` or `Warning`.
    pub event_type: String,
    /// Machine-readable reason, such as `Evicted`.
    pub reason: String,
    /// Text for people. Untrusted.
    pub message: String,
    /// Kind of the object concerned.
    pub object_kind: String,
    /// Namespace of the object; empty for cluster objects.
    pub namespace: String,
    /// Name of the object.
    pub name: String,
    /// Uid of the object, where given.
    pub uid: Option<String>,
    /// Part of the object, such as `spec.containers{app}`.
    pub field: Option<String>,
    /// How often the event was counted.
    pub count: Option<u64>,
    /// First occurrence.
    pub first: Option<Timestamp>,
    /// Last occurrence.
    pub last: Option<Timestamp>,
    /// Time of a single event of the newer API.
    pub event_time: Option<Timestamp>,
    /// Component that reported it.
    pub source: Option<String>,
}

impl KubernetesEvent {
    /// When it last happened: its own time, else when it was observed.
    #[must_use]
    pub fn occurred_at(&self) -> Timestamp {
        self.last.or(self.event_time).unwrap_or(self.observed_at)
    }
}
