//! `pods.jsonl.gz`.

use std::collections::BTreeMap;
use std::path::Path;

use foresail_core::{
    Condition, ContainerSpec, ContainerState, ContainerStatus, Object, ObjectChange, OwnerRef,
    PlatformDuration, PodObject, PodPhase, WorkloadKind,
};
use serde::Deserialize;

use super::spec::{ResourcesPart, Spec, SpecPart};
use super::{ConditionLine, change_of, observed, read_changes, status_of, time};
use crate::error::RecordingError;
use crate::report::ReadReport;

#[derive(Debug, Deserialize)]
struct PodLine {
    t: f64,
    #[serde(rename = "type")]
    change: String,
    ns: String,
    pod: String,
    uid: String,
    owner: Option<String>,
    owner_uid: Option<String>,
    phase: Option<String>,
    reason: Option<String>,
    message: Option<String>,
    node: Option<String>,
    #[serde(rename = "nodeName")]
    node_name: Option<String>,
    created: Option<String>,
    deleting: Option<String>,
    grace: Option<f64>,
    conditions: Option<BTreeMap<String, Option<String>>>,
    cond_detail: Option<Vec<ConditionLine>>,
    #[serde(alias = "initContainers")]
    init_containers: Option<Vec<ContainerLine>>,
    containers: Option<Vec<ContainerLine>>,
    resources: Option<Vec<Option<ResourcesPart>>>,
    spec: Option<SpecPart>,
}

#[derive(Debug, Deserialize)]
struct ContainerLine {
    name: String,
    init: Option<bool>,
    ready: Option<bool>,
    restarts: Option<u32>,
    started: Option<bool>,
    image: Option<String>,
    state: Option<StateLine>,
    last: Option<StateLine>,
    id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct StateLine {
    waiting: Option<WaitingLine>,
    running: Option<RunningLine>,
    terminated: Option<TerminatedLine>,
}

#[derive(Debug, Deserialize)]
struct WaitingLine {
    reason: Option<String>,
    message: Option<String>,
}

#[derive(Debug, Deserialize)]
struct RunningLine {
    #[serde(rename = "startedAt")]
    started_at: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TerminatedLine {
    exit_code: Option<i32>,
    reason: Option<String>,
    message: Option<String>,
    started_at: Option<String>,
    finished_at: Option<String>,
    #[serde(rename = "containerID")]
    container_id: Option<String>,
}

/// Reads the pods, in order of observation.
pub(crate) fn read_pods(
    path: &Path,
    report: &mut ReadReport,
) -> Result<Vec<ObjectChange>, RecordingError> {
    let mut specs: BTreeMap<String, Spec> = BTreeMap::new();
    read_changes(path, report, |mut line: PodLine| {
        let known = specs.entry(line.uid.clone()).or_default();
        if let Some(spec) = line.spec.take() {
            *known = spec.spec()?;
        } else if let Some(resources) = line.resources.take() {
            known.containers = by_position(resources, line.containers.as_deref().unwrap_or(&[]))?;
        }
        Ok(ObjectChange {
            observed_at: observed(line.t)?,
            change: change_of(&line.change)?,
            object: Object::Pod(Box::new(pod(line, known.clone())?)),
        })
    })
}

/// The oldest form of a spec: resources in the order of the containers, and nothing else.
fn by_position(
    resources: Vec<Option<ResourcesPart>>,
    statuses: &[ContainerLine],
) -> Result<Vec<ContainerSpec>, String> {
    resources
        .into_iter()
        .enumerate()
        .map(|(at, resources)| {
            let status = statuses.get(at);
            Ok(ContainerSpec {
                name: status.map_or_else(String::new, |status| status.name.clone()),
                image: status.and_then(|status| status.image.clone()),
                resources: resources.unwrap_or_default().resources()?,
                liveness: None,
                readiness: None,
                startup: None,
            })
        })
        .collect()
}

fn pod(line: PodLine, spec: Spec) -> Result<PodObject, String> {
    let mut containers = Vec::new();
    for status in line.init_containers.into_iter().flatten() {
        containers.push(status.status(Place::Init)?);
    }
    for status in line.containers.into_iter().flatten() {
        let init = status.init.unwrap_or(spec.init.contains(&status.name));
        containers.push(status.status(if init { Place::Init } else { Place::Main })?);
    }
    containers.sort_by_key(|container| !container.init);
    Ok(PodObject {
        namespace: line.ns,
        name: line.pod,
        uid: line.uid,
        owner: line.owner.map(|owner| owner_ref(&owner, line.owner_uid)),
        phase: phase(line.phase.as_deref())?,
        reason: line.reason,
        message: line.message,
        node: line.node.or(line.node_name),
        created_at: time(line.created.as_deref())?,
        deletion_requested_at: time(line.deleting.as_deref())?,
        grace: line.grace.map(PlatformDuration::from_seconds_f64).or(spec.grace),
        conditions: conditions(line.conditions, line.cond_detail)?,
        containers,
        spec: spec.containers,
        volumes: spec.volumes,
        references: spec.references,
        node_selector: spec.node_selector,
    })
}

/// `Kind/name` of the controller.
fn owner_ref(text: &str, uid: Option<String>) -> OwnerRef {
    let (kind, name) = text.split_once('/').unwrap_or(("", text));
    OwnerRef { kind: WorkloadKind::from_name(kind), name: name.to_owned(), uid }
}

fn phase(text: Option<&str>) -> Result<PodPhase, String> {
    Ok(match text {
        Some("Pending") => PodPhase::Pending,
        Some("Running") => PodPhase::Running,
        Some("Succeeded") => PodPhase::Succeeded,
        Some("Failed") => PodPhase::Failed,
        Some("Unknown") | None => PodPhase::Unknown,
        Some(other) => {
            return Err(format!("field `phase` is `{other}`, which is no phase of a pod"));
        }
    })
}

/// The short map of conditions, each replaced by its detail where there is one.
fn conditions(
    short: Option<BTreeMap<String, Option<String>>>,
    detail: Option<Vec<ConditionLine>>,
) -> Result<Vec<Condition>, String> {
    let mut by_kind: BTreeMap<String, Condition> = short
        .into_iter()
        .flatten()
        .map(|(kind, status)| {
            let condition = Condition {
                kind: kind.clone(),
                status: status_of(status.as_deref()),
                reason: None,
                message: None,
                last_transition: None,
            };
            (kind, condition)
        })
        .collect();
    for line in detail.into_iter().flatten() {
        let condition = line.condition()?;
        by_kind.insert(condition.kind.clone(), condition);
    }
    Ok(by_kind.into_values().collect())
}

enum Place {
    Init,
    Main,
}

// === impl ContainerLine ===

impl ContainerLine {
    fn status(self, place: Place) -> Result<ContainerStatus, String> {
        Ok(ContainerStatus {
            name: self.name,
            init: matches!(place, Place::Init),
            ready: self.ready.unwrap_or(false),
            restarts: self.restarts.unwrap_or(0),
            started: self.started,
            image: self.image.unwrap_or_default(),
            state: self.state.map(StateLine::state).transpose()?.flatten(),
            last_state: self.last.map(StateLine::state).transpose()?.flatten(),
            container_id: self.id,
        })
    }
}

// === impl StateLine ===

impl StateLine {
    pub(crate) fn state(self) -> Result<Option<ContainerState>, String> {
        if let Some(ended) = self.terminated {
            return Ok(Some(ContainerState::Terminated {
                exit_code: ended.exit_code.unwrap_or(0),
                reason: ended.reason,
                message: ended.message,
                started_at: time(ended.started_at.as_deref())?,
                finished_at: time(ended.finished_at.as_deref())?,
                container_id: ended.container_id,
            }));
        }
        if let Some(waiting) = self.waiting {
            let WaitingLine { reason, message } = waiting;
            return Ok(Some(ContainerState::Waiting { reason, message }));
        }
        match self.running {
            Some(running) => {
                let started_at = time(running.started_at.as_deref())?;
                Ok(Some(ContainerState::Running { started_at }))
            }
            None => Ok(None),
        }
    }
}
