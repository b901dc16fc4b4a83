//! Streaming robust PCA: how far a row is from what the usual correlations between features explain.

use serde::{Deserialize, Serialize};

use super::deviation::CAP;
use super::scale::CLIP;
use super::watch::Smoother;
use super::{Detector, Memory, RobustScale};

/// Ticks between two steps of the subspace: the covariance moves by under a hundredth in that time.
const STEP_TICKS: u32 = 4;
/// Smoothed score that halves the pace of learning.
const PATIENCE: f64 = 2.0;
/// Least eigenvalue, in squared spreads of one feature.
const LEAST_VARIANCE: f64 = 0.05;

/// Leading components of the decayed covariance of clipped deviations; the score is the squared reconstruction error
/// over its usual size plus the squared distance inside the subspace.
///
/// # Source
/// Jackson & Mudholkar 1979 (Q and T² statistics); covariance of winsorised values as in Maronna & Zamar 2002; one warm
/// step of orthogonal iteration (Golub & Van Loan, section 8.2) every 4 ticks in place of a decomposition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RobustPca {
    memory: Memory,
    seen: u32,
    scales: Vec<RobustScale>,
    /// Upper triangle with the diagonal, row by row.
    covariance: Vec<f32>,
    /// `n_components` rows of length `n_features`, orthonormal.
    components: Vec<f32>,
    /// Variance along each component, then the mean variance outside of them.
    variances: Vec<f32>,
    score: Smoother,
}

// === impl RobustPca ===

impl RobustPca {
    /// Starts without a past; the half-lives that the laboratory chose, in ticks of a minute.
    #[must_use]
    pub fn new(n_features: usize, n_components: usize) -> Self {
        Self::with(n_features, n_components, (Memory::default(), Smoother::default()))
    }

    /// Starts without a past, with other half-lives.
    #[must_use]
    pub fn with(n_features: usize, n_components: usize, pace: (Memory, Smoother)) -> Self {
        let (memory, score) = pace;
        let n_components = n_components.min(n_features);
        let mut covariance = Vec::with_capacity(n_features * (n_features + 1) / 2);
        for i in 0..n_features {
            covariance.push(1.0);
            covariance.extend(std::iter::repeat_n(0.0, n_features - i - 1));
        }
        let mut components = vec![0.0; n_components * n_features];
        for k in 0..n_components {
            // Not along an axis: an axis that never varies would be a component that power steps cannot leave.
            for j in 0..n_features {
                components[k * n_features + j] = if j % n_components == k { 1.0 } else { 0.01 };
            }
        }
        let mut pca = Self {
            memory,
            seen: 0,
            scales: vec![RobustScale::default(); n_features],
            covariance,
            components,
            variances: vec![1.0; n_components + 1],
            score,
        };
        pca.orthonormalise();
        pca
    }

    fn distance(&self, deviations: &[f64]) -> f64 {
        let n_features = self.scales.len();
        let mut residual: f64 = deviations.iter().map(|value| value * value).sum();
        let mut inside = 0.0;
        let components = self.components.chunks_exact(n_features.max(1));
        for (component, variance) in components.zip(&self.variances) {
            let along: f64 = component.iter().zip(deviations).map(|(a, b)| f64::from(*a) * b).sum();
            residual -= along * along;
            inside += along * along / f64::from(*variance).max(LEAST_VARIANCE);
        }
        let outside = self.variances.last().map_or(1.0, |variance| f64::from(*variance));
        (residual.max(0.0) / outside.max(LEAST_VARIANCE) + inside) / n_features.max(1) as f64
    }

    fn learn(&mut self, deviations: &[f64], slowing: f64) {
        self.seen = self.seen.saturating_add(1);
        // The unit covariance at the start weighs as much as one row a feature.
        let prior = u32::try_from(self.scales.len()).unwrap_or(u32::MAX);
        let gain = (self.memory.gain(self.seen.saturating_add(prior)) / slowing) as f32;
        let clipped = |value: &f64| value.clamp(-CLIP, CLIP) as f32;
        let mut cells = self.covariance.iter_mut();
        for (i, a) in deviations.iter().enumerate() {
            let a = clipped(a);
            for (b, cell) in deviations[i..].iter().zip(&mut cells) {
                *cell += gain * (a * clipped(b) - *cell);
            }
        }
        if self.seen.is_multiple_of(STEP_TICKS) {
            self.step();
        }
    }

    /// One step of orthogonal iteration: components times covariance, made orthonormal again.
    fn step(&mut self) {
        let n_features = self.scales.len();
        let mut moved = vec![0.0_f32; self.components.len()];
        let mut trace = 0.0;
        let mut start = 0;
        for i in 0..n_features {
            let row = &self.covariance[start..start + n_features - i];
            start += n_features - i;
            trace += row[0];
            for k in (0..self.components.len()).step_by(n_features) {
                let component = &self.components[k..k + n_features];
                let target = &mut moved[k..k + n_features];
                target[i] += row[0] * component[i];
                for (j, cell) in row.iter().enumerate().skip(1) {
                    target[i] += cell * component[i + j];
                    target[i + j] += cell * component[i];
                }
            }
        }
        let mut explained = 0.0;
        for (k, before) in self.components.chunks_exact(n_features).enumerate() {
            let after = &moved[k * n_features..(k + 1) * n_features];
            let variance: f32 = before.iter().zip(after).map(|(a, b)| a * b).sum();
            self.variances[k] = variance;
            explained += variance;
        }
        let n_components = self.variances.len() - 1;
        let n_outside = (n_features - n_components).max(1) as f32;
        self.variances[n_components] = (trace - explained).max(0.0) / n_outside;
        self.components = moved;
        self.orthonormalise();
    }

    /// Gram-Schmidt; a component that vanishes starts anew along an axis.
    fn orthonormalise(&mut self) {
        let n_features = self.scales.len();
        for k in 0..self.variances.len() - 1 {
            let (done, rest) = self.components.split_at_mut(k * n_features);
            let current = &mut rest[..n_features];
            for other in done.chunks_exact(n_features) {
                let along: f32 = other.iter().zip(current.iter()).map(|(a, b)| a * b).sum();
                for (value, direction) in current.iter_mut().zip(other) {
                    *value -= along * direction;
                }
            }
            let length = current.iter().map(|value| value * value).sum::<f32>().sqrt();
            if length > f32::MIN_POSITIVE {
                current.iter_mut().for_each(|value| *value /= length);
            } else {
                current.fill(0.0);
                current[k] = 1.0;
            }
        }
    }
}

impl Detector for RobustPca {
    fn observe(&mut self, row: &[f32]) -> Option<f64> {
        let slowing = 1.0 + self.score.value() / PATIENCE;
        let mut ready = false;
        let memory = self.memory;
        let values = row.iter().copied().chain(std::iter::repeat(f32::NAN));
        let deviations: Vec<f64> = self
            .scales
            .iter_mut()
            .zip(values)
            .map(|(scale, value)| {
                let deviation = scale.observe(value, memory, slowing);
                ready |= deviation.is_some();
                deviation.unwrap_or(0.0).clamp(-CAP, CAP)
            })
            .collect();
        if !ready {
            return None;
        }
        let distance = self.distance(&deviations);
        self.learn(&deviations, slowing);
        Some(self.score.observe(distance))
    }
}
