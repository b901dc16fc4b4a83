//! Base rates on clusters that fail less often than the laboratory (`evaluation.md` section 3): quiet
//! workloads and one in twenty of those that failed, scored by models that learned elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use foresail_core::FailureKind;
use foresail_engine::learned::Prevalence;
use foresail_engine::learned::prevalence::KindRates;
use foresail_evaluate::confidence::interval;
use foresail_evaluate::incident::Ground;
use foresail_evaluate::learned::{HORIZON_MINUTES, Target};
use foresail_learn::metrics::{Climatology, Probabilities};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::recorded::{OUT_OF_FOLD, OutOfFold, RECORDED};

/// One in so many workloads with incidents stays.
const THINNING: usize = 20;
/// A fleet of 100 pods has seen so many pod-days after ten days.
const FLEET_POD_DAYS: f64 = 1_000.0;
/// One tick in so many is judged: ten minutes of fault time.
const STRIDE: usize = 12;
/// Draws of the bootstrap over workloads.
const DRAWS: usize = 100;

/// What was said of a pod and what came, any failure within the horizon.
#[derive(Clone, Copy)]
struct Said {
    group: usize,
    probability: f64,
    climatology: f64,
    came: bool,
}

/// How long the thinned cluster was watched before.
#[derive(Clone, Copy)]
enum Watched {
    /// Not at all: what training says.
    Never,
    /// For as long as the recording runs.
    Recording,
    /// For so many pod-days at the rates of the thinned recording.
    PodDays(f64),
}

/// The workloads that stay when those with incidents are dealt into [`THINNING`] parts.
fn kept(ground: &Ground, part: usize) -> Vec<bool> {
    let mut dealt = 0;
    let keep = |unit: &foresail_evaluate::incident::UnitGround| {
        let fails = unit.incidents.iter().any(|place| ground.incidents[*place].is_headline());
        dealt += usize::from(fails);
        !fails || dealt % THINNING == part
    };
    ground.units.iter().map(keep).collect()
}

fn prevalence(ground: &Ground, kept: &[bool], watched: Watched) -> Prevalence {
    let mut seen = Prevalence::default();
    let mut pod_ticks = 0;
    for (unit, _) in ground.units.iter().zip(kept).filter(|(_, kept)| **kept) {
        for place in &unit.incidents {
            *seen.incidents.entry(ground.incidents[*place].kind).or_default() += 1;
        }
        let live = unit.observed.iter().zip(&unit.pods).filter(|(observed, _)| **observed);
        pod_ticks += live.map(|(_, pods)| u64::from(*pods)).sum::<u64>();
    }
    seen.pod_days = ground.days(pod_ticks);
    match watched {
        Watched::Never => Prevalence::default(),
        Watched::Recording => seen,
        Watched::PodDays(days) => {
            let factor = days / seen.pod_days;
            let scale = |count: u32| (f64::from(count) * factor).round() as u32;
            let incidents = seen.incidents.into_iter().map(|(kind, count)| (kind, scale(count)));
            Prevalence { incidents: incidents.collect(), pod_days: days }
        }
    }
}

/// Incidents per pod-day of each kind in the other recordings.
fn training_rates(kinds: &[FailureKind], held_out: usize) -> Vec<f64> {
    let all = |ground: &Ground| vec![true; ground.units.len()];
    let others = RECORDED.iter().enumerate().filter(|(number, _)| *number != held_out);
    let seen: Vec<_> = others
        .map(|(_, one)| prevalence(&one.ground, &all(&one.ground), Watched::Recording))
        .collect();
    let days: f64 = seen.iter().map(|one| one.pod_days).sum();
    let events =
        |kind: &FailureKind| -> u32 { seen.iter().filter_map(|one| one.incidents.get(kind)).sum() };
    kinds.iter().map(|kind| f64::from(events(kind)) / days).collect()
}

/// Everything said of the thinned recordings.
fn thinned(folds: &OutOfFold, part: usize, watched: Watched) -> Vec<Said> {
    let mut said = Vec::new();
    for (number, recorded) in RECORDED.iter().enumerate() {
        let (rows, ground) = (&recorded.lesson.rows, &recorded.ground);
        let kept = kept(ground, part);
        let rates = training_rates(&folds.kinds, number);
        let seen = prevalence(ground, &kept, watched);
        let shift = |seen: &Prevalence| seen.against((&folds.kinds, &rates), HORIZON_MINUTES);
        let moved = shift(&seen);
        let here = climatology(&folds.kinds, &prevalence(ground, &kept, Watched::Recording));
        let names: BTreeMap<_, _> =
            ground.units.iter().enumerate().map(|(place, unit)| (&unit.unit, place)).collect();
        let place = |unit: u32| {
            let id = rows.units[unit as usize].clone();
            names.get(&foresail_core::Unit::Workload(id)).copied().filter(|place| kept[*place])
        };
        for row in (0..rows.ticks.len()).step_by(STRIDE).flat_map(|tick| rows.at(tick)) {
            let came = recorded.lesson.targets[row].as_ref().and_then(any);
            if let (Some(place), Some(came)) = (place(rows.unit[row]), came) {
                said.push(Said {
                    group: number * 1_000 + place,
                    probability: probability(folds, (number, row), &moved),
                    climatology: here,
                    came,
                });
            }
        }
    }
    said
}

fn any(target: &Target) -> Option<bool> {
    target.failure.map(|_| true).or((target.seen_minutes >= HORIZON_MINUTES).then_some(false))
}

/// Probability of any failure: kinds exclude one another as the first one.
fn probability(folds: &OutOfFold, (number, row): (usize, usize), rates: &KindRates) -> f64 {
    let kinds = folds.said[number].of(row).unwrap_or_default().iter().enumerate();
    let one = |(kind, said): (usize, &foresail_evaluate::learned::SaidOfKind)| {
        let calibrated = folds.calibrators[number][kind].apply(f64::from(said.probability));
        rates.apply(kind, calibrated)
    };
    kinds.map(one).sum::<f64>().min(1.0)
}

/// What the cluster's own rate of all kinds says.
fn climatology(kinds: &[FailureKind], seen: &Prevalence) -> f64 {
    let rate: f64 = kinds.iter().filter_map(|kind| seen.rate(*kind)).sum();
    1.0 - (-rate * HORIZON_MINUTES / 1_440.0).exp()
}

/// Calibration error of rows with these weights.
fn error(said: &[Said], weights: &[f64]) -> Option<f64> {
    let came: Vec<bool> = said.iter().map(|one| one.came).collect();
    let values: Vec<f64> = said.iter().map(|one| one.probability).collect();
    let rows = Probabilities::new(&came, &values).unwrap().weighted(weights).unwrap();
    rows.expected_calibration_error()
}

/// Brier skill against the rate of the thinned cluster itself.
fn skill(said: &[Said]) -> f64 {
    let came: Vec<bool> = said.iter().map(|one| one.came).collect();
    let values: Vec<f64> = said.iter().map(|one| one.probability).collect();
    let usual: Vec<f64> = said.iter().map(|one| one.climatology).collect();
    let rows = Probabilities::new(&came, &values).unwrap();
    rows.brier_skill(Climatology::PerRow(&usual)).unwrap().unwrap()
}

/// The 95 % interval of the calibration error, drawing workloads.
fn error_interval(said: &[Said], seed: u64) -> (f64, f64) {
    let groups: Vec<usize> =
        said.iter().map(|one| one.group).collect::<BTreeSet<_>>().into_iter().collect();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let errors: Vec<f64> = (0..DRAWS)
        .filter_map(|_| {
            let mut times: BTreeMap<usize, f64> = BTreeMap::new();
            for _ in &groups {
                *times.entry(groups[random.random_range(0..groups.len())]).or_default() += 1.0;
            }
            let weight = |one: &Said| times.get(&one.group).copied().unwrap_or_default();
            error(said, &said.iter().map(weight).collect::<Vec<_>>())
        })
        .collect();
    interval(&errors).unwrap()
}

/// Mean calibration error over the parts of the deal.
fn mean_error(folds: &OutOfFold, watched: Watched) -> f64 {
    let errors = (0..THINNING).map(|part| {
        let said = thinned(folds, part, watched);
        error(&said, &vec![1.0; said.len()]).unwrap()
    });
    errors.sum::<f64>() / THINNING as f64
}

#[test]
fn where_one_in_twenty_fails_probabilities_still_mean_what_they_say() {
    let Some(folds) = OUT_OF_FOLD.as_ref() else { return };
    let unmoved = mean_error(folds, Watched::Never);
    let soon = mean_error(folds, Watched::Recording);
    let later = mean_error(folds, Watched::PodDays(FLEET_POD_DAYS));
    println!("calibration error {unmoved:.3} unmoved, {soon:.3} soon, {later:.3} later");
    assert!(unmoved > 0.15, "without the shift nothing is to be shown: {unmoved:.3}");
    assert!(later < soon && soon < unmoved, "{unmoved:.3}, {soon:.3}, {later:.3}");
    for part in 0..THINNING {
        let said = thinned(folds, part, Watched::PodDays(FLEET_POD_DAYS));
        let (low, high) = error_interval(&said, part as u64);
        println!("part {part}: [{low:.3}, {high:.3}], skill {:.2}", skill(&said));
        assert!(low <= 0.05, "part {part}: [{low:.3}, {high:.3}]");
    }
}
