//! What a state must know about its cluster before the first batch.

use foresail_core::{PlatformDuration, TimeScale};
use serde::{Deserialize, Serialize};

/// Facts about the source of the batches. The time scale enters the engine only here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Name of the cluster, part of every identity.
    pub cluster: String,
    /// How much faster than in production faults develop.
    pub time_scale: TimeScale,
    /// Between two scrapes of a target; also the tick.
    pub scrape_interval: PlatformDuration,
}

impl Settings {
    /// How long after it was written a log line is visible.
    pub const LOG_LAG: PlatformDuration = PlatformDuration::from_seconds(2);

    /// How long after its own time a sample is visible: one scrape interval and two seconds.
    #[must_use]
    pub fn sample_lag(&self) -> PlatformDuration {
        self.scrape_interval + PlatformDuration::from_seconds(2)
    }
}
