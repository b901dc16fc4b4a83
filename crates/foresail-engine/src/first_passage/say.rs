//! Puts the strongest forecast of each unit and kind into a prediction.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use foresail_core::{
    Basis, Entity, FailureKind, ModelId, PlatformDuration, Prediction, Probability, TimeToEvent,
    Unit, Verdict, WorkloadId,
};

use super::survey::{Blind, Forecast, Reading, Survey};
use super::target::Direction;
use super::{MODEL, words};
use crate::graph::PodRecord;
use crate::series::EntitySeries;

/// A target with its forecast.
#[derive(Clone, Copy)]
struct Running<'s> {
    reading: &'s Reading<'s>,
    forecast: &'s Forecast,
}

/// The strongest forecast of a unit and kind.
struct Strongest<'s> {
    running: Running<'s>,
    /// The pod that it was made on.
    pod: Option<&'s PodRecord>,
    /// Pods of the unit that run the same way, this one included.
    n_alike: usize,
    /// The last of them; pods come one after the other.
    last_alike: Option<&'s str>,
}

/// A [`Unit`] by reference, in the same order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum UnitRef<'s> {
    Workload(&'s WorkloadId),
    Node(&'s str),
    Volume { namespace: &'s str, claim: &'s str },
    Component(&'s str),
}

/// Forecasts being collected; only the strongest of a unit and kind is put into words.
#[derive(Default)]
struct Found<'s> {
    best: BTreeMap<(UnitRef<'s>, FailureKind), Strongest<'s>>,
}

// === impl Survey ===

impl Survey<'_> {
    /// At most one prediction per unit and kind, and "not enough data" for workloads of which nothing
    /// can be judged.
    #[must_use]
    pub fn predictions(&self) -> Vec<Prediction> {
        self.predictions_with(&|_, _| None)
    }

    /// As [`Self::predictions`], with another model's probability where `said` has one.
    #[must_use]
    pub fn predictions_with(
        &self,
        said: &dyn Fn(&Unit, FailureKind) -> Option<Probability>,
    ) -> Vec<Prediction> {
        let mut found = Found::default();
        for pod in self.pods() {
            for running in running(pod.readings) {
                found.keep_best(running, Some(pod.record));
            }
        }
        for running in running(self.cluster_readings()) {
            found.keep_best(running, None);
        }
        let predictions = found.best.iter().map(|((unit, kind), strongest)| {
            let unit = unit.owned();
            let said = said(&unit, *kind);
            self.say(unit, (strongest, said))
        });
        predictions
            .chain(self.blind().map(|(unit, reason)| self.not_enough(unit, reason)))
            .collect()
    }

    /// Units of which nothing can be judged, with the reason that is nearest to an answer.
    fn blind(&self) -> impl Iterator<Item = (&WorkloadId, Blind)> {
        let mut blind: BTreeMap<&WorkloadId, Blind> = BTreeMap::new();
        for (pod, reason) in self.pods().filter_map(|pod| Some((pod, pod.blind?))) {
            let known = blind.entry(&pod.record.unit).or_insert(reason);
            *known = reason.max(*known);
        }
        // Most pods can be judged, so the others ask for them.
        let graph = self.state.graph();
        blind.retain(|unit, _| {
            let pods = graph.pods_of(unit).map(|pod| &pod.object);
            pods.filter_map(|pod| self.pod(&pod.namespace, &pod.name))
                .all(|pod| pod.blind.is_some())
        });
        blind.into_iter()
    }

    fn wall(&self, fault_minutes: f64) -> PlatformDuration {
        let minute = self.state.series().clock().seconds_per_minute();
        PlatformDuration::from_seconds_f64(fault_minutes * minute)
    }

    fn not_enough(&self, unit: &WorkloadId, reason: Blind) -> Prediction {
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
            at: self.at,
            sentence: format!(
                "{}: not enough data, missing {missing}",
                Unit::Workload(unit.clone())
            ),
            unit: Unit::Workload(unit.clone()),
            pod: None,
            node: None,
            kind: FailureKind::OomKilled,
            horizon: self.wall(self.settings.horizon_of(FailureKind::OomKilled)),
            verdict: Verdict::NotEnoughData { missing: missing.to_owned() },
            score: 0.0,
            basis: None,
            evidence: Vec::new(),
            model: ModelId(MODEL.to_owned()),
        }
    }

    fn say(
        &self,
        unit: Unit,
        (strongest, said): (&Strongest<'_>, Option<Probability>),
    ) -> Prediction {
        let Strongest { running: Running { reading, forecast }, pod, .. } = strongest;
        let target = &reading.target;
        let time = forecast
            .trend
            .quantiles
            .filter(|times| times.p50 <= self.settings.horizon_of(target.kind))
            .map(|times| times.widened(self.settings.time_spread))
            .map(|times| TimeToEvent {
                p10: self.wall(times.p10),
                p50: self.wall(times.p50),
                p90: self.wall(times.p90),
            });
        let own = Probability::saturating(forecast.probability).unwrap_or(Probability::ZERO);
        let probability = said.unwrap_or(own);
        let level = match target.direction {
            Direction::Rises => reading.level * target.limit,
            Direction::Falls { whole } => whole - reading.level * target.scale(),
        };
        let slope = forecast.trend.slope * target.scale()
            / self.state.series().clock().seconds_per_minute();
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
            at: self.at,
            pod: pod.map(|pod| pod.object.name.clone()),
            node: pod.and_then(|pod| pod.object.node.clone()),
            kind: target.kind,
            horizon: self.wall(self.settings.horizon_of(target.kind)),
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
}

// === impl UnitRef ===

impl UnitRef<'_> {
    fn owned(self) -> Unit {
        match self {
            Self::Workload(id) => Unit::Workload(id.clone()),
            Self::Node(node) => Unit::Node(node.to_owned()),
            Self::Volume { namespace, claim } => {
                Unit::Volume { namespace: namespace.to_owned(), claim: claim.to_owned() }
            }
            Self::Component(name) => Unit::Component(name.to_owned()),
        }
    }
}

// === impl Found ===

impl<'s> Found<'s> {
    fn keep_best(&mut self, running: Running<'s>, pod: Option<&'s PodRecord>) {
        let target = &running.reading.target;
        let name = pod.map(|pod| pod.object.name.as_str());
        match self.best.entry((unit_of(target.series, pod), target.kind)) {
            Entry::Vacant(vacant) => {
                vacant.insert(Strongest { running, pod, n_alike: 1, last_alike: name });
            }
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                known.n_alike += usize::from(known.last_alike != name);
                known.last_alike = name;
                if running.forecast.score > known.running.forecast.score {
                    (known.running, known.pod) = (running, pod);
                }
            }
        }
    }
}

/// Readings that run toward their limit.
fn running<'s>(readings: &'s [Reading<'s>]) -> impl Iterator<Item = Running<'s>> {
    readings.iter().filter_map(|reading| {
        reading.forecast.as_deref().map(|forecast| Running { reading, forecast })
    })
}

fn evidence(strongest: &Strongest<'_>) -> Vec<String> {
    let Running { reading, forecast } = strongest.running;
    let trend = &forecast.trend;
    let mut evidence = vec![format!(
        "{} of {}: over the last {} min of fault time it has come {:.0} % of the way to its limit; a straight line explains {:.0} %, a saturating curve weighs {:.0} %, the load {:.0} %",
        words::Name(reading.target.quantity),
        reading.target.object(),
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

fn unit_of<'s>(series: &'s EntitySeries, pod: Option<&'s PodRecord>) -> UnitRef<'s> {
    match (&series.entity, pod) {
        (_, Some(pod)) => UnitRef::Workload(&pod.unit),
        (Entity::Node { node }, None) => UnitRef::Node(node),
        (Entity::Claim { namespace, claim }, None) => UnitRef::Volume { namespace, claim },
        (Entity::Container { pod, .. } | Entity::Pod { pod, .. }, None) => UnitRef::Component(pod),
    }
}
