//! How well scores order what happened before what did not: ROC AUC and average precision.

use super::{MetricError, check_length, check_values, check_weights, ratio, weight_at};

/// Finite scores of rows in which one thing happened or did not.
#[derive(Clone, Copy, Debug)]
pub struct Scores<'a> {
    happened: &'a [bool],
    values: &'a [f64],
    weights: Option<&'a [f64]>,
}

/// Rows that share one score.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Tie {
    /// The score.
    pub(crate) score: f64,
    /// Weight of all rows.
    pub(crate) weight: f64,
    /// Weight of the rows in which it happened.
    pub(crate) happened: f64,
}

// === impl Scores ===

impl<'a> Scores<'a> {
    /// Takes one finite score a row.
    ///
    /// # Errors
    /// [`MetricError`] when the lengths differ or a score is not finite.
    pub fn new(happened: &'a [bool], values: &'a [f64]) -> Result<Self, MetricError> {
        check_length("scores", values.len(), happened.len())?;
        check_values("scores", values, (f64::is_finite, "a finite number"))?;
        Ok(Self { happened, values, weights: None })
    }

    /// The same rows with one weight each.
    ///
    /// # Errors
    /// [`MetricError`] when there is not one finite weight of at least 0 a row.
    pub fn weighted(self, weights: &'a [f64]) -> Result<Self, MetricError> {
        check_weights(weights, self.happened.len())?;
        Ok(Self { weights: Some(weights), ..self })
    }

    /// Whether it happened, per row.
    #[must_use]
    pub fn happened(&self) -> &'a [bool] {
        self.happened
    }

    /// The scores.
    #[must_use]
    pub fn values(&self) -> &'a [f64] {
        self.values
    }

    /// The weights, if rows differ in weight.
    #[must_use]
    pub fn weights(&self) -> Option<&'a [f64]> {
        self.weights
    }

    /// Weight of all rows, and of those in which it happened.
    #[must_use]
    pub fn mass(&self) -> (f64, f64) {
        let mut sums = (0.0, 0.0);
        for (row, happened) in self.happened.iter().enumerate() {
            let weight = weight_at(self.weights, row);
            sums.0 += weight;
            sums.1 += if *happened { weight } else { 0.0 };
        }
        sums
    }

    /// Probability that a row in which it happened scores above one in which it did not, ties
    /// counting half. `None` unless both occur.
    ///
    /// # Source
    /// Mann and Whitney 1947; equal to the trapezoid area of scikit-learn's `roc_auc_score`.
    #[must_use]
    pub fn roc_auc(&self) -> Option<f64> {
        let (mut below, mut wins, mut events, mut others) = (0.0, 0.0, 0.0, 0.0);
        for tie in self.ties() {
            let quiet = tie.weight - tie.happened;
            wins += tie.happened * (below + 0.5 * quiet);
            below += quiet;
            events += tie.happened;
            others += quiet;
        }
        ratio(wins, events * others)
    }

    /// Area under precision over recall as a step function: precision at each threshold, weighted by
    /// the recall that it adds. `None` when nothing happened.
    ///
    /// # Source
    /// scikit-learn's `average_precision_score`; rows of one score enter together, so their order
    /// does not matter.
    #[must_use]
    pub fn average_precision(&self) -> Option<f64> {
        let (mut found, mut said, mut area) = (0.0, 0.0, 0.0);
        for tie in self.ties().iter().rev().filter(|tie| tie.weight > 0.0) {
            found += tie.happened;
            said += tie.weight;
            area += tie.happened * found / said;
        }
        ratio(area, found)
    }

    /// Rows of equal score taken together, from the lowest score to the highest.
    pub(crate) fn ties(&self) -> Vec<Tie> {
        let mut order: Vec<u32> = (0..self.values.len() as u32).collect();
        order.sort_by(|a, b| self.values[*a as usize].total_cmp(&self.values[*b as usize]));
        let mut ties: Vec<Tie> = Vec::new();
        for row in order {
            let row = row as usize;
            let (score, weight) = (self.values[row], weight_at(self.weights, row));
            let happened = if self.happened[row] { weight } else { 0.0 };
            match ties.last_mut() {
                // `==` also joins the two zeros, which `total_cmp` puts side by side.
                Some(tie) if tie.score == score => {
                    tie.weight += weight;
                    tie.happened += happened;
                }
                Some(_) | None => ties.push(Tie { score, weight, happened }),
            }
        }
        ties
    }
}
