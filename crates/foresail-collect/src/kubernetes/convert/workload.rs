//! Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs and CronJobs.

use std::collections::BTreeMap;

use foresail_core::{Object, PlatformDuration, WorkloadKind, WorkloadObject};
use serde::Deserialize;

use super::meta::{Meta, conditions};
use super::{Facet, Form, Item, read};
use crate::objects::ConditionLine;
use crate::objects::spec::SpecPart;

/// Where a Deployment's controller writes the revision, on it and on its ReplicaSets.
const REVISION: &str = "deployment.kubernetes.io/revision";

#[derive(Debug, Deserialize)]
struct Workload {
    #[serde(default)]
    metadata: Meta,
    #[serde(default)]
    spec: WorkloadSpec,
    #[serde(default)]
    status: WorkloadStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WorkloadSpec {
    replicas: Option<u32>,
    selector: Option<Selector>,
    template: Option<Template>,
    progress_deadline_seconds: Option<f64>,
    paused: Option<bool>,
    backoff_limit: Option<u32>,
    job_template: Option<JobTemplate>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Selector {
    match_labels: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Template {
    spec: SpecPart,
}

/// What a CronJob makes its Jobs from.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct JobTemplate {
    spec: JobSpec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct JobSpec {
    template: Option<Template>,
    backoff_limit: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WorkloadStatus {
    replicas: Option<u32>,
    updated_replicas: Option<u32>,
    ready_replicas: Option<u32>,
    available_replicas: Option<u32>,
    failed: Option<u32>,
    desired_number_scheduled: Option<u32>,
    current_number_scheduled: Option<u32>,
    updated_number_scheduled: Option<u32>,
    number_ready: Option<u32>,
    number_available: Option<u32>,
    conditions: Option<Vec<ConditionLine>>,
}

/// A workload of this kind.
pub(in crate::kubernetes) fn workload(
    bytes: &[u8],
    form: Form,
    kind: WorkloadKind,
) -> Result<Item, String> {
    let Workload { metadata, spec, status } = read(bytes, form)?;
    let job = spec.job_template.unwrap_or_default().spec;
    let template = spec.template.or(job.template).unwrap_or_default().spec.spec()?;
    let images = template.containers.iter().filter_map(|container| container.image.clone());
    let object = WorkloadObject {
        namespace: metadata.namespace(),
        kind,
        name: metadata.name.clone(),
        uid: metadata.uid.clone(),
        owner: metadata.owner(),
        generation: metadata.generation,
        revision: metadata.annotation(REVISION).cloned(),
        // A DaemonSet asks for one pod on each node that fits.
        replicas: spec.replicas.or(status.desired_number_scheduled),
        template_hash: metadata.label("pod-template-hash").cloned(),
        images: images.collect(),
        template: template.containers,
        references: template.references,
        selector: spec.selector.and_then(|selector| selector.match_labels).unwrap_or_default(),
        node_selector: template.node_selector,
        progress_deadline: spec.progress_deadline_seconds.map(PlatformDuration::from_seconds_f64),
        backoff_limit: spec.backoff_limit.or(job.backoff_limit),
        paused: spec.paused.unwrap_or(false),
        deletion_requested_at: metadata.deletion_requested_at()?,
        status_replicas: status.replicas.or(status.current_number_scheduled),
        updated_replicas: status.updated_replicas.or(status.updated_number_scheduled),
        ready_replicas: status.ready_replicas.or(status.number_ready),
        available_replicas: status.available_replicas.or(status.number_available),
        failed: status.failed,
        conditions: conditions(status.conditions)?,
    };
    metadata.item(vec![Facet::Object(Object::Workload(Box::new(object)))])
}
