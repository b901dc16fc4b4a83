//! Conditions on Kubernetes objects.

use foresail_core::{
    ConditionStatus, ContainerState, FaultDuration, PodObject, PodPhase, Timestamp, Unit,
    WorkloadId, WorkloadKind, WorkloadObject,
};
use foresail_engine::State;

use super::{Memory, View};

/// How long `CrashLoopBackOff` counts after it was seen.
const CRASH_LOOP_SEEN: FaultDuration = FaultDuration::from_minutes(5.0);
/// How long the number of updated replicas has to stand still.
const NO_PROGRESS: FaultDuration = FaultDuration::from_minutes(10.0);
/// After which a Job should have completed.
const JOB_SHOULD_END: FaultDuration = FaultDuration::from_minutes(720.0);

/// Keeps what conditions need from earlier ticks.
pub(super) fn remember(memory: &mut Memory, state: &State, at: Timestamp) {
    for pod in state.graph().pods() {
        if waiting_reasons(&pod.object).any(|reason| reason == "CrashLoopBackOff") {
            memory.crash_loop_at.insert(Unit::Workload(pod.unit.clone()), at);
        }
    }
    for (id, record) in state.graph().workloads() {
        let Some(object) = &record.object else { continue };
        let known = memory.updated.entry(Unit::Workload(id.clone()));
        let known = known.or_insert((object.updated_replicas, at));
        if known.0 != object.updated_replicas {
            *known = (object.updated_replicas, at);
        }
    }
}

fn waiting_reasons(pod: &PodObject) -> impl Iterator<Item = &str> {
    pod.containers.iter().filter_map(|container| match container.state.as_ref()? {
        ContainerState::Waiting { reason, .. } => reason.as_deref(),
        ContainerState::Running { .. } | ContainerState::Terminated { .. } => None,
    })
}

pub(super) fn crash_looping(view: &View<'_>) -> Vec<Unit> {
    let since = view.at - view.scale.to_platform(CRASH_LOOP_SEEN);
    let seen = view.memory.crash_loop_at.iter().filter(|(_, at)| **at >= since);
    seen.map(|(unit, _)| unit.clone()).collect()
}

/// Units of pods that a condition holds for.
fn pods(view: &View<'_>, holds: impl Fn(&PodObject) -> bool) -> Vec<Unit> {
    let pods = view.state.graph().pods().filter(|pod| holds(&pod.object));
    pods.map(|pod| Unit::Workload(pod.unit.clone())).collect()
}

pub(super) fn not_ready(view: &View<'_>) -> Vec<Unit> {
    let of_job =
        |pod: &PodObject| pod.owner.as_ref().is_some_and(|owner| owner.kind == WorkloadKind::Job);
    pods(view, |pod| {
        let unready =
            pod.condition("Ready").is_some_and(|ready| ready.status != ConditionStatus::True);
        !of_job(pod)
            && match pod.phase {
                PodPhase::Pending | PodPhase::Unknown => true,
                PodPhase::Running => unready,
                PodPhase::Succeeded | PodPhase::Failed => false,
            }
    })
}

pub(super) fn waiting(view: &View<'_>) -> Vec<Unit> {
    pods(view, |pod| waiting_reasons(pod).any(|reason| reason != "CrashLoopBackOff"))
}

/// Workloads of one kind that a condition holds for.
fn workloads(
    view: &View<'_>,
    kind: WorkloadKind,
    holds: impl Fn(&WorkloadId, &WorkloadObject) -> bool,
) -> Vec<Unit> {
    let records = view.state.graph().workloads();
    records
        .filter(|(id, record)| {
            id.kind == kind && record.object.as_ref().is_some_and(|object| holds(id, object))
        })
        .map(|(id, _)| Unit::Workload(id.clone()))
        .collect()
}

/// Whether the number of updated replicas has stood still for ten minutes.
fn stands_still(view: &View<'_>, id: &WorkloadId) -> bool {
    let since = view.memory.updated.get(&Unit::Workload(id.clone())).map(|(_, at)| *at);
    since.is_some_and(|since| view.at.since(since) >= view.scale.to_platform(NO_PROGRESS))
}

pub(super) fn deployment_short(view: &View<'_>) -> Vec<Unit> {
    workloads(view, WorkloadKind::Deployment, |id, object| {
        let wanted = object.replicas.unwrap_or(0);
        wanted > object.available_replicas.unwrap_or(0) && stands_still(view, id)
    })
}

pub(super) fn rollout_stuck(view: &View<'_>) -> Vec<Unit> {
    workloads(view, WorkloadKind::Deployment, |_, object| {
        object
            .conditions
            .iter()
            .any(|one| one.kind == "Progressing" && one.status == ConditionStatus::False)
    })
}

pub(super) fn stateful_short(view: &View<'_>) -> Vec<Unit> {
    workloads(view, WorkloadKind::StatefulSet, |id, object| {
        object.replicas.is_some()
            && object.ready_replicas.unwrap_or(0) != object.replicas.unwrap_or(0)
            && stands_still(view, id)
    })
}

pub(super) fn stateful_update(view: &View<'_>) -> Vec<Unit> {
    workloads(view, WorkloadKind::StatefulSet, |id, object| {
        object
            .replicas
            .zip(object.updated_replicas)
            .is_some_and(|(wanted, updated)| updated < wanted)
            && stands_still(view, id)
    })
}

pub(super) fn daemon_stuck(view: &View<'_>) -> Vec<Unit> {
    workloads(view, WorkloadKind::DaemonSet, |id, object| {
        let wanted = object.status_replicas.or(object.replicas);
        wanted.zip(object.available_replicas).is_some_and(|(wanted, there)| there < wanted)
            && stands_still(view, id)
    })
}

pub(super) fn job_slow(view: &View<'_>) -> Vec<Unit> {
    let long = view.scale.to_platform(JOB_SHOULD_END);
    workloads(view, WorkloadKind::Job, |id, object| {
        let first = view.state.graph().workload(id).map(|record| record.first_seen);
        first.is_some_and(|first| view.at.since(first) >= long) && !ended(object)
    })
}

pub(super) fn job_failed(view: &View<'_>) -> Vec<Unit> {
    workloads(view, WorkloadKind::Job, |_, object| {
        object
            .conditions
            .iter()
            .any(|one| one.kind == "Failed" && one.status == ConditionStatus::True)
    })
}

fn ended(job: &WorkloadObject) -> bool {
    job.conditions.iter().any(|one| {
        (one.kind == "Failed" || one.kind == "Complete") && one.status == ConditionStatus::True
    })
}

pub(super) fn budget_short(view: &View<'_>) -> Vec<Unit> {
    let budgets = view.state.graph().inventory().disruption_budgets();
    budgets
        .filter(|one| {
            one.healthy.zip(one.desired).is_some_and(|(healthy, desired)| healthy < desired)
        })
        .map(|one| Unit::Component(format!("disruption budget {}/{}", one.namespace, one.name)))
        .collect()
}

/// Quotas whose share in use a condition holds for.
fn quotas(view: &View<'_>, holds: impl Fn(f64) -> bool) -> Vec<Unit> {
    let quotas = view.state.graph().inventory().quotas();
    let mut units: Vec<_> = quotas
        .filter(|one| {
            one.used.zip(one.hard).is_some_and(|(used, hard)| hard > 0.0 && holds(used / hard))
        })
        .map(|one| Unit::Component(format!("quota {}/{}", one.namespace, one.name)))
        .collect();
    units.dedup();
    units
}

pub(super) fn quota_almost(view: &View<'_>) -> Vec<Unit> {
    quotas(view, |share| share > 0.9 && share < 1.0)
}

#[expect(
    clippy::float_cmp,
    reason = "the rule asks for exactly the hard limit; both are whole numbers"
)]
pub(super) fn quota_full(view: &View<'_>) -> Vec<Unit> {
    quotas(view, |share| share == 1.0)
}

pub(super) fn quota_exceeded(view: &View<'_>) -> Vec<Unit> {
    quotas(view, |share| share > 1.0)
}

pub(super) fn cpu_overcommit(view: &View<'_>) -> Vec<Unit> {
    overcommit(view, |node| node.allocatable_cpu, |resources| resources.cpu_request)
}

pub(super) fn memory_overcommit(view: &View<'_>) -> Vec<Unit> {
    overcommit(view, |node| node.allocatable_memory, |resources| resources.memory_request)
}

/// Requests that would not fit without the largest node; on one node alone the rule is silent.
fn overcommit(
    view: &View<'_>,
    allocatable: impl Fn(&foresail_core::NodeObject) -> Option<f64>,
    request: impl Fn(&foresail_core::Resources) -> Option<f64>,
) -> Vec<Unit> {
    let graph = view.state.graph();
    let nodes: Vec<f64> = graph.nodes().filter_map(&allocatable).collect();
    let spare = nodes.iter().sum::<f64>() - nodes.iter().copied().fold(0.0, f64::max);
    let live = graph.pods().filter(|pod| !pod.object.is_finished());
    let asked: f64 = live
        .flat_map(|pod| pod.object.spec.iter().filter_map(|spec| request(&spec.resources)))
        .sum();
    if spare > 0.0 && asked > spare {
        vec![Unit::Component("cluster".to_owned())]
    } else {
        Vec::new()
    }
}

/// Nodes with a condition of one of `kinds` for which `holds`.
fn nodes(view: &View<'_>, holds: impl Fn(&str, ConditionStatus) -> bool) -> Vec<Unit> {
    let nodes = view.state.graph().nodes();
    nodes
        .filter(|node| node.conditions.iter().any(|one| holds(&one.kind, one.status)))
        .map(|node| Unit::Node(node.name.clone()))
        .collect()
}

pub(super) fn node_not_ready(view: &View<'_>) -> Vec<Unit> {
    nodes(view, |kind, status| kind == "Ready" && status != ConditionStatus::True)
}

pub(super) fn node_pressure(view: &View<'_>) -> Vec<Unit> {
    nodes(view, |kind, status| kind.ends_with("Pressure") && status == ConditionStatus::True)
}
