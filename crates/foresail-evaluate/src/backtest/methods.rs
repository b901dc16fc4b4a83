//! The methods that are compared, and every setting of each tried on every recording.

use foresail_core::PlatformDuration;
use foresail_engine::first_passage::threshold_for;
use foresail_learn::model_file::Header;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{BacktestInput, OnProgress, Progress};
use crate::baseline::{
    FIRST_PASSAGE, HORIZONS_HOURS, MAD, MEMORY_TTL, SIGNATURE, STATIC, STOCK, WINDOWS_MINUTES,
    linear_name,
};
use crate::matching::{Judgement, Raised, judge};
use crate::replay::ENGINE;
use crate::result::{Method, MethodKind, Variant};
use crate::summary::Summary;
use crate::trace::UnitIndex;
use crate::tune::{Point, Replayed, candidates, sweep};

/// Level gates of the `predict_linear` grid; the first one gates nothing.
const GATES: [f64; 10] = [0.001, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95];
/// Thresholds tried without a training recording, where scores cannot propose any.
const PLAIN_THRESHOLDS: [f64; 9] = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1];

/// What the engine says without a learned model.
const UNTRAINED: &str = "First passage";

/// A method with everything that was tried.
#[derive(Clone, Debug)]
pub(crate) struct Tried {
    pub(crate) method: Method,
    /// From high to low threshold per scorer.
    pub(crate) points: Vec<Point>,
    /// Thresholds that came with the method, by budget; none is then chosen here.
    pub(crate) fixed: Option<Vec<(f64, f64)>>,
}

/// Tries every method. `training` are positions among `replayed`.
pub(super) fn try_all(
    input: &BacktestInput,
    replayed: &[&Replayed],
    training: &[usize],
    on_progress: OnProgress<'_>,
) -> Vec<Tried> {
    let base = &input.policy.alarm;
    let number = |name: &str| replayed[0].trace.scores.iter().position(|one| one.name == name);
    let proposals: Vec<&Replayed> = training.iter().map(|i| replayed[*i]).collect();
    let total = 7 + WINDOWS_MINUTES.len() * HORIZONS_HOURS.len();
    let mut done = 0;
    let mut run = |name: &str, thresholds: Option<&[f64]>| {
        let points = number(name).map(|scorer| {
            let proposed;
            let thresholds = match thresholds {
                Some(given) => given,
                None if proposals.is_empty() => PLAIN_THRESHOLDS.as_slice(),
                None => {
                    proposed = candidates(&proposals, scorer);
                    &proposed
                }
            };
            sweep(replayed, scorer, thresholds, base)
        });
        done += 1;
        on_progress(Progress { step: "tune", done, total });
        points.unwrap_or_default()
    };
    let mut tried = match &input.header {
        Some(header) => {
            let fixed = operating(header);
            let thresholds = with_judged((replayed, training), &fixed);
            let points = run(ENGINE, Some(&thresholds));
            let untrained = run(FIRST_PASSAGE, None);
            let mut tried = vec![
                Tried {
                    fixed: Some(fixed),
                    ..tuned(ENGINE, "Foresail", MethodKind::Engine, points)
                },
                tuned(FIRST_PASSAGE, UNTRAINED, MethodKind::Baseline, untrained),
            ];
            // Without a training recording nothing chooses its threshold.
            if let Some(threshold) =
                threshold_for(input.shown_budget).filter(|_| training.is_empty())
            {
                let points = run(FIRST_PASSAGE, Some(&[threshold]));
                tried.push(shipped(FIRST_PASSAGE, UNTRAINED, MethodKind::Baseline, points));
            }
            tried
        }
        None => {
            let shipped_point = run(ENGINE, Some(&[base.threshold]));
            vec![
                tuned(ENGINE, UNTRAINED, MethodKind::Engine, run(ENGINE, None)),
                shipped(ENGINE, UNTRAINED, MethodKind::Engine, shipped_point),
            ]
        }
    };
    let memory = run(MEMORY_TTL, None);
    tried.push(tuned(MEMORY_TTL, "Memory 1/TTL, sticky", MethodKind::Baseline, memory));
    let mut grid = Vec::new();
    for window in WINDOWS_MINUTES {
        for horizon in HORIZONS_HOURS {
            grid.push((window, horizon, run(&linear_name(window, horizon), Some(&GATES))));
        }
    }
    let pooled = grid.iter().flat_map(|(_, _, points)| points.iter().cloned()).collect();
    tried.push(tuned("predict_linear", "predict_linear, tuned", MethodKind::Baseline, pooled));
    tried.push(shipped(STOCK, "Stock alert rules", MethodKind::Baseline, run(STOCK, Some(&[0.5]))));
    let fixed = run(STATIC, Some(&[0.9]));
    tried.push(shipped(STATIC, "CPU or memory > 90 %", MethodKind::Baseline, fixed));
    tried.push(tuned(SIGNATURE, "Signature", MethodKind::Baseline, run(SIGNATURE, None)));
    tried.push(tuned(MAD, "Robust z-score", MethodKind::Baseline, run(MAD, None)));
    for (window, horizon, points) in grid {
        let ungated = points.into_iter().filter(|point| point.threshold <= GATES[0]).collect();
        let title = format!("predict_linear {window:.0} min → {horizon:.0} h");
        tried.push(shipped(&linear_name(window, horizon), &title, MethodKind::Baseline, ungated));
    }
    tried
}

/// The thresholds of a model file by budget.
fn operating(header: &Header) -> Vec<(f64, f64)> {
    header.operating_points.iter().map(|point| (point.budget, point.threshold)).collect()
}

/// Thresholds for the curve on judged recordings, and those of the operating points. The model knows
/// the training recordings: its scores there propose nothing.
fn with_judged((replayed, training): (&[&Replayed], &[usize]), fixed: &[(f64, f64)]) -> Vec<f64> {
    let judged: Vec<&Replayed> = (replayed.iter().enumerate())
        .filter(|(number, _)| !training.contains(number))
        .map(|(_, one)| *one)
        .collect();
    let mut thresholds = candidates(&judged, 0);
    thresholds.extend(fixed.iter().map(|(_, threshold)| threshold));
    thresholds.sort_by(|a, b| b.total_cmp(a));
    thresholds.dedup();
    thresholds
}

fn tuned(name: &str, title: &str, kind: MethodKind, points: Vec<Point>) -> Tried {
    tried(name, title, (kind, Variant::Tuned), points)
}

fn shipped(name: &str, title: &str, kind: MethodKind, points: Vec<Point>) -> Tried {
    tried(name, title, (kind, Variant::AsShipped), points)
}

fn tried(
    name: &str,
    title: &str,
    (kind, variant): (MethodKind, Variant),
    points: Vec<Point>,
) -> Tried {
    Tried {
        method: Method { name: name.to_owned(), title: title.to_owned(), kind, variant },
        points,
        fixed: None,
    }
}

/// A reference method.
pub(super) fn reference(name: &str, title: &str) -> Method {
    Method {
        name: name.to_owned(),
        title: title.to_owned(),
        kind: MethodKind::Reference,
        variant: Variant::AsShipped,
    }
}

/// What was chosen, in words.
pub(super) fn words(point: &Point) -> String {
    for window in WINDOWS_MINUTES {
        for horizon in HORIZONS_HOURS {
            if point.scorer == linear_name(window, horizon) {
                let gate = if point.threshold <= GATES[0] {
                    "no gate".to_owned()
                } else {
                    format!("level ≥ {:.0} %", point.threshold * 100.0)
                };
                return format!("window {window:.0} min, horizon {horizon:.0} h, {gate}");
            }
        }
    }
    format!("threshold {:.4}", point.threshold)
}

/// As many alarms as `model` raised, as long as they were, at random units and times outside blackouts.
pub(super) fn random(replayed: &Replayed, model: &Judgement, seed: u64) -> (Summary, Judgement) {
    let ground = &replayed.ground;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut places = Vec::new();
    for (unit, record) in ground.units.iter().enumerate() {
        let watched = record.unit.workload().is_some();
        let ticks = record.observed.iter().enumerate().filter(|(_, on)| watched && **on);
        places.extend(ticks.map(|(tick, _)| (UnitIndex(unit as u32), tick)));
    }
    let mut raised: Vec<Raised> = model
        .alarms
        .iter()
        .filter(|_| !places.is_empty())
        .map(|like| {
            let (unit, tick) = places[random.random_range(0..places.len())];
            let at = ground.ticks[tick];
            let lasting: PlatformDuration = like.ended_at.since(like.raised.at);
            Raised { unit, at, cleared_at: Some(at + lasting), ..like.raised }
        })
        .collect();
    raised.sort_by_key(|one| (one.at, one.unit));
    let judgement = judge(ground, &raised);
    (Summary::new(ground, &replayed.frame, &judgement), judgement)
}
