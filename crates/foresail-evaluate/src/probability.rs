//! Probabilities and announced times of the engine against what happened.
//!
//! One pair is a unit, a kind and a tick outside blackouts. Pairs whose horizon was not observed, or in
//! which somebody acted before anything happened, are left out: a prevented failure is no negative.
//! Over *all* pairs, silence counts as probability 0, also of failures whose cause the engine does not
//! watch. Over the *given* ones only what was really said counts.

use std::collections::{BTreeMap, BTreeSet};

use foresail_core::{FailureKind, FaultDuration, PlatformDuration};
use foresail_learn::metrics::{Climatology, Probabilities, QuantileForecasts, RELIABILITY_BINS};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::backtest::Plan;
use crate::confidence::{interval, quantile};
use crate::result::{
    Estimate, PairSet, ProbabilityRow, ReliabilityBin, ReliabilityCurve, Scope, TimeToEventRow,
};
use crate::tune::Replayed;

mod pairs;

/// Why metrics take what was said.
const SAID: &str = "predictions hold probabilities, and silence is 0";
/// Repetitions of the small bootstrap over incidents.
const REPETITIONS: usize = 2_000;

/// One probability and what happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pair {
    /// What was said.
    pub(crate) said: f64,
    /// Whether it happened.
    pub(crate) happened: bool,
    /// Rate of the kind on the training recordings.
    pub(crate) climatology: f64,
}

/// Brier score, skill and calibration per horizon, on the shown recording.
#[must_use]
pub(crate) fn rows(plan: &Plan<'_>, shown: &Replayed) -> Vec<ProbabilityRow> {
    let mut rows = Vec::new();
    for horizon in pairs::horizons(shown) {
        let horizon_production_minutes =
            shown.ground.scale.to_fault(PlatformDuration::from_millis(horizon)).as_minutes();
        for pairs in [PairSet::All, PairSet::Given] {
            let label =
                ProbabilityLabel { scope: scope_of_shown(plan), horizon_production_minutes, pairs };
            rows.push(probability_row(label, &pairs::judged(plan, shown, (horizon, pairs))));
        }
    }
    rows
}

fn scope_of_shown(plan: &Plan<'_>) -> Scope {
    let first = plan.judged[0];
    let scope = plan.scopes.iter().find(|scope| scope.recordings == [first]);
    scope.map_or(Scope::PooledJudged, |scope| scope.scope.clone())
}

/// What a row of probabilities stands for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ProbabilityLabel {
    /// Which data.
    pub(crate) scope: Scope,
    /// Horizon in production minutes.
    pub(crate) horizon_production_minutes: f64,
    /// Which pairs.
    pub(crate) pairs: PairSet,
}

/// One row from its pairs.
#[must_use]
pub(crate) fn probability_row(label: ProbabilityLabel, pairs: &[Pair]) -> ProbabilityRow {
    let said: Vec<f64> = pairs.iter().map(|pair| pair.said).collect();
    let happened: Vec<bool> = pairs.iter().map(|pair| pair.happened).collect();
    let rates: Vec<f64> = pairs.iter().map(|pair| pair.climatology).collect();
    let judged = Probabilities::new(&happened, &said).expect(SAID);
    let read = judged.calibration(Climatology::PerRow(&rates)).expect("a rate is a share");
    let skilled = read.brier_skill.is_some_and(|skill| skill > 0.0);
    let (n, hits) = judged.mass();
    ProbabilityRow {
        scope: label.scope,
        horizon_production_minutes: label.horizon_production_minutes,
        pairs: label.pairs,
        n: pairs.len() as u32,
        happened: hits as u32,
        base_rate: (!pairs.is_empty()).then(|| hits / n),
        brier: read.brier,
        brier_skill: read.brier_skill,
        ece: read.ece,
        ece_top_percent: read.ece_top,
        ece_withheld: (!skilled).then(|| match read.brier_skill {
            Some(skill) => format!(
                "the Brier skill against the rates of the training recordings is {skill:.3}, not above 0"
            ),
            None => "there is no rate of training recordings to compare with".to_owned(),
        }),
    }
}

/// Reliability per horizon, on the shown recording. Bins hold only pairs for which a probability was
/// given: the many without would fill fourteen of fifteen bins with zeros.
#[must_use]
pub(crate) fn reliability(plan: &Plan<'_>, shown: &Replayed) -> Vec<ReliabilityCurve> {
    pairs::horizons(shown)
        .into_iter()
        .map(|horizon| {
            let (mut said, mut happened) = (Vec::new(), Vec::new());
            for one in pairs::outcomes(shown, horizon).values().flatten() {
                if let Some(probability) = one.said {
                    said.push(probability);
                    happened.push(one.happened);
                }
            }
            let judged = Probabilities::new(&happened, &said).expect(SAID);
            let bins = judged.reliability(RELIABILITY_BINS);
            ReliabilityCurve {
                scope: scope_of_shown(plan),
                horizon_production_minutes: shown
                    .ground
                    .scale
                    .to_fault(PlatformDuration::from_millis(horizon))
                    .as_minutes(),
                bins: bins.iter().map(ReliabilityBin::of).collect(),
            }
        })
        .collect()
}

/// One announced time: 10, 50 and 90 % times and the true one, in production minutes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Announced {
    /// Which incident of the recording it belongs to.
    pub(crate) incident: usize,
    /// The three times.
    pub(crate) said: [f64; 3],
    /// The true time.
    pub(crate) really: f64,
}

/// Announced times against true ones, on the shown recording.
#[must_use]
pub(crate) fn time_rows(plan: &Plan<'_>, shown: &Replayed, seed: u64) -> Vec<TimeToEventRow> {
    let ground = &shown.ground;
    let longest: FaultDuration = FailureKind::OomKilled.longest_horizon();
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
pub(crate) fn time_row(scope: Scope, announced: &[Announced], seed: u64) -> TimeToEventRow {
    let incidents: BTreeSet<usize> = announced.iter().map(|one| one.incident).collect();
    let really: Vec<f64> = announced.iter().map(|one| one.really).collect();
    let pinball = |number: usize, share: f64| {
        let said: Vec<f64> = announced.iter().map(|one| one.said[number]).collect();
        let forecasts = QuantileForecasts::new(&really, &said).expect("times are finite");
        forecasts.pinball_loss(share)
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
