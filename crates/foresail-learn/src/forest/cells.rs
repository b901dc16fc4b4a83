//! Class counts per bin of one column in one node, and the best split by them.
//!
//! Only bins that hold rows are visited: most nodes of a forest are far smaller than a column has
//! bins.

use super::grow::Item;
use crate::tree::split::Rule;

/// Bins of a column, with that of missing values.
const N_BINS: usize = 256;

/// A split and what it is worth: the sum of squared class counts of each side over its count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Found {
    pub score: f64,
    pub rule: Rule,
}

/// Counts, used again for every column.
pub(super) struct Cells {
    n_classes: usize,
    /// `[bin][class]`.
    counts: Vec<f32>,
    /// The bins that hold rows.
    used: Vec<u8>,
    left: Vec<f32>,
    with_missing: Vec<f32>,
}

/// A column of a node.
#[derive(Clone, Copy)]
pub(super) struct ColumnOfNode<'a> {
    pub bins: &'a [u8],
    /// The bin of missing values.
    pub missing: u8,
    pub items: &'a [Item],
    /// Class counts of the node.
    pub total: &'a [f32],
    pub min_rows: f32,
}

// === impl Cells ===

impl Cells {
    pub fn new(n_classes: usize) -> Self {
        Self {
            n_classes,
            counts: vec![0.0; N_BINS * n_classes],
            used: Vec::with_capacity(N_BINS),
            left: vec![0.0; n_classes],
            with_missing: vec![0.0; n_classes],
        }
    }

    /// Counts the rows of a node; false when all are in one bin.
    pub fn count(&mut self, column: ColumnOfNode<'_>) -> bool {
        for &bin in &self.used {
            let start = usize::from(bin) * self.n_classes;
            self.counts[start..start + self.n_classes].fill(0.0);
        }
        self.used.clear();
        let mut seen = [0_u64; 4];
        for item in column.items {
            let bin = column.bins[item.row as usize];
            seen[usize::from(bin / 64)] |= 1 << (bin % 64);
            self.counts[usize::from(bin) * self.n_classes + item.class as usize] += item.count;
        }
        for (word, mut bits) in seen.into_iter().enumerate() {
            while bits != 0 {
                self.used.push((word * 64) as u8 + bits.trailing_zeros() as u8);
                bits &= bits - 1;
            }
        }
        self.used.len() > 1
    }

    fn cell(&self, bin: u8) -> &[f32] {
        let start = usize::from(bin) * self.n_classes;
        &self.counts[start..start + self.n_classes]
    }

    /// The best split of the counted rows by number order.
    pub fn best_number(&mut self, column: ColumnOfNode<'_>) -> Option<Found> {
        let has_missing = self.used.last() == Some(&column.missing);
        let n_values = self.used.len() - usize::from(has_missing);
        let mut best = None;
        self.left.fill(0.0);
        for at in 0..n_values {
            let bin = self.used[at];
            add(&mut self.left, &self.counts[usize::from(bin) * self.n_classes..]);
            // Between two values that the node holds, cut in the middle.
            let next = if at + 1 < n_values { self.used[at + 1] } else { bin + 1 };
            let bin = bin + (next - bin - 1) / 2;
            if at + 1 < n_values || has_missing {
                let missing_left = !has_missing && sum(&self.left) * 2.0 >= sum(column.total);
                let rule = Rule::Number { bin, missing_left };
                keep(&mut best, score(&self.left, column), rule);
            }
            if has_missing && at + 1 < n_values {
                self.with_missing.copy_from_slice(&self.left);
                let start = usize::from(column.missing) * self.n_classes;
                add(&mut self.with_missing, &self.counts[start..]);
                let rule = Rule::Number { bin, missing_left: true };
                keep(&mut best, score(&self.with_missing, column), rule);
            }
        }
        best
    }

    /// The best split of the counted rows by categories, sorted by the share of the class that they
    /// tell apart best.
    pub fn best_category(&mut self, column: ColumnOfNode<'_>) -> Option<Found> {
        let purity = |class: usize| {
            let share = |&bin: &u8| self.cell(bin)[class].powi(2) / sum(self.cell(bin));
            let total = column.total[class].powi(2) / sum(column.total);
            self.used.iter().map(share).sum::<f32>() - total
        };
        let mut class = 0;
        for other in 1..self.n_classes {
            if purity(other) > purity(class) {
                class = other;
            }
        }
        let share = |bin: u8| self.cell(bin)[class] / sum(self.cell(bin));
        let mut order = self.used.clone();
        order.sort_by(|&a, &b| share(a).total_cmp(&share(b)).then(a.cmp(&b)));
        let (mut best, mut set) = (None, [0_u64; 4]);
        self.left.fill(0.0);
        order.pop();
        for bin in order {
            add(&mut self.left, &self.counts[usize::from(bin) * self.n_classes..]);
            set[usize::from(bin / 64)] |= 1 << (bin % 64);
            keep(&mut best, score(&self.left, column), Rule::Category { left: set });
        }
        best
    }
}

fn keep(best: &mut Option<Found>, score: Option<f64>, rule: Rule) {
    if let Some(score) = score
        && best.is_none_or(|best| score > best.score)
    {
        *best = Some(Found { score, rule });
    }
}

/// The sum of squared class counts of both sides over their counts, `None` when one is too small.
/// It rises by what the Gini impurity, times the count, falls.
fn score(left: &[f32], column: ColumnOfNode<'_>) -> Option<f64> {
    let (mut on_left, mut on_right) = ([0.0_f64; 2], [0.0_f64; 2]);
    for (&left, &total) in left.iter().zip(column.total) {
        let (left, right) = (f64::from(left), f64::from(total - left));
        on_left = [on_left[0] + left, on_left[1] + left * left];
        on_right = [on_right[0] + right, on_right[1] + right * right];
    }
    let least = f64::from(column.min_rows).max(f64::MIN_POSITIVE);
    if on_left[0] < least || on_right[0] < least {
        return None;
    }
    Some(on_left[1] / on_left[0] + on_right[1] / on_right[0])
}

pub(super) fn sum(counts: &[f32]) -> f32 {
    counts.iter().sum()
}

fn add(sums: &mut [f32], counts: &[f32]) {
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum += count;
    }
}
