//! From causes to what is true of a workload in one step: requests use CPU and memory, memory
//! near its limit means garbage collection, that and too small a quota mean throttling, throttling
//! and waits mean latency, latency means timeouts, failing probes, retries and restarts.
//!
//! The shapes are the textbook ones (queues: Little 1961 and the growth of waiting with 1/(1 − ρ);
//! CFS quota, PSI, probes and back-off as the Kubernetes documentation describes them); the gains
//! are choices, made for overlap between issues and with harmless events, not fitted to a cluster.

use super::cause::Causes;
use super::columns::{Number, Readings};
use super::fleet::{Cluster, Fleet, Node, Workload};

/// What the mechanics know of a workload in one step.
struct Situation<'a> {
    workload: &'a Workload,
    node: &'a Node,
    cluster: &'a Cluster,
    causes: Causes,
    step: usize,
    /// How strained it is, of mean 0 and deviation 1.
    strain: f64,
    /// Load over the average.
    load: f64,
}

/// Restarts that follow, per half hour, by reason.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Restarts {
    pub oom: f64,
    pub error: f64,
}

/// The truth of one step.
pub(super) struct Truth {
    pub readings: Readings,
    pub restarts: Restarts,
    /// Pods being replaced, a share.
    pub rollout: f64,
    pub node_loss: f64,
}

struct Memory {
    /// Working set and collected heap, as shares of the limit.
    used: f64,
    live: f64,
    gc_percent: f64,
    /// How hard the limit is hit, 0 to 1.
    tightness: f64,
}

struct Cpu {
    used: f64,
    throttled: f64,
    /// Factor on the time of everything that needs CPU.
    slowness: f64,
}

struct Service {
    p50: f64,
    p99: f64,
    timeouts: f64,
    errors: f64,
    retries: f64,
}

/// The truth of a workload in a step.
pub(super) fn truth(fleet: &Fleet, at: usize, step: usize, causes: Causes) -> Truth {
    let workload = &fleet.workloads[at];
    let situation = Situation {
        workload,
        node: &fleet.nodes[workload.node],
        cluster: &fleet.clusters[workload.cluster],
        causes,
        step,
        strain: fleet.strain[at].at(step),
        load: libm::exp(fleet.log_load(at, step) + causes.load),
    };
    situation.truth()
}

/// 0 far below `middle`, 1 far above, in a step of this width.
fn rise(x: f64, middle: f64, width: f64) -> f64 {
    1.0 / (1.0 + libm::exp((middle - x) / width))
}

fn percent(share: f64) -> f64 {
    100.0 * share.clamp(0.0, 1.0)
}

// === impl Situation ===

impl Situation<'_> {
    fn truth(&self) -> Truth {
        let mut readings = Readings::new();
        let (workload, causes) = (self.workload, &self.causes);
        let retries_share = self.retries_share();
        let rate = workload.request_rate * self.load * (1.0 + retries_share);
        let memory = self.memory(rate);
        let cpu = self.cpu(rate, &memory);
        let service = self.service(&cpu, &memory, retries_share);
        let restarts = self.restarts(&memory, &service);
        self.write_resources(&mut readings, &memory, &cpu);
        self.write_service(&mut readings, rate, &service);
        self.write_network(&mut readings, rate);
        self.write_node(&mut readings, &cpu);
        self.write_control_plane(&mut readings, restarts);
        self.write_pods(&mut readings, &service, restarts);
        Truth { readings, restarts, rollout: causes.rollout, node_loss: causes.node_loss }
    }

    fn node_network(&self) -> f64 {
        libm::exp(0.25 * self.node.network.at(self.step) + 0.1 * self.strain)
    }

    fn round_trip(&self) -> f64 {
        self.workload.round_trip_ms * self.node_network() * (1.0 + 9.0 * self.causes.network_delay)
    }

    fn dns_ms(&self) -> f64 {
        let weather = libm::exp(0.3 * self.cluster.dns.at(self.step));
        self.workload.dns_ms
            * weather
            * (1.0 + 14.0 * self.causes.dns + 1.2 * self.causes.packet_loss)
    }

    /// Repeated requests over first ones.
    fn retries_share(&self) -> f64 {
        let habit = self.workload.retry_percent / 100.0 * libm::exp(0.25 * self.strain);
        habit + 0.9 * self.causes.retries
    }

    fn memory(&self, rate: f64) -> Memory {
        let (workload, causes) = (self.workload, &self.causes);
        let by_load = workload.memory_by_load * (rate / workload.request_rate - 1.0).min(2.5);
        let before = (workload.memory_share + by_load + 0.02 * self.strain + 0.08 * causes.threads)
            .min(0.93);
        let before = before + 0.75 * (0.93 - before) * causes.memory_peaks.min(1.0);
        let leaked = (0.97 - before).max(0.0) * causes.leak.min(1.0);
        let used = (before + leaked + causes.cache).min(0.99);
        let live = (0.72 * (before + leaked)).min(0.95);
        let tightness = rise(used, 0.93, 0.025);
        let collected = match workload.runtime {
            "python" => 0.5,
            _ => 1.0,
        };
        // A collector works the harder the less room its live heap leaves.
        let crowded = (live / 0.72 - 0.55).max(0.0);
        let gc_percent = workload.gc_percent
            * self.load.min(2.0)
            * (1.0 + collected * 14.0 * crowded * crowded / (1.06 - used));
        Memory { used, live, gc_percent: gc_percent.min(45.0), tightness }
    }

    fn cpu(&self, rate: f64, memory: &Memory) -> Cpu {
        let (workload, causes) = (self.workload, &self.causes);
        let demand = workload.cpu_share * (rate / workload.request_rate)
            + memory.gc_percent / 100.0
            + causes.work
            + 0.2 * causes.crash.min(1.5)
            + 0.02 * self.strain;
        let quota = 1.0 / (1.0 + 1.8 * causes.quota_cut);
        let busy = demand.max(0.02) / quota;
        let used =
            busy - 0.12 * libm::log1p(libm::exp((busy - 0.93) / 0.05).min(1e12)) * 0.05 / 0.12;
        let contention = 0.1 * rise(self.node.cpu.at(self.step), 1.4, 0.4);
        let throttled = 0.85 * rise(busy + contention, 0.92, 0.11);
        let waiting = busy.min(0.95);
        let slowness = 1.0 + 0.25 * waiting * waiting / (1.05 - waiting) + 1.6 * throttled;
        Cpu { used: used.min(1.0) * quota.max(0.3), throttled, slowness }
    }

    fn service(&self, cpu: &Cpu, memory: &Memory, retries_share: f64) -> Service {
        let (workload, causes) = (self.workload, &self.causes);
        let strain = libm::exp(0.22 * self.strain);
        let calls = 3.0;
        let waits = calls * self.round_trip()
            + 0.15 * (self.dns_ms() - workload.dns_ms)
            + 0.8 * self.pool_wait()
            + 0.3 * workload.latency_ms * causes.disk_traffic
            + 0.15 * workload.latency_ms * memory.gc_percent / 10.0;
        let p50 = workload.latency_ms * strain * cpu.slowness + waits;
        let tail = 3.0
            + 0.12 * memory.gc_percent
            + 5.0 * causes.packet_loss
            + 3.0 * cpu.throttled
            + 6.0 * causes.dns
            + 3.0 * causes.crash.min(1.5)
            + 3.0 * causes.node_loss;
        let p99 = p50 * tail * libm::exp(0.1 * self.strain);
        let timeouts = 0.12 * rise(libm::log(p99 / workload.timeout_ms), 0.5, 0.35)
            + 0.04 * causes.packet_loss
            + 0.05 * causes.node_loss;
        let failing = 0.16 * causes.crash.min(1.5)
            + 0.1 * causes.dns
            + 0.16 * causes.tls
            + 0.06 * rise(self.pool_share(), 1.02, 0.06)
            + 0.1 * causes.node_loss
            + 0.05 * memory.tightness
            + 0.03 * causes.probe
            + 0.05 * rise(causes.threads, 0.65, 0.08)
            + 0.02 * causes.rollout;
        let errors =
            workload.error_percent / 100.0 * strain + timeouts + failing + 0.05 * retries_share;
        Service { p50, p99, timeouts, errors, retries: retries_share + 0.3 * failing }
    }

    /// Connections wanted over those there are.
    fn pool_share(&self) -> f64 {
        let delay = 1.0 + 0.05 * (self.round_trip() / self.workload.round_trip_ms - 1.0);
        self.workload.pool_share * (0.6 + 0.4 * self.load) * delay + 0.75 * self.causes.connections
    }

    fn pool_wait(&self) -> f64 {
        let share = self.pool_share().min(1.3);
        0.3 + self.workload.latency_ms * (0.02 * share + 1.6 * rise(share, 1.0, 0.06))
    }

    fn restarts(&self, memory: &Memory, service: &Service) -> Restarts {
        let (workload, causes) = (self.workload, &self.causes);
        let size = workload.replicas / 4.0;
        let probed_away = 0.8 * causes.probe
            + 0.7 * rise(libm::log(0.8 * service.p50 / workload.probe_timeout_ms), 0.0, 0.3);
        Restarts {
            oom: size
                * (4.5 * causes.memory_peaks * rise(memory.used, 0.75, 0.06)
                    + 0.25 * memory.tightness),
            error: size
                * (5.0 * causes.crash
                    + probed_away
                    + 0.4 * causes.node_loss
                    + 0.5 * causes.threads * causes.threads)
                + workload.restarts,
        }
    }

    fn write_resources(&self, readings: &mut Readings, memory: &Memory, cpu: &Cpu) {
        let (workload, causes) = (self.workload, &self.causes);
        readings[Number::CpuUsageCores] = cpu.used * workload.cpu_limit_cores;
        readings[Number::CpuLimitCores] = workload.cpu_limit_cores;
        readings[Number::CpuUsagePercent] = percent(cpu.used);
        readings[Number::CpuThrottledPercent] = percent(cpu.throttled);
        let contention = 0.08 * libm::exp(0.45 * self.node.cpu.at(self.step));
        readings[Number::CpuPressurePercent] =
            percent(contention * libm::exp(0.5 * self.strain) + 0.7 * cpu.throttled);
        readings[Number::MemoryUsageMb] = memory.used * workload.memory_limit_mb;
        readings[Number::MemoryLimitMb] = workload.memory_limit_mb;
        readings[Number::MemoryUsagePercent] = percent(memory.used);
        let cache = workload.cache_share + causes.cache * 0.8;
        readings[Number::MemoryCacheMb] =
            cache * (1.0 - 0.7 * memory.tightness) * workload.memory_limit_mb;
        readings[Number::MemoryPressurePercent] = percent(
            0.004 + 0.14 * memory.tightness + 0.08 * causes.node_memory * causes.node_memory,
        );
        readings[Number::MajorPageFaults] = 0.5
            * (1.0
                + 18.0 * memory.tightness
                + 4.0 * causes.disk_traffic
                + 10.0 * causes.node_memory * causes.node_memory);
        readings[Number::GcTimePercent] = memory.gc_percent;
        readings[Number::HeapLivePercent] = percent(memory.live);
        let busy = 0.7 + 0.3 * self.load;
        readings[Number::ThreadCount] = workload.threads * busy * (1.0 + 4.5 * causes.threads);
        readings[Number::OpenFileDescriptors] = workload.files
            * busy
            * (1.0 + 0.6 * causes.threads + 1.2 * causes.connections + 0.3 * causes.leak);
    }

    fn write_service(&self, readings: &mut Readings, rate: f64, service: &Service) {
        readings[Number::RequestRate] = rate;
        readings[Number::LatencyP50] = service.p50;
        readings[Number::LatencyP99] = service.p99;
        readings[Number::ErrorPercent] = percent(service.errors);
        readings[Number::TimeoutPercent] = percent(0.0005 + service.timeouts);
        readings[Number::RetryPercent] = percent(service.retries / (1.0 + service.retries));
        readings[Number::QueueLength] = rate * service.p50 / 1_000.0;
        readings[Number::PoolUsedPercent] = percent(self.pool_share());
        readings[Number::PoolWait] = self.pool_wait();
        readings[Number::TlsErrors] = 0.4 * self.load + 9.0 * self.causes.tls;
    }

    fn write_network(&self, readings: &mut Readings, rate: f64) {
        let causes = &self.causes;
        let traffic = rate * self.workload.kb_per_request * 8.0 / 1_000.0;
        readings[Number::NetworkReceive] = 0.4 * traffic + 0.1;
        readings[Number::NetworkTransmit] = 0.9 * traffic + 0.1;
        readings[Number::RoundTrip] = self.round_trip();
        readings[Number::Retransmits] = self.node.retransmit_percent
            * self.node_network()
            * (1.0 + 9.0 * causes.packet_loss + 1.5 * causes.network_delay);
        readings[Number::DroppedPackets] =
            3.0 * self.node_network() * (1.0 + 4.0 * causes.packet_loss);
        readings[Number::DnsLatency] = self.dns_ms();
        readings[Number::DnsErrorPercent] = self.workload.dns_error_percent
            * libm::exp(0.4 * self.cluster.dns.at(self.step))
            + 9.0 * causes.dns
            + 0.4 * causes.packet_loss;
    }

    fn write_node(&self, readings: &mut Readings, cpu: &Cpu) {
        let (node, causes) = (self.node, &self.causes);
        readings[Number::NodeCpuPercent] = (node.cpu_percent
            + 8.0 * node.cpu.at(self.step)
            + 15.0 * cpu.used
            + 6.0 * causes.node_loss)
            .clamp(1.0, 100.0);
        let memory = (node.memory_percent + 5.0 * node.memory.at(self.step)) / 100.0;
        readings[Number::NodeMemoryPercent] =
            percent(memory + (0.98 - memory) * causes.node_memory);
        let disk = (node.disk_percent + 3.0 * node.disk.at(self.step)) / 100.0;
        readings[Number::DiskUsedPercent] = percent(disk + (0.98 - disk) * causes.disk_fill);
        let traffic = node.disk_mbps * libm::exp(0.3 * node.disk.at(self.step));
        readings[Number::DiskRead] = traffic * (1.0 + 2.0 * causes.disk_traffic);
        readings[Number::DiskWrite] = traffic * (0.7 + 3.0 * causes.disk_traffic);
        readings[Number::IoWaitPercent] = percent(
            0.02 * libm::exp(0.4 * node.disk.at(self.step))
                + 0.12 * causes.disk_traffic
                + 0.05 * causes.etcd,
        );
        readings[Number::NodeHeartbeat] =
            5.0 + 40.0 * causes.node_loss * causes.node_loss.min(1.0) + 3.0 * causes.node_loss;
        readings[Number::PlegLatency] = 40.0
            * libm::exp(0.3 * node.cpu.at(self.step))
            * (1.0
                + 8.0 * causes.node_loss
                + 1.5 * causes.disk_traffic
                + 0.8 * causes.crash
                + 1.2 * causes.node_memory);
    }

    fn write_control_plane(&self, readings: &mut Readings, restarts: Restarts) {
        let (cluster, causes) = (self.cluster, &self.causes);
        let load = cluster.load.at(self.step);
        let churn = causes.rollout + 0.15 * (restarts.oom + restarts.error).min(6.0);
        let etcd = cluster.etcd_ms
            * libm::exp(0.25 * cluster.storage.at(self.step) + 0.12 * load)
            * (1.0 + 8.0 * causes.etcd + 0.3 * churn);
        readings[Number::EtcdLatency] = etcd;
        readings[Number::ApiLatency] =
            cluster.api_ms * libm::exp(0.32 * load) * (1.0 + 0.35 * churn + 0.5 * causes.scheduler)
                + 4.0 * (etcd - cluster.etcd_ms).max(0.0);
        readings[Number::ApiErrorPercent] = cluster.api_error_percent * libm::exp(0.4 * load)
            + 2.0 * causes.etcd
            + 0.15 * churn
            + 0.15 * causes.scheduler;
        readings[Number::SchedulerLatency] = cluster.scheduler_ms
            * libm::exp(0.3 * load)
            * (1.0 + 7.0 * causes.scheduler + 0.6 * churn + 1.2 * causes.etcd);
        readings[Number::PendingPods] = 0.6 * libm::exp(0.3 * load)
            + 1.5 * causes.rollout
            + 14.0 * causes.scheduler
            + 2.5 * causes.image_pull
            + 2.0 * causes.node_loss
            + 2.0 * causes.node_memory * causes.node_memory
            + 1.0 * causes.etcd;
    }

    fn write_pods(&self, readings: &mut Readings, service: &Service, restarts: Restarts) {
        let (workload, causes) = (self.workload, &self.causes);
        let evicted =
            rise(causes.node_memory, 0.6, 0.08) * 3.5 + 2.0 * rise(causes.disk_fill, 0.75, 0.06);
        let slow_probes = rise(libm::log(0.8 * service.p50 / workload.probe_timeout_ms), 0.0, 0.3);
        let dead = 0.06 * (restarts.oom + restarts.error) / (workload.replicas / 4.0);
        readings[Number::OomKillCount] = restarts.oom;
        readings[Number::PodReadyPercent] = percent(
            1.0 - dead
                - 0.3 * causes.image_pull.min(1.2)
                - 0.45 * causes.node_loss.min(1.2)
                - 0.3 * causes.probe
                - 0.1 * causes.rollout
                - 0.06 * evicted
                - 0.15 * slow_probes
                - 0.12 * causes.scheduler,
        );
        readings[Number::PodPendingCount] = 0.05
            + 0.8 * causes.rollout
            + 2.2 * causes.image_pull
            + 0.25 * evicted
            + 0.9 * causes.node_loss
            + 1.6 * causes.scheduler;
        readings[Number::PodEvictionCount] = 0.03 + evicted + 0.5 * causes.node_loss;
        readings[Number::ContainerRuntimeErrors] = 0.5
            + 4.0 * causes.crash
            + 2.5 * causes.image_pull
            + 4.0 * causes.node_loss
            + 1.5 * restarts.oom
            + 1.5 * causes.disk_fill * causes.disk_fill;
        readings[Number::ImagePullErrors] =
            0.08 + 7.0 * causes.image_pull + 0.2 * causes.rollout + 0.6 * causes.dns;
        readings[Number::ImagePullDuration] = workload.image_pull_seconds
            * (1.0
                + 2.5 * causes.image_pull
                + 1.0 * causes.disk_traffic
                + 0.8 * causes.network_delay);
        readings[Number::ProbeDuration] = 4.0 + 0.3 * service.p50 * (1.0 + 1.5 * causes.probe);
        readings[Number::ProbeFailureCount] = 0.3
            + 9.0 * causes.probe
            + 6.0 * slow_probes
            + 2.0 * causes.crash
            + 2.5 * causes.node_loss
            + 0.6 * causes.packet_loss
            + 0.6 * causes.rollout
            + 1.0 * causes.dns;
        readings[Number::LogErrors] =
            workload.log_errors * libm::exp(0.4 * self.strain) * (1.0 + 60.0 * service.errors)
                + 3.0 * causes.crash;
        readings[Number::WarningEvents] = workload.warnings * libm::exp(0.55 * self.strain)
            + 1.5 * (restarts.oom + restarts.error)
            + 4.0 * causes.image_pull
            + 2.5 * causes.probe
            + 3.0 * causes.node_loss
            + 1.2 * evicted
            + 1.6 * causes.scheduler
            + 0.6 * causes.rollout;
        readings[Number::Replicas] = workload.replicas;
    }
}
