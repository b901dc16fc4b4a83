//! Sums of weights, gradients and hessians per bin.
//!
//! A *cell* is one bin's sums, a run of `f32`. With one output it is `[weight, g, h, 0]`; with more
//! it is `[weight, 0, 0, 0]` and then blocks of four outputs, `[g, g, g, g, h, h, h, h]`, so that
//! sums and scores run over vector registers. A row's own numbers have the same form.

use super::bins::BinnedFrame;

/// The form of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    n_outputs: usize,
}

/// Weight, gradients and hessians of every row, one cell each.
#[derive(Clone, Debug)]
pub(crate) struct Gradients {
    layout: Layout,
    cells: Vec<f32>,
    /// Per row the length of its cell up to the last output that is not 0; empty = all of it.
    lengths: Vec<u16>,
}

/// Rows of a block of the long form: their cells stay in the second cache level while all
/// features of a task pass over them.
const ROWS_PER_BLOCK: usize = 256;

// === impl Layout ===

impl Layout {
    pub const fn new(n_outputs: usize) -> Self {
        Self { n_outputs }
    }

    pub const fn n_outputs(self) -> usize {
        self.n_outputs
    }

    /// Whether a cell has the short form.
    pub const fn is_scalar(self) -> bool {
        self.n_outputs == 1
    }

    /// Outputs rounded up to whole blocks.
    pub const fn padded(self) -> usize {
        self.n_outputs.div_ceil(4) * 4
    }

    /// The length of a cell.
    pub const fn stride(self) -> usize {
        if self.is_scalar() { 4 } else { 4 + 2 * self.padded() }
    }

    /// The length of a long cell up to the block of its first `n_outputs`.
    const fn prefix(self, n_outputs: usize) -> usize {
        4 + n_outputs.div_ceil(4) * 8
    }

    /// The position of an output's gradient in a cell.
    pub const fn gradient(self, output: usize) -> usize {
        if self.is_scalar() { 1 } else { 4 + output / 4 * 8 + output % 4 }
    }

    /// The position of an output's hessian in a cell.
    pub const fn hessian(self, output: usize) -> usize {
        if self.is_scalar() { 2 } else { self.gradient(output) + 4 }
    }
}

// === impl Gradients ===

impl Gradients {
    pub fn new(layout: Layout, n_rows: usize) -> Self {
        Self { layout, cells: vec![0.0; layout.stride() * n_rows], lengths: Vec::new() }
    }

    /// Says of how many outputs of each row, from the first, gradient and hessian are ever set;
    /// the others are not summed up.
    pub fn with_lengths(mut self, n_outputs: impl Iterator<Item = usize>) -> Self {
        if !self.layout.is_scalar() {
            self.lengths = n_outputs.map(|n| self.layout.prefix(n) as u16).collect();
        }
        self
    }

    pub const fn layout(&self) -> Layout {
        self.layout
    }

    /// The cells, one stride per row.
    pub fn cells(&self) -> &[f32] {
        &self.cells
    }

    pub fn cells_mut(&mut self) -> &mut [f32] {
        &mut self.cells
    }

    /// The cell of a row, without what is never set.
    fn cell(&self, row: u32) -> &[f32] {
        let stride = self.layout.stride();
        let start = row as usize * stride;
        let length = self.lengths.get(row as usize).map_or(stride, |&length| usize::from(length));
        &self.cells[start..start + length]
    }

    /// The sum over rows, in double precision.
    pub fn total(&self, rows: &[u32]) -> Vec<f32> {
        let mut sum = vec![0.0_f64; self.layout.stride()];
        for &row in rows {
            for (sum, &value) in sum.iter_mut().zip(self.cell(row)) {
                *sum += f64::from(value);
            }
        }
        sum.into_iter().map(|value| value as f32).collect()
    }

    /// The cells of these rows, one after the other: short cells are read once per feature, and
    /// in order is faster. Empty with the long form, whose cells are long enough to be read where
    /// they lie.
    pub fn gather(&self, rows: &[u32]) -> Vec<[f32; 4]> {
        if !self.layout.is_scalar() {
            return Vec::new();
        }
        let (cells, _) = self.cells.as_chunks::<4>();
        rows.iter().map(|&row| cells[row as usize]).collect()
    }
}

/// A feature and its cells in a histogram.
pub(crate) struct FeatureCells<'a> {
    pub feature: usize,
    pub cells: &'a mut [f32],
}

/// Adds the rows of a node to the cells of features.
///
/// Where one bin holds most rows of a column, its rows are passed over and its cell is what the
/// others leave of the node's sums (LightGBM's most frequent bin).
pub(crate) struct Accumulate<'a> {
    pub binned: &'a BinnedFrame,
    pub gradients: &'a Gradients,
    pub rows: &'a [u32],
    /// The sums over the rows, one cell.
    pub total: &'a [f32],
    pub gathered: &'a [[f32; 4]],
}

// === impl Accumulate ===

impl Accumulate<'_> {
    /// Sets the cells of these features to the sums over the rows.
    pub fn run(&self, features: &mut [FeatureCells<'_>]) {
        for feature in features.iter_mut() {
            feature.cells.fill(0.0);
        }
        if self.gradients.layout.is_scalar() {
            features.iter_mut().for_each(|feature| self.scalar(feature));
        } else {
            for rows in self.rows.chunks(ROWS_PER_BLOCK) {
                features.iter_mut().for_each(|feature| self.vector(feature, rows));
            }
        }
        features.iter_mut().for_each(|feature| self.fill_common(feature));
    }

    fn scalar(&self, feature: &mut FeatureCells<'_>) {
        let bins = self.binned.column(feature.feature);
        let (cells, _) = feature.cells.as_chunks_mut::<4>();
        let common = self.binned.common_bin(feature.feature);
        for (&row, values) in self.rows.iter().zip(self.gathered) {
            let bin = bins[row as usize];
            if common != Some(bin) {
                let cell = &mut cells[usize::from(bin)];
                *cell = add4(*cell, *values);
            }
        }
    }

    fn vector(&self, feature: &mut FeatureCells<'_>, rows: &[u32]) {
        let bins = self.binned.column(feature.feature);
        let stride = self.gradients.layout.stride();
        let common = self.binned.common_bin(feature.feature);
        for &row in rows {
            let bin = bins[row as usize];
            if common == Some(bin) {
                continue;
            }
            let start = usize::from(bin) * stride;
            let (cell, _) = feature.cells[start..start + stride].as_chunks_mut::<4>();
            let (values, _) = self.gradients.cell(row).as_chunks::<4>();
            for (sums, values) in cell.iter_mut().zip(values) {
                *sums = add4(*sums, *values);
            }
        }
    }

    /// The cell of the common bin; still 0, it takes no part in the sum of the others.
    fn fill_common(&self, feature: &mut FeatureCells<'_>) {
        let Some(common) = self.binned.common_bin(feature.feature) else { return };
        let stride = self.gradients.layout.stride();
        let mut rest: Vec<f64> = self.total.iter().map(|&value| f64::from(value)).collect();
        for cell in feature.cells.chunks_exact(stride) {
            for (rest, &value) in rest.iter_mut().zip(cell) {
                *rest -= f64::from(value);
            }
        }
        let start = usize::from(common) * stride;
        let cell = feature.cells.iter_mut().skip(start).take(stride);
        cell.zip(rest).for_each(|(cell, rest)| *cell = rest as f32);
    }
}

/// The sum of four and four; by value, so that the compiler sees that it can use one register.
#[inline]
pub(crate) fn add4(sums: [f32; 4], values: [f32; 4]) -> [f32; 4] {
    [sums[0] + values[0], sums[1] + values[1], sums[2] + values[2], sums[3] + values[3]]
}
