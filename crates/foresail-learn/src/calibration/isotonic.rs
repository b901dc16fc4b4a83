//! Isotonic regression: the best monotone steps, joined by lines.

use serde::{Deserialize, Serialize};

use super::CalibrationError;
use crate::metrics::{Scores, Tie};

/// A monotone function through the centres of pooled blocks, level beyond the first and the last.
///
/// # Source
/// Pool adjacent violators, Ayer et al. 1955; Zadrozny and Elkan 2002 for calibration. Two
/// deviations: lines join the block centres (weighted mean scores) instead of steps, so that close
/// scores have close probabilities; and values stay half an event away from 0 and 1 (Jeffreys), since
/// no finite data rules an event out and no base rate could move a probability of 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Isotonic {
    centres: Vec<f64>,
    values: Vec<f64>,
}

/// An [`Isotonic`] as it is read, before its checks.
#[derive(Clone, Serialize, Deserialize)]
struct Stored {
    centres: Vec<f64>,
    values: Vec<f64>,
}

/// Adjacent rows with one value.
#[derive(Clone, Copy, Debug)]
struct Block {
    weight: f64,
    happened: f64,
    score: f64,
}

// === impl Isotonic ===

impl Isotonic {
    /// Fits the blocks to weighted rows.
    ///
    /// # Errors
    /// [`CalibrationError::NoRows`] without a row of positive weight.
    pub fn fit(rows: &Scores<'_>) -> Result<Self, CalibrationError> {
        let blocks = pool(&rows.ties());
        let mass: f64 = blocks.iter().map(|block| block.weight).sum();
        if blocks.is_empty() {
            return Err(CalibrationError::NoRows);
        }
        let least = 0.5 / (mass + 1.0);
        let value = |block: &Block| block.rate().clamp(least, 1.0 - least);
        Ok(Self {
            centres: blocks.iter().map(|block| block.score).collect(),
            values: blocks.iter().map(value).collect(),
        })
    }

    /// The probability of a score; NaN stays NaN.
    #[must_use]
    pub fn apply(&self, score: f64) -> f64 {
        if score.is_nan() {
            return score;
        }
        let right = self.centres.partition_point(|centre| *centre <= score);
        let (Some(left), true) = (right.checked_sub(1), right < self.centres.len()) else {
            let end = if right == 0 { self.values.first() } else { self.values.last() };
            return end.copied().unwrap_or(f64::NAN);
        };
        let share = (score - self.centres[left]) / (self.centres[right] - self.centres[left]);
        let (low, high) = (self.values[left], self.values[right]);
        (low + share * (high - low)).clamp(low, high)
    }
}

impl TryFrom<Stored> for Isotonic {
    type Error = CalibrationError;

    fn try_from(stored: Stored) -> Result<Self, CalibrationError> {
        let Stored { centres, values } = stored;
        let refuse = |reason| Err(CalibrationError::Stored { reason });
        if centres.is_empty() || centres.len() != values.len() {
            return refuse("centres and values differ in number, or there are none");
        }
        if !centres.iter().all(|centre| centre.is_finite()) || !centres.is_sorted_by(|a, b| a < b) {
            return refuse("centres are not finite and ascending");
        }
        if !values.iter().all(|value| (0.0..=1.0).contains(value)) || !values.is_sorted() {
            return refuse("values are not ascending between 0 and 1");
        }
        Ok(Self { centres, values })
    }
}

impl From<Isotonic> for Stored {
    fn from(isotonic: Isotonic) -> Self {
        Self { centres: isotonic.centres, values: isotonic.values }
    }
}

// === impl Block ===

impl Block {
    fn rate(&self) -> f64 {
        self.happened / self.weight
    }

    /// Both as one; the centre moves by the other's share, so it stays between both.
    fn join(self, other: Self) -> Self {
        let weight = self.weight + other.weight;
        let share = other.weight / weight;
        let score = self.score + share * (other.score - self.score);
        Self { weight, happened: self.happened + other.happened, score }
    }
}

// === free functions ===

/// Pools neighbours until the rates ascend.
fn pool(ties: &[Tie]) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for tie in ties.iter().filter(|tie| tie.weight > 0.0) {
        let mut block = Block { weight: tie.weight, happened: tie.happened, score: tie.score };
        while let Some(previous) = blocks.pop_if(|previous| previous.rate() >= block.rate()) {
            block = previous.join(block);
        }
        blocks.push(block);
    }
    blocks
}
