//! The columns of the data set, in their order. `docs/dataset.md` lists every one; a test holds it to
//! that.

use foresail_core::Quantity as Q;

use super::measure::Measure::{self, Level, Nearest, NearestRate, Rate, Ratio, Rest, Setting};

/// Columns that say which row it is: never features.
pub const IDENTITY: [&str; 6] = ["time", "recording", "namespace", "workload", "pod", "node"];
/// Columns that say what happened next, beside the label: never features.
pub const TRUTH: [&str; 3] = ["failure_kind", "minutes_to_failure", "incident"];

/// Measured on the pod.
pub(super) const POD: [(&str, Measure); 39] = [
    ("cpu_usage_cores", Rate(Q::CpuUsage)),
    ("cpu_limit_cores", Setting(Q::CpuLimit)),
    ("cpu_request_cores", Setting(Q::CpuRequest)),
    ("cpu_limit_share", NearestRate(Q::CpuUsage, Q::CpuLimit)),
    ("cpu_throttled_share", Ratio(Q::CpuThrottledPeriods, Q::CpuPeriods)),
    ("memory_working_set_bytes", Level(Q::MemoryWorkingSet)),
    ("memory_rss_bytes", Level(Q::MemoryRss)),
    ("memory_limit_bytes", Setting(Q::MemoryLimit)),
    ("memory_request_bytes", Setting(Q::MemoryRequest)),
    ("memory_limit_share", Nearest(Q::MemoryWorkingSet, Q::MemoryLimit)),
    ("memory_failures_per_second", Rate(Q::MemoryFailures)),
    ("heap_bytes", Level(Q::HeapInUse)),
    ("network_received_bytes_per_second", Rate(Q::NetworkReceived)),
    ("network_sent_bytes_per_second", Rate(Q::NetworkSent)),
    ("network_drops_per_second", Rate(Q::NetworkDrops)),
    ("network_errors_per_second", Rate(Q::NetworkErrors)),
    ("disk_read_bytes_per_second", Rate(Q::DiskRead)),
    ("disk_written_bytes_per_second", Rate(Q::DiskWritten)),
    ("ephemeral_storage_bytes", Level(Q::EphemeralStorage)),
    ("ephemeral_storage_limit_bytes", Setting(Q::EphemeralStorageLimit)),
    ("empty_dir_bytes", Level(Q::EmptyDirUsed)),
    ("file_descriptors", Level(Q::FileDescriptors)),
    ("file_descriptor_limit_share", Nearest(Q::FileDescriptors, Q::FileDescriptorLimit)),
    ("threads", Level(Q::Threads)),
    ("thread_limit_share", Nearest(Q::Threads, Q::ThreadLimit)),
    ("runtime_tasks", Level(Q::RuntimeTasks)),
    ("sockets", Level(Q::Sockets)),
    ("pool_limit_share", Nearest(Q::PoolInUse, Q::PoolLimit)),
    ("requests_in_flight", Level(Q::RequestsInFlight)),
    ("requests_per_second", Rate(Q::Requests)),
    ("request_errors_per_second", Rate(Q::RequestErrors)),
    ("request_mean_seconds", Ratio(Q::RequestSeconds, Q::RequestsTimed)),
    ("request_slow_share", Rest(Q::RequestsWithin250Ms, Q::RequestsTimed)),
    ("upstream_requests_per_second", Rate(Q::UpstreamRequests)),
    ("upstream_errors_per_second", Rate(Q::UpstreamErrors)),
    ("upstream_retries_per_second", Rate(Q::UpstreamRetries)),
    ("liveness_failures_per_second", Rate(Q::LivenessFailures)),
    ("readiness_failures_per_second", Rate(Q::ReadinessFailures)),
    ("probe_mean_seconds", Ratio(Q::ProbeSeconds, Q::Probes)),
];

/// Counted on the pod over the minute, or over the minutes that the name says.
pub(super) const COUNTED: [&str; 7] = [
    "log_lines",
    "log_warnings",
    "log_errors",
    "restarts_10m",
    "restarts_60m",
    "event_warnings",
    "event_other",
];

/// Events about the pod over the minute, by reason: those of the kubelet and the scheduler that say
/// something of its health or start (`pkg/kubelet/events/event.go` of Kubernetes 1.34).
pub(super) const REASONS: [(&str, &str); 16] = [
    ("Scheduled", "event_scheduled"),
    ("FailedScheduling", "event_failed_scheduling"),
    ("Pulling", "event_pulling"),
    ("Pulled", "event_pulled"),
    ("Created", "event_created"),
    ("Started", "event_started"),
    ("Killing", "event_killing"),
    ("BackOff", "event_back_off"),
    ("Unhealthy", "event_unhealthy"),
    ("Failed", "event_failed"),
    ("FailedMount", "event_failed_mount"),
    ("FailedCreatePodSandBox", "event_failed_create_pod_sandbox"),
    ("Evicted", "event_evicted"),
    ("Preempted", "event_preempted"),
    ("NodeNotReady", "event_node_not_ready"),
    ("TaintManagerEviction", "event_taint_manager_eviction"),
];

/// Measured on the node of the pod.
pub(super) const NODE: [(&str, Measure); 26] = [
    ("node_cpu_busy_share", Rest(Q::NodeCpuIdle, Q::NodeCpuTotal)),
    ("node_io_wait_share", Ratio(Q::NodeIoWait, Q::NodeCpuTotal)),
    ("node_load", Setting(Q::NodeLoad)),
    ("node_memory_available_bytes", Level(Q::NodeMemoryAvailable)),
    ("node_memory_total_bytes", Setting(Q::NodeMemoryTotal)),
    ("node_disk_available_bytes", Level(Q::NodeDiskAvailable)),
    ("node_disk_size_bytes", Setting(Q::NodeDiskSize)),
    ("node_inodes_free", Level(Q::NodeInodesFree)),
    ("node_pids", Level(Q::NodePids)),
    ("node_conntrack", Level(Q::NodeConntrack)),
    ("node_file_descriptors", Level(Q::NodeFileDescriptors)),
    ("node_pods", Level(Q::NodePods)),
    ("node_disk_read_bytes_per_second", Rate(Q::NodeDiskRead)),
    ("node_disk_written_bytes_per_second", Rate(Q::NodeDiskWritten)),
    ("node_disk_busy_share", Rate(Q::NodeDiskBusy)),
    ("node_network_received_bytes_per_second", Rate(Q::NodeNetworkReceived)),
    ("node_network_sent_bytes_per_second", Rate(Q::NodeNetworkSent)),
    ("node_network_drops_per_second", Rate(Q::NodeNetworkDrops)),
    ("node_network_errors_per_second", Rate(Q::NodeNetworkErrors)),
    ("node_tcp_retransmits_share", Ratio(Q::NodeTcpRetransmits, Q::NodeTcpSegmentsSent)),
    ("node_oom_kills_per_second", Rate(Q::NodeOomKills)),
    ("node_major_faults_per_second", Rate(Q::NodeMajorFaults)),
    ("node_cpu_pressure_share", Rate(Q::NodeCpuPressure)),
    ("node_memory_pressure_share", Rate(Q::NodeMemoryPressure)),
    ("node_io_pressure_share", Rate(Q::NodeIoPressure)),
    ("node_cpu_total_cores", Rate(Q::NodeCpuTotal)),
];

/// Counted on the node over the minute.
pub(super) const NODE_COUNTED: [&str; 2] = ["node_events", "node_warnings"];

/// Of the workload's object.
pub(super) const DEPLOYMENT: [&str; 6] = [
    "deployment_replicas",
    "deployment_ready_replicas",
    "deployment_available_replicas",
    "deployment_updated_replicas",
    "deployment_events",
    "deployment_warnings",
];

/// How a column of the pods becomes one of their workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fold {
    Sum,
    Greatest,
}

/// Columns of all pods of the workload, taken together.
pub(super) const DEPLOYMENT_PODS: [(&str, &str, Fold); 13] = [
    ("deployment_cpu_usage_cores", "cpu_usage_cores", Fold::Sum),
    ("deployment_cpu_limit_share", "cpu_limit_share", Fold::Greatest),
    ("deployment_memory_working_set_bytes", "memory_working_set_bytes", Fold::Sum),
    ("deployment_memory_limit_share", "memory_limit_share", Fold::Greatest),
    (
        "deployment_network_received_bytes_per_second",
        "network_received_bytes_per_second",
        Fold::Sum,
    ),
    ("deployment_network_sent_bytes_per_second", "network_sent_bytes_per_second", Fold::Sum),
    ("deployment_requests_per_second", "requests_per_second", Fold::Sum),
    ("deployment_request_errors_per_second", "request_errors_per_second", Fold::Sum),
    ("deployment_request_mean_seconds", "request_mean_seconds", Fold::Greatest),
    ("deployment_log_lines", "log_lines", Fold::Sum),
    ("deployment_log_errors", "log_errors", Fold::Sum),
    ("deployment_restarts_10m", "restarts_10m", Fold::Sum),
    ("deployment_restarts_60m", "restarts_60m", Fold::Sum),
];

/// Pods of the workload that are not finished.
pub(super) const DEPLOYMENT_SIZE: &str = "deployment_pods";
/// Kind of the workload, the one feature that is a text.
pub(super) const DEPLOYMENT_KIND: &str = "deployment_kind";

/// The columns of a pod itself, in their order.
pub(super) fn pod_names() -> impl Iterator<Item = &'static str> {
    let measured = POD.iter().map(|(name, _)| *name);
    measured.chain(COUNTED).chain(REASONS.iter().map(|(_, name)| *name))
}

/// The columns that are numbers and features, in their order.
pub(super) fn number_names() -> Vec<&'static str> {
    let node = NODE.iter().map(|(name, _)| *name).chain(NODE_COUNTED);
    let deployment = DEPLOYMENT.into_iter().chain([DEPLOYMENT_SIZE]);
    let folded = DEPLOYMENT_PODS.iter().map(|(name, ..)| *name);
    pod_names().chain(node).chain(deployment).chain(folded).collect()
}

/// Every column that a model may use, in the order of the table.
#[must_use]
pub fn feature_names() -> Vec<&'static str> {
    let mut names = vec![DEPLOYMENT_KIND];
    names.extend(number_names());
    names
}

#[cfg(test)]
mod tests {
    use foresail_learn::tabular::{DATASET_BALANCE, DATASET_COLUMNS, DATASET_TARGET};

    use super::*;

    #[test]
    fn training_knows_the_columns_that_are_no_features() {
        let ours: Vec<&str> = IDENTITY.into_iter().chain(TRUTH).collect();
        assert_eq!(ours, DATASET_COLUMNS);
    }

    #[test]
    fn the_store_keeps_the_same_columns() {
        use foresail_core::store::{NODE_COLUMNS, POD_COLUMNS, WORKLOAD_COLUMNS};
        let kept = [&POD_COLUMNS[..], &NODE_COLUMNS, &WORKLOAD_COLUMNS].concat();
        assert_eq!(kept, number_names());
    }

    #[test]
    fn every_column_is_documented() {
        let page = include_str!("../../../../docs/dataset.md");
        let names = IDENTITY
            .into_iter()
            .chain([DATASET_TARGET, DATASET_BALANCE])
            .chain(TRUTH)
            .chain(feature_names());
        for name in names {
            assert!(page.contains(&format!("`{name}`")), "docs/dataset.md lacks `{name}`");
        }
    }

    #[test]
    fn no_name_stands_twice() {
        let names = IDENTITY
            .into_iter()
            .chain([DATASET_TARGET, DATASET_BALANCE])
            .chain(TRUTH)
            .chain(feature_names());
        let mut seen = std::collections::BTreeSet::new();
        assert_eq!(names.filter(|name| !seen.insert(*name)).collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn a_column_of_the_workload_rests_on_one_of_its_pods() {
        for (name, from, _) in DEPLOYMENT_PODS {
            assert!(pod_names().any(|own| own == from), "`{name}` rests on `{from}`");
        }
    }
}
