//! Which metric families are worth asking for, and which of them a server has.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::answer::Receive;
use crate::inventory;
use crate::resolve::{HISTOGRAMS, RULES};

/// Families of kube-state-metrics from which objects are put together.
pub(crate) const OBJECT_FAMILIES: &[&str] = &[
    "kube_daemonset_created",
    "kube_daemonset_metadata_generation",
    "kube_daemonset_status_current_number_scheduled",
    "kube_daemonset_status_desired_number_scheduled",
    "kube_daemonset_status_number_available",
    "kube_daemonset_status_number_ready",
    "kube_daemonset_status_updated_number_scheduled",
    "kube_deployment_created",
    "kube_deployment_metadata_generation",
    "kube_deployment_spec_paused",
    "kube_deployment_spec_replicas",
    "kube_deployment_status_condition",
    "kube_deployment_status_replicas",
    "kube_deployment_status_replicas_available",
    "kube_deployment_status_replicas_ready",
    "kube_deployment_status_replicas_updated",
    "kube_job_complete",
    "kube_job_created",
    "kube_job_failed",
    "kube_job_owner",
    "kube_job_status_failed",
    "kube_node_info",
    "kube_node_spec_unschedulable",
    "kube_node_status_allocatable",
    "kube_node_status_condition",
    "kube_pod_completion_time",
    "kube_pod_container_info",
    "kube_pod_container_resource_limits",
    "kube_pod_container_resource_requests",
    "kube_pod_container_state_started",
    "kube_pod_container_status_last_terminated_exitcode",
    "kube_pod_container_status_last_terminated_reason",
    "kube_pod_container_status_last_terminated_timestamp",
    "kube_pod_container_status_ready",
    "kube_pod_container_status_restarts_total",
    "kube_pod_container_status_running",
    "kube_pod_container_status_terminated",
    "kube_pod_container_status_terminated_reason",
    "kube_pod_container_status_waiting",
    "kube_pod_container_status_waiting_reason",
    "kube_pod_created",
    "kube_pod_deletion_timestamp",
    "kube_pod_info",
    "kube_pod_owner",
    "kube_pod_status_phase",
    "kube_pod_status_ready",
    "kube_pod_status_ready_time",
    "kube_pod_status_reason",
    "kube_pod_status_scheduled",
    "kube_pod_status_unschedulable",
    "kube_replicaset_created",
    "kube_replicaset_owner",
    "kube_replicaset_spec_replicas",
    "kube_replicaset_status_ready_replicas",
    "kube_replicaset_status_replicas",
    "kube_statefulset_created",
    "kube_statefulset_metadata_generation",
    "kube_statefulset_replicas",
    "kube_statefulset_status_replicas",
    "kube_statefulset_status_replicas_available",
    "kube_statefulset_status_replicas_ready",
    "kube_statefulset_status_replicas_updated",
];

/// Without these no object can be put together.
pub(crate) const NEEDED: &[&str] =
    &["kube_pod_info", "kube_pod_status_phase", "kube_pod_container_status_restarts_total"];

/// Families of which only the series that hold now are of use: one of several is 1.
pub(crate) fn is_one_of_several(family: &str) -> bool {
    matches!(
        family,
        "kube_deployment_status_condition"
            | "kube_job_complete"
            | "kube_job_failed"
            | "kube_node_status_condition"
            | "kube_pod_container_status_last_terminated_reason"
            | "kube_pod_container_status_terminated_reason"
            | "kube_pod_container_status_waiting_reason"
            | "kube_pod_status_phase"
            | "kube_pod_status_ready"
            | "kube_pod_status_reason"
            | "kube_pod_status_scheduled"
    )
}

/// Families that give samples or inventory objects.
pub(crate) fn sample_families() -> BTreeSet<&'static str> {
    let rules = RULES.iter().flat_map(|rule| rule.metrics.iter().copied());
    let histograms = HISTOGRAMS.iter().map(|histogram| histogram.metric);
    rules.chain(histograms).chain(inventory::FAMILIES.iter().copied()).collect()
}

/// Every family that is worth asking for.
pub(crate) fn all_families() -> BTreeSet<&'static str> {
    let mut families = sample_families();
    families.extend(OBJECT_FAMILIES);
    families
}

/// Keeps of all names those that are worth asking for.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) found: BTreeSet<&'static str>,
    all: BTreeSet<&'static str>,
}

// === impl Known ===

impl Known {
    pub(crate) fn new() -> Self {
        Self { found: BTreeSet::new(), all: all_families() }
    }
}

impl Receive<String> for Known {
    fn restart(&mut self) {
        self.found.clear();
    }

    fn take(&mut self, name: String) -> ControlFlow<()> {
        self.found.extend(self.all.get(name.as_str()));
        ControlFlow::Continue(())
    }
}
