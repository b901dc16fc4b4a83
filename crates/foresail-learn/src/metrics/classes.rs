//! Metrics of classes: the confusion matrix and what follows from it, and probabilities of several
//! classes.

use super::{
    MetricError, Scores, check_classes, check_length, check_weights, mean, ratio, weight_at,
};

/// Rows with a true and a predicted class each.
#[derive(Clone, Copy, Debug)]
pub struct ClassifiedRows<'a> {
    /// The true class per row, from 0.
    pub truth: &'a [u32],
    /// The predicted class per row.
    pub predicted: &'a [u32],
    /// Weight per row; all 1 without.
    pub weights: Option<&'a [f64]>,
    /// Number of classes.
    pub n_classes: usize,
}

/// Weight of rows per true and predicted class.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfusionMatrix {
    n_classes: usize,
    cells: Vec<f64>,
}

/// Precision, recall and F1 of one class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassScores {
    /// Share of the rows predicted as the class that are of it; `None` when none was.
    pub precision: Option<f64>,
    /// Share of the rows of the class that were predicted as it; `None` when there is none.
    pub recall: Option<f64>,
    /// Harmonic mean of both; `None` when the class is neither there nor predicted.
    pub f1: Option<f64>,
    /// Weight of the rows of the class.
    pub support: f64,
}

/// Unweighted means over the classes that are there or were predicted.
///
/// A precision or recall that is undefined for such a class counts as 0, as in scikit-learn: to leave
/// out a class that was never predicted would reward ignoring it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MacroScores {
    /// Mean precision.
    pub precision: f64,
    /// Mean recall.
    pub recall: f64,
    /// Mean F1.
    pub f1: f64,
}

/// Probabilities of several classes, row after row.
#[derive(Clone, Copy, Debug)]
pub struct ClassProbabilities<'a> {
    truth: &'a [u32],
    said: &'a [f64],
    weights: Option<&'a [f64]>,
    n_classes: usize,
}

// === impl ConfusionMatrix ===

impl ConfusionMatrix {
    /// Counts the rows.
    ///
    /// # Errors
    /// [`MetricError`] when lengths differ, a class does not exist or a weight is unusable.
    pub fn of(rows: ClassifiedRows<'_>) -> Result<Self, MetricError> {
        let n_classes = rows.n_classes;
        check_length("predicted", rows.predicted.len(), rows.truth.len())?;
        check_classes("truth", rows.truth, n_classes)?;
        check_classes("predicted", rows.predicted, n_classes)?;
        if let Some(weights) = rows.weights {
            check_weights(weights, rows.truth.len())?;
        }
        let mut cells = vec![0.0; n_classes * n_classes];
        for (row, (truth, predicted)) in rows.truth.iter().zip(rows.predicted).enumerate() {
            let cell = *truth as usize * n_classes + *predicted as usize;
            cells[cell] += weight_at(rows.weights, row);
        }
        Ok(Self { n_classes, cells })
    }

    /// Number of classes.
    #[must_use]
    pub fn n_classes(&self) -> usize {
        self.n_classes
    }

    /// The rows of the matrix: per true class, the weight of each predicted class.
    pub fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.cells.chunks(self.n_classes.max(1))
    }

    /// Share of rows whose class was predicted. `None` without rows.
    #[must_use]
    pub fn accuracy(&self) -> Option<f64> {
        let right: f64 = (0..self.n_classes).map(|class| self.hits(class)).sum();
        ratio(right, self.cells.iter().sum())
    }

    /// Mean recall over the classes that are there. `None` without rows.
    #[must_use]
    pub fn balanced_accuracy(&self) -> Option<f64> {
        let recalls: Vec<f64> = self.classes().filter_map(|class| class.recall).collect();
        ratio(recalls.iter().sum(), recalls.len() as f64)
    }

    /// Precision, recall and F1 per class.
    pub fn classes(&self) -> impl Iterator<Item = ClassScores> + '_ {
        (0..self.n_classes).map(|class| {
            let hits = self.hits(class);
            let support: f64 = self.rows().nth(class).map_or(0.0, |row| row.iter().sum());
            let predicted: f64 = self.rows().map(|row| row[class]).sum();
            ClassScores {
                precision: ratio(hits, predicted),
                recall: ratio(hits, support),
                f1: ratio(2.0 * hits, support + predicted),
                support,
            }
        })
    }

    /// Unweighted means over the classes. `None` without rows.
    #[must_use]
    pub fn macro_scores(&self) -> Option<MacroScores> {
        let seen: Vec<ClassScores> = self.classes().filter(|class| class.f1.is_some()).collect();
        let mean = |part: fn(&ClassScores) -> Option<f64>| {
            let sum: f64 = seen.iter().map(|class| part(class).unwrap_or(0.0)).sum();
            ratio(sum, seen.len() as f64)
        };
        Some(MacroScores {
            precision: mean(|class| class.precision)?,
            recall: mean(|class| class.recall)?,
            f1: mean(|class| class.f1)?,
        })
    }

    fn hits(&self, class: usize) -> f64 {
        self.cells[class * self.n_classes + class]
    }
}

// === impl ClassProbabilities ===

impl<'a> ClassProbabilities<'a> {
    /// Takes `n_classes` probabilities a row, row after row.
    ///
    /// # Errors
    /// [`MetricError`] when lengths differ, a class does not exist, or a row is not a distribution
    /// (values between 0 and 1 with sum 1 within 1e-4).
    pub fn new(truth: &'a [u32], said: &'a [f64], n_classes: usize) -> Result<Self, MetricError> {
        check_length("class probabilities", said.len(), truth.len() * n_classes)?;
        check_classes("truth", truth, n_classes)?;
        let needed = "a probability in a row of sum 1";
        for (row, values) in said.chunks(n_classes.max(1)).enumerate() {
            let sum: f64 = values.iter().sum();
            let bad = values.iter().find(|value| !(0.0..=1.0).contains(*value));
            // Single precision leaves each of many classes some 1e-7 off.
            if let Some(value) = bad.copied().or((sum - 1.0).abs().gt(&1e-4).then_some(sum)) {
                return Err(MetricError::Value { what: "class probabilities", row, value, needed });
            }
        }
        Ok(Self { truth, said, weights: None, n_classes })
    }

    /// The same rows with one weight each.
    ///
    /// # Errors
    /// [`MetricError`] when there is not one finite weight of at least 0 a row.
    pub fn weighted(self, weights: &'a [f64]) -> Result<Self, MetricError> {
        check_weights(weights, self.truth.len())?;
        Ok(Self { weights: Some(weights), ..self })
    }

    /// Mean negative log of the true class's probability. `None` without rows.
    ///
    /// # Source
    /// scikit-learn's `log_loss`: a probability of 0 counts as the smallest step of a double above
    /// 0 (2.2e-16), so that one class ruled out in error does not make the mean infinite.
    #[must_use]
    pub fn log_loss(&self) -> Option<f64> {
        let loss = |(truth, row): (&u32, &[f64])| {
            -libm::log(row[*truth as usize].clamp(f64::EPSILON, 1.0 - f64::EPSILON))
        };
        mean(self.weights, self.truth.iter().zip(self.said.chunks(self.n_classes.max(1))).map(loss))
    }

    /// The most probable class per row; the first of several.
    #[must_use]
    pub fn most_probable(&self) -> Vec<u32> {
        let best = |row: &[f64]| {
            let pick =
                |best: usize, class: usize| if row[class] > row[best] { class } else { best };
            (0..row.len()).fold(0, pick) as u32
        };
        self.said.chunks(self.n_classes.max(1)).map(best).collect()
    }

    /// Average precision of one class against the rest. `None` when the class is not there.
    #[must_use]
    pub fn average_precision(&self, class: u32) -> Option<f64> {
        self.against_the_rest(class, |scores| scores.average_precision())
    }

    /// ROC AUC of one class against the rest. `None` unless both are there.
    #[must_use]
    pub fn roc_auc(&self, class: u32) -> Option<f64> {
        self.against_the_rest(class, |scores| scores.roc_auc())
    }

    fn against_the_rest(
        &self,
        class: u32,
        metric: impl Fn(&Scores<'_>) -> Option<f64>,
    ) -> Option<f64> {
        let rows = self.said.chunks(self.n_classes.max(1));
        let values: Vec<f64> =
            rows.map(|row| row.get(class as usize).copied()).collect::<Option<_>>()?;
        let happened: Vec<bool> = self.truth.iter().map(|truth| *truth == class).collect();
        let scores = Scores::new(&happened, &values).ok()?;
        match self.weights {
            None => metric(&scores),
            Some(weights) => metric(&scores.weighted(weights).ok()?),
        }
    }
}
