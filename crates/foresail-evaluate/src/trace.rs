//! What a replay leaves behind: when everything was there, what was said, and what happened.
//!
//! Scores are kept compactly, so that every threshold can be tried on one replay.

use std::collections::BTreeMap;

use foresail_core::{
    Basis, FailureKind, ModelId, Outcome, PlatformDuration, Prediction, Probability, Quantity,
    TimeToEvent, Timestamp, Unit, Verdict, WorkloadId,
};
use foresail_engine::Settings;
use foresail_engine::graph::CallView;

/// Position of a unit in a [`Trace`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitIndex(pub u32);

/// Everything that one replay leaves behind.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Facts about the source.
    pub settings: Settings,
    /// When the first item became visible.
    pub started_at: Timestamp,
    /// Ticks, in order.
    pub ticks: Vec<Timestamp>,
    /// Units, in order of first sight.
    pub units: Vec<UnitTrace>,
    /// Every outcome known at the end.
    pub outcomes: Vec<Outcome>,
    /// Pods seen in all.
    pub pods: usize,
    /// The workload of every pod that was seen, by namespace and name.
    pub pod_units: BTreeMap<(String, String), UnitIndex>,
    /// What each scorer said.
    pub scores: Vec<ScoreTrace>,
    /// The engine's predictions of every tick, in full.
    pub engine: Vec<Vec<Prediction>>,
    /// Who calls whom, from which tick on.
    pub calls: Vec<(usize, BTreeMap<UnitIndex, Vec<UnitIndex>>)>,
    pub(crate) index: BTreeMap<Unit, UnitIndex>,
}

/// One unit over time.
#[derive(Clone, Debug)]
pub struct UnitTrace {
    /// The unit.
    pub unit: Unit,
    /// When an object of it was first seen.
    pub first_seen: Option<Timestamp>,
    /// First tick at which it was seen.
    pub first_tick: usize,
    /// Live pods per tick from `first_tick` on; for nodes and volumes 0.
    pub pods: Vec<u16>,
    /// Whether it was there, per tick from `first_tick` on.
    pub present: Vec<bool>,
    /// When a pod of it was deleted or its template, resources or replicas changed.
    pub changed_at: Vec<Timestamp>,
    /// Of them changes of the workload itself.
    pub workload_changes: u32,
    /// What the ledger knew of the unit, from which tick on.
    pub known: Vec<(usize, Known)>,
}

/// What the ledger knew of a unit at a tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Whether the unit was failing or had just recovered.
    pub in_blackout: bool,
    /// Its latest outcome: when it occurred and when that was settled.
    pub last_outcome: Option<(Timestamp, Timestamp)>,
}

/// What one scorer said, compactly.
#[derive(Clone, Debug, Default)]
pub struct ScoreTrace {
    /// Stable name of the scorer.
    pub name: String,
    ends: Vec<usize>,
    rows: Vec<Said>,
}

/// One prediction, compactly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Said {
    pub(crate) unit: UnitIndex,
    pub(crate) kind: FailureKind,
    pub(crate) score: f32,
    pub(crate) probability: f32,
    pub(crate) horizon_ms: i64,
    pub(crate) time: Option<TimeToEvent>,
    /// The limit that it rests on: quantity, level and limit.
    pub(crate) basis: Option<(Quantity, f32, f32)>,
}

// === impl Trace ===

impl Trace {
    /// An empty trace for scorers with these names.
    #[must_use]
    pub fn new(settings: Settings, scorers: &[String]) -> Self {
        let scores =
            scorers.iter().map(|name| ScoreTrace { name: name.clone(), ..ScoreTrace::default() });
        Self {
            settings,
            started_at: Timestamp::default(),
            ticks: Vec::new(),
            units: Vec::new(),
            outcomes: Vec::new(),
            pods: 0,
            pod_units: BTreeMap::new(),
            scores: scores.collect(),
            engine: Vec::new(),
            calls: Vec::new(),
            index: BTreeMap::new(),
        }
    }

    /// The number of `unit`, giving it the next free one at first sight.
    pub fn unit(&mut self, unit: &Unit) -> UnitIndex {
        if let Some(index) = self.index.get(unit) {
            return *index;
        }
        let index = UnitIndex(self.units.len() as u32);
        self.index.insert(unit.clone(), index);
        self.units.push(UnitTrace {
            unit: unit.clone(),
            first_seen: None,
            first_tick: self.ticks.len().saturating_sub(1),
            pods: Vec::new(),
            present: Vec::new(),
            changed_at: Vec::new(),
            workload_changes: 0,
            known: Vec::new(),
        });
        index
    }

    /// The number of `unit`, if it was seen.
    #[must_use]
    pub fn find(&self, unit: &Unit) -> Option<UnitIndex> {
        self.index.get(unit).copied()
    }

    /// Between two ticks.
    #[must_use]
    pub const fn step(&self) -> PlatformDuration {
        self.settings.scrape_interval
    }

    /// When the last tick ended.
    #[must_use]
    pub fn ended_at(&self) -> Timestamp {
        self.ticks.last().copied().unwrap_or(self.started_at)
    }

    /// Notes that `unit` is there at the current tick with so many pods.
    pub(crate) fn note_presence(&mut self, unit: UnitIndex, pods: usize) {
        let tick = self.ticks.len().saturating_sub(1);
        let now = self.ticks[tick];
        let record = &mut self.units[unit.0 as usize];
        record.first_seen.get_or_insert(now);
        let position = tick - record.first_tick;
        if record.present.len() <= position {
            record.present.resize(position + 1, false);
            record.pods.resize(position + 1, 0);
        }
        record.present[position] = true;
        record.pods[position] = record.pods[position].saturating_add(pods as u16);
    }

    /// Keeps what `knows` says of every unit at the current tick.
    pub(crate) fn note_known(&mut self, knows: impl Fn(&Unit) -> Known) {
        let tick = self.ticks.len().saturating_sub(1);
        for unit in &mut self.units {
            let now = knows(&unit.unit);
            if unit.known_at(tick) != now {
                unit.known.push((tick, now));
            }
        }
    }

    /// Keeps who calls whom at the current tick.
    pub(crate) fn note_calls(&mut self, calls: &CallView<'_>) {
        let mut index = |id: &WorkloadId| self.unit(&Unit::Workload(id.clone()));
        let now: BTreeMap<UnitIndex, Vec<UnitIndex>> = calls
            .edges()
            .filter(|(_, callees)| !callees.is_empty())
            .map(|(caller, callees)| {
                (index(caller), callees.iter().map(|callee| index(callee)).collect())
            })
            .collect();
        if self.calls.last().map_or(!now.is_empty(), |(_, before)| *before != now) {
            self.calls.push((self.ticks.len().saturating_sub(1), now));
        }
    }

    /// The units that `unit` called at a tick.
    pub(crate) fn callees_at(&self, tick: usize, unit: UnitIndex) -> &[UnitIndex] {
        let later = self.calls.partition_point(|(from, _)| *from <= tick);
        let now = later.checked_sub(1).map(|index| &self.calls[index].1);
        now.and_then(|calls| calls.get(&unit)).map_or(&[], Vec::as_slice)
    }

    /// Adds a scorer that said these things, tick by tick.
    pub(crate) fn push_scores(&mut self, name: &str, ticks: Vec<Vec<Said>>) {
        let mut scores = ScoreTrace { name: name.to_owned(), ..ScoreTrace::default() };
        for said in ticks {
            scores.rows.extend(said);
            scores.ends.push(scores.rows.len());
        }
        self.scores.push(scores);
    }

    /// Keeps what scorer number `scorer` said at the current tick.
    pub(crate) fn note_scores(&mut self, scorer: usize, predictions: &[Prediction]) {
        for prediction in predictions {
            let unit = self.unit(&prediction.unit);
            self.scores[scorer].rows.push(Said {
                unit,
                kind: prediction.kind,
                score: prediction.score as f32,
                probability: prediction.probability().map_or(f32::NAN, |p| p.get() as f32),
                horizon_ms: prediction.horizon.as_millis(),
                time: prediction.time_to_event(),
                basis: prediction
                    .basis
                    .as_ref()
                    .map(|basis| (basis.quantity, basis.level as f32, basis.limit as f32)),
            });
        }
        let trace = &mut self.scores[scorer];
        trace.ends.push(trace.rows.len());
    }
}

// === impl UnitTrace ===

impl UnitTrace {
    /// Live pods at a tick.
    #[must_use]
    pub fn pods_at(&self, tick: usize) -> u16 {
        tick.checked_sub(self.first_tick)
            .and_then(|position| self.pods.get(position))
            .copied()
            .unwrap_or(0)
    }

    /// What the ledger knew of the unit at a tick.
    #[must_use]
    pub fn known_at(&self, tick: usize) -> Known {
        let later = self.known.partition_point(|(from, _)| *from <= tick);
        later.checked_sub(1).map_or_else(Known::default, |index| self.known[index].1)
    }

    /// Whether the unit was there at a tick.
    #[must_use]
    pub fn present_at(&self, tick: usize) -> bool {
        tick.checked_sub(self.first_tick)
            .and_then(|position| self.present.get(position))
            .copied()
            .unwrap_or(false)
    }
}

// === impl ScoreTrace ===

impl ScoreTrace {
    pub(crate) fn at(&self, tick: usize) -> &[Said] {
        let start = if tick == 0 { 0 } else { self.ends.get(tick - 1).copied().unwrap_or(0) };
        let end = self.ends.get(tick).copied().unwrap_or(start);
        &self.rows[start..end]
    }

    pub(crate) fn rows(&self) -> &[Said] {
        &self.rows
    }

    /// Predictions per tick, highest score first, for the alarm policy.
    pub(crate) fn predictions(&self, trace: &Trace) -> Vec<Vec<Prediction>> {
        let model = ModelId(self.name.clone());
        let tick = |(tick, at): (usize, &Timestamp)| {
            let mut predictions: Vec<_> =
                self.at(tick).iter().map(|said| said.prediction(trace, *at, &model)).collect();
            predictions.sort_by(|a, b| b.score.total_cmp(&a.score));
            predictions
        };
        trace.ticks.iter().enumerate().map(tick).collect()
    }
}

// === impl Said ===

impl Said {
    fn prediction(&self, trace: &Trace, at: Timestamp, model: &ModelId) -> Prediction {
        let probability = Probability::saturating(f64::from(self.probability));
        Prediction {
            at,
            unit: trace.units[self.unit.0 as usize].unit.clone(),
            pod: None,
            node: None,
            kind: self.kind,
            horizon: PlatformDuration::from_millis(self.horizon_ms),
            verdict: Verdict::Likely {
                probability: probability.unwrap_or(Probability::ZERO),
                time_to_event: self.time,
            },
            score: f64::from(self.score),
            basis: self.basis.map(|(quantity, level, limit)| Basis {
                quantity,
                object: String::new(),
                level: f64::from(level),
                limit: f64::from(limit),
                slope_per_second: 0.0,
            }),
            sentence: String::new(),
            evidence: Vec::new(),
            model: model.clone(),
        }
    }
}
