//! Probabilities against what happened, per model and horizon.
//!
//! One pair is a unit, a kind and a sampled tick outside failures, as in the protocol: a pair in which
//! somebody acted before anything happened is left out. Only what was said counts; silence is no 0.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use foresail_core::{
    FailureKind, FaultDuration, KindClass, PlatformDuration, Prediction, TimeScale, Timestamp, Unit,
};
use foresail_engine::checks;
use foresail_engine::ledger::OutcomeBrief;
use serde::{Deserialize, Serialize};

use super::card::{CalibrationBin, HorizonCard, ModelCard, Reading};
use super::drift::Said;
use super::scorecard::SETTLING;
use crate::result::Estimate;

/// Ends of the bins of probabilities: narrow where rare failures are.
pub const BIN_EDGES: [f64; 10] = [0.0, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0];
/// Bins.
pub(super) const BINS: usize = BIN_EDGES.len() - 1;

/// Between two samples of what is said: neighbouring ticks say almost the same.
const SAMPLE_EVERY: FaultDuration = FaultDuration::from_minutes(10.0);
/// Most probabilities of one sample; of more, every so many is taken and counts for as many.
const SAMPLE_MOST: usize = 2_000;
/// Most pairs of a model that wait to be judged.
const WAITING_MOST: usize = 50_000;
/// Most models.
const MODELS_MOST: usize = 16;
/// Most horizons of a model.
const HORIZONS_MOST: usize = 4;
/// Parts of the window; it slides by whole ones.
const PARTS: i64 = 7;
/// Distinct outcomes below which a Brier score says nothing.
const FEWEST: u32 = 10;

/// What one tick knows of units: outcomes, when somebody acted, and which fail.
pub(super) type Facts<'a> =
    (&'a [OutcomeBrief<'a>], &'a BTreeMap<Unit, Vec<Timestamp>>, &'a BTreeSet<&'a Unit>);

/// Every model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Models {
    models: Vec<Model>,
    last_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Model {
    name: String,
    spoke_at: Timestamp,
    sampled_at: Option<Timestamp>,
    waiting: BTreeMap<Unit, Vec<Pair>>,
    horizons: Vec<Horizon>,
    said: Said,
}

/// A probability that waits for what happens.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Pair {
    at: Timestamp,
    until: Timestamp,
    kind: FailureKind,
    /// Production minutes.
    minutes: u32,
    said: f64,
    weight: f64,
    /// Whether somebody acted on the unit meanwhile.
    acted: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Horizon {
    minutes: u32,
    parts: VecDeque<Part>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Part {
    from: Timestamp,
    cells: [Cell; BINS],
    outcomes: u32,
}

/// Sums over the pairs of one bin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Cell {
    n: f64,
    said: f64,
    happened: f64,
    squared: f64,
}

// === impl Models ===

impl Models {
    pub(super) fn observe(
        &mut self,
        (said, at): (&[(&str, &[Prediction])], Timestamp),
        facts: Facts<'_>,
        clock: (TimeScale, PlatformDuration),
    ) {
        let (outcomes, acted, failing) = facts;
        let since = self.last_at.unwrap_or_default();
        let fresh: Vec<_> = outcomes.iter().filter(|one| one.settled_at > since).collect();
        for model in &mut self.models {
            model.note_actions(acted);
            for outcome in &fresh {
                model.settle(outcome, (at, clock.1));
            }
        }
        for (name, predictions) in said {
            let Some(model) = self.find(name, at) else { continue };
            model.sample((predictions, at), failing, clock);
        }
        self.models.retain(|model| at.since(model.spoke_at) <= clock.1);
        // The model in service comes first.
        let place = |name: &str| said.iter().position(|(one, _)| *one == name);
        self.models.sort_by_key(|model| place(&model.name).unwrap_or(usize::MAX));
        self.last_at = Some(at);
    }

    pub(super) fn cards(&self, at: Timestamp) -> Vec<ModelCard> {
        self.models.iter().map(|model| model.card(at)).collect()
    }

    fn find(&mut self, name: &str, at: Timestamp) -> Option<&mut Model> {
        let place = match self.models.iter().position(|model| model.name == name) {
            Some(place) => place,
            None if self.models.len() < MODELS_MOST => {
                self.models.push(Model::new(name, at));
                self.models.len() - 1
            }
            None => return None,
        };
        self.models.get_mut(place)
    }
}

// === impl Model ===

impl Model {
    fn new(name: &str, at: Timestamp) -> Self {
        Self {
            name: name.to_owned(),
            spoke_at: at,
            sampled_at: None,
            waiting: BTreeMap::new(),
            horizons: Vec::new(),
            said: Said::default(),
        }
    }

    fn note_actions(&mut self, acted: &BTreeMap<Unit, Vec<Timestamp>>) {
        for (unit, times) in acted {
            let Some(pairs) = self.waiting.get_mut(unit) else { continue };
            for pair in pairs {
                pair.acted |= times.iter().any(|time| pair.at < *time && *time < pair.until);
            }
        }
    }

    /// Judges what an outcome decides.
    fn settle(&mut self, outcome: &OutcomeBrief<'_>, slide: (Timestamp, PlatformDuration)) {
        let Some(pairs) = self.waiting.get_mut(outcome.unit) else { return };
        let mut settled = Vec::new();
        pairs.retain(|pair| {
            // It was failing already, which nobody knew yet.
            if outcome.occurred_at <= pair.at {
                return false;
            }
            let came = pair.kind == outcome.kind && outcome.occurred_at <= pair.until;
            if came {
                settled.push(*pair);
            }
            !came
        });
        let mut horizons = BTreeSet::new();
        for pair in settled {
            self.note((&pair, true), slide);
            horizons.insert(pair.minutes);
        }
        for horizon in self.horizons.iter_mut().filter(|one| horizons.contains(&one.minutes)) {
            horizon.part(slide).outcomes += 1;
        }
    }

    fn sample(
        &mut self,
        (predictions, at): (&[Prediction], Timestamp),
        failing: &BTreeSet<&Unit>,
        (scale, window): (TimeScale, PlatformDuration),
    ) {
        self.spoke_at = at;
        let every = scale.to_platform(SAMPLE_EVERY);
        if self.sampled_at.is_some_and(|last| at.since(last) < every) {
            return;
        }
        self.sampled_at = Some(at);
        self.expire((at, window));
        let given: Vec<(&Prediction, f64)> = predictions
            .iter()
            .filter(|one| is_forecast(one) && !failing.contains(&one.unit))
            .filter_map(|one| Some((one, one.probability()?.get())))
            .collect();
        let stride = given.len().div_ceil(SAMPLE_MOST).max(1);
        let mut waiting: usize = self.waiting.values().map(Vec::len).sum();
        for (prediction, said) in given.into_iter().step_by(stride) {
            let weight = stride as f64;
            self.said.note(at, (bin(said), weight));
            let minutes = scale.to_fault(prediction.horizon).as_minutes().round() as u32;
            if waiting >= WAITING_MOST || !self.has_horizon(minutes) {
                continue;
            }
            waiting += 1;
            let until = at + prediction.horizon;
            let pair =
                Pair { at, until, kind: prediction.kind, minutes, said, weight, acted: false };
            self.waiting.entry(prediction.unit.clone()).or_default().push(pair);
        }
    }

    /// Judges what can no longer come.
    fn expire(&mut self, slide: (Timestamp, PlatformDuration)) {
        let mut over = Vec::new();
        self.waiting.retain(|_, pairs| {
            pairs.retain(|pair| {
                let is_over = pair.until + SETTLING <= slide.0;
                if is_over && !pair.acted {
                    over.push(*pair);
                }
                !is_over
            });
            !pairs.is_empty()
        });
        for pair in over {
            self.note((&pair, false), slide);
        }
        for horizon in &mut self.horizons {
            horizon.slide(slide);
        }
    }

    fn note(&mut self, (pair, happened): (&Pair, bool), slide: (Timestamp, PlatformDuration)) {
        let horizon = self.horizons.iter_mut().find(|one| one.minutes == pair.minutes);
        let Some(horizon) = horizon else { return };
        let truth = f64::from(u8::from(happened));
        let cell = &mut horizon.part(slide).cells[bin(pair.said)];
        cell.n += pair.weight;
        cell.said += pair.weight * pair.said;
        cell.happened += pair.weight * truth;
        cell.squared += pair.weight * (pair.said - truth).powi(2);
    }

    fn has_horizon(&mut self, minutes: u32) -> bool {
        if self.horizons.iter().any(|one| one.minutes == minutes) {
            return true;
        }
        let has_room = self.horizons.len() < HORIZONS_MOST;
        if has_room {
            self.horizons.push(Horizon { minutes, parts: VecDeque::new() });
            self.horizons.sort_by_key(|one| one.minutes);
        }
        has_room
    }

    fn card(&self, at: Timestamp) -> ModelCard {
        ModelCard {
            name: self.name.clone(),
            horizons: self.horizons.iter().map(Horizon::card).collect(),
            drift: self.said.drift(at),
        }
    }
}

// === impl Horizon ===

impl Horizon {
    /// The part of the window that `at` lies in.
    fn part(&mut self, (at, window): (Timestamp, PlatformDuration)) -> &mut Part {
        let span = PlatformDuration::from_millis((window.as_millis() / PARTS).max(1));
        let is_new = self.parts.back().is_none_or(|part| at.since(part.from) >= span);
        if is_new {
            self.parts.push_back(Part { from: at, cells: [Cell::default(); BINS], outcomes: 0 });
        }
        self.parts.back_mut().expect("a part was pushed if there was none")
    }

    fn slide(&mut self, (at, window): (Timestamp, PlatformDuration)) {
        let span = PlatformDuration::from_millis((window.as_millis() / PARTS).max(1));
        while self.parts.front().is_some_and(|part| part.from + span <= at - window) {
            self.parts.pop_front();
        }
    }

    fn card(&self) -> HorizonCard {
        let mut cells = [Cell::default(); BINS];
        let mut outcomes = 0;
        for part in &self.parts {
            outcomes += part.outcomes;
            for (sum, cell) in cells.iter_mut().zip(&part.cells) {
                sum.n += cell.n;
                sum.said += cell.said;
                sum.happened += cell.happened;
                sum.squared += cell.squared;
            }
        }
        let total = |of: fn(&Cell) -> f64| cells.iter().map(of).sum::<f64>();
        let (n, happened) = (total(|cell| cell.n), total(|cell| cell.happened));
        let brier = total(|cell| cell.squared) / n;
        let rate = happened / n;
        let enough = outcomes >= FEWEST && n > 0.0;
        HorizonCard {
            minutes: self.minutes,
            said: n,
            happened,
            outcomes,
            brier: if enough {
                Reading::Known(Estimate { value: brier, low: None, high: None, n })
            } else {
                Reading::TooFew { have: f64::from(outcomes), need: f64::from(FEWEST) }
            },
            brier_skill: (enough && rate > 0.0 && rate < 1.0)
                .then(|| 1.0 - brier / (rate * (1.0 - rate))),
            bins: cells
                .iter()
                .zip(BIN_EDGES.windows(2))
                .map(|(cell, edges)| shown(cell, edges))
                .collect(),
        }
    }
}

// === free functions ===

/// Whether it is a forecast of a fact: checks state what is, metric-defined kinds are seen by nobody.
fn is_forecast(prediction: &Prediction) -> bool {
    matches!(prediction.kind.class(), KindClass::ApiFact) && prediction.model.0 != checks::MODEL
}

/// The bin of a probability.
fn bin(said: f64) -> usize {
    BIN_EDGES[1..BINS].partition_point(|edge| *edge <= said)
}

fn shown(cell: &Cell, edges: &[f64]) -> CalibrationBin {
    let mean = |sum: f64| (cell.n > 0.0).then(|| sum / cell.n);
    CalibrationBin {
        from: edges.first().copied().unwrap_or(0.0),
        to: edges.last().copied().unwrap_or(1.0),
        n: cell.n,
        said: mean(cell.said),
        happened: mean(cell.happened),
    }
}
