//! The steps of a range query.

use foresail_core::{PlatformDuration, Timestamp};

/// A span of time with a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps {
    /// First evaluation.
    pub start: Timestamp,
    /// Last evaluation at the latest.
    pub end: Timestamp,
    /// Between two evaluations.
    pub step: PlatformDuration,
}

// === impl Steps ===

impl Steps {
    /// How many times the query is evaluated.
    #[must_use]
    pub fn points(&self) -> i64 {
        self.end.since(self.start).as_millis().max(0) / self.step.as_millis().max(1) + 1
    }

    /// The same steps in parts of at most `points`.
    #[must_use]
    pub fn parts(&self, points: u32) -> Vec<Self> {
        let step = self.step.as_millis().max(1);
        let (start, end) = (self.start.as_millis(), self.end.as_millis());
        let length = step * i64::from(points.max(1));
        let starts = (0..).map(|part| start + part * length).take_while(|at| *at <= end);
        starts
            .map(|at| Self {
                start: Timestamp::from_millis(at),
                end: Timestamp::from_millis((at + length - step).min(end)),
                step: PlatformDuration::from_millis(step),
            })
            .collect()
    }
}
