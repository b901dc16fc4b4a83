//! The table of features: name, group, unit, formula and what it needs. `docs/features.md` is drawn
//! from it.

/// What a feature is about; ablations leave out whole groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FeatureGroup {
    /// Levels that run toward a known limit.
    FirstPassage,
    /// Levels without a limit, against their own past.
    Growth,
    /// CPU and throttling.
    Cpu,
    /// Restarts and how the container last ended.
    Restarts,
    /// Probes of the kubelet.
    Probes,
    /// Metrics of the application itself.
    Application,
    /// Network and disk.
    Io,
    /// Log lines.
    Logs,
    /// The node that the pod runs on.
    Node,
    /// Changes of the workload.
    Change,
    /// The pod against the other pods of its workload.
    Siblings,
    /// Workloads that it calls.
    Upstream,
    /// How unlike itself the workload is.
    Unknown,
    /// How well it is observed.
    Quality,
}

/// Which way a feature may move the hazard, where physics says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Either way.
    Free,
    /// More of it never lowers the hazard.
    Up,
}

impl FeatureGroup {
    /// Every group.
    pub const ALL: &'static [Self] = &[
        Self::FirstPassage,
        Self::Growth,
        Self::Cpu,
        Self::Restarts,
        Self::Probes,
        Self::Application,
        Self::Io,
        Self::Logs,
        Self::Node,
        Self::Change,
        Self::Siblings,
        Self::Upstream,
        Self::Unknown,
        Self::Quality,
    ];

    /// The stable snake_case name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FirstPassage => "first_passage",
            Self::Growth => "growth",
            Self::Cpu => "cpu",
            Self::Restarts => "restarts",
            Self::Probes => "probes",
            Self::Application => "application",
            Self::Io => "io",
            Self::Logs => "logs",
            Self::Node => "node",
            Self::Change => "change",
            Self::Siblings => "siblings",
            Self::Upstream => "upstream",
            Self::Unknown => "unknown",
            Self::Quality => "quality",
        }
    }
}

macro_rules! features {
    ($($name:ident, $text:literal, $group:ident, $direction:ident, $unit:literal, $formula:literal, $needs:literal;)*) => {
        /// A feature of a pod. Minutes and hours are fault time where nothing else is said.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(usize)]
        pub enum Feature { $(#[doc = $formula] $name),* }

        impl Feature {
            /// Every feature, in the order of the row.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
            /// How many there are.
            pub const COUNT: usize = Self::ALL.len();

            /// The stable snake_case name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// What it is about.
            #[must_use]
            pub const fn group(self) -> FeatureGroup {
                match self { $(Self::$name => FeatureGroup::$group),* }
            }

            /// Which way it may move the hazard.
            #[must_use]
            pub const fn direction(self) -> Direction {
                match self { $(Self::$name => Direction::$direction),* }
            }

            /// The feature with this name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|feature| feature.as_str() == name)
            }

            /// Its unit.
            #[must_use]
            pub const fn unit(self) -> &'static str {
                match self { $(Self::$name => $unit),* }
            }

            /// How it is computed.
            #[must_use]
            pub const fn formula(self) -> &'static str {
                match self { $(Self::$name => $formula),* }
            }

            /// What it is computed from.
            #[must_use]
            pub const fn needs(self) -> &'static str {
                match self { $(Self::$name => $needs),* }
            }
        }
    };
}

features! {
    // Toward a known limit. *Score* is the probability to pass it in time to act, *urgency* 10 / (10 + median minutes to it).
    TowardOom, "toward_oom_killed", FirstPassage, Up, "probability", "Highest first-passage score toward `oom_killed`.", "any level whose limit ends so";
    TowardEviction, "toward_evicted", FirstPassage, Up, "probability", "Highest first-passage score toward `evicted`.", "any level whose limit ends so";
    TowardLivenessKill, "toward_liveness_kill", FirstPassage, Up, "probability", "Highest first-passage score toward `liveness_kill`.", "any level whose limit ends so";
    TowardErrorExit, "toward_error_exit", FirstPassage, Up, "probability", "Highest first-passage score toward `error_exit`.", "any level whose limit ends so";
    TowardNotReady, "toward_not_ready", FirstPassage, Up, "probability", "Highest first-passage score toward `not_ready`.", "any level whose limit ends so";
    MemoryShare, "memory_share", FirstPassage, Up, "share of limit", "Memory level over its limit.", "memory_working_set, memory_limit";
    MemoryScore, "memory_score", FirstPassage, Up, "probability", "First-passage score of memory.", "memory_working_set, memory_limit";
    MemoryUrgency, "memory_urgency", FirstPassage, Up, "1", "First-passage urgency of memory.", "memory_working_set, memory_limit";
    DescriptorShare, "descriptor_share", FirstPassage, Up, "share of limit", "Open file descriptors over their limit.", "file_descriptors, file_descriptor_limit";
    DescriptorScore, "descriptor_score", FirstPassage, Up, "probability", "First-passage score of file descriptors.", "file_descriptors, file_descriptor_limit";
    DescriptorUrgency, "descriptor_urgency", FirstPassage, Up, "1", "First-passage urgency of file descriptors.", "file_descriptors, file_descriptor_limit";
    ThreadShare, "thread_share", FirstPassage, Up, "share of limit", "Threads over the pids limit.", "threads, thread_limit";
    ThreadScore, "thread_score", FirstPassage, Up, "probability", "First-passage score of threads.", "threads, thread_limit";
    PoolShare, "pool_share", FirstPassage, Up, "share of limit", "Connections of a pool over its size.", "pool_in_use, pool_limit";
    PoolScore, "pool_score", FirstPassage, Up, "probability", "First-passage score of the pool.", "pool_in_use, pool_limit";
    PoolUrgency, "pool_urgency", FirstPassage, Up, "1", "First-passage urgency of the pool.", "pool_in_use, pool_limit";
    StorageShare, "storage_share", FirstPassage, Up, "share of limit", "Ephemeral storage or emptyDir over its limit.", "ephemeral_storage, empty_dir_used, volume specs";
    StorageScore, "storage_score", FirstPassage, Up, "probability", "First-passage score of storage.", "ephemeral_storage, empty_dir_used, volume specs";
    StorageUrgency, "storage_urgency", FirstPassage, Up, "1", "First-passage urgency of storage.", "ephemeral_storage, empty_dir_used, volume specs";
    LatencyPassage, "latency_passage", FirstPassage, Up, "score", "Mean probe time toward the probe's timeout: (share of the way come)^¾ · √(share of the timeout) · steadiness · exp(−minutes left / 100).", "probe_seconds, probes, pod spec (else 1 s)";
    TaskRunaway, "task_runaway", FirstPassage, Up, "score", "Goroutines or their like without a limit: (ln(now / least of 2 h) − 1) / 2.5, within 0 and 0.6.", "runtime_tasks";
    ThreadRunaway, "thread_runaway", FirstPassage, Up, "score", "Threads without a limit: (ln(now / least of 2 h) − 1) / 2.5, within 0 and 0.6.", "threads";
    StorageRunaway, "storage_runaway", FirstPassage, Up, "score", "Storage without a limit: (ln(now / least of 2 h) − 2) / 3, within 0 and 0.6.", "ephemeral_storage, empty_dir_used";
    BestProgress, "best_progress", FirstPassage, Free, "share", "How far the strongest forecast's growth has come on its way to the limit.", "any level with a limit";
    BestSteadiness, "best_steadiness", FirstPassage, Free, "share", "How well a steady growth explains the strongest forecast's window.", "any level with a limit";
    BestRecency, "best_recency", FirstPassage, Free, "share", "How much of the strongest forecast's growth its last third still shows.", "any level with a limit";
    BestSaturating, "best_saturating", FirstPassage, Free, "weight", "AICc weight of the saturating shape in the strongest forecast.", "any level with a limit";
    BestFollowsLoad, "best_follows_load", FirstPassage, Free, "weight", "AICc weight of the shape with load in the strongest forecast.", "any level with a limit, requests";
    // Against its own past: *growth* is ln(now / least of 2 h), *recent growth* ln(now / 10 min ago).
    MemoryGrowth, "memory_growth", Growth, Free, "ln ratio", "Growth of memory.", "memory_working_set";
    MemoryRecentGrowth, "memory_recent_growth", Growth, Free, "ln ratio", "Recent growth of memory.", "memory_working_set";
    HeapGrowth, "heap_growth", Growth, Free, "ln ratio", "Growth of the heap.", "heap_in_use";
    DescriptorGrowth, "descriptor_growth", Growth, Up, "ln ratio", "Growth of file descriptors.", "file_descriptors";
    DescriptorRecentGrowth, "descriptor_recent_growth", Growth, Free, "ln ratio", "Recent growth of file descriptors.", "file_descriptors";
    ThreadGrowth, "thread_growth", Growth, Up, "ln ratio", "Growth of threads.", "threads";
    ThreadRecentGrowth, "thread_recent_growth", Growth, Free, "ln ratio", "Recent growth of threads.", "threads";
    TaskGrowth, "task_growth", Growth, Up, "ln ratio", "Growth of goroutines or their like.", "runtime_tasks";
    TaskRecentGrowth, "task_recent_growth", Growth, Free, "ln ratio", "Recent growth of goroutines or their like.", "runtime_tasks";
    InFlightGrowth, "in_flight_growth", Growth, Up, "ln ratio", "Growth of requests in flight (one added).", "requests_in_flight";
    PoolGrowth, "pool_growth", Growth, Free, "ln ratio", "Growth of connections in use (one added).", "pool_in_use";
    StorageGrowth, "storage_growth", Growth, Up, "ln ratio", "Growth of storage (1 MiB added).", "ephemeral_storage, empty_dir_used";
    StorageRecentGrowth, "storage_recent_growth", Growth, Free, "ln ratio", "Recent growth of storage (1 MiB added).", "ephemeral_storage, empty_dir_used";
    // Rates are decayed with half-lives of 2, 10 and 60 min.
    CpuOfLimit, "cpu_of_limit", Cpu, Free, "share", "CPU used over 2 min, over the limit.", "cpu_usage, cpu_limit";
    CpuOfRequest, "cpu_of_request", Cpu, Free, "share", "CPU used over 10 min, over the request.", "cpu_usage, cpu_request";
    Throttled, "throttled", Cpu, Free, "share", "Throttled periods over periods, 2 min.", "cpu_throttled_periods, cpu_periods";
    ThrottledLong, "throttled_long", Cpu, Free, "share", "Throttled periods over periods, 10 min.", "cpu_throttled_periods, cpu_periods";
    CpuGrowth, "cpu_growth", Cpu, Free, "ln ratio", "CPU used over 2 min against 60 min.", "cpu_usage";
    MemoryFailures, "memory_failures", Cpu, Free, "ln(1 + per minute)", "Allocations that hit the limit, 10 min.", "memory_failures";
    RestartsShort, "restarts_10_min", Restarts, Up, "count", "Restarts of the pod within 10 min.", "pod status";
    RestartsLong, "restarts_1_h", Restarts, Up, "count", "Restarts of the pod within 1 h.", "pod status";
    EndedByMemory, "ended_by_memory", Restarts, Free, "0 or 1", "Whether a container of it last ended OOM-killed.", "pod status";
    EndedByError, "ended_by_error", Restarts, Free, "0 or 1", "Whether a container of it last ended with an error of its own.", "pod status";
    SinceFailure, "since_failure", Restarts, Free, "1", "30 / (30 + minutes since the workload's last known failure); 0 without one.", "pod status, events";
    Age, "age", Restarts, Free, "s of wall time", "Age of the youngest container, at most 120 s.", "pod status";
    LivenessFailures, "liveness_failures", Probes, Up, "per minute", "Failed liveness and startup probes, 2 min.", "liveness_failures";
    LivenessFailuresLong, "liveness_failures_long", Probes, Up, "per minute", "Failed liveness and startup probes, 10 min.", "liveness_failures";
    ReadinessFailures, "readiness_failures", Probes, Up, "per minute", "Failed readiness probes, 2 min.", "readiness_failures";
    ReadinessFailuresLong, "readiness_failures_long", Probes, Up, "per minute", "Failed readiness probes, 10 min.", "readiness_failures";
    ProbeLatency, "probe_latency", Probes, Up, "share of timeout", "Mean probe time over 2 min, over the probe's timeout.", "probe_seconds, probes, pod spec (else 1 s)";
    ProbeLatencyGrowth, "probe_latency_growth", Probes, Up, "ln ratio", "Mean probe time over 2 min against 60 min.", "probe_seconds, probes";
    ProbeLatencyTrend, "probe_latency_trend", Probes, Up, "ln ratio", "Mean probe time over 10 min against 60 min.", "probe_seconds, probes";
    RequestGrowth, "request_growth", Application, Free, "ln ratio", "Requests over 2 min against 60 min.", "requests";
    ErrorShare, "error_share", Application, Up, "share", "Failed requests over requests, 2 min.", "request_errors, requests";
    ErrorShareLong, "error_share_long", Application, Up, "share", "Failed requests over requests, 10 min.", "request_errors, requests";
    ErrorGrowth, "error_growth", Application, Up, "share", "Failed requests over requests, 10 min less 60 min.", "request_errors, requests";
    LatencyGrowth, "latency_growth", Application, Up, "ln ratio", "Mean request time over 2 min against 60 min.", "request_seconds, requests_timed";
    LatencyTrend, "latency_trend", Application, Up, "ln ratio", "Mean request time over 10 min against 60 min.", "request_seconds, requests_timed";
    LatencyOfTimeout, "latency_of_timeout", Application, Free, "share of timeout", "Mean request time over 2 min, over the readiness or liveness timeout.", "request_seconds, requests_timed, pod spec (else 1 s)";
    SlowShare, "slow_share", Application, Up, "share", "Requests slower than 250 ms, 2 min.", "latency histogram";
    VerySlowShare, "very_slow_share", Application, Up, "share", "Requests slower than 1 s, 2 min.", "latency histogram";
    SlowGrowth, "slow_growth", Application, Up, "share", "Requests slower than 250 ms, 10 min less 60 min.", "latency histogram";
    UpstreamErrorShare, "upstream_error_share", Application, Free, "share", "Failed calls to other services over calls, 2 min.", "upstream_errors, upstream_requests";
    UpstreamErrorGrowth, "upstream_error_growth", Application, Free, "share", "Failed calls over calls, 10 min less 60 min.", "upstream_errors, upstream_requests";
    RetryShare, "retry_share", Application, Free, "share", "Calls tried again over calls, 2 min.", "upstream_retries, upstream_requests";
    ReceivedGrowth, "received_growth", Io, Free, "ln ratio", "Bytes received over 2 min against 60 min.", "network_received";
    SentGrowth, "sent_growth", Io, Free, "ln ratio", "Bytes sent over 2 min against 60 min.", "network_sent";
    NetworkFaults, "network_faults", Io, Free, "ln(1 + per minute)", "Packets dropped or with errors, 10 min.", "network_drops, network_errors";
    WrittenGrowth, "written_growth", Io, Free, "ln ratio", "Bytes written over 2 min against 60 min.", "disk_written";
    LogErrorGrowth, "log_error_growth", Logs, Free, "ln ratio", "Errors counted by the application over 2 min against 60 min.", "log_errors";
    LogErrors, "log_errors", Logs, Free, "ln(1 + per minute)", "Errors counted by the application, 10 min.", "log_errors";
    ErrorLines, "error_lines", Logs, Free, "ln(1 + per minute)", "Log lines of level error or worse, 10 min.", "log lines";
    ErrorLineGrowth, "error_line_growth", Logs, Free, "ln ratio", "Log lines of level error or worse, 10 min against 60 min.", "log lines";
    WarningLines, "warning_lines", Logs, Free, "ln(1 + per minute)", "Log lines of level warning, 10 min.", "log lines";
    WarningLineGrowth, "warning_line_growth", Logs, Free, "ln ratio", "Log lines of level warning, 10 min against 60 min.", "log lines";
    NewTemplates, "new_templates", Logs, Free, "count", "Kinds of warnings and errors never seen before in this pod, within 10 min.", "log lines";
    WarningEvents, "warning_events", Logs, Free, "ln(1 + per minute)", "Kubernetes Events of type Warning about the pod, 10 min.", "events";
    NodeUnready, "node_unready", Node, Free, "share", "Pods on its node that are not Ready, the pod itself left out.", "pod status";
    NodeBusy, "node_busy", Node, Free, "share", "CPU time not idle on its node, 10 min.", "node_cpu_total, node_cpu_idle";
    NodeIoWait, "node_io_wait", Node, Free, "share", "CPU time waiting for I/O on its node, 10 min.", "node_cpu_total, node_io_wait";
    NodeMemoryUsed, "node_memory_used", Node, Free, "share", "Memory used on its node.", "node_memory_available, node_memory_total";
    SinceChange, "since_change", Change, Free, "1", "30 / (30 + minutes since the workload's template changed); 0 without a change.", "workload objects";
    ReadyShare, "ready_share", Change, Free, "share", "Pods of the workload that are Ready, over its pods.", "pod status";
    IsReady, "is_ready", Change, Free, "0 or 1", "Whether the pod is Ready.", "pod status";
    Alike, "alike", Siblings, Free, "share", "Other pods of the workload whose strongest first-passage score is above 0.2.", "any level with a limit";
    SiblingMemory, "sibling_memory", Siblings, Free, "share of limit", "Memory over its limit, less the median of the other pods.", "memory_working_set, memory_limit";
    SiblingCpu, "sibling_cpu", Siblings, Free, "share", "CPU over its limit, less the median of the other pods.", "cpu_usage, cpu_limit";
    SiblingErrors, "sibling_errors", Siblings, Free, "share", "Share of failed requests, less the median of the other pods.", "request_errors, requests";
    SiblingLatency, "sibling_latency", Siblings, Free, "ln ratio", "Mean request time against the median of the other pods.", "request_seconds, requests_timed";
    SiblingTasks, "sibling_tasks", Siblings, Free, "ln ratio", "Growth of goroutines or their like, less the median of the other pods.", "runtime_tasks";
    SiblingDescriptors, "sibling_descriptors", Siblings, Free, "ln ratio", "Growth of file descriptors, less the median of the other pods.", "file_descriptors";
    OldSetMemory, "old_set_memory", Siblings, Free, "share of limit", "Memory over its limit, less the median of the pods of other ReplicaSets of the workload.", "memory_working_set, memory_limit, owners";
    OldSetErrors, "old_set_errors", Siblings, Free, "share", "Share of failed requests, less the median of the pods of other ReplicaSets of the workload.", "request_errors, requests, owners";
    OldSetLatency, "old_set_latency", Siblings, Free, "ln ratio", "Mean request time against the median of the pods of other ReplicaSets of the workload.", "request_seconds, requests_timed, owners";
    CalleeErrors, "callee_errors", Upstream, Free, "share", "Highest share of failed requests among the pods of called workloads, 10 min.", "call edges, request_errors, requests";
    CalleeLatency, "callee_latency", Upstream, Free, "ln ratio", "Highest latency trend among the pods of called workloads.", "call edges, request_seconds, requests_timed";
    CalleeProbeLatency, "callee_probe_latency", Upstream, Free, "share of timeout", "Highest mean probe time over its timeout among the pods of called workloads.", "call edges, probe_seconds, probes";
    CalleeReady, "callee_ready", Upstream, Free, "share", "Lowest share of Ready pods among called workloads.", "call edges, pod status";
    UnusualLargest, "unusual_largest", Unknown, Free, "spreads", "Smoothed largest deviation of the workload from its own past (`docs/unknown-failures.md`).", "any feature that is watched";
    UnusualBreadth, "unusual_breadth", Unknown, Free, "ln(1 + spreads²)", "Smoothed mean squared deviation of the workload from its own past.", "any feature that is watched";
    UnusualUnexplained, "unusual_unexplained", Unknown, Free, "ln(1 + ratio)", "What the workload's usual correlations do not explain.", "any feature that is watched";
    Staleness, "staleness", Quality, Free, "intervals", "Scrape intervals since the newest sample of its memory, heap, descriptors, tasks or requests in flight, at most 20.", "any sample";
}
