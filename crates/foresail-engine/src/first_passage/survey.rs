//! One look at every target of a state, shared by all who judge it.

use std::cmp::Ordering;

use foresail_core::{EntityId, Quantity, Timestamp};

use super::FirstPassageSettings;
use super::target::{self, Direction, Target};
use super::trend::{Outlook, Question, Reach, Trend, Trough, least_progress, outlook};
use crate::graph::PodRecord;
use crate::series::{Instant, SeriesClock};
use crate::state::State;

/// Fault minutes over which the least value is the trough: longer than a collector's cycle, shorter
/// than a leak worth an alarm.
const TROUGH_MINUTES: usize = 5;

/// Fault minutes over which the level now is averaged.
const RECENT_MINUTES: f64 = 2.0;

/// Fault minutes of history below which nothing is said: half of the shortest window.
const YOUNG_MINUTES: usize = 5;

/// Targets of a usual pod; room for more is made where there are more.
const USUAL_TARGETS: usize = 4;

/// Everything that first passage sees at one time.
#[derive(Debug)]
pub struct Survey<'a> {
    pub(super) state: &'a State,
    pub(super) settings: &'a FirstPassageSettings,
    /// The time that it is of.
    pub(super) at: Timestamp,
    /// Pods that run, in the order of namespace and name.
    pods: Vec<PodEntry<'a>>,
    /// Readings of pods, pod by pod, then those of nodes and claims.
    readings: Vec<Reading<'a>>,
}

/// One pod of a survey.
#[derive(Debug)]
struct PodEntry<'a> {
    record: &'a PodRecord,
    entities: &'a [EntityId],
    /// Why nothing can be said of it; `None` where something can.
    blind: Option<Blind>,
    /// Where its readings end.
    end: usize,
}

/// One pod and what first passage sees of it.
#[derive(Clone, Copy, Debug)]
pub struct SurveyedPod<'s, 'a> {
    /// The pod.
    pub record: &'a PodRecord,
    /// Its series and those of its containers.
    pub entities: &'a [EntityId],
    /// Its targets with fresh samples, each with its forecast.
    pub readings: &'s [Reading<'a>],
    pub(super) blind: Option<Blind>,
}

/// One target as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading<'a> {
    /// What can run out.
    pub target: Target<'a>,
    /// The level now, as a share of the limit.
    pub level: f64,
    /// The forecast, where the level runs toward its limit.
    pub forecast: Option<Box<Forecast>>,
}

/// What the strongest window says of one target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// How the level moves.
    pub trend: Trend,
    /// Probability that the limit is passed within the horizon.
    pub probability: f64,
    /// Probability that it is passed within the horizon but late enough to act: what ranks alarms.
    pub score: f64,
}

/// Looks at one target after the other.
struct Reader<'a> {
    state: &'a State,
    settings: &'a FirstPassageSettings,
    now: Instant,
    /// Least progress at which any window could pass the floor.
    least_progress: f64,
    /// Room for the minutes of a target, used again by the next.
    minutes: Vec<f32>,
    shares: Vec<f64>,
    troughs: Vec<Trough>,
}

/// Why a unit cannot be judged; the later ones are nearer to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Blind {
    /// No quantity with a known limit was scraped.
    NoTarget,
    /// The last sample is old.
    Stale,
    /// The process is younger than the shortest window.
    Young,
}

// === impl Survey ===

impl<'a> Survey<'a> {
    /// Looks at every target of `state` as of `at`.
    #[must_use]
    pub fn new(state: &'a State, at: Timestamp, settings: &'a FirstPassageSettings) -> Self {
        Self::visiting(state, at, settings, |_| ())
    }

    /// As [`Self::new`], and hands each pod to `visit` while its series are still in near memory.
    pub(crate) fn visiting(
        state: &'a State,
        at: Timestamp,
        settings: &'a FirstPassageSettings,
        mut visit: impl FnMut(&SurveyedPod<'_, 'a>),
    ) -> Self {
        let n_pods = state.series().n_pods();
        let pods = Vec::with_capacity(n_pods);
        let readings = Vec::with_capacity(USUAL_TARGETS * n_pods);
        let mut survey = Self { state, settings, at, pods, readings };
        let Some(now) = state.series().clock().instant(at) else { return survey };
        let mut reader = Reader::new(state, settings, now);
        let learned = state.graph().learned_limits();
        for (record, entities) in pods_with_series(state) {
            let blind =
                survey.look(&mut reader, target::of_pod((state, &learned), record, entities));
            let end = survey.readings.len();
            survey.pods.push(PodEntry { record, entities, blind, end });
            visit(&survey.pod_at(survey.pods.len() - 1));
        }
        let objects = state.series().cluster_objects().flat_map(target::of_cluster_object);
        survey.look(&mut reader, objects);
        survey
    }

    /// Reads targets, then forecasts them, so that the memory of one is waited for beside that of the
    /// others; returns why nothing could be said.
    fn look(
        &mut self,
        reader: &mut Reader<'a>,
        targets: impl Iterator<Item = Target<'a>>,
    ) -> Option<Blind> {
        let start = self.readings.len();
        let mut blind = Some(Blind::NoTarget);
        for target in targets {
            match reader.read(target) {
                Ok(reading) => self.readings.push(reading),
                Err(reason) => blind = blind.max(Some(reason)),
            }
        }
        for reading in &mut self.readings[start..] {
            let reason = reader.forecast(reading);
            blind = blind.zip(reason).map(|(known, reason)| known.max(reason));
        }
        blind
    }

    /// The time that it is of.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// Pods that run, in the order of namespace and name.
    pub fn pods(&self) -> impl Iterator<Item = SurveyedPod<'_, 'a>> {
        (0..self.pods.len()).map(|place| self.pod_at(place))
    }

    /// The pod with this name, if it runs.
    #[must_use]
    pub fn pod(&self, namespace: &str, name: &str) -> Option<SurveyedPod<'_, 'a>> {
        let key = |entry: &PodEntry<'a>| {
            let object = &entry.record.object;
            (object.namespace.as_str(), object.name.as_str()).cmp(&(namespace, name))
        };
        self.pods.binary_search_by(key).ok().map(|place| self.pod_at(place))
    }

    /// Targets of nodes and claims with fresh samples, in the order of their series.
    #[must_use]
    pub fn cluster_readings(&self) -> &[Reading<'a>] {
        &self.readings[self.pods.last().map_or(0, |entry| entry.end)..]
    }

    fn pod_at(&self, place: usize) -> SurveyedPod<'_, 'a> {
        let entry = &self.pods[place];
        let start = place.checked_sub(1).map_or(0, |before| self.pods[before].end);
        SurveyedPod {
            record: entry.record,
            entities: entry.entities,
            readings: &self.readings[start..entry.end],
            blind: entry.blind,
        }
    }
}

// === impl Reader ===

impl<'a> Reader<'a> {
    fn new(state: &'a State, settings: &'a FirstPassageSettings, now: Instant) -> Self {
        Self {
            state,
            settings,
            now,
            least_progress: least_progress(settings.floor, settings.belief),
            minutes: Vec::new(),
            shares: Vec::new(),
            troughs: Vec::new(),
        }
    }

    /// Reads one target.
    fn read(&self, target: Target<'a>) -> Result<Reading<'a>, Blind> {
        let (last_at, last) = target.history.last().ok_or(Blind::NoTarget)?;
        if self.is_stale(last_at) {
            return Err(Blind::Stale);
        }
        let is_recent = |at| self.clock().fault_minutes(last_at, at) <= RECENT_MINUTES;
        let level = target.share(target.history.mean_while(is_recent).unwrap_or(last));
        Ok(Reading { target, level, forecast: None })
    }

    /// Adds the forecast of a reading, or says why there can be none.
    fn forecast(&mut self, reading: &mut Reading<'_>) -> Option<Blind> {
        match self.outlook(&reading.target, reading.level) {
            Outlook::TooShort => return Some(Blind::Young),
            Outlook::Quiet => {}
            Outlook::Running(trend) => {
                let belief = self.settings.belief;
                let (probability, score) = (trend.probability(belief), trend.useful(belief));
                reading.forecast = Some(Box::new(Forecast { trend, probability, score }));
            }
        }
        None
    }

    const fn clock(&self) -> &'a SeriesClock {
        self.state.series().clock()
    }

    /// Whether the last sample is more than five scrapes and five fault minutes old.
    fn is_stale(&self, last_at: Instant) -> bool {
        let settings = self.state.settings();
        let old = self.now.seconds_since(last_at) - settings.sample_lag().as_seconds();
        self.clock().fault_minutes(self.now, last_at) > 5.0
            && old > 5.0 * settings.scrape_interval.as_seconds()
    }

    /// What the windows of one level say.
    fn outlook(&mut self, target: &Target<'_>, level: f64) -> Outlook {
        if target.history.n_minutes() < YOUNG_MINUTES {
            return Outlook::TooShort;
        }
        let Some(newest) = target.history.newest_minute().filter(|_| self.may_matter(target))
        else {
            return Outlook::Quiet;
        };
        self.fill_troughs(target);
        let FirstPassageSettings { belief, floor, .. } = *self.settings;
        let reach = Reach {
            nearest: self.settings.late * target.kind.minimum_lead().as_minutes(),
            farthest: self.settings.horizon_of(target.kind),
        };
        let flow = target.series.flow(Quantity::Requests);
        let load = |minute: f64| {
            let index = newest.checked_sub(-minute as u32);
            flow.zip(index).and_then(|(flow, index)| flow.minute(index)).unwrap_or(f64::NAN)
        };
        outlook(&self.troughs, Question { level, reach, belief, floor }, load)
    }

    /// Cheap look: has the level come far enough on its way that any window could pass the floor?
    fn may_matter(&self, target: &Target<'_>) -> bool {
        let Some((least, greatest, newest)) = target.history.extremes() else { return false };
        let share = |level: f32| target.share(f64::from(level));
        // What falls to its floor is used most where least is left.
        let (low, high) = match target.direction {
            Direction::Rises => (share(least), share(greatest)),
            Direction::Falls { .. } => (share(greatest), share(least)),
        };
        let distance = (1.0 - share(newest)).max(0.0);
        let growth = (share(newest) - low).max(0.0);
        high > low && growth / (growth + distance).max(1e-9) >= self.least_progress
    }

    /// Troughs per fault minute as shares of the limit.
    fn fill_troughs(&mut self, target: &Target<'_>) {
        let Self { minutes, shares, troughs, .. } = self;
        // A rising level keeps what it holds at its minimum; what is left of a falling one is at its
        // mean.
        match target.direction {
            Direction::Rises => target.history.fill_minima(minutes),
            Direction::Falls { .. } => target.history.fill_means(minutes),
        }
        // Before the first minute and where nothing was scraped there is no trough.
        shares.clear();
        shares.resize(TROUGH_MINUTES - 1, f64::INFINITY);
        shares.extend(minutes.iter().map(|value| {
            let share = target.share(f64::from(*value));
            if share.is_finite() { share } else { f64::INFINITY }
        }));
        // The least of two, then of four, then of five in a row.
        for step in [1, 2, 1] {
            least_with_next(shares, step);
        }
        let first = 1.0 - minutes.len() as f64;
        troughs.clear();
        troughs.reserve(minutes.len());
        for (i, level) in shares[..minutes.len()].iter().enumerate() {
            if level.is_finite() {
                troughs.push(Trough { minute: first + i as f64, level: *level });
            }
        }
    }
}

/// Pods that run, with their series: both sides come in the order of namespace and name.
fn pods_with_series(state: &State) -> impl Iterator<Item = (&PodRecord, &[EntityId])> {
    let mut series = state.series().pods().peekable();
    let running = state.graph().pods().filter(|pod| !pod.object.is_finished());
    running.map(move |pod| {
        let own = loop {
            let order = series.peek().map(|((namespace, name), _)| {
                (namespace, name).cmp(&(&pod.object.namespace, &pod.object.name))
            });
            match order {
                Some(Ordering::Less) => drop(series.next()),
                Some(Ordering::Equal) => break series.next(),
                Some(Ordering::Greater) | None => break None,
            }
        };
        (pod, own.map_or(&[][..], |(_, entities)| entities))
    })
}

/// Replaces each value by the lesser of itself and the one `step` further; the last ones stay.
fn least_with_next(values: &mut [f64], step: usize) {
    for i in 0..values.len().saturating_sub(step) {
        let next = values[i + step];
        values[i] = if next < values[i] { next } else { values[i] };
    }
}
