//! The best split of a node by one feature.
//!
//! The score of a side with value `w` is `-(2 G w + (H + λ) w²)`, which is `G² / (H + λ)` at the
//! best `w`; with bounds or pooled values `w` is what the side would really get, so that the gain
//! counts with it.
//!
//! # Source
//! Chen and Guestrin 2016, arXiv:1603.02754, equations 5 to 7 and algorithm 3 (missing values try
//! both sides). Categories: sorted by gradient ratio as in LightGBM (Fisher 1958, "On grouping for
//! maximum homogeneity"), with its smoothing; with many outputs the ratio is that of the output
//! that the categories tell apart best.

use super::TreeParams;
use super::histogram::Layout;
use super::monotone::Bounds;
use super::scan;
use super::sums::{ScalarSums, Sums, VectorSums};

/// Smoothing of the ratio by which categories are sorted, and further L2 of their splits
/// (LightGBM `cat_smooth`, `cat_l2`).
const CATEGORY_SMOOTHING: f32 = 10.0;
/// Most categories on the smaller side (LightGBM `max_cat_threshold`).
const MOST_CATEGORIES: usize = 32;
/// Least weight of the categories between two tried splits and on either side (LightGBM `min_data_per_group`).
const LEAST_GROUP: f32 = 100.0;
/// Up to this many categories there is neither (LightGBM `max_cat_to_onehot`).
const FEW_CATEGORIES: usize = 4;

/// Which rows go left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Bins up to this one, and missing values or not.
    Number { bin: u8, missing_left: bool },
    /// The bins of this set.
    Category { left: [u64; 4] },
}

/// A possible split.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Candidate {
    pub gain: f32,
    pub feature: usize,
    pub rule: Rule,
    /// L2 of this split.
    pub lambda: f32,
}

/// A node that may be split.
#[derive(Clone, Debug)]
pub(crate) struct NodeState {
    /// Sums over its rows, one cell.
    pub total: Vec<f32>,
    /// Limits of its values, where constraints above it set some.
    pub bounds: Option<Bounds>,
    /// Its score as a leaf.
    pub score: f32,
}

/// A feature of a node.
#[derive(Clone, Copy)]
pub(crate) struct FeatureView<'a> {
    pub layout: Layout,
    pub params: &'a TreeParams,
    pub node: &'a NodeState,
    pub feature: usize,
    /// The signs of its constraints.
    pub signs: Option<&'a [f32]>,
    /// Its cells, the last of missing values.
    pub cells: &'a [f32],
    /// Bins without that of missing values.
    pub n_bins: usize,
}

/// The best split so far and the sums that decide.
struct Search<'a, S> {
    view: FeatureView<'a>,
    lambda: f32,
    least: f32,
    best: Option<Candidate>,
    left: S,
}

// === impl Rule ===

impl Rule {
    /// Whether a bin goes left; `missing` is the bin of missing values.
    pub fn goes_left(self, bin: u8, missing: u8) -> bool {
        match self {
            Self::Number { missing_left, .. } if bin == missing => missing_left,
            Self::Number { bin: last, .. } => bin <= last,
            Self::Category { left } => in_set(&left, bin),
        }
    }
}

// === impl FeatureView ===

impl FeatureView<'_> {
    /// The best split by number order, if one is good enough.
    pub fn best_number(self) -> Option<Candidate> {
        if self.layout.is_scalar() {
            if self.signs.is_none() && self.node.bounds.is_none() {
                return scan::best_number(self, self.least_weight());
            }
            Search::<ScalarSums>::new(self, self.params.lambda).number()
        } else {
            Search::<VectorSums>::new(self, self.params.lambda).number()
        }
    }

    /// The best split by sorted categories, if one is good enough.
    pub fn best_category(self) -> Option<Candidate> {
        let used: Vec<usize> = (0..=self.n_bins).filter(|&bin| self.cell(bin)[0] > 0.0).collect();
        let n_levels = used.iter().filter(|&&bin| bin < self.n_bins).count();
        let smooth = if n_levels <= FEW_CATEGORIES { 0.0 } else { CATEGORY_SMOOTHING };
        let lambda = self.params.lambda + smooth;
        let order = self.order_categories(used, smooth);
        if self.layout.is_scalar() {
            Search::<ScalarSums>::new(self, lambda).category(&order)
        } else {
            Search::<VectorSums>::new(self, lambda).category(&order)
        }
    }

    /// A side must have rows: at no least weight a millionth of the node's.
    fn least_weight(&self) -> f32 {
        self.params.min_rows.max(self.node.total[0] * 1e-6)
    }

    /// What a gain must exceed: below a millionth of the score it is rounding.
    pub fn least_gain(&self) -> f32 {
        self.params.min_gain.max(1e-6 * self.node.score)
    }

    fn cell(&self, bin: usize) -> &[f32] {
        let stride = self.layout.stride();
        &self.cells[bin * stride..(bin + 1) * stride]
    }

    /// Categories with enough rows, by ascending ratio of gradient and hessian.
    fn order_categories(&self, mut used: Vec<usize>, smooth: f32) -> Vec<usize> {
        if smooth > 0.0 {
            used.retain(|&bin| self.cell(bin)[0] >= smooth);
        }
        let output = self.best_told_apart(&used, smooth);
        let (g, h) = (self.layout.gradient(output), self.layout.hessian(output));
        let ratio = |bin: usize| self.cell(bin)[g] / (self.cell(bin)[h].max(0.0) + smooth + 1e-6);
        used.sort_by(|&a, &b| ratio(a).total_cmp(&ratio(b)).then(a.cmp(&b)));
        used
    }

    /// The output with the greatest gain if every category had a leaf of its own.
    fn best_told_apart(&self, used: &[usize], smooth: f32) -> usize {
        let gain = |output: usize| {
            let (g, h) = (self.layout.gradient(output), self.layout.hessian(output));
            let score = |cell: &[f32]| cell[g] * cell[g] / (cell[h].max(0.0) + smooth + 1e-6);
            used.iter().map(|&bin| score(self.cell(bin))).sum::<f32>() - score(&self.node.total)
        };
        let mut best = (0, f32::NEG_INFINITY);
        for output in 0..self.layout.n_outputs() {
            let gain = gain(output);
            if gain > best.1 {
                best = (output, gain);
            }
        }
        best.0
    }
}

// === impl Search ===

impl<'a, S: Sums> Search<'a, S> {
    fn new(view: FeatureView<'a>, lambda: f32) -> Self {
        let least = view.least_weight();
        let left = S::zero(view.layout);
        Self { view, lambda, least, best: None, left }
    }

    fn number(mut self) -> Option<Candidate> {
        let view = self.view;
        let missing = view.cell(view.n_bins);
        let has_missing = missing[0] > 0.0;
        let mut with_missing = S::zero(view.layout);
        for bin in 0..view.n_bins {
            let cell = view.cell(bin);
            if cell[0] <= 0.0 {
                continue;
            }
            self.left.add(cell);
            if view.node.total[0] - self.left.weight() < self.least {
                break;
            }
            if let Some(gain) = self.gain(&self.left) {
                let missing_left = !has_missing && self.left.weight() * 2.0 >= view.node.total[0];
                self.keep(gain, Rule::Number { bin: bin as u8, missing_left });
            }
            if has_missing {
                with_missing.copy_from(&self.left);
                with_missing.add(missing);
                if let Some(gain) = self.gain(&with_missing) {
                    self.keep(gain, Rule::Number { bin: bin as u8, missing_left: true });
                }
            }
        }
        self.best
    }

    fn category(mut self, order: &[usize]) -> Option<Candidate> {
        // Either half of the order is the other's rest, so half of it is enough from each end.
        let most = order.len().div_ceil(2).min(MOST_CATEGORIES);
        let least_group = if self.lambda > self.view.params.lambda { LEAST_GROUP } else { 0.0 };
        let backwards: Vec<usize> = order.iter().rev().copied().collect();
        for order in [order, backwards.as_slice()] {
            self.left = S::zero(self.view.layout);
            let (mut set, mut group) = ([0; 4], 0.0);
            for &bin in order.iter().take(most) {
                self.left.add(self.view.cell(bin));
                set[bin / 64] |= 1 << (bin % 64);
                group += self.view.cell(bin)[0];
                if self.view.node.total[0] - self.left.weight() < least_group {
                    break;
                }
                if group < least_group {
                    continue;
                }
                group = 0.0;
                if let Some(gain) = self.gain(&self.left) {
                    self.keep(gain, Rule::Category { left: set });
                }
            }
        }
        self.best
    }

    fn gain(&self, left: &S) -> Option<f32> {
        let right_weight = self.view.node.total[0] - left.weight();
        if left.weight() < self.least || right_weight < self.least {
            return None;
        }
        let score = left.score(&self.view, self.lambda)?;
        Some(score - self.view.node.score)
    }

    fn keep(&mut self, gain: f32, rule: Rule) {
        if gain > self.best.map_or(self.view.least_gain(), |best| best.gain) {
            let (feature, lambda) = (self.view.feature, self.lambda);
            self.best = Some(Candidate { gain, feature, rule, lambda });
        }
    }
}

/// Whether a bin is in a set.
pub(crate) fn in_set(set: &[u64; 4], bin: u8) -> bool {
    set[usize::from(bin / 64)] >> (bin % 64) & 1 == 1
}
