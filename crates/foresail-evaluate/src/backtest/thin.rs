//! The shown recording with scrapes thinned out: what a slower scrape interval costs.

use foresail_collect::ReplayOptions;
use foresail_core::{Batch, PlatformDuration, Prediction, Timestamp};
use foresail_engine::{Policy, State};

use super::load::{open, settings};
use super::{BacktestInput, EvaluateError};
use crate::incident::Ground;
use crate::replay::{self, Scorer};
use crate::result::ThinningRow;
use crate::summary::{Frame, Summary};
use crate::tune::{Reading, Replayed, judge_scorer};

/// Seconds between scrapes that are tried besides the recording's own.
const INTERVALS_SECONDS: [i64; 3] = [10, 15, 30];

/// The engine alone.
struct Alone;

impl Scorer for Alone {
    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn step(&mut self, _state: &State, _batch: &Batch, _at: Timestamp) -> Vec<Vec<Prediction>> {
        Vec::new()
    }
}

/// The operating point `policy` on the first judged recording, at its own and at slower scrapes.
///
/// # Errors
/// [`EvaluateError`] when there is no recording or it cannot be read.
pub fn thinning(input: &BacktestInput, policy: &Policy) -> Result<Vec<ThinningRow>, EvaluateError> {
    let path = input.recordings.first().ok_or(EvaluateError::NothingToJudge)?;
    let recording = open(path)?;
    let slower = INTERVALS_SECONDS
        .into_iter()
        .map(PlatformDuration::from_seconds)
        .filter(|interval| *interval > recording.scrape_interval())
        .map(Some);
    let rows = std::iter::once(None).chain(slower).map(|thin_to| {
        let options = ReplayOptions { thin_to, ..ReplayOptions::default() };
        let settings = settings(&recording, options);
        let batches = recording.replay(options);
        let trace = replay::run((&settings, &input.models), batches, &mut Alone, &|| {});
        let ground = Ground::new(&trace, recording.episodes());
        let frame = Frame::new(&ground);
        row(&Replayed { trace, ground, frame }, policy)
    });
    Ok(rows.collect())
}

fn row(replayed: &Replayed, policy: &Policy) -> ThinningRow {
    let judgement = judge_scorer(replayed, &replayed.trace.engine, &policy.alarm);
    let summary = Summary::new(&replayed.ground, &replayed.frame, &judgement);
    let reading = Reading::of(std::iter::once((&replayed.frame, &summary)));
    let counts = summary.counts;
    let judged = counts.hits + counts.false_alarms;
    ThinningRow {
        scrape_interval_seconds: replayed.trace.step().as_seconds(),
        recall: (reading.reachable > 0)
            .then(|| f64::from(reading.matched) / f64::from(reading.reachable)),
        false_per_pod_day: reading.false_rate,
        precision: (judged > 0).then(|| f64::from(counts.hits) / f64::from(judged)),
    }
}
