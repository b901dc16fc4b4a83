//! The shipped training recordings, replayed and learned from once for every test that asks.

use std::path::PathBuf;
use std::sync::LazyLock;

use foresail_collect::{OpenOptions, Recording, ReplayOptions};
use foresail_core::FailureKind;
use foresail_engine::{Models, Settings};
use foresail_evaluate::gates::{Lived, scores};
use foresail_evaluate::incident::Ground;
use foresail_evaluate::learned::{
    FitSettings, Lesson, Part, RowCollector, Scored, calibrators, fit,
};
use foresail_evaluate::replay;
use foresail_evaluate::summary::Frame;
use foresail_evaluate::tune::Replayed;
use foresail_learn::calibration::Calibrator;
use rayon::prelude::*;

const NAMES: [&str; 3] = ["lab-1", "lab-2", "lab-3"];
/// One tick in so many is learned from: neighbours say almost the same, and tests have to be fast.
const LEARNED_STRIDE: usize = 3;

/// A recording, whole and as it is learned from.
pub struct Recorded {
    pub lesson: Lesson,
    pub learned_from: Lesson,
    pub ground: Ground,
}

/// What models say of each recording that learned from the others, without the applications that
/// run in it too: two of them run the same services.
pub struct OutOfFold {
    pub kinds: Vec<FailureKind>,
    /// Per recording and row: the score that ranks.
    pub scores: Vec<Vec<f64>>,
    /// Per recording: what is said of each row and kind …
    pub said: Vec<Scored>,
    /// … and how that becomes a probability.
    pub calibrators: Vec<Vec<Calibrator>>,
}

/// The training recordings; empty unless all are shipped.
pub static RECORDED: LazyLock<Vec<Recorded>> = LazyLock::new(|| {
    let all: Option<Vec<_>> = NAMES.par_iter().map(|name| recorded(name)).collect();
    all.unwrap_or_default()
});

/// Out-of-fold scores under the default settings; `None` unless all recordings are shipped.
pub static OUT_OF_FOLD: LazyLock<Option<OutOfFold>> =
    LazyLock::new(|| (!RECORDED.is_empty()).then(out_of_fold));

pub fn lived() -> Vec<Lived<'static>> {
    let all = RECORDED.iter();
    all.map(|one| Lived { lesson: &one.lesson, ground: &one.ground }).collect()
}

pub fn lessons() -> Vec<&'static Lesson> {
    RECORDED.iter().map(|one| &one.lesson).collect()
}

pub fn learned_from() -> Vec<&'static Lesson> {
    RECORDED.iter().map(|one| &one.learned_from).collect()
}

fn recorded(name: &str) -> Option<Recorded> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../data").join(name);
    if !folder.join("recording.json").exists() {
        return None;
    }
    let recording = Recording::open(&folder, &OpenOptions::default()).unwrap();
    let settings = Settings {
        cluster: recording.cluster().to_owned(),
        time_scale: recording.time_scale(),
        scrape_interval: recording.scrape_interval(),
    };
    let mut rows = RowCollector::new(Models::default().first_passage);
    let batches = recording.replay(ReplayOptions::default());
    let trace = replay::run((&settings, &Models::default()), batches, &mut rows, &|| ());
    let ground = Ground::new(&trace, recording.episodes());
    let frame = Frame::new(&ground);
    let replayed = Replayed { trace, ground, frame };
    let lesson = Lesson::new(name, &replayed, rows.finish());
    let mut learned_from = lesson.clone();
    for tick in (0..lesson.rows.ticks.len()).filter(|tick| tick % LEARNED_STRIDE != 0) {
        for row in lesson.rows.at(tick) {
            learned_from.targets[row] = None;
        }
    }
    Some(Recorded { lesson, learned_from, ground: replayed.ground })
}

fn out_of_fold() -> OutOfFold {
    let lessons = learned_from();
    let places = 0..lessons.len();
    let models: Vec<_> = places
        .clone()
        .into_par_iter()
        .map(|held_out| {
            let mut others = lessons.clone();
            others.remove(held_out);
            let own = lessons[held_out].rows.units.iter().map(|unit| unit.namespace.as_str());
            let part = Part { lessons: &others, without: &own.collect::<Vec<_>>() };
            fit(part, &FitSettings::default()).unwrap()
        })
        .collect();
    let each = lessons.iter().zip(&models);
    let said: Vec<_> =
        each.clone().map(|(lesson, model)| Scored::new(model, &lesson.rows, &|_| true)).collect();
    let kinds = models[0].pipeline().kinds.clone();
    let calibrators = places
        .map(|held_out| {
            let mut others: Vec<_> = lessons.iter().copied().zip(&said).collect();
            others.remove(held_out);
            calibrators(&kinds, &others)
        })
        .collect();
    let scores = each.map(|(lesson, model)| scores(model, lesson)).collect();
    OutOfFold { kinds, scores, said, calibrators }
}
