//! Pods that no node takes: requests and selectors against what the nodes offer.

use std::collections::BTreeMap;

use foresail_core::{
    ConditionStatus, ContainerSpec, FailureKind, NodeObject, PlatformDuration, Timestamp,
    WorkloadId, WorkloadKind, WorkloadObject,
};

use super::{Finding, current_pods, is_current, message, names, starts_pods};
use crate::graph::{Graph, PodRecord};

/// How long the scheduler's refusal has to stand before it counts without other proof: a pod that
/// waits for the room of a leaving one is placed within seconds.
const HOLD: PlatformDuration = PlatformDuration::from_seconds(10);

/// Probability of a refusal that may still pass.
const YOUNG: f64 = 0.3;

/// What a pod asks of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Requests {
    cpu: f64,
    memory_bytes: f64,
}

/// Findings from the scheduler's refusals and, before them, from changed templates.
pub(super) fn findings(graph: &Graph, at: Timestamp) -> Vec<Finding<'_>> {
    let mut refused: BTreeMap<&WorkloadId, Vec<&PodRecord>> = BTreeMap::new();
    for record in graph.pods().filter(|record| is_refused(record)) {
        refused.entry(&record.unit).or_default().push(record);
    }
    let offers = offers(graph);
    let mut findings = Vec::new();
    for (unit, record) in graph.workloads() {
        let Some(object) = &record.object else { continue };
        if !starts_pods(object) || refused.contains_key(unit) {
            continue;
        }
        // Nearly every template fits some node: its pods are only counted where it does not.
        let Some(reason) = impossible(graph, object, offers.as_deref()) else { continue };
        let bound = current_pods(graph, unit).filter(|pod| pod.object.node.is_some()).count();
        let wanted = object.replicas.unwrap_or(1) as usize;
        let changing =
            bound < wanted || record.template_changed_at.is_some_and(|t| is_recent(t, at));
        if changing {
            let sentence = format!("{unit} cannot be scheduled: {reason}");
            findings.push(Finding::fact(unit, FailureKind::Unschedulable, sentence));
        }
    }
    findings.extend(refused.into_iter().map(|(unit, pods)| of_refused(graph, unit, &pods, at)));
    findings
}

fn is_recent(changed: Timestamp, at: Timestamp) -> bool {
    at.since(changed) < PlatformDuration::from_seconds(120)
}

fn is_refused(record: &PodRecord) -> bool {
    record.object.node.is_none()
        && is_current(&record.object)
        && record.object.condition("PodScheduled").is_some_and(|condition| {
            condition.status == ConditionStatus::False
                && condition.reason.as_deref() == Some("Unschedulable")
        })
}

/// A finding from pods that the scheduler has refused.
fn of_refused<'a>(
    graph: &'a Graph,
    unit: &'a WorkloadId,
    pods: &[&'a PodRecord],
    at: Timestamp,
) -> Finding<'a> {
    let first = pods.first().copied();
    let condition = first.and_then(|pod| pod.object.condition("PodScheduled"));
    let message = condition.and_then(|condition| condition.message.as_deref()).unwrap_or("");
    let shortage = first.and_then(|pod| no_room(graph, pod));
    let reason = match (&shortage, message::missing_object(message)) {
        (_, Some(object)) => format!("{object} does not exist"),
        (Some(shortage), None) => shortage.clone(),
        (None, None) => message::unschedulable_reason(message),
    };
    let since = pods.iter().filter_map(|pod| {
        let condition = pod.object.condition("PodScheduled")?;
        Some(condition.last_transition.unwrap_or(pod.first_seen))
    });
    let held = since.min().is_some_and(|since| at.since(since) >= HOLD);
    let lasting = shortage.is_some() || cannot_pass(message) || held;
    Finding {
        pod: first,
        probability: if lasting { 1.0 } else { YOUNG },
        evidence: vec![format!("pod {}: {}", names(pods), message::excerpt(message))],
        ..Finding::fact(
            unit,
            FailureKind::Unschedulable,
            format!("{unit} cannot be scheduled: {reason}"),
        )
    }
}

/// Whether the scheduler's message names a reason that waiting does not cure.
fn cannot_pass(message: &str) -> bool {
    ["node affinity", "node selector", "untolerated taint", "persistentvolumeclaim"]
        .iter()
        .any(|reason| message.contains(reason))
}

/// What each node offers; `None` where that is not known of every node, or there is none.
fn offers(graph: &Graph) -> Option<Vec<Requests>> {
    let offers = graph.nodes().map(|node| {
        Some(Requests { cpu: node.allocatable_cpu?, memory_bytes: node.allocatable_memory? })
    });
    offers.collect::<Option<Vec<_>>>().filter(|offers| !offers.is_empty())
}

/// Why no node can ever take a pod of this template, as far as the nodes are known.
fn impossible(
    graph: &Graph,
    workload: &WorkloadObject,
    offers: Option<&[Requests]>,
) -> Option<String> {
    // A DaemonSet is placed by its own rules, one node at a time.
    if workload.kind == WorkloadKind::DaemonSet || graph.nodes().next().is_none() {
        return None;
    }
    if let Some(selector) = unmatched_selector(graph, workload) {
        return Some(selector);
    }
    let (requests, offers) = Requests::of(&workload.template).zip(offers)?;
    let fits = offers.iter().any(|node| requests.fit(*node));
    (!fits).then(|| requests.shortage(offers, "offers"))
}

/// The node selector, if the labels of all nodes are known and none carries it.
fn unmatched_selector(graph: &Graph, workload: &WorkloadObject) -> Option<String> {
    let selector = &workload.node_selector;
    if selector.is_empty() || graph.nodes().any(|node| node.labels.is_empty()) {
        return None;
    }
    let matches = |node: &NodeObject| selector.iter().all(|(k, v)| node.labels.get(k) == Some(v));
    if graph.nodes().any(matches) {
        return None;
    }
    let wanted: Vec<_> = selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
    Some(format!("no node has the labels {}", message::excerpt(&wanted.join(", "))))
}

/// What is short on every node, by the requests of the pods that stay there; `None` while some node
/// has room or the requests are not known.
fn no_room(graph: &Graph, record: &PodRecord) -> Option<String> {
    let requests = requests_of(graph, record)?;
    let mut free: BTreeMap<&str, Requests> = BTreeMap::new();
    for node in graph.nodes().filter(|node| !node.unschedulable) {
        let room = Requests { cpu: node.allocatable_cpu?, memory_bytes: node.allocatable_memory? };
        free.insert(&node.name, room);
    }
    for pod in graph.pods().filter(|pod| is_current(&pod.object)) {
        let room = pod.object.node.as_deref().and_then(|node| free.get_mut(node));
        // Pods without known requests only make the room look larger: no false proof.
        if let (Some(room), Some(taken)) = (room, Requests::of(&pod.object.spec)) {
            room.cpu -= taken.cpu;
            room.memory_bytes -= taken.memory_bytes;
        }
    }
    let free: Vec<Requests> = free.into_values().collect();
    if free.is_empty() || free.iter().any(|room| requests.fit(*room)) {
        return None;
    }
    Some(requests.shortage(&free, "has free"))
}

/// What a pod requests: by its own spec, else by the template of its workload.
fn requests_of(graph: &Graph, record: &PodRecord) -> Option<Requests> {
    let template = || {
        let object = graph.workload(&record.unit)?.object.as_ref()?;
        Requests::of(&object.template)
    };
    Requests::of(&record.object.spec).or_else(template)
}

// === impl Requests ===

impl Requests {
    /// The sum over containers; a limit without request is a request. `None` if nothing is known.
    fn of(containers: &[ContainerSpec]) -> Option<Self> {
        if containers.is_empty() {
            return None;
        }
        Some(containers.iter().fold(Self::default(), |sum, container| {
            let resources = &container.resources;
            let cpu = resources.cpu_request.or(resources.cpu_limit).unwrap_or(0.0);
            let memory = resources.memory_request.or(resources.memory_limit).unwrap_or(0.0);
            Self { cpu: sum.cpu + cpu, memory_bytes: sum.memory_bytes + memory }
        }))
    }

    fn fit(self, room: Self) -> bool {
        self.cpu <= room.cpu + 1e-9 && self.memory_bytes <= room.memory_bytes
    }

    /// What is short, with numbers. `rooms` are the nodes, none of which has room.
    fn shortage(self, rooms: &[Self], verb: &str) -> String {
        let cpu = rooms.iter().map(|room| room.cpu).fold(0.0, f64::max);
        let memory = rooms.iter().map(|room| room.memory_bytes).fold(0.0, f64::max);
        let mib = 1024.0 * 1024.0;
        if self.cpu > cpu + 1e-9 {
            format!("it requests {:.2} CPU cores, but no node {verb} more than {cpu:.2}", self.cpu)
        } else if self.memory_bytes > memory {
            format!(
                "it requests {:.0} MiB of memory, but no node {verb} more than {:.0} MiB",
                self.memory_bytes / mib,
                memory / mib
            )
        } else {
            format!(
                "no single node {verb} both {:.2} CPU cores and {:.0} MiB of memory",
                self.cpu,
                self.memory_bytes / mib
            )
        }
    }
}
