//! Templates that refer to objects which do not exist, before any pod has failed for it.

use foresail_core::{
    FailureKind, PlatformDuration, Reference, ReferenceKind, Timestamp, WorkloadId,
};

use super::{Finding, current_pods, starts_pods};
use crate::graph::{Graph, WorkloadRecord};

/// How long after a change the object may still be on its way: manifests are applied one by one.
const GRACE: PlatformDuration = PlatformDuration::from_seconds(3);

/// Findings for every changed workload with a reference into the void.
pub(super) fn findings(graph: &Graph, at: Timestamp) -> Vec<Finding<'_>> {
    let mut findings = Vec::new();
    for (unit, record) in graph.workloads() {
        let Some(object) = &record.object else { continue };
        let required = object.references.iter().filter(|reference| !reference.optional);
        let mut absent = required
            .filter_map(|reference| Some((reference, missing(graph, unit, reference)?)))
            .peekable();
        // Hardly a reference is missing: the pods are only looked at where one is.
        if absent.peek().is_some() && starts_pods(object) && awaits_pods(graph, unit, record, at) {
            findings.extend(absent.map(|(reference, kind)| finding(unit, reference, kind)));
        }
    }
    findings
}

/// Whether the workload has changed and its pods are not all Ready yet: a reference only matters
/// when a pod starts.
fn awaits_pods(graph: &Graph, unit: &WorkloadId, record: &WorkloadRecord, at: Timestamp) -> bool {
    let changed = record.template_changed_at.unwrap_or(record.first_seen);
    let newest = record.newest_replica_set().map(|(name, _)| name);
    at.since(changed) >= GRACE
        && !current_pods(graph, unit)
            .filter(|pod| {
                newest.is_none()
                    || pod.object.owner.as_ref().map(|owner| owner.name.as_str()) == newest
            })
            .any(crate::graph::PodRecord::is_ready)
}

/// The failure that a missing object brings; `None` where it exists or nobody can know.
fn missing(graph: &Graph, unit: &WorkloadId, reference: &Reference) -> Option<FailureKind> {
    let inventory = graph.inventory();
    match reference.kind {
        ReferenceKind::ConfigMap => {
            let known = inventory.has_config_map(&unit.namespace, &reference.name)?;
            (!known).then_some(FailureKind::StartFailure)
        }
        ReferenceKind::Claim => (inventory.claims_known()
            && inventory.claim(&unit.namespace, &reference.name).is_none())
        .then_some(FailureKind::Unschedulable),
        // Secrets are never read, so their absence shows only in the status of a pod.
        ReferenceKind::Secret => None,
    }
}

fn finding<'a>(unit: &'a WorkloadId, reference: &Reference, kind: FailureKind) -> Finding<'a> {
    let name = super::message::excerpt(&reference.name);
    let object = match reference.kind {
        ReferenceKind::ConfigMap => "ConfigMap",
        ReferenceKind::Secret => "Secret",
        ReferenceKind::Claim => "PersistentVolumeClaim",
    };
    let namespace = &unit.namespace;
    Finding {
        evidence: vec![format!("the template of {unit} refers to {object} {namespace}/{name}")],
        ..Finding::fact(
            unit,
            kind,
            format!("{unit} {}: {object} \"{name}\" does not exist", kind.phrase()),
        )
    }
}
