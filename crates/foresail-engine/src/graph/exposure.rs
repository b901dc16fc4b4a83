//! For how long pods were under observation, summed over pods.

use foresail_core::{PlatformDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Pod time, added up whenever the number of unfinished pods changes. Whole milliseconds: any split
/// of the same observations gives the same sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Exposure {
    pods: i64,
    since: Timestamp,
    pod_millis: i64,
}

impl Exposure {
    /// Notes that a pod counted `before` a change seen at `at` and counts `after` it, as 0 or 1.
    pub(super) fn note(&mut self, at: Timestamp, (before, after): (i64, i64)) {
        if before != after {
            self.pod_millis = self.until(at).as_millis();
            self.since = self.since.max(at);
            // A snapshot from before there was this counter starts in the middle.
            self.pods = (self.pods + after - before).max(0);
        }
    }

    /// Pod time until `at`.
    pub(super) fn until(&self, at: Timestamp) -> PlatformDuration {
        let open = at.since(self.since).as_millis().max(0).saturating_mul(self.pods);
        PlatformDuration::from_millis(self.pod_millis.saturating_add(open))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[test]
    fn pod_time_is_the_sum_over_pods_whenever_it_is_asked_for() {
        let mut exposure = Exposure::default();
        exposure.note(at(100), (0, 1));
        exposure.note(at(110), (0, 1));
        assert_eq!(exposure.until(at(115)), PlatformDuration::from_seconds(20));
        exposure.note(at(120), (1, 1));
        exposure.note(at(130), (1, 0));
        assert_eq!(exposure.until(at(130)), PlatformDuration::from_seconds(50));
        assert_eq!(exposure.until(at(140)), PlatformDuration::from_seconds(60));
    }

    #[test]
    fn time_that_runs_backward_adds_nothing() {
        let mut exposure = Exposure::default();
        exposure.note(at(100), (0, 1));
        exposure.note(at(90), (1, 0));
        exposure.note(at(95), (1, 0));
        assert_eq!(exposure.until(at(200)), PlatformDuration::ZERO);
    }
}
