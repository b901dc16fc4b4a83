//! Workloads in the graph.

use std::collections::BTreeMap;

use foresail_core::{
    ChangeKind, ObjectChange, Timestamp, WorkloadId, WorkloadKind, WorkloadObject,
};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::Graph;
use super::owners::unit_of_workload;

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
    /// ReplicaSets of a Deployment, by name.
    pub replica_sets: BTreeMap<String, ReplicaSetRecord>,
    pub(super) empty_dir_limits: BTreeMap<String, f64>,
    pub(super) ephemeral_limit: Option<f64>,
}

/// Limits that evictions named, by workload: looked up for every pod at every tick, known of few.
#[derive(Debug)]
pub struct LearnedLimits<'a>(pub(super) FxHashMap<&'a WorkloadId, &'a WorkloadRecord>);

/// A ReplicaSet of a Deployment as last seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReplicaSetRecord {
    /// Revision of the Deployment that it stands for.
    pub revision: Option<u64>,
    /// Replicas asked for.
    pub replicas: Option<u32>,
    /// Ready replicas.
    pub ready: Option<u32>,
    /// Available replicas.
    pub available: Option<u32>,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When it was created, where that was seen; `None` for one that was there before.
    pub created_at: Option<Timestamp>,
    /// When it became the newest revision, where that was seen (creation or roll-back).
    pub promoted_at: Option<Timestamp>,
    /// Images of its template.
    pub images: Vec<String>,
}

// === impl LearnedLimits ===

impl LearnedLimits<'_> {
    /// As [`Graph::learned_empty_dir_limit`].
    #[must_use]
    pub fn empty_dir(&self, unit: &WorkloadId) -> Option<f64> {
        self.0.get(unit)?.learned_empty_dir_limit()
    }

    /// As [`Graph::learned_ephemeral_limit`].
    #[must_use]
    pub fn ephemeral(&self, unit: &WorkloadId) -> Option<f64> {
        self.0.get(unit)?.ephemeral_limit
    }
}

// === impl WorkloadRecord ===

impl WorkloadRecord {
    pub(super) const fn new(at: Timestamp) -> Self {
        Self {
            object: None,
            first_seen: at,
            template_changed_at: None,
            scaled_at: None,
            replica_sets: BTreeMap::new(),
            empty_dir_limits: BTreeMap::new(),
            ephemeral_limit: None,
        }
    }

    pub(super) fn learned_empty_dir_limit(&self) -> Option<f64> {
        self.empty_dir_limits.values().copied().reduce(f64::min)
    }

    /// The ReplicaSet of the newest revision, with its name.
    #[must_use]
    pub fn newest_replica_set(&self) -> Option<(&str, &ReplicaSetRecord)> {
        let newest = self.replica_sets.iter().max_by_key(|(_, set)| (set.revision, set.first_seen));
        newest.map(|(name, set)| (name.as_str(), set))
    }

    /// When the template or the wanted replicas last changed.
    #[must_use]
    pub fn changed_at(&self) -> Option<Timestamp> {
        self.template_changed_at.max(self.scaled_at)
    }

    fn update(&mut self, workload: &WorkloadObject, at: Timestamp) {
        if let Some(before) = &self.object {
            if template_differs(before, workload) {
                self.template_changed_at = Some(at);
            }
            if before.replicas.is_some() && before.replicas != workload.replicas {
                self.scaled_at = Some(at);
            }
        }
        self.object = Some(workload.clone());
    }

    fn update_replica_set(&mut self, set: &WorkloadObject, change: &ObjectChange) {
        let at = change.observed_at;
        let revision = set.revision.as_deref().and_then(|text| text.parse().ok());
        let newest = self.replica_sets.values().filter_map(|known| known.revision).max();
        let alone = self.replica_sets.is_empty();
        let known = self.replica_sets.get(&set.name);
        let rose = known.is_some_and(|known| revision > known.revision);
        let created = known.is_none() && change.change == ChangeKind::Added;
        let promoted = (rose || created) && revision >= newest;
        let record = ReplicaSetRecord {
            revision,
            replicas: set.replicas,
            ready: set.ready_replicas,
            available: set.available_replicas,
            first_seen: known.map_or(at, |known| known.first_seen),
            created_at: known.map_or(created.then_some(at), |known| known.created_at),
            promoted_at: if promoted { Some(at) } else { known.and_then(|set| set.promoted_at) },
            images: set.images.clone(),
        };
        self.replica_sets.insert(set.name.clone(), record);
        if promoted && !alone {
            // Where the source has no full template, only the new ReplicaSet shows the change.
            self.template_changed_at = self.template_changed_at.max(Some(at));
        }
    }
}

// === impl Graph ===

impl Graph {
    pub(super) fn observe_workload(&mut self, change: &ObjectChange, workload: &WorkloadObject) {
        let id = unit_of_workload(workload);
        let owned_set = workload.kind == WorkloadKind::ReplicaSet && id.kind != workload.kind;
        if change.change == ChangeKind::Deleted {
            self.owners.remove(workload);
            self.remove_workload(&id, owned_set.then_some(workload.name.as_str()));
            return;
        }
        self.owners.insert(workload);
        for pod in self.owners.adopt(workload) {
            let key = (workload.namespace.as_str(), pod.as_str());
            self.assign(key, id.clone(), change.observed_at);
        }
        let record = self.touch_workload(&id, change.observed_at);
        if owned_set {
            record.update_replica_set(workload, change);
        } else {
            record.update(workload, change.observed_at);
        }
    }

    /// Forgets a ReplicaSet of a unit, or the unit itself; while pods of it are left, their record
    /// of it stays without its object.
    fn remove_workload(&mut self, id: &WorkloadId, replica_set: Option<&str>) {
        let has_pods = self.pods_by_unit.contains_key(id);
        let Some(record) = self.workloads.get_mut(id) else { return };
        match replica_set {
            Some(name) => {
                record.replica_sets.remove(name);
            }
            None => record.object = None,
        }
        if record.object.is_none() && record.replica_sets.is_empty() && !has_pods {
            self.workloads.remove(id);
        }
    }
}

/// Whether the pod template differs, as far as the source shows it. A new generation without a
/// change of scale, pause or anything else visible is a change of the template that older sources
/// do not show (environment, command).
fn template_differs(before: &WorkloadObject, after: &WorkloadObject) -> bool {
    let visible = before.images != after.images
        || before.template != after.template
        || before.references != after.references
        || before.node_selector != after.node_selector;
    let scaled = before.replicas != after.replicas || before.paused != after.paused;
    let hidden = before.generation.is_some() && before.generation < after.generation && !scaled;
    let deleted = after.deletion_requested_at.is_some();
    visible || (hidden && !deleted && after.kind != WorkloadKind::Job)
}
