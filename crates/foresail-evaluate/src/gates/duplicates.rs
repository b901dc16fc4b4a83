//! Gate 8: near-duplicate windows across a split, counted.
//!
//! Features are standardised; a missing value stands at the mean. A row of the judged recording is a
//! near duplicate when its nearest row of the training recordings is nearer than the 1st percentile
//! of the distances within those recordings.

use foresail_engine::features::Feature;
use rayon::prelude::*;

use super::rows::{any_came, sample};
use crate::confidence::quantile;
use crate::learned::Lesson;
use crate::result::Gate;

/// Distances within a recording below this quantile are near.
const NEAR: f64 = 0.01;

/// Near duplicates of one judged recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Duplicates {
    /// The judged recording.
    pub judged: String,
    /// Rows compared.
    pub rows: usize,
    /// Of them with a near duplicate in training.
    pub near: usize,
    /// Rows compared that have a failure ahead.
    pub failing: usize,
    /// Of them with a near duplicate in training.
    pub failing_near: usize,
}

type Row = [f32; Feature::COUNT];

/// Near duplicates of `judged` in `training`, from at most about `most` rows of each recording.
#[must_use]
pub fn near_duplicates(training: &[&Lesson], judged: &Lesson, most: usize) -> Duplicates {
    let scale = Scale::of(training);
    let places = |lesson: &Lesson| sample(lesson.rows.len(), most);
    let known: Vec<Vec<Row>> = training
        .iter()
        .map(|lesson| {
            places(lesson).iter().map(|row| scale.apply(&lesson.rows.values[*row])).collect()
        })
        .collect();
    let within: Vec<f64> = known
        .par_iter()
        .flat_map_iter(|rows| {
            (1..rows.len()).flat_map(move |a| (0..a).map(move |b| distance(&rows[a], &rows[b])))
        })
        .collect();
    let limit = quantile(&within, NEAR).unwrap_or_default();
    let compared: Vec<(bool, bool)> = places(judged)
        .par_iter()
        .map(|row| {
            let own = scale.apply(&judged.rows.values[*row]);
            let near = known.iter().flatten().any(|other| distance(&own, other) < limit);
            let target = judged.targets[*row].as_ref();
            (near, target.and_then(any_came) == Some(true))
        })
        .collect();
    let count =
        |holds: &dyn Fn(&(bool, bool)) -> bool| compared.iter().filter(|one| holds(one)).count();
    Duplicates {
        judged: judged.name.clone(),
        rows: compared.len(),
        near: count(&|one| one.0),
        failing: count(&|one| one.1),
        failing_near: count(&|one| one.0 && one.1),
    }
}

/// The count over leave-one-recording-out. It fails only where there is nothing to count: services
/// that idle alike in two recordings are duplicates that nobody copied.
#[must_use]
pub fn near_duplicates_are_counted(lessons: &[&Lesson], most: usize) -> Gate {
    let counted: Vec<Duplicates> = (0..lessons.len())
        .map(|held_out| {
            let mut training = lessons.to_vec();
            let judged = training.remove(held_out);
            near_duplicates(&training, judged, most)
        })
        .collect();
    let say = |one: &Duplicates| {
        format!(
            "{}: {} of {} rows, {} of {} before a failure",
            one.judged, one.near, one.rows, one.failing_near, one.failing
        )
    };
    Gate {
        name: "near-duplicate windows across the split are counted".to_owned(),
        passed: counted.len() > 1 && counted.iter().all(|one| one.rows > 0),
        detail: counted.iter().map(say).collect::<Vec<_>>().join("; "),
    }
}

/// Mean and spread of each feature.
struct Scale {
    mean: Row,
    spread: Row,
}

// === impl Scale ===

impl Scale {
    fn of(lessons: &[&Lesson]) -> Self {
        let (mut mean, mut spread) = ([0.0; Feature::COUNT], [1.0; Feature::COUNT]);
        for feature in 0..Feature::COUNT {
            let (mut n, mut sum, mut squares) = (0.0_f64, 0.0_f64, 0.0_f64);
            let rows = lessons.iter().flat_map(|lesson| &lesson.rows.values);
            for value in rows.map(|row| f64::from(row[feature])).filter(|value| value.is_finite()) {
                n += 1.0;
                sum += value;
                squares += value * value;
            }
            let middle = if n > 0.0 { sum / n } else { 0.0 };
            let variance = if n > 0.0 { squares / n - middle * middle } else { 0.0 };
            mean[feature] = middle as f32;
            // A constant feature tells nothing apart.
            spread[feature] = if variance > 1e-12 { variance.sqrt() as f32 } else { f32::INFINITY };
        }
        Self { mean, spread }
    }

    fn apply(&self, row: &Row) -> Row {
        std::array::from_fn(|feature| {
            let value = (row[feature] - self.mean[feature]) / self.spread[feature];
            if value.is_finite() { value } else { 0.0 }
        })
    }
}

fn distance(a: &Row, b: &Row) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b));
    f64::from(squares.sum::<f32>()).sqrt()
}
