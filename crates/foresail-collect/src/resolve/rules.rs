//! The table of metric names: which families can give which quantity, the best source first.
//!
//! The position among the rules of one quantity is the precedence. A rule filters on what a series
//! is (its labels), never on the name of a scrape job.

use foresail_core::Quantity::{self, *};

/// Which exporter family a rule reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Cadvisor,
    KubeletResource,
    Kubelet,
    Prober,
    KubeStateMetrics,
    Application,
    NodeExporter,
    EphemeralStorage,
}

/// Which series of a family count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// All of them.
    Any,
    /// Label has this value.
    Is(&'static str, &'static str),
    /// Both labels have these values.
    Both([(&'static str, &'static str); 2]),
    /// cAdvisor's own: there is an `id`.
    HasId,
    /// Any of the labels that carry a response code is there.
    HasCode,
    /// `device` is not virtual (loopback, bridges, virtual Ethernet, RAM disks).
    Physical,
    /// The filesystem that the kubelet uses, else the root; never a RAM disk.
    Filesystem,
}

/// What of a series' value counts towards the quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Share {
    /// All of it.
    Whole,
    /// Of all, those that the server failed; the rest counts as zero, so that no error is a fact.
    ServerErrors,
    /// Of all, those that did not succeed for the caller; the rest counts as zero.
    ClientFailures,
    /// Of all, those of level error or worse.
    ErrorLevels,
    /// Of all, failed liveness and startup probes.
    FailedLiveness,
    /// Of all, failed readiness probes.
    FailedReadiness,
}

/// One way to get one quantity.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    pub(crate) quantity: Quantity,
    /// Families that are summed.
    pub(crate) metrics: &'static [&'static str],
    pub(crate) origin: Origin,
    pub(crate) guard: Guard,
    pub(crate) share: Share,
    pub(crate) factor: f64,
}

/// A latency histogram; gives the seven `RequestsWithin…` quantities.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Histogram {
    pub(crate) metric: &'static str,
    pub(crate) guard: Guard,
    /// Seconds per unit of its bounds.
    pub(crate) unit: f64,
}

/// Our bounds in seconds; the eighth, everything, is [`RequestsTimed`].
pub(crate) const BOUNDS: [(f64, Quantity); 7] = [
    (0.01, RequestsWithin10Ms),
    (0.05, RequestsWithin50Ms),
    (0.1, RequestsWithin100Ms),
    (0.25, RequestsWithin250Ms),
    (0.5, RequestsWithin500Ms),
    (1.0, RequestsWithin1S),
    (2.5, RequestsWithin2500Ms),
];

const DESTINATION: Guard = Guard::Is("reporter", "destination");
const SOURCE: Guard = Guard::Is("reporter", "source");

/// Latency histograms, the best first.
pub(crate) const HISTOGRAMS: &[Histogram] = &[
    Histogram { metric: "http_request_duration_seconds_bucket", guard: Guard::Any, unit: 1.0 },
    Histogram { metric: "http_server_requests_seconds_bucket", guard: Guard::Any, unit: 1.0 },
    Histogram {
        metric: "http_server_request_duration_seconds_bucket",
        guard: Guard::Any,
        unit: 1.0,
    },
    Histogram { metric: "http_server_duration_milliseconds_bucket", guard: Guard::Any, unit: 1e-3 },
    Histogram { metric: "request_duration_seconds_bucket", guard: Guard::Any, unit: 1.0 },
    Histogram {
        metric: "flask_http_request_duration_seconds_bucket",
        guard: Guard::Any,
        unit: 1.0,
    },
    Histogram { metric: "grpc_server_handling_seconds_bucket", guard: Guard::Any, unit: 1.0 },
    Histogram {
        metric: "istio_request_duration_milliseconds_bucket",
        guard: DESTINATION,
        unit: 1e-3,
    },
];

const fn rule(quantity: Quantity, origin: Origin, metrics: &'static [&'static str]) -> Rule {
    Rule { quantity, metrics, origin, guard: Guard::Any, share: Share::Whole, factor: 1.0 }
}

const fn cadvisor(quantity: Quantity, metrics: &'static [&'static str]) -> Rule {
    rule(quantity, Origin::Cadvisor, metrics)
}

const fn app(quantity: Quantity, metrics: &'static [&'static str]) -> Rule {
    rule(quantity, Origin::Application, metrics)
}

const fn node(quantity: Quantity, metrics: &'static [&'static str]) -> Rule {
    rule(quantity, Origin::NodeExporter, metrics)
}

impl Rule {
    const fn when(mut self, guard: Guard) -> Self {
        self.guard = guard;
        self
    }

    const fn only(mut self, share: Share) -> Self {
        self.share = share;
        self
    }

    const fn times(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }
}

/// Every rule; those of one quantity in order of precedence.
pub(crate) const RULES: &[Rule] = &[
    // Memory. cAdvisor carries an `id`; the same family without it is the kubelet's resource endpoint.
    cadvisor(MemoryWorkingSet, &["container_memory_working_set_bytes"]).when(Guard::HasId),
    rule(MemoryWorkingSet, Origin::KubeletResource, &["container_memory_working_set_bytes"]),
    app(MemoryWorkingSet, &["process_resident_memory_bytes"]),
    cadvisor(MemoryRss, &["container_memory_rss"]),
    app(MemoryRss, &["process_resident_memory_bytes"]),
    app(HeapInUse, &["go_memstats_heap_inuse_bytes"]),
    app(HeapInUse, &["jvm_memory_used_bytes"]).when(Guard::Is("area", "heap")),
    app(HeapInUse, &["jvm_memory_bytes_used"]).when(Guard::Is("area", "heap")),
    app(HeapInUse, &["nodejs_heap_size_used_bytes"]),
    app(HeapInUse, &["process_runtime_go_mem_heap_inuse_bytes"]),
    cadvisor(MemoryFailures, &["container_memory_failcnt"]),
    cadvisor(MemoryFailures, &["container_memory_failures_total"])
        .when(Guard::Both([("failure_type", "pgmajfault"), ("scope", "container")])),
    // Descriptors are limited per process, so the process that exports itself comes first.
    app(FileDescriptors, &["process_open_fds"]),
    app(FileDescriptors, &["process_files_open_files", "process_open_file_descriptor_count"]),
    cadvisor(FileDescriptors, &["container_file_descriptors"]),
    app(FileDescriptorLimit, &["process_max_fds"]),
    app(FileDescriptorLimit, &["process_files_max_files"]),
    cadvisor(FileDescriptorLimit, &["container_ulimits_soft"])
        .when(Guard::Is("ulimit", "max_open_files")),
    // Threads, processes, tasks.
    cadvisor(Threads, &["container_threads"]),
    app(Threads, &["jvm_threads_live_threads"]),
    app(Threads, &["jvm_threads_current"]),
    app(Threads, &["process_threads"]),
    app(Threads, &["go_threads"]),
    app(Threads, &["python_threads"]),
    cadvisor(ThreadLimit, &["container_threads_max"]),
    cadvisor(Processes, &["container_processes"]),
    app(RuntimeTasks, &["go_goroutines"]),
    app(RuntimeTasks, &["process_runtime_go_goroutines"]),
    app(RuntimeTasks, &["nodejs_active_handles_total"]),
    cadvisor(Sockets, &["container_sockets"]),
    // Connection pools.
    app(PoolInUse, &["db_pool_in_use"]),
    app(PoolInUse, &["hikaricp_connections_active"]),
    app(PoolInUse, &["jdbc_connections_active"]),
    app(PoolInUse, &["go_sql_in_use_connections"]),
    app(PoolInUse, &["go_sql_stats_connections_in_use"]),
    app(PoolInUse, &["db_client_connections_usage"]).when(Guard::Is("state", "used")),
    app(PoolInUse, &["pgbouncer_pools_server_active_connections"]),
    app(PoolLimit, &["db_pool_max"]),
    app(PoolLimit, &["hikaricp_connections_max"]),
    app(PoolLimit, &["jdbc_connections_max"]),
    app(PoolLimit, &["go_sql_max_open_connections"]),
    app(PoolLimit, &["go_sql_stats_connections_max_open"]),
    app(PoolLimit, &["db_client_connections_max"]),
    app(PoolLimit, &["pgbouncer_databases_pool_size"]),
    // Storage of a pod. Recordings bring these in `volumes.parquet`, which comes before any metric.
    rule(EphemeralStorage, Origin::EphemeralStorage, &["ephemeral_storage_pod_usage"]),
    rule(EphemeralStorageLimit, Origin::KubeStateMetrics, &["kube_pod_container_resource_limits"])
        .when(Guard::Is("resource", "ephemeral_storage")),
    // Limits and requests: the cgroup's own limit before what the API asked for.
    cadvisor(MemoryLimit, &["container_spec_memory_limit_bytes"]),
    rule(MemoryLimit, Origin::KubeStateMetrics, &["kube_pod_container_resource_limits"])
        .when(Guard::Is("resource", "memory")),
    rule(MemoryRequest, Origin::KubeStateMetrics, &["kube_pod_container_resource_requests"])
        .when(Guard::Is("resource", "memory")),
    rule(CpuLimit, Origin::KubeStateMetrics, &["kube_pod_container_resource_limits"])
        .when(Guard::Is("resource", "cpu")),
    rule(CpuRequest, Origin::KubeStateMetrics, &["kube_pod_container_resource_requests"])
        .when(Guard::Is("resource", "cpu")),
    cadvisor(ContainerStart, &["container_start_time_seconds"]).when(Guard::HasId),
    rule(ContainerStart, Origin::KubeletResource, &["container_start_time_seconds"]),
    rule(ContainerStart, Origin::KubeStateMetrics, &["kube_pod_container_state_started"]),
    app(ContainerStart, &["process_start_time_seconds"]),
    // CPU.
    cadvisor(CpuUsage, &["container_cpu_usage_seconds_total"]).when(Guard::HasId),
    rule(CpuUsage, Origin::KubeletResource, &["container_cpu_usage_seconds_total"]),
    app(CpuUsage, &["process_cpu_seconds_total"]),
    cadvisor(CpuPeriods, &["container_cpu_cfs_periods_total"]),
    cadvisor(CpuThrottledPeriods, &["container_cpu_cfs_throttled_periods_total"]),
    cadvisor(CpuThrottled, &["container_cpu_cfs_throttled_seconds_total"]),
    // Disk.
    cadvisor(DiskRead, &["container_fs_reads_bytes_total"]),
    cadvisor(DiskRead, &["container_blkio_device_usage_total"])
        .when(Guard::Is("operation", "Read")),
    cadvisor(DiskWritten, &["container_fs_writes_bytes_total"]),
    cadvisor(DiskWritten, &["container_blkio_device_usage_total"])
        .when(Guard::Is("operation", "Write")),
    // Requests served.
    app(RequestsInFlight, &["http_requests_in_flight"]),
    app(RequestsInFlight, &["http_server_active_requests"]),
    app(RequestsInFlight, &["http_server_requests_active_seconds_active_count"]),
    app(RequestsInFlight, &["http_requests_in_progress"]),
    app(RequestsInFlight, &["inprogress_requests"]),
    app(Requests, &["http_requests_total"]),
    app(Requests, &["http_server_requests_seconds_count"]),
    app(Requests, &["http_server_requests_total"]),
    app(Requests, &["http_server_request_duration_seconds_count"]),
    app(Requests, &["http_server_duration_milliseconds_count"]),
    app(Requests, &["http_request_duration_seconds_count"]),
    app(Requests, &["flask_http_request_total"]),
    app(Requests, &["grpc_server_handled_total"]),
    app(Requests, &["istio_requests_total"]).when(DESTINATION),
    app(Requests, &["request_duration_seconds_count"]),
    app(RequestErrors, &["http_requests_total"]).when(Guard::HasCode).only(Share::ServerErrors),
    app(RequestErrors, &["http_server_requests_seconds_count"])
        .when(Guard::HasCode)
        .only(Share::ServerErrors),
    app(RequestErrors, &["http_server_requests_total"])
        .when(Guard::HasCode)
        .only(Share::ServerErrors),
    app(RequestErrors, &["http_server_request_duration_seconds_count"])
        .when(Guard::HasCode)
        .only(Share::ServerErrors),
    app(RequestErrors, &["http_server_duration_milliseconds_count"])
        .when(Guard::HasCode)
        .only(Share::ServerErrors),
    app(RequestErrors, &["http_request_duration_seconds_count"])
        .when(Guard::HasCode)
        .only(Share::ServerErrors),
    app(RequestErrors, &["flask_http_request_total"])
        .when(Guard::HasCode)
        .only(Share::ServerErrors),
    app(RequestErrors, &["grpc_server_handled_total"])
        .when(Guard::HasCode)
        .only(Share::ServerErrors),
    app(RequestErrors, &["istio_requests_total"]).when(DESTINATION).only(Share::ServerErrors),
    app(RequestErrors, &["request_duration_seconds_count"])
        .when(Guard::HasCode)
        .only(Share::ServerErrors),
    app(RequestSeconds, &["http_request_duration_seconds_sum"]),
    app(RequestSeconds, &["http_server_requests_seconds_sum"]),
    app(RequestSeconds, &["http_server_request_duration_seconds_sum"]),
    app(RequestSeconds, &["http_server_duration_milliseconds_sum"]).times(1e-3),
    app(RequestSeconds, &["request_duration_seconds_sum"]),
    app(RequestSeconds, &["flask_http_request_duration_seconds_sum"]),
    app(RequestSeconds, &["grpc_server_handling_seconds_sum"]),
    app(RequestSeconds, &["istio_request_duration_milliseconds_sum"]).when(DESTINATION).times(1e-3),
    app(RequestsTimed, &["http_request_duration_seconds_count"]),
    app(RequestsTimed, &["http_server_requests_seconds_count"]),
    app(RequestsTimed, &["http_server_request_duration_seconds_count"]),
    app(RequestsTimed, &["http_server_duration_milliseconds_count"]),
    app(RequestsTimed, &["request_duration_seconds_count"]),
    app(RequestsTimed, &["flask_http_request_duration_seconds_count"]),
    app(RequestsTimed, &["grpc_server_handling_seconds_count"]),
    app(RequestsTimed, &["istio_request_duration_milliseconds_count"]).when(DESTINATION),
    // Requests made to others.
    app(UpstreamRequests, &["upstream_requests_total"]),
    app(UpstreamRequests, &["http_client_requests_seconds_count"]),
    app(UpstreamRequests, &["http_client_request_duration_seconds_count"]),
    app(UpstreamRequests, &["http_client_requests_total"]),
    app(UpstreamRequests, &["grpc_client_handled_total"]),
    app(UpstreamRequests, &["istio_requests_total"]).when(SOURCE),
    app(UpstreamErrors, &["upstream_requests_total"])
        .when(Guard::HasCode)
        .only(Share::ClientFailures),
    app(UpstreamErrors, &["http_client_requests_seconds_count"])
        .when(Guard::HasCode)
        .only(Share::ClientFailures),
    app(UpstreamErrors, &["http_client_request_duration_seconds_count"])
        .when(Guard::HasCode)
        .only(Share::ClientFailures),
    app(UpstreamErrors, &["http_client_requests_total"])
        .when(Guard::HasCode)
        .only(Share::ClientFailures),
    app(UpstreamErrors, &["grpc_client_handled_total"])
        .when(Guard::HasCode)
        .only(Share::ClientFailures),
    app(UpstreamErrors, &["istio_requests_total"]).when(SOURCE).only(Share::ClientFailures),
    app(UpstreamRetries, &["upstream_retries_total"]),
    app(UpstreamRetries, &["upstream_request_retries_total"]),
    app(UpstreamRetries, &["envoy_cluster_upstream_rq_retry"]),
    // Logs and probes.
    app(LogErrors, &["log_messages_total"]).only(Share::ErrorLevels),
    app(LogErrors, &["logback_events_total"]).only(Share::ErrorLevels),
    app(LogErrors, &["log4j2_events_total"]).only(Share::ErrorLevels),
    rule(LivenessFailures, Origin::Prober, &["prober_probe_total"]).only(Share::FailedLiveness),
    rule(ReadinessFailures, Origin::Prober, &["prober_probe_total"]).only(Share::FailedReadiness),
    rule(ProbeSeconds, Origin::Prober, &["prober_probe_duration_seconds_sum"]),
    rule(Probes, Origin::Prober, &["prober_probe_duration_seconds_count"]),
    // Network of a pod.
    cadvisor(NetworkReceived, &["container_network_receive_bytes_total"]),
    cadvisor(NetworkSent, &["container_network_transmit_bytes_total"]),
    cadvisor(
        NetworkDrops,
        &[
            "container_network_receive_packets_dropped_total",
            "container_network_transmit_packets_dropped_total",
        ],
    ),
    cadvisor(
        NetworkErrors,
        &["container_network_receive_errors_total", "container_network_transmit_errors_total"],
    ),
    // Node: memory, disk, inodes.
    node(NodeMemoryAvailable, &["node_memory_MemAvailable_bytes"]),
    node(NodeMemoryTotal, &["node_memory_MemTotal_bytes"]),
    cadvisor(NodeMemoryTotal, &["machine_memory_bytes"]),
    node(NodeDiskAvailable, &["node_filesystem_avail_bytes"]).when(Guard::Filesystem),
    node(NodeDiskSize, &["node_filesystem_size_bytes"]).when(Guard::Filesystem),
    node(NodeInodesFree, &["node_filesystem_files_free"]).when(Guard::Filesystem),
    node(NodeInodes, &["node_filesystem_files"]).when(Guard::Filesystem),
    // Node: counted things and their limits.
    node(NodePids, &["node_processes_threads"]),
    node(NodePids, &["node_processes_pids"]),
    node(NodePidLimit, &["node_processes_max_threads"]),
    node(NodePidLimit, &["node_processes_max_processes"]),
    node(NodeConntrack, &["node_nf_conntrack_entries"]),
    node(NodeConntrackLimit, &["node_nf_conntrack_entries_limit"]),
    node(NodeFileDescriptors, &["node_filefd_allocated"]),
    node(NodeFileDescriptorLimit, &["node_filefd_maximum"]),
    rule(NodePods, Origin::Kubelet, &["kubelet_running_pods"]),
    rule(NodePods, Origin::Kubelet, &["kubelet_running_pod_count"]),
    rule(NodePodLimit, Origin::KubeStateMetrics, &["kube_node_status_allocatable"])
        .when(Guard::Is("resource", "pods")),
    rule(NodePodLimit, Origin::KubeStateMetrics, &["kube_node_status_allocatable_pods"]),
    node(NodeBoot, &["node_boot_time_seconds"]),
    node(NodeLoad, &["node_load1"]),
    // Node: CPU, disk, network.
    node(NodeCpuTotal, &["node_cpu_seconds_total"]),
    node(NodeCpuIdle, &["node_cpu_seconds_total"]).when(Guard::Is("mode", "idle")),
    node(NodeIoWait, &["node_cpu_seconds_total"]).when(Guard::Is("mode", "iowait")),
    node(NodeDiskRead, &["node_disk_read_bytes_total"]).when(Guard::Physical),
    node(NodeDiskWritten, &["node_disk_written_bytes_total"]).when(Guard::Physical),
    node(NodeDiskBusy, &["node_disk_io_time_seconds_total"]).when(Guard::Physical),
    node(NodeNetworkReceived, &["node_network_receive_bytes_total"]).when(Guard::Physical),
    node(NodeNetworkSent, &["node_network_transmit_bytes_total"]).when(Guard::Physical),
    node(
        NodeNetworkDrops,
        &["node_network_receive_drop_total", "node_network_transmit_drop_total"],
    )
    .when(Guard::Physical),
    node(
        NodeNetworkErrors,
        &["node_network_receive_errs_total", "node_network_transmit_errs_total"],
    )
    .when(Guard::Physical),
    node(NodeTcpRetransmits, &["node_netstat_Tcp_RetransSegs"]),
    node(NodeTcpSegmentsSent, &["node_netstat_Tcp_OutSegs"]),
    node(NodeOomKills, &["node_vmstat_oom_kill"]),
    node(NodeMajorFaults, &["node_vmstat_pgmajfault"]),
    node(NodeCpuPressure, &["node_pressure_cpu_waiting_seconds_total"]),
    node(NodeMemoryPressure, &["node_pressure_memory_waiting_seconds_total"]),
    node(NodeIoPressure, &["node_pressure_io_waiting_seconds_total"]),
    // Claims.
    rule(ClaimUsed, Origin::Kubelet, &["kubelet_volume_stats_used_bytes"]),
    rule(ClaimInodesUsed, Origin::Kubelet, &["kubelet_volume_stats_inodes_used"]),
    rule(ClaimCapacity, Origin::Kubelet, &["kubelet_volume_stats_capacity_bytes"]),
    rule(ClaimInodes, Origin::Kubelet, &["kubelet_volume_stats_inodes"]),
];

// === impl Origin ===

impl Origin {
    /// The name that reports use.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Cadvisor => "cAdvisor",
            Self::KubeletResource => "kubelet resource endpoint",
            Self::Kubelet => "kubelet",
            Self::Prober => "kubelet prober",
            Self::KubeStateMetrics => "kube-state-metrics",
            Self::Application => "application",
            Self::NodeExporter => "node-exporter",
            Self::EphemeralStorage => "ephemeral-storage exporter",
        }
    }
}

// === impl Guard ===

impl std::fmt::Display for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Any => Ok(()),
            Self::Is(label, value) => write!(f, "`{label}=\"{value}\"`"),
            Self::Both([(a, x), (b, y)]) => write!(f, "`{a}=\"{x}\",{b}=\"{y}\"`"),
            Self::HasId => f.write_str("with an `id`"),
            Self::HasCode => f.write_str("with a response code"),
            Self::Physical => f.write_str("physical devices"),
            Self::Filesystem => f.write_str("the kubelet's filesystem, else the root"),
        }
    }
}
