//! What the engine reads: smoothing in time, and the judgement on one entity.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Detector, Deviation, Memory, RecentScores, RobustPca};

/// Failures last, noise does not: half-life in ticks of a minute. In the laboratory 6 to 12 measure alike and .1 above
/// none.
const SMOOTHING_TICKS: f32 = 8.0;
/// The tick that half-lives in ticks were chosen at, in fault time.
const CHOSEN_TICK: Duration = Duration::from_secs(60);
/// Half-life of the memory, in fault time.
const MEMORY: Duration = Duration::from_secs(24 * 3600);

/// Components of the robust PCA. 2 and 5 measure alike in the laboratory.
const COMPONENTS: usize = 2;

/// An exponentially weighted mean that starts at 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Smoother {
    keep: f64,
    value: f64,
}

/// How unusual an entity is now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// Smoothed largest deviation, in spreads, 8 at most: see [`Deviation`].
    pub largest: f64,
    /// Smoothed mean squared deviation, 64 at most: see [`Deviation::breadth`].
    pub breadth: f64,
    /// What the usual correlations do not explain, about 1 in usual times: see [`RobustPca`].
    pub unexplained: f64,
    /// Share of the entity's own recent times that were at least as unusual, in `(0, 1]`: twice the
    /// smaller share of `largest` and `unexplained`, so that two looks do not count as one.
    pub p_value: f64,
}

/// The detector for unknown failures of one entity: [`Deviation`] and [`RobustPca`] side by side.
///
/// The largest deviation ranks the times of one pod best, the PCA ranks pods against each other and
/// wide machines best, and no blend measured better than the better one: so both are given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    deviation: Deviation,
    pca: RobustPca,
    recent: [RecentScores; 2],
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

// === impl Watch ===

impl Watch {
    /// Starts without a past; `tick` is the time between two rows, in fault time.
    #[must_use]
    pub fn new(n_features: usize, tick: Duration) -> Self {
        let seconds = tick.as_secs_f32().max(1.0);
        let memory = Memory::half_life(MEMORY.as_secs_f32() / seconds);
        let smoother = Smoother::half_life(SMOOTHING_TICKS * CHOSEN_TICK.as_secs_f32() / seconds);
        Self {
            deviation: Deviation::with(n_features, memory, smoother),
            pca: RobustPca::with(n_features, COMPONENTS, (memory, smoother)),
            recent: Default::default(),
        }
    }

    /// Takes the next row; `None` while too few rows were seen.
    pub fn observe(&mut self, row: &[f32]) -> Option<Judgement> {
        let (largest, unexplained) = (self.deviation.observe(row), self.pca.observe(row));
        let (largest, unexplained) = (largest?, unexplained?);
        let [of_largest, of_unexplained] = &mut self.recent;
        let least = of_largest.p_value(largest).min(of_unexplained.p_value(unexplained));
        let breadth = self.deviation.breadth();
        Some(Judgement { largest, breadth, unexplained, p_value: (2.0 * least).min(1.0) })
    }

    /// Why: the signed deviation of each feature in the last row, in spreads, at most 8.
    #[must_use]
    pub fn deviations(&self) -> &[f32] {
        self.deviation.deviations()
    }
}
