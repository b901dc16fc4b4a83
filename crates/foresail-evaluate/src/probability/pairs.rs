//! What was said of every unit, kind and tick, and whether it happened.

use std::collections::{BTreeMap, BTreeSet};

use foresail_core::{FailureKind, KindClass, PlatformDuration, Timestamp};

use super::Pair;
use crate::backtest::Plan;
use crate::result::PairSet;
use crate::trace::{Said, UnitIndex};
use crate::tune::Replayed;

/// Share of forecasts that a horizon must hold to be judged.
const LEAST_SHARE: f64 = 0.05;

/// What was said of a unit, a kind and a tick, and what happened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    /// The probability; `None` where none was given.
    pub(super) said: Option<f64>,
    /// Whether it happened within the horizon.
    pub(super) happened: bool,
}

/// Everything of one recording by kind, for one horizon.
pub(super) fn outcomes(
    replayed: &Replayed,
    horizon_ms: i64,
) -> BTreeMap<FailureKind, Vec<Outcome>> {
    let mut pairs: BTreeMap<FailureKind, Vec<Outcome>> = BTreeMap::new();
    let trace = &replayed.trace;
    let ground = &replayed.ground;
    let horizon = PlatformDuration::from_millis(horizon_ms);
    let kinds = spoken_kinds(replayed);
    let occurred = occurred(replayed);
    let end = trace.ended_at();
    for (tick, at) in trace.ticks.iter().enumerate() {
        let said: BTreeMap<(UnitIndex, FailureKind), &Said> = trace.scores[0]
            .at(tick)
            .iter()
            .filter(|said| said.horizon_ms == horizon_ms)
            .map(|said| ((said.unit, said.kind), said))
            .collect();
        for (number, unit) in ground.units.iter().enumerate() {
            if !unit.observed[tick] || unit.unit.workload().is_none() {
                continue;
            }
            for kind in &kinds {
                let index = UnitIndex(number as u32);
                let next = occurred.get(&(index, *kind)).and_then(|times| {
                    times.iter().copied().find(|one| one > at && one.since(*at) <= horizon)
                });
                let until = next.unwrap_or(*at + horizon);
                let acted = unit.changed_at.iter().any(|one| at < one && *one < until);
                if next.is_none() && (until > end || acted) {
                    continue;
                }
                let said = said.get(&(index, *kind)).map(|said| f64::from(said.probability));
                // A forecast that withholds its probability is neither a given one nor a 0.
                if said.is_none_or(f64::is_finite) {
                    let happened = next.is_some();
                    pairs.entry(*kind).or_default().push(Outcome { said, happened });
                }
            }
        }
    }
    pairs
}

/// Forecast kinds that the engine gave a probability for.
fn spoken_kinds(replayed: &Replayed) -> BTreeSet<FailureKind> {
    let said = replayed.trace.scores[0].rows().iter();
    said.filter(|said| {
        said.probability.is_finite() && !matches!(said.kind.class(), KindClass::Change)
    })
    .map(|said| said.kind)
    .collect()
}

/// When outcomes occurred, per unit and kind, in order.
fn occurred(replayed: &Replayed) -> BTreeMap<(UnitIndex, FailureKind), Vec<Timestamp>> {
    let mut occurred: BTreeMap<_, Vec<Timestamp>> = BTreeMap::new();
    for outcome in &replayed.trace.outcomes {
        if let Some(unit) = replayed.trace.find(&outcome.unit) {
            occurred.entry((unit, outcome.kind)).or_default().push(outcome.occurred_at);
        }
    }
    for times in occurred.values_mut() {
        times.sort_unstable();
    }
    occurred
}

/// Horizons in wall milliseconds that the engine commonly looks ahead: forecasts that look as far as
/// some deadline happens to be away share no horizon and are left out.
pub(super) fn horizons(replayed: &Replayed) -> BTreeSet<i64> {
    let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
    let said = replayed.trace.scores[0].rows().iter();
    for said in said.filter(|said| said.probability.is_finite()) {
        if !matches!(said.kind.class(), KindClass::Change) {
            *counts.entry(said.horizon_ms).or_default() += 1;
        }
    }
    let all: usize = counts.values().sum();
    let common = |(_, count): &(i64, usize)| *count as f64 >= LEAST_SHARE * all as f64;
    counts.into_iter().filter(common).map(|(horizon, _)| horizon).collect()
}

/// Pairs of the shown recording, with the rates that the same sort of pair has in training.
pub(super) fn judged(
    plan: &Plan<'_>,
    shown: &Replayed,
    (horizon_ms, which): (i64, PairSet),
) -> Vec<Pair> {
    let minutes = shown.ground.scale.to_fault(PlatformDuration::from_millis(horizon_ms));
    let mut rates: BTreeMap<FailureKind, (u64, u64)> = BTreeMap::new();
    for one in &plan.training {
        let replayed = plan.replayed[*one];
        let wall = replayed.ground.scale.to_platform(minutes).as_millis();
        for (kind, list) in outcomes(replayed, wall) {
            let rate = rates.entry(kind).or_default();
            for one in list.iter().filter(|one| which.holds(one)) {
                rate.0 += u64::from(one.happened);
                rate.1 += 1;
            }
        }
    }
    let mut judged = Vec::new();
    for (kind, list) in outcomes(shown, horizon_ms) {
        let (hits, all) = rates.get(&kind).copied().unwrap_or((0, 0));
        if all == 0 {
            continue;
        }
        let climatology = hits as f64 / all as f64;
        judged.extend(list.iter().filter(|one| which.holds(one)).map(|one| Pair {
            said: one.said.unwrap_or(0.0),
            happened: one.happened,
            climatology,
        }));
    }
    judged
}

// === impl PairSet ===

impl PairSet {
    pub(super) const fn holds(self, one: &Outcome) -> bool {
        match self {
            Self::All => true,
            Self::Given => one.said.is_some(),
        }
    }
}
