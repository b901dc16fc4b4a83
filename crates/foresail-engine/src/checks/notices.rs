//! What events say about pods that cannot be created or cannot mount a volume: no object status
//! tells it.

use std::collections::BTreeMap;

use foresail_core::{
    FailureKind, KubernetesEvent, PlatformDuration, Timestamp, WorkloadId, WorkloadKind,
};
use serde::{Deserialize, Serialize};

use super::{Finding, current_pods, is_current, message, starts_pods};
use crate::graph::{Graph, PodRecord};

/// How long an event counts without being repeated. Kubelet and controllers try again with growing
/// pauses; those of the kubelet end at two minutes.
const KEPT: PlatformDuration = PlatformDuration::from_seconds(600);

/// Most objects remembered; beyond it, new ones are left out until old ones lapse.
const MOST: usize = 10_000;

/// How long mounts have to fail when nothing says that an object is missing: caches and attachments
/// take a while.
const MOUNT_HOLD: PlatformDuration = PlatformDuration::from_seconds(20);

/// The failed creations and mounts of the last ten minutes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Notices {
    mounts: BTreeMap<(String, String), Notice>,
    creations: BTreeMap<WorkloadId, Notice>,
}

/// A repeated event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Notice {
    uid: Option<String>,
    first: Timestamp,
    last: Timestamp,
    message: String,
}

// === impl Notices ===

impl Notices {
    /// Takes in one event.
    pub fn observe_event(&mut self, event: &KubernetesEvent) {
        match (event.reason.as_str(), event.object_kind.as_str()) {
            ("FailedMount", "Pod") => {
                let key = (event.namespace.clone(), event.name.clone());
                note(&mut self.mounts, key, event);
            }
            // A Deployment carries the refusal of its ReplicaSet as a condition, and its ReplicaSets
            // are no units.
            ("FailedCreate", "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job") => {
                let key = WorkloadId {
                    namespace: event.namespace.clone(),
                    kind: WorkloadKind::from_name(&event.object_kind),
                    name: event.name.clone(),
                };
                note(&mut self.creations, key, event);
            }
            _ => {}
        }
    }

    /// Findings for pods and workloads that still suffer from what was noted.
    pub(super) fn findings<'a>(&self, graph: &'a Graph, at: Timestamp) -> Vec<Finding<'a>> {
        let mounts = self.mounts.iter().filter(|(_, notice)| notice.counts(at)).filter_map(
            |((namespace, name), notice)| {
                let record = graph.pod(namespace, name)?;
                unmounted(record, notice, at)
            },
        );
        let creations = self
            .creations
            .iter()
            .filter(|(_, notice)| notice.counts(at))
            .filter_map(|(unit, notice)| refused(graph, unit, notice));
        mounts.chain(creations).collect()
    }
}

// === impl Notice ===

impl Notice {
    fn counts(&self, at: Timestamp) -> bool {
        at.since(self.last) < KEPT
    }
}

fn note<K: Ord>(notices: &mut BTreeMap<K, Notice>, key: K, event: &KubernetesEvent) {
    let last = event.occurred_at();
    notices.retain(|_, notice| event.observed_at.since(notice.last) < KEPT);
    let known = notices.get(&key).filter(|known| known.uid == event.uid);
    let first = event.first.or(known.map(|known| known.first)).unwrap_or(last);
    if notices.len() < MOST || notices.contains_key(&key) {
        let message = message::excerpt(&event.message);
        notices.insert(key, Notice { uid: event.uid.clone(), first, last, message });
    }
}

/// A pod none of whose containers has started and whose volumes cannot be mounted.
fn unmounted<'a>(record: &'a PodRecord, notice: &Notice, at: Timestamp) -> Option<Finding<'a>> {
    let pod = &record.object;
    let started = pod.containers.iter().any(|status| status.container_id.is_some());
    if started || !is_current(pod) || notice.uid.as_ref().is_some_and(|uid| *uid != pod.uid) {
        return None;
    }
    let missing = message::missing_object(&notice.message);
    if missing.is_none() && at.since(notice.first) < MOUNT_HOLD {
        return None;
    }
    let reason = missing.map_or_else(
        || format!("a volume cannot be mounted: {}", notice.message),
        |object| format!("{object} does not exist"),
    );
    let unit = &record.unit;
    Some(Finding {
        pod: Some(record),
        evidence: vec![format!("pod {}: FailedMount {}", pod.name, notice.message)],
        ..Finding::fact(unit, FailureKind::StartFailure, format!("{unit} cannot start: {reason}"))
    })
}

/// A workload whose pods the API server refuses.
fn refused<'a>(graph: &'a Graph, unit: &WorkloadId, notice: &Notice) -> Option<Finding<'a>> {
    let (unit, record) = graph.workloads().find(|(id, _)| *id == unit)?;
    let object = record.object.as_ref().filter(|object| starts_pods(object))?;
    let wanted = object.replicas.unwrap_or(1) as usize;
    if current_pods(graph, unit).count() >= wanted {
        return None;
    }
    Some(Finding {
        evidence: vec![format!("FailedCreate {}", notice.message)],
        ..Finding::fact(
            unit,
            FailureKind::StartFailure,
            format!("{unit} cannot start: {}", message::refusal(&notice.message)),
        )
    })
}
