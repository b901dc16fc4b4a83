//! Objects and events as lines of a recording: what the strict reader takes, and nothing else.

use foresail_core::{
    ChangeKind, Condition, ConditionStatus, ContainerSpec, ContainerState, ContainerStatus,
    KubernetesEvent, NodeObject, Object, ObjectChange, PodObject, PodPhase, Probe, Reference,
    ReferenceKind, Resources, Timestamp, VolumeSource, WorkloadObject,
};
use serde_json::{Map, Value, json};

/// The file that a line belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LineFile {
    /// `pods.jsonl.gz`.
    Pods,
    /// `workloads.jsonl.gz`.
    Workloads,
    /// `nodes.jsonl.gz`.
    Nodes,
    /// `events.jsonl.gz`.
    Events,
}

// === impl LineFile ===

impl LineFile {
    /// Every file, in order.
    pub const ALL: [Self; 4] = [Self::Pods, Self::Workloads, Self::Nodes, Self::Events];

    /// Its name in the recording.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pods => "pods.jsonl.gz",
            Self::Workloads => "workloads.jsonl.gz",
            Self::Nodes => "nodes.jsonl.gz",
            Self::Events => "events.jsonl.gz",
        }
    }
}

/// The line of a change; `None` for objects that a recording has from samples (Services, ConfigMaps,
/// claims, quotas, disruption budgets).
#[must_use]
pub fn object_line(change: &ObjectChange) -> Option<(LineFile, String)> {
    let (file, mut line) = match &change.object {
        Object::Pod(object) => (LineFile::Pods, pod(object)),
        Object::Workload(object) => (LineFile::Workloads, workload(object)),
        Object::Node(object) => (LineFile::Nodes, node(object)),
        Object::Service(_)
        | Object::ConfigMap(_)
        | Object::Claim(_)
        | Object::Quota(_)
        | Object::DisruptionBudget(_) => return None,
    };
    observed(&mut line, change.observed_at, change.change);
    Some((file, line.to_string()))
}

/// The line of an event.
#[must_use]
pub fn event_line(event: &KubernetesEvent) -> String {
    let mut line = json!({
        "etype": event.event_type,
        "reason": event.reason,
        "message": event.message,
        "kind": event.object_kind,
        "ns": event.namespace,
        "name": event.name,
        "uid": event.uid,
        "field": event.field,
        "count": event.count,
        "first": time(event.first),
        "last": time(event.last),
        "event_time": time(event.event_time),
        "source": event.source,
    });
    observed(&mut line, event.observed_at, event.change);
    line.to_string()
}

fn observed(line: &mut Value, at: Timestamp, change: ChangeKind) {
    line["t"] = json!(at.as_epoch_seconds());
    line["type"] = json!(match change {
        ChangeKind::Listed => "LIST",
        ChangeKind::Added => "ADDED",
        ChangeKind::Modified => "MODIFIED",
        ChangeKind::Deleted => "DELETED",
    });
}

fn pod(pod: &PodObject) -> Value {
    let owner = pod.owner.as_ref();
    let volumes: Vec<Value> = pod
        .volumes
        .iter()
        .map(|volume| match &volume.source {
            VolumeSource::EmptyDir { size_limit } => {
                json!({ "name": volume.name, "type": "emptyDir", "sizeLimit": size_limit })
            }
            VolumeSource::Claim { name } => {
                json!({ "name": volume.name, "type": "persistentVolumeClaim", "claim": name })
            }
            VolumeSource::Other => json!({ "name": volume.name, "type": "other" }),
        })
        .collect();
    json!({
        "ns": pod.namespace,
        "pod": pod.name,
        "uid": pod.uid,
        "owner": owner.map(|owner| format!("{}/{}", owner.kind.as_str(), owner.name)),
        "owner_uid": owner.and_then(|owner| owner.uid.as_deref()),
        "phase": match pod.phase {
            PodPhase::Pending => "Pending",
            PodPhase::Running => "Running",
            PodPhase::Succeeded => "Succeeded",
            PodPhase::Failed => "Failed",
            PodPhase::Unknown => "Unknown",
        },
        "reason": pod.reason,
        "message": pod.message,
        "node": pod.node,
        "created": time(pod.created_at),
        "deleting": time(pod.deletion_requested_at),
        "grace": pod.grace.map(foresail_core::PlatformDuration::as_seconds),
        "cond_detail": conditions(&pod.conditions),
        "containers": pod.containers.iter().map(status).collect::<Vec<_>>(),
        "spec": {
            "containers": containers(&pod.spec, &pod.references),
            "volumes": volumes,
            "nodeSelector": pod.node_selector,
        },
    })
}

fn workload(workload: &WorkloadObject) -> Value {
    let owner = workload.owner.as_ref();
    // The volumes of a template are known by the claims that they need only.
    let claims = workload.references.iter().filter(|one| one.kind == ReferenceKind::Claim);
    let volumes: Vec<Value> = claims
        .map(|claim| json!({ "type": "persistentVolumeClaim", "claim": claim.name }))
        .collect();
    json!({
        "kind": workload.kind.as_str(),
        "ns": workload.namespace,
        "name": workload.name,
        "uid": workload.uid,
        "generation": workload.generation,
        "revision": workload.revision,
        "replicas": workload.replicas,
        "template_hash": workload.template_hash,
        "image": workload.images.first(),
        "template": {
            "containers": containers(&workload.template, &workload.references),
            "volumes": volumes,
            "nodeSelector": workload.node_selector,
        },
        "owner": owner.map(|owner| owner.name.as_str()),
        "owner_kind": owner.map(|owner| owner.kind.as_str()),
        "owner_uid": owner.and_then(|owner| owner.uid.as_deref()),
        "selector": { "matchLabels": workload.selector },
        "progressDeadlineSeconds":
            workload.progress_deadline.map(foresail_core::PlatformDuration::as_seconds),
        "backoffLimit": workload.backoff_limit,
        "paused": workload.paused,
        "deleting": time(workload.deletion_requested_at),
        "status": {
            "replicas": workload.status_replicas,
            "updatedReplicas": workload.updated_replicas,
            "readyReplicas": workload.ready_replicas,
            "availableReplicas": workload.available_replicas,
            "failed": workload.failed,
            "conditions": conditions(&workload.conditions),
        },
    })
}

fn node(node: &NodeObject) -> Value {
    json!({
        "name": node.name,
        "conditions": conditions(&node.conditions),
        "allocatable": {
            "cpu": node.allocatable_cpu,
            "memory": node.allocatable_memory,
            "pods": node.allocatable_pods,
        },
        "labels": node.labels,
        "unschedulable": node.unschedulable,
    })
}

/// The containers of a spec. What a pod refers to stands with the first one: of whose it is nothing
/// depends.
fn containers(specs: &[ContainerSpec], references: &[Reference]) -> Vec<Value> {
    let mut env_from: Vec<Value> = references
        .iter()
        .filter_map(|one| {
            let named = json!({ "name": one.name, "optional": one.optional });
            match one.kind {
                ReferenceKind::ConfigMap => Some(json!({ "configMapRef": named })),
                ReferenceKind::Secret => Some(json!({ "secretRef": named })),
                ReferenceKind::Claim => None,
            }
        })
        .collect();
    let container = |spec: &ContainerSpec| {
        json!({
            "name": spec.name,
            "image": spec.image,
            "resources": resources(&spec.resources),
            "envFrom": std::mem::take(&mut env_from),
            "livenessProbe": spec.liveness.as_ref().map(probe),
            "readinessProbe": spec.readiness.as_ref().map(probe),
            "startupProbe": spec.startup.as_ref().map(probe),
        })
    };
    specs.iter().map(container).collect()
}

fn resources(resources: &Resources) -> Value {
    let amounts = |amounts: [(&str, Option<f64>); 3]| -> Map<String, Value> {
        let there = amounts.into_iter().filter_map(|(name, amount)| Some((name, amount?)));
        there.map(|(name, amount)| (name.to_owned(), json!(amount))).collect()
    };
    json!({
        "limits": amounts([
            ("cpu", resources.cpu_limit),
            ("memory", resources.memory_limit),
            ("ephemeral-storage", resources.ephemeral_storage_limit),
        ]),
        "requests": amounts([
            ("cpu", resources.cpu_request),
            ("memory", resources.memory_request),
            ("ephemeral-storage", None),
        ]),
    })
}

fn probe(probe: &Probe) -> Value {
    json!({
        "periodSeconds": probe.period.as_seconds(),
        "timeoutSeconds": probe.timeout.as_seconds(),
        "failureThreshold": probe.failure_threshold,
        "initialDelaySeconds": probe.initial_delay.as_seconds(),
    })
}

fn status(status: &ContainerStatus) -> Value {
    json!({
        "name": status.name,
        "init": status.init,
        "ready": status.ready,
        "restarts": status.restarts,
        "started": status.started,
        "image": status.image,
        "state": status.state.as_ref().map(state),
        "last": status.last_state.as_ref().map(state),
        "id": status.container_id,
    })
}

fn state(state: &ContainerState) -> Value {
    match state {
        ContainerState::Waiting { reason, message } => {
            json!({ "waiting": { "reason": reason, "message": message } })
        }
        ContainerState::Running { started_at } => {
            json!({ "running": { "startedAt": time(*started_at) } })
        }
        ContainerState::Terminated {
            exit_code,
            reason,
            message,
            started_at,
            finished_at,
            container_id,
        } => json!({ "terminated": {
            "exitCode": exit_code,
            "reason": reason,
            "message": message,
            "startedAt": time(*started_at),
            "finishedAt": time(*finished_at),
            "containerID": container_id,
        } }),
    }
}

fn conditions(conditions: &[Condition]) -> Vec<Value> {
    let condition = |one: &Condition| {
        json!({
            "type": one.kind,
            "status": match one.status {
                ConditionStatus::True => "True",
                ConditionStatus::False => "False",
                ConditionStatus::Unknown => "Unknown",
            },
            "reason": one.reason,
            "message": one.message,
            "lastTransitionTime": time(one.last_transition),
        })
    };
    conditions.iter().map(condition).collect()
}

fn time(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::objects::{read_events, read_nodes, read_pods, read_workloads};
    use crate::report::ReadReport;
    use crate::write::write_lines;

    fn data(recording: &str, file: LineFile) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data").join(recording).join(file.name())
    }

    fn changes(path: &Path, file: LineFile) -> Vec<ObjectChange> {
        let mut report = ReadReport::default();
        match file {
            LineFile::Pods => read_pods(path, &mut report).unwrap(),
            LineFile::Workloads => read_workloads(path, &mut report).unwrap(),
            LineFile::Nodes => read_nodes(path, &mut report).unwrap(),
            LineFile::Events => Vec::new(),
        }
    }

    #[test]
    fn objects_of_recordings_are_written_as_they_are_read() {
        let folder = tempfile::tempdir().unwrap();
        for recording in ["lab-1", "lab-3"] {
            for file in [LineFile::Pods, LineFile::Workloads, LineFile::Nodes] {
                let read = changes(&data(recording, file), file);
                let lines = read.iter().map(|change| {
                    let (of, line) = object_line(change).unwrap();
                    assert_eq!(of, file);
                    line
                });
                let path = folder.path().join(file.name());
                write_lines(&path, lines).unwrap();
                let again = changes(&path, file);
                assert_eq!(read.len(), again.len());
                for (one, other) in read.iter().zip(&again) {
                    assert_eq!(one, other, "{recording} {}", file.name());
                }
            }
        }
    }

    #[test]
    fn events_of_recordings_are_written_as_they_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let mut report = ReadReport::default();
        let read = read_events(&data("lab-3", LineFile::Events), &mut report).unwrap();
        let path = folder.path().join("events.jsonl.gz");
        write_lines(&path, read.iter().map(event_line)).unwrap();
        assert_eq!(read_events(&path, &mut report).unwrap(), read);
        assert!(!read.is_empty());
    }
}
