//! From raw points as they arrive to resolved samples, tick by tick.
//!
//! ```text
//!  points of a poll or scrape ──> Staged ──accept──> pending ──drain──> streams: one source at a time
//!                                   │                   │                  │
//!  labels, once a series ──> what it is good for        │                  └──> samples, new entities
//!  pods ──> their only container, whether they exist    └── inventory, calls
//! ```
//! It decides as reading a recording does, with the same parts: duplicates, values that are no numbers,
//! earlier runs of a container, precedence of sources, one target, sums, limits. Series that ended and
//! pods that are gone are forgotten. Samples of pods that nobody told about are left out: judgement
//! sees objects only through the Kubernetes API.

mod drain;
mod entities;
mod series;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use foresail_core::{
    CallEdge, ChangeKind, Entity, EntityId, Object, ObjectChange, PlatformDuration, PodObject,
    Quantity, Sample, Timestamp,
};
use rustc_hash::FxHashMap;

use crate::inventory::Watcher;
use crate::recording::{Pause, counts_requests_to_others};
use crate::resolve::{Labels, Resolver, Role, Sole, SoleContainers, peer};
use crate::stream::{Chooser, Point, SILENT_SCRAPES};
use entities::{Entities, PodName};
use series::{
    CallKey, Destination, Kind, Series, SeriesTable, identity, resolver_labels, target_number,
};

/// Points this far ahead of what was asked for come from a clock that is wrong, in milliseconds.
const AHEAD_MS: i64 = 60_000;

/// Points this far behind come too late for anything, in milliseconds.
const BEHIND_MS: i64 = 3 * 3_600_000;

/// The most series that are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeriesLimits {
    /// Of one metric family.
    pub per_family: usize,
    /// In all.
    pub total: usize,
}

/// What was left out, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Values that are NaN or infinite.
    pub not_finite: u64,
    /// Points with times of a wrong clock.
    pub wrong_clock: u64,
    /// Points that came after their stream had moved on.
    pub late: u64,
    /// Points of a container's earlier run.
    pub earlier_run: u64,
    /// Sums of a source that a better one replaces.
    pub other_source: u64,
    /// Sums of a second target.
    pub other_target: u64,
    /// Limits that mean "no limit".
    pub no_limit: u64,
    /// Samples of pods that the Kubernetes API does not show.
    pub unknown_pod: u64,
    /// Series over the limit, by family.
    pub series_left_out: BTreeMap<String, u64>,
}

/// Points that a poll or a scrape brought, until all of it is there.
#[derive(Debug, Default)]
pub(crate) struct Staged {
    points: Vec<Raw>,
    left_out: BTreeMap<&'static str, u64>,
}

/// All that became visible in a tick.
#[derive(Debug, Default)]
pub(crate) struct Drained {
    pub(crate) entities: Vec<(EntityId, Entity)>,
    pub(crate) samples: Vec<Sample>,
    pub(crate) calls: Vec<CallEdge>,
    /// With the time of the scrape that showed them.
    pub(crate) inventory: Vec<(Timestamp, ChangeKind, Object)>,
    pub(crate) losses: Losses,
}

/// What the assembler holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Series.
    pub series: usize,
    /// Entities and quantities.
    pub streams: usize,
    /// Entities.
    pub entities: usize,
    /// Points that wait for their tick.
    pub pending: usize,
}

#[derive(Clone, Copy, Debug)]
struct Raw {
    series: u32,
    generation: u32,
    at: i64,
    value: f64,
}

/// One entity and quantity.
#[derive(Debug)]
struct StreamState {
    entity: u32,
    quantity: Quantity,
    chooser: Chooser<i64>,
    /// Time of the last points that were judged.
    last: i64,
    /// From when on a side source gives it.
    side_from: Option<i64>,
    side_last: i64,
    pending: Vec<Point<i64>>,
}

/// The incremental resolver.
#[derive(Debug)]
pub(crate) struct Assembler {
    resolver: Resolver,
    interval: PlatformDuration,
    limits: SeriesLimits,
    series: SeriesTable,
    entities: Entities,
    streams: Vec<Option<StreamState>>,
    free_streams: Vec<u32>,
    stream_of: FxHashMap<(u32, Quantity), u32>,
    pending: Vec<Raw>,
    pending_side: Vec<(i64, u32, f64)>,
    side_quantities: BTreeSet<Quantity>,
    growth: Vec<(i64, Arc<CallKey>)>,
    callers: BTreeMap<CallKey, Pause<i64>>,
    watcher: Watcher,
    losses: Losses,
    forgot_at: i64,
}

// === impl SeriesLimits ===

impl Default for SeriesLimits {
    fn default() -> Self {
        Self { per_family: 500_000, total: 4_000_000 }
    }
}

// === impl Assembler ===

impl Assembler {
    pub(crate) fn new(interval: PlatformDuration, limits: SeriesLimits) -> Self {
        Self {
            resolver: Resolver::new(SoleContainers::new()),
            interval,
            limits,
            series: SeriesTable::default(),
            entities: Entities::default(),
            streams: Vec::new(),
            free_streams: Vec::new(),
            stream_of: FxHashMap::default(),
            pending: Vec::new(),
            pending_side: Vec::new(),
            side_quantities: BTreeSet::new(),
            growth: Vec::new(),
            callers: BTreeMap::new(),
            watcher: Watcher::default(),
            losses: Losses::default(),
            forgot_at: i64::MIN,
        }
    }

    /// Takes over the entities that the engine knows already; `next` is the first id that is free.
    pub(crate) fn resume(
        &mut self,
        known: impl IntoIterator<Item = (EntityId, Entity)>,
        next: EntityId,
    ) {
        self.entities.resume(known, next);
    }

    pub(crate) fn held(&self) -> Held {
        Held {
            series: self.series.len(),
            streams: self.stream_of.len(),
            entities: self.entities.len(),
            pending: self.pending.len(),
        }
    }

    /// Series of each family.
    pub(crate) fn families(&self) -> BTreeMap<String, u64> {
        self.series.families().map(|(family, count)| (family.to_owned(), count)).collect()
    }

    /// Quantities that came from side sources.
    pub(crate) fn side_quantities(&self) -> impl Iterator<Item = Quantity> {
        self.side_quantities.iter().copied()
    }

    /// Whether any rule reads the family.
    pub(crate) fn reads(&self, family: &str) -> bool {
        self.resolver.reads(family)
    }

    /// Takes in a change of an object, as of its observation.
    pub(crate) fn observe_object(&mut self, change: &ObjectChange) {
        let Object::Pod(pod) = &change.object else { return };
        if change.change == ChangeKind::Deleted {
            self.entities.pod_deleted(pod, change.observed_at);
            return;
        }
        self.entities.pod_exists(pod);
        self.note_sole_container(pod, change.observed_at.as_millis());
    }

    fn note_sole_container(&mut self, pod: &PodObject, since: i64) {
        let mut main = pod.containers.iter().filter(|container| !container.init);
        let Some(first) = main.next() else { return };
        let container = main.next().is_none().then(|| first.name.clone());
        let name = (pod.namespace.clone(), pod.name.clone());
        let known = self.resolver.sole_containers_mut().entry(name.clone()).or_default();
        if known.last().is_some_and(|last| last.container == container) {
            return;
        }
        known.push(Sole { since, container });
        self.resolve_again(&name);
    }

    /// The pod's container changed: series that name only the pod may mean something else.
    fn resolve_again(&mut self, name: &PodName) {
        let Some(pod) = self.entities.pods.get_mut(name) else { return };
        let dependents = std::mem::take(&mut pod.dependents);
        let mut still = Vec::with_capacity(dependents.len());
        for index in dependents {
            let Some(series) = self.series.get_mut(index) else { continue };
            let family = series.family;
            let Some(labels) = series.labels.take() else { continue };
            if (&labels.namespace, &labels.pod) != (&name.0, &name.1) {
                series.labels = Some(labels);
                continue;
            }
            let kind = self.kind(family, &labels);
            if let Some(series) = self.series.get_mut(index) {
                (series.kind, series.labels) = (kind, Some(labels));
            }
            still.push(index);
        }
        if let Some(pod) = self.entities.pods.get_mut(name) {
            pod.dependents = still;
        }
    }

    /// Takes in the points of one series; they count once they are accepted.
    pub(crate) fn stage(
        &mut self,
        (family, labels): (&str, &BTreeMap<String, String>),
        points: impl IntoIterator<Item = (Timestamp, f64)>,
        staged: &mut Staged,
    ) {
        let Some(family) = self.resolver.family(family) else { return };
        let (identity, copy) = identity(family, labels);
        let index = match self.series.find(&identity) {
            Some(index) => index,
            None => {
                let full = self.series.of_family(family) >= self.limits.per_family
                    || self.series.len() >= self.limits.total;
                if full {
                    *staged.left_out.entry(family).or_default() += 1;
                    return;
                }
                let labels = resolver_labels(labels);
                self.first_sight(family, labels, (identity, copy))
            }
        };
        let Some(series) = self.series.get_mut(index) else { return };
        if matches!(series.kind, Kind::Unread) && series.labels.is_none() {
            return;
        }
        let grace = self.interval.as_millis() * SILENT_SCRAPES;
        for (at, value) in points {
            let at = at.as_millis();
            if series.copy != copy {
                // Another copy of the series counts only when the first one has ceased.
                if at <= series.last.saturating_add(grace) {
                    continue;
                }
                series.copy = copy;
            }
            let generation = series.generation;
            staged.points.push(Raw { series: index, generation, at, value });
        }
    }

    fn first_sight(
        &mut self,
        family: &'static str,
        labels: Labels,
        (identity, copy): (series::Identity, u32),
    ) -> u32 {
        let role = self.resolver.role(family, &labels);
        let calls = counts_requests_to_others(&role) && !labels.pod.is_empty();
        let call = peer(&labels).filter(|_| calls);
        let call = call.map(|to| Arc::new((labels.namespace.clone(), labels.pod.clone(), to)));
        let kind = self.kind_of(role, target_number(&labels));
        let run = match &kind {
            Kind::Samples(destinations) => self.run_of(destinations, &labels),
            Kind::Unread | Kind::Inventory(_) => None,
        };
        let depends = self.resolver.asks_for_sole_container(family, &labels);
        let name = depends.then(|| (labels.namespace.clone(), labels.pod.clone()));
        let labels = depends.then(|| Box::new(labels));
        let (last, value) = (i64::MIN, f64::NAN);
        let index = self.series.add(Series {
            identity,
            generation: 0,
            family,
            last,
            value,
            copy,
            kind,
            run,
            call,
            labels,
        });
        if let Some(name) = name {
            self.entities.pods.entry(name).or_default().dependents.push(index);
        }
        index
    }

    fn kind(&mut self, family: &'static str, labels: &Labels) -> Kind {
        let role = self.resolver.role(family, labels);
        self.kind_of(role, target_number(labels))
    }

    fn kind_of(&mut self, role: Role, target: u32) -> Kind {
        let destinations = match role {
            Role::Unread => return Kind::Unread,
            Role::Inventory(part) => return Kind::Inventory(Arc::new(part)),
            Role::Samples(destinations) => destinations,
        };
        let placed = destinations.into_iter().map(|destination| {
            let source = destination.source;
            let entity = self.entities.place(destination.entity);
            let stream = self.stream(entity, source.quantity);
            let (rank, order, factor) = (source.rank, source.order, source.factor);
            let (from, until) = (destination.valid.start, destination.valid.end);
            Destination { stream, target, rank, order, factor, from, until }
        });
        Kind::Samples(placed.collect())
    }

    /// The container or pod and run of a cAdvisor series.
    fn run_of(&mut self, destinations: &[Destination], labels: &Labels) -> Option<(u32, u32)> {
        let id = labels.get("id")?;
        let stream = self.streams.get(destinations.first()?.stream as usize)?.as_ref()?;
        let entity = stream.entity;
        let slot = self.entities.get_mut(entity)?;
        match *slot.entity {
            Entity::Container { .. } | Entity::Pod { .. } => Some((entity, slot.run(id))),
            Entity::Node { .. } | Entity::Claim { .. } => None,
        }
    }

    fn stream(&mut self, entity: u32, quantity: Quantity) -> u32 {
        if let Some(index) = self.stream_of.get(&(entity, quantity)) {
            return *index;
        }
        let index = self.free_streams.pop().unwrap_or(self.streams.len() as u32);
        self.stream_of.insert((entity, quantity), index);
        if let Some(slot) = self.entities.get_mut(entity) {
            slot.streams += 1;
        }
        let state = StreamState {
            entity,
            quantity,
            chooser: Chooser::default(),
            last: i64::MIN,
            side_from: None,
            side_last: i64::MIN,
            pending: Vec::new(),
        };
        if index as usize == self.streams.len() {
            self.streams.push(Some(state));
        } else {
            self.streams[index as usize] = Some(state);
        }
        index
    }

    /// Accepts what was staged. `asked_to` is the time up to which it can reach: what lies far off
    /// comes from a clock that is wrong.
    pub(crate) fn accept(&mut self, staged: Staged, asked_to: Timestamp) -> u64 {
        for (family, count) in staged.left_out {
            let known = self.losses.series_left_out.entry(family.to_owned()).or_default();
            *known = count.max(*known);
        }
        let asked_to = asked_to.as_millis();
        let possible = asked_to - BEHIND_MS..=asked_to + AHEAD_MS;
        let mut taken = 0;
        for raw in staged.points {
            let place = (raw.series, raw.generation);
            let Some(series) = self.series.current(place) else { continue };
            if raw.at <= series.last {
                continue;
            }
            if !possible.contains(&raw.at) {
                self.losses.wrong_clock += 1;
                continue;
            }
            if !raw.value.is_finite() {
                self.losses.not_finite += 1;
                continue;
            }
            if let Some(call) = series.call.as_ref().filter(|_| raw.value > series.value) {
                self.growth.push((raw.at, Arc::clone(call)));
            }
            (series.last, series.value) = (raw.at, raw.value);
            self.pending.push(raw);
            taken += 1;
        }
        taken
    }

    /// Takes in a value from a source that comes before any metric (the kubelet's summary).
    pub(crate) fn observe_side(
        &mut self,
        (entity, quantity): (Entity, Quantity),
        at: Timestamp,
        value: f64,
    ) {
        self.side_quantities.insert(quantity);
        let entity = self.entities.place(entity);
        let stream = self.stream(entity, quantity);
        self.pending_side.push((at.as_millis(), stream, value));
    }
}

#[cfg(test)]
mod tests;
