//! The shown recording with scrapes thinned out: what a slower scrape interval costs.

use std::sync::atomic::{AtomicUsize, Ordering};

use foresail_collect::ReplayOptions;
use foresail_core::{Batch, PlatformDuration, Prediction, Timestamp};
use foresail_engine::{Policy, State};
use rayon::prelude::*;

use super::load::{Loaded, open, settings};
use super::{BacktestInput, EvaluateError, OnProgress, Progress};
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

/// The operating point `policy` on a recording, at its own and at slower scrapes.
pub(super) fn rows(
    input: &BacktestInput,
    loaded: &Loaded,
    (policy, on_progress): (&Policy, OnProgress<'_>),
) -> Result<Vec<ThinningRow>, EvaluateError> {
    let recording = open(&loaded.path)?;
    let slower: Vec<PlatformDuration> = INTERVALS_SECONDS
        .into_iter()
        .map(PlatformDuration::from_seconds)
        .filter(|interval| *interval > recording.scrape_interval())
        .collect();
    let (total, done) = (slower.len(), AtomicUsize::new(0));
    on_progress(Progress { step: "thin", done: 0, total });
    let thinned: Vec<ThinningRow> = slower
        .into_par_iter()
        .map(|interval| {
            let options = ReplayOptions { thin_to: Some(interval), ..ReplayOptions::default() };
            let settings = settings(&recording, options);
            let batches = recording.replay(options);
            let trace = replay::run((&settings, &input.models), batches, &mut Alone, &|| {});
            let ground = Ground::new(&trace, recording.episodes());
            let frame = Frame::new(&ground);
            let row = row(&Replayed { trace, ground, frame }, policy);
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            on_progress(Progress { step: "thin", done, total });
            row
        })
        .collect();
    Ok(std::iter::once(row(&loaded.replayed, policy)).chain(thinned).collect())
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
