//! The closed catalogue of quantities.
//!
//! Metric names, job names and label variants stop at the border: a collector resolves every series
//! to one of these. A metric that a cluster lacks leaves its quantity missing, never zero.

use serde::{Deserialize, Serialize};

/// How a quantity behaves over time, which decides how the engine keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuantityClass {
    /// A level that moves up and down; kept as rings of raw values and fault minutes.
    Level,
    /// A counter that only grows until it resets; kept as decayed rates.
    Flow,
    /// A setting or status; kept as its value and since when.
    State,
}

/// What a quantity is measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuantityScope {
    /// A container.
    Container,
    /// A pod as a whole.
    Pod,
    /// A node.
    Node,
    /// A persistent volume claim.
    Claim,
}

macro_rules! quantities {
    ($($name:ident, $text:literal, $class:ident, $scope:ident, $unit:literal, $doc:literal;)*) => {
        /// A measured quantity. Class, scope and unit are fixed per variant.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[repr(u8)]
        pub enum Quantity { $(#[doc = $doc] $name),* }

        impl Quantity {
            /// Every quantity, in catalogue order.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stable snake_case name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// How it behaves over time.
            #[must_use]
            pub const fn class(self) -> QuantityClass {
                match self { $(Self::$name => QuantityClass::$class),* }
            }

            /// What it is measured on.
            #[must_use]
            pub const fn scope(self) -> QuantityScope {
                match self { $(Self::$name => QuantityScope::$scope),* }
            }

            /// The unit of its values.
            #[must_use]
            pub const fn unit(self) -> &'static str {
                match self { $(Self::$name => $unit),* }
            }

            /// One line that says what it is.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self { $(Self::$name => $doc),* }
            }
        }
    };
}

quantities! {
    // Levels of a container.
    MemoryWorkingSet, "memory_working_set", Level, Container, "bytes", "Memory that the kernel cannot reclaim without swapping or killing.";
    MemoryRss, "memory_rss", Level, Container, "bytes", "Anonymous and swap-cache memory.";
    HeapInUse, "heap_in_use", Level, Container, "bytes", "Heap that the runtime holds (Go, JVM, Node.js).";
    FileDescriptors, "file_descriptors", Level, Container, "count", "Open file descriptors.";
    Threads, "threads", Level, Container, "count", "Operating-system threads.";
    RuntimeTasks, "runtime_tasks", Level, Container, "count", "Goroutines or their like in other runtimes.";
    Sockets, "sockets", Level, Container, "count", "Open sockets.";
    PoolInUse, "pool_in_use", Level, Container, "count", "Connections of a pool that are taken.";
    RequestsInFlight, "requests_in_flight", Level, Container, "count", "Requests being served.";
    // Level of a pod.
    EphemeralStorage, "ephemeral_storage", Level, Pod, "bytes", "Writable layer, logs and emptyDir volumes of the pod.";
    EmptyDirUsed, "empty_dir_used", Level, Pod, "bytes", "Bytes in the pod's emptyDir volumes.";
    // Settings and limits of a container.
    MemoryLimit, "memory_limit", State, Container, "bytes", "Memory limit.";
    MemoryRequest, "memory_request", State, Container, "bytes", "Memory request.";
    CpuLimit, "cpu_limit", State, Container, "cores", "CPU limit.";
    CpuRequest, "cpu_request", State, Container, "cores", "CPU request.";
    FileDescriptorLimit, "file_descriptor_limit", State, Container, "count", "Most file descriptors that the process may open.";
    ThreadLimit, "thread_limit", State, Container, "count", "Most threads or processes (pids limit).";
    PoolLimit, "pool_limit", State, Container, "count", "Size of the connection pool.";
    Processes, "processes", State, Container, "count", "Running processes.";
    ContainerStart, "container_start", State, Container, "seconds since epoch", "When the container started; a change cuts its series.";
    EphemeralStorageLimit, "ephemeral_storage_limit", State, Pod, "bytes", "Limit of the pod's ephemeral storage.";
    // Flows of a container.
    CpuUsage, "cpu_usage", Flow, Container, "seconds", "CPU time used.";
    CpuPeriods, "cpu_periods", Flow, Container, "count", "CFS enforcement periods.";
    CpuThrottledPeriods, "cpu_throttled_periods", Flow, Container, "count", "CFS periods in which the container was throttled.";
    CpuThrottled, "cpu_throttled", Flow, Container, "seconds", "Time throttled.";
    MemoryFailures, "memory_failures", Flow, Container, "count", "Times an allocation hit the memory limit, or major page faults where that is all there is.";
    DiskRead, "disk_read", Flow, Container, "bytes", "Bytes read from block devices.";
    DiskWritten, "disk_written", Flow, Container, "bytes", "Bytes written to block devices.";
    Requests, "requests", Flow, Container, "count", "Requests served, summed over route and code.";
    RequestErrors, "request_errors", Flow, Container, "count", "Requests answered with 5xx or a gRPC error.";
    RequestSeconds, "request_seconds", Flow, Container, "seconds", "Time spent serving, summed over requests.";
    RequestsWithin10Ms, "requests_within_10_ms", Flow, Container, "count", "Requests served in at most 10 ms.";
    RequestsWithin50Ms, "requests_within_50_ms", Flow, Container, "count", "Requests served in at most 50 ms.";
    RequestsWithin100Ms, "requests_within_100_ms", Flow, Container, "count", "Requests served in at most 100 ms.";
    RequestsWithin250Ms, "requests_within_250_ms", Flow, Container, "count", "Requests served in at most 250 ms.";
    RequestsWithin500Ms, "requests_within_500_ms", Flow, Container, "count", "Requests served in at most 500 ms.";
    RequestsWithin1S, "requests_within_1_s", Flow, Container, "count", "Requests served in at most 1 s.";
    RequestsWithin2500Ms, "requests_within_2500_ms", Flow, Container, "count", "Requests served in at most 2.5 s.";
    RequestsTimed, "requests_timed", Flow, Container, "count", "Requests in the latency histogram.";
    UpstreamRequests, "upstream_requests", Flow, Container, "count", "Requests made to other services.";
    UpstreamErrors, "upstream_errors", Flow, Container, "count", "Requests to other services that failed.";
    UpstreamRetries, "upstream_retries", Flow, Container, "count", "Requests to other services that were tried again.";
    LogErrors, "log_errors", Flow, Container, "count", "Log messages of level error or worse.";
    LivenessFailures, "liveness_failures", Flow, Container, "count", "Failed liveness and startup probes.";
    ReadinessFailures, "readiness_failures", Flow, Container, "count", "Failed readiness probes.";
    ProbeSeconds, "probe_seconds", Flow, Container, "seconds", "Time that probes took.";
    Probes, "probes", Flow, Container, "count", "Probes timed.";
    // Flows of a pod.
    NetworkReceived, "network_received", Flow, Pod, "bytes", "Bytes received.";
    NetworkSent, "network_sent", Flow, Pod, "bytes", "Bytes sent.";
    NetworkDrops, "network_drops", Flow, Pod, "count", "Packets dropped, both directions.";
    NetworkErrors, "network_errors", Flow, Pod, "count", "Packets with errors, both directions.";
    // A node.
    NodeMemoryAvailable, "node_memory_available", Level, Node, "bytes", "Memory available without swapping.";
    NodeDiskAvailable, "node_disk_available", Level, Node, "bytes", "Space left on the kubelet's filesystem.";
    NodeInodesFree, "node_inodes_free", Level, Node, "count", "Inodes left on the kubelet's filesystem.";
    NodePids, "node_pids", Level, Node, "count", "Processes and threads on the node.";
    NodeConntrack, "node_conntrack", Level, Node, "count", "Entries in the connection-tracking table.";
    NodeFileDescriptors, "node_file_descriptors", Level, Node, "count", "File descriptors allocated on the node.";
    NodePods, "node_pods", Level, Node, "count", "Pods running on the node.";
    NodeMemoryTotal, "node_memory_total", State, Node, "bytes", "Memory of the node.";
    NodeDiskSize, "node_disk_size", State, Node, "bytes", "Size of the kubelet's filesystem.";
    NodeInodes, "node_inodes", State, Node, "count", "Inodes of the kubelet's filesystem.";
    NodePidLimit, "node_pid_limit", State, Node, "count", "Most processes and threads on the node.";
    NodeConntrackLimit, "node_conntrack_limit", State, Node, "count", "Size of the connection-tracking table.";
    NodeFileDescriptorLimit, "node_file_descriptor_limit", State, Node, "count", "Most file descriptors on the node.";
    NodePodLimit, "node_pod_limit", State, Node, "count", "Most pods on the node.";
    NodeBoot, "node_boot", State, Node, "seconds since epoch", "When the node booted; a change cuts its series.";
    NodeLoad, "node_load", State, Node, "processes", "Load average over one minute.";
    NodeCpuTotal, "node_cpu_total", Flow, Node, "seconds", "CPU time of all modes, summed over cores.";
    NodeCpuIdle, "node_cpu_idle", Flow, Node, "seconds", "Idle CPU time, summed over cores.";
    NodeIoWait, "node_io_wait", Flow, Node, "seconds", "CPU time waiting for I/O, summed over cores.";
    NodeDiskRead, "node_disk_read", Flow, Node, "bytes", "Bytes read from disks.";
    NodeDiskWritten, "node_disk_written", Flow, Node, "bytes", "Bytes written to disks.";
    NodeDiskBusy, "node_disk_busy", Flow, Node, "seconds", "Time disks were busy.";
    NodeNetworkReceived, "node_network_received", Flow, Node, "bytes", "Bytes received on physical devices.";
    NodeNetworkSent, "node_network_sent", Flow, Node, "bytes", "Bytes sent on physical devices.";
    NodeNetworkDrops, "node_network_drops", Flow, Node, "count", "Packets dropped, both directions.";
    NodeNetworkErrors, "node_network_errors", Flow, Node, "count", "Packets with errors, both directions.";
    NodeTcpRetransmits, "node_tcp_retransmits", Flow, Node, "count", "TCP segments sent again.";
    NodeTcpSegmentsSent, "node_tcp_segments_sent", Flow, Node, "count", "TCP segments sent.";
    NodeOomKills, "node_oom_kills", Flow, Node, "count", "Processes that the kernel killed for memory.";
    NodeMajorFaults, "node_major_faults", Flow, Node, "count", "Major page faults.";
    NodeCpuPressure, "node_cpu_pressure", Flow, Node, "seconds", "Time some task waited for CPU (PSI).";
    NodeMemoryPressure, "node_memory_pressure", Flow, Node, "seconds", "Time some task waited for memory (PSI).";
    NodeIoPressure, "node_io_pressure", Flow, Node, "seconds", "Time some task waited for I/O (PSI).";
    // A persistent volume claim.
    ClaimUsed, "claim_used", Level, Claim, "bytes", "Bytes used on the volume.";
    ClaimInodesUsed, "claim_inodes_used", Level, Claim, "count", "Inodes used on the volume.";
    ClaimCapacity, "claim_capacity", State, Claim, "bytes", "Size of the volume.";
    ClaimInodes, "claim_inodes", State, Claim, "count", "Inodes of the volume.";
}

impl Quantity {
    /// Position in the catalogue.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(class: QuantityClass) -> usize {
        Quantity::ALL
            .iter()
            .filter(|q| matches!(q.scope(), QuantityScope::Container | QuantityScope::Pod))
            .filter(|q| q.class() == class)
            .count()
    }

    #[test]
    fn a_pod_stays_within_its_share_of_the_catalogue() {
        assert!(count(QuantityClass::Level) <= 12);
        assert!(count(QuantityClass::Flow) <= 30);
        assert!(count(QuantityClass::State) <= 18);
    }

    #[test]
    fn every_name_is_its_serde_name() {
        for quantity in Quantity::ALL {
            let json = serde_json::to_string(quantity).unwrap();
            assert_eq!(json.trim_matches('"').replace('_', ""), quantity.as_str().replace('_', ""));
        }
    }
}
