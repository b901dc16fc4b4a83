//! Pods in the graph.

use std::collections::{BTreeMap, VecDeque};

use foresail_core::{
    ChangeKind, ConditionStatus, ObjectChange, PlatformDuration, PodObject, Timestamp, WorkloadId,
};
use serde::{Deserialize, Serialize};

use super::Graph;
use super::owners::Resolution;

/// Restarts that a pod record remembers.
const RESTARTS_KEPT: usize = 16;

/// How long the unit of a deleted pod is remembered: events about it come late, and the API server
/// keeps them for an hour but reports them within minutes.
const DEPARTED_KEPT: PlatformDuration = PlatformDuration::from_seconds(15 * 60);

/// Most deleted pods remembered at once; beyond it the oldest go first.
const DEPARTED_MAX: usize = 20_000;

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
    /// Since when it is Ready: the condition's own time, else when it was seen; `None` while not.
    pub ready_since: Option<Timestamp>,
    /// When its containers were seen to have restarted, oldest first; the last 16.
    pub restarts: VecDeque<Timestamp>,
}

/// Units of pods that were deleted a short while ago.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Departed {
    units: BTreeMap<String, WorkloadId>,
    order: VecDeque<(Timestamp, String)>,
}

// === impl PodRecord ===

impl PodRecord {
    fn new(pod: &PodObject, unit: WorkloadId, at: Timestamp) -> Self {
        Self {
            object: pod.clone(),
            unit,
            first_seen: at,
            last_seen: at,
            ready_since: ready_since(pod, None, at),
            restarts: VecDeque::new(),
        }
    }

    fn update(&mut self, pod: &PodObject, at: Timestamp) {
        if restarts(pod) > restarts(&self.object) {
            if self.restarts.len() == RESTARTS_KEPT {
                self.restarts.pop_front();
            }
            self.restarts.push_back(at);
        }
        self.ready_since = ready_since(pod, self.ready_since, at);
        self.last_seen = at;
        self.object.clone_from(pod);
    }

    /// Whether the pod is Ready and not being deleted.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        self.ready_since.is_some() && self.object.deletion_requested_at.is_none()
    }
}

// === impl Departed ===

impl Departed {
    /// The unit of a deleted pod.
    pub(super) fn unit(&self, uid: &str) -> Option<&WorkloadId> {
        self.units.get(uid)
    }

    fn insert(&mut self, uid: &str, unit: WorkloadId, at: Timestamp) {
        if self.units.insert(uid.to_owned(), unit).is_none() {
            self.order.push_back((at, uid.to_owned()));
        }
        while let Some((when, _)) = self.order.front()
            && (*when + DEPARTED_KEPT < at || self.order.len() > DEPARTED_MAX)
        {
            if let Some((_, uid)) = self.order.pop_front() {
                self.units.remove(&uid);
            }
        }
    }
}

// === impl Graph ===

impl Graph {
    pub(super) fn observe_pod(&mut self, change: &ObjectChange, pod: &PodObject) {
        let key = (pod.namespace.as_str(), pod.name.as_str());
        if let Some(known) = self.pods.get(key)
            && known.object.uid != pod.uid
        {
            if is_older(pod, &known.object) || change.change == ChangeKind::Deleted {
                return;
            }
            self.remove_pod(key, change.observed_at);
        }
        match change.change {
            ChangeKind::Deleted => self.remove_pod(key, change.observed_at),
            ChangeKind::Listed | ChangeKind::Added | ChangeKind::Modified => {
                self.upsert_pod(pod, change.observed_at);
                self.learn_from_pod(pod);
            }
        }
    }

    fn upsert_pod(&mut self, pod: &PodObject, at: Timestamp) {
        let key = (pod.namespace.as_str(), pod.name.as_str());
        if let Some(record) = self.pods.get_mut(key) {
            let same_owner = record.object.owner == pod.owner;
            record.update(pod, at);
            // A ReplicaSet that is gone already does not take its pods from their Deployment.
            let (unit, resolution) = self.owners.unit_of(pod);
            if resolution == Resolution::Final || !same_owner {
                self.assign(key, unit, at);
            }
            return;
        }
        let (unit, resolution) = self.owners.unit_of(pod);
        if resolution == Resolution::Provisional {
            self.owners.await_replica_set(pod);
        }
        self.touch_workload(&unit, at);
        self.pods_by_unit.entry(unit.clone()).or_default().insert(pod.name.clone());
        self.pods.entry(key, || PodRecord::new(pod, unit, at));
    }

    /// An evicted pod carries the message of its `Evicted` event.
    fn learn_from_pod(&mut self, pod: &PodObject) {
        if pod.reason.as_deref() == Some("Evicted")
            && let Some(message) = &pod.message
            && let Some(unit) = self.unit_of_pod((&pod.namespace, &pod.name), None).cloned()
        {
            self.learn_limits(&unit, message);
        }
    }

    fn remove_pod(&mut self, key: (&str, &str), at: Timestamp) {
        let Some(record) = self.pods.remove(key) else { return };
        self.owners.stop_awaiting(&record.object);
        self.detach(&record.unit, key.1);
        self.departed.insert(&record.object.uid, record.unit, at);
    }

    /// Moves a pod to another unit.
    pub(super) fn assign(&mut self, key: (&str, &str), unit: WorkloadId, at: Timestamp) {
        let Some(record) = self.pods.get_mut(key) else { return };
        if record.unit == unit {
            return;
        }
        let former = std::mem::replace(&mut record.unit, unit.clone());
        self.detach(&former, key.1);
        self.touch_workload(&unit, at);
        self.pods_by_unit.entry(unit).or_default().insert(key.1.to_owned());
    }

    /// Takes a pod from its unit; a unit known only by its pods goes with the last one.
    fn detach(&mut self, unit: &WorkloadId, pod: &str) {
        let Some(names) = self.pods_by_unit.get_mut(unit) else { return };
        names.remove(pod);
        if names.is_empty() {
            self.pods_by_unit.remove(unit);
            if self.workloads.get(unit).is_some_and(|record| record.object.is_none()) {
                self.workloads.remove(unit);
            }
        }
    }
}

fn restarts(pod: &PodObject) -> u32 {
    pod.containers.iter().map(|container| container.restarts).sum()
}

fn is_older(pod: &PodObject, known: &PodObject) -> bool {
    matches!((pod.created_at, known.created_at), (Some(new), Some(old)) if new < old)
}

fn ready_since(pod: &PodObject, before: Option<Timestamp>, at: Timestamp) -> Option<Timestamp> {
    let condition = pod.condition("Ready")?;
    match condition.status {
        ConditionStatus::True => condition.last_transition.or(before).or(Some(at)),
        ConditionStatus::False | ConditionStatus::Unknown => None,
    }
}
