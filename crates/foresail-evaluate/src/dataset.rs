//! Recordings as rows: what `foresail dataset` writes.
//!
//! ```text
//!  recording ──replay──> batches, cut at every production minute ──> State::observe
//!                                                                     │ at each minute
//!                        one row a live pod <── measures · counts ────┘
//!  outcomes of the ledger, once all is known ──> label · failure_kind · minutes_to_failure · incident
//! ```
//!
//! A row says what was visible at the end of its minute, as live; its label says what happened next
//! and rests on facts of the Kubernetes API alone. Columns and labels are those of `docs/dataset.md`.

mod columns;
mod counts;
mod gauge;
mod label;
mod lesson;
pub mod live;
mod measure;
mod minutes;
mod rows;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use foresail_collect::{Recording, ReplayOptions};
use foresail_core::{Batch, Timestamp};
use foresail_engine::Settings;
use foresail_learn::tabular::{ClassWeights, Table};
use rayon::prelude::*;

pub use columns::{IDENTITY, TRUTH, feature_names};
pub use label::HORIZON;
pub use lesson::{HeldOut, LessonError, Part, lesson};

use crate::backtest::load::{open, settings};
use crate::backtest::{EvaluateError, OnProgress, Progress};
use rows::Rows;

/// Rows of recordings, and how many of them carry which label.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// The rows: by recording in the order given, by minute, by namespace and pod.
    pub table: Table,
    /// What each recording gave, in the order given.
    pub recordings: Vec<RecordingRows>,
}

/// What one recording gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordingRows {
    /// Its name.
    pub name: String,
    /// Rows labelled `good`.
    pub good: usize,
    /// Rows labelled `alert`.
    pub alert: usize,
    /// Rows labelled `bad`.
    pub bad: usize,
    /// Rows without a label.
    pub unlabelled: usize,
    /// Incidents that some row belongs to.
    pub incidents: usize,
}

/// What rows are made from, beside its batches.
#[derive(Clone, Debug)]
pub struct Source {
    /// Name of the recording.
    pub name: String,
    /// What the engine must know of it.
    pub settings: Settings,
    /// When it began: production minutes are counted from here.
    pub started_at: Timestamp,
    /// Spans in which nothing was observed.
    pub gaps: Vec<(Timestamp, Timestamp)>,
}

// === impl Dataset ===

impl Dataset {
    /// The counts of all recordings together.
    #[must_use]
    pub fn total(&self) -> RecordingRows {
        let first = RecordingRows { name: "all".to_owned(), ..RecordingRows::default() };
        self.recordings.iter().fold(first, |sum, one| RecordingRows {
            good: sum.good + one.good,
            alert: sum.alert + one.alert,
            bad: sum.bad + one.bad,
            unlabelled: sum.unlabelled + one.unlabelled,
            incidents: sum.incidents + one.incidents,
            ..sum
        })
    }
}

// === impl RecordingRows ===

impl RecordingRows {
    /// Rows in all.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.good + self.alert + self.bad + self.unlabelled
    }
}

/// The data set of recordings.
///
/// A file has no training part, and rows that are left out or doubled before the split change what is
/// measured on the test part. So `balance` is only written down, in a column of its own unless it is
/// [`ClassWeights::None`], and takes effect where the split is known.
///
/// # Errors
/// [`EvaluateError`] when there is none, one cannot be read or holds no pods, or two share a name.
pub fn dataset(
    recordings: &[PathBuf],
    balance: ClassWeights,
    on_progress: OnProgress<'_>,
) -> Result<Dataset, EvaluateError> {
    if recordings.is_empty() {
        return Err(EvaluateError::NothingToJudge);
    }
    on_progress(Progress { step: "read", done: 0, total: 0 });
    let opened =
        recordings.par_iter().map(|path| open(path)).collect::<Result<Vec<_>, EvaluateError>>()?;
    let mut names = BTreeSet::new();
    if let Some(twice) = opened.iter().find(|one| !names.insert(one.name().to_owned())) {
        return Err(EvaluateError::SameName { name: twice.name().to_owned() });
    }
    let ticks = |one: &Recording| one.replay(ReplayOptions::default()).len();
    let (done, total) = (AtomicUsize::new(0), opened.iter().map(ticks).sum());
    let on_tick = || {
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        on_progress(Progress { step: "replay", done, total });
    };
    let parts: Vec<Rows> = opened
        .par_iter()
        .map(|recording| {
            let source = source(recording);
            rows::collect(&source, recording.replay(ReplayOptions::default()), &on_tick)
        })
        .collect();
    for (path, rows) in recordings.iter().zip(&parts) {
        if rows.pods() == 0 {
            return Err(EvaluateError::NoPods { path: path.clone() });
        }
    }
    Ok(joined(&parts, balance))
}

/// The data set of batches that came some other way, a source each; `docs/dataset.md` holds for it as
/// well.
#[must_use]
pub fn of_batches<B>(parts: impl IntoIterator<Item = (Source, B)>) -> Dataset
where
    B: Iterator<Item = (Timestamp, Batch)>,
{
    let rows = |(source, batches): (Source, B)| rows::collect(&source, batches, &|| ());
    joined(&parts.into_iter().map(rows).collect::<Vec<_>>(), ClassWeights::None)
}

fn source(recording: &Recording) -> Source {
    let gaps = &recording.report().gaps;
    Source {
        name: recording.name().to_owned(),
        settings: settings(recording, ReplayOptions::default()),
        started_at: recording.started_at(),
        gaps: gaps.iter().map(|gap| (gap.from, gap.to)).collect(),
    }
}

fn joined(parts: &[Rows], balance: ClassWeights) -> Dataset {
    Dataset {
        table: rows::table(parts, balance),
        recordings: parts.iter().map(Rows::counts).collect(),
    }
}
