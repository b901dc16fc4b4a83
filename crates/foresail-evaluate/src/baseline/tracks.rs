//! Series as the baselines keep them: raw points of the last six hours of fault time.
//!
//! The engine's own series are shorter and cut at rollouts. A Prometheus rule sees what Prometheus
//! has: a restarted container is a new series (its `id` label changes), anything else is not.

use std::collections::{BTreeMap, VecDeque};

use foresail_core::{
    Batch, Entity, FailureKind, FaultDuration, PlatformDuration, Quantity, QuantityClass,
    TimeScale, Timestamp, Unit, VolumeSource,
};
use foresail_engine::State;
use foresail_engine::graph::PodRecord;

use super::linear::WINDOWS_MINUTES;

/// A series without a sample for so many scrapes is stale.
const STALE_SCRAPES: i64 = 6;
/// Limits above this are the kernel's way to say "none".
const NO_LIMIT: f64 = 9.0e15;

/// Levels that rise to a limit: the quantity that holds the limit, and the failure at it (`None`:
/// what ends a process that starves).
const RISING: [(Quantity, Option<Quantity>, Option<FailureKind>); 12] = [
    (Quantity::MemoryWorkingSet, Some(Quantity::MemoryLimit), Some(FailureKind::OomKilled)),
    (Quantity::FileDescriptors, Some(Quantity::FileDescriptorLimit), None),
    (Quantity::Threads, Some(Quantity::ThreadLimit), None),
    (Quantity::PoolInUse, Some(Quantity::PoolLimit), Some(FailureKind::NotReady)),
    (Quantity::EmptyDirUsed, None, Some(FailureKind::Evicted)),
    (Quantity::EphemeralStorage, Some(Quantity::EphemeralStorageLimit), Some(FailureKind::Evicted)),
    (Quantity::NodePids, Some(Quantity::NodePidLimit), Some(FailureKind::NodePressure)),
    (Quantity::NodeConntrack, Some(Quantity::NodeConntrackLimit), Some(FailureKind::Expiry)),
    (
        Quantity::NodeFileDescriptors,
        Some(Quantity::NodeFileDescriptorLimit),
        Some(FailureKind::NodeNotReady),
    ),
    (Quantity::NodePods, Some(Quantity::NodePodLimit), Some(FailureKind::NodePressure)),
    (Quantity::ClaimUsed, Some(Quantity::ClaimCapacity), Some(FailureKind::VolumeFull)),
    (Quantity::ClaimInodesUsed, Some(Quantity::ClaimInodes), Some(FailureKind::VolumeFull)),
];
/// Levels of which what is left falls to nothing, with what is there in all.
const FALLING: [(Quantity, Quantity, FailureKind); 3] = [
    (Quantity::NodeMemoryAvailable, Quantity::NodeMemoryTotal, FailureKind::NodePressure),
    (Quantity::NodeDiskAvailable, Quantity::NodeDiskSize, FailureKind::NodePressure),
    (Quantity::NodeInodesFree, Quantity::NodeInodes, FailureKind::NodePressure),
];

/// Points of one quantity of one entity, with running sums for least squares.
#[derive(Clone, Debug)]
pub struct LevelTrack {
    points: VecDeque<(f64, f64)>,
    fits: [Fit; WINDOWS_MINUTES.len()],
    dropped: usize,
}

/// Sums over the points of one window, from `first` (counted from the first point ever) on.
#[derive(Clone, Copy, Debug, Default)]
struct Fit {
    first: usize,
    n: f64,
    t: f64,
    v: f64,
    tt: f64,
    tv: f64,
}

/// A level with its limit and its place.
#[derive(Clone, Debug)]
pub struct Limited<'a> {
    /// What may fail.
    pub unit: &'a Unit,
    /// The failure at the limit.
    pub kind: FailureKind,
    /// What runs.
    pub quantity: Quantity,
    /// The points.
    pub track: &'a LevelTrack,
    /// Level at the limit; what is left counts as level below zero.
    pub limit: f64,
    /// Whether the level falls toward `limit`.
    pub falls: bool,
    /// What is there when nothing is used, for falling levels.
    pub whole: f64,
}

/// All series of all baselines.
#[derive(Debug)]
pub struct Tracks {
    scale: TimeScale,
    origin: Option<Timestamp>,
    now: f64,
    step: f64,
    windows: [f64; WINDOWS_MINUTES.len()],
    entities: Vec<EntityRecord>,
}

#[derive(Clone, Debug)]
pub(crate) struct EntityRecord {
    pub(crate) entity: Entity,
    pub(crate) place: Option<Place>,
    pub(crate) levels: BTreeMap<Quantity, LevelTrack>,
    pub(crate) states: BTreeMap<Quantity, f64>,
    pub(crate) flows: BTreeMap<Quantity, VecDeque<(f64, f64)>>,
}

/// Where an entity belongs at this tick, and the limits of its pod.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) unit: Unit,
    memory_limit: Option<f64>,
    cpu_limit: Option<f64>,
    empty_dir_limit: Option<f64>,
    ephemeral_limit: Option<f64>,
    starved: FailureKind,
}

// === impl LevelTrack ===

impl LevelTrack {
    fn new() -> Self {
        Self { points: VecDeque::new(), fits: [Fit::default(); WINDOWS_MINUTES.len()], dropped: 0 }
    }

    fn push(&mut self, t: f64, v: f64, windows: &[f64; WINDOWS_MINUTES.len()]) {
        if self.points.back().is_some_and(|(last, _)| t <= *last) {
            return;
        }
        self.points.push_back((t, v));
        for (fit, window) in self.fits.iter_mut().zip(windows) {
            fit.add((t, v), 1.0);
            while let Some(point) = self.points.get(fit.first - self.dropped)
                && point.0 <= t - window
            {
                fit.add(*point, -1.0);
                fit.first += 1;
            }
        }
        let longest = windows.iter().fold(0.0_f64, |a, b| a.max(*b));
        while self.points.front().is_some_and(|(first, _)| *first <= t - longest) {
            self.points.pop_front();
            self.dropped += 1;
        }
    }

    /// The last point: seconds on the tracks' clock, and value.
    #[must_use]
    pub fn last(&self) -> Option<(f64, f64)> {
        self.points.back().copied()
    }

    /// Points younger than `since`, oldest first.
    pub fn since(&self, since: f64) -> impl Iterator<Item = (f64, f64)> + '_ {
        let start = self.points.partition_point(|(t, _)| *t <= since);
        self.points.range(start..).copied()
    }

    /// Slope per second and the value of the line at `at`, over window number `window`.
    #[must_use]
    pub fn line(&self, window: usize, at: f64) -> Option<(f64, f64)> {
        self.fits[window].line(at)
    }
}

// === impl Fit ===

impl Fit {
    fn add(&mut self, (t, v): (f64, f64), sign: f64) {
        self.n += sign;
        self.t += sign * t;
        self.v += sign * v;
        self.tt += sign * t * t;
        self.tv += sign * t * v;
    }

    fn line(&self, at: f64) -> Option<(f64, f64)> {
        let spread = self.n * self.tt - self.t * self.t;
        if self.n < 2.0 || spread <= 1e-9 {
            return None;
        }
        let slope = (self.n * self.tv - self.t * self.v) / spread;
        Some((slope, self.v / self.n + slope * (at - self.t / self.n)))
    }
}

/// Least squares over points: slope per second and the value at `at`.
pub(crate) fn least_squares(
    points: impl Iterator<Item = (f64, f64)>,
    at: f64,
) -> Option<(f64, f64)> {
    let mut fit = Fit::default();
    let mut first = None;
    for (t, v) in points {
        let origin = *first.get_or_insert(t);
        fit.add((t - origin, v), 1.0);
    }
    fit.line(at - first?)
}

// === impl Tracks ===

impl Tracks {
    /// Empty tracks.
    #[must_use]
    pub fn new(scale: TimeScale) -> Self {
        let seconds =
            |minutes: f64| scale.to_platform(FaultDuration::from_minutes(minutes)).as_seconds();
        Self {
            scale,
            origin: None,
            now: 0.0,
            step: 0.0,
            windows: WINDOWS_MINUTES.map(seconds),
            entities: Vec::new(),
        }
    }

    /// Takes in a batch; `state` has taken it in already.
    pub fn observe(&mut self, batch: &Batch, state: &State) {
        let origin = *self.origin.get_or_insert(batch.until);
        self.step = state.settings().scrape_interval.as_seconds();
        for (id, entity) in &batch.entities {
            debug_assert_eq!(id.index(), self.entities.len());
            self.entities.push(EntityRecord::new(entity.clone()));
        }
        for sample in &batch.samples {
            let t = sample.at.since(origin).as_seconds();
            if let Some(record) = self.entities.get_mut(sample.entity.index()) {
                record.take((sample.quantity, t, sample.value), &self.windows);
            }
        }
        self.now = batch.until.since(origin).as_seconds();
        for record in &mut self.entities {
            record.place = place(&record.entity, state);
        }
    }

    /// Seconds on the tracks' clock at `at`.
    pub(crate) fn clock(&self, at: Timestamp) -> f64 {
        self.origin.map_or(0.0, |origin| at.since(origin).as_seconds())
    }

    /// Wall seconds of fault minutes.
    pub(crate) fn seconds(&self, fault_minutes: f64) -> f64 {
        self.scale.to_platform(FaultDuration::from_minutes(fault_minutes)).as_seconds()
    }

    /// Fault minutes of wall seconds.
    pub(crate) fn fault_minutes(&self, seconds: f64) -> f64 {
        self.scale.to_fault(PlatformDuration::from_seconds_f64(seconds)).as_minutes()
    }

    pub(crate) fn entities(&self) -> &[EntityRecord] {
        &self.entities
    }

    /// The time at `t` on the tracks' clock.
    pub(crate) fn timestamp(&self, t: f64) -> Option<Timestamp> {
        self.origin.map(|origin| origin + PlatformDuration::from_seconds_f64(t))
    }

    /// Every fresh level with a known limit, with the name of its object.
    pub(crate) fn limited_objects(&self) -> Vec<(String, Limited<'_>)> {
        let mut found = Vec::new();
        for record in &self.entities {
            let name = name_of(&record.entity);
            found.extend(self.limited_of(record).map(|limited| (name.clone(), limited)));
        }
        found
    }

    /// Whether a point at `t` still says something.
    pub(crate) fn is_fresh(&self, t: f64) -> bool {
        self.now - t <= self.step * STALE_SCRAPES as f64
    }

    /// The rate per second of a counter over `window` wall seconds; `None` without two points.
    pub(crate) fn rate(
        &self,
        record: &EntityRecord,
        quantity: Quantity,
        window: f64,
    ) -> Option<f64> {
        let points = record.flows.get(&quantity)?;
        if !self.is_fresh(points.back()?.0) {
            return None;
        }
        let start = points.partition_point(|(t, _)| *t < self.now - window - self.step);
        let (mut grown, mut before, mut first) = (0.0, None::<f64>, None::<f64>);
        for (t, v) in points.range(start..) {
            if let Some(before) = before {
                // A counter that falls has restarted at zero.
                grown += if *v >= before { v - before } else { *v };
            }
            before = Some(*v);
            first.get_or_insert(*t);
        }
        let span = points.back()?.0 - first?;
        (span > 0.0).then(|| grown / span)
    }

    /// Every fresh level with a known limit.
    pub(crate) fn limited(&self) -> Vec<Limited<'_>> {
        self.entities.iter().flat_map(|record| self.limited_of(record)).collect()
    }

    fn limited_of<'a>(&'a self, record: &'a EntityRecord) -> impl Iterator<Item = Limited<'a>> {
        let levels = record.place.iter().flat_map(|place| {
            record.levels.iter().map(move |(quantity, track)| (place, *quantity, track))
        });
        levels.filter_map(|(place, quantity, track)| {
            track.last().filter(|(t, _)| self.is_fresh(*t))?;
            let (limit, falls, whole, kind) = record.limit(quantity, place)?;
            Some(Limited { unit: &place.unit, kind, quantity, track, limit, falls, whole })
        })
    }
}

// === impl Limited ===

impl Limited<'_> {
    /// The share of the limit that `level` takes.
    #[must_use]
    pub fn share(&self, level: f64) -> f64 {
        if self.falls {
            (self.whole - level) / (self.whole - self.limit)
        } else {
            level / self.limit
        }
    }

    /// Whether `level` is at or beyond the limit.
    #[must_use]
    pub fn is_passed(&self, level: f64) -> bool {
        if self.falls { level <= self.limit } else { level >= self.limit }
    }
}

// === impl EntityRecord ===

impl EntityRecord {
    const fn new(entity: Entity) -> Self {
        Self {
            entity,
            place: None,
            levels: BTreeMap::new(),
            states: BTreeMap::new(),
            flows: BTreeMap::new(),
        }
    }

    fn take(
        &mut self,
        (quantity, t, value): (Quantity, f64, f64),
        windows: &[f64; WINDOWS_MINUTES.len()],
    ) {
        match quantity.class() {
            QuantityClass::Level => {
                self.levels.entry(quantity).or_insert_with(LevelTrack::new).push(t, value, windows);
            }
            QuantityClass::State => {
                let before = self.states.insert(quantity, value);
                let restarted = quantity == Quantity::ContainerStart
                    && before.is_some_and(|before| (before - value).abs() > 1.0);
                if restarted {
                    self.levels.clear();
                    self.flows.clear();
                }
            }
            QuantityClass::Flow => {
                let points = self.flows.entry(quantity).or_default();
                if points.back().is_none_or(|(last, _)| t > *last) {
                    points.push_back((t, value));
                }
                // The longest rate of any rule: 15 min of fault time, well within ten minutes of fit.
                while points.front().is_some_and(|(first, _)| *first < t - windows[0] * 2.0) {
                    points.pop_front();
                }
            }
        }
    }

    /// Limit, direction, whole and kind of a level of this entity.
    fn limit(&self, quantity: Quantity, place: &Place) -> Option<(f64, bool, f64, FailureKind)> {
        let state = |quantity: Quantity| self.states.get(&quantity).copied();
        if let Some((_, whole, kind)) = FALLING.iter().find(|(level, ..)| *level == quantity) {
            return state(*whole).map(|whole| (0.0, true, whole, *kind));
        }
        let (_, setting, kind) = RISING.iter().find(|(level, ..)| *level == quantity)?;
        let from_spec = if quantity == Quantity::MemoryWorkingSet {
            place.memory_limit
        } else if quantity == Quantity::EmptyDirUsed {
            place.empty_dir_limit
        } else if quantity == Quantity::EphemeralStorage {
            place.ephemeral_limit
        } else {
            None
        };
        let limit = from_spec.or_else(|| setting.and_then(state));
        let limit = limit.filter(|limit| *limit > 0.0 && *limit < NO_LIMIT)?;
        Some((limit, false, limit, kind.unwrap_or(place.starved)))
    }

    /// CPU in use over its limit, from the rate over `window` wall seconds.
    pub(crate) fn cpu_share(&self, tracks: &Tracks, window: f64) -> Option<f64> {
        let limit = self
            .place
            .as_ref()
            .and_then(|place| place.cpu_limit)
            .or_else(|| self.states.get(&Quantity::CpuLimit).copied())
            .filter(|limit| *limit > 0.0)?;
        tracks.rate(self, Quantity::CpuUsage, window).map(|used| used / limit)
    }

    /// What ends a process that starves: its liveness probe where it has one.
    pub(crate) fn starved(&self) -> FailureKind {
        self.place.as_ref().map_or(FailureKind::ErrorExit, |place| place.starved)
    }
}

// === free functions ===

/// Name of an object for people.
fn name_of(entity: &Entity) -> String {
    match entity {
        Entity::Container { namespace, pod, container } => {
            format!("{namespace}/{pod} container {container}")
        }
        Entity::Pod { namespace, pod } => format!("{namespace}/{pod}"),
        Entity::Node { node } => format!("node {node}"),
        Entity::Claim { namespace, claim } => format!("claim {namespace}/{claim}"),
    }
}

fn place(entity: &Entity, state: &State) -> Option<Place> {
    match entity {
        Entity::Container { namespace, pod, container } => {
            Some(of_pod(state, state.graph().pod(namespace, pod)?, Some(container)))
        }
        Entity::Pod { namespace, pod } => {
            Some(of_pod(state, state.graph().pod(namespace, pod)?, None))
        }
        Entity::Node { node } => Some(bare(Unit::Node(node.clone()))),
        Entity::Claim { namespace, claim } => {
            Some(bare(Unit::Volume { namespace: namespace.clone(), claim: claim.clone() }))
        }
    }
}

const fn bare(unit: Unit) -> Place {
    Place {
        unit,
        memory_limit: None,
        cpu_limit: None,
        empty_dir_limit: None,
        ephemeral_limit: None,
        starved: FailureKind::ErrorExit,
    }
}

fn of_pod(state: &State, record: &PodRecord, container: Option<&String>) -> Place {
    let spec = container
        .and_then(|name| record.object.spec.iter().find(|container| container.name == *name));
    let limits = record.object.volumes.iter().filter_map(|volume| match volume.source {
        VolumeSource::EmptyDir { size_limit } => Some(size_limit),
        VolumeSource::Claim { .. } | VolumeSource::Other => None,
    });
    let empty_dir = limits.reduce(|a, b| a.zip(b).map(|(a, b)| a + b)).flatten();
    let storage = record.object.spec.iter().map(|spec| spec.resources.ephemeral_storage_limit);
    let ephemeral = storage.reduce(|a, b| a.zip(b).map(|(a, b)| a + b)).flatten();
    Place {
        unit: Unit::Workload(record.unit.clone()),
        memory_limit: spec.and_then(|spec| spec.resources.memory_limit),
        cpu_limit: spec.and_then(|spec| spec.resources.cpu_limit),
        empty_dir_limit: empty_dir.or_else(|| state.graph().learned_empty_dir_limit(&record.unit)),
        ephemeral_limit: ephemeral.or_else(|| state.graph().learned_ephemeral_limit(&record.unit)),
        starved: if spec.is_some_and(|spec| spec.liveness.is_some()) {
            FailureKind::LivenessKill
        } else {
            FailureKind::ErrorExit
        },
    }
}
