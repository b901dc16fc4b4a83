//! Gradients and log-likelihood of the hazard model.

use rayon::prelude::*;

use super::HazardTarget;
use crate::tree::exp::exp;
use crate::tree::histogram::{Gradients, Layout};

/// Rows of a block of parallel work.
const ROWS: usize = 1024;

/// What the scores of rows are compared with.
pub(super) struct Objective<'a> {
    pub targets: &'a [HazardTarget],
    /// Per kind its position among the active ones.
    pub position: &'a [Option<usize>],
    pub n_active: usize,
    pub layout: Layout,
}

// === impl Objective ===

impl Objective<'_> {
    /// Sets the gradients and returns the mean weighted log-likelihood of the scores they belong
    /// to. `scores` is `[n_rows, n_outputs]`.
    pub fn gradients(&self, scores: &[f32], gradients: &mut Gradients) -> f64 {
        let stride = self.layout.stride();
        let width = self.layout.n_outputs();
        let sums: Vec<[f64; 2]> = gradients
            .cells_mut()
            .par_chunks_mut(stride * ROWS)
            .zip(scores.par_chunks(width * ROWS))
            .zip(self.targets.par_chunks(ROWS))
            .map(|((cells, scores), targets)| {
                let mut odds = vec![0.0; width];
                let mut sums = [0.0; 2];
                let rows = cells.chunks_exact_mut(stride).zip(scores.chunks_exact(width));
                for ((cell, scores), target) in rows.zip(targets) {
                    sums[0] += f64::from(target.weight) * self.row(scores, target, &mut odds);
                    sums[1] += f64::from(target.weight);
                    self.cell(&odds, target, cell);
                }
                sums
            })
            .collect();
        mean(&sums)
    }

    /// The mean weighted log-likelihood.
    pub fn log_likelihood(&self, scores: &[f32]) -> f64 {
        let width = self.layout.n_outputs();
        let sums: Vec<[f64; 2]> = scores
            .par_chunks(width * ROWS)
            .zip(self.targets.par_chunks(ROWS))
            .map(|(scores, targets)| {
                let mut odds = vec![0.0; width];
                let mut sums = [0.0; 2];
                for (scores, target) in scores.chunks_exact(width).zip(targets) {
                    sums[0] += f64::from(target.weight) * self.row(scores, target, &mut odds);
                    sums[1] += f64::from(target.weight);
                }
                sums
            })
            .collect();
        mean(&sums)
    }

    /// The log-likelihood of a row; leaves its hazards in `hazards`.
    fn row(&self, scores: &[f32], target: &HazardTarget, hazards: &mut [f32]) -> f64 {
        for (hazard, &score) in hazards.iter_mut().zip(scores) {
            *hazard = exp(score);
        }
        let until = usize::from(target.until_bin);
        let mut log_likelihood = 0.0;
        for (bin, odds) in hazards.chunks_exact_mut(self.n_active).enumerate() {
            let none = 1.0 / (1.0 + odds.iter().sum::<f32>());
            odds.iter_mut().for_each(|odds| *odds *= none);
            let outcome = match target.event {
                _ if bin < until => Some(none),
                Some(kind) if bin == until => {
                    // A kind without events in training has hazard 0; its rows say nothing here.
                    self.position[usize::from(kind)].map(|position| odds[position])
                }
                Some(_) | None => None,
            };
            if let Some(probability) = outcome {
                log_likelihood += libm::log(f64::from(probability.max(f32::MIN_POSITIVE)));
            }
        }
        log_likelihood
    }

    fn cell(&self, hazards: &[f32], target: &HazardTarget, cell: &mut [f32]) {
        let weight = target.weight;
        let until = usize::from(target.until_bin);
        let n_at_risk = target.n_at_risk() * self.n_active;
        cell.fill(0.0);
        cell[0] = weight;
        for (output, &hazard) in hazards.iter().enumerate().take(n_at_risk) {
            cell[self.layout.gradient(output)] = weight * hazard;
            cell[self.layout.hessian(output)] = weight * hazard * (1.0 - hazard);
        }
        let position = target.event.and_then(|kind| self.position[usize::from(kind)]);
        if let Some(position) = position {
            cell[self.layout.gradient(until * self.n_active + position)] -= weight;
        }
    }
}

fn mean(sums: &[[f64; 2]]) -> f64 {
    let [sum, weight] = sums.iter().fold([0.0; 2], |all, one| [all[0] + one[0], all[1] + one[1]]);
    if weight > 0.0 { sum / weight } else { 0.0 }
}
