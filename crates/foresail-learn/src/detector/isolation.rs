//! Isolation forest: rows that few random splits set apart are unusual. Batch; flat trees; missing values native.

#[cfg(test)]
mod tests;

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// In place of a feature: the node is a leaf.
const LEAF: u32 = u32::MAX;
/// Euler's constant, in the mean path length of an unsuccessful search in a binary tree.
const EULER: f64 = 0.577_215_664_901_532_9;

/// What a forest is grown with; the defaults are those of the paper and of scikit-learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IsolationParams {
    /// Number of trees.
    pub n_trees: usize,
    /// Rows a tree is grown on, drawn without replacement; all rows where there are fewer.
    pub n_subsample: usize,
    /// Seed: same seed, same rows, same forest at any number of threads.
    pub seed: u64,
}

/// Why a forest cannot be grown or asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IsolationError {
    /// Nothing to grow on.
    #[error(
        "no rows, no features or no trees: `{rows}` rows, `{features}` features, `{trees}` trees"
    )]
    Empty {
        /// Rows given.
        rows: usize,
        /// Features a row.
        features: usize,
        /// Trees asked for.
        trees: usize,
    },
    /// The values do not make whole rows.
    #[error("`{values}` values do not make rows of `{features}` features")]
    Shape {
        /// Values given.
        values: usize,
        /// Features a row.
        features: usize,
    },
    /// A stored forest points outside of itself.
    #[error("node `{node}` of tree `{tree}` is damaged")]
    Damaged {
        /// Tree, from 0.
        tree: usize,
        /// Node, from 0.
        node: usize,
    },
    /// NaN is a missing value, infinity is none.
    #[error("the value of feature `{feature}` in row `{row}` is infinite")]
    Infinite {
        /// Row, from 0.
        row: usize,
        /// Feature, from 0.
        feature: usize,
    },
}

/// A fitted forest.
///
/// # Source
/// Liu, Ting & Zhou 2008: subsamples of 256, height limit log2 of that, score 2^(−mean path / c).
/// Deviation: where a feature is missing, a row follows the larger side of the split, so that a gap
/// alone is not unusual.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct IsolationForest {
    n_features: usize,
    n_subsample: usize,
    trees: Vec<Tree>,
}

/// A forest as it is read from a file, not yet checked.
#[derive(Deserialize)]
struct Stored {
    n_features: usize,
    n_subsample: usize,
    trees: Vec<Tree>,
}

/// Nodes side by side: a split has a feature and a threshold, a leaf has [`LEAF`] and a path length.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Tree {
    feature: Vec<u32>,
    value: Vec<f32>,
    /// The left child; the right one stands behind it.
    left: Vec<u32>,
    missing: Vec<Side>,
}

/// Which way a missing value goes; a number in files.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "u8", from = "u8")]
enum Side {
    Left,
    Right,
}

/// Rows side by side, checked to be whole.
#[derive(Clone, Copy)]
struct Rows<'a> {
    values: &'a [f32],
    n_features: usize,
}

/// A part of the subsample that waits for its node.
struct Open {
    node: usize,
    rows: Vec<u32>,
    depth: usize,
}

// === impl IsolationParams ===

impl Default for IsolationParams {
    fn default() -> Self {
        Self { n_trees: 100, n_subsample: 256, seed: 0 }
    }
}

// === impl Rows ===

impl Rows<'_> {
    fn len(self) -> usize {
        self.values.len() / self.n_features
    }

    fn value(self, row: u32, feature: usize) -> f32 {
        self.values[row as usize * self.n_features + feature]
    }
}

// === impl Side ===

impl From<u8> for Side {
    fn from(number: u8) -> Self {
        if number == 0 { Self::Left } else { Self::Right }
    }
}

impl From<Side> for u8 {
    fn from(side: Side) -> Self {
        match side {
            Side::Left => 0,
            Side::Right => 1,
        }
    }
}

// === impl Tree ===

impl Tree {
    fn push_leaf(&mut self) {
        self.feature.push(LEAF);
        self.value.push(0.0);
        self.left.push(0);
        self.missing.push(Side::Left);
    }

    /// Length of the way of a row, plus what the rows left in its leaf would add.
    fn path(&self, row: &[f32]) -> f32 {
        let mut node = 0;
        loop {
            let feature = self.feature[node];
            if feature == LEAF {
                return self.value[node];
            }
            let value = row[feature as usize];
            let right = if value.is_nan() {
                self.missing[node] == Side::Right
            } else {
                value > self.value[node]
            };
            node = self.left[node] as usize + usize::from(right);
        }
    }

    /// The first node that a walk could not leave, or that points outside.
    fn damage(&self, n_features: usize) -> Option<usize> {
        let n_nodes = self.feature.len();
        let lengths = [self.value.len(), self.left.len(), self.missing.len()];
        if n_nodes == 0 || lengths != [n_nodes; 3] {
            return Some(0);
        }
        (0..n_nodes).find(|node| {
            let left = self.left[*node] as usize;
            let sound = self.feature[*node] == LEAF
                || ((self.feature[*node] as usize) < n_features
                    && left > *node
                    && left + 1 < n_nodes);
            !sound
        })
    }
}

// === impl IsolationForest ===

impl TryFrom<Stored> for IsolationForest {
    type Error = IsolationError;

    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        let Stored { n_features, n_subsample, trees } = stored;
        if n_features == 0 || n_subsample == 0 || trees.is_empty() {
            let (rows, trees) = (n_subsample, trees.len());
            return Err(IsolationError::Empty { rows, features: n_features, trees });
        }
        for (tree, nodes) in trees.iter().enumerate() {
            if let Some(node) = nodes.damage(n_features) {
                return Err(IsolationError::Damaged { tree, node });
            }
        }
        Ok(Self { n_features, n_subsample, trees })
    }
}

impl IsolationForest {
    /// Grows a forest on `values`, rows of `n_features` one behind the other; NaN is a missing value.
    ///
    /// # Errors
    /// [`IsolationError`] where there is nothing to grow on, rows are cut short, or a value is infinite.
    pub fn fit(
        values: &[f32],
        n_features: usize,
        params: IsolationParams,
    ) -> Result<Self, IsolationError> {
        let rows = check(values, n_features)?;
        if rows.len() == 0 || params.n_trees == 0 {
            let (rows, trees) = (rows.len(), params.n_trees);
            return Err(IsolationError::Empty { rows, features: n_features, trees });
        }
        let n_subsample = params.n_subsample.clamp(1, rows.len());
        let trees = (0..params.n_trees as u64)
            .into_par_iter()
            .map(|tree| grow(rows, n_subsample, &mut stream(params.seed, tree)))
            .collect();
        Ok(Self { n_features, n_subsample, trees })
    }

    /// Scores each row of `values` in `0..=1`: about 0.5 and below is usual, toward 1 unusual.
    ///
    /// # Errors
    /// [`IsolationError::Shape`] where the values are no rows of the features that the forest was grown on;
    /// [`IsolationError::Infinite`] where a value is infinite.
    pub fn score(&self, values: &[f32]) -> Result<Vec<f64>, IsolationError> {
        let rows = check(values, self.n_features)?;
        let scale = self.trees.len() as f64 * mean_path(self.n_subsample).max(1.0);
        Ok(rows
            .values
            .par_chunks_exact(self.n_features)
            .map(|row| {
                let path: f64 = self.trees.iter().map(|tree| f64::from(tree.path(row))).sum();
                libm::exp2(-path / scale)
            })
            .collect())
    }

    /// Number of features a row must have.
    #[must_use]
    pub fn n_features(&self) -> usize {
        self.n_features
    }
}

fn check(values: &[f32], n_features: usize) -> Result<Rows<'_>, IsolationError> {
    if n_features == 0 || !values.len().is_multiple_of(n_features) {
        return Err(IsolationError::Shape { values: values.len(), features: n_features });
    }
    if let Some(place) = values.iter().position(|value| value.is_infinite()) {
        return Err(IsolationError::Infinite {
            row: place / n_features,
            feature: place % n_features,
        });
    }
    Ok(Rows { values, n_features })
}

fn stream(seed: u64, tree: u64) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(tree);
    random
}

fn grow(rows: Rows<'_>, n_subsample: usize, random: &mut ChaCha8Rng) -> Tree {
    let mut chosen: Vec<u32> = (0..u32::try_from(rows.len()).unwrap_or(u32::MAX)).collect();
    let (chosen, _) = chosen.partial_shuffle(random, n_subsample);
    let height_limit = n_subsample.next_power_of_two().trailing_zeros() as usize;
    let mut tree = Tree::default();
    tree.push_leaf();
    let mut features: Vec<usize> = (0..rows.n_features).collect();
    let mut waiting = vec![Open { node: 0, rows: chosen.to_vec(), depth: 0 }];
    while let Some(open) = waiting.pop() {
        let split = if open.depth < height_limit && open.rows.len() > 1 {
            draw_split(rows, &open.rows, &mut features, random)
        } else {
            None
        };
        let Some((feature, threshold)) = split else {
            tree.value[open.node] = (open.depth as f64 + mean_path(open.rows.len())) as f32;
            continue;
        };
        let left = tree.feature.len();
        tree.push_leaf();
        tree.push_leaf();
        tree.feature[open.node] = feature as u32;
        tree.value[open.node] = threshold;
        tree.left[open.node] = left as u32;
        let (missing, sides) = part(rows, &open.rows, (feature, threshold));
        tree.missing[open.node] = missing;
        for (side, rows) in sides.into_iter().enumerate() {
            waiting.push(Open { node: left + side, rows, depth: open.depth + 1 });
        }
    }
    tree
}

/// Draws a feature that varies here and a threshold inside its range; `None` where no feature varies.
fn draw_split(
    rows: Rows<'_>,
    here: &[u32],
    features: &mut [usize],
    random: &mut ChaCha8Rng,
) -> Option<(usize, f32)> {
    for tried in 0..features.len() {
        let drawn = random.random_range(tried..features.len());
        features.swap(tried, drawn);
        let feature = features[tried];
        let (mut least, mut most) = (f32::INFINITY, f32::NEG_INFINITY);
        for row in here {
            // A comparison with NaN is false: missing values leave the range as it is.
            let value = rows.value(*row, feature);
            least = if value < least { value } else { least };
            most = if value > most { value } else { most };
        }
        if least < most {
            let share: f32 = random.random_range(0.0..1.0);
            let threshold = least * (1.0 - share) + most * share;
            // Rounding may reach the top, which would leave the right side empty.
            return Some((feature, if threshold < most { threshold } else { least }));
        }
    }
    None
}

fn part(rows: Rows<'_>, here: &[u32], split: (usize, f32)) -> (Side, [Vec<u32>; 2]) {
    let (feature, threshold) = split;
    let (absent, present): (Vec<u32>, Vec<u32>) =
        here.iter().partition(|row| rows.value(**row, feature).is_nan());
    let (mut left, mut right): (Vec<u32>, Vec<u32>) =
        present.into_iter().partition(|row| rows.value(*row, feature) <= threshold);
    let missing = if left.len() >= right.len() { Side::Left } else { Side::Right };
    match missing {
        Side::Left => left.extend(absent),
        Side::Right => right.extend(absent),
    }
    (missing, [left, right])
}

/// Mean path length of an unsuccessful search among `n` rows.
fn mean_path(n: usize) -> f64 {
    match n {
        0 | 1 => 0.0,
        2 => 1.0,
        _ => {
            let below = (n - 1) as f64;
            2.0 * (libm::log(below) + EULER) - 2.0 * below / n as f64
        }
    }
}
