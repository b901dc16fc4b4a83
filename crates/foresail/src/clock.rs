//! The one place of the program with a clock: how long a command takes, and what time it is.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use foresail_core::Timestamp;

/// The time now, for commands that read up to it.
#[expect(clippy::disallowed_methods, reason = "the edge of the program: what is read ends now")]
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(since.as_millis() as i64)
}

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
