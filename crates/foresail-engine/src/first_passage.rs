//! Probability and time to pass a known limit; needs no training.
//!
//! ```text
//!  target: a level with a limit ──> trend: shapes on several windows ──> passage: P and times
//!                                                                          │
//!                             the strongest window speaks for its object ──┴──> one prediction per unit and kind
//! ```

mod passage;
mod target;
mod trend;
mod words;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use foresail_core::{
    Basis, Entity, EntityId, FailureKind, ModelId, PlatformDuration, Prediction, Probability,
    Quantity, TimeToEvent, Timestamp, Unit, Verdict, WorkloadId,
};
use serde::{Deserialize, Serialize};

use crate::graph::PodRecord;
use crate::series::{EntitySeries, Instant, LevelSeries, SeriesClock};
use crate::state::State;
use target::Target;
pub use trend::Belief;
use trend::{Outlook, Point, Reach, Trend, outlook};

/// Name of this model.
pub const MODEL: &str = "first-passage";
/// Fault minutes over which the least value is the trough: longer than a collector's cycle, shorter
/// than a leak worth an alarm.
const TROUGH_MINUTES: usize = 5;

/// False alarms per pod-day that may be afforded, and the score from which an alarm then counts:
/// chosen on the shipped training recordings (`foresail backtest --train`), never on the demo.
pub const OPERATING_POINTS: [(f64, f64); 3] = [(0.1, 0.71), (0.5, 0.43), (1.0, 0.33)];

/// Fault minutes of history below which nothing is said: half of the shortest window.
const YOUNG_MINUTES: usize = 5;

/// Settings of first passage, chosen on training recordings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FirstPassageSettings {
    /// How far it looks, in fault minutes.
    pub horizon_minutes: f64,
    /// How readily growth is believed to arrive.
    pub belief: Belief,
    /// Share of the least useful lead that counts as too late to act.
    pub late: f64,
    /// Standard deviation of the logarithm of a time, beyond what the fit itself knows: growth
    /// quickens, pauses and stops.
    pub time_spread: f64,
    /// Probability below which nothing is said.
    pub floor: f64,
}

impl Default for FirstPassageSettings {
    fn default() -> Self {
        Self {
            horizon_minutes: 100.0,
            belief: Belief { persistence: 0.75, proximity: 1.0, steadiness: 1.0, recency: 1.0 },
            late: 0.5,
            time_spread: 0.8,
            floor: 0.05,
        }
    }
}

impl FirstPassageSettings {
    /// How far it looks for a failure, in fault minutes: volumes fill slowly and take long to mend.
    fn horizon_of(&self, kind: FailureKind) -> f64 {
        if kind == FailureKind::VolumeFull {
            kind.longest_horizon().as_minutes()
        } else {
            self.horizon_minutes
        }
    }
}

/// The shipped threshold for a budget of false alarms per pod-day; `None` for a budget that none was
/// chosen for.
#[must_use]
pub fn threshold_for(budget: f64) -> Option<f64> {
    OPERATING_POINTS.iter().find(|(known, _)| *known == budget).map(|(_, threshold)| *threshold)
}

/// The strongest forecast of one target.
struct Forecast<'a> {
    target: Target<'a>,
    trend: Trend,
    probability: f64,
    score: f64,
    level: f64,
}

/// What a look at one target gave.
enum Look<'a> {
    /// Too little was scraped to say anything.
    Blind(Blind),
    /// Nothing runs toward the limit.
    Quiet,
    /// Something does.
    Running(Box<Forecast<'a>>),
}

/// Why a unit cannot be judged; the later ones are nearer to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Blind {
    /// No quantity with a known limit was scraped.
    NoTarget,
    /// The last sample is old.
    Stale,
    /// The process is younger than the shortest window.
    Young,
}

/// The strongest forecast of a unit and kind.
struct Strongest<'a> {
    forecast: Box<Forecast<'a>>,
    /// The pod that it was made on.
    pod: Option<&'a PodRecord>,
    /// Pods of the unit that run the same way, this one included.
    n_alike: usize,
    /// The last of them; pods come one after the other.
    last_alike: Option<&'a str>,
}

/// Forecasts being collected; only the strongest of a unit and kind is put into words.
#[derive(Default)]
struct Found<'a> {
    best: BTreeMap<(Unit, FailureKind), Strongest<'a>>,
    /// Units of which nothing could be judged so far, with the nearest reason; `None` once judged.
    blind: BTreeMap<&'a WorkloadId, Option<Blind>>,
}

/// What runs toward its limit, for every object, at `at`: at most one prediction per unit and kind,
/// and "not enough data" for workloads of which nothing can be judged.
#[must_use]
pub fn predict(state: &State, at: Timestamp, settings: &FirstPassageSettings) -> Vec<Prediction> {
    let Some(now) = state.series().clock().instant(at) else { return Vec::new() };
    let mut found = Found::default();
    for (pod, entities) in pods_with_series(state) {
        let mut nearest = Some(Blind::NoTarget);
        for target in target::of_pod(state, pod, entities) {
            match look(state, target, now, settings) {
                Look::Blind(reason) => nearest = nearest.map(|known| known.max(reason)),
                Look::Quiet => nearest = None,
                Look::Running(forecast) => {
                    nearest = None;
                    found.keep_best(forecast, Some(pod));
                }
            }
        }
        found.note_blind(pod, nearest);
    }
    for series in state.series().cluster_objects() {
        for target in target::of_cluster_object(series) {
            if let Look::Running(forecast) = look(state, target, now, settings) {
                found.keep_best(forecast, None);
            }
        }
    }
    found.finish(at, state, settings)
}

/// Pods that run, with their series: both sides come in the order of namespace and name.
fn pods_with_series(state: &State) -> impl Iterator<Item = (&PodRecord, &[EntityId])> {
    let mut series = state.series().pods().peekable();
    let running = state.graph().pods().filter(|pod| !pod.object.is_finished());
    running.map(move |pod| {
        let key = (&pod.object.namespace, &pod.object.name);
        while series.next_if(|((namespace, name), _)| (namespace, name) < key).is_some() {}
        let own = series.peek().filter(|((namespace, name), _)| (namespace, name) == key);
        (pod, own.map_or(&[][..], |(_, entities)| entities))
    })
}

// === impl Found ===

impl<'a> Found<'a> {
    fn keep_best(&mut self, forecast: Box<Forecast<'a>>, pod: Option<&'a PodRecord>) {
        let key = (unit_of(forecast.target.series, pod), forecast.target.kind);
        let name = pod.map(|pod| pod.object.name.as_str());
        match self.best.entry(key) {
            Entry::Vacant(vacant) => {
                vacant.insert(Strongest { forecast, pod, n_alike: 1, last_alike: name });
            }
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                known.n_alike += usize::from(known.last_alike != name);
                known.last_alike = name;
                if forecast.score > known.forecast.score {
                    (known.forecast, known.pod) = (forecast, pod);
                }
            }
        }
    }

    fn note_blind(&mut self, pod: &'a PodRecord, reason: Option<Blind>) {
        let known = self.blind.entry(&pod.unit).or_insert(reason);
        *known = known.zip(reason).map(|(known, reason)| known.max(reason));
    }

    fn finish(
        self,
        at: Timestamp,
        state: &State,
        settings: &FirstPassageSettings,
    ) -> Vec<Prediction> {
        let blind = self.blind.into_iter().filter_map(|(unit, reason)| {
            reason.map(|reason| {
                not_enough(Unit::Workload(unit.clone()), reason, at, (state, settings))
            })
        });
        let said = self
            .best
            .into_iter()
            .map(|((unit, _), strongest)| say(unit, &strongest, at, (state, settings)));
        said.chain(blind).collect()
    }
}

fn not_enough(
    unit: Unit,
    reason: Blind,
    at: Timestamp,
    (state, settings): (&State, &FirstPassageSettings),
) -> Prediction {
    let missing = match reason {
        Blind::NoTarget => {
            "no sampled quantity with a known limit (memory limit, descriptor limit, pool size or volume size)"
        }
        Blind::Stale => "fresh samples: the last ones are more than five scrapes old",
        Blind::Young => {
            "history: its containers have been sampled for less than 5 min of fault time"
        }
    };
    Prediction {
        at,
        sentence: format!("{unit}: not enough data, missing {missing}"),
        unit,
        pod: None,
        node: None,
        kind: FailureKind::OomKilled,
        horizon: wall(state, settings.horizon_of(FailureKind::OomKilled)),
        verdict: Verdict::NotEnoughData { missing: missing.to_owned() },
        score: 0.0,
        basis: None,
        evidence: Vec::new(),
        model: ModelId(MODEL.to_owned()),
    }
}

fn wall(state: &State, fault_minutes: f64) -> PlatformDuration {
    PlatformDuration::from_seconds_f64(fault_minutes * state.series().clock().seconds_per_minute())
}

/// Looks at one target; the strongest window speaks for it.
fn look<'a>(
    state: &State,
    target: Target<'a>,
    now: Instant,
    settings: &FirstPassageSettings,
) -> Look<'a> {
    let clock = state.series().clock();
    let series = target.series.level(target.quantity);
    let Some((series, (last_at, last))) = series.and_then(|series| Some((series, series.last()?)))
    else {
        return Look::Blind(Blind::NoTarget);
    };
    let old = now.seconds_since(last_at) - state.settings().sample_lag().as_seconds();
    if clock.fault_minutes(now, last_at) > 5.0
        && old > 5.0 * state.settings().scrape_interval.as_seconds()
    {
        return Look::Blind(Blind::Stale);
    }
    if series.n_minutes() < YOUNG_MINUTES {
        return Look::Blind(Blind::Young);
    }
    if !may_matter(&target, series, settings) {
        return Look::Quiet;
    }
    let points = points(&target, series, (clock, last_at));
    let reach = Reach {
        nearest: settings.late * target.kind.minimum_lead().as_minutes(),
        farthest: settings.horizon_of(target.kind),
    };
    let level = target.share(recent_level(series, clock).unwrap_or(last));
    match outlook(&points, level, reach, (settings.belief, settings.floor)) {
        Outlook::TooShort => Look::Blind(Blind::Young),
        Outlook::Quiet => Look::Quiet,
        Outlook::Running(trend) => {
            let probability = trend.probability(settings.belief);
            let score = trend.useful(settings.belief);
            Look::Running(Box::new(Forecast { target, trend, probability, score, level }))
        }
    }
}

/// Cheap look: has the level come far enough on its way that any window could pass the floor?
fn may_matter(target: &Target<'_>, series: &LevelSeries, settings: &FirstPassageSettings) -> bool {
    let Some((least, greatest, newest)) = series.extremes() else { return false };
    let share = |level: f32| target.share(f64::from(level));
    // What falls to its floor is used most where least is left.
    let (low, high) = match target.direction {
        target::Direction::Rises => (share(least), share(greatest)),
        target::Direction::Falls { .. } => (share(greatest), share(least)),
    };
    let distance = (1.0 - share(newest)).max(0.0);
    let growth = (share(newest) - low).max(0.0);
    high > low
        && libm::pow(growth / (growth + distance).max(1e-9), settings.belief.persistence)
            >= settings.floor
}

/// Mean of the last two fault minutes of raw values.
fn recent_level(series: &LevelSeries, clock: &SeriesClock) -> Option<f64> {
    let (newest, _) = series.last()?;
    let recent = series.raw().rev().take_while(|(at, _)| clock.fault_minutes(newest, *at) <= 2.0);
    let (sum, count) = recent.fold((0.0, 0), |(sum, count), (_, value)| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

/// Troughs per fault minute as shares of the limit, with the load beside them.
fn points(
    target: &Target<'_>,
    series: &LevelSeries,
    (clock, last_at): (&SeriesClock, Instant),
) -> Vec<Point> {
    let Some((newest, minutes)) = series.minutes() else { return Vec::new() };
    let load = target.series.flow(Quantity::Requests);
    let shares: Vec<f64> =
        minutes.map(|minute| target.share(f64::from(minute_value(target, minute)))).collect();
    let offset = clock.minute(last_at).saturating_sub(newest);
    let first = shares.len() as f64 - 1.0 + f64::from(offset);
    (0..shares.len())
        .filter_map(|i| {
            let trough = shares[i.saturating_sub(TROUGH_MINUTES - 1)..=i]
                .iter()
                .copied()
                .filter(|share| share.is_finite())
                .fold(f64::INFINITY, f64::min);
            let index = newest.checked_sub((shares.len() - 1 - i) as u32);
            let load =
                load.zip(index).and_then(|(flow, index)| flow.minute(index)).unwrap_or(f64::NAN);
            trough.is_finite().then_some(Point { minute: i as f64 - first, level: trough, load })
        })
        .collect()
}

/// A rising level keeps what it holds at its minimum; what is left of a falling one is at its mean.
fn minute_value(target: &Target<'_>, minute: crate::series::Minute) -> f32 {
    match target.direction {
        target::Direction::Rises => minute.minimum,
        target::Direction::Falls { .. } => minute.mean,
    }
}

fn say(
    unit: Unit,
    strongest: &Strongest<'_>,
    at: Timestamp,
    (state, settings): (&State, &FirstPassageSettings),
) -> Prediction {
    let Strongest { forecast, pod, .. } = strongest;
    let target = &forecast.target;
    let time = forecast
        .trend
        .quantiles
        .filter(|times| times.p50 <= settings.horizon_of(target.kind))
        .map(|times| times.widened(settings.time_spread))
        .map(|times| TimeToEvent {
            p10: wall(state, times.p10),
            p50: wall(state, times.p50),
            p90: wall(state, times.p90),
        });
    let probability = Probability::saturating(forecast.probability).unwrap_or(Probability::ZERO);
    let level = match target.direction {
        target::Direction::Rises => forecast.level * target.limit,
        target::Direction::Falls { whole } => whole - forecast.level * target.scale(),
    };
    let slope = forecast.trend.slope * target.scale() / state.series().clock().seconds_per_minute();
    let said = words::Said {
        unit: &unit,
        kind: target.kind,
        quantity: target.quantity,
        level,
        limit: target.limit,
        per_minute: slope * 60.0,
        time,
        probability: probability.get(),
    };
    Prediction {
        at,
        pod: pod.map(|pod| pod.object.name.clone()),
        node: pod.and_then(|pod| pod.object.node.clone()),
        kind: target.kind,
        horizon: wall(state, settings.horizon_of(target.kind)),
        verdict: Verdict::Likely { probability, time_to_event: time },
        score: forecast.score.clamp(0.0, 1.0),
        basis: Some(Basis {
            quantity: target.quantity,
            object: target.object(),
            level,
            limit: target.limit,
            slope_per_second: slope,
        }),
        sentence: words::sentence(&said),
        evidence: evidence(strongest),
        model: ModelId(MODEL.to_owned()),
        unit,
    }
}

fn evidence(strongest: &Strongest<'_>) -> Vec<String> {
    let forecast = &strongest.forecast;
    let trend = &forecast.trend;
    let mut evidence = vec![format!(
        "{} of {}: over the last {} min of fault time it has come {:.0} % of the way to its limit; a straight line explains {:.0} %, a saturating curve weighs {:.0} %, the load {:.0} %",
        words::name(forecast.target.quantity),
        forecast.target.object(),
        trend.growth.window,
        100.0 * trend.growth.progress,
        100.0 * trend.growth.steadiness,
        100.0 * trend.saturating,
        100.0 * trend.follows_load,
    )];
    if strongest.n_alike > 1 {
        evidence.push(format!("{} pods of the workload run the same way", strongest.n_alike));
    }
    evidence
}

fn unit_of(series: &EntitySeries, pod: Option<&PodRecord>) -> Unit {
    match (&series.entity, pod) {
        (_, Some(pod)) => Unit::Workload(pod.unit.clone()),
        (Entity::Node { node }, None) => Unit::Node(node.clone()),
        (Entity::Claim { namespace, claim }, None) => {
            Unit::Volume { namespace: namespace.clone(), claim: claim.clone() }
        }
        (Entity::Container { pod, .. } | Entity::Pod { pod, .. }, None) => {
            Unit::Component(pod.clone())
        }
    }
}
