//! What is fitted: the models that the program trains, and a logistic regression on the same rows.
//!
//! The regression learns *any failure within the horizon* and names the most frequent kind.

use std::collections::{BTreeMap, BTreeSet};

use foresail_core::{FailureKind, FaultDuration};
use foresail_engine::learned::{LearnedModel, Preprocessing, can_be_judged};
use foresail_learn::estimator::{Classifier, LabelledFrame};
use foresail_learn::frame::{Column, Frame};
use foresail_learn::logistic::{Logistic, LogisticParams};
use rayon::prelude::*;

use super::BenchError;
use super::load::Course;
use crate::learned::{
    FitSettings, HORIZON_MINUTES, ModelKind, Part, Rows, TrainError, fit, labelled,
};
use crate::trace::{Said, UnitIndex};

/// Rows scored at a time.
const CHUNK: usize = 4_096;
/// Scores below this are left out: no operating point comes near it.
const FLOOR: f64 = 0.01;

/// What is fitted, with its settings.
#[derive(Clone, Debug)]
pub(super) enum Learner {
    /// A model that the program trains.
    Model(Box<FitSettings>),
    /// Logistic regression.
    Logistic,
}

/// What was fitted.
#[derive(Debug)]
pub(super) enum Fitted {
    Model(Box<LearnedModel>),
    Logistic(Box<Regression>),
}

/// A regression of any failure ahead.
#[derive(Debug)]
pub(super) struct Regression {
    model: Logistic,
    /// What it calls every failure.
    kind: FailureKind,
}

// === impl Learner ===

impl Learner {
    /// The model of the program, or another one on the same rows.
    pub(super) fn of(model: ModelKind) -> Self {
        Self::Model(Box::new(FitSettings { model, ..FitSettings::default() }))
    }

    /// Fits on a part; `None` where nothing fails in it.
    pub(super) fn fit(&self, part: Part<'_>) -> Result<Option<Fitted>, BenchError> {
        let fitted = match self {
            Self::Model(settings) => {
                fit(part, settings).map(|model| Fitted::Model(Box::new(model)))
            }
            Self::Logistic => regression(part).map(|one| Fitted::Logistic(Box::new(one))),
        };
        match fitted {
            Ok(fitted) => Ok(Some(fitted)),
            Err(TrainError::OneClass) => Ok(None),
            Err(error) => Err(BenchError::Fit { learner: self.name(), reason: error.to_string() }),
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Model(settings) => settings.model.as_str(),
            Self::Logistic => "logistic",
        }
    }
}

/// Rows and weights as every model of the program takes them.
fn regression(part: Part<'_>) -> Result<Regression, TrainError> {
    // A class must be known, so rows are those of a plain classifier.
    let settings =
        FitSettings { model: ModelKind::RandomForest, row_weight: 1.0, ..FitSettings::default() };
    let rows = labelled(part, &settings)?;
    let mut counts: BTreeMap<FailureKind, usize> = BTreeMap::new();
    for kind in rows.failures.iter().flatten() {
        *counts.entry(*kind).or_default() += 1;
    }
    let most = counts.iter().max_by_key(|(_, n)| **n).map(|(kind, _)| *kind);
    let kind = most.ok_or(TrainError::OneClass)?;
    let classes: Vec<u32> = rows.failures.iter().map(|one| u32::from(one.is_some())).collect();
    let weights: Vec<f32> = rows.targets.iter().map(|one| one.weight).collect();
    let labelled = LabelledFrame {
        frame: &rows.frame,
        classes: &classes,
        n_classes: 2,
        weights: Some(&weights),
    };
    let model = Logistic::fit(&LogisticParams::default().check()?, &labelled)?;
    Ok(Regression { model, kind })
}

// === impl Regression ===

impl Regression {
    /// What it says of each unit, tick by tick: its strongest pod.
    pub(super) fn said(
        &self,
        course: &Course,
        wanted: &[bool],
    ) -> Result<Vec<Vec<Said>>, BenchError> {
        let rows = &course.lesson.rows;
        let units = units_of(course);
        let is_wanted = |row: &usize| {
            let unit = units[rows.unit[*row] as usize];
            unit.is_some_and(|unit| wanted.get(unit.0 as usize) == Some(&true))
        };
        let chosen: Vec<usize> = (0..rows.len()).filter(is_wanted).collect();
        let scores = chosen
            .par_chunks(CHUNK)
            .map(|chunk| self.scores(rows, chunk))
            .collect::<Result<Vec<_>, _>>()?;
        let mut by_row: BTreeMap<usize, f64> = BTreeMap::new();
        by_row.extend(chosen.into_iter().zip(scores.into_iter().flatten()));
        let scale = course.replayed().ground.scale;
        let horizon_ms =
            scale.to_platform(FaultDuration::from_minutes(HORIZON_MINUTES)).as_millis();
        let tick = |tick: usize| {
            let mut best: BTreeMap<UnitIndex, f64> = BTreeMap::new();
            for (row, said) in by_row.range(rows.at(tick)) {
                let Some(unit) = units[rows.unit[*row] as usize] else { continue };
                let known = best.entry(unit).or_insert(*said);
                *known = known.max(*said);
            }
            let strong = best.into_iter().filter(|(_, score)| *score >= FLOOR);
            strong
                .map(|(unit, score)| Said {
                    unit,
                    kind: self.kind,
                    score: score as f32,
                    probability: score as f32,
                    horizon_ms,
                    time: None,
                    basis: None,
                })
                .collect()
        };
        Ok((0..rows.ticks.len()).map(tick).collect())
    }

    fn scores(&self, rows: &Rows, chunk: &[usize]) -> Result<Vec<f64>, BenchError> {
        let refused = |reason: String| BenchError::Fit { learner: "logistic", reason };
        let features = FitSettings::default().features;
        let columns = (features.iter())
            .map(|feature| chunk.iter().map(|row| rows.values[*row][*feature as usize]).collect())
            .map(Column::Number)
            .collect();
        let schema = Preprocessing::of(&features).schema().map_err(|e| refused(e.to_string()))?;
        let frame = Frame::new(schema, columns).map_err(|error| refused(error.to_string()))?;
        self.model.predict(&frame).map_err(|error| refused(error.to_string()))
    }
}

// === free functions ===

/// The unit in the trace of each unit of the rows.
pub(super) fn units_of(course: &Course) -> Vec<Option<UnitIndex>> {
    let trace = &course.replayed().trace;
    let unit =
        |id: &foresail_core::WorkloadId| trace.find(&foresail_core::Unit::Workload(id.clone()));
    course.lesson.rows.units.iter().map(unit).collect()
}

/// Units with rows at a tick that a model can judge.
pub(super) fn with_rows(
    course: &Course,
    units: &[Option<UnitIndex>],
    tick: usize,
) -> BTreeSet<UnitIndex> {
    let rows = &course.lesson.rows;
    let fresh = rows.at(tick).filter(|row| can_be_judged(&rows.values[*row]));
    fresh.filter_map(|row| units[rows.unit[row] as usize]).collect()
}
