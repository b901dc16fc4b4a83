//! Replay: a recording as it would have arrived live, one [`Batch`] per tick.
//!
//! A sample is visible at its time plus one scrape interval and 2 s, an object or event when it was
//! observed, a log line 2 s after it was written. Each batch names the entities first used in it.

use foresail_core::{
    Batch, CallEdge, Entity, EntityId, LogLine, ObjectChange, PlatformDuration, Quantity, Sample,
    Timestamp,
};
use rustc_hash::FxHashMap;

use crate::recording::Recording;

mod clock;

pub use clock::ReplayClock;

/// Between the end of a scrape and its samples being visible.
pub(crate) const DELAY: PlatformDuration = PlatformDuration::from_seconds(2);

/// Log lines of one pod in one batch; the rest is counted.
const LOG_LINES_PER_POD: usize = 200;

/// How to replay.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ReplayOptions {
    /// Keep one scrape per this span; the tick follows.
    pub thin_to: Option<PlatformDuration>,
    /// Multiply every time stamp, and the scrape interval, by this.
    pub stretch: Option<f64>,
}

/// An iterator over `(tick, batch)`.
#[derive(Debug)]
pub struct Replay<'a> {
    recording: &'a Recording,
    clock: ReplayClock,
    thin: Option<u32>,
    /// Scrape interval before stretching.
    interval: PlatformDuration,
    /// Next tick before stretching.
    next: Timestamp,
    cursor: Cursor,
    /// Id of the entity of each stream, once used.
    ids: Vec<Option<EntityId>>,
    entities: FxHashMap<&'a Entity, EntityId>,
    /// Last thinning slot of each stream.
    slots: Vec<u32>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Cursor {
    sample: usize,
    object: usize,
    inventory: usize,
    call: usize,
    event: usize,
    log: usize,
}

// === impl Replay ===

impl<'a> Replay<'a> {
    pub(crate) fn new(recording: &'a Recording, options: ReplayOptions) -> Self {
        let recorded = recording.scrape_interval();
        let interval = options.thin_to.filter(|to| *to > recorded).unwrap_or(recorded);
        let thin = (interval > recorded).then_some(interval.as_millis() as u32);
        let clock = ReplayClock::new(recording.started_at(), interval, options.stretch);
        let n_streams = recording.assembled.streams.len();
        Self {
            recording,
            clock,
            thin,
            interval,
            next: recording.started_at().round_up(interval),
            cursor: Cursor::default(),
            ids: vec![None; n_streams],
            entities: FxHashMap::default(),
            slots: vec![u32::MAX; n_streams],
        }
    }

    /// The tick: the scrape interval after thinning and stretching.
    #[must_use]
    pub fn scrape_interval(&self) -> PlatformDuration {
        self.clock.map_span(self.interval)
    }

    /// When the replayed recording begins.
    #[must_use]
    pub fn started_at(&self) -> Timestamp {
        self.clock.map(self.recording.started_at())
    }

    /// When the replayed recording ends.
    #[must_use]
    pub fn ended_at(&self) -> Timestamp {
        self.clock.map(self.recording.ended_at())
    }

    /// Maps times of the recording to times of the replay.
    #[must_use]
    pub const fn clock(&self) -> ReplayClock {
        self.clock
    }

    fn batch(&mut self, tick: Timestamp) -> Batch {
        let mut batch = Batch { until: self.clock.map(tick), ..Batch::default() };
        self.add_samples(tick, &mut batch);
        self.add_objects(tick, &mut batch);
        self.add_events(tick, &mut batch);
        self.add_calls(tick, &mut batch);
        self.add_logs(tick, &mut batch);
        batch
    }

    fn add_samples(&mut self, tick: Timestamp, batch: &mut Batch) {
        let recording = self.recording;
        let assembled = &recording.assembled;
        let latest = tick - self.interval - DELAY;
        let rest = &assembled.samples[self.cursor.sample..];
        let n = rest.partition_point(|sample| recording.span.time(sample.at) <= latest);
        self.cursor.sample += n;
        batch.samples.reserve(n);
        for sample in &rest[..n] {
            let stream = sample.stream as usize;
            if let Some(thin) = self.thin {
                let slot = sample.at / thin;
                if self.slots[stream] == slot {
                    continue;
                }
                self.slots[stream] = slot;
            }
            let known = &assembled.streams[stream];
            let entity = match self.ids[stream] {
                Some(id) => id,
                None => self.intern(stream, batch),
            };
            let is_time = matches!(known.quantity, Quantity::ContainerStart | Quantity::NodeBoot);
            let value = if is_time { self.clock.map_seconds(sample.value) } else { sample.value };
            let at = self.clock.map(recording.span.time(sample.at));
            batch.samples.push(Sample { at, entity, quantity: known.quantity, value });
        }
        batch.samples.sort_by_key(|sample| (sample.at, sample.entity, sample.quantity));
    }

    fn intern(&mut self, stream: usize, batch: &mut Batch) -> EntityId {
        let entity = &self.recording.assembled.streams[stream].entity;
        let next = EntityId::new(self.entities.len() as u32);
        let id = *self.entities.entry(entity).or_insert_with(|| {
            batch.entities.push((next, entity.clone()));
            next
        });
        self.ids[stream] = Some(id);
        id
    }

    fn add_objects(&mut self, tick: Timestamp, batch: &mut Batch) {
        let rest = &self.recording.objects[self.cursor.object..];
        let n = rest.partition_point(|change| change.observed_at <= tick);
        self.cursor.object += n;
        batch.objects.extend(rest[..n].iter().map(|change| self.clock.map_change(change)));
        let latest = tick - self.interval - DELAY;
        let inventory = &self.recording.assembled.inventory[self.cursor.inventory..];
        let m = inventory.partition_point(|change| self.scrape_of(change.at) <= latest);
        self.cursor.inventory += m;
        batch.objects.extend(inventory[..m].iter().map(|change| ObjectChange {
            observed_at: self.clock.map(self.scrape_of(change.at) + self.interval + DELAY),
            change: change.change,
            object: change.object.clone(),
        }));
        if n > 0 && m > 0 {
            batch.objects.sort_by_key(|change| change.observed_at);
        }
    }

    /// Time of the scrape that showed something: with thinning, the next one that is kept.
    fn scrape_of(&self, offset: u32) -> Timestamp {
        let offset = self.thin.map_or(offset, |thin| offset.div_ceil(thin) * thin);
        self.recording.span.time(offset)
    }

    fn add_calls(&mut self, tick: Timestamp, batch: &mut Batch) {
        let latest = tick - self.interval - DELAY;
        let rest = &self.recording.assembled.calls[self.cursor.call..];
        let n = rest.partition_point(|call| self.scrape_of(call.at) <= latest);
        self.cursor.call += n;
        batch.calls.extend(rest[..n].iter().map(|call| CallEdge {
            at: self.clock.map(self.scrape_of(call.at)),
            namespace: call.namespace.clone(),
            pod: call.pod.clone(),
            to: call.to.clone(),
        }));
    }

    fn add_events(&mut self, tick: Timestamp, batch: &mut Batch) {
        let rest = &self.recording.events[self.cursor.event..];
        let n = rest.partition_point(|event| event.observed_at <= tick);
        self.cursor.event += n;
        batch.events.extend(rest[..n].iter().map(|event| self.clock.map_event(event)));
    }

    fn add_logs(&mut self, tick: Timestamp, batch: &mut Batch) {
        let logs = &self.recording.logs;
        let rest = &logs.lines[self.cursor.log..];
        let n = rest.partition_point(|line| line.at + DELAY <= tick);
        self.cursor.log += n;
        let mut per_pod: FxHashMap<(&str, &str), usize> = FxHashMap::default();
        for line in &rest[..n] {
            let [namespace, pod, container] = &logs.containers[line.container as usize];
            let count = per_pod.entry((namespace, pod)).or_default();
            *count += 1;
            if *count > LOG_LINES_PER_POD {
                batch.logs_dropped += 1;
                continue;
            }
            batch.logs.push(LogLine {
                at: self.clock.map(line.at),
                namespace: namespace.clone(),
                pod: pod.clone(),
                container: container.clone(),
                text: line.text.clone(),
            });
        }
    }
}

impl Iterator for Replay<'_> {
    type Item = (Timestamp, Batch);

    fn next(&mut self) -> Option<Self::Item> {
        if self.next > self.recording.ended_at() {
            return None;
        }
        let tick = self.next;
        self.next = tick + self.interval;
        let batch = self.batch(tick);
        Some((batch.until, batch))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.recording.ended_at().since(self.next).as_millis();
        let n = if left < 0 { 0 } else { left / self.interval.as_millis() + 1 };
        (n as usize, Some(n as usize))
    }
}

impl ExactSizeIterator for Replay<'_> {}
