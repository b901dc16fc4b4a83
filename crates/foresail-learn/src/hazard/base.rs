//! Base rates: the hazard of each kind in each bin before any feature is looked at.

use super::{HazardShape, HazardTarget};

/// Weighted events and rows at risk.
pub(super) struct Counts {
    n_kinds: usize,
    /// `[bin][kind]`.
    events: Vec<f64>,
    /// `[bin]`.
    at_risk: Vec<f64>,
}

/// A base hazard is kept in this range, so that its score is finite.
const LEAST: f64 = 1e-7;
const MOST: f64 = 0.9;

// === impl Counts ===

impl Counts {
    pub fn new(shape: &HazardShape, targets: &[HazardTarget]) -> Self {
        let n_kinds = usize::from(shape.n_kinds);
        let mut counts = Self {
            n_kinds,
            events: vec![0.0; n_kinds * shape.n_bins()],
            at_risk: vec![0.0; shape.n_bins()],
        };
        for target in targets {
            let until = usize::from(target.until_bin);
            for at_risk in counts.at_risk.iter_mut().take(target.n_at_risk()) {
                *at_risk += f64::from(target.weight);
            }
            if let Some(kind) = target.event {
                counts.events[until * n_kinds + usize::from(kind)] += f64::from(target.weight);
            }
        }
        counts
    }

    /// The kinds with at least one event.
    pub fn active(&self) -> Vec<u16> {
        (0..self.n_kinds).filter(|&kind| self.total(kind) > 0.0).map(|kind| kind as u16).collect()
    }

    fn total(&self, kind: usize) -> f64 {
        self.events.iter().skip(kind).step_by(self.n_kinds).sum()
    }

    /// Base scores, `[bin][active kind]`: log odds against "none" of the base hazards.
    ///
    /// The rate of a kind in a bin is drawn to what the kind's mean rate per minute gives for the
    /// width of the bin, as if `pseudo_events` events had been seen at that rate.
    pub fn scores(&self, shape: &HazardShape, pseudo_events: f64) -> Vec<f32> {
        let active = self.active();
        let widths: Vec<f64> = shape.edges.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let exposure: f64 = widths.iter().zip(&self.at_risk).map(|(w, n)| w * n).sum();
        let mut scores = Vec::with_capacity(active.len() * widths.len());
        for ((bin, width), &at_risk) in widths.iter().enumerate().zip(&self.at_risk) {
            let hazard = |&kind: &u16| {
                let kind = usize::from(kind);
                let rate = self.total(kind) / exposure;
                let expected = (-libm::expm1(-rate * width)).clamp(LEAST, MOST);
                let events = self.events[bin * self.n_kinds + kind];
                let hazard = (events + pseudo_events) / (at_risk + pseudo_events / expected);
                if hazard.is_finite() { hazard.clamp(LEAST, MOST) } else { expected }
            };
            let hazards: Vec<f64> = active.iter().map(hazard).collect();
            let none = (1.0 - hazards.iter().sum::<f64>()).max(1.0 - MOST);
            scores.extend(hazards.iter().map(|hazard| libm::log(hazard / none) as f32));
        }
        scores
    }
}
