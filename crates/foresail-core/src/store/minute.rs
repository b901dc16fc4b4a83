//! The rows of a minute: the tables `nodes`, `pods` and `workloads`.
//!
//! The columns are those of `docs/dataset.md`, in its order, so that live rows and a data set are the
//! same thing; NaN says missing.

use crate::time::Timestamp;
use crate::unit::WorkloadId;

use super::tick::RowLabel;
use crate::failure::FailureKind;

/// Values of a pod: summed over its containers, or counted on it.
pub const POD_COLUMNS: [&str; 62] = [
    "cpu_usage_cores",
    "cpu_limit_cores",
    "cpu_request_cores",
    "cpu_limit_share",
    "cpu_throttled_share",
    "memory_working_set_bytes",
    "memory_rss_bytes",
    "memory_limit_bytes",
    "memory_request_bytes",
    "memory_limit_share",
    "memory_failures_per_second",
    "heap_bytes",
    "network_received_bytes_per_second",
    "network_sent_bytes_per_second",
    "network_drops_per_second",
    "network_errors_per_second",
    "disk_read_bytes_per_second",
    "disk_written_bytes_per_second",
    "ephemeral_storage_bytes",
    "ephemeral_storage_limit_bytes",
    "empty_dir_bytes",
    "file_descriptors",
    "file_descriptor_limit_share",
    "threads",
    "thread_limit_share",
    "runtime_tasks",
    "sockets",
    "pool_limit_share",
    "requests_in_flight",
    "requests_per_second",
    "request_errors_per_second",
    "request_mean_seconds",
    "request_slow_share",
    "upstream_requests_per_second",
    "upstream_errors_per_second",
    "upstream_retries_per_second",
    "liveness_failures_per_second",
    "readiness_failures_per_second",
    "probe_mean_seconds",
    "log_lines",
    "log_warnings",
    "log_errors",
    "restarts_10m",
    "restarts_60m",
    "event_warnings",
    "event_other",
    "event_scheduled",
    "event_failed_scheduling",
    "event_pulling",
    "event_pulled",
    "event_created",
    "event_started",
    "event_killing",
    "event_back_off",
    "event_unhealthy",
    "event_failed",
    "event_failed_mount",
    "event_failed_create_pod_sandbox",
    "event_evicted",
    "event_preempted",
    "event_node_not_ready",
    "event_taint_manager_eviction",
];

/// Values of a node.
pub const NODE_COLUMNS: [&str; 28] = [
    "node_cpu_busy_share",
    "node_io_wait_share",
    "node_load",
    "node_memory_available_bytes",
    "node_memory_total_bytes",
    "node_disk_available_bytes",
    "node_disk_size_bytes",
    "node_inodes_free",
    "node_pids",
    "node_conntrack",
    "node_file_descriptors",
    "node_pods",
    "node_disk_read_bytes_per_second",
    "node_disk_written_bytes_per_second",
    "node_disk_busy_share",
    "node_network_received_bytes_per_second",
    "node_network_sent_bytes_per_second",
    "node_network_drops_per_second",
    "node_network_errors_per_second",
    "node_tcp_retransmits_share",
    "node_oom_kills_per_second",
    "node_major_faults_per_second",
    "node_cpu_pressure_share",
    "node_memory_pressure_share",
    "node_io_pressure_share",
    "node_cpu_total_cores",
    "node_events",
    "node_warnings",
];

/// Values of a workload: of its object, and of its pods taken together.
pub const WORKLOAD_COLUMNS: [&str; 20] = [
    "deployment_replicas",
    "deployment_ready_replicas",
    "deployment_available_replicas",
    "deployment_updated_replicas",
    "deployment_events",
    "deployment_warnings",
    "deployment_pods",
    "deployment_cpu_usage_cores",
    "deployment_cpu_limit_share",
    "deployment_memory_working_set_bytes",
    "deployment_memory_limit_share",
    "deployment_network_received_bytes_per_second",
    "deployment_network_sent_bytes_per_second",
    "deployment_requests_per_second",
    "deployment_request_errors_per_second",
    "deployment_request_mean_seconds",
    "deployment_log_lines",
    "deployment_log_errors",
    "deployment_restarts_10m",
    "deployment_restarts_60m",
];

/// One value a column of [`POD_COLUMNS`].
pub type PodValues = [f32; POD_COLUMNS.len()];
/// One value a column of [`NODE_COLUMNS`].
pub type NodeValues = [f32; NODE_COLUMNS.len()];
/// One value a column of [`WORKLOAD_COLUMNS`].
pub type WorkloadValues = [f32; WORKLOAD_COLUMNS.len()];

/// Every object's row of one minute.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Minute {
    /// End of the minute.
    pub at: Timestamp,
    /// A row a node.
    pub nodes: Vec<NodeRow>,
    /// A row a pod; values of its node and workload are joined from the others.
    pub pods: Vec<PodRow>,
    /// A row a workload.
    pub workloads: Vec<WorkloadRow>,
}

/// A node in one minute.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeRow {
    /// Its name.
    pub node: String,
    /// Its values.
    pub values: NodeValues,
}

/// A pod in one minute.
#[derive(Clone, Debug, PartialEq)]
pub struct PodRow {
    /// Name of the pod; its namespace is the workload's.
    pub pod: String,
    /// Its node, once it has one.
    pub node: Option<String>,
    /// What owns it.
    pub workload: WorkloadId,
    /// Its values.
    pub values: PodValues,
}

/// A workload in one minute.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkloadRow {
    /// The workload.
    pub workload: WorkloadId,
    /// Its values.
    pub values: WorkloadValues,
}

/// A row of `pods` as it is kept: with what it was joined with, and its label once known.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredPodRow {
    /// The pod.
    pub row: PodRow,
    /// Values of its node; NaN where the minute had no row of it.
    pub node_values: NodeValues,
    /// Values of its workload; NaN where the minute had no row of it.
    pub workload_values: WorkloadValues,
    /// What happened next, once known.
    pub label: Option<RowLabel>,
    /// The failure behind the label, and when it occurred.
    pub failure: Option<(FailureKind, Timestamp)>,
}
