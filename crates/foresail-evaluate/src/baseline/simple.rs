//! Static thresholds, the signature score and the robust z-score.

use std::collections::BTreeMap;

use foresail_core::{FailureKind, Quantity, Timestamp};

use super::tracks::EntityRecord;
use super::{Score, Tracks};

/// Window of the rates, fault minutes.
const RATE_MINUTES: f64 = 10.0;
/// Window of median and deviation, fault minutes.
const DEVIATION_MINUTES: f64 = 120.0;
/// Points below which no deviation is taken.
const FEWEST_POINTS: usize = 20;
/// Robust z at which the score is 1: a step of a flat series by its own height is about 100.
const FULL_SCORE_Z: f64 = 1_000.0;
/// Feature over its 99 % quantile at which the score is 1.
const FULL_SCORE_RATIO: f64 = 4.0;
/// Bins of a feature's histogram, eight per doubling.
const BINS_PER_DOUBLING: f64 = 8.0;
/// Values of a feature seen before its quantile is trusted.
const FEWEST_VALUES: u64 = 2_000;

/// The quantities that the robust z-score looks at.
const WATCHED: [Quantity; 6] = [
    Quantity::MemoryWorkingSet,
    Quantity::FileDescriptors,
    Quantity::Threads,
    Quantity::RuntimeTasks,
    Quantity::PoolInUse,
    Quantity::RequestsInFlight,
];

/// CPU or memory over its limit; 0.9 is the usual threshold.
pub(super) fn fixed(tracks: &Tracks) -> Vec<Score> {
    let mut scores: Vec<Score> = tracks
        .limited()
        .into_iter()
        .filter(|limited| limited.quantity == Quantity::MemoryWorkingSet)
        .filter_map(|limited| {
            let value = limited.share(limited.track.last()?.1);
            Some(Score { unit: limited.unit.clone(), kind: limited.kind, value })
        })
        .collect();
    for record in tracks.entities() {
        let share = record.cpu_share(tracks, tracks.seconds(RATE_MINUTES));
        if let (Some(value), Some(place)) = (share, &record.place) {
            scores.push(Score { unit: place.unit.clone(), kind: record.starved(), value });
        }
    }
    scores
}

/// The largest robust z-score of a unit's levels against their own last two hours of fault time.
pub(super) fn deviation(tracks: &Tracks, at: Timestamp) -> Vec<Score> {
    let since = tracks.clock(at) - tracks.seconds(DEVIATION_MINUTES);
    let mut scores = Vec::new();
    let mut values = Vec::new();
    for record in tracks.entities() {
        let Some(place) = &record.place else { continue };
        for (quantity, track) in &record.levels {
            let Some((t, last)) = track.last() else { continue };
            if !WATCHED.contains(quantity) || !tracks.is_fresh(t) {
                continue;
            }
            values.clear();
            values.extend(track.since(since).map(|(_, v)| v));
            if values.len() < FEWEST_POINTS {
                continue;
            }
            let z = robust_z(&mut values, last);
            let kind = if *quantity == Quantity::MemoryWorkingSet {
                FailureKind::OomKilled
            } else if [Quantity::PoolInUse, Quantity::RequestsInFlight].contains(quantity) {
                FailureKind::NotReady
            } else {
                record.starved()
            };
            scores.push(Score { unit: place.unit.clone(), kind, value: z / FULL_SCORE_Z });
        }
    }
    scores
}

/// How many deviations `value` lies above the median; a deviation is at least 1 % of the median and
/// at least 1 of the unit (one descriptor, one byte), or a quantity at rest would score without end.
fn robust_z(values: &mut [f64], value: f64) -> f64 {
    let middle = values.len() / 2;
    let median = *values.select_nth_unstable_by(middle, f64::total_cmp).1;
    for one in values.iter_mut() {
        *one = (*one - median).abs();
    }
    let spread = *values.select_nth_unstable_by(middle, f64::total_cmp).1;
    // 1.4826 makes the median deviation of a normal distribution its standard deviation.
    let deviation = (1.4826 * spread).max(0.01 * median.abs()).max(1.0);
    (value - median) / deviation
}

/// The largest one-sided feature over its 99 % quantile, which is learned from what was seen so far
/// of all objects: no label and no later value enters.
#[derive(Debug, Default)]
pub(super) struct Signature {
    histograms: BTreeMap<&'static str, Histogram>,
}

/// Counts of a positive feature in bins of equal ratio.
#[derive(Debug, Default)]
struct Histogram {
    bins: BTreeMap<i32, u64>,
    total: u64,
}

// === impl Signature ===

impl Signature {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn score(&mut self, tracks: &Tracks) -> Vec<Score> {
        let mut scores = Vec::new();
        for record in tracks.entities() {
            let Some(place) = &record.place else { continue };
            for (name, value, kind) in features(tracks, record) {
                let histogram = self.histograms.entry(name).or_default();
                if let Some(quantile) = histogram.quantile(0.99) {
                    let value = (value / quantile - 1.0) / (FULL_SCORE_RATIO - 1.0);
                    scores.push(Score { unit: place.unit.clone(), kind, value });
                }
                histogram.add(value);
            }
        }
        scores
    }
}

/// One-sided features of an entity: larger is worse.
fn features(tracks: &Tracks, record: &EntityRecord) -> Vec<(&'static str, f64, FailureKind)> {
    let window = tracks.seconds(RATE_MINUTES);
    let rate = |quantity| tracks.rate(record, quantity, window);
    let share = |part: Option<f64>, whole: Option<f64>| {
        part.zip(whole).filter(|(_, whole)| *whole > 0.0).map(|(part, whole)| part / whole)
    };
    let growth = |quantity: Quantity| {
        let track = record.levels.get(&quantity)?;
        let (t, level) = track.last()?;
        let (slope, _) = track.line(0, t)?;
        (tracks.is_fresh(t) && level > 0.0).then(|| slope * window / level)
    };
    let starved = record.starved();
    [
        ("memory_growth", growth(Quantity::MemoryWorkingSet), FailureKind::OomKilled),
        ("descriptor_growth", growth(Quantity::FileDescriptors), starved),
        ("thread_growth", growth(Quantity::Threads), starved),
        ("task_growth", growth(Quantity::RuntimeTasks), starved),
        ("pool_growth", growth(Quantity::PoolInUse), FailureKind::NotReady),
        ("storage_growth", growth(Quantity::EphemeralStorage), FailureKind::Evicted),
        ("cpu_share", record.cpu_share(tracks, window), starved),
        (
            "throttled_share",
            share(rate(Quantity::CpuThrottledPeriods), rate(Quantity::CpuPeriods)),
            starved,
        ),
        (
            "error_share",
            share(rate(Quantity::RequestErrors), rate(Quantity::Requests)),
            FailureKind::NotReady,
        ),
        (
            "request_seconds",
            share(rate(Quantity::RequestSeconds), rate(Quantity::Requests)),
            FailureKind::NotReady,
        ),
        ("log_errors", rate(Quantity::LogErrors), FailureKind::ErrorExit),
        ("probe_seconds", share(rate(Quantity::ProbeSeconds), rate(Quantity::Probes)), starved),
    ]
    .into_iter()
    .filter_map(|(name, value, kind)| {
        value.filter(|value| *value > 0.0).map(|value| (name, value, kind))
    })
    .collect()
}

// === impl Histogram ===

impl Histogram {
    fn add(&mut self, value: f64) {
        *self.bins.entry((value.log2() * BINS_PER_DOUBLING).floor() as i32).or_default() += 1;
        self.total += 1;
    }

    /// Upper edge of the bin that holds the quantile.
    fn quantile(&self, share: f64) -> Option<f64> {
        if self.total < FEWEST_VALUES {
            return None;
        }
        let wanted = share * self.total as f64;
        let mut seen = 0.0;
        for (bin, count) in &self.bins {
            seen += *count as f64;
            if seen >= wanted {
                return Some((f64::from(*bin + 1) / BINS_PER_DOUBLING).exp2());
            }
        }
        None
    }
}
