//! Seeded choice of rows and columns: one stream of random numbers per (seed, tree, purpose), so
//! that no choice depends on the order in which trees are grown.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a stream is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Rows,
    Columns,
    Nodes,
}

/// Which stream of random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stream {
    pub seed: u64,
    pub tree: u64,
    pub purpose: Purpose,
}

// === impl Stream ===

impl Stream {
    pub fn rng(self) -> ChaCha8Rng {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&self.seed.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.tree.to_le_bytes());
        bytes[16] = match self.purpose {
            Purpose::Rows => 1,
            Purpose::Columns => 2,
            Purpose::Nodes => 3,
        };
        ChaCha8Rng::from_seed(bytes)
    }
}

/// A number below `n`, which is at least 1 (Lemire 2019, without the rejection: `n` is far below
/// 2^32, the bias below 1e-4).
pub(crate) fn below(rng: &mut ChaCha8Rng, n: usize) -> usize {
    ((u64::from(rng.next_u32()) * n as u64) >> 32) as usize
}

/// A number in `[0, 1)`.
pub(crate) fn unit(rng: &mut ChaCha8Rng) -> f64 {
    f64::from(rng.next_u32()) / 4_294_967_296.0
}

/// Keeps each of the rows with this probability; all at a share of 1, and never none.
pub(crate) fn choose_rows(rows: &[u32], share: f32, stream: Stream) -> Vec<u32> {
    if share >= 1.0 {
        return rows.to_vec();
    }
    let mut rng = stream.rng();
    let chosen: Vec<u32> =
        rows.iter().copied().filter(|_| unit(&mut rng) < f64::from(share)).collect();
    if chosen.is_empty() { rows.to_vec() } else { chosen }
}

/// Chooses this share of `n` columns, at least one, in ascending order.
pub(crate) fn choose_columns(n: usize, share: f32, stream: Stream) -> Vec<usize> {
    let wanted = ((n as f64 * f64::from(share)).ceil() as usize).clamp(1.min(n), n);
    let mut columns: Vec<usize> = (0..n).collect();
    if wanted < n {
        shuffle_front(&mut columns, wanted, &mut stream.rng());
        columns.truncate(wanted);
        columns.sort_unstable();
    }
    columns
}

/// Fisher and Yates' shuffle, stopped when the first `wanted` are drawn.
pub(crate) fn shuffle_front(items: &mut [usize], wanted: usize, rng: &mut ChaCha8Rng) {
    let n = items.len();
    for front in 0..wanted.min(n.saturating_sub(1)) {
        items.swap(front, front + below(rng, n - front));
    }
}
