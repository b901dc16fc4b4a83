//! Thresholds: every candidate tried on one replay, and the best within a budget chosen.
//!
//! ```text
//!  Trace + threshold ──> engine::alarm::advance_in_place per tick ──> alarms ──> matching ──> Summary
//! ```

use foresail_core::{Alarm, Prediction, Timestamp, Unit};
use foresail_engine::alarm::{
    AlarmBook, AlarmContext, AlarmPolicy, KnownCalls, KnownOutcomes, advance_in_place,
};
use rayon::prelude::*;
use std::collections::BTreeMap;

use crate::incident::Ground;
use crate::matching::{Judgement, Raised, judge};
use crate::replay::apply;
use crate::shift::MOST_TIME_IN_WARNING;
use crate::summary::{Frame, Summary};
use crate::trace::{Known, Trace};

/// Thresholds tried per scorer.
const CANDIDATES: usize = 28;

/// One recording, replayed, with what happened on it.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// What was said.
    pub trace: Trace,
    /// What happened.
    pub ground: Ground,
    /// What it offers to every method.
    pub frame: Frame,
}

/// One setting of a method on every recording.
#[derive(Clone, Debug)]
pub struct Point {
    /// Name of the scorer.
    pub scorer: String,
    /// Threshold of the alarm policy.
    pub threshold: f64,
    /// Per recording, in the order given to [`sweep`].
    pub summaries: Vec<Summary>,
    /// The alarms and their fates behind them.
    pub judgements: Vec<Judgement>,
}

/// A rate, a share and a count: what a budget is checked against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Reachable incidents.
    pub reachable: u32,
    /// Of them matched.
    pub matched: u32,
    /// False alarms per pod-day; `None` without observed time.
    pub false_rate: Option<f64>,
    /// Time in warning; `None` without observed time.
    pub time_in_warning: Option<f64>,
}

// === impl Reading ===

impl Reading {
    /// The reading of summaries taken together.
    #[must_use]
    pub fn of<'a>(parts: impl Iterator<Item = (&'a Frame, &'a Summary)>) -> Self {
        let (mut reachable, mut matched, mut wrong, mut warned, mut ticks) = (0, 0, 0, 0, 0);
        let mut days = 0.0;
        for (frame, summary) in parts {
            reachable += summary.counts.reachable;
            matched += summary.counts.reachable_matched;
            wrong += summary.counts.false_alarms;
            warned += summary.warned_ticks;
            ticks += frame.unit_ticks;
            days += frame.pod_days();
        }
        Self {
            reachable,
            matched,
            false_rate: (days > 0.0).then(|| f64::from(wrong) / days),
            time_in_warning: (ticks > 0).then(|| warned as f64 / ticks as f64),
        }
    }

    /// Whether it keeps to a budget of false alarms per pod-day and to the limit of time in warning.
    #[must_use]
    pub fn within(&self, budget: f64) -> bool {
        self.false_rate.is_some_and(|rate| rate <= budget)
            && self.time_in_warning.is_some_and(|share| share <= MOST_TIME_IN_WARNING)
    }
}

/// What the ledger and the graph knew at a tick of the replay.
#[derive(Debug)]
struct Recorded<'a> {
    trace: &'a Trace,
    tick: usize,
}

// === impl Recorded ===

impl Recorded<'_> {
    fn known(&self, unit: &Unit) -> Known {
        let index = self.trace.find(unit);
        index.map_or_else(Known::default, |i| self.trace.units[i.0 as usize].known_at(self.tick))
    }
}

impl KnownOutcomes for Recorded<'_> {
    /// The alarm policy asks about its own tick only.
    fn in_blackout(&self, unit: &Unit, _at: Timestamp) -> bool {
        self.known(unit).in_blackout
    }

    fn last_outcome(&self, unit: &Unit) -> Option<(Timestamp, Timestamp)> {
        self.known(unit).last_outcome
    }
}

impl KnownCalls for Recorded<'_> {
    fn callees(&self, unit: &Unit) -> Vec<Unit> {
        let index = self.trace.find(unit);
        let callees = index.map_or(&[][..], |index| self.trace.callees_at(self.tick, index));
        callees.iter().map(|index| self.trace.units[index.0 as usize].unit.clone()).collect()
    }
}

/// The alarms that `policy` raises on predictions per tick, each list highest score first.
#[must_use]
pub fn alarms(trace: &Trace, predictions: &[Vec<Prediction>], policy: &AlarmPolicy) -> Vec<Alarm> {
    let floor = policy.threshold.min(policy.change_threshold) * policy.close_ratio;
    let mut book = AlarmBook::default();
    let mut raised = Vec::new();
    for (tick, (at, predictions)) in trace.ticks.iter().zip(predictions).enumerate() {
        let ledger = Recorded { trace, tick };
        let context = AlarmContext {
            settings: &trace.settings,
            ledger: &ledger,
            graph: None,
            calls: Some(&ledger),
            started_at: trace.started_at,
            at: *at,
        };
        let count = predictions.partition_point(|prediction| prediction.score >= floor);
        let changes = advance_in_place(&mut book, &predictions[..count], policy, context);
        apply(&mut raised, &changes);
    }
    raised
}

/// The default policy at another threshold.
#[must_use]
pub fn policy_at(base: &AlarmPolicy, threshold: f64) -> AlarmPolicy {
    AlarmPolicy { threshold, raise_at_once: base.raise_at_once.max(threshold), ..base.clone() }
}

/// The judgement of one scorer at one policy on one recording.
#[must_use]
pub fn judge_scorer(
    replayed: &Replayed,
    predictions: &[Vec<Prediction>],
    policy: &AlarmPolicy,
) -> Judgement {
    let alarms = alarms(&replayed.trace, predictions, policy);
    let raised: Vec<_> =
        alarms.iter().filter_map(|alarm| Raised::new(&replayed.trace, alarm)).collect();
    judge(&replayed.ground, &raised)
}

/// Tries `thresholds` of one scorer on every recording.
#[must_use]
pub fn sweep(
    recordings: &[&Replayed],
    scorer: usize,
    thresholds: &[f64],
    base: &AlarmPolicy,
) -> Vec<Point> {
    let per_recording: Vec<Vec<(Summary, Judgement)>> = recordings
        .par_iter()
        .map(|replayed| {
            let predictions = replayed.trace.scores[scorer].predictions(&replayed.trace);
            thresholds
                .iter()
                .map(|threshold| {
                    let policy = policy_at(base, *threshold);
                    let judgement = judge_scorer(replayed, &predictions, &policy);
                    let summary = Summary::new(&replayed.ground, &replayed.frame, &judgement);
                    (summary, judgement)
                })
                .collect()
        })
        .collect();
    let name =
        recordings.first().map(|one| one.trace.scores[scorer].name.clone()).unwrap_or_default();
    thresholds
        .iter()
        .enumerate()
        .map(|(number, threshold)| Point {
            scorer: name.clone(),
            threshold: *threshold,
            summaries: per_recording.iter().map(|one| one[number].0.clone()).collect(),
            judgements: per_recording.iter().map(|one| one[number].1.clone()).collect(),
        })
        .collect()
}

/// Candidate thresholds of a scorer, from high to low, from the highest scores of each unit-hour.
#[must_use]
pub fn candidates(recordings: &[&Replayed], scorer: usize) -> Vec<f64> {
    let mut highest: BTreeMap<(usize, u32, usize), f32> = BTreeMap::new();
    for (number, replayed) in recordings.iter().enumerate() {
        let trace = &replayed.trace;
        let scores = &trace.scores[scorer];
        let hour = (3_600.0 / trace.settings.time_scale.get() / trace.step().as_seconds()).max(1.0);
        for tick in 0..trace.ticks.len() {
            for said in scores.at(tick).iter().filter(|said| said.score > 0.0) {
                let key = (number, said.unit.0, (tick as f64 / hour) as usize);
                let best = highest.entry(key).or_insert(0.0);
                *best = best.max(said.score);
            }
        }
    }
    let mut sorted: Vec<f64> = highest.into_values().map(f64::from).collect();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let mut thresholds: Vec<f64> = Vec::new();
    let Some(last) = sorted.len().checked_sub(1) else { return thresholds };
    for step in 0..CANDIDATES {
        // Ranks grow geometrically: budgets are decided among the highest scores.
        let share = step as f64 / (CANDIDATES - 1) as f64;
        let rank = ((last as f64 + 1.0).powf(share) - 1.0).round() as usize;
        // Scores are kept in single precision; the threshold stays just below the score itself.
        let value = sorted[rank.min(last)] * (1.0 - 1e-6);
        if thresholds.last().is_none_or(|previous| value < *previous) {
            thresholds.push(value);
        }
    }
    thresholds
}

/// The point with the highest recall within `budget` over the recordings that `which` names.
///
/// Of equal recall the fewer false alarms win, then the higher threshold (points run from high to low).
#[must_use]
pub fn choose<'a>(
    points: &'a [Point],
    recordings: &[&Replayed],
    which: &[usize],
    budget: f64,
) -> Option<&'a Point> {
    let mut best: Option<(&Point, Reading)> = None;
    for point in points {
        let reading =
            Reading::of(which.iter().map(|i| (&recordings[*i].frame, &point.summaries[*i])));
        if !reading.within(budget) {
            continue;
        }
        let better = best.is_none_or(|(_, known)| {
            reading.matched > known.matched
                || (reading.matched == known.matched && reading.false_rate < known.false_rate)
        });
        if better {
            best = Some((point, reading));
        }
    }
    best.map(|(point, _)| point)
}
