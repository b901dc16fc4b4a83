//! Growing one tree, best split first.
//!
//! A node keeps the histogram of its rows. When it is split, the histogram of the child with fewer
//! rows is summed up and that of the other is what is left; nodes that may not be split further
//! get none.

use std::ops::Range;

use rayon::prelude::*;

use super::TreeParams;
use super::bins::{BinnedFrame, Binner, ColumnBins};
use super::histogram::{Accumulate, FeatureCells, Gradients, Layout};
use super::monotone::{Bounds, Signs};
use super::split::{Candidate, FeatureView, NodeState, Rule};
use super::sums::{ChildLimits, LeafRule};

/// Additions below which threads cost more than they bring.
const SEQUENTIAL_BELOW: usize = 100_000;

/// What a tree is grown from.
#[derive(Clone, Copy)]
pub(crate) struct Grower<'a> {
    pub binner: &'a Binner,
    pub binned: &'a BinnedFrame,
    pub gradients: &'a Gradients,
    pub params: &'a TreeParams,
    pub signs: &'a Signs,
    /// The columns this tree may use, ascending.
    pub features: &'a [usize],
}

/// A split of a grown tree; the right child follows the left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct GrownSplit {
    pub feature: usize,
    pub rule: Rule,
    pub gain: f32,
    pub left: usize,
}

/// A node of a grown tree.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GrownNode {
    /// `None` for a leaf.
    pub split: Option<GrownSplit>,
    /// The weight of its rows.
    pub cover: f32,
    /// Its values, padded to whole blocks.
    pub values: Vec<f32>,
    /// Its rows, as a range of [`GrownTree::rows`].
    pub rows: Range<usize>,
}

/// A grown tree and where its rows went.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GrownTree {
    pub nodes: Vec<GrownNode>,
    /// The rows, those of each node together.
    pub rows: Vec<u32>,
}

/// A node that can be split.
struct OpenNode {
    node: usize,
    depth: u8,
    state: NodeState,
    cells: Vec<f32>,
    best: Candidate,
}

/// A node that may become an [`OpenNode`] when a split is found.
struct Part {
    node: usize,
    depth: u8,
    state: NodeState,
    may_split: bool,
}

/// The best splits of the child whose rows are summed and of the one that gets the rest.
type Found = [Option<Candidate>; 2];

/// The two sides of a step: histograms and, where a split is looked for, nodes.
struct Step<'s> {
    rows: &'s [u32],
    /// The sums over the rows, one cell.
    total: &'s [f32],
    summed: &'s mut [f32],
    rest: Option<&'s mut [f32]>,
    look: [Option<&'s NodeState>; 2],
}

/// Everything that changes while a tree grows.
struct Growth<'a> {
    grower: Grower<'a>,
    leaf: LeafRule,
    tree: GrownTree,
    open: Vec<OpenNode>,
    n_leaves: usize,
    /// Buffers of histograms no longer needed.
    free: Vec<Vec<f32>>,
    moved: Vec<u32>,
}

// === impl Grower ===

impl<'a> Grower<'a> {
    /// Grows a tree on these rows.
    pub fn grow(self, rows: Vec<u32>) -> GrownTree {
        let layout = self.gradients.layout();
        let total = self.gradients.total(&rows);
        let leaf = LeafRule { layout, lambda: self.params.lambda };
        let state = NodeState::new(total, None, &leaf);
        let root = GrownNode {
            split: None,
            cover: state.total[0],
            values: leaf.values(&state.total, None),
            rows: 0..rows.len(),
        };
        let mut growth = Growth {
            grower: self,
            leaf,
            tree: GrownTree { nodes: vec![root], rows },
            open: Vec::new(),
            n_leaves: 1,
            free: Vec::new(),
            moved: Vec::new(),
        };
        growth.open_root(state);
        while let Some(next) = growth.take_best() {
            growth.split(next);
        }
        growth.tree
    }

    fn layout(&self) -> Layout {
        self.gradients.layout()
    }

    fn n_cells(&self) -> usize {
        self.features.iter().map(|&feature| self.binned.n_bins(feature) + 1).sum()
    }

    /// The part of a histogram that belongs to each feature.
    fn per_feature<'c>(&self, mut cells: &'c mut [f32]) -> Vec<FeatureCells<'c>> {
        let stride = self.layout().stride();
        let mut parts = Vec::with_capacity(self.features.len());
        for &feature in self.features {
            let (part, rest) = cells.split_at_mut((self.binned.n_bins(feature) + 1) * stride);
            parts.push(FeatureCells { feature, cells: part });
            cells = rest;
        }
        parts
    }

    fn look(&self, node: Option<&NodeState>, part: &FeatureCells<'_>) -> Option<Candidate> {
        let view = FeatureView {
            layout: self.layout(),
            params: self.params,
            node: node?,
            feature: part.feature,
            signs: self.signs.of(part.feature),
            cells: part.cells,
            n_bins: self.binned.n_bins(part.feature),
        };
        match self.binner.columns().get(part.feature) {
            Some(ColumnBins::Category { .. }) => view.best_category(),
            Some(ColumnBins::Number { .. }) | None => view.best_number(),
        }
    }

    /// Sums up histograms and looks for the best splits, over features in parallel.
    fn run(&self, step: Step<'_>) -> Found {
        let gathered = self.gradients.gather(step.rows);
        let accumulate = Accumulate {
            binned: self.binned,
            gradients: self.gradients,
            rows: step.rows,
            total: step.total,
            gathered: &gathered,
        };
        let look = step.look;
        let mut summed = self.per_feature(step.summed);
        let mut rest: Vec<Option<FeatureCells<'_>>> = match step.rest {
            Some(cells) => self.per_feature(cells).into_iter().map(Some).collect(),
            None => summed.iter().map(|_| None).collect(),
        };
        let chunk = |summed: &mut [FeatureCells<'_>], rest: &mut [Option<FeatureCells<'_>>]| {
            accumulate.run(summed);
            let mut found = [None, None];
            for (summed, rest) in summed.iter().zip(rest) {
                found[0] = better(found[0], self.look(look[0], summed));
                if let Some(rest) = rest {
                    for (rest, &summed) in rest.cells.iter_mut().zip(summed.cells.iter()) {
                        *rest -= summed;
                    }
                    found[1] = better(found[1], self.look(look[1], rest));
                }
            }
            found
        };
        let work = (step.rows.len() + 256) * self.features.len() * self.layout().stride();
        if work < SEQUENTIAL_BELOW {
            return chunk(&mut summed, &mut rest);
        }
        let per_task = summed.len().div_ceil(rayon::current_num_threads() * 2).max(1);
        let found: Vec<Found> = summed
            .par_chunks_mut(per_task)
            .zip(rest.par_chunks_mut(per_task))
            .map(|(summed, rest)| chunk(summed, rest))
            .collect();
        found
            .into_iter()
            .fold([None, None], |all, one| [better(all[0], one[0]), better(all[1], one[1])])
    }
}

// === impl Growth ===

impl Growth<'_> {
    fn buffer(&mut self) -> Vec<f32> {
        let length = self.grower.n_cells() * self.grower.layout().stride();
        self.free.pop().unwrap_or_else(|| vec![0.0; length])
    }

    fn may_split(&self, depth: u8, state: &NodeState) -> bool {
        let params = self.grower.params;
        depth < params.max_depth
            && self.n_leaves < params.max_leaves as usize
            && state.total[0] >= 2.0 * params.min_rows
    }

    fn open_root(&mut self, state: NodeState) {
        if !self.may_split(0, &state) || self.grower.features.is_empty() {
            return;
        }
        let mut cells = self.buffer();
        let [best, _] = self.grower.run(Step {
            rows: &self.tree.rows,
            total: &state.total,
            summed: &mut cells,
            rest: None,
            look: [Some(&state), None],
        });
        let part = Part { node: 0, depth: 0, state, may_split: true };
        self.open(part, cells, best);
    }

    fn open(&mut self, part: Part, cells: Vec<f32>, best: Option<Candidate>) {
        match best {
            Some(best) if part.may_split => {
                let Part { node, depth, state, .. } = part;
                self.open.push(OpenNode { node, depth, state, cells, best });
            }
            Some(_) | None => self.free.push(cells),
        }
    }

    /// The open node of the greatest gain, the oldest of equals.
    fn take_best(&mut self) -> Option<OpenNode> {
        if self.n_leaves >= self.grower.params.max_leaves as usize {
            return None;
        }
        let mut best: Option<usize> = None;
        for (at, open) in self.open.iter().enumerate() {
            let ahead = |best: usize| {
                let other = &self.open[best];
                (open.best.gain, other.node) > (other.best.gain, open.node)
            };
            if best.is_none_or(ahead) {
                best = Some(at);
            }
        }
        best.map(|at| self.open.swap_remove(at))
    }

    fn split(&mut self, parent: OpenNode) {
        let rows = self.tree.nodes[parent.node].rows.clone();
        let middle = self.partition(rows.clone(), &parent.best);
        let children = [rows.start..middle, middle..rows.end];
        let [left, right] = self.close(&parent, children.clone());
        let left_is_smaller = children[0].len() <= children[1].len();
        let (small, large, small_rows) = if left_is_smaller {
            (left, right, children[0].clone())
        } else {
            (right, left, children[1].clone())
        };
        if !small.may_split && !large.may_split {
            self.free.push(parent.cells);
            return;
        }
        let mut summed = self.buffer();
        let mut rest = parent.cells;
        let look = |part: &Part| part.may_split;
        let [best_small, best_large] = self.grower.run(Step {
            rows: &self.tree.rows[small_rows],
            total: &small.state.total,
            summed: &mut summed,
            rest: look(&large).then_some(rest.as_mut_slice()),
            look: [look(&small).then_some(&small.state), look(&large).then_some(&large.state)],
        });
        self.open(small, summed, best_small);
        self.open(large, rest, best_large);
    }

    /// Makes a node an inner one and adds its children.
    fn close(&mut self, parent: &OpenNode, rows: [Range<usize>; 2]) -> [Part; 2] {
        let Candidate { gain, feature, rule, lambda } = parent.best;
        let left_total = self.left_total(parent);
        let right_total: Vec<f32> =
            parent.state.total.iter().zip(&left_total).map(|(all, left)| all - left).collect();
        let limits = ChildLimits {
            signs: self.grower.signs.of(feature),
            bounds: parent.state.bounds.as_ref(),
        };
        let leaf = LeafRule { lambda, ..self.leaf };
        let values = leaf.child_values([&left_total, &right_total], limits);
        let [left_bounds, right_bounds] = limits.child_bounds(self.leaf.layout, &values);
        let left = self.tree.nodes.len();
        self.n_leaves += 1;
        self.tree.nodes[parent.node].split = Some(GrownSplit { feature, rule, gain, left });
        let [left_rows, right_rows] = rows;
        let depth = parent.depth + 1;
        [
            self.add(
                Child {
                    total: left_total,
                    bounds: left_bounds,
                    values: values.left,
                    rows: left_rows,
                },
                depth,
            ),
            self.add(
                Child {
                    total: right_total,
                    bounds: right_bounds,
                    values: values.right,
                    rows: right_rows,
                },
                depth,
            ),
        ]
    }

    fn add(&mut self, child: Child, depth: u8) -> Part {
        let node = self.tree.nodes.len();
        let state = NodeState::new(child.total, child.bounds, &self.leaf);
        self.tree.nodes.push(GrownNode {
            split: None,
            cover: state.total[0],
            values: child.values,
            rows: child.rows,
        });
        let may_split = self.may_split(depth, &state);
        Part { node, depth, state, may_split }
    }

    /// The sums over the rows that go left, from the histogram.
    fn left_total(&self, parent: &OpenNode) -> Vec<f32> {
        let stride = self.grower.layout().stride();
        let feature = parent.best.feature;
        let before: usize = self
            .grower
            .features
            .iter()
            .take_while(|&&other| other != feature)
            .map(|&other| self.grower.binned.n_bins(other) + 1)
            .sum();
        let n_bins = self.grower.binned.n_bins(feature);
        let cells = &parent.cells[before * stride..(before + n_bins + 1) * stride];
        let mut total = vec![0.0_f64; stride];
        for (bin, cell) in cells.chunks_exact(stride).enumerate() {
            if parent.best.rule.goes_left(bin as u8, n_bins as u8) {
                for (sum, &value) in total.iter_mut().zip(cell) {
                    *sum += f64::from(value);
                }
            }
        }
        total.into_iter().map(|value| value as f32).collect()
    }

    /// Orders the rows of a node so that those that go left come first; both keep their order.
    fn partition(&mut self, rows: Range<usize>, best: &Candidate) -> usize {
        let bins = self.grower.binned.column(best.feature);
        let missing = self.grower.binned.n_bins(best.feature) as u8;
        let mut goes_left = [false; 256];
        for (bin, left) in (0..=missing).zip(&mut goes_left) {
            *left = best.rule.goes_left(bin, missing);
        }
        self.moved.clear();
        let mut end = rows.start;
        for at in rows.clone() {
            let row = self.tree.rows[at];
            if goes_left[usize::from(bins[row as usize])] {
                self.tree.rows[end] = row;
                end += 1;
            } else {
                self.moved.push(row);
            }
        }
        self.tree.rows[end..rows.end].copy_from_slice(&self.moved);
        end
    }
}

/// A child that is added.
struct Child {
    total: Vec<f32>,
    bounds: Option<Bounds>,
    values: Vec<f32>,
    rows: Range<usize>,
}

// === impl GrownTree ===

impl GrownTree {
    /// The leaf of a row of a binned frame.
    pub fn leaf_of(&self, binned: &BinnedFrame, row: usize) -> &GrownNode {
        let mut node = &self.nodes[0];
        while let Some(split) = node.split {
            let bin = binned.column(split.feature)[row];
            let goes_left = split.rule.goes_left(bin, binned.n_bins(split.feature) as u8);
            node = &self.nodes[split.left + usize::from(!goes_left)];
        }
        node
    }
}

/// The candidate of the greater gain, the first of equals.
fn better(first: Option<Candidate>, second: Option<Candidate>) -> Option<Candidate> {
    match (first, second) {
        (Some(one), Some(two)) => Some(if two.gain > one.gain { two } else { one }),
        (one, two) => one.or(two),
    }
}
