//! The stock alert rules of kube-prometheus and the node mixin that the data at hand can feed.
//!
//! Each rule is a condition and a hold; both in fault time. A rule fires while its condition has held
//! for its hold. The alarm policy sees the union: score 1 while any rule fires for a unit.

mod cluster;
mod objects;

use std::collections::BTreeMap;

use foresail_core::{FailureKind, FaultDuration, TimeScale, Timestamp, Unit};
use foresail_engine::State;

use super::{Score, Tracks};

/// A stock rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Id in the list of baselines.
    pub id: &'static str,
    /// Name of the alert.
    pub title: &'static str,
    /// How long the condition has to hold, fault minutes.
    pub hold_minutes: f64,
    /// The failure that it comes nearest to.
    pub kind: FailureKind,
    condition: fn(&View<'_>) -> Vec<Unit>,
}

/// A rule or group of rules that nothing at hand can feed: ids, names, and what is missing.
pub const ABSENT: [(&str, &str, &str); 16] = [
    ("B09", "KubeDaemonSetNotScheduled", "no count of pods that a DaemonSet wants scheduled"),
    ("B12, B13", "KubeHpaReplicasMismatch, KubeHpaMaxedOut", "no HorizontalPodAutoscaler objects"),
    ("B25", "KubePersistentVolumeErrors", "no PersistentVolume objects"),
    (
        "B26–B36",
        "KubeAPI…, KubeClient…",
        "API server request and certificate metrics are not in the catalogue",
    ),
    ("B39", "KubeNodeUnreachable", "no taints of nodes"),
    ("B41", "KubeNodeReadinessFlapping", "flips of a node's readiness are not counted"),
    ("B42", "KubeNodeEviction", "no eviction counter of the kubelet"),
    (
        "B43–B50",
        "KubeletPleg…, Kubelet…Certificate…",
        "no kubelet timing and certificate metrics in the catalogue",
    ),
    (
        "B51–B53",
        "KubeletDown, KubeSchedulerDown, KubeControllerManagerDown",
        "no `up` series in the catalogue",
    ),
    (
        "N09, N10",
        "NodeNetworkReceiveErrs, NodeNetworkTransmitErrs",
        "errors are there, packets to divide by are not",
    ),
    ("N12, N13", "NodeClock…", "no clock metrics in the catalogue"),
    ("N14, N15", "NodeRAID…", "no RAID metrics in the catalogue"),
    ("N22", "NodeDiskIOSaturation", "no weighted I/O time in the catalogue"),
    (
        "N23–N25",
        "NodeSystemd…, NodeBondingDegraded",
        "no systemd or bonding metrics in the catalogue",
    ),
    ("S01, S02", "KubeStateMetrics…Errors", "no metrics of kube-state-metrics about itself"),
    ("E07–E15, D01–D04", "etcd and CoreDNS", "no etcd or CoreDNS metrics in the catalogue"),
];

/// The rules that can be fed.
pub const RULES: [Rule; 38] = [
    rule(("B01", "KubePodCrashLooping"), 15.0, FailureKind::CrashLoop, objects::crash_looping),
    rule(("B02", "KubePodNotReady"), 15.0, FailureKind::NotReady, objects::not_ready),
    rule(("B03", "KubeContainerWaiting"), 60.0, FailureKind::NotReady, objects::waiting),
    rule(
        ("B04", "KubeDeploymentReplicasMismatch"),
        15.0,
        FailureKind::NotReady,
        objects::deployment_short,
    ),
    rule(
        ("B05", "KubeDeploymentRolloutStuck"),
        15.0,
        FailureKind::RolloutStuck,
        objects::rollout_stuck,
    ),
    rule(
        ("B06", "KubeStatefulSetReplicasMismatch"),
        15.0,
        FailureKind::NotReady,
        objects::stateful_short,
    ),
    rule(
        ("B07", "KubeStatefulSetUpdateNotRolledOut"),
        15.0,
        FailureKind::RolloutStuck,
        objects::stateful_update,
    ),
    rule(
        ("B08", "KubeDaemonSetRolloutStuck"),
        15.0,
        FailureKind::RolloutStuck,
        objects::daemon_stuck,
    ),
    rule(("B10", "KubeJobNotCompleted"), 0.0, FailureKind::JobFailed, objects::job_slow),
    rule(("B11", "KubeJobFailed"), 15.0, FailureKind::JobFailed, objects::job_failed),
    rule(
        ("B14", "KubePdbNotEnoughHealthyPods"),
        15.0,
        FailureKind::NotReady,
        objects::budget_short,
    ),
    rule(("B15", "KubeCPUOvercommit"), 10.0, FailureKind::NodePressure, objects::cpu_overcommit),
    rule(
        ("B16", "KubeMemoryOvercommit"),
        10.0,
        FailureKind::NodePressure,
        objects::memory_overcommit,
    ),
    rule(("B17", "KubeQuotaAlmostFull"), 15.0, FailureKind::Expiry, objects::quota_almost),
    rule(("B18", "KubeQuotaFullyUsed"), 15.0, FailureKind::Expiry, objects::quota_full),
    rule(("B19", "KubeQuotaExceeded"), 15.0, FailureKind::Expiry, objects::quota_exceeded),
    rule(("B20", "CPUThrottlingHigh"), 15.0, FailureKind::LivenessKill, cluster::throttled),
    rule(
        ("B21", "KubePersistentVolumeFillingUp"),
        1.0,
        FailureKind::VolumeFull,
        cluster::claim_full,
    ),
    rule(
        ("B22", "KubePersistentVolumeFillingUp"),
        60.0,
        FailureKind::VolumeFull,
        cluster::claim_filling,
    ),
    rule(
        ("B23", "KubePersistentVolumeInodesFillingUp"),
        1.0,
        FailureKind::VolumeFull,
        cluster::claim_inodes_full,
    ),
    rule(
        ("B24", "KubePersistentVolumeInodesFillingUp"),
        60.0,
        FailureKind::VolumeFull,
        cluster::claim_inodes_filling,
    ),
    rule(("B37", "KubeNodeNotReady"), 15.0, FailureKind::NodeNotReady, objects::node_not_ready),
    rule(("B38", "KubeNodePressure"), 10.0, FailureKind::NodePressure, objects::node_pressure),
    rule(("B40", "KubeletTooManyPods"), 15.0, FailureKind::NodePressure, cluster::too_many_pods),
    rule(
        ("N01", "NodeFilesystemSpaceFillingUp"),
        60.0,
        FailureKind::NodePressure,
        cluster::disk_filling_warning,
    ),
    rule(
        ("N02", "NodeFilesystemSpaceFillingUp"),
        60.0,
        FailureKind::NodePressure,
        cluster::disk_filling_critical,
    ),
    rule(
        ("N03", "NodeFilesystemAlmostOutOfSpace"),
        30.0,
        FailureKind::NodePressure,
        cluster::disk_below_5,
    ),
    rule(
        ("N04", "NodeFilesystemAlmostOutOfSpace"),
        30.0,
        FailureKind::NodePressure,
        cluster::disk_below_3,
    ),
    rule(
        ("N05", "NodeFilesystemFilesFillingUp"),
        60.0,
        FailureKind::NodePressure,
        cluster::inodes_filling_warning,
    ),
    rule(
        ("N06", "NodeFilesystemFilesFillingUp"),
        60.0,
        FailureKind::NodePressure,
        cluster::inodes_filling_critical,
    ),
    rule(
        ("N07, N08", "NodeFilesystemAlmostOutOfFiles"),
        60.0,
        FailureKind::NodePressure,
        cluster::inodes_below_5,
    ),
    rule(
        ("N11", "NodeHighNumberConntrackEntriesUsed"),
        0.0,
        FailureKind::Expiry,
        cluster::conntrack,
    ),
    rule(
        ("N16", "NodeFileDescriptorLimit"),
        15.0,
        FailureKind::NodeNotReady,
        cluster::descriptors_70,
    ),
    rule(
        ("N17", "NodeFileDescriptorLimit"),
        15.0,
        FailureKind::NodeNotReady,
        cluster::descriptors_90,
    ),
    rule(("N18", "NodeCPUHighUsage"), 15.0, FailureKind::NodePressure, cluster::cpu_busy),
    rule(("N19", "NodeSystemSaturation"), 15.0, FailureKind::NodePressure, cluster::load),
    rule(
        ("N20", "NodeMemoryMajorPagesFaults"),
        15.0,
        FailureKind::NodePressure,
        cluster::major_faults,
    ),
    rule(
        ("N21", "NodeMemoryHighUtilization"),
        15.0,
        FailureKind::NodePressure,
        cluster::memory_used,
    ),
];

const fn rule(
    (id, title): (&'static str, &'static str),
    hold_minutes: f64,
    kind: FailureKind,
    condition: fn(&View<'_>) -> Vec<Unit>,
) -> Rule {
    Rule { id, title, hold_minutes, kind, condition }
}

/// What a condition may look at.
#[derive(Debug)]
pub(super) struct View<'a> {
    pub(super) state: &'a State,
    pub(super) tracks: &'a Tracks,
    pub(super) memory: &'a Memory,
    pub(super) scale: TimeScale,
    pub(super) at: Timestamp,
}

/// What conditions remember between ticks.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// When `CrashLoopBackOff` was last seen of a unit.
    pub(super) crash_loop_at: BTreeMap<Unit, Timestamp>,
    /// Replicas of the newest template, and when their number last changed.
    pub(super) updated: BTreeMap<Unit, (Option<u32>, Timestamp)>,
}

/// All rules with the time since which each condition holds.
#[derive(Debug)]
pub(super) struct StockRules {
    scale: TimeScale,
    since: BTreeMap<(usize, Unit), Timestamp>,
    memory: Memory,
}

// === impl StockRules ===

impl StockRules {
    pub(super) const fn new(scale: TimeScale) -> Self {
        Self {
            scale,
            since: BTreeMap::new(),
            memory: Memory { crash_loop_at: BTreeMap::new(), updated: BTreeMap::new() },
        }
    }

    pub(super) fn score(&mut self, tracks: &Tracks, state: &State, at: Timestamp) -> Vec<Score> {
        objects::remember(&mut self.memory, state, at);
        let view = View { state, tracks, memory: &self.memory, scale: self.scale, at };
        let mut held = BTreeMap::new();
        let mut scores = Vec::new();
        for (number, rule) in RULES.iter().enumerate() {
            let hold = self.scale.to_platform(FaultDuration::from_minutes(rule.hold_minutes));
            for unit in (rule.condition)(&view) {
                let key = (number, unit);
                let since = self.since.get(&key).copied().unwrap_or(at);
                if at.since(since) >= hold {
                    scores.push(Score { unit: key.1.clone(), kind: rule.kind, value: 1.0 });
                }
                held.insert(key, since);
            }
        }
        self.since = held;
        scores
    }
}
