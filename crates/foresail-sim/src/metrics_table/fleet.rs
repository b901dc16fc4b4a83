//! The fleet: clusters, nodes and workloads, each with its own habits, and the slow weather that
//! they share.
//!
//! ```text
//! cluster: control-plane load ── 2 nodes: CPU, memory, disk, network ── 2 workloads each: traits,
//!                                                                       load, strain
//! ```

use std::ops::Range;

use super::time::{Clock, STEPS_PER_DAY, Span, WARM_UP};
use crate::draw::{Draw, Stream};

/// Workloads that are watched on a node, and nodes in a cluster.
const WORKLOADS_PER_NODE: usize = 2;
const NODES_PER_CLUSTER: usize = 2;

/// How much of the last half hour's weather is still there in the next: half is gone in 2 h 40 min.
const PERSISTENCE: f64 = 0.88;

/// What a workload is and how it behaves when nothing is wrong.
#[derive(Clone, Debug)]
pub(super) struct Workload {
    pub name: String,
    pub node: usize,
    pub cluster: usize,
    /// Steps in which it is watched.
    pub life: Span,
    pub kind: &'static str,
    pub runtime: &'static str,
    pub qos_class: &'static str,
    pub tier: &'static str,
    pub replicas: f64,
    /// Requests per second at noon of an average day.
    pub request_rate: f64,
    pub cpu_limit_cores: f64,
    pub memory_limit_mb: f64,
    /// Shares of the limits at that rate.
    pub cpu_share: f64,
    pub memory_share: f64,
    /// Of the memory, what follows the load.
    pub memory_by_load: f64,
    pub cache_share: f64,
    pub gc_percent: f64,
    pub latency_ms: f64,
    pub timeout_ms: f64,
    pub round_trip_ms: f64,
    pub dns_ms: f64,
    pub dns_error_percent: f64,
    pub probe_timeout_ms: f64,
    pub pool_share: f64,
    pub threads: f64,
    pub files: f64,
    pub kb_per_request: f64,
    pub error_percent: f64,
    pub retry_percent: f64,
    pub log_errors: f64,
    pub warnings: f64,
    pub restarts: f64,
    pub image_pull_seconds: f64,
    /// How far the load swings in a day, and when it is highest.
    pub daily_swing: f64,
    pub peak_step: f64,
    /// Whether its runtime shows metrics.
    pub shows_runtime: bool,
    /// Shift of its scrapes within the interval, as a share.
    pub scrape_shift: f64,
}

/// Slow series of a thing, one value a step, of mean 0 and deviation 1.
#[derive(Clone, Debug)]
pub(super) struct Weather {
    series: Vec<f64>,
}

/// Habits of a node.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub cpu_percent: f64,
    pub memory_percent: f64,
    pub disk_percent: f64,
    pub disk_mbps: f64,
    pub retransmit_percent: f64,
    pub cpu: Weather,
    pub memory: Weather,
    pub disk: Weather,
    pub network: Weather,
}

/// Habits of a cluster's control plane.
#[derive(Clone, Debug)]
pub(super) struct Cluster {
    /// The step of the whole simulated time at which its own steps begin.
    pub start: usize,
    pub scheduler_ms: f64,
    pub api_ms: f64,
    pub etcd_ms: f64,
    pub api_error_percent: f64,
    pub load: Weather,
    pub storage: Weather,
    pub dns: Weather,
}

/// All of it.
#[derive(Clone, Debug)]
pub(super) struct Fleet {
    pub workloads: Vec<Workload>,
    pub nodes: Vec<Node>,
    pub clusters: Vec<Cluster>,
    /// Per workload: what its users ask beyond the daily rhythm, and how strained it is.
    pub load: Vec<Weather>,
    pub strain: Vec<Weather>,
}

// === impl Weather ===

impl Weather {
    /// A first-order autoregression, started in its stationary state.
    fn draw(n_steps: usize, draw: &mut Draw) -> Self {
        let mut level = draw.normal();
        let fresh = libm::sqrt(1.0 - PERSISTENCE * PERSISTENCE);
        let series = (0..n_steps).map(|_| {
            level = PERSISTENCE * level + fresh * draw.normal();
            level
        });
        Self { series: series.collect() }
    }

    /// The value at a step.
    pub(super) fn at(&self, step: usize) -> f64 {
        self.series[step]
    }
}

// === impl Fleet ===

impl Fleet {
    /// As many workloads as there are lives, on as few clusters as hold them.
    pub(super) fn draw(seed: u64, lives: &[Span], clock: Clock) -> Self {
        let n_steps = clock.n_steps();
        let stream = |purpose, index| Draw::new(Stream { seed, purpose, index });
        let n_nodes = lives.len().div_ceil(WORKLOADS_PER_NODE);
        let n_clusters = n_nodes.div_ceil(NODES_PER_CLUSTER);
        let workloads = lives.iter().enumerate();
        let weathers = |purpose| -> Vec<Weather> {
            (0..lives.len()).map(|at| Weather::draw(n_steps, &mut stream(purpose, at))).collect()
        };
        Self {
            workloads: workloads
                .map(|(at, &life)| Workload::draw(at, life, &mut stream(b'w', at)))
                .collect(),
            nodes: (0..n_nodes).map(|at| Node::draw(n_steps, &mut stream(b'n', at))).collect(),
            clusters: (0..n_clusters)
                .map(|at| Cluster::draw(clock, &mut stream(b'c', at)))
                .collect(),
            load: weathers(b'l'),
            strain: weathers(b's'),
        }
    }

    /// The workloads on the node of this one.
    pub(super) fn on_node_of(&self, at: usize) -> Range<usize> {
        self.block(at, WORKLOADS_PER_NODE)
    }

    /// The workloads in the cluster of this one.
    pub(super) fn in_cluster_of(&self, at: usize) -> Range<usize> {
        self.block(at, WORKLOADS_PER_NODE * NODES_PER_CLUSTER)
    }

    fn block(&self, at: usize, size: usize) -> Range<usize> {
        let first = at / size * size;
        first..(first + size).min(self.workloads.len())
    }

    /// The logarithm of a workload's load over its average.
    pub(super) fn log_load(&self, at: usize, step: usize) -> f64 {
        let workload = &self.workloads[at];
        let step_of_all = (self.clusters[workload.cluster].start + step) as f64 - WARM_UP as f64;
        let day = (step_of_all - workload.peak_step) / STEPS_PER_DAY;
        workload.daily_swing * libm::cos(std::f64::consts::TAU * day)
            + 0.22 * self.load[at].at(step)
    }
}

// === impl Workload ===

impl Workload {
    fn draw(at: usize, life: Span, draw: &mut Draw) -> Self {
        const NAMES: [&str; 8] =
            ["cart", "catalog", "checkout", "gateway", "ledger", "mailer", "orders", "search"];
        let node = at / WORKLOADS_PER_NODE;
        let cluster = node / NODES_PER_CLUSTER;
        let runtime = draw.one_of(&[("go", 0.35), ("jvm", 0.3), ("node", 0.2), ("python", 0.15)]);
        let gc_percent = match runtime {
            "jvm" => draw.around(2.5, 0.4),
            _ => draw.around(1.2, 0.4),
        };
        let tier = draw.one_of(&[
            ("frontend", 0.25),
            ("backend", 0.45),
            ("worker", 0.15),
            ("database", 0.15),
        ]);
        let latency_ms = draw.around(30.0, 0.7);
        Self {
            name: format!("cluster-{cluster}/{}-{at}", NAMES[draw.below(NAMES.len())]),
            node,
            cluster,
            life,
            kind: draw.one_of(&[("Deployment", 0.7), ("StatefulSet", 0.2), ("DaemonSet", 0.1)]),
            runtime,
            qos_class: draw.one_of(&[("Guaranteed", 0.35), ("Burstable", 0.65)]),
            tier,
            replicas: draw.between(2.0, 9.0).floor(),
            request_rate: draw.around(120.0, 0.9),
            cpu_limit_cores: draw.one_of(&[(0.5, 0.2), (1.0, 0.35), (2.0, 0.3), (4.0, 0.15)]),
            memory_limit_mb: draw.one_of(&[
                (256.0, 0.15),
                (512.0, 0.25),
                (1024.0, 0.3),
                (2048.0, 0.2),
                (4096.0, 0.1),
            ]),
            cpu_share: draw.between(0.2, 0.5),
            memory_share: draw.between(0.3, 0.62),
            memory_by_load: draw.between(0.03, 0.15),
            cache_share: draw.between(0.02, 0.1),
            gc_percent,
            latency_ms,
            timeout_ms: latency_ms * draw.between(25.0, 50.0),
            round_trip_ms: draw.around(1.5, 0.6),
            dns_ms: draw.around(3.0, 0.5),
            dns_error_percent: draw.around(0.15, 0.8),
            probe_timeout_ms: draw.one_of(&[(1_000.0, 0.7), (3_000.0, 0.3)]),
            pool_share: draw.between(0.2, 0.5),
            threads: draw.around(40.0, 0.6),
            files: draw.around(150.0, 0.6),
            kb_per_request: draw.around(12.0, 0.7),
            error_percent: draw.around(0.4, 0.8),
            retry_percent: draw.around(1.5, 0.8),
            log_errors: draw.around(6.0, 0.35),
            warnings: draw.around(1.6, 0.3),
            restarts: draw.around(0.04, 0.5),
            image_pull_seconds: draw.around(6.0, 0.5),
            daily_swing: draw.between(0.15, 0.55),
            peak_step: draw.between(20.0, 40.0),
            shows_runtime: draw.chance(0.9),
            scrape_shift: draw.unit(),
        }
    }
}

// === impl Node ===

impl Node {
    fn draw(n_steps: usize, draw: &mut Draw) -> Self {
        Self {
            cpu_percent: draw.between(36.0, 50.0),
            memory_percent: draw.between(45.0, 68.0),
            disk_percent: draw.between(35.0, 65.0),
            disk_mbps: draw.around(12.0, 0.5),
            retransmit_percent: draw.around(0.15, 0.6),
            cpu: Weather::draw(n_steps, draw),
            memory: Weather::draw(n_steps, draw),
            disk: Weather::draw(n_steps, draw),
            network: Weather::draw(n_steps, draw),
        }
    }
}

// === impl Cluster ===

impl Cluster {
    fn draw(clock: Clock, draw: &mut Draw) -> Self {
        let n_steps = clock.n_steps();
        Self {
            start: draw.below(clock.total - clock.window + 1),
            scheduler_ms: draw.around(12.0, 0.3),
            api_ms: draw.around(35.0, 0.2),
            etcd_ms: draw.around(6.0, 0.35),
            api_error_percent: draw.around(0.15, 0.7),
            load: Weather::draw(n_steps, draw),
            storage: Weather::draw(n_steps, draw),
            dns: Weather::draw(n_steps, draw),
        }
    }
}
