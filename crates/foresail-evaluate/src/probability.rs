//! Probabilities and announced times of the engine against what happened.
//!
//! One row is a unit, a kind and a tick outside blackouts. Rows whose horizon was not observed, or in
//! which somebody acted before anything happened, are left out: a prevented failure is no negative.

use std::collections::{BTreeMap, BTreeSet};

use foresail_core::{FailureKind, FaultDuration, KindClass, PlatformDuration, Timestamp};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::backtest::Plan;
use crate::confidence::{interval, quantile};
use crate::matching::longest_horizon;
use crate::result::{
    Estimate, ProbabilityRow, ReliabilityBin, ReliabilityCurve, Scope, TimeToEventRow,
};
use crate::trace::{Said, UnitIndex};
use crate::tune::Replayed;

/// Bins of equal mass.
const BINS: usize = 15;
/// Share of the highest probabilities that is looked at apart.
const TOP: f64 = 0.01;
/// Share of forecasts that a horizon must hold to be judged.
const LEAST_SHARE: f64 = 0.05;
/// Repetitions of the small bootstrap over incidents.
const REPETITIONS: usize = 2_000;

/// One probability and what happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// What was said.
    pub said: f64,
    /// Whether it happened.
    pub happened: bool,
    /// Rate of the kind on the training recordings.
    pub climatology: f64,
}

/// Pairs of one recording by kind, for one horizon.
fn pairs(replayed: &Replayed, horizon_ms: i64) -> BTreeMap<FailureKind, Vec<(f64, bool)>> {
    let mut pairs: BTreeMap<FailureKind, Vec<(f64, bool)>> = BTreeMap::new();
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
                let probability =
                    said.get(&(index, *kind)).map_or(0.0, |said| f64::from(said.probability));
                if probability.is_finite() {
                    pairs.entry(*kind).or_default().push((probability, next.is_some()));
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
fn horizons(replayed: &Replayed) -> BTreeSet<i64> {
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

/// Pairs of the shown recording, with the rates of the training recordings.
fn judged_pairs(plan: &Plan<'_>, shown: &Replayed, horizon_ms: i64) -> Vec<Pair> {
    let minutes = shown.ground.scale.to_fault(PlatformDuration::from_millis(horizon_ms));
    let mut rates: BTreeMap<FailureKind, (u64, u64)> = BTreeMap::new();
    for one in &plan.training {
        let replayed = plan.replayed[*one];
        let wall = replayed.ground.scale.to_platform(minutes).as_millis();
        for (kind, list) in pairs(replayed, wall) {
            let rate = rates.entry(kind).or_default();
            rate.0 += list.iter().filter(|(_, happened)| *happened).count() as u64;
            rate.1 += list.len() as u64;
        }
    }
    let own = pairs(shown, horizon_ms);
    let mut judged = Vec::new();
    for (kind, list) in own {
        let (hits, all) = rates.get(&kind).copied().unwrap_or((0, 0));
        if all == 0 {
            continue;
        }
        let climatology = hits as f64 / all as f64;
        judged.extend(list.into_iter().map(|(said, happened)| Pair {
            said,
            happened,
            climatology,
        }));
    }
    judged
}

/// Brier score, skill and calibration per horizon, on the shown recording.
#[must_use]
pub(crate) fn rows(plan: &Plan<'_>, shown: &Replayed) -> Vec<ProbabilityRow> {
    horizons(shown)
        .into_iter()
        .map(|horizon| {
            let pairs = judged_pairs(plan, shown, horizon);
            let minutes =
                shown.ground.scale.to_fault(PlatformDuration::from_millis(horizon)).as_minutes();
            probability_row(scope_of_shown(plan), minutes, &pairs)
        })
        .collect()
}

fn scope_of_shown(plan: &Plan<'_>) -> Scope {
    let first = plan.judged[0];
    let scope = plan.scopes.iter().find(|scope| scope.recordings == [first]);
    scope.map_or(Scope::PooledJudged, |scope| scope.scope.clone())
}

/// One row from its pairs.
#[must_use]
pub fn probability_row(
    scope: Scope,
    horizon_production_minutes: f64,
    pairs: &[Pair],
) -> ProbabilityRow {
    let n = pairs.len() as f64;
    let hits = pairs.iter().filter(|pair| pair.happened).count();
    let mean = |error: &dyn Fn(&Pair) -> f64| {
        (!pairs.is_empty()).then(|| pairs.iter().map(error).sum::<f64>() / n)
    };
    let square = |said: f64, happened: bool| (said - f64::from(u8::from(happened))).powi(2);
    let brier = mean(&|pair| square(pair.said, pair.happened));
    let reference = mean(&|pair| square(pair.climatology, pair.happened));
    let skill = brier
        .zip(reference)
        .filter(|(_, reference)| *reference > 0.0)
        .map(|(brier, reference)| 1.0 - brier / reference);
    let skilled = skill.is_some_and(|skill| skill > 0.0);
    let top = (pairs.len() as f64 * TOP).ceil() as usize;
    let mut sorted: Vec<&Pair> = pairs.iter().collect();
    sorted.sort_by(|a, b| a.said.total_cmp(&b.said));
    let highest = &sorted[sorted.len() - top.min(sorted.len())..];
    ProbabilityRow {
        scope,
        horizon_production_minutes,
        n: pairs.len() as u32,
        happened: hits as u32,
        base_rate: (!pairs.is_empty()).then(|| hits as f64 / n),
        brier,
        brier_skill: skill,
        ece: skilled.then(|| calibration_error(&bins(&sorted))),
        ece_top_percent: (skilled && !highest.is_empty())
            .then(|| calibration_error(&bins_of(highest, 1))),
        ece_withheld: (!skilled).then(|| match skill {
            Some(skill) => format!(
                "the Brier skill against the rates of the training recordings is {skill:.3}, not above 0"
            ),
            None => "there is no rate of training recordings to compare with".to_owned(),
        }),
    }
}

fn bins(sorted: &[&Pair]) -> Vec<ReliabilityBin> {
    bins_of(sorted, BINS)
}

/// Bins of equal mass over pairs sorted by what was said.
fn bins_of(sorted: &[&Pair], count: usize) -> Vec<ReliabilityBin> {
    (0..count)
        .filter_map(|number| {
            let from = sorted.len() * number / count;
            let part = &sorted[from..sorted.len() * (number + 1) / count];
            let n = part.len() as f64;
            (!part.is_empty()).then(|| ReliabilityBin {
                said: part.iter().map(|pair| pair.said).sum::<f64>() / n,
                happened: part.iter().filter(|pair| pair.happened).count() as f64 / n,
                n: part.len() as u32,
            })
        })
        .collect()
}

/// Mean distance of said and happened, weighted by mass.
#[must_use]
pub fn calibration_error(bins: &[ReliabilityBin]) -> f64 {
    let all: f64 = bins.iter().map(|bin| f64::from(bin.n)).sum();
    bins.iter().map(|bin| f64::from(bin.n) / all * (bin.said - bin.happened).abs()).sum()
}

/// Reliability per horizon, on the shown recording. Bins hold only rows in which something was said:
/// the many in which nothing was would fill fourteen of fifteen bins with zeros.
#[must_use]
pub(crate) fn reliability(plan: &Plan<'_>, shown: &Replayed) -> Vec<ReliabilityCurve> {
    horizons(shown)
        .into_iter()
        .map(|horizon| {
            let mut spoken: Vec<(f64, bool)> = pairs(shown, horizon)
                .into_values()
                .flatten()
                .filter(|(said, _)| *said > 0.0)
                .collect();
            spoken.sort_by(|a, b| a.0.total_cmp(&b.0));
            let spoken: Vec<Pair> = spoken
                .into_iter()
                .map(|(said, happened)| Pair { said, happened, climatology: 0.0 })
                .collect();
            let spoken: Vec<&Pair> = spoken.iter().collect();
            ReliabilityCurve {
                scope: scope_of_shown(plan),
                horizon_production_minutes: shown
                    .ground
                    .scale
                    .to_fault(PlatformDuration::from_millis(horizon))
                    .as_minutes(),
                bins: bins(&spoken),
            }
        })
        .collect()
}

/// One announced time: 10, 50 and 90 % times and the true one, in production minutes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Announced {
    /// Which incident of the recording it belongs to.
    pub incident: usize,
    /// The three times.
    pub said: [f64; 3],
    /// The true time.
    pub really: f64,
}

/// Announced times against true ones, on the shown recording.
#[must_use]
pub(crate) fn time_rows(plan: &Plan<'_>, shown: &Replayed, seed: u64) -> Vec<TimeToEventRow> {
    let ground = &shown.ground;
    let longest: FaultDuration = longest_horizon(FailureKind::OomKilled);
    let mut announced = Vec::new();
    for (tick, at) in shown.trace.ticks.iter().enumerate() {
        for said in shown.trace.scores[0].at(tick) {
            let unit = &ground.units[said.unit.0 as usize];
            let Some(time) = said.time.filter(|_| unit.observed[tick]) else { continue };
            let next = unit.incidents.iter().copied().find(|i| ground.incidents[*i].at > *at);
            let Some(next) = next.filter(|i| ground.incidents[*i].kind == said.kind) else {
                continue;
            };
            let really = ground.scale.to_fault(ground.incidents[next].at.since(*at));
            if really.as_seconds() <= longest.as_seconds() {
                let minutes = |wall: PlatformDuration| ground.scale.to_fault(wall).as_minutes();
                announced.push(Announced {
                    incident: next,
                    said: [minutes(time.p10), minutes(time.p50), minutes(time.p90)],
                    really: really.as_minutes(),
                });
            }
        }
    }
    vec![time_row(scope_of_shown(plan), &announced, seed)]
}

/// One row of announced times.
#[must_use]
pub fn time_row(scope: Scope, announced: &[Announced], seed: u64) -> TimeToEventRow {
    let n = announced.len() as f64;
    let incidents: BTreeSet<usize> = announced.iter().map(|one| one.incident).collect();
    let pinball = |number: usize, share: f64| {
        let loss = |one: &Announced| {
            let miss = one.really - one.said[number];
            if miss >= 0.0 { share * miss } else { (share - 1.0) * miss }
        };
        (!announced.is_empty()).then(|| announced.iter().map(loss).sum::<f64>() / n)
    };
    let ratios: Vec<f64> = announced
        .iter()
        .filter(|one| one.said[1] > 0.0 && one.really > 0.0)
        .map(|one| (one.said[1] / one.really).ln().abs())
        .collect();
    TimeToEventRow {
        scope,
        n: announced.len() as u32,
        incidents: incidents.len() as u32,
        pinball_production_minutes: [pinball(0, 0.1), pinball(1, 0.5), pinball(2, 0.9)],
        coverage: coverage(announced, seed),
        median_log_ratio: quantile(&ratios, 0.5),
    }
}

/// Share of true times within the 80 % interval, resampling whole incidents.
fn coverage(announced: &[Announced], seed: u64) -> Option<Estimate> {
    let mut by_incident: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    for one in announced {
        let within = one.said[0] <= one.really && one.really <= one.said[2];
        let sums = by_incident.entry(one.incident).or_default();
        sums.0 += f64::from(u8::from(within));
        sums.1 += 1.0;
    }
    let sums: Vec<(f64, f64)> = by_incident.into_values().collect();
    let total = sums.iter().fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
    if sums.is_empty() {
        return None;
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let shares: Vec<f64> = (0..REPETITIONS)
        .map(|_| {
            let drawn = (0..sums.len())
                .map(|_| sums[random.random_range(0..sums.len())])
                .fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
            drawn.0 / drawn.1
        })
        .collect();
    let bounds = interval(&shares);
    Some(Estimate {
        value: total.0 / total.1,
        low: bounds.map(|(low, _)| low),
        high: bounds.map(|(_, high)| high),
        n: total.1,
    })
}

#[cfg(test)]
mod tests;
