//! Calls between services, as the callers' own request metrics show them.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// The name under which a caller knows a service. Untrusted text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ServiceName {
    /// Namespace, where the name says it.
    pub namespace: Option<String>,
    /// Name of the Service or workload.
    pub name: String,
}

/// A pod was seen to call a service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CallEdge {
    /// Time of the scrape that showed it.
    pub at: Timestamp,
    /// Namespace of the pod that calls.
    pub namespace: String,
    /// The pod that calls.
    pub pod: String,
    /// What it calls.
    pub to: ServiceName,
}
