//! Sums over one side of a split and what they are worth, with one output and with many.

use super::histogram::{Layout, add4};
use super::monotone::Bounds;
use super::split::{FeatureView, NodeState};

/// Keeps a quotient finite where neither rows nor L2 give a hessian.
const TINY: f32 = 1e-6;

/// Sums over the left side of a split.
pub(crate) trait Sums {
    fn zero(layout: Layout) -> Self;
    fn copy_from(&mut self, other: &Self);
    fn add(&mut self, cell: &[f32]);
    fn weight(&self) -> f32;
    /// The score of both sides, `None` when one has too little hessian.
    fn score(&self, view: &FeatureView<'_>, lambda: f32) -> Option<f32>;
}

/// One output, in double precision.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ScalarSums {
    weight: f64,
    gradient: f64,
    hessian: f64,
}

/// Many outputs: a cell.
#[derive(Clone, Debug)]
pub(crate) struct VectorSums {
    cell: Vec<f32>,
}

/// Four outputs of both sides.
struct Block<'a> {
    left: &'a [f32; 8],
    total: &'a [f32; 8],
}

/// Values of the two children of a split.
pub(crate) struct ChildValues {
    pub left: Vec<f32>,
    pub right: Vec<f32>,
}

// === impl ScalarSums ===

impl Sums for ScalarSums {
    fn zero(_: Layout) -> Self {
        Self::default()
    }

    fn copy_from(&mut self, other: &Self) {
        *self = *other;
    }

    fn add(&mut self, cell: &[f32]) {
        self.weight += f64::from(cell[0]);
        self.gradient += f64::from(cell[1]);
        self.hessian += f64::from(cell[2]);
    }

    fn weight(&self) -> f32 {
        self.weight as f32
    }

    fn score(&self, view: &FeatureView<'_>, lambda: f32) -> Option<f32> {
        let total = &view.node.total;
        let right_hessian = f64::from(total[2]) - self.hessian;
        let least = f64::from(view.params.min_hessian);
        if self.hessian < least || right_hessian < least {
            return None;
        }
        let lambda = f64::from(lambda) + 1e-12;
        let left = (self.gradient, self.hessian + lambda);
        let right = (f64::from(total[1]) - self.gradient, right_hessian.max(0.0) + lambda);
        if view.signs.is_none() && view.node.bounds.is_none() {
            let score = left.0 * left.0 / left.1 + right.0 * right.0 / right.1;
            return Some(score as f32);
        }
        let (low, high) = match &view.node.bounds {
            Some(bounds) => (f64::from(bounds.low[0]), f64::from(bounds.high[0])),
            None => (f64::NEG_INFINITY, f64::INFINITY),
        };
        let value = |side: (f64, f64)| (-side.0 / side.1).clamp(low, high);
        let sign = f64::from(view.signs.map_or(0.0, |signs| signs[0]));
        let (mut at_left, mut at_right) = (value(left), value(right));
        if sign * at_left > sign * at_right {
            at_left = value((left.0 + right.0, left.1 + right.1 - lambda));
            at_right = at_left;
        }
        let score = |side: (f64, f64), w: f64| -(2.0 * side.0 * w + side.1 * w * w);
        Some((score(left, at_left) + score(right, at_right)) as f32)
    }
}

// === impl VectorSums ===

impl Sums for VectorSums {
    fn zero(layout: Layout) -> Self {
        Self { cell: vec![0.0; layout.stride()] }
    }

    fn copy_from(&mut self, other: &Self) {
        self.cell.copy_from_slice(&other.cell);
    }

    fn add(&mut self, cell: &[f32]) {
        for (sum, value) in self.cell.iter_mut().zip(cell) {
            *sum += value;
        }
    }

    fn weight(&self) -> f32 {
        self.cell[0]
    }

    fn score(&self, view: &FeatureView<'_>, lambda: f32) -> Option<f32> {
        let total = &view.node.total;
        if view.params.min_hessian > 0.0 {
            let left = hessian(&self.cell);
            let least = view.params.min_hessian;
            if left < least || hessian(total) - left < least {
                return None;
            }
        }
        let lambda = lambda + TINY;
        let score = match (view.signs, &view.node.bounds) {
            (None, None) => {
                blocks(&self.cell, total).map(|block| block.free_score(lambda)).fold([0.0; 4], add4)
            }
            (signs, bounds) => {
                let limits = Limits { signs, bounds: bounds.as_ref() };
                blocks(&self.cell, total)
                    .enumerate()
                    .map(|(at, block)| block.limited_score(lambda, &limits.block(at)))
                    .fold([0.0; 4], add4)
            }
        };
        Some(score.iter().sum())
    }
}

// === impl Block ===

/// Signs and bounds of a node, where there are some.
struct Limits<'a> {
    signs: Option<&'a [f32]>,
    bounds: Option<&'a Bounds>,
}

/// Signs and bounds of four outputs.
struct BlockLimits {
    sign: [f32; 4],
    low: [f32; 4],
    high: [f32; 4],
}

impl Limits<'_> {
    fn block(&self, at: usize) -> BlockLimits {
        let four = |values: &[f32]| {
            let (fours, _) = values.as_chunks::<4>();
            fours[at]
        };
        BlockLimits {
            sign: self.signs.map_or([0.0; 4], four),
            low: self.bounds.map_or([f32::NEG_INFINITY; 4], |bounds| four(&bounds.low)),
            high: self.bounds.map_or([f32::INFINITY; 4], |bounds| four(&bounds.high)),
        }
    }
}

impl Block<'_> {
    #[inline]
    fn free_score(&self, lambda: f32) -> [f32; 4] {
        let mut score = [0.0; 4];
        for (i, score) in score.iter_mut().enumerate() {
            let left = self.left[i];
            let right = self.total[i] - left;
            let left_h = self.left[4 + i].max(0.0) + lambda;
            let right_h = (self.total[4 + i] - self.left[4 + i]).max(0.0) + lambda;
            // One division for both sides.
            *score = (left * left * right_h + right * right * left_h) / (left_h * right_h);
        }
        score
    }

    #[inline]
    fn limited_score(&self, lambda: f32, limits: &BlockLimits) -> [f32; 4] {
        let mut score = [0.0; 4];
        for (i, score) in score.iter_mut().enumerate() {
            let left = self.left[i];
            let right = self.total[i] - left;
            let left_h = self.left[4 + i].max(0.0) + lambda;
            let right_h = (self.total[4 + i] - self.left[4 + i]).max(0.0) + lambda;
            let (low, high) = (limits.low[i], limits.high[i]);
            let at_left = (-left / left_h).max(low).min(high);
            let at_right = (-right / right_h).max(low).min(high);
            let pooled = (-(left + right) / (left_h + right_h - lambda)).max(low).min(high);
            let crossed = limits.sign[i] * at_left > limits.sign[i] * at_right;
            let at_left = if crossed { pooled } else { at_left };
            let at_right = if crossed { pooled } else { at_right };
            *score = -(2.0 * left * at_left + left_h * at_left * at_left)
                - (2.0 * right * at_right + right_h * at_right * at_right);
        }
        score
    }
}

// === impl NodeState ===

impl NodeState {
    /// A node with these sums and limits.
    pub fn new(total: Vec<f32>, bounds: Option<Bounds>, leaf: &LeafRule) -> Self {
        let values = leaf.values(&total, bounds.as_ref());
        let mut score = 0.0;
        for (output, &w) in values.iter().enumerate().take(leaf.layout.n_outputs()) {
            let (g, h) = leaf.sums(&total, output);
            score -= 2.0 * g * w + (h + leaf.lambda) * w * w;
        }
        Self { total, bounds, score }
    }
}

/// How sums become the value of a leaf.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LeafRule {
    pub layout: Layout,
    pub lambda: f32,
}

// === impl LeafRule ===

impl LeafRule {
    fn sums(&self, cell: &[f32], output: usize) -> (f32, f32) {
        (cell[self.layout.gradient(output)], cell[self.layout.hessian(output)].max(0.0))
    }

    /// The values of a leaf, padded to whole blocks.
    pub fn values(&self, total: &[f32], bounds: Option<&Bounds>) -> Vec<f32> {
        let mut values = vec![0.0; self.layout.padded()];
        for (output, value) in values.iter_mut().enumerate().take(self.layout.n_outputs()) {
            let (g, h) = self.sums(total, output);
            *value = self.value(g, h);
            if let Some(bounds) = bounds {
                *value = value.max(bounds.low[output]).min(bounds.high[output]);
            }
        }
        values
    }

    fn value(&self, gradient: f32, hessian: f32) -> f32 {
        -gradient / (hessian + self.lambda + TINY)
    }

    /// The values of two children: each its own, but both the value of all their rows where their
    /// order would break a sign.
    pub fn child_values(&self, children: [&[f32]; 2], limits: ChildLimits<'_>) -> ChildValues {
        let [left, right] = children;
        let mut values = ChildValues {
            left: self.values(left, limits.bounds),
            right: self.values(right, limits.bounds),
        };
        let Some(signs) = limits.signs else { return values };
        let total: Vec<f32> = left.iter().zip(right).map(|(a, b)| a + b).collect();
        let pooled = self.values(&total, limits.bounds);
        for (output, &sign) in signs.iter().enumerate() {
            if sign * values.left[output] > sign * values.right[output] {
                values.left[output] = pooled[output];
                values.right[output] = pooled[output];
            }
        }
        values
    }
}

/// Limits of the children of a split.
#[derive(Clone, Copy)]
pub(crate) struct ChildLimits<'a> {
    pub signs: Option<&'a [f32]>,
    pub bounds: Option<&'a Bounds>,
}

// === impl ChildLimits ===

impl ChildLimits<'_> {
    /// The bounds of the two children: what a sign orders is parted in the middle.
    pub fn child_bounds(self, layout: Layout, values: &ChildValues) -> [Option<Bounds>; 2] {
        let Some(signs) = self.signs else { return [self.bounds.cloned(), self.bounds.cloned()] };
        let mut left = self.bounds.cloned().unwrap_or_else(|| Bounds::unlimited(layout));
        let mut right = left.clone();
        for (output, &sign) in signs.iter().enumerate() {
            let middle = values.left[output] * 0.5 + values.right[output] * 0.5;
            if sign > 0.0 {
                left.high[output] = left.high[output].min(middle);
                right.low[output] = right.low[output].max(middle);
            } else if sign < 0.0 {
                left.low[output] = left.low[output].max(middle);
                right.high[output] = right.high[output].min(middle);
            }
        }
        [Some(left), Some(right)]
    }
}

/// The blocks of four outputs of the long form, behind the weight.
fn blocks<'a>(left: &'a [f32], total: &'a [f32]) -> impl Iterator<Item = Block<'a>> {
    let (left, _) = left[4..].as_chunks::<8>();
    let (total, _) = total[4..].as_chunks::<8>();
    left.iter().zip(total).map(|(left, total)| Block { left, total })
}

/// The sum of all hessians of a cell of the long form.
fn hessian(cell: &[f32]) -> f32 {
    let (blocks, _) = cell[4..].as_chunks::<8>();
    blocks.iter().fold([0.0; 4], |sum, b| add4(sum, [b[4], b[5], b[6], b[7]])).iter().sum()
}
