//! The object graph: pods, their units, nodes, and what changed when.
//!
//! ```text
//!  pod ── ownerReferences ──> ReplicaSet object ── ownerReferences ──> Deployment   (unit)
//!                        └──> StatefulSet · DaemonSet · Job                         (unit)
//!  pod without owner                                                                (its own unit)
//! ```
//!
//! In: every object change and event, in the order of observation. Out: read access. The graph holds
//! what exists; of a deleted pod only its unit stays for a while, because events come late.

mod calls;
mod exposure;
mod inventory;
mod limits;
mod owners;
mod pods;
mod workloads;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use foresail_core::{
    ChangeKind, KubernetesEvent, NodeObject, Object, ObjectChange, PlatformDuration, PodObject,
    Timestamp, WorkloadId,
};
use serde::{Deserialize, Serialize};

pub use calls::{CallView, call_memory};
pub use inventory::{Inventory, ServiceRecord};
pub use limits::parse_bytes;
pub use pods::PodRecord;
pub use workloads::{LearnedLimits, ReplicaSetRecord, WorkloadRecord};

use crate::by_name::ByName;
use calls::Calls;
use exposure::Exposure;
use owners::Owners;
use pods::Departed;

/// Everything known about objects.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Graph {
    pods: ByName<PodRecord>,
    pods_by_unit: BTreeMap<WorkloadId, BTreeSet<String>>,
    workloads: BTreeMap<WorkloadId, WorkloadRecord>,
    nodes: BTreeMap<String, NodeObject>,
    owners: Owners,
    departed: Departed,
    inventory: Inventory,
    #[serde(default)]
    calls: Calls,
    #[serde(default)]
    exposure: Exposure,
}

impl Graph {
    /// An empty graph.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in one change of an object.
    pub fn observe(&mut self, change: &ObjectChange) {
        match &change.object {
            Object::Pod(pod) => {
                let before = self.counted(pod);
                self.observe_pod(change, pod);
                let after = self.counted(pod);
                self.exposure.note(change.observed_at, (before, after));
            }
            Object::Workload(workload) => self.observe_workload(change, workload),
            Object::Node(node) => self.observe_node(change.change, node),
            Object::Service(_)
            | Object::ConfigMap(_)
            | Object::Claim(_)
            | Object::Quota(_)
            | Object::DisruptionBudget(_) => self.inventory.observe(change),
        }
    }

    /// Takes in what an event says about an object (a learned volume limit).
    pub fn observe_event(&mut self, event: &KubernetesEvent) {
        if event.reason == "Evicted" && event.object_kind == "Pod" {
            let uid = event.uid.as_deref();
            if let Some(unit) = self.unit_of_pod((&event.namespace, &event.name), uid).cloned() {
                self.learn_limits(&unit, &event.message);
            }
        }
    }

    /// The live pod with this name; the newest uid where names are reused.
    #[must_use]
    pub fn pod(&self, namespace: &str, name: &str) -> Option<&PodRecord> {
        self.pods.get((namespace, name))
    }

    /// Pods that are not deleted, in order of namespace and name.
    pub fn pods(&self) -> impl Iterator<Item = &PodRecord> {
        self.pods.values()
    }

    /// Pods of a workload that are not deleted, by name.
    pub fn pods_of(&self, unit: &WorkloadId) -> impl Iterator<Item = &PodRecord> {
        let names = self.pods_by_unit.get(unit).into_iter().flatten();
        names.filter_map(|name| self.pods.get((&unit.namespace, name)))
    }

    /// For how long pods were under observation until `at`, summed over pods that are not finished.
    #[must_use]
    pub fn pod_time(&self, at: Timestamp) -> PlatformDuration {
        self.exposure.until(at)
    }

    /// The unit of the pod with this namespace and name (and uid, where given); also of a pod that
    /// was deleted a short while ago.
    #[must_use]
    pub fn unit_of_pod(&self, pod: (&str, &str), uid: Option<&str>) -> Option<&WorkloadId> {
        let live = self.pod(pod.0, pod.1);
        match (live, uid) {
            (Some(record), Some(uid)) if record.object.uid != uid => self.departed.unit(uid),
            (Some(record), _) => Some(&record.unit),
            (None, Some(uid)) => self.departed.unit(uid),
            (None, None) => None,
        }
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

    /// A node.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<&NodeObject> {
        self.nodes.get(name)
    }

    /// Services, ConfigMaps, claims, quotas and disruption budgets.
    #[must_use]
    pub const fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    /// The emptyDir limit (bytes) that an eviction of this workload named; the least if several.
    ///
    /// Older recordings have no volume specs, so this may be the only source of the limit.
    #[must_use]
    pub fn learned_empty_dir_limit(&self, unit: &WorkloadId) -> Option<f64> {
        self.workloads.get(unit)?.learned_empty_dir_limit()
    }

    /// The limit (bytes) of containers' ephemeral storage that an eviction of this workload named.
    #[must_use]
    pub fn learned_ephemeral_limit(&self, unit: &WorkloadId) -> Option<f64> {
        self.workloads.get(unit)?.ephemeral_limit
    }

    /// What evictions named, of the workloads of which they named anything.
    #[must_use]
    pub fn learned_limits(&self) -> LearnedLimits<'_> {
        let named = |record: &WorkloadRecord| {
            !record.empty_dir_limits.is_empty() || record.ephemeral_limit.is_some()
        };
        LearnedLimits(self.workloads.iter().filter(|(_, record)| named(record)).collect())
    }

    /// 1 while the pod of this name counts as observed, else 0.
    fn counted(&self, pod: &PodObject) -> i64 {
        let known = self.pod(&pod.namespace, &pod.name);
        i64::from(known.is_some_and(|record| !record.object.is_finished()))
    }

    fn observe_node(&mut self, change: ChangeKind, node: &NodeObject) {
        match change {
            ChangeKind::Deleted => {
                self.nodes.remove(&node.name);
            }
            ChangeKind::Listed | ChangeKind::Added | ChangeKind::Modified => {
                self.nodes.insert(node.name.clone(), node.clone());
            }
        }
    }

    fn learn_limits(&mut self, unit: &WorkloadId, message: &str) {
        let Some(record) = self.workloads.get_mut(unit) else { return };
        match limits::learn(message) {
            Some(limits::Learned::EmptyDir { volume, bytes }) => {
                record.empty_dir_limits.insert(volume, bytes);
            }
            Some(limits::Learned::Ephemeral { bytes }) => record.ephemeral_limit = Some(bytes),
            None => {}
        }
    }

    fn touch_workload(&mut self, id: &WorkloadId, at: Timestamp) -> &mut WorkloadRecord {
        if !self.workloads.contains_key(id) {
            self.workloads.insert(id.clone(), WorkloadRecord::new(at));
        }
        self.workloads.get_mut(id).expect("it was inserted above")
    }
}
