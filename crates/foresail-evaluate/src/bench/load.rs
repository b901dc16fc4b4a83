//! Recordings into courses: replayed once, with every opponent's alarms and every row of features.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use foresail_collect::ReplayOptions;
use foresail_core::{Batch, Prediction, Timestamp, Unit};
use foresail_engine::alarm::AlarmPolicy;
use foresail_engine::first_passage::FirstPassageSettings;
use foresail_engine::{Models, State, checks};
use rayon::prelude::*;

use super::{BenchInput, Extent};
use crate::backtest::load::{Loaded, open, settings};
use crate::backtest::{EvaluateError, OnProgress, Progress};
use crate::baseline::Baselines;
use crate::incident::Ground;
use crate::learned::{Lesson, RowCollector};
use crate::replay::{self, Scorer};
use crate::result::Role;
use crate::summary::Frame;
use crate::trace::ScoreTrace;
use crate::tune::Replayed;

/// Name of the checks among the scorers of a replay.
const CHECKS: &str = "checks";

/// A recording, ready to be learned from and judged on.
#[derive(Debug)]
pub(super) struct Course {
    /// The recording; of scores only the engine's own are kept once the opponents were tried.
    pub(super) loaded: Loaded,
    /// Its rows and what happened next.
    pub(super) lesson: Lesson,
    /// What the checks of changes said, which no model has a part in.
    pub(super) checks: ScoreTrace,
}

/// The opponents, the rows of features and the checks of changes, side by side.
struct Side {
    baselines: Baselines,
    rows: RowCollector,
}

// === impl Course ===

impl Course {
    pub(super) fn name(&self) -> &str {
        &self.loaded.name
    }

    pub(super) const fn replayed(&self) -> &Replayed {
        &self.loaded.replayed
    }

    /// Namespaces of its workloads.
    pub(super) fn namespaces(&self) -> BTreeSet<&str> {
        let units = self.replayed().ground.units.iter();
        units.filter_map(|unit| unit.unit.workload()).map(|id| id.namespace.as_str()).collect()
    }

    /// Which units lie in a namespace that `wanted` accepts; other units count as in none.
    pub(super) fn units_in(&self, wanted: &dyn Fn(Option<&str>) -> bool) -> Vec<bool> {
        let namespace = |unit: &Unit| unit.workload().map(|id| id.namespace.clone());
        let units = self.replayed().ground.units.iter();
        units.map(|unit| wanted(namespace(&unit.unit).as_deref())).collect()
    }
}

impl Scorer for Side {
    fn names(&self) -> Vec<String> {
        let mut names = self.baselines.names();
        names.push(CHECKS.to_owned());
        names
    }

    fn step(&mut self, state: &State, batch: &Batch, at: Timestamp) -> Vec<Vec<Prediction>> {
        self.rows.step(state, batch, at);
        let mut said = self.baselines.step(state, batch, at);
        said.push(checks::predict(state, at));
        said
    }
}

/// Opens and replays every recording, training ones first; a reduced run has no demo.
pub(super) fn load(
    input: &BenchInput,
    on_progress: OnProgress<'_>,
) -> Result<Vec<Course>, EvaluateError> {
    let training = input.training.iter().map(|path| (path, Role::Training));
    let demo: &[PathBuf] = match input.extent {
        Extent::Full => &input.demo,
        Extent::Reduced => &[],
    };
    let all: Vec<_> = training.chain(demo.iter().map(|path| (path, Role::Judged))).collect();
    if input.training.is_empty() {
        return Err(EvaluateError::NothingToJudge);
    }
    let opened = all
        .par_iter()
        .map(|(path, role)| Ok((*path, *role, open(path)?)))
        .collect::<Result<Vec<_>, EvaluateError>>()?;
    let mut names = BTreeSet::new();
    if let Some((_, _, twice)) = opened.iter().find(|(_, _, one)| !names.insert(one.name())) {
        return Err(EvaluateError::SameName { name: twice.name().to_owned() });
    }
    let ticks = |one: &foresail_collect::Recording| one.replay(ReplayOptions::default()).len();
    let total = opened.iter().map(|(_, _, recording)| ticks(recording)).sum();
    let done = AtomicUsize::new(0);
    opened
        .par_iter()
        .map(|(path, role, recording)| {
            let settings = settings(recording, ReplayOptions::default());
            let mut side = Side {
                baselines: Baselines::new(settings.time_scale),
                rows: RowCollector::new(FirstPassageSettings::default()),
            };
            let on_tick = || {
                let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                on_progress(Progress { step: "replay", done, total });
            };
            let batches = recording.replay(ReplayOptions::default());
            let mut trace =
                replay::run((&settings, &Models::default()), batches, &mut side, &on_tick);
            if trace.pods == 0 {
                return Err(EvaluateError::NoPods { path: (*path).clone() });
            }
            let checks = trace.scores.pop().unwrap_or_default();
            let ground = Ground::new(&trace, recording.episodes());
            let frame = Frame::new(&ground);
            let replayed = Replayed { trace, ground, frame };
            let lesson = Lesson::new(recording.name(), &replayed, side.rows.finish());
            let loaded = Loaded {
                path: (*path).clone(),
                name: recording.name().to_owned(),
                role: *role,
                started_at: recording.started_at(),
                ended_at: recording.ended_at(),
                sha256: recording.hashes().clone(),
                replayed,
            };
            Ok(Course { loaded, lesson, checks })
        })
        .collect()
}

/// The policy that every method's alarms go through, but for its threshold.
pub(super) fn policy() -> AlarmPolicy {
    AlarmPolicy::default()
}
