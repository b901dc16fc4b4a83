use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use foresail_collect::{OpenOptions, Recording, ReplayOptions};
use foresail_core::{Batch, Prediction, Timestamp};
use foresail_engine::{Models, State, checks};

use super::*;
use crate::backtest::load::{Loaded, settings as settings_of};
use crate::incident::Ground;
use crate::learned::{Lesson, Plan, RowCollector, StoredModel};
use crate::replay::{self, Scorer};
use crate::summary::Frame;

/// Ticks that are compared: 40 minutes.
const TICKS: usize = 480;
/// The lowest score that is compared: what the model in service says lies above its own floor.
const LEAST: f32 = 0.1;

/// The first part of a shipped recording; nothing where it is not shipped.
fn shipped() -> Option<(Recording, Vec<(Timestamp, Batch)>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/lab-1");
    if !folder.join("recording.json").exists() {
        return None;
    }
    let recording = Recording::open(&folder, &OpenOptions::default()).unwrap();
    let batches = recording.replay(ReplayOptions::default()).take(TICKS).collect();
    Some((recording, batches))
}

/// Rows of features beside what the checks say.
struct Side(RowCollector);

impl Scorer for Side {
    fn names(&self) -> Vec<String> {
        vec!["checks".to_owned()]
    }

    fn step(&mut self, state: &State, batch: &Batch, at: Timestamp) -> Vec<Vec<Prediction>> {
        self.0.step(state, batch, at);
        vec![checks::predict(state, at)]
    }
}

fn course((recording, batches): &(Recording, Vec<(Timestamp, Batch)>)) -> Course {
    let settings = settings_of(recording, ReplayOptions::default());
    let mut side = Side(RowCollector::new(Models::default().first_passage));
    let batches = batches.iter().cloned();
    let mut trace = replay::run((&settings, &Models::default()), batches, &mut side, &|| ());
    let checks = trace.scores.pop().unwrap();
    let ground = Ground::new(&trace, recording.episodes());
    let frame = Frame::new(&ground);
    let replayed = Replayed { trace, ground, frame };
    let lesson = Lesson::new(recording.name(), &replayed, side.0.finish());
    let loaded = Loaded {
        path: PathBuf::new(),
        name: recording.name().to_owned(),
        role: Role::Judged,
        started_at: recording.started_at(),
        ended_at: recording.ended_at(),
        sha256: recording.hashes().clone(),
        replayed,
    };
    Course { loaded, lesson, checks }
}

/// The highest score of every tick, unit and kind that is at least [`LEAST`].
fn strongest(trace: &Trace, scores: &ScoreTrace) -> BTreeMap<(usize, String, FailureKind), f32> {
    let mut found = BTreeMap::new();
    for tick in 0..trace.ticks.len() {
        for said in scores.at(tick).iter().filter(|said| said.score >= LEAST) {
            let unit = trace.units[said.unit.0 as usize].unit.to_string();
            let best: &mut f32 = found.entry((tick, unit, said.kind)).or_insert(said.score);
            *best = best.max(said.score);
        }
    }
    found
}

#[test]
fn what_is_judged_is_what_the_service_says_plans_included() {
    let Some(shipped) = shipped() else { return };
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../foresail/model/default.model");
    let model = LearnedModel::clone(&StoredModel::read(&file).unwrap().model);
    let in_service = Models { learned: Some(Arc::new(model.clone())), ..Models::default() };
    let settings = settings_of(&shipped.0, ReplayOptions::default());
    let batches = shipped.1.iter().cloned();
    let mut beside = Side(RowCollector::new(in_service.first_passage.clone()));
    let service = replay::run((&settings, &in_service), batches, &mut beside, &|| ());
    let service = strongest(&service, &service.scores[0]);
    let mut course = course(&shipped);
    let judged = |course: &Course| {
        let trace = &course.replayed().trace;
        let part = Cut::new(0, course, vec![true; trace.units.len()]);
        let fitted = Fitted::Model(Box::new(model.clone()));
        let spoken = fitted.speak(course, (&part, Form::Union)).unwrap();
        strongest(trace, &spoken.scores)
    };
    let said = judged(&course);
    assert!(said.len() > 1_000, "{}", said.len());
    let near = |a: Option<&f32>, b: &f32| a.is_some_and(|a| (a - b).abs() < 1e-6);
    let other: Vec<_> = said.iter().filter(|(key, score)| !near(service.get(key), score)).collect();
    let unsaid: Vec<_> =
        service.iter().filter(|(key, score)| !near(said.get(key), score)).collect();
    assert!(
        other.is_empty() && unsaid.is_empty(),
        "{} and {} of {} differ: {:?} {:?}",
        other.len(),
        unsaid.len(),
        said.len(),
        &other[..other.len().min(20)],
        &unsaid[..unsaid.len().min(20)]
    );
    // Where every pod is to go, nothing is news but what first passage says of another one.
    course.lesson.rows.plans.fill(Plan::Goes);
    assert!(judged(&course).len() < said.len());
}
