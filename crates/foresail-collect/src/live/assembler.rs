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

mod entities;
mod series;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use foresail_core::{
    CallEdge, ChangeKind, Entity, EntityId, Object, ObjectChange, PlatformDuration, PodObject,
    Quantity, Sample, Timestamp,
};
use rustc_hash::FxHashMap;

use crate::inventory::{InventoryPart, Watcher};
use crate::recording::{Pause, counts_requests_to_others};
use crate::resolve::{Labels, Resolver, Role, Sole, SoleContainers, peer};
use crate::stream::{Chooser, Point, SILENT_SCRAPES, Verdict};
use entities::{Entities, PodName};
use series::{
    CallKey, Destination, Kind, Series, SeriesTable, identity, resolver_labels, target_number,
};

/// A series without a point for this long is forgotten, in milliseconds.
const FORGET_SERIES_MS: i64 = 30 * 60_000;

/// A pod is forgotten this long after its deletion, in milliseconds: longer than its samples may be
/// late, shorter than the engine remembers it.
const FORGET_POD_MS: i64 = 5 * 60_000;

/// Between two looks for what can be forgotten, in milliseconds.
const FORGET_EVERY_MS: i64 = 60_000;

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

    /// Everything up to `latest` that was not given before.
    pub(crate) fn drain(&mut self, latest: Timestamp) -> Drained {
        let latest = latest.as_millis();
        let ready: Vec<Raw> = self.pending.extract_if(.., |raw| raw.at <= latest).collect();
        for raw in &ready {
            let run = self.series.get(raw.series).and_then(|series| series.run);
            if let Some((entity, number)) = run
                && let Some(slot) = self.entities.get_mut(entity)
            {
                slot.saw_run(number, raw.at);
            }
        }
        let mut drained = Drained { inventory: self.inventory(&ready), ..Drained::default() };
        let dirty = self.scatter(&ready);
        let found = self.judge(dirty, latest);
        self.give(found, &mut drained);
        drained.calls = self.calls(latest);
        self.forget(latest);
        drained.losses = std::mem::take(&mut self.losses);
        drained
    }

    /// Sorts the points into the streams that they belong to; gives those streams.
    fn scatter(&mut self, ready: &[Raw]) -> Vec<u32> {
        let mut dirty = Vec::new();
        for raw in ready {
            let Some(series) = self.series.get(raw.series) else { continue };
            let Kind::Samples(destinations) = &series.kind else { continue };
            let until = series.run.and_then(|(entity, number)| {
                self.entities.get(entity).map(|slot| slot.run_until(number))
            });
            if until.is_some_and(|until| raw.at >= until) {
                self.losses.earlier_run += 1;
                continue;
            }
            for to in destinations.iter().filter(|to| (to.from..to.until).contains(&raw.at)) {
                let place = self.streams.get_mut(to.stream as usize);
                let Some(stream) = place.and_then(Option::as_mut) else { continue };
                if raw.at <= stream.last {
                    self.losses.late += 1;
                    continue;
                }
                if stream.pending.is_empty() {
                    dirty.push(to.stream);
                }
                stream.pending.push(Point {
                    at: raw.at,
                    rank: to.rank,
                    order: to.order,
                    target: to.target,
                    metric: 0,
                    value: raw.value * to.factor,
                });
            }
        }
        dirty
    }

    /// Judges the points of the streams, and adds those of side sources: entity, quantity, time, value.
    fn judge(&mut self, dirty: Vec<u32>, latest: i64) -> Vec<(u32, Quantity, i64, f64)> {
        let mut side: Vec<(i64, u32, f64)> =
            self.pending_side.extract_if(.., |(at, ..)| *at <= latest).collect();
        side.sort_by_key(|(at, stream, _)| (*stream, *at));
        for (at, stream, _) in &side {
            if let Some(Some(state)) = self.streams.get_mut(*stream as usize) {
                state.side_from = state.side_from.or(Some(*at));
            }
        }
        let grace = self.interval.as_millis() * SILENT_SCRAPES;
        let mut found = Vec::new();
        let Self { streams, losses, .. } = self;
        for index in dirty {
            let Some(Some(stream)) = streams.get_mut(index as usize) else { continue };
            let mut points = std::mem::take(&mut stream.pending);
            points.sort_by_key(Point::key);
            for group in points.chunk_by(|a, b| a.key() == b.key()) {
                let at = group[0].at;
                stream.last = at;
                match stream.chooser.judge(stream.quantity, group, grace) {
                    Verdict::Sample(_) if stream.side_from.is_some_and(|from| at >= from) => {
                        losses.other_source += 1;
                    }
                    Verdict::Sample(value) => {
                        found.push((stream.entity, stream.quantity, at, value));
                    }
                    Verdict::OtherSource => losses.other_source += 1,
                    Verdict::OtherTarget => losses.other_target += 1,
                    Verdict::NoLimit => losses.no_limit += 1,
                }
            }
            points.clear();
            stream.pending = points;
        }
        let mut before: Option<(u32, i64)> = None;
        for (at, index, value) in side {
            let Some(Some(stream)) = streams.get_mut(index as usize) else { continue };
            let new = before.replace((index, at)) != Some((index, at)) && at > stream.side_last;
            if new && value.is_finite() {
                stream.side_last = at;
                stream.last = stream.last.max(at);
                found.push((stream.entity, stream.quantity, at, value));
            }
        }
        found
    }

    /// Gives ids in the order of first use, and the samples in theirs.
    fn give(&mut self, found: Vec<(u32, Quantity, i64, f64)>, drained: &mut Drained) {
        let mut first: BTreeMap<(i64, Arc<Entity>), u32> = BTreeMap::new();
        for (entity, _, at, _) in &found {
            if let Some(slot) = self.entities.get(*entity)
                && slot.id.is_none()
                && slot.known
            {
                first.insert((*at, Arc::clone(&slot.entity)), *entity);
            }
        }
        for entity in first.into_values() {
            drained.entities.extend(self.entities.give_id(entity));
        }
        drained.samples.reserve(found.len());
        for (entity, quantity, at, value) in found {
            let slot = self.entities.get(entity).filter(|slot| slot.known);
            let Some(id) = slot.and_then(|slot| slot.id) else {
                self.losses.unknown_pod += 1;
                continue;
            };
            let at = Timestamp::from_millis(at);
            drained.samples.push(Sample { at, entity: id, quantity, value });
        }
        drained.samples.sort_unstable_by_key(|one| (one.at, one.entity, one.quantity));
    }

    fn inventory(&mut self, ready: &[Raw]) -> Vec<(Timestamp, ChangeKind, Object)> {
        let mut seen: Vec<(i64, u32, Arc<InventoryPart>, f64)> = Vec::new();
        for raw in ready {
            if let Some(Series { kind: Kind::Inventory(part), .. }) = self.series.get(raw.series) {
                seen.push((raw.at, raw.series, Arc::clone(part), raw.value));
            }
        }
        seen.sort_by_key(|(at, series, ..)| (*at, *series));
        let mut changes = Vec::new();
        for scrape in seen.chunk_by(|a, b| a.0 == b.0) {
            let at = Timestamp::from_millis(scrape[0].0);
            let values = scrape.iter().map(|(_, _, part, value)| (&**part, *value));
            let found = self.watcher.scrape(values);
            changes.extend(found.into_iter().map(|(change, object)| (at, change, object)));
        }
        changes
    }

    fn calls(&mut self, latest: i64) -> Vec<CallEdge> {
        let mut grew: Vec<(i64, Arc<CallKey>)> =
            self.growth.extract_if(.., |(at, _)| *at <= latest).collect();
        grew.sort();
        let mut calls = Vec::new();
        for (at, key) in grew {
            let pause = self.callers.entry((*key).clone());
            if pause.or_insert_with(|| Pause::new(self.interval)).admits(at) {
                let (namespace, pod, to) = (*key).clone();
                calls.push(CallEdge { at: Timestamp::from_millis(at), namespace, pod, to });
            }
        }
        calls
    }

    /// Forgets series that ended, pods that are gone, and what belongs to them.
    fn forget(&mut self, now: i64) {
        if now < self.forgot_at.saturating_add(FORGET_EVERY_MS) {
            return;
        }
        self.forgot_at = now;
        let idle = now - FORGET_SERIES_MS;
        let exists = |index| self.series.get(index).is_some_and(|series| series.labels.is_some());
        for name in self.entities.forget(now - FORGET_POD_MS, exists) {
            self.resolver.sole_containers_mut().remove(&name);
        }
        let mut dead: BTreeSet<u32> = BTreeSet::new();
        for (index, place) in self.streams.iter_mut().enumerate() {
            let entities = &self.entities;
            let gone = |stream: &mut StreamState| {
                let idle = stream.last < idle && stream.last > i64::MIN;
                idle || entities.get(stream.entity).is_none()
            };
            if let Some(stream) = place.take_if(gone) {
                self.stream_of.remove(&(stream.entity, stream.quantity));
                if let Some(slot) = self.entities.get_mut(stream.entity) {
                    slot.streams -= 1;
                }
                self.free_streams.push(index as u32);
                dead.insert(index as u32);
            }
        }
        // Streams that were made and never used go with their series.
        self.series.retain(|series| {
            let of_dead = match &series.kind {
                Kind::Samples(to) => to.iter().any(|to| dead.contains(&to.stream)),
                Kind::Unread | Kind::Inventory(_) => false,
            };
            !of_dead && (series.last >= idle || series.last == i64::MIN)
        });
        self.callers.retain(|_, pause| !pause.is_over(now));
        let Self { series, pending, pending_side, .. } = self;
        pending.retain(|raw| series.current((raw.series, raw.generation)).is_some());
        pending_side.retain(|(_, stream, _)| !dead.contains(stream));
    }
}

#[cfg(test)]
mod tests;
