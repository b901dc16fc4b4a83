//! What goes around a detector: smoothing in time, windows of one series, and the judgement that the engine reads.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Detector, Deviation, Memory, RecentScores};

/// Failures last, noise does not: half-life in ticks of a minute. In the laboratory 6 to 12 measure alike and .1 above
/// none.
const SMOOTHING_TICKS: f32 = 8.0;
/// The tick that half-lives in ticks were chosen at, in fault time.
const CHOSEN_TICK: Duration = Duration::from_secs(60);
/// Half-life of the memory, in fault time.
const MEMORY: Duration = Duration::from_secs(24 * 3600);

/// An exponentially weighted mean that starts at 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Smoother {
    keep: f64,
    value: f64,
}

/// A detector over windows of the last values of one series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lagged<D> {
    inner: D,
    window: Vec<f32>,
    n_seen: usize,
}

/// How unusual an entity is now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// Smoothed largest deviation, in spreads, 8 at most: see [`Deviation`].
    pub score: f64,
    /// Smoothed mean squared deviation, 64 at most: see [`Deviation::breadth`].
    pub breadth: f64,
    /// Share of the entity's own recent scores that are at least as high, in `(0, 1]`.
    pub p_value: f64,
}

/// The detector for unknown failures of one entity: [`Deviation`] with a p-value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    detector: Deviation,
    recent: RecentScores,
}

// === impl Smoother ===

impl Smoother {
    /// Forgets half in the given number of ticks; 0 smooths nothing.
    #[must_use]
    pub fn half_life(ticks: f32) -> Self {
        let keep = if ticks > 0.0 { libm::exp2(-1.0 / f64::from(ticks)) } else { 0.0 };
        Self { keep, value: 0.0 }
    }

    /// Takes the next value; returns the new mean.
    pub fn observe(&mut self, value: f64) -> f64 {
        self.value = self.keep * self.value + (1.0 - self.keep) * value;
        self.value
    }

    /// The mean so far.
    #[must_use]
    pub fn value(self) -> f64 {
        self.value
    }
}

impl Default for Smoother {
    fn default() -> Self {
        Self::half_life(SMOOTHING_TICKS)
    }
}

// === impl Lagged ===

impl<D> Lagged<D> {
    /// Gives `inner` the last `n_lags` values as one row; `inner` must have that many features.
    #[must_use]
    pub fn new(inner: D, n_lags: usize) -> Self {
        Self { inner, window: vec![f32::NAN; n_lags.max(1)], n_seen: 0 }
    }
}

impl<D: Detector> Detector for Lagged<D> {
    fn observe(&mut self, row: &[f32]) -> Option<f64> {
        self.window.rotate_left(1);
        if let Some(newest) = self.window.last_mut() {
            *newest = row.first().copied().unwrap_or(f32::NAN);
        }
        self.n_seen = self.n_seen.saturating_add(1);
        if self.n_seen < self.window.len() {
            return None;
        }
        self.inner.observe(&self.window)
    }
}

// === impl Watch ===

impl Watch {
    /// Starts without a past; `tick` is the time between two rows, in fault time.
    #[must_use]
    pub fn new(n_features: usize, tick: Duration) -> Self {
        let seconds = tick.as_secs_f32().max(1.0);
        let memory = Memory::half_life(MEMORY.as_secs_f32() / seconds);
        let smoother = Smoother::half_life(SMOOTHING_TICKS * CHOSEN_TICK.as_secs_f32() / seconds);
        Self {
            detector: Deviation::with(n_features, memory, smoother),
            recent: RecentScores::default(),
        }
    }

    /// Takes the next row; `None` while too few rows were seen.
    pub fn observe(&mut self, row: &[f32]) -> Option<Judgement> {
        let score = self.detector.observe(row)?;
        let breadth = self.detector.breadth();
        Some(Judgement { score, breadth, p_value: self.recent.p_value(score) })
    }

    /// Why: the signed deviation of each feature in the last row, in spreads, at most 8.
    #[must_use]
    pub fn deviations(&self) -> &[f32] {
        self.detector.deviations()
    }
}
