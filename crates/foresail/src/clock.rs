//! The one place of the program with a clock: how long a command takes.

use std::time::{Duration, Instant};

/// Measures elapsed wall time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// A stopwatch that runs from now.
    #[expect(clippy::disallowed_methods, reason = "measures the program itself, never judgement")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the start.
    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
