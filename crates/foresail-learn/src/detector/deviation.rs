//! The default detector: the largest deviation of an entity from its own past, over its features.

use serde::{Deserialize, Serialize};

use super::watch::Smoother;
use super::{Detector, Memory, RobustScale};

/// Deviations count up to this many spreads. 6 to 10 measure alike in the laboratory, 4 worse by .02.
pub(super) const CAP: f64 = 8.0;
/// Smoothed deviation, in spreads, that halves the pace of learning. 1 to 2 measure alike in the laboratory; at the
/// same pace in unusual times as in usual ones the mean VUS-PR falls by .05.
const PATIENCE: f64 = 2.0;

/// Largest deviation over the features, in spreads, smoothed; learns slowly while it is large.
///
/// Cost: a division and two square roots a feature. State: 16 bytes a feature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deviation {
    memory: Memory,
    scales: Vec<RobustScale>,
    last: Vec<f32>,
    largest: Smoother,
    breadth: Smoother,
}

// === impl Deviation ===

impl Deviation {
    /// Starts without a past; the memory and smoothing half-lives that the laboratory chose, in ticks of a minute.
    #[must_use]
    pub fn new(n_features: usize) -> Self {
        Self::with(n_features, Memory::default(), Smoother::default())
    }

    /// Starts without a past, with other half-lives.
    #[must_use]
    pub fn with(n_features: usize, memory: Memory, smoother: Smoother) -> Self {
        Self {
            memory,
            scales: vec![RobustScale::default(); n_features],
            last: vec![0.0; n_features],
            largest: smoother,
            breadth: smoother,
        }
    }

    /// Signed deviation of each feature in the last row, in spreads and capped at 8; 0 where none could be judged.
    #[must_use]
    pub fn deviations(&self) -> &[f32] {
        &self.last
    }

    /// Smoothed mean over the features of the squared deviation: high where many features are off
    /// together.
    #[must_use]
    pub fn breadth(&self) -> f64 {
        self.breadth.value()
    }
}

impl Detector for Deviation {
    fn observe(&mut self, row: &[f32]) -> Option<f64> {
        let slowing = 1.0 + self.largest.value() / PATIENCE;
        let (mut sum, mut largest, mut ready) = (0.0, 0.0_f64, false);
        let values = row.iter().copied().chain(std::iter::repeat(f32::NAN));
        for ((scale, last), value) in self.scales.iter_mut().zip(&mut self.last).zip(values) {
            let deviation = scale.observe(value, self.memory, slowing);
            ready |= deviation.is_some();
            let capped = deviation.unwrap_or(0.0).clamp(-CAP, CAP);
            *last = capped as f32;
            sum += capped * capped;
            largest = largest.max(capped.abs());
        }
        if !ready {
            return None;
        }
        self.breadth.observe(sum / self.scales.len() as f64);
        Some(self.largest.observe(largest))
    }
}
