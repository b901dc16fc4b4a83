//! Trees as flat arrays, for prediction.
//!
//! All nodes of all trees lie in one array, the right child of a split behind the left; leaf
//! vectors lie in another, one after the other.

use serde::{Deserialize, Serialize};

use super::bins::{Binner, ColumnBins};
use super::grow::{GrownSplit, GrownTree};
use super::split::{Rule, in_set};
use super::stored::Stored;
use crate::frame::dense_to_code;

/// A node; 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Node {
    /// What it does with a value.
    pub test: Test,
    /// Whether missing values go right.
    pub missing_right: bool,
    /// The column.
    pub feature: u16,
    /// A number up to this goes left.
    pub threshold: f32,
    /// The left child, or the number of the leaf.
    pub next: u32,
    /// The position of the set of codes that go left.
    pub set: u32,
}

/// What a node does with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Test {
    Leaf,
    Number,
    Category,
}

/// Trees that are added up; a leaf is a vector of [`Ensemble::width`] values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Ensemble {
    pub(super) n_features: usize,
    pub(super) width: usize,
    pub(super) nodes: Vec<Node>,
    /// First node of each tree.
    pub(super) roots: Vec<u32>,
    /// `[n_leaves, width]`.
    pub(super) leaves: Vec<f32>,
    /// Per node: the weight of the training rows, and the gain where it is a split.
    pub(super) covers: Vec<f32>,
    pub(super) gains: Vec<f32>,
    /// Sets of codes: the number of words, then the words.
    pub(super) sets: Vec<u64>,
}

// === impl Ensemble ===

impl Ensemble {
    pub(crate) const fn new(n_features: usize, width: usize) -> Self {
        Self {
            n_features,
            width,
            nodes: Vec::new(),
            roots: Vec::new(),
            leaves: Vec::new(),
            covers: Vec::new(),
            gains: Vec::new(),
            sets: Vec::new(),
        }
    }

    /// The number of trees.
    #[must_use]
    pub const fn n_trees(&self) -> usize {
        self.roots.len()
    }

    /// The length of a leaf vector.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// The number of columns.
    #[must_use]
    pub const fn n_features(&self) -> usize {
        self.n_features
    }

    /// The number of nodes of all trees.
    #[must_use]
    pub const fn n_nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Adds a tree, its values times `scale`.
    pub(crate) fn push(&mut self, tree: &GrownTree, binner: &Binner, scale: f32) {
        let root = self.nodes.len() as u32;
        self.roots.push(root);
        for grown in &tree.nodes {
            let node = match grown.split {
                Some(split) => self.inner(split, binner, root),
                None => self.leaf_node(&grown.values, scale),
            };
            self.nodes.push(node);
            self.covers.push(grown.cover);
            self.gains.push(grown.split.map_or(0.0, |split| split.gain));
        }
    }

    fn leaf_node(&mut self, values: &[f32], scale: f32) -> Node {
        let next = (self.leaves.len() / self.width.max(1)) as u32;
        self.leaves.extend(values.iter().take(self.width).map(|value| value * scale));
        let (test, missing_right) = (Test::Leaf, false);
        Node { test, missing_right, feature: 0, threshold: 0.0, next, set: 0 }
    }

    fn inner(&mut self, split: GrownSplit, binner: &Binner, root: u32) -> Node {
        let bins = &binner.columns()[split.feature];
        let missing = bins.n_bins() as u8;
        let missing_right = !split.rule.goes_left(missing, missing);
        let (feature, next) = (split.feature as u16, root + split.left as u32);
        match (split.rule, bins) {
            (Rule::Category { left }, ColumnBins::Category { bin_of_code, .. }) => {
                let set = self.sets.len() as u32;
                self.push_set(bin_of_code, &left);
                let test = Test::Category;
                Node { test, missing_right, feature, threshold: 0.0, next, set }
            }
            (Rule::Number { bin, .. }, ColumnBins::Number { cuts }) => {
                // The split behind the last bin parts missing values from all others.
                let threshold = cuts.get(usize::from(bin)).copied().unwrap_or(f32::MAX);
                Node { test: Test::Number, missing_right, feature, threshold, next, set: 0 }
            }
            (Rule::Category { .. }, ColumnBins::Number { .. })
            | (Rule::Number { .. }, ColumnBins::Category { .. }) => {
                unreachable!("the rule is of the kind of the column it was searched in")
            }
        }
    }

    fn push_set(&mut self, bin_of_code: &[u8], left: &[u64; 4]) {
        let n_words = bin_of_code.len().div_ceil(64);
        let start = self.sets.len() + 1;
        self.sets.push(n_words as u64);
        self.sets.resize(start + n_words, 0);
        for (code, &bin) in bin_of_code.iter().enumerate() {
            if in_set(left, bin) {
                self.sets[start + code / 64] |= 1 << (code % 64);
            }
        }
    }

    /// Keeps the first trees only.
    pub(crate) fn truncate(&mut self, n_trees: usize) {
        let Some(&end) = self.roots.get(n_trees) else { return };
        let end = end as usize;
        let n_leaves = self.nodes[..end].iter().filter(|node| node.test == Test::Leaf).count();
        self.roots.truncate(n_trees);
        self.nodes.truncate(end);
        self.covers.truncate(end);
        self.gains.truncate(end);
        self.leaves.truncate(n_leaves * self.width);
        let sets = self.nodes.iter().filter(|node| node.test == Test::Category);
        let end_of_sets =
            sets.map(|node| node.set as usize + 1 + self.sets[node.set as usize] as usize);
        let end_of_sets = end_of_sets.max().unwrap_or(0);
        self.sets.truncate(end_of_sets);
    }

    /// The leaf number of a tree for a dense row of [`Ensemble::n_features`] values.
    pub(crate) fn find_leaf(&self, tree: usize, row: &[f32]) -> usize {
        let mut node = &self.nodes[self.roots[tree] as usize];
        while node.test != Test::Leaf {
            node = &self.nodes[self.child(node, row)];
        }
        node.next as usize
    }

    /// The values of a leaf.
    pub(crate) fn leaf_values(&self, leaf: usize) -> &[f32] {
        &self.leaves[leaf * self.width..(leaf + 1) * self.width]
    }

    pub(super) fn child(&self, node: &Node, row: &[f32]) -> usize {
        let value = row[usize::from(node.feature)];
        let right = if value.is_nan() {
            node.missing_right
        } else if node.test == Test::Number {
            value > node.threshold
        } else {
            self.code_goes_right(node, value)
        };
        node.next as usize + usize::from(right)
    }

    /// A code that was not there when the tree was grown counts as missing.
    fn code_goes_right(&self, node: &Node, value: f32) -> bool {
        let code = dense_to_code(value) as usize;
        let start = node.set as usize + 1;
        let n_words = self.sets[node.set as usize] as usize;
        if code / 64 >= n_words {
            return node.missing_right;
        }
        self.sets[start + code / 64] >> (code % 64) & 1 == 0
    }

    /// Gain per column, summed over all splits.
    #[must_use]
    pub fn importances(&self) -> Vec<f64> {
        let mut importances = vec![0.0; self.n_features];
        for (node, &gain) in self.nodes.iter().zip(&self.gains) {
            if node.test != Test::Leaf {
                importances[usize::from(node.feature)] += f64::from(gain);
            }
        }
        importances
    }
}
