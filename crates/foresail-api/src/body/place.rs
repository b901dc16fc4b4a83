//! Which columns name a unit.

use foresail_core::{Unit, WorkloadKind};

/// The names of a unit, a column each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) namespace: Option<String>,
    pub(crate) workload: Option<String>,
    pub(crate) workload_kind: Option<String>,
    pub(crate) node: Option<String>,
    pub(crate) volume: Option<String>,
    pub(crate) component: Option<String>,
}

// === impl Place ===

impl Place {
    /// The place of `unit`, on `node` where a pod of it runs there.
    pub(crate) fn new(unit: &Unit, node: Option<&str>) -> Self {
        let node = node.map(str::to_owned);
        match unit {
            Unit::Workload(id) => Self {
                namespace: Some(id.namespace.clone()),
                workload: Some(id.name.clone()),
                workload_kind: Some(workload_kind(id.kind).to_owned()),
                node,
                ..Self::default()
            },
            Unit::Node(name) => Self { node: Some(name.clone()), ..Self::default() },
            Unit::Volume { namespace, claim } => Self {
                namespace: Some(namespace.clone()),
                volume: Some(claim.clone()),
                node,
                ..Self::default()
            },
            Unit::Component(name) => {
                Self { component: Some(name.clone()), node, ..Self::default() }
            }
        }
    }

    /// The name of the unit itself, without its namespace.
    pub(crate) fn name(unit: &Unit) -> &str {
        match unit {
            Unit::Workload(id) => &id.name,
            Unit::Volume { claim, .. } => claim,
            Unit::Node(name) | Unit::Component(name) => name,
        }
    }

    /// The namespace of the unit, where it has one.
    pub(crate) fn namespace(unit: &Unit) -> Option<&str> {
        match unit {
            Unit::Workload(id) => Some(&id.namespace),
            Unit::Volume { namespace, .. } => Some(namespace),
            Unit::Node(_) | Unit::Component(_) => None,
        }
    }
}

/// The kind of a workload as Kubernetes writes it.
pub(crate) const fn workload_kind(kind: WorkloadKind) -> &'static str {
    match kind {
        WorkloadKind::Deployment => "Deployment",
        WorkloadKind::ReplicaSet => "ReplicaSet",
        WorkloadKind::StatefulSet => "StatefulSet",
        WorkloadKind::DaemonSet => "DaemonSet",
        WorkloadKind::Job => "Job",
        WorkloadKind::CronJob => "CronJob",
        WorkloadKind::Pod => "Pod",
        WorkloadKind::Other => "Other",
    }
}
