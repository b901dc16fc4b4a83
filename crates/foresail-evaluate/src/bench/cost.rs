//! What the model of the program takes: to fit it, to keep it, and to judge one tick with it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use foresail_collect::ReplayOptions;
use foresail_engine::learned::LearnedModel;
use foresail_engine::{EngineAssessment, Models, Policy, State, assess};
use foresail_learn::model_file::{Card, Header, to_bytes};

use super::fold::Ground;
use super::load::Course;
use super::result::{Cost, TickCost};
use super::{BenchError, Clock, refused};
use crate::backtest::load::{open, settings};
use crate::confidence::quantile;
use crate::learned::{FitSettings, HAZARD, Lesson, Part, TrainError, fit};
use crate::result::Role;

/// The model on all training recordings.
pub(super) fn fit_all(courses: &[Course]) -> Result<LearnedModel, TrainError> {
    let lessons: Vec<&Lesson> = training(courses).map(|one| &one.lesson).collect();
    fit(Part { lessons: &lessons, without: &[] }, &FitSettings::default())
}

/// What the model on all training recordings takes.
pub(super) fn measure(ground: Ground<'_>) -> Result<Cost, BenchError> {
    let start = (ground.clock)();
    let model = fit_all(ground.courses).map_err(|error| refused(&error))?;
    let fit_seconds = (ground.clock)() - start;
    let rows =
        training(ground.courses).map(|one| one.lesson.targets.iter().flatten().count() as u64);
    let header = Header {
        kind: HAZARD.to_owned(),
        schema: model.pipeline().estimator.schema().clone(),
        card: Card::default(),
        base_rates: BTreeMap::new(),
        operating_points: Vec::new(),
    };
    let bytes = to_bytes(Path::new("model"), &header, model.pipeline());
    Ok(Cost {
        fit_seconds: Some(fit_seconds),
        rows: Some(rows.sum()),
        model_bytes: Some(bytes.map_err(|error| refused(&error))?.len() as u64),
        tick: match training(ground.courses).next() {
            Some(course) => ticks(course, model, ground.clock)?,
            None => None,
        },
    })
}

/// Every tick of a recording as the service takes it: observed, then judged.
fn ticks(
    course: &Course,
    model: LearnedModel,
    clock: Clock<'_>,
) -> Result<Option<TickCost>, BenchError> {
    let recording = open(&course.loaded.path)?;
    let models = Models { learned: Some(Arc::new(model)), ..Models::default() };
    let mut state = State::new(settings(&recording, ReplayOptions::default()));
    let mut parent: Option<EngineAssessment> = None;
    let mut seconds = Vec::new();
    for (at, batch) in recording.replay(ReplayOptions::default()) {
        let start = clock();
        state.observe(&batch);
        parent = Some(assess(&state, parent.as_ref(), at, (&models, &Policy::default())));
        seconds.push(clock() - start);
    }
    let both = quantile(&seconds, 0.5).zip(quantile(&seconds, 0.99));
    Ok(both.map(|(seconds_p50, seconds_p99)| TickCost {
        recording: course.name().to_owned(),
        ticks: seconds.len() as u64,
        seconds_p50,
        seconds_p99,
    }))
}

fn training(courses: &[Course]) -> impl Iterator<Item = &Course> {
    courses.iter().filter(|one| one.loaded.role == Role::Training)
}
