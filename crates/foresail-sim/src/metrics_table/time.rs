//! Simulated time: half-hour steps, and windows of at most two days.

use super::Settings;

/// Minutes from one row of a workload to its next.
pub const STEP_MINUTES: u32 = 30;

/// Steps of a day.
pub(super) const STEPS_PER_DAY: f64 = 48.0;

/// Longest time that a workload is watched, in steps: later ones watch others.
const LONGEST_WINDOW: usize = 96;

/// Steps before the first row, so that issues can already be under way in it.
pub(super) const WARM_UP: usize = 24;

/// Steps after the last row, so that it is known what begins soon after it.
const TAIL: usize = 8;

/// Steps from `first` to before `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub first: usize,
    pub end: usize,
}

/// How a cluster's steps lie: warm-up, the window in which rows are taken, tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    /// Steps of the whole simulated time.
    pub total: usize,
    /// Steps in which a cluster is watched.
    pub window: usize,
}

// === impl Clock ===

impl Clock {
    pub(super) fn of(settings: &Settings) -> Self {
        let total = (settings.hours * 60 / STEP_MINUTES) as usize;
        Self { total, window: total.min(LONGEST_WINDOW) }
    }

    pub(super) const fn n_steps(self) -> usize {
        WARM_UP + self.window + TAIL
    }
}
