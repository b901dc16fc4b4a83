//! How well classes were predicted: one set of numbers for reports, pictures and other languages.
//!
//! # Source
//! Metrics: [`crate::metrics`]. Baselines: scikit-learn's `DummyClassifier`, strategies
//! `most_frequent` and `stratified`, the latter as the expectation over its draws instead of one
//! draw. Intervals: the percentile bootstrap over rows (Efron 1979).

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::metrics::{ClassProbabilities, ClassifiedRows, ConfusionMatrix, MetricError};
use crate::tree::sample::{Purpose, Stream, below};

/// Draws of the bootstrap.
const DRAWS: usize = 1_000;
/// Its seed.
const SEED: u64 = 42;
/// The share of draws below and above an interval: 95 % lie within.
const TAIL: f64 = 0.025;

/// What is to be judged.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'a> {
    /// The names of the classes.
    pub classes: &'a [String],
    /// The true class of each row.
    pub truth: &'a [u32],
    /// Probabilities, `[n_rows, n_classes]`.
    pub probabilities: &'a [f64],
    /// Training rows per class: what the baselines know.
    pub training_counts: &'a [u64],
}

/// How well classes were predicted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Rows judged.
    pub rows: u64,
    /// Share of rows whose class was predicted.
    pub accuracy: f64,
    /// Mean recall of the classes that are there.
    pub balanced_accuracy: f64,
    /// Mean precision of the classes that are there or were predicted.
    pub macro_precision: f64,
    /// Mean recall of the same.
    pub macro_recall: f64,
    /// Mean F1 of the same.
    pub macro_f1: f64,
    /// Mean negative log of the true class's probability.
    pub log_loss: f64,
    /// Per class, in the order of the model.
    pub classes: Vec<ClassRow>,
    /// Rows by true and predicted class.
    pub confusion: Vec<Vec<u64>>,
    /// What needs no features.
    pub baselines: Baselines,
    /// How far chance in the choice of these rows reaches.
    pub intervals: Intervals,
}

/// One class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassRow {
    /// Its name.
    pub class: String,
    /// Absent when it was never predicted.
    pub precision: Option<f64>,
    /// Absent when no row is of it.
    pub recall: Option<f64>,
    /// Absent when it is neither there nor predicted.
    pub f1: Option<f64>,
    /// Rows of it.
    pub support: u64,
    /// Area under the ROC curve against the rest; absent unless both are there.
    pub roc_auc: Option<f64>,
}

/// What needs no features.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baselines {
    /// Always the most frequent class of the training rows.
    pub majority: Baseline,
    /// A class drawn with its share of the training rows, in expectation.
    pub stratified: Baseline,
    /// Log-loss of these shares said of every row.
    pub prior_log_loss: f64,
}

/// Scores of a baseline.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Accuracy.
    pub accuracy: f64,
    /// Balanced accuracy.
    pub balanced_accuracy: f64,
    /// Macro F1.
    pub macro_f1: f64,
}

/// 95 % intervals over draws of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intervals {
    /// Of the accuracy.
    pub accuracy: Interval,
    /// Of the macro F1.
    pub macro_f1: Interval,
}

/// From here to there.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Why nothing could be judged.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ScoreError {
    /// Slices that no metric takes.
    #[error(transparent)]
    Metric(#[from] MetricError),
    /// No rows.
    #[error("there are no rows to judge")]
    NoRows,
    /// Counts of other classes.
    #[error("{found} training counts for {expected} classes")]
    Counts {
        /// Classes.
        expected: usize,
        /// Counts.
        found: usize,
    },
}

// === impl Scores ===

impl Scores {
    /// Judges predictions.
    ///
    /// # Errors
    /// [`ScoreError`] when there are no rows or the slices do not fit together.
    pub fn of(judged: &Judged<'_>) -> Result<Self, ScoreError> {
        let Judged { classes, truth, probabilities, training_counts } = *judged;
        let n_classes = classes.len();
        if training_counts.len() != n_classes {
            let found = training_counts.len();
            return Err(ScoreError::Counts { expected: n_classes, found });
        }
        let said = ClassProbabilities::new(truth, probabilities, n_classes)?;
        let predicted = said.most_probable();
        let rows = ClassifiedRows { truth, predicted: &predicted, weights: None, n_classes };
        let matrix = ConfusionMatrix::of(rows)?;
        let log_loss = said.log_loss().ok_or(ScoreError::NoRows)?;
        let basic = Baseline::of(&matrix)?;
        let means = matrix.macro_scores().ok_or(ScoreError::NoRows)?;
        Ok(Self {
            rows: truth.len() as u64,
            accuracy: basic.accuracy,
            balanced_accuracy: basic.balanced_accuracy,
            macro_precision: means.precision,
            macro_recall: means.recall,
            macro_f1: means.f1,
            log_loss,
            classes: class_rows(classes, &matrix, &said),
            confusion: matrix
                .rows()
                .map(|row| row.iter().map(|cell| *cell as u64).collect())
                .collect(),
            baselines: baselines(truth, training_counts)?,
            intervals: intervals(rows),
        })
    }
}

// === impl Baseline ===

impl Baseline {
    fn of(matrix: &ConfusionMatrix) -> Result<Self, ScoreError> {
        Self::try_of(matrix).ok_or(ScoreError::NoRows)
    }

    fn try_of(matrix: &ConfusionMatrix) -> Option<Self> {
        Some(Self {
            accuracy: matrix.accuracy()?,
            balanced_accuracy: matrix.balanced_accuracy()?,
            macro_f1: matrix.macro_scores()?.f1,
        })
    }
}

// === free functions ===

fn class_rows(
    names: &[String],
    matrix: &ConfusionMatrix,
    said: &ClassProbabilities<'_>,
) -> Vec<ClassRow> {
    names
        .iter()
        .zip(matrix.classes())
        .enumerate()
        .map(|(at, (name, class))| ClassRow {
            class: name.clone(),
            precision: class.precision,
            recall: class.recall,
            f1: class.f1,
            support: class.support as u64,
            roc_auc: said.roc_auc(at as u32),
        })
        .collect()
}

fn baselines(truth: &[u32], training_counts: &[u64]) -> Result<Baselines, ScoreError> {
    let n_classes = training_counts.len();
    let all: u64 = training_counts.iter().sum();
    let shares: Vec<f64> =
        training_counts.iter().map(|&count| count as f64 / all.max(1) as f64).collect();
    let mut most = 0;
    for (class, count) in training_counts.iter().enumerate() {
        if *count > training_counts[most] {
            most = class;
        }
    }
    let mut supports = vec![0.0; n_classes];
    truth.iter().for_each(|&class| supports[class as usize] += 1.0);
    let judge = |shares: &[f64]| {
        let n_cells = n_classes * n_classes;
        let (mut from, mut to, mut weights) =
            (Vec::with_capacity(n_cells), Vec::with_capacity(n_cells), Vec::with_capacity(n_cells));
        for (class, support) in supports.iter().enumerate() {
            for (said, share) in shares.iter().enumerate() {
                from.push(class as u32);
                to.push(said as u32);
                weights.push(support * share);
            }
        }
        let weights = Some(&weights[..]);
        let rows = ClassifiedRows { truth: &from, predicted: &to, weights, n_classes };
        Baseline::of(&ConfusionMatrix::of(rows)?)
    };
    let one: Vec<f64> = (0..n_classes).map(|class| if class == most { 1.0 } else { 0.0 }).collect();
    let said: Vec<f64> = truth.iter().flat_map(|_| shares.iter().copied()).collect();
    let prior = ClassProbabilities::new(truth, &said, n_classes)?.log_loss();
    Ok(Baselines {
        majority: judge(&one)?,
        stratified: judge(&shares)?,
        prior_log_loss: prior.ok_or(ScoreError::NoRows)?,
    })
}

/// Intervals of rows that have been judged once.
fn intervals(rows: ClassifiedRows<'_>) -> Intervals {
    let n_rows = rows.truth.len();
    // A draw takes rows, of which only the cell of the matrix counts.
    let n_cells = rows.n_classes * rows.n_classes;
    let cell_of: Vec<u32> = rows
        .truth
        .iter()
        .zip(rows.predicted)
        .map(|(truth, predicted)| truth * rows.n_classes as u32 + predicted)
        .collect();
    let cells: Vec<(u32, u32)> = (0..n_cells as u32)
        .map(|cell| (cell / rows.n_classes as u32, cell % rows.n_classes as u32))
        .collect();
    let (truth, predicted): (Vec<u32>, Vec<u32>) = cells.into_iter().unzip();
    let drawn: Vec<Option<Baseline>> = (0..DRAWS)
        .into_par_iter()
        .map(|draw| {
            let stream = Stream { seed: SEED, tree: draw as u64, purpose: Purpose::Rows };
            let mut rng = stream.rng();
            let mut weights = vec![0.0; n_cells];
            for _ in 0..n_rows {
                weights[cell_of[below(&mut rng, n_rows)] as usize] += 1.0;
            }
            let weights = Some(&weights[..]);
            let rows = ClassifiedRows { truth: &truth, predicted: &predicted, weights, ..rows };
            ConfusionMatrix::of(rows).ok().and_then(|matrix| Baseline::try_of(&matrix))
        })
        .collect();
    let interval = |part: fn(&Baseline) -> f64| {
        let mut values: Vec<f64> = drawn.iter().flatten().map(part).collect();
        values.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = (share * (values.len().saturating_sub(1)) as f64).round() as usize;
            values.get(place).copied().unwrap_or_default()
        };
        Interval { low: at(TAIL), high: at(1.0 - TAIL) }
    };
    Intervals { accuracy: interval(|of| of.accuracy), macro_f1: interval(|of| of.macro_f1) }
}

#[cfg(test)]
mod tests;
