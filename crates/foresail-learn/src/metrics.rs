//! Metrics: plain slices in, numbers out; an undefined metric is `None`.
//!
//! Slices are checked once, by [`Scores`], [`Probabilities`], [`ClassProbabilities`],
//! [`ClassifiedRows`] and [`QuantileForecasts`]; the metrics are methods of these. Weights are
//! optional everywhere, and a row of weight 2 counts as that row twice.
//!
//! ```text
//! Scores ────────── ROC AUC, average precision          (order only)
//! Probabilities ─── Brier, skill, log-loss, ECE, bins   (one event)
//! ClassProbabilities ── log-loss, average precision     (several classes)
//! ClassifiedRows ── confusion matrix ── accuracy, precision, recall, F1
//! QuantileForecasts ── pinball loss, share below
//! ```

mod classes;
mod ranking;
mod reliability;

pub use classes::{ClassProbabilities, ClassScores, ClassifiedRows, ConfusionMatrix, MacroScores};
pub use ranking::Scores;
pub(crate) use ranking::Tie;
pub use reliability::{
    Calibration, Climatology, Probabilities, QuantileForecasts, RELIABILITY_BINS, ReliabilityBin,
    TOP_SHARE,
};

/// Why slices could not be taken as rows to be judged.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricError {
    /// Two slices that describe the same rows differ in length.
    #[error("`{what}` has {found} values but there are {expected} rows")]
    Length {
        /// Which slice.
        what: &'static str,
        /// Rows according to the truth.
        expected: usize,
        /// What was given.
        found: usize,
    },
    /// A score, time or probability that no metric can take.
    #[error("row {row}: `{what}` is `{value}`, which is not {needed}")]
    Value {
        /// Which slice.
        what: &'static str,
        /// Row, counted from 0.
        row: usize,
        /// What was found there.
        value: f64,
        /// What is needed.
        needed: &'static str,
    },
    /// A class that does not exist.
    #[error("row {row}: class `{class}` in `{what}`, but classes run from 0 to below {n_classes}")]
    Class {
        /// Which slice.
        what: &'static str,
        /// Row, counted from 0.
        row: usize,
        /// What was found there.
        class: u32,
        /// Number of classes.
        n_classes: usize,
    },
}

// === free functions ===

/// Refuses a slice of another length than the rows.
pub(crate) fn check_length(
    what: &'static str,
    found: usize,
    expected: usize,
) -> Result<(), MetricError> {
    if found == expected { Ok(()) } else { Err(MetricError::Length { what, expected, found }) }
}

/// Refuses the first value that `is_good` does not hold for.
fn check_values(
    what: &'static str,
    values: &[f64],
    (is_good, needed): (fn(f64) -> bool, &'static str),
) -> Result<(), MetricError> {
    match values.iter().position(|value| !is_good(*value)) {
        None => Ok(()),
        Some(row) => Err(MetricError::Value { what, row, value: values[row], needed }),
    }
}

/// Refuses weights that are not one finite number of at least 0 a row.
pub(crate) fn check_weights(weights: &[f64], n_rows: usize) -> Result<(), MetricError> {
    check_length("weights", weights.len(), n_rows)?;
    let good: fn(f64) -> bool = |weight| weight.is_finite() && weight >= 0.0;
    check_values("weights", weights, (good, "a finite number of at least 0"))
}

/// Refuses classes outside `0..n_classes`.
pub(crate) fn check_classes(
    what: &'static str,
    classes: &[u32],
    n_classes: usize,
) -> Result<(), MetricError> {
    match classes.iter().position(|class| *class as usize >= n_classes) {
        None => Ok(()),
        Some(row) => Err(MetricError::Class { what, row, class: classes[row], n_classes }),
    }
}

/// The ratio, unless it has no denominator.
fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

/// The weight of a row; 1 without weights.
fn weight_at(weights: Option<&[f64]>, row: usize) -> f64 {
    weights.map_or(1.0, |weights| weights[row])
}

/// Weighted mean of one value a row; `None` without mass.
fn mean(weights: Option<&[f64]>, values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut mass) = (0.0, 0.0);
    for (row, value) in values.enumerate() {
        let weight = weight_at(weights, row);
        // A row of no weight is no row: its value may be infinite.
        if weight > 0.0 {
            sum += weight * value;
            mass += weight;
        }
    }
    ratio(sum, mass)
}

#[cfg(test)]
mod tests;
