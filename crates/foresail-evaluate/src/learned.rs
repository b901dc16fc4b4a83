//! Learning from recordings: rows, targets, fits and scores, always by named parts of recordings.
//!
//! ```text
//!  replay ──> Rows (features of every pod and tick)  ─┐
//!  Ground ──> Target (what happened to each row next) ─┴─> Corpus ── fit on a Part ──> LearnedModel
//!                                                                   score the rest ──> ScoreTrace
//! ```
//!
//! Truth decides nothing here: targets come from outcomes, which are facts of the Kubernetes API.

mod calibrate;
mod file;
mod fit;
mod fold;
mod held_out;
mod operating;
mod plain;
mod rows;
mod score;
mod target;
mod train;

pub use calibrate::calibrators;
pub use file::{StoredModel, StoredModelError};
pub(crate) use fit::labelled;
pub use fit::{FitSettings, TrainError, fit, foretelling};
pub use fold::{Fold, FoldScorer, OUT_OF_FOLD};
pub use held_out::HeldOut;
pub use operating::{Measured, false_alarm_bound, operating_points, rate_bound};
pub use plain::ModelKind;
pub use rows::{Plan, RowCollector, Rows};
pub use score::{HAZARD, SaidOfKind, Scored, push_scores};
pub use target::{HORIZON_MINUTES, Target, edges, targets};
pub(crate) use train::trained_on;
pub use train::{TrainSettings, Trained, train};

use crate::tune::Replayed;

/// One recording as far as learning needs it.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// Name of the recording.
    pub name: String,
    /// Features of every pod and tick.
    pub rows: Rows,
    /// What happened to each row next; `None` where nothing may be learned from it.
    pub targets: Vec<Option<Target>>,
}

/// Which rows belong together.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// The recordings.
    pub lessons: &'a [&'a Lesson],
    /// Namespaces left out of all of them.
    pub without: &'a [&'a str],
}

// === impl Lesson ===

impl Lesson {
    /// What can be learned from a replay.
    #[must_use]
    pub fn new(name: &str, replayed: &Replayed, rows: Rows) -> Self {
        let targets = targets(&rows, replayed);
        Self { name: name.to_owned(), rows, targets }
    }
}

impl<'a> Part<'a> {
    /// Rows to learn from: lesson, row and target.
    pub(crate) fn rows(self) -> impl Iterator<Item = (&'a Lesson, usize, Target)> {
        self.lessons.iter().flat_map(move |lesson| {
            let left_out: Vec<bool> = (lesson.rows.units.iter())
                .map(|unit| self.without.contains(&unit.namespace.as_str()))
                .collect();
            let targets = lesson.targets.iter().enumerate();
            targets.filter_map(move |(row, target)| {
                let unit = lesson.rows.unit[row] as usize;
                target.filter(|_| !left_out[unit]).map(|target| (*lesson, row, target))
            })
        })
    }
}
