//! Batches cut at production minutes.
//!
//! The state does not depend on how batches are split, so a row can be taken at the very end of each
//! minute, whatever the tick of the recording.

use foresail_core::{Batch, FaultDuration, PlatformDuration, Timestamp};
use foresail_engine::Settings;

/// Shortest wall time between two rows: a faster time scale only repeats what was scraped.
const SHORTEST_MS: f64 = 1_000.0;

/// The ends of production minutes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Minutes {
    from: Timestamp,
    step_ms: f64,
    next: u32,
}

// === impl Minutes ===

impl Minutes {
    /// Minutes counted from `from`.
    pub(super) fn new(from: Timestamp, settings: &Settings) -> Self {
        let minute =
            settings.time_scale.get().recip() * FaultDuration::from_minutes(1.0).as_seconds();
        Self { from, step_ms: (minute * 1_000.0).max(SHORTEST_MS), next: 1 }
    }

    /// Wall time between two rows.
    pub(super) fn step(&self) -> PlatformDuration {
        PlatformDuration::from_millis(self.step_ms.round() as i64)
    }

    /// The end of the next minute that is over at `until`.
    pub(super) fn next_until(&mut self, until: Timestamp) -> Option<Timestamp> {
        let offset = (f64::from(self.next) * self.step_ms).round() as i64;
        let end = self.from + PlatformDuration::from_millis(offset);
        (end <= until).then(|| {
            self.next += 1;
            end
        })
    }
}

/// Splits off what is visible at `at`; the rest stays in `batch`.
pub(super) fn visible(batch: &mut Batch, at: Timestamp, settings: &Settings) -> Batch {
    let lag = settings.sample_lag();
    Batch {
        entities: std::mem::take(&mut batch.entities),
        samples: split(&mut batch.samples, |sample| sample.at + lag <= at),
        objects: split(&mut batch.objects, |change| change.observed_at <= at),
        events: split(&mut batch.events, |event| event.observed_at <= at),
        calls: split(&mut batch.calls, |call| call.at + lag <= at),
        logs: split(&mut batch.logs, |line| line.at + Settings::LOG_LAG <= at),
        logs_dropped: 0,
        until: at,
    }
}

fn split<T>(items: &mut Vec<T>, is_visible: impl Fn(&T) -> bool) -> Vec<T> {
    let later = items.split_off(items.partition_point(is_visible));
    std::mem::replace(items, later)
}
