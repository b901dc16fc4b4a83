//! Early stopping.

/// The best validation value so far; greater is better.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Best {
    value: f64,
    n_rounds: usize,
}

// === impl Best ===

impl Best {
    /// The value before any round.
    pub const fn new(value: f64) -> Self {
        Self { value, n_rounds: 0 }
    }

    /// Rounds up to the best.
    pub const fn n_rounds(self) -> usize {
        self.n_rounds
    }

    /// Takes in the value after `n_rounds`; true when patience is over, never at a patience of 0.
    pub fn is_over(&mut self, value: f64, n_rounds: usize, patience: u32) -> bool {
        if value > self.value {
            *self = Self { value, n_rounds };
        }
        patience > 0 && n_rounds - self.n_rounds >= patience as usize
    }
}
