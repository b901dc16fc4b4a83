//! `workloads.jsonl.gz` and `nodes.jsonl.gz`.

use std::collections::BTreeMap;
use std::path::Path;

use foresail_core::{
    ContainerSpec, NodeObject, Object, ObjectChange, OwnerRef, PlatformDuration, WorkloadKind,
    WorkloadObject,
};
use serde::Deserialize;
use serde_json::Value;

use super::spec::{ResourcesPart, Spec, SpecPart, amount_in};
use super::{ConditionLine, change_of, observed, read_changes, time};
use crate::error::RecordingError;
use crate::report::ReadReport;

#[derive(Debug, Deserialize)]
struct WorkloadLine {
    t: f64,
    #[serde(rename = "type")]
    change: String,
    kind: String,
    ns: String,
    name: String,
    uid: Option<String>,
    generation: Option<u64>,
    replicas: Option<u32>,
    selector: Option<SelectorPart>,
    #[serde(rename = "progressDeadlineSeconds")]
    progress_deadline: Option<f64>,
    paused: Option<bool>,
    #[serde(rename = "backoffLimit")]
    backoff_limit: Option<u32>,
    template_hash: Option<String>,
    image: Option<String>,
    resources: Option<ResourcesPart>,
    template: Option<SpecPart>,
    owner: Option<String>,
    owner_kind: Option<String>,
    owner_uid: Option<String>,
    revision: Option<String>,
    deleting: Option<String>,
    status: Option<StatusLine>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SelectorPart {
    match_labels: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct StatusLine {
    replicas: Option<u32>,
    updated_replicas: Option<u32>,
    ready_replicas: Option<u32>,
    available_replicas: Option<u32>,
    failed: Option<u32>,
    conditions: Option<Vec<ConditionLine>>,
}

#[derive(Debug, Deserialize)]
struct NodeLine {
    t: f64,
    #[serde(rename = "type")]
    change: String,
    name: String,
    conditions: Option<Vec<ConditionLine>>,
    allocatable: Option<BTreeMap<String, Value>>,
    labels: Option<BTreeMap<String, String>>,
    unschedulable: Option<bool>,
}

/// Reads the workloads, in order of observation.
pub(crate) fn read_workloads(
    path: &Path,
    report: &mut ReadReport,
) -> Result<Vec<ObjectChange>, RecordingError> {
    read_changes(path, report, |line: WorkloadLine| {
        Ok(ObjectChange {
            observed_at: observed(line.t)?,
            change: change_of(&line.change)?,
            object: Object::Workload(Box::new(workload(line)?)),
        })
    })
}

fn workload(line: WorkloadLine) -> Result<WorkloadObject, String> {
    let kind = WorkloadKind::from_name(&line.kind);
    let template = match line.template {
        Some(template) => template.spec()?,
        None => resources_only(line.image.clone(), line.resources)?,
    };
    let mut images: Vec<String> =
        template.containers.iter().filter_map(|container| container.image.clone()).collect();
    if images.is_empty() {
        images.extend(line.image);
    }
    let owner = line.owner.map(|name| OwnerRef {
        kind: owner_kind(kind, line.owner_kind.as_deref()),
        name,
        uid: line.owner_uid,
    });
    let status = line.status.unwrap_or_default();
    let conditions = status.conditions.into_iter().flatten().map(ConditionLine::condition);
    Ok(WorkloadObject {
        namespace: line.ns,
        kind,
        name: line.name,
        uid: line.uid,
        owner,
        generation: line.generation,
        revision: line.revision,
        replicas: line.replicas,
        template_hash: line.template_hash,
        images,
        template: template.containers,
        references: template.references,
        selector: line.selector.and_then(|selector| selector.match_labels).unwrap_or_default(),
        node_selector: template.node_selector,
        progress_deadline: line.progress_deadline.map(PlatformDuration::from_seconds_f64),
        backoff_limit: line.backoff_limit,
        paused: line.paused.unwrap_or(false),
        deletion_requested_at: time(line.deleting.as_deref())?,
        status_replicas: status.replicas,
        updated_replicas: status.updated_replicas,
        ready_replicas: status.ready_replicas,
        available_replicas: status.available_replicas,
        failed: status.failed,
        conditions: conditions.collect::<Result<_, _>>()?,
    })
}

/// Older recordings have the resources of the first container, without its name.
fn resources_only(image: Option<String>, resources: Option<ResourcesPart>) -> Result<Spec, String> {
    let Some(resources) = resources else { return Ok(Spec::default()) };
    let container = ContainerSpec {
        name: String::new(),
        image,
        resources: resources.resources()?,
        liveness: None,
        readiness: None,
        startup: None,
    };
    Ok(Spec { containers: vec![container], ..Spec::default() })
}

/// Older recordings name the owner without its kind; only one kind owns each of these.
fn owner_kind(kind: WorkloadKind, named: Option<&str>) -> WorkloadKind {
    match (named, kind) {
        (Some(name), _) => WorkloadKind::from_name(name),
        (None, WorkloadKind::ReplicaSet) => WorkloadKind::Deployment,
        (None, WorkloadKind::Job) => WorkloadKind::CronJob,
        (
            None,
            WorkloadKind::Deployment
            | WorkloadKind::StatefulSet
            | WorkloadKind::DaemonSet
            | WorkloadKind::CronJob
            | WorkloadKind::Pod
            | WorkloadKind::Other,
        ) => WorkloadKind::Other,
    }
}

/// Reads the nodes, in order of observation.
pub(crate) fn read_nodes(
    path: &Path,
    report: &mut ReadReport,
) -> Result<Vec<ObjectChange>, RecordingError> {
    read_changes(path, report, |line: NodeLine| {
        let allocatable = |name| amount_in(line.allocatable.as_ref(), name);
        let node = NodeObject {
            allocatable_cpu: allocatable("cpu")?,
            allocatable_memory: allocatable("memory")?,
            allocatable_pods: allocatable("pods")?,
            name: line.name,
            conditions: line
                .conditions
                .into_iter()
                .flatten()
                .map(ConditionLine::condition)
                .collect::<Result<_, _>>()?,
            labels: line.labels.unwrap_or_default(),
            unschedulable: line.unschedulable.unwrap_or(false),
        };
        Ok(ObjectChange {
            observed_at: observed(line.t)?,
            change: change_of(&line.change)?,
            object: Object::Node(Box::new(node)),
        })
    })
}
