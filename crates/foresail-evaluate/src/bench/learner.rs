//! What is fitted: the hazard model of the program, and plain classifiers on the same rows.
//!
//! The plain ones learn *any failure within the horizon* with the weights of the hazard model's rows.
//! Regression and boosting name the most frequent kind, the forest its most likely one.

use std::collections::{BTreeMap, BTreeSet};

use foresail_core::{FailureKind, FaultDuration};
use foresail_engine::features::{Direction, Feature};
use foresail_engine::learned::{LearnedModel, Preprocessing};
use foresail_learn::boosting::{BoostingParams, GradientBoosting};
use foresail_learn::estimator::{Classifier, LabelledFrame};
use foresail_learn::forest::{ForestParams, RandomForest};
use foresail_learn::frame::{Column, Frame};
use foresail_learn::logistic::{Logistic, LogisticParams};
use foresail_learn::tree::{self, Monotone, Outputs, TreeParams};
use rayon::prelude::*;

use super::BenchError;
use super::load::Course;
use crate::learned::{FitSettings, HORIZON_MINUTES, Part, Rows, TrainError, fit};
use crate::trace::{Said, UnitIndex};

/// One in so many rows without a failure ahead is kept, as by the hazard model.
const QUIET_STRIDE: usize = 4;
/// All rows before one incident weigh as much as so many, as by the hazard model.
const INCIDENT_ROWS: f32 = 60.0;
/// Rows scored at a time.
const CHUNK: usize = 4_096;
/// Seed of forest and boosting.
const SEED: u64 = 20_261_128;
/// Scores below this are left out: no operating point comes near it.
const FLOOR: f64 = 0.01;

/// What is fitted, with its settings.
#[derive(Clone, Debug)]
pub(super) enum Learner {
    /// The model of the program.
    Hazard(Box<FitSettings>),
    /// Logistic regression.
    Logistic,
    /// A random forest.
    Forest,
    /// Gradient boosting.
    Boosting,
}

/// What was fitted.
#[derive(Debug)]
pub(super) enum Fitted {
    Hazard(Box<LearnedModel>),
    Plain(Box<Plain>),
}

/// A classifier of any failure ahead.
#[derive(Debug)]
pub(super) struct Plain {
    estimator: Estimator,
    /// Kind of each class after the first, which is none.
    kinds: Vec<FailureKind>,
}

#[derive(Debug)]
enum Estimator {
    Logistic(Logistic),
    Forest(RandomForest),
    Boosting(GradientBoosting),
}

/// Rows with what came of them.
struct Labelled {
    frame: Frame,
    failures: Vec<Option<FailureKind>>,
    weights: Vec<f32>,
}

// === impl Learner ===

impl Learner {
    /// Fits on a part; `None` where nothing fails in it.
    pub(super) fn fit(&self, part: Part<'_>) -> Result<Option<Fitted>, BenchError> {
        let refused = |reason: String| BenchError::Fit { learner: self.name(), reason };
        if let Self::Hazard(settings) = self {
            return match fit(part, settings) {
                Ok(model) => Ok(Some(Fitted::Hazard(Box::new(model)))),
                Err(TrainError::OneClass) => Ok(None),
                Err(error) => Err(refused(error.to_string())),
            };
        }
        let rows = labelled(part).map_err(refused)?;
        let mut counts: BTreeMap<FailureKind, usize> = BTreeMap::new();
        for kind in rows.failures.iter().flatten() {
            *counts.entry(*kind).or_default() += 1;
        }
        let Some(most) = counts.iter().max_by_key(|(_, n)| **n).map(|(kind, _)| *kind) else {
            return Ok(None);
        };
        let kinds = match self {
            Self::Forest => counts.into_keys().collect(),
            Self::Hazard(_) | Self::Logistic | Self::Boosting => vec![most],
        };
        let class = |failure: &Option<FailureKind>| match (failure, kinds.as_slice()) {
            (None, _) => 0,
            (Some(_), [_]) => 1,
            (Some(kind), several) => {
                several.iter().position(|one| one == kind).map_or(0, |place| place as u32 + 1)
            }
        };
        let classes: Vec<u32> = rows.failures.iter().map(class).collect();
        let labelled = LabelledFrame {
            frame: &rows.frame,
            classes: &classes,
            n_classes: kinds.len() + 1,
            weights: Some(&rows.weights),
        };
        let estimator = self.estimator(&labelled).map_err(refused)?;
        Ok(estimator.map(|estimator| Fitted::Plain(Box::new(Plain { estimator, kinds }))))
    }

    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Hazard(_) => "hazard",
            Self::Logistic => "logistic",
            Self::Forest => "random_forest",
            Self::Boosting => "gradient_boosting",
        }
    }

    fn estimator(&self, rows: &LabelledFrame<'_>) -> Result<Option<Estimator>, String> {
        Ok(Some(match self {
            Self::Hazard(_) => return Ok(None),
            Self::Logistic => {
                let params = LogisticParams::default().check().map_err(|e| e.to_string())?;
                Estimator::Logistic(Logistic::fit(&params, rows).map_err(|e| e.to_string())?)
            }
            Self::Forest => {
                let params = forest().check().map_err(|e| e.to_string())?;
                Estimator::Forest(RandomForest::fit(&params, rows).map_err(|e| e.to_string())?)
            }
            Self::Boosting => {
                let params = boosting().check().map_err(|e| e.to_string())?;
                let fitted = GradientBoosting::fit(&params, rows).map_err(|e| e.to_string())?;
                Estimator::Boosting(fitted)
            }
        }))
    }
}

/// The defaults of scikit-learn, with leaves that a tick of one pod cannot fill alone.
fn forest() -> ForestParams {
    ForestParams { min_rows: 20.0, max_depth: 16, seed: SEED, ..ForestParams::default() }
}

/// Shallow trees that may only rise where physics says so.
fn boosting() -> BoostingParams {
    let features = features();
    let up = features.iter().filter(|feature| feature.direction() == Direction::Up);
    BoostingParams {
        n_rounds: 100,
        learning_rate: 0.05,
        tree: TreeParams {
            max_depth: 3,
            max_leaves: 8,
            min_rows: 50.0,
            lambda: 5.0,
            row_share: 0.7,
            column_share: 0.5,
            ..TreeParams::default()
        },
        monotone: up
            .map(|feature| Monotone {
                column: feature.as_str().to_owned(),
                outputs: Outputs::All,
                direction: tree::Direction::Increasing,
            })
            .collect(),
        seed: SEED,
        ..BoostingParams::default()
    }
}

/// The features of the hazard model.
fn features() -> Vec<Feature> {
    FitSettings::default().features
}

/// Rows whose future was seen.
fn labelled(part: Part<'_>) -> Result<Labelled, String> {
    let mut before: BTreeMap<(&str, usize), usize> = BTreeMap::new();
    for (lesson, _, target) in part.rows() {
        if let Some(incident) = target.incident {
            *before.entry((lesson.name.as_str(), incident)).or_default() += 1;
        }
    }
    let features = features();
    let mut columns: Vec<Vec<f32>> = vec![Vec::new(); features.len()];
    let (mut failures, mut weights) = (Vec::new(), Vec::new());
    for (lesson, row, target) in part.rows() {
        let failure = target.failure.map(|(kind, _)| kind);
        let weight = match (failure, target.incident) {
            (Some(_), Some(incident)) => {
                INCIDENT_ROWS
                    / before.get(&(lesson.name.as_str(), incident)).map_or(1.0, |n| *n as f32)
            }
            (Some(_), None) => 1.0,
            // Rows of a pod are about as far apart as there are pods: no plain stride.
            (None, _) if target.seen_minutes < HORIZON_MINUTES => continue,
            (None, _) => {
                let mixed = (row as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
                if !(mixed as usize).is_multiple_of(QUIET_STRIDE) {
                    continue;
                }
                QUIET_STRIDE as f32
            }
        };
        for (column, feature) in columns.iter_mut().zip(&features) {
            column.push(lesson.rows.values[row][*feature as usize]);
        }
        failures.push(failure);
        weights.push(weight);
    }
    let columns = columns.into_iter().map(Column::Number).collect();
    let schema = Preprocessing::of(&features).schema().map_err(|error| error.to_string())?;
    let frame = Frame::new(schema, columns).map_err(|error| error.to_string())?;
    Ok(Labelled { frame, failures, weights })
}

// === impl Plain ===

impl Plain {
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
        let mut by_row: BTreeMap<usize, (f64, FailureKind)> = BTreeMap::new();
        by_row.extend(chosen.into_iter().zip(scores.into_iter().flatten()));
        let scale = course.replayed().ground.scale;
        let horizon_ms =
            scale.to_platform(FaultDuration::from_minutes(HORIZON_MINUTES)).as_millis();
        let tick = |tick: usize| {
            let mut best: BTreeMap<UnitIndex, (f64, FailureKind)> = BTreeMap::new();
            for (row, said) in by_row.range(rows.at(tick)) {
                let Some(unit) = units[rows.unit[*row] as usize] else { continue };
                let known = best.entry(unit).or_insert(*said);
                if said.0 > known.0 {
                    *known = *said;
                }
            }
            let strong = best.into_iter().filter(|(_, (score, _))| *score >= FLOOR);
            strong
                .map(|(unit, (score, kind))| Said {
                    unit,
                    kind,
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

    fn scores(&self, rows: &Rows, chunk: &[usize]) -> Result<Vec<(f64, FailureKind)>, BenchError> {
        let refused = |reason: String| BenchError::Fit { learner: "a plain classifier", reason };
        let features = features();
        let columns = (features.iter())
            .map(|feature| chunk.iter().map(|row| rows.values[*row][*feature as usize]).collect())
            .map(Column::Number)
            .collect();
        let schema = Preprocessing::of(&features).schema().map_err(|e| refused(e.to_string()))?;
        let frame = Frame::new(schema, columns).map_err(|error| refused(error.to_string()))?;
        let all = match &self.estimator {
            Estimator::Logistic(model) => model.predict_proba(&frame).map_err(|e| e.to_string()),
            Estimator::Forest(model) => model.predict_proba(&frame).map_err(|e| e.to_string()),
            Estimator::Boosting(model) => model.predict_proba(&frame).map_err(|e| e.to_string()),
        }
        .map_err(refused)?;
        let one = |classes: &[f64]| {
            let kinds = self.kinds.iter().zip(&classes[1..]);
            let likely = kinds.max_by(|a, b| a.1.total_cmp(b.1));
            (1.0 - classes[0], likely.map_or(FailureKind::ErrorExit, |(kind, _)| *kind))
        };
        Ok(all.chunks_exact(self.kinds.len() + 1).map(one).collect())
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

/// Units with rows at a tick.
pub(super) fn with_rows(
    course: &Course,
    units: &[Option<UnitIndex>],
    tick: usize,
) -> BTreeSet<UnitIndex> {
    let rows = &course.lesson.rows;
    rows.at(tick).filter_map(|row| units[rows.unit[row] as usize]).collect()
}
