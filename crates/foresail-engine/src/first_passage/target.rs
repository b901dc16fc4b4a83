//! What can run out, and where its limit is known from.

use foresail_core::{Entity, EntityId, FailureKind, Quantity, VolumeSource};

use crate::graph::{LearnedLimits, PodRecord};
use crate::series::{EntitySeries, LevelSeries};
use crate::state::State;

/// Limits above this are the kernel's way to say "none".
const NO_LIMIT: f64 = 9.0e15;

/// Which way a level runs toward its limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Direction {
    /// The level rises to the limit.
    Rises,
    /// What is left falls to the floor; the share used counts from the whole.
    Falls {
        /// What is there when nothing is used.
        whole: f64,
    },
}

/// A level with a known limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target<'a> {
    /// The series of the object.
    pub series: &'a EntitySeries,
    /// What runs out.
    pub quantity: Quantity,
    /// How much of it there was.
    pub history: &'a LevelSeries,
    /// The limit or floor, in the quantity's unit.
    pub limit: f64,
    /// Which way it runs.
    pub direction: Direction,
    /// What happens then.
    pub kind: FailureKind,
}

impl Target<'_> {
    /// The share of the limit that `level` takes; 1 when the limit is reached.
    #[must_use]
    pub fn share(&self, level: f64) -> f64 {
        match self.direction {
            Direction::Rises => level / self.limit,
            Direction::Falls { whole } => (whole - level) / (whole - self.limit),
        }
    }

    /// How much of the quantity one unit of share is.
    #[must_use]
    pub fn scale(&self) -> f64 {
        match self.direction {
            Direction::Rises => self.limit,
            Direction::Falls { whole } => whole - self.limit,
        }
    }

    /// Name of the object for people.
    #[must_use]
    pub fn object(&self) -> String {
        match &self.series.entity {
            Entity::Container { namespace, pod, container } => {
                format!("{namespace}/{pod} container {container}")
            }
            Entity::Pod { namespace, pod } => format!("{namespace}/{pod}"),
            Entity::Node { node } => format!("node {node}"),
            Entity::Claim { namespace, claim } => format!("claim {namespace}/{claim}"),
        }
    }
}

fn rising<'a>(
    series: &'a EntitySeries,
    quantity: Quantity,
    limit: impl FnOnce() -> Option<f64>,
    kind: FailureKind,
) -> Option<Target<'a>> {
    let history = series.level(quantity)?;
    let limit = limit().filter(|limit| *limit > 0.0 && *limit < NO_LIMIT)?;
    Some(Target { series, quantity, history, limit, direction: Direction::Rises, kind })
}

fn falling<'a>(
    series: &'a EntitySeries,
    quantity: Quantity,
    (whole, floor): (Quantity, f64),
    kind: FailureKind,
) -> Option<Target<'a>> {
    let history = series.level(quantity)?;
    let whole = series.state(whole)?.value;
    let limit = if floor < 1.0 { floor * whole } else { floor };
    (whole > limit).then_some(Target {
        series,
        quantity,
        history,
        limit,
        direction: Direction::Falls { whole },
        kind,
    })
}

/// What can run out in one container or in the pod as a whole.
pub fn of_pod<'a>(
    (state, learned): (&'a State, &LearnedLimits<'a>),
    pod: &'a PodRecord,
    entities: &'a [EntityId],
) -> impl Iterator<Item = Target<'a>> {
    let series = entities.iter().filter_map(|id| state.series().get(*id));
    series.flat_map(move |series| {
        let targets = match &series.entity {
            Entity::Container { container, .. } => of_container(series, pod, container),
            Entity::Pod { .. } => of_pod_storage(learned, series, pod),
            Entity::Node { .. } | Entity::Claim { .. } => [None; 4],
        };
        targets.into_iter().flatten()
    })
}

fn of_container<'a>(
    series: &'a EntitySeries,
    pod: &PodRecord,
    container: &str,
) -> [Option<Target<'a>>; 4] {
    let spec = || pod.object.spec.iter().find(|spec| spec.name == container);
    let setting = |quantity| move || series.state(quantity).map(|state| state.value);
    let memory = || {
        spec().and_then(|spec| spec.resources.memory_limit).or_else(setting(Quantity::MemoryLimit))
    };
    // A process without descriptors or threads stops answering: probes end it where there are any
    // (older sources show them only by their samples), else it ends itself.
    let probed = series.flow(Quantity::Probes).is_some()
        || spec().is_some_and(|spec| spec.liveness.is_some());
    let starved = if probed { FailureKind::LivenessKill } else { FailureKind::ErrorExit };
    [
        rising(series, Quantity::MemoryWorkingSet, memory, FailureKind::OomKilled),
        rising(series, Quantity::FileDescriptors, setting(Quantity::FileDescriptorLimit), starved),
        rising(series, Quantity::Threads, setting(Quantity::ThreadLimit), starved),
        rising(series, Quantity::PoolInUse, setting(Quantity::PoolLimit), FailureKind::NotReady),
    ]
}

fn of_pod_storage<'a>(
    learned: &LearnedLimits<'_>,
    series: &'a EntitySeries,
    pod: &PodRecord,
) -> [Option<Target<'a>>; 4] {
    let empty_dir = || {
        let volumes = pod.object.volumes.iter();
        volumes
            .filter_map(|volume| match volume.source {
                VolumeSource::EmptyDir { size_limit } => Some(size_limit),
                VolumeSource::Claim { .. } | VolumeSource::Other => None,
            })
            .reduce(|a, b| a.zip(b).map(|(a, b)| a + b))
            .flatten()
            .or_else(|| learned.empty_dir(&pod.unit))
    };
    let ephemeral = || {
        let limits = pod.object.spec.iter().map(|spec| spec.resources.ephemeral_storage_limit);
        limits
            .reduce(|a, b| a.zip(b).map(|(a, b)| a + b))
            .flatten()
            .or_else(|| series.state(Quantity::EphemeralStorageLimit).map(|limit| limit.value))
            .or_else(|| learned.ephemeral(&pod.unit))
    };
    [
        rising(series, Quantity::EmptyDirUsed, empty_dir, FailureKind::Evicted),
        rising(series, Quantity::EphemeralStorage, ephemeral, FailureKind::Evicted),
        None,
        None,
    ]
}

/// What can run out on a node or a claim. Floors are the kubelet's default hard eviction thresholds:
/// memory 100 MiB, filesystem 10 %, inodes 5 % left.
#[must_use]
pub fn of_cluster_object(series: &EntitySeries) -> Vec<Target<'_>> {
    let setting = |quantity| move || series.state(quantity).map(|state| state.value);
    match &series.entity {
        Entity::Node { .. } => [
            falling(
                series,
                Quantity::NodeMemoryAvailable,
                (Quantity::NodeMemoryTotal, 104_857_600.0),
                FailureKind::NodePressure,
            ),
            falling(
                series,
                Quantity::NodeDiskAvailable,
                (Quantity::NodeDiskSize, 0.1),
                FailureKind::NodePressure,
            ),
            falling(
                series,
                Quantity::NodeInodesFree,
                (Quantity::NodeInodes, 0.05),
                FailureKind::NodePressure,
            ),
            rising(
                series,
                Quantity::NodePids,
                setting(Quantity::NodePidLimit),
                FailureKind::NodePressure,
            ),
            rising(
                series,
                Quantity::NodeConntrack,
                setting(Quantity::NodeConntrackLimit),
                FailureKind::Expiry,
            ),
            rising(
                series,
                Quantity::NodeFileDescriptors,
                setting(Quantity::NodeFileDescriptorLimit),
                FailureKind::NodeNotReady,
            ),
            rising(
                series,
                Quantity::NodePods,
                setting(Quantity::NodePodLimit),
                FailureKind::Unschedulable,
            ),
        ]
        .into_iter()
        .flatten()
        .collect(),
        Entity::Claim { .. } => [
            rising(
                series,
                Quantity::ClaimUsed,
                setting(Quantity::ClaimCapacity),
                FailureKind::VolumeFull,
            ),
            rising(
                series,
                Quantity::ClaimInodesUsed,
                setting(Quantity::ClaimInodes),
                FailureKind::VolumeFull,
            ),
        ]
        .into_iter()
        .flatten()
        .collect(),
        Entity::Container { .. } | Entity::Pod { .. } => Vec::new(),
    }
}
