//! The columns: name, unit, meaning, who measures them, and how a measurement strays from the
//! truth. `docs/simulated-csv.md` is drawn from here.

use std::ops::{Index, IndexMut};

/// Who measures a column: what fails to be scraped together is missing together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// cAdvisor, in the kubelet.
    Container,
    /// The application's own metrics.
    Application,
    /// Its language runtime; some applications show none.
    Runtime,
    /// The node exporter.
    Node,
    /// kube-state-metrics and events.
    ClusterState,
    /// API server, scheduler and etcd.
    ControlPlane,
}

/// How a measurement strays from the truth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Noise {
    /// Set by somebody, not measured.
    Exact,
    /// By a factor whose logarithm has this standard deviation.
    Factor(f64),
    /// By points of a percentage with this standard deviation, within 0 to 100.
    Points(f64),
    /// A count of rare things with this mean.
    Count,
}

/// A column of numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct NumberColumn {
    pub name: &'static str,
    pub unit: &'static str,
    pub meaning: &'static str,
    pub source: Source,
    pub noise: Noise,
}

/// A column of words.
#[derive(Clone, Copy, Debug)]
pub(super) struct CategoryColumn {
    pub name: &'static str,
    pub meaning: &'static str,
    pub source: Source,
}

/// Defines an enum of columns and their catalogue in the same order.
macro_rules! numbers {
    ($($variant:ident $name:literal $unit:literal $source:ident $noise:expr, $meaning:literal;)+) => {
        /// A column of numbers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Number { $($variant),+ }

        impl Number {
            /// Every column, in their order.
            pub(super) const ALL: [Self; NUMBERS.len()] = [$(Self::$variant),+];
        }

        /// Every column of numbers, in their order.
        pub(super) const NUMBERS: &[NumberColumn] = &[$(NumberColumn {
            name: $name, unit: $unit, meaning: $meaning, source: Source::$source, noise: $noise,
        }),+];
    };
}

use Noise::{Count, Exact, Factor, Points};

numbers! {
    CpuUsageCores "num_cpu_usage_cores" "cores" Container Factor(0.05),
        "CPU that one replica uses.";
    CpuLimitCores "num_cpu_limit_cores" "cores" ClusterState Exact,
        "Its CPU limit.";
    CpuUsagePercent "num_cpu_usage_percent" "% of limit" Container Points(2.0),
        "CPU that it uses, of its limit.";
    CpuThrottledPercent "num_cpu_throttled_percent" "% of periods" Container Points(1.5),
        "CFS periods in which it was held back.";
    CpuPressurePercent "num_cpu_pressure_percent" "% of time" Container Points(1.5),
        "Time in which some task waited for CPU (PSI).";
    MemoryUsageMb "num_memory_usage_mb" "MB" Container Factor(0.02),
        "Working set of one replica.";
    MemoryLimitMb "num_memory_limit_mb" "MB" ClusterState Exact,
        "Its memory limit.";
    MemoryUsagePercent "num_memory_usage_percent" "% of limit" Container Points(1.5),
        "Working set, of the limit.";
    MemoryCacheMb "num_memory_cache_mb" "MB" Container Factor(0.08),
        "Page cache in the working set.";
    MemoryPressurePercent "num_memory_pressure_percent" "% of time" Container Points(0.8),
        "Time in which some task waited for memory (PSI).";
    MajorPageFaults "num_major_page_faults_per_second" "1/s" Container Factor(0.25),
        "Pages read back from disk.";
    GcTimePercent "num_gc_time_percent" "% of time" Runtime Points(0.7),
        "Time spent in garbage collection.";
    HeapLivePercent "num_heap_live_percent" "% of limit" Runtime Points(2.5),
        "Heap that survives a collection, of the memory limit.";
    ThreadCount "num_thread_count" "threads" Runtime Factor(0.06),
        "Threads of one replica.";
    OpenFileDescriptors "num_open_file_descriptors" "files" Runtime Factor(0.06),
        "Open files and sockets of one replica.";
    OomKillCount "num_oom_kill_count" "count in 30 min" ClusterState Count,
        "Containers killed at their memory limit.";
    PodRestartCount "num_pod_restart_count" "count in 2 h" ClusterState Exact,
        "Number of pod restarts: of the workload's containers, in the last 2 h.";
    PodReadyPercent "num_pod_ready_percent" "% of pods" ClusterState Points(2.0),
        "Percentage of the workload's pods in the ready state.";
    PodPendingCount "num_pod_pending_count" "pods" ClusterState Count,
        "Pods of the workload that wait to be started.";
    PodEvictionCount "num_pod_eviction_count" "count in 30 min" ClusterState Count,
        "Pods evicted from the node.";
    ContainerRuntimeErrors "num_container_runtime_errors" "count in 30 min" Container Count,
        "Count of container runtime errors.";
    ImagePullErrors "num_image_pull_errors" "count in 30 min" ClusterState Count,
        "Failed pulls of an image.";
    ImagePullDuration "num_image_pull_duration_seconds" "s" Container Factor(0.3),
        "Mean time of a pull.";
    ProbeFailureCount "num_probe_failure_count" "count in 30 min" Container Count,
        "Failed readiness and liveness probes.";
    ProbeDuration "num_probe_duration_ms" "ms" Container Factor(0.15),
        "Mean time of a probe.";
    RequestRate "num_request_rate" "1/s" Application Factor(0.05),
        "Requests that reach the workload.";
    LatencyP50 "num_request_latency_p50_ms" "ms" Application Factor(0.08),
        "Median time of a request.";
    LatencyP99 "num_request_latency_p99_ms" "ms" Application Factor(0.18),
        "Time that 1 % of the requests exceed.";
    ErrorPercent "num_request_error_percent" "% of requests" Application Factor(0.2),
        "Requests that end in an error.";
    TimeoutPercent "num_request_timeout_percent" "% of requests" Application Factor(0.3),
        "Requests that end in a timeout.";
    RetryPercent "num_request_retry_percent" "% of requests" Application Factor(0.2),
        "Requests that are repeated ones.";
    QueueLength "num_queue_length" "requests" Application Factor(0.2),
        "Requests in the workload, waiting or served.";
    PoolUsedPercent "num_connection_pool_used_percent" "% of pool" Application Points(3.0),
        "Connections of the pool in use.";
    PoolWait "num_connection_wait_ms" "ms" Application Factor(0.25),
        "Mean wait for a connection of the pool.";
    TlsErrors "num_tls_handshake_errors" "count in 30 min" Application Count,
        "Refused TLS handshakes.";
    NetworkReceive "num_network_receive_mbps" "Mbit/s" Container Factor(0.08),
        "Received by the workload.";
    NetworkTransmit "num_network_transmit_mbps" "Mbit/s" Container Factor(0.08),
        "Sent by the workload.";
    RoundTrip "num_network_round_trip_ms" "ms" Application Factor(0.2),
        "Mean round trip to what the workload calls.";
    Retransmits "num_tcp_retransmit_percent" "% of segments" Node Factor(0.25),
        "TCP segments sent again.";
    DroppedPackets "num_network_dropped_packets" "count in 30 min" Node Count,
        "Packets that the node dropped.";
    DnsLatency "num_dns_latency_ms" "ms" Application Factor(0.2),
        "Mean time of a DNS lookup.";
    DnsErrorPercent "num_dns_error_percent" "% of lookups" Application Factor(0.3),
        "DNS lookups that fail.";
    DiskUsedPercent "num_disk_usage_percent" "% of disk" Node Points(1.0),
        "Disk of the node in use.";
    DiskRead "num_disk_read_mbps" "MB/s" Node Factor(0.15),
        "Read by the node.";
    DiskWrite "num_disk_write_mbps" "MB/s" Node Factor(0.15),
        "Written by the node.";
    IoWaitPercent "num_disk_io_wait_percent" "% of time" Node Points(0.8),
        "Time in which tasks of the node waited for disks.";
    NodeCpuPercent "num_node_cpu_percent" "% of node" Node Points(2.0),
        "CPU of the node in use.";
    NodeMemoryPercent "num_node_memory_percent" "% of node" Node Points(1.2),
        "Memory of the node in use.";
    NodeHeartbeat "num_node_heartbeat_age_seconds" "s" ClusterState Factor(0.25),
        "Mean age of the node's last lease renewal.";
    PlegLatency "num_kubelet_pleg_latency_ms" "ms" Container Factor(0.2),
        "Mean time in which the kubelet lists its containers.";
    SchedulerLatency "num_scheduler_latency_ms" "ms" ControlPlane Factor(0.2),
        "Scheduler latency in milliseconds.";
    PendingPods "num_scheduler_pending_pods" "pods" ControlPlane Count,
        "Pods of the cluster that wait for the scheduler.";
    ApiLatency "num_api_server_latency_ms" "ms" ControlPlane Factor(0.15),
        "API server latency in milliseconds.";
    ApiErrorPercent "num_api_server_error_percent" "% of requests" ControlPlane Factor(0.3),
        "Requests that the API server answers with 5xx.";
    EtcdLatency "num_etcd_latency_ms" "ms" ControlPlane Factor(0.18),
        "etcd latency in milliseconds.";
    LogErrors "num_log_error_count" "count in 30 min" Container Count,
        "Log lines of severity error.";
    WarningEvents "num_warning_event_count" "count in 30 min" ClusterState Count,
        "Kubernetes Events of type Warning about the workload.";
    Replicas "num_replica_count" "pods" ClusterState Exact,
        "Replicas that the workload wants.";
}

/// Every column of words, in their order.
pub(super) const CATEGORIES: [CategoryColumn; 7] = [
    CategoryColumn {
        name: "cat_workload_kind",
        meaning: "`Deployment`, `StatefulSet` or `DaemonSet`.",
        source: Source::ClusterState,
    },
    CategoryColumn {
        name: "cat_runtime",
        meaning: "Language runtime: `go`, `jvm`, `node` or `python`.",
        source: Source::Application,
    },
    CategoryColumn {
        name: "cat_qos_class",
        meaning: "`Guaranteed` or `Burstable`.",
        source: Source::ClusterState,
    },
    CategoryColumn {
        name: "cat_tier",
        meaning: "`frontend`, `backend`, `worker` or `database`.",
        source: Source::ClusterState,
    },
    CategoryColumn {
        name: "cat_rollout_state",
        meaning: "`complete`, or `progressing` while pods are replaced.",
        source: Source::ClusterState,
    },
    CategoryColumn {
        name: "cat_last_termination_reason",
        meaning: "Of the workload's containers in the last 2 h: `none`, `Completed`, `Error` or `OOMKilled`.",
        source: Source::ClusterState,
    },
    CategoryColumn {
        name: "cat_node_condition",
        meaning: "`Ready`, `DiskPressure`, `MemoryPressure` or `NotReady`.",
        source: Source::ClusterState,
    },
];

/// One number a column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Readings([f64; NUMBERS.len()]);

// === impl Readings ===

impl Readings {
    pub(super) const fn new() -> Self {
        Self([0.0; NUMBERS.len()])
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = f64> {
        self.0.into_iter()
    }
}

impl Index<Number> for Readings {
    type Output = f64;

    fn index(&self, column: Number) -> &f64 {
        &self.0[column as usize]
    }
}

impl IndexMut<Number> for Readings {
    fn index_mut(&mut self, column: Number) -> &mut f64 {
        &mut self.0[column as usize]
    }
}

// === impl Source ===

impl Source {
    /// Every source.
    pub(super) const ALL: [Self; 6] = [
        Self::Container,
        Self::Application,
        Self::Runtime,
        Self::Node,
        Self::ClusterState,
        Self::ControlPlane,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Application => "application",
            Self::Runtime => "runtime",
            Self::Node => "node",
            Self::ClusterState => "cluster state",
            Self::ControlPlane => "control plane",
        }
    }
}
