//! Seeded chance: one stream of random numbers per (seed, purpose, index), so that no part of a
//! simulation depends on how much another has drawn.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A stream of random numbers.
pub(crate) struct Draw {
    rng: ChaCha8Rng,
    /// The second of the last pair of normal numbers.
    spare: Option<f64>,
}

/// Which stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stream {
    pub seed: u64,
    /// What is drawn: a letter of the part that draws.
    pub purpose: u8,
    /// Of which cluster, node or object.
    pub index: usize,
}

// === impl Draw ===

impl Draw {
    pub(crate) fn new(stream: Stream) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&stream.seed.to_le_bytes());
        bytes[8..16].copy_from_slice(&(stream.index as u64).to_le_bytes());
        bytes[16] = stream.purpose;
        Self { rng: ChaCha8Rng::from_seed(bytes), spare: None }
    }

    /// A number in `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f64 {
        f64::from(self.rng.next_u32()) / 4_294_967_296.0
    }

    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A number below `n`, which is at least 1 and far below 2^32.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((u64::from(self.rng.next_u32()) * n as u64) >> 32) as usize
    }

    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A standard normal number (Box and Muller 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.unit()));
        let (sin, cos) = libm::sincos(std::f64::consts::TAU * self.unit());
        self.spare = Some(radius * sin);
        radius * cos
    }

    /// A number whose logarithm is normal.
    pub(crate) fn around(&mut self, median: f64, sigma: f64) -> f64 {
        median * libm::exp(sigma * self.normal())
    }

    /// A Poisson count (Knuth's products; above a mean of 30 the rounded normal).
    pub(crate) fn count(&mut self, mean: f64) -> f64 {
        if mean > 30.0 {
            return libm::round(mean + libm::sqrt(mean) * self.normal()).max(0.0);
        }
        let (floor, mut product, mut n) = (libm::exp(-mean), self.unit(), 0.0);
        while product > floor {
            product *= self.unit();
            n += 1.0;
        }
        n
    }

    /// One of these, by their odds.
    pub(crate) fn one_of<T: Copy>(&mut self, items: &[(T, f64)]) -> T {
        let mut level = self.unit() * items.iter().map(|(_, odds)| odds).sum::<f64>();
        for &(item, odds) in items {
            level -= odds;
            if level < 0.0 {
                return item;
            }
        }
        items[items.len() - 1].0
    }

    /// Fisher and Yates' shuffle.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}
