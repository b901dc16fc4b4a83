//! Gate 5: before a fault is injected, its target scores as other workloads do.
//!
//! A model that ranks targets higher has learned the laboratory's schedule, not failures. Truth
//! chooses the rows here and enters nothing else. Workloads differ for good, and some are injected
//! into more often: [`against_own_usual`] takes that out, and both readings have to hold.

use std::collections::BTreeMap;

use foresail_core::{FaultDuration, PlatformDuration, Timestamp, Unit};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::rows::{Lived, ranks, ticks};
use crate::confidence::interval;
use crate::incident::{Ground, Nature, UnitGround};
use crate::result::Gate;

/// What is looked at before an injection.
const BEFORE: FaultDuration = FaultDuration::from_minutes(60.0);
/// For so long no earlier episode or failure may have been on a workload: its traces fade with the
/// shorter half-lives of the features.
const CLEAN: FaultDuration = FaultDuration::from_minutes(30.0);
/// Fewer injections say too little.
pub const LEAST_INJECTIONS: usize = 60;
/// Repetitions of the bootstrap.
const REPETITIONS: usize = 10_000;

/// One injection: how often its target scored above others at the same ticks.
#[derive(Clone, Debug, PartialEq)]
pub struct Injection {
    /// The workload.
    pub unit: Unit,
    /// Comparisons won, ties counting half.
    pub wins: f64,
    /// Comparisons.
    pub pairs: f64,
}

/// The AUC of targets before their injection against others at the same ticks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BeforeInjection {
    /// Injections with something to compare.
    pub episodes: usize,
    /// Area under the ROC curve within ticks, over all comparisons.
    pub auc: f64,
    /// Its 95 % interval, resampling workloads with all their injections.
    pub interval: Option<(f64, f64)>,
}

/// Every injection of a recording with something to compare; `scores` are those of its rows.
#[must_use]
pub fn injections(lived: Lived<'_>, scores: &[f64]) -> Vec<Injection> {
    let ground = lived.ground;
    let units = lived.units();
    let mut found: BTreeMap<(usize, Timestamp), (f64, f64)> = BTreeMap::new();
    for (tick, at) in lived.lesson.rows.ticks.iter().enumerate() {
        let mut strongest: BTreeMap<u32, f64> = BTreeMap::new();
        for row in lived.lesson.rows.at(tick) {
            let best = strongest.entry(lived.lesson.rows.unit[row]).or_insert(scores[row]);
            *best = best.max(scores[row]);
        }
        let clean: Vec<_> = (strongest.into_iter())
            .filter_map(|(unit, score)| Some((unit as usize, units[unit as usize]?, score)))
            .filter(|(_, unit, _)| is_target(unit) && is_clean(ground, unit, *at))
            .map(|(number, unit, score)| (number, next_injection(ground, unit, *at), score))
            .collect();
        for (number, start, score) in &clean {
            let Some(start) = start else { continue };
            let (wins, pairs) = found.entry((*number, *start)).or_default();
            for (_, _, other) in clean.iter().filter(|(_, start, _)| start.is_none()) {
                *pairs += 1.0;
                *wins +=
                    if score > other { 1.0 } else { f64::from(u8::from(score == other)) / 2.0 };
            }
        }
    }
    let workload = |number: usize| Unit::Workload(lived.lesson.rows.units[number].clone());
    let found = found.into_iter().filter(|(_, (_, pairs))| *pairs > 0.0);
    found
        .map(|((number, _), (wins, pairs))| Injection { unit: workload(number), wins, pairs })
        .collect()
}

/// The scores as ranks, from 0 to 1, among those of the same workload while nothing is on it: what
/// sets workloads apart for good is taken out.
#[must_use]
pub fn against_own_usual(lived: Lived<'_>, scores: &[f64]) -> Vec<f64> {
    let units = lived.units();
    let mut clean: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (at, row) in ticks(lived.lesson) {
        let number = lived.lesson.rows.unit[row];
        if units[number as usize].is_some_and(|unit| is_clean(lived.ground, unit, at)) {
            clean.entry(number).or_default().push(row);
        }
    }
    let mut own = vec![0.0; scores.len()];
    for rows in clean.values() {
        let ranks = ranks(&rows.iter().map(|row| scores[*row]).collect::<Vec<_>>());
        for (row, rank) in rows.iter().zip(ranks) {
            own[*row] = rank / rows.len() as f64;
        }
    }
    own
}

/// What all injections say together.
#[must_use]
pub fn before_injection(injections: &[Injection], seed: u64) -> Option<BeforeInjection> {
    let mut groups: BTreeMap<&Unit, (f64, f64)> = BTreeMap::new();
    for one in injections {
        let sums = groups.entry(&one.unit).or_default();
        *sums = (sums.0 + one.wins, sums.1 + one.pairs);
    }
    let groups: Vec<(f64, f64)> = groups.into_values().collect();
    let add = |a: (f64, f64), b: &(f64, f64)| (a.0 + b.0, a.1 + b.1);
    let (wins, pairs) = groups.iter().fold((0.0, 0.0), add);
    if pairs <= 0.0 {
        return None;
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let drawn: Vec<f64> = (0..REPETITIONS)
        .map(|_| {
            let draw = (0..groups.len()).map(|_| &groups[random.random_range(0..groups.len())]);
            let (wins, pairs) = draw.fold((0.0, 0.0), add);
            wins / pairs
        })
        .collect();
    Some(BeforeInjection {
        episodes: injections.len(),
        auc: wins / pairs,
        interval: interval(&drawn),
    })
}

/// Whether targets score like others before their injection.
#[must_use]
pub fn targets_are_not_known_before(injections: &[Injection], seed: u64) -> Gate {
    let read = before_injection(injections, seed);
    let enough = read.filter(|read| read.episodes >= LEAST_INJECTIONS);
    let bounds = enough.and_then(|read| read.interval);
    Gate {
        name: "before its injection a target scores as other workloads do".to_owned(),
        passed: bounds.is_some_and(|(low, high)| low <= 0.5 && 0.5 <= high),
        detail: match (read, bounds) {
            (Some(read), Some((low, high))) => format!(
                "AUC {:.3} [{low:.3}, {high:.3}] over {} injections",
                read.auc, read.episodes
            ),
            (read, _) => format!(
                "{} injections with something to compare, {LEAST_INJECTIONS} are needed",
                read.map_or(0, |read| read.episodes)
            ),
        },
    }
}

/// Whether faults are injected into a workload at all: others are another population.
fn is_target(unit: &UnitGround) -> bool {
    unit.episodes.iter().any(|span| is_fault(span.nature))
}

const fn is_fault(nature: Nature) -> bool {
    match nature {
        Nature::Slow | Nature::Sudden => true,
        Nature::Killed | Nature::Benign => false,
    }
}

/// Whether nothing is or was on a workload that its features could still show.
fn is_clean(ground: &Ground, unit: &UnitGround, at: Timestamp) -> bool {
    let tail = ground.scale.to_platform(CLEAN);
    let covers = |(from, to): (Timestamp, Timestamp)| from <= at && at <= to + tail;
    !unit.episodes.iter().any(|span| covers((span.from, span.to)))
        && !unit.blackouts.iter().any(|span| covers(*span))
}

/// The next injection, where it comes within the time that is looked at.
fn next_injection(ground: &Ground, unit: &UnitGround, at: Timestamp) -> Option<Timestamp> {
    let ahead: PlatformDuration = ground.scale.to_platform(BEFORE);
    let faults = unit.episodes.iter().filter(|span| is_fault(span.nature));
    faults.map(|span| span.from).find(|from| at < *from && *from <= at + ahead)
}
