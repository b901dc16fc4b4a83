//! Unknown failures: workloads that are unlike themselves, whatever the reason.
//!
//! ```text
//!  rows of a workload's pods ──> the most extreme value of each watched feature ──> Watch
//!                                          │ own past only; no labels               │
//!                                          └─ features `unusual_*` of its pods <────┴──> Unusual (watch level)
//! ```
//!
//! What it says is a feature and a reason to look, never an alarm. `docs/unknown-failures.md` has what
//! it reaches.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use foresail_core::{FaultDuration, Timestamp, WorkloadId};
use foresail_learn::detector::Watch;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use crate::features::{Feature, PodFeatures};
use crate::settings::Settings;

/// The features that are watched.
const WATCHED: [Feature; 12] = [
    Feature::MemoryGrowth,
    Feature::CpuOfLimit,
    Feature::Throttled,
    Feature::DescriptorGrowth,
    Feature::ThreadGrowth,
    Feature::TaskGrowth,
    Feature::RequestGrowth,
    Feature::ErrorShare,
    Feature::LatencyTrend,
    Feature::ProbeLatency,
    Feature::ReceivedGrowth,
    Feature::WarningLineGrowth,
];
/// Between two looks at a workload: half-lives of the detector were chosen for minutes.
const EVERY: FaultDuration = FaultDuration::from_minutes(1.0);
/// Rank among its own recent times from which a workload is listed …
const LISTED_P_VALUE: f64 = 0.05;
/// … when it is also this many spreads off.
const LISTED_DEVIATION: f64 = 4.0;

/// What every workload was like, for one look after another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Unknowns {
    /// Shared with the tick before until it is looked at again.
    units: BTreeMap<WorkloadId, Arc<Seen>>,
}

/// One workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Seen {
    watch: Watch,
    looked_at: Timestamp,
    /// Largest deviation, breadth, unexplained share and rank of the last look.
    last: Option<[f64; 4]>,
}

/// A workload that is unlike itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unusual {
    /// Which.
    pub unit: WorkloadId,
    /// Smoothed largest deviation from its own past, in spreads, at most 8.
    pub largest: f64,
    /// What its usual correlations do not explain; about 1 in usual times.
    pub unexplained: f64,
    /// Share of its own recent times that were at least as unusual.
    pub p_value: f64,
    /// Names of the features that are furthest off, with their signed deviations in spreads.
    pub reasons: Vec<(String, f64)>,
}

// === impl Unknowns ===

impl Unknowns {
    /// Looks at every workload that is due, fills the `unusual_*` features of its pods, and lists the
    /// ones that are unlike themselves, the furthest off first.
    pub fn observe(
        &mut self,
        rows: &mut [PodFeatures<'_>],
        (by_unit, at, settings): (&[Vec<usize>], Timestamp, &Settings),
    ) -> Vec<Unusual> {
        let mut known: FxHashMap<&WorkloadId, &mut Arc<Seen>> = self.units.iter_mut().collect();
        let mut new: BTreeMap<WorkloadId, Arc<Seen>> = BTreeMap::new();
        let every = settings.time_scale.to_platform(EVERY);
        let tick = Duration::from_secs_f64(EVERY.as_seconds());
        for places in by_unit {
            let Some(first) = places.first() else { continue };
            let unit = rows[*first].unit;
            let seen = match known.remove(unit) {
                Some(seen) => seen,
                None => new.entry(unit.clone()).or_insert(Arc::new(Seen {
                    watch: Watch::new(WATCHED.len(), tick),
                    looked_at: at - every,
                    last: None,
                })),
            };
            if at.since(seen.looked_at) >= every {
                let seen = Arc::make_mut(seen);
                seen.looked_at = at;
                seen.look(&extreme(rows, places));
            }
            let Some([largest, breadth, unexplained, _]) = seen.last else { continue };
            for place in places {
                rows[*place].set(Feature::UnusualLargest, largest);
                rows[*place].set(Feature::UnusualBreadth, breadth.ln_1p());
                rows[*place].set(Feature::UnusualUnexplained, unexplained.ln_1p());
            }
        }
        if !known.is_empty() {
            let units = by_unit.iter().filter_map(|places| Some(rows[*places.first()?].unit));
            let there: FxHashSet<&WorkloadId> = units.collect();
            self.units.retain(|unit, _| there.contains(unit));
        }
        self.units.append(&mut new);
        self.unusual()
    }

    fn unusual(&self) -> Vec<Unusual> {
        let mut unusual: Vec<Unusual> =
            self.units.iter().filter_map(|(unit, seen)| seen.unusual(unit)).collect();
        unusual.sort_by(|a, b| b.largest.total_cmp(&a.largest).then_with(|| a.unit.cmp(&b.unit)));
        unusual
    }
}

// === impl Seen ===

impl Seen {
    fn look(&mut self, extreme: &[f32; WATCHED.len()]) {
        self.last = self
            .watch
            .observe(extreme)
            .map(|judged| [judged.largest, judged.breadth, judged.unexplained, judged.p_value]);
    }

    fn unusual(&self, unit: &WorkloadId) -> Option<Unusual> {
        let [largest, _, unexplained, p_value] = self.last?;
        if p_value > LISTED_P_VALUE || largest < LISTED_DEVIATION {
            return None;
        }
        let mut reasons: Vec<(String, f64)> = WATCHED
            .iter()
            .zip(self.watch.deviations())
            .map(|(feature, deviation)| (feature.as_str().to_owned(), f64::from(*deviation)))
            .filter(|(_, deviation)| deviation.is_finite())
            .collect();
        reasons.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        reasons.truncate(3);
        Some(Unusual { unit: unit.clone(), largest, unexplained, p_value, reasons })
    }
}

/// The highest value of each watched feature among the rows at `places`.
fn extreme(rows: &[PodFeatures<'_>], places: &[usize]) -> [f32; WATCHED.len()] {
    let mut extreme = [f32::NAN; WATCHED.len()];
    for place in places {
        for (value, feature) in extreme.iter_mut().zip(WATCHED) {
            *value = value.max(rows[*place].get(feature));
        }
    }
    extreme
}

#[cfg(test)]
mod tests;
