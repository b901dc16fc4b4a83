//! Pods, and which of them ask to be scraped.

use std::net::IpAddr;

use foresail_core::{
    ChangeKind, ContainerState, ContainerStatus, Object, PlatformDuration, PodObject, PodPhase,
};
use serde::Deserialize;

use super::meta::{Meta, conditions};
use super::{Facet, Form, Item, ScrapeTarget, cut, read};
use crate::objects::ConditionLine;
use crate::objects::pod::StateLine;
use crate::objects::spec::SpecPart;

/// Recordings keep this much of a running container's id, without the runtime in front of it.
const ID_CHARACTERS: usize = 12;

#[derive(Debug, Deserialize)]
struct Pod {
    #[serde(default)]
    metadata: Meta,
    #[serde(default)]
    spec: SpecPart,
    #[serde(default)]
    status: PodStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PodStatus {
    phase: Option<String>,
    reason: Option<String>,
    message: Option<String>,
    #[serde(rename = "podIP")]
    address: Option<String>,
    conditions: Option<Vec<ConditionLine>>,
    init_container_statuses: Option<Vec<StatusPart>>,
    container_statuses: Option<Vec<StatusPart>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct StatusPart {
    name: String,
    ready: Option<bool>,
    restart_count: Option<u32>,
    started: Option<bool>,
    image: Option<String>,
    state: Option<StateLine>,
    last_state: Option<StateLine>,
    #[serde(rename = "containerID")]
    container_id: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Init,
    Main,
}

/// A pod.
pub(in crate::kubernetes) fn pod(bytes: &[u8], form: Form) -> Result<Item, String> {
    let Pod { metadata, spec: parts, status } = read(bytes, form)?;
    let ports = parts.tcp_ports();
    let node = parts.node().map(str::to_owned);
    let spec = parts.spec()?;
    let mut containers = Vec::new();
    for status in status.init_container_statuses.into_iter().flatten() {
        containers.push(status.status(Place::Init)?);
    }
    for status in status.container_statuses.into_iter().flatten() {
        containers.push(status.status(Place::Main)?);
    }
    let mut conditions = conditions(status.conditions)?;
    conditions.sort_by(|a, b| a.kind.cmp(&b.kind));
    let grace = metadata.deletion_grace_period_seconds.map(PlatformDuration::from_seconds_f64);
    let object = PodObject {
        namespace: metadata.namespace(),
        name: metadata.name.clone(),
        uid: metadata.uid.clone().unwrap_or_default(),
        owner: metadata.owner(),
        phase: phase(status.phase.as_deref()),
        reason: status.reason.map(cut),
        message: status.message.map(cut),
        node,
        created_at: metadata.created_at()?,
        deletion_requested_at: metadata.deletion_requested_at()?,
        grace: grace.or(spec.grace),
        conditions,
        containers,
        spec: spec.containers,
        volumes: spec.volumes,
        references: spec.references,
        node_selector: spec.node_selector,
    };
    let address = status.address.as_deref().and_then(|address| address.parse().ok());
    let target = target(&metadata, &object, (address, ports));
    let mut facets = vec![Facet::Object(Object::Pod(Box::new(object)))];
    facets.extend(target.map(|target| Facet::Scrape(Box::new(target))));
    metadata.item(facets)
}

fn phase(text: Option<&str>) -> PodPhase {
    match text {
        Some("Pending") => PodPhase::Pending,
        Some("Running") => PodPhase::Running,
        Some("Succeeded") => PodPhase::Succeeded,
        Some("Failed") => PodPhase::Failed,
        Some(_) | None => PodPhase::Unknown,
    }
}

/// The pod as a target, if it runs and asks for it by the annotations that Prometheus' examples use.
fn target(
    meta: &Meta,
    pod: &PodObject,
    (address, declared): (Option<IpAddr>, Vec<u16>),
) -> Option<ScrapeTarget> {
    let said = |name: &str| meta.annotation(name).map(|value| value.trim());
    let asks = said("prometheus.io/scrape") == Some("true");
    if !asks || address.is_none() || pod.phase != PodPhase::Running {
        return None;
    }
    let port = said("prometheus.io/port").and_then(|port| port.parse().ok());
    let names = ["app.kubernetes.io/name", "app", "k8s-app"];
    Some(ScrapeTarget {
        change: ChangeKind::Listed,
        namespace: pod.namespace.clone(),
        pod: pod.name.clone(),
        uid: pod.uid.clone(),
        app: names.iter().find_map(|name| meta.label(name).cloned()),
        address,
        ports: port.map_or(declared, |port| vec![port]),
        path: said("prometheus.io/path").filter(|path| !path.is_empty()).map_or_else(
            || "/metrics".to_owned(),
            |path| cut(format!("/{}", path.trim_start_matches('/'))),
        ),
        https: said("prometheus.io/scheme") == Some("https"),
    })
}

// === impl StatusPart ===

impl StatusPart {
    fn status(self, place: Place) -> Result<ContainerStatus, String> {
        Ok(ContainerStatus {
            name: self.name,
            init: place == Place::Init,
            ready: self.ready.unwrap_or(false),
            restarts: self.restart_count.unwrap_or(0),
            started: self.started,
            image: self.image.unwrap_or_default(),
            state: self.state.map(state).transpose()?.flatten(),
            last_state: self.last_state.map(state).transpose()?.flatten(),
            container_id: self.container_id.as_deref().and_then(short_id),
        })
    }
}

fn state(line: StateLine) -> Result<Option<ContainerState>, String> {
    let state = line.state()?;
    Ok(state.map(|state| match state {
        ContainerState::Waiting { reason, message } => {
            ContainerState::Waiting { reason, message: message.map(cut) }
        }
        ContainerState::Running { started_at } => ContainerState::Running { started_at },
        ContainerState::Terminated {
            exit_code,
            reason,
            message,
            started_at,
            finished_at,
            container_id,
        } => ContainerState::Terminated {
            exit_code,
            reason,
            message: message.map(cut),
            started_at,
            finished_at,
            container_id,
        },
    }))
}

fn short_id(id: &str) -> Option<String> {
    let id = id.split_once("://").map_or(id, |(_, id)| id);
    let short: String = id.chars().take(ID_CHARACTERS).collect();
    (!short.is_empty()).then_some(short)
}
