//! The prediction for one row: hazards, and what follows from them.

use serde::{Deserialize, Serialize};

use super::HazardShape;
use crate::tree::exp::exp;

/// Hazards per kind and time bin, and what follows from them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HazardCurve {
    n_kinds: usize,
    /// Ends of the time bins in minutes.
    edges: Vec<f64>,
    /// `[kind][bin]`.
    hazards: Vec<f32>,
    /// Probability of no failure by the end of each bin.
    survival: Vec<f64>,
    /// `[kind][bin]`: probability of a failure of the kind by the end of the bin.
    incidence: Vec<f64>,
}

/// When a failure comes, if it comes within the time that the bins cover; minutes from now.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimeQuantiles {
    /// One in ten comes before.
    pub p10: f64,
    /// Half come before.
    pub p50: f64,
    /// Nine in ten come before.
    pub p90: f64,
}

// === impl HazardCurve ===

impl HazardCurve {
    /// Sets the curve from scores `[bin][active kind]`, which are overwritten.
    pub(super) fn set(&mut self, shape: &HazardShape, active: &[u16], scores: &mut [f32]) {
        let n_bins = shape.n_bins();
        self.n_kinds = usize::from(shape.n_kinds);
        if self.edges != shape.edges {
            self.edges.clone_from(&shape.edges);
        }
        for values in [&mut self.survival, &mut self.incidence] {
            values.clear();
        }
        self.hazards.clear();
        self.hazards.resize(self.n_kinds * n_bins, 0.0);
        self.incidence.resize(self.n_kinds * n_bins, 0.0);
        self.survival.resize(n_bins, 1.0);
        scores.iter_mut().for_each(|score| *score = exp(*score));
        let mut survival = 1.0_f64;
        for bin in 0..n_bins {
            let odds = scores.get(bin * active.len()..(bin + 1) * active.len()).unwrap_or(&[]);
            let none = 1.0 / (1.0 + odds.iter().sum::<f32>());
            if bin > 0 {
                for kind in 0..self.n_kinds {
                    self.incidence[kind * n_bins + bin] = self.incidence[kind * n_bins + bin - 1];
                }
            }
            for (&kind, &odds) in active.iter().zip(odds) {
                let at = usize::from(kind) * n_bins + bin;
                self.hazards[at] = odds * none;
                self.incidence[at] += survival * f64::from(odds * none);
            }
            survival *= f64::from(none);
            self.survival[bin] = survival;
        }
    }

    /// The number of failure kinds.
    #[must_use]
    pub const fn n_kinds(&self) -> usize {
        self.n_kinds
    }

    /// The number of time bins.
    #[must_use]
    pub const fn n_bins(&self) -> usize {
        self.survival.len()
    }

    /// The hazards of a kind, one per bin; empty for a kind past the end.
    #[must_use]
    pub fn hazards(&self, kind: u16) -> &[f32] {
        let n_bins = self.n_bins();
        let start = usize::from(kind) * n_bins;
        self.hazards.get(start..start + n_bins).unwrap_or(&[])
    }

    /// The probability of no failure by the end of each bin.
    #[must_use]
    pub fn survival(&self) -> &[f64] {
        &self.survival
    }

    /// The probability of a failure of this kind by the end of each bin (cumulative incidence);
    /// empty for a kind past the end.
    #[must_use]
    pub fn incidence(&self, kind: u16) -> &[f64] {
        let n_bins = self.n_bins();
        let start = usize::from(kind) * n_bins;
        self.incidence.get(start..start + n_bins).unwrap_or(&[])
    }

    /// The probability of a failure of this kind within bins `first..=last`, seen from now; 0 for
    /// a kind or range past the end.
    #[must_use]
    pub fn within(&self, kind: u16, bins: std::ops::RangeInclusive<usize>) -> f64 {
        between(self.incidence(kind), bins)
    }

    /// The probability of a failure of any kind within bins `first..=last`, seen from now.
    #[must_use]
    pub fn any_within(&self, bins: std::ops::RangeInclusive<usize>) -> f64 {
        (0..self.n_kinds).map(|kind| self.within(kind as u16, bins.clone())).sum()
    }

    /// When the failure comes, if one of any kind comes; `None` when none can.
    #[must_use]
    pub fn any_quantiles(&self) -> Option<TimeQuantiles> {
        let any: Vec<f64> = self.survival.iter().map(|survival| 1.0 - survival).collect();
        self.quantiles_of(&any)
    }

    /// When the failure of this kind comes, if it comes; `None` when it cannot.
    #[must_use]
    pub fn quantiles(&self, kind: u16) -> Option<TimeQuantiles> {
        self.quantiles_of(self.incidence(kind))
    }

    fn quantiles_of(&self, cumulative: &[f64]) -> Option<TimeQuantiles> {
        let &end = cumulative.last()?;
        if end <= 0.0 {
            return None;
        }
        let at = |share: f64| self.time_at(cumulative, share * end);
        Some(TimeQuantiles { p10: at(0.1), p50: at(0.5), p90: at(0.9) })
    }

    /// The time at which a cumulative curve reaches `level`; even inside a bin.
    fn time_at(&self, cumulative: &[f64], level: f64) -> f64 {
        let mut before = 0.0;
        for (pair, &after) in self.edges.windows(2).zip(cumulative) {
            if after >= level && after > before {
                let share = ((level - before) / (after - before)).clamp(0.0, 1.0);
                return pair[0] + share * (pair[1] - pair[0]);
            }
            before = after;
        }
        self.edges.last().copied().unwrap_or(0.0)
    }
}

fn between(cumulative: &[f64], bins: std::ops::RangeInclusive<usize>) -> f64 {
    let Some(end) = cumulative.get(*bins.end()) else { return 0.0 };
    let before = bins.start().checked_sub(1).and_then(|bin| cumulative.get(bin));
    (end - before.copied().unwrap_or(0.0)).max(0.0)
}
