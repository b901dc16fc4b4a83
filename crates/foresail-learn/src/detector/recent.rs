//! Recent scores of one entity, and the p-value of a new one among them.

use serde::{Deserialize, Serialize};

/// Scores kept: p-values as small as 1/129.
const KEPT: usize = 128;
/// Every eighth tick is kept: neighbours say the same, and the memory spans 1,024 ticks.
const STRIDE: u32 = 8;

/// A ring of 128 scores, one in eight ticks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RecentScores {
    scores: Vec<f32>,
    ticks: u32,
}

// === impl RecentScores ===

impl RecentScores {
    /// Returns the share of recent scores that are at least this one, counting this one itself, and remembers it.
    ///
    /// # Source
    /// Conformal p-value (Laxhammar & Falkman 2014). Exact only where scores are exchangeable; a drifting or
    /// autocorrelated score makes it a rank, no error rate.
    pub fn p_value(&mut self, score: f64) -> f64 {
        let score = score as f32;
        let reached = self.scores.iter().filter(|kept| **kept >= score).count();
        let p_value = (reached + 1) as f64 / (self.scores.len() + 1) as f64;
        if self.ticks.is_multiple_of(STRIDE) {
            let place = (self.ticks / STRIDE) as usize % KEPT;
            match self.scores.get_mut(place) {
                Some(oldest) => *oldest = score,
                None => self.scores.push(score),
            }
        }
        // 1,024 ticks fill the ring once and divide 2³², so wrapping keeps the places in order.
        self.ticks = self.ticks.wrapping_add(1);
        p_value
    }
}
