//! Units of prediction: what fails and is counted.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::object::WorkloadKind;

/// A workload: the owner of pods by ownerReferences (ReplicaSet → Deployment; a Job's pods → the Job).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WorkloadId {
    /// Namespace.
    pub namespace: String,
    /// Kind of the owner.
    pub kind: WorkloadKind,
    /// Name of the owner.
    pub name: String,
}

/// What a failure happens to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A workload.
    Workload(WorkloadId),
    /// A node, by name.
    Node(String),
    /// A persistent volume claim.
    Volume {
        /// Namespace of the claim.
        namespace: String,
        /// Name of the claim.
        claim: String,
    },
    /// A control-plane component, by name.
    Component(String),
}

impl Unit {
    /// The word for the kind of object, as the `--alarms` file uses it.
    #[must_use]
    pub const fn object_kind(&self) -> &'static str {
        match self {
            Self::Workload(_) => "Workload",
            Self::Node(_) => "Node",
            Self::Volume { .. } => "Volume",
            Self::Component(_) => "Component",
        }
    }

    /// The workload, if this is one.
    #[must_use]
    pub const fn workload(&self) -> Option<&WorkloadId> {
        match self {
            Self::Workload(id) => Some(id),
            Self::Node(_) | Self::Volume { .. } | Self::Component(_) => None,
        }
    }
}

impl fmt::Display for WorkloadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workload(id) => write!(f, "{id}"),
            Self::Node(name) => write!(f, "node {name}"),
            Self::Volume { namespace, claim } => write!(f, "volume {namespace}/{claim}"),
            Self::Component(name) => write!(f, "{name}"),
        }
    }
}
