//! Containers that the kubelet cannot create or start, from their waiting reasons.

use std::collections::BTreeMap;

use foresail_core::{ContainerState, ContainerStatus, FailureKind, PodObject, WorkloadId};

use super::{Finding, is_current, message, names};
use crate::graph::{Graph, PodRecord};
use crate::ledger::{is_image_failure, is_start_failure};

/// A container that cannot start.
struct Failure<'a> {
    pod: &'a PodRecord,
    container: &'a str,
    reason: &'a str,
    message: &'a str,
}

/// One finding for every unit and missing thing, whatever the number of pods.
pub(super) fn findings(graph: &Graph) -> Vec<Finding<'_>> {
    let mut failures: BTreeMap<(&WorkloadId, String), Vec<Failure<'_>>> = BTreeMap::new();
    for record in graph.pods().filter(|record| is_current(&record.object)) {
        for status in &record.object.containers {
            let Some((reason, message)) = failing(status) else { continue };
            let failure = Failure { pod: record, container: &status.name, reason, message };
            let missing = missing(&failure, status);
            failures.entry((&record.unit, missing)).or_default().push(failure);
        }
    }
    failures
        .into_iter()
        .map(|((unit, missing), failures)| finding(unit, &missing, &failures))
        .collect()
}

/// The reason and message of a container that cannot start.
fn failing(status: &ContainerStatus) -> Option<(&str, &str)> {
    let (reason, message) = reason_of(status.state.as_ref()?);
    if is_start_failure(reason) {
        return Some((reason, message));
    }
    // Between two attempts the container waits, and only its last state says why.
    let waits = matches!(status.state, Some(ContainerState::Waiting { .. }));
    let (reason, message) = reason_of(status.last_state.as_ref().filter(|_| waits)?);
    is_start_failure(reason).then_some((reason, message))
}

fn reason_of(state: &ContainerState) -> (&str, &str) {
    match state {
        ContainerState::Waiting { reason, message }
        | ContainerState::Terminated { reason, message, .. } => {
            (reason.as_deref().unwrap_or(""), message.as_deref().unwrap_or(""))
        }
        ContainerState::Running { .. } => ("", ""),
    }
}

/// What is missing, in words.
fn missing(failure: &Failure<'_>, status: &ContainerStatus) -> String {
    if is_image_failure(failure.reason) {
        let image = image_of(&failure.pod.object, status);
        return format!("image \"{}\" cannot be pulled", message::excerpt(image));
    }
    if let Some(object) = message::missing_object(failure.message) {
        return format!("{object} does not exist");
    }
    if let Some(path) = message::missing_path(failure.message) {
        return format!("{path} does not exist in the container");
    }
    if failure.message.is_empty() {
        return format!("container {} reports {}", failure.container, failure.reason);
    }
    format!("container {}: {}", failure.container, message::excerpt(failure.message))
}

/// The image as the spec names it: a status may hold the one that ran before.
fn image_of<'a>(pod: &'a PodObject, status: &'a ContainerStatus) -> &'a str {
    let spec = pod.spec.iter().find(|spec| spec.name == status.name);
    spec.and_then(|spec| spec.image.as_deref()).unwrap_or(&status.image)
}

fn finding<'a>(unit: &'a WorkloadId, missing: &str, failures: &[Failure<'a>]) -> Finding<'a> {
    let pods: Vec<_> = failures.iter().map(|failure| failure.pod).collect();
    let first = failures.first();
    let evidence = first.map(|failure| {
        let reason = failure.reason;
        let text = message::excerpt(failure.message);
        format!("pod {} container {}: {reason} {text}", names(&pods), failure.container)
    });
    Finding {
        pod: first.map(|failure| failure.pod),
        evidence: evidence.into_iter().collect(),
        ..Finding::fact(unit, FailureKind::StartFailure, format!("{unit} cannot start: {missing}"))
    }
}
