//! Growing one tree of a forest, depth first.

use std::ops::Range;

use rand_chacha::ChaCha8Rng;

use super::ForestParams;
use super::cells::{Cells, ColumnOfNode, Found, sum};
use crate::tree::bins::{BinnedFrame, Binner, ColumnBins};
use crate::tree::grow::{GrownNode, GrownSplit, GrownTree};
use crate::tree::sample::below;

/// A drawn row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Item {
    pub row: u32,
    pub class: u32,
    /// How often it was drawn.
    pub count: f32,
}

/// What the trees of a forest are grown from.
pub(super) struct Forester<'a> {
    pub binner: &'a Binner,
    pub binned: &'a BinnedFrame,
    pub n_classes: usize,
    pub params: &'a ForestParams,
    /// Columns that a node looks at.
    pub n_columns: usize,
}

/// A node that waits for its split.
struct Waiting {
    node: usize,
    depth: u8,
    items: Range<usize>,
}

/// A split of one column.
struct Chosen {
    column: usize,
    found: Found,
}

/// A tree while it grows.
struct Growth<'a> {
    forester: &'a Forester<'a>,
    rng: ChaCha8Rng,
    items: Vec<Item>,
    moved: Vec<Item>,
    cells: Cells,
    /// All columns, in the order of the last draw.
    columns: Vec<usize>,
    nodes: Vec<GrownNode>,
    waiting: Vec<Waiting>,
}

// === impl Forester ===

impl Forester<'_> {
    pub fn grow(&self, items: Vec<Item>, rng: ChaCha8Rng) -> GrownTree {
        let mut growth = Growth {
            forester: self,
            rng,
            moved: Vec::new(),
            cells: Cells::new(self.n_classes),
            columns: (0..self.binned.n_columns()).collect(),
            nodes: Vec::new(),
            waiting: Vec::new(),
            items,
        };
        growth.run();
        GrownTree { nodes: growth.nodes, rows: Vec::new() }
    }
}

// === impl Growth ===

impl Growth<'_> {
    fn run(&mut self) {
        self.add(0..self.items.len(), 0);
        while let Some(next) = self.waiting.pop() {
            let total = self.total(next.items.clone());
            match self.choose(&next, &total) {
                Some(chosen) => self.split(next, &chosen),
                None => {
                    let all = sum(&total);
                    self.nodes[next.node].values = total.iter().map(|count| count / all).collect();
                }
            }
        }
    }

    fn add(&mut self, items: Range<usize>, depth: u8) {
        let node = self.nodes.len();
        let cover = self.items[items.clone()].iter().map(|item| item.count).sum();
        let values = Vec::new();
        self.nodes.push(GrownNode { split: None, cover, values, rows: 0..0 });
        self.waiting.push(Waiting { node, depth, items });
    }

    /// Class counts of a node.
    fn total(&self, items: Range<usize>) -> Vec<f32> {
        let mut total = vec![0.0; self.forester.n_classes];
        for item in &self.items[items] {
            total[item.class as usize] += item.count;
        }
        total
    }

    /// The best split by columns drawn until enough of them are not constant in the node.
    fn choose(&mut self, node: &Waiting, total: &[f32]) -> Option<Chosen> {
        let params = self.forester.params;
        let is_pure = total.iter().filter(|&&count| count > 0.0).count() < 2;
        if is_pure || node.depth >= params.max_depth || sum(total) < 2.0 * params.min_rows {
            return None;
        }
        let mut best: Option<Chosen> = None;
        let mut looked = 0;
        for front in 0..self.columns.len() {
            let other = front + below(&mut self.rng, self.columns.len() - front);
            self.columns.swap(front, other);
            let column = self.columns[front];
            let view = ColumnOfNode {
                bins: self.forester.binned.column(column),
                missing: self.forester.binned.n_bins(column) as u8,
                items: &self.items[node.items.clone()],
                total,
                min_rows: params.min_rows,
            };
            if !self.cells.count(view) {
                continue;
            }
            let found = match self.forester.binner.columns().get(column) {
                Some(ColumnBins::Category { .. }) => self.cells.best_category(view),
                Some(ColumnBins::Number { .. }) | None => self.cells.best_number(view),
            };
            if let Some(found) = found
                && best.as_ref().is_none_or(|best| found.score > best.found.score)
            {
                best = Some(Chosen { column, found });
            }
            looked += 1;
            if looked == self.forester.n_columns {
                break;
            }
        }
        best
    }

    fn split(&mut self, node: Waiting, chosen: &Chosen) {
        let total = self.total(node.items.clone());
        let before: f32 = total.iter().map(|count| count * count).sum::<f32>() / sum(&total);
        let middle = self.partition(node.items.clone(), chosen);
        let left = self.nodes.len();
        self.nodes[node.node].split = Some(GrownSplit {
            feature: chosen.column,
            rule: chosen.found.rule,
            gain: (chosen.found.score as f32 - before).max(0.0),
            left,
        });
        self.add(node.items.start..middle, node.depth + 1);
        self.add(middle..node.items.end, node.depth + 1);
    }

    /// Orders the rows of a node so that those that go left come first; both keep their order.
    fn partition(&mut self, items: Range<usize>, chosen: &Chosen) -> usize {
        let bins = self.forester.binned.column(chosen.column);
        let missing = self.forester.binned.n_bins(chosen.column) as u8;
        self.moved.clear();
        let mut end = items.start;
        for at in items.clone() {
            let item = self.items[at];
            if chosen.found.rule.goes_left(bins[item.row as usize], missing) {
                self.items[end] = item;
                end += 1;
            } else {
                self.moved.push(item);
            }
        }
        self.items[end..items.end].copy_from_slice(&self.moved);
        end
    }
}
