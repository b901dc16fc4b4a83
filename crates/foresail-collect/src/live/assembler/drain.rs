//! What became visible: points into streams, one source at a time, ids, and what can be forgotten.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use foresail_core::{CallEdge, ChangeKind, Entity, Object, Quantity, Sample, Timestamp};

use super::series::{CallKey, Kind, Series};
use super::{Assembler, Drained, Raw, StreamState};
use crate::inventory::InventoryPart;
use crate::recording::Pause;
use crate::stream::{Point, SILENT_SCRAPES, Verdict};

/// A series without a point for this long is forgotten, in milliseconds.
const FORGET_SERIES_MS: i64 = 30 * 60_000;

/// A pod is forgotten this long after its deletion, in milliseconds: longer than its samples may be
/// late, shorter than the engine remembers it.
const FORGET_POD_MS: i64 = 5 * 60_000;

/// Between two looks for what can be forgotten, in milliseconds.
const FORGET_EVERY_MS: i64 = 60_000;

/// What a stream gave: entity, quantity, time, value.
type Found = (u32, Quantity, i64, f64);

// === impl Assembler ===

impl Assembler {
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

    /// Judges the points of the streams, and adds those of side sources.
    fn judge(&mut self, dirty: Vec<u32>, latest: i64) -> Vec<Found> {
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
    fn give(&mut self, found: Vec<Found>, drained: &mut Drained) {
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
        // A back-fill leaves much room behind.
        pending.shrink_to(pending.len() * 4);
    }
}
