//! Recordings into replays, a few at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use foresail_collect::{OpenOptions, Recording, ReplayOptions};
use foresail_core::{FailureKind, Timestamp};
use foresail_engine::Settings;
use rayon::prelude::*;

use super::{BacktestInput, EvaluateError, OnProgress, Progress};
use crate::baseline::Baselines;
use crate::incident::Ground;
use crate::replay;
use crate::result::{OutcomeCount, Role};
use crate::summary::Frame;
use crate::tune::Replayed;

/// A recording after its replay.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) path: PathBuf,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) started_at: Timestamp,
    pub(crate) ended_at: Timestamp,
    pub(crate) sha256: BTreeMap<String, String>,
    pub(crate) replayed: Replayed,
}

/// What the engine must know of a recording.
pub(crate) fn settings(recording: &Recording, options: ReplayOptions) -> Settings {
    let replay = recording.replay(options);
    let stretch = options.stretch.unwrap_or(1.0);
    let scale = recording.time_scale().get() / stretch;
    Settings {
        cluster: recording.cluster().to_owned(),
        time_scale: scale.try_into().unwrap_or_else(|_| recording.time_scale()),
        scrape_interval: replay.scrape_interval(),
    }
}

pub(crate) fn open(path: &std::path::Path) -> Result<Recording, EvaluateError> {
    Recording::open(path, &OpenOptions::default())
        .map_err(|source| EvaluateError::Recording { path: path.to_owned(), source })
}

/// Opens and replays every recording of `input`, judged ones first.
pub(super) fn load(
    input: &BacktestInput,
    on_progress: OnProgress<'_>,
) -> Result<Vec<Loaded>, EvaluateError> {
    let judged = input.recordings.iter().map(|path| (path, Role::Judged));
    let training = input.training.iter().map(|path| (path, Role::Training));
    let all: Vec<_> = judged.chain(training).collect();
    let total = AtomicUsize::new(0);
    let done = AtomicUsize::new(0);
    let loaded: Vec<Loaded> = all
        .par_iter()
        .map(|(path, role)| {
            let recording = open(path)?;
            total.fetch_add(recording.replay(ReplayOptions::default()).len(), Ordering::Relaxed);
            let replayed = replayed(
                &recording,
                ReplayOptions::default(),
                (input, &|| {
                    let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                    on_progress(Progress {
                        step: "replay",
                        done,
                        total: total.load(Ordering::Relaxed),
                    });
                }),
            );
            if replayed.trace.pods == 0 {
                return Err(EvaluateError::NoPods { path: (*path).clone() });
            }
            Ok(Loaded {
                path: (*path).clone(),
                name: recording.name().to_owned(),
                role: *role,
                started_at: recording.started_at(),
                ended_at: recording.ended_at(),
                sha256: recording.hashes().clone(),
                replayed,
            })
        })
        .collect::<Result<_, _>>()?;
    let mut names = BTreeSet::new();
    for one in &loaded {
        if !names.insert(one.name.as_str()) {
            return Err(EvaluateError::SameName { name: one.name.clone() });
        }
    }
    Ok(loaded)
}

/// Replays one recording with every baseline beside the engine.
pub(crate) fn replayed(
    recording: &Recording,
    options: ReplayOptions,
    (input, on_tick): (&BacktestInput, &dyn Fn()),
) -> Replayed {
    let settings = settings(recording, options);
    let mut baselines = Baselines::new(settings.time_scale);
    if input.models.learned.is_some() {
        baselines = baselines.with_first_passage(input.models.first_passage.clone());
    }
    let batches = recording.replay(options);
    let trace = replay::run((&settings, &input.models), batches, &mut baselines, on_tick);
    let ground = Ground::new(&trace, recording.episodes());
    let frame = Frame::new(&ground);
    Replayed { trace, ground, frame }
}

// === impl Loaded ===

impl Loaded {
    pub(super) fn outcome_counts(&self) -> Vec<OutcomeCount> {
        let outcomes = &self.replayed.trace.outcomes;
        let count = |kind: &FailureKind| {
            let of_kind = outcomes.iter().filter(|one| one.kind == *kind);
            let primary = of_kind.clone().filter(|one| one.primary).count();
            OutcomeCount { kind: kind.as_str().to_owned(), outcomes: of_kind.count(), primary }
        };
        FailureKind::ALL.iter().map(count).filter(|one| one.outcomes > 0).collect()
    }
}
