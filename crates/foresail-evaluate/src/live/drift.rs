//! Whether a model says other things than on its first day here.
//!
//! A model file does not say which values its features had in training, so what a model *says* is
//! compared: the share of probabilities in each bin on its first day against the last day.

use std::collections::VecDeque;

use foresail_core::{PlatformDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::calibration::BINS;
use super::card::Drift;

/// A day, wall time.
const DAY: PlatformDuration = PlatformDuration::from_seconds(86_400);
/// Parts of the last day.
const HOUR: PlatformDuration = PlatformDuration::from_seconds(3_600);
/// Probabilities on either day below which nothing is said.
const FEWEST: f64 = 100.0;
/// Least share of a bin: an empty one would make the index infinite.
const LEAST_SHARE: f64 = 1e-3;
/// Ends of the usual bands.
const BANDS: (f64, f64) = (0.1, 0.25);

/// How often each bin was said.
type Counts = [f64; BINS];

/// What a model said on its first day and on its last.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Said {
    began_at: Option<Timestamp>,
    first: Counts,
    /// By the start of an hour.
    last: VecDeque<(Timestamp, Counts)>,
}

// === impl Said ===

impl Said {
    /// Notes that a probability in bin number `bin` was said, standing for `weight` of them.
    pub(super) fn note(&mut self, at: Timestamp, (bin, weight): (usize, f64)) {
        let began_at = *self.began_at.get_or_insert(at);
        if at.since(began_at) < DAY {
            self.first[bin] += weight;
        }
        if self.last.back().is_none_or(|(from, _)| at.since(*from) >= HOUR) {
            self.last.push_back((at, Counts::default()));
        }
        if let Some((_, counts)) = self.last.back_mut() {
            counts[bin] += weight;
        }
        while self.last.front().is_some_and(|(from, _)| at.since(*from) > DAY) {
            self.last.pop_front();
        }
    }

    pub(super) fn drift(&self, at: Timestamp) -> Drift {
        // The two days may not overlap.
        let apart =
            self.began_at.is_some_and(|began| at.since(began).as_millis() >= 2 * DAY.as_millis());
        let mut last = Counts::default();
        for (_, counts) in &self.last {
            for (sum, count) in last.iter_mut().zip(counts) {
                *sum += count;
            }
        }
        let (before, now) = (self.first.iter().sum::<f64>(), last.iter().sum::<f64>());
        if !apart || before < FEWEST || now < FEWEST {
            return Drift::NotYet;
        }
        let pairs = self.first.iter().zip(&last);
        let index: f64 = pairs
            .map(|(a, b)| ((a / before).max(LEAST_SHARE), (b / now).max(LEAST_SHARE)))
            .map(|(a, b)| (b - a) * (b / a).ln())
            .sum();
        if index < BANDS.0 {
            Drift::Stable(index)
        } else if index < BANDS.1 {
            Drift::Shifted(index)
        } else {
            Drift::Changed(index)
        }
    }
}
