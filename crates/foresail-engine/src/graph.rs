//! The object graph: pods, their units, nodes, and what changed when.

use std::collections::BTreeMap;

use foresail_core::{
    KubernetesEvent, NodeObject, ObjectChange, PodObject, Timestamp, WorkloadId, WorkloadObject,
};
use serde::{Deserialize, Serialize};

/// A pod as last seen, with its unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PodRecord {
    /// The pod as last seen.
    pub object: PodObject,
    /// The workload that owns it.
    pub unit: WorkloadId,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When it was last seen to change.
    pub last_seen: Timestamp,
}

/// A workload as last seen, with its last changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkloadRecord {
    /// The object as last seen; `None` while only its pods were seen.
    pub object: Option<WorkloadObject>,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When its template, images, resources or references last changed (not the first sight).
    pub template_changed_at: Option<Timestamp>,
    /// When its wanted replicas last changed.
    pub scaled_at: Option<Timestamp>,
}

/// Everything known about objects.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Graph {
    pods: BTreeMap<(String, String), PodRecord>,
    workloads: BTreeMap<WorkloadId, WorkloadRecord>,
    nodes: BTreeMap<String, NodeObject>,
}

impl Graph {
    /// An empty graph.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in one change of an object.
    pub fn observe(&mut self, _change: &ObjectChange) {}

    /// Takes in what an event says about an object (a learned volume limit, a failed create).
    pub fn observe_event(&mut self, _event: &KubernetesEvent) {}

    /// The live pod with this name; the newest uid where names are reused.
    #[must_use]
    pub fn pod(&self, namespace: &str, name: &str) -> Option<&PodRecord> {
        self.pods.get(&(namespace.to_owned(), name.to_owned()))
    }

    /// Pods that are not deleted, in order of namespace and name.
    pub fn pods(&self) -> impl Iterator<Item = &PodRecord> {
        self.pods.values()
    }

    /// A workload.
    #[must_use]
    pub fn workload(&self, id: &WorkloadId) -> Option<&WorkloadRecord> {
        self.workloads.get(id)
    }

    /// Workloads that are not deleted, in order.
    pub fn workloads(&self) -> impl Iterator<Item = (&WorkloadId, &WorkloadRecord)> {
        self.workloads.iter()
    }

    /// Nodes, in order.
    pub fn nodes(&self) -> impl Iterator<Item = &NodeObject> {
        self.nodes.values()
    }
}
