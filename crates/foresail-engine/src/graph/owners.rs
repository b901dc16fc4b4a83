//! From a pod to its unit, by ownerReferences.

use std::collections::{BTreeMap, BTreeSet};

use foresail_core::{OwnerRef, PodObject, WorkloadId, WorkloadKind, WorkloadObject};
use serde::{Deserialize, Serialize};

/// What ReplicaSet objects and Deployments were seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Owners {
    /// Unit of each ReplicaSet, by namespace and name.
    replica_sets: BTreeMap<(String, String), WorkloadId>,
    /// Deployments, by namespace and name.
    deployments: BTreeSet<(String, String)>,
    /// Pods whose ReplicaSet object was not seen yet, by namespace and name of that ReplicaSet.
    orphans: BTreeMap<(String, String), BTreeSet<String>>,
}

// === impl Owners ===

impl Owners {
    /// Remembers a workload object.
    pub(super) fn insert(&mut self, workload: &WorkloadObject) {
        let key = (workload.namespace.clone(), workload.name.clone());
        match workload.kind {
            WorkloadKind::ReplicaSet => {
                self.replica_sets.insert(key, unit_of_workload(workload));
            }
            WorkloadKind::Deployment => {
                self.deployments.insert(key);
            }
            WorkloadKind::StatefulSet
            | WorkloadKind::DaemonSet
            | WorkloadKind::Job
            | WorkloadKind::CronJob
            | WorkloadKind::Pod
            | WorkloadKind::Other => {}
        }
    }

    /// Forgets a workload object.
    pub(super) fn remove(&mut self, workload: &WorkloadObject) {
        let key = (workload.namespace.clone(), workload.name.clone());
        match workload.kind {
            WorkloadKind::ReplicaSet => {
                self.replica_sets.remove(&key);
            }
            WorkloadKind::Deployment => {
                self.deployments.remove(&key);
            }
            WorkloadKind::StatefulSet
            | WorkloadKind::DaemonSet
            | WorkloadKind::Job
            | WorkloadKind::CronJob
            | WorkloadKind::Pod
            | WorkloadKind::Other => {}
        }
    }

    /// The unit of `pod`, and whether it rests on a ReplicaSet object that was not seen yet.
    pub(super) fn unit_of(&self, pod: &PodObject) -> (WorkloadId, Resolution) {
        let Some(owner) = &pod.owner else {
            return (id(&pod.namespace, WorkloadKind::Pod, &pod.name), Resolution::Final);
        };
        if owner.kind != WorkloadKind::ReplicaSet {
            return (id(&pod.namespace, owner.kind, &owner.name), Resolution::Final);
        }
        let key = (pod.namespace.clone(), owner.name.clone());
        match self.replica_sets.get(&key) {
            Some(unit) => (unit.clone(), Resolution::Final),
            None => (self.without_replica_set(&pod.namespace, owner), Resolution::Provisional),
        }
    }

    /// Remembers that `pod` waits for its ReplicaSet object.
    pub(super) fn await_replica_set(&mut self, pod: &PodObject) {
        if let Some(owner) = &pod.owner {
            let key = (pod.namespace.clone(), owner.name.clone());
            self.orphans.entry(key).or_default().insert(pod.name.clone());
        }
    }

    /// Forgets that `pod` waits.
    pub(super) fn stop_awaiting(&mut self, pod: &PodObject) {
        let Some(owner) = &pod.owner else { return };
        let key = (pod.namespace.clone(), owner.name.clone());
        if let Some(names) = self.orphans.get_mut(&key) {
            names.remove(&pod.name);
            if names.is_empty() {
                self.orphans.remove(&key);
            }
        }
    }

    /// Pods that waited for this ReplicaSet object; they wait no longer.
    pub(super) fn adopt(&mut self, workload: &WorkloadObject) -> BTreeSet<String> {
        if workload.kind != WorkloadKind::ReplicaSet {
            return BTreeSet::new();
        }
        let key = (workload.namespace.clone(), workload.name.clone());
        self.orphans.remove(&key).unwrap_or_default()
    }

    /// The Deployment whose name is the ReplicaSet's name less its hash, when such an object is
    /// known (the Deployment controller names ReplicaSets so); else the ReplicaSet itself.
    fn without_replica_set(&self, namespace: &str, owner: &OwnerRef) -> WorkloadId {
        if let Some((name, _hash)) = owner.name.rsplit_once('-')
            && self.deployments.contains(&(namespace.to_owned(), name.to_owned()))
        {
            return id(namespace, WorkloadKind::Deployment, name);
        }
        id(namespace, WorkloadKind::ReplicaSet, &owner.name)
    }
}

/// Whether a unit can still change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resolution {
    /// It rests on ownerReferences only.
    Final,
    /// The ReplicaSet object is missing so far.
    Provisional,
}

/// The unit that a workload object belongs to: a ReplicaSet's owner, else itself.
pub(super) fn unit_of_workload(workload: &WorkloadObject) -> WorkloadId {
    match (workload.kind, &workload.owner) {
        (WorkloadKind::ReplicaSet, Some(owner)) => id(&workload.namespace, owner.kind, &owner.name),
        _ => id(&workload.namespace, workload.kind, &workload.name),
    }
}

fn id(namespace: &str, kind: WorkloadKind, name: &str) -> WorkloadId {
    WorkloadId { namespace: namespace.to_owned(), kind, name: name.to_owned() }
}
