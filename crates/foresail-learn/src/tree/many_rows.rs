//! The trees of an ensemble over many rows: tree by tree within a block of rows, so that the nodes of one tree are read
//! from near memory by all rows of the block.

use rayon::prelude::*;

use super::Ensemble;
use crate::frame::Frame;

/// Rows of a block: their values and sums stay in the cache beside one tree.
const BLOCK: usize = 256;

impl Ensemble {
    /// For every row of a frame `start`, to which `add` adds the leaf of each tree, in the order of trees:
    /// `[n_rows, start.len()]`.
    pub(crate) fn sum_leaves(
        &self,
        frame: &Frame,
        start: &[f64],
        add: impl Fn(usize, &[f32], &mut [f64]) + Sync,
    ) -> Vec<f64> {
        let (n_columns, width) = (frame.n_columns(), start.len());
        let mut sums = start.repeat(frame.n_rows());
        if n_columns == 0 || width == 0 {
            return sums;
        }
        let rows = frame.dense_rows();
        let blocks = sums.par_chunks_mut(BLOCK * width).zip(rows.par_chunks(BLOCK * n_columns));
        blocks.for_each(|(sums, rows)| {
            for tree in 0..self.n_trees() {
                for (sums, row) in sums.chunks_exact_mut(width).zip(rows.chunks_exact(n_columns)) {
                    add(tree, self.leaf_values(self.find_leaf(tree, row)), sums);
                }
            }
        });
        sums
    }
}
