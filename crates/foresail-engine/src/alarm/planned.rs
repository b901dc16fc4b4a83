//! Planned changes: a pod that somebody is taking away will stop being Ready, and that is no news.
//!
//! Facts of the object graph only. What is planned keeps its probability and says why, but its score
//! is 0: it ranks last and raises nothing.
//!
//! | fact | silences |
//! |---|---|
//! | the pod, or its workload, is being deleted | every forecast |
//! | a newer ReplicaSet is replacing the pod's | `not_ready`, `liveness_kill` |
//! | the workload has more pods than it shall have | `not_ready`, `liveness_kill` |
//! | the pod's node is cordoned and being emptied | `not_ready`, `liveness_kill` |

use foresail_core::{ConditionStatus, FailureKind, Prediction, Unit, WorkloadId};

use super::policy::is_change;
use crate::graph::{Graph, PodRecord, WorkloadRecord};

/// Sets the score of every forecast about what is being taken away to 0, and says why.
pub fn respect_plans(predictions: &mut [Prediction], graph: &Graph) {
    for (place, plan) in planned(predictions, graph) {
        predictions[place].score = 0.0;
        predictions[place].evidence.push(plan.to_owned());
    }
}

/// Whether a plan explains that a pod of workload `id` fails with `kind`.
#[must_use]
pub fn is_planned(graph: &Graph, id: &WorkloadId, (pod, kind): (&str, FailureKind)) -> bool {
    plan((Some(pod), kind), (graph, id, graph.workload(id))).is_some()
}

/// The places of forecasts that a plan explains, with the plan.
fn planned(predictions: &[Prediction], graph: &Graph) -> Vec<(usize, &'static str)> {
    // Forecasts of one unit mostly follow each other.
    let mut last: Option<(&WorkloadId, Option<&WorkloadRecord>)> = None;
    let mut planned = Vec::new();
    for (place, prediction) in predictions.iter().enumerate() {
        let Unit::Workload(id) = &prediction.unit else { continue };
        if prediction.score <= 0.0 || is_change(prediction.kind) {
            continue;
        }
        let (_, workload) = *match &mut last {
            Some(known) if known.0 == id => known,
            other => other.insert((id, graph.workload(id))),
        };
        let what = (prediction.pod.as_deref(), prediction.kind);
        planned.extend(plan(what, (graph, id, workload)).map(|plan| (place, plan)));
    }
    planned
}

/// What is planned for a pod, or every pod, of workload `id`, if that explains the kind.
fn plan(
    (pod, kind): (Option<&str>, FailureKind),
    (graph, id, workload): (&Graph, &WorkloadId, Option<&WorkloadRecord>),
) -> Option<&'static str> {
    if workload.and_then(|record| record.object.as_ref()?.deletion_requested_at).is_some() {
        return Some("planned: the workload is being deleted");
    }
    if let Some(name) = pod {
        return of_pod(graph, workload, graph.pod(&id.namespace, name)?, kind);
    }
    // Of the whole workload: planned only if that is so of each of its pods.
    let mut pods = live(graph, id, Leaving::Counts).map(|pod| of_pod(graph, workload, pod, kind));
    let first = pods.next()??;
    pods.all(|plan| plan.is_some()).then_some(first)
}

fn of_pod(
    graph: &Graph,
    workload: Option<&WorkloadRecord>,
    pod: &PodRecord,
    kind: FailureKind,
) -> Option<&'static str> {
    if pod.object.deletion_requested_at.is_some() {
        return Some("planned: the pod is being deleted");
    }
    if !is_unavailability(kind) {
        return None;
    }
    if workload.is_some_and(|record| is_replaced(record, pod)) {
        return Some("planned: a rollout replaces the pod");
    }
    if workload.is_some_and(|record| is_shrinking(graph, record, &pod.unit)) {
        return Some("planned: the workload is being scaled down");
    }
    let node = pod.object.node.as_deref().and_then(|name| graph.node(name));
    let drained = node.is_some_and(|node| node.unschedulable && is_emptied(graph, &node.name));
    drained.then_some("planned: the node is being drained")
}

/// Whether the kind means no more than "does not answer".
const fn is_unavailability(kind: FailureKind) -> bool {
    match kind {
        FailureKind::NotReady | FailureKind::LivenessKill => true,
        FailureKind::OomKilled
        | FailureKind::Evicted
        | FailureKind::ErrorExit
        | FailureKind::StartFailure
        | FailureKind::Unschedulable
        | FailureKind::JobFailed
        | FailureKind::CrashLoop
        | FailureKind::RolloutStuck
        | FailureKind::NodeNotReady
        | FailureKind::NodePressure
        | FailureKind::Network
        | FailureKind::SloBurn
        | FailureKind::VolumeFull
        | FailureKind::ControlPlane
        | FailureKind::Expiry => false,
    }
}

/// Which pods of a workload count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leaving {
    /// Also those that are being deleted.
    Counts,
    /// Only those that stay for now.
    Left,
}

/// The pods of a workload that have not ended.
fn live<'a>(
    graph: &'a Graph,
    id: &WorkloadId,
    leaving: Leaving,
) -> impl Iterator<Item = &'a PodRecord> {
    graph.pods_of(id).filter(move |pod| {
        !pod.object.is_finished()
            && (leaving == Leaving::Counts || pod.object.deletion_requested_at.is_none())
    })
}

/// Whether a rollout that gets on takes this pod away: its ReplicaSet is not the newest. Behind a
/// rollout that is paused or stuck the old pods stay in service.
fn is_replaced(workload: &WorkloadRecord, pod: &PodRecord) -> bool {
    let (Some((newest, _)), Some(owner)) = (workload.newest_replica_set(), &pod.object.owner)
    else {
        return false;
    };
    let held = workload.object.as_ref().is_some_and(|object| {
        object.paused
            || object.conditions.iter().any(|condition| {
                condition.kind == "Progressing" && condition.status == ConditionStatus::False
            })
    });
    !held && owner.name != newest && workload.replica_sets.contains_key(&owner.name)
}

/// Whether a workload that was scaled has more pods than it shall have. A rollout surges above the
/// replicas that are asked for; then only the ReplicaSets tell which pods go.
fn is_shrinking(graph: &Graph, workload: &WorkloadRecord, id: &WorkloadId) -> bool {
    let Some(wanted) = workload.object.as_ref().and_then(|object| object.replicas) else {
        return false;
    };
    let sets = workload.replica_sets.values().filter(|set| set.replicas.unwrap_or(0) > 0).count();
    workload.scaled_at.is_some()
        && sets <= 1
        && (wanted as usize) < live(graph, id, Leaving::Left).count()
}

/// Whether pods are leaving the node. A node may stay cordoned for weeks with pods that nobody moves.
fn is_emptied(graph: &Graph, node: &str) -> bool {
    graph.pods().any(|pod| {
        pod.object.node.as_deref() == Some(node) && pod.object.deletion_requested_at.is_some()
    })
}
