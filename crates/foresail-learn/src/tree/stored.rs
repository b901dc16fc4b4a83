//! How an ensemble is written: column by column, and only what cannot be counted out, which is a
//! quarter of the size of nodes written one by one; and the checks when it is read.

use serde::{Deserialize, Serialize};

use super::ensemble::{Ensemble, Node, Test};

/// An ensemble as it is written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Stored {
    n_features: usize,
    width: usize,
    /// The number of nodes of each tree.
    sizes: Vec<u32>,
    /// Per node: 0 leaf, 1 number, 2 category; 4 is added where missing values go right.
    tests: Vec<u8>,
    /// Per split: column, distance to the left child, gain.
    features: Vec<u16>,
    lefts: Vec<u32>,
    gains: Vec<f32>,
    /// Per split of numbers.
    thresholds: Vec<f32>,
    /// Per node.
    covers: Vec<f32>,
    /// Leaf vectors, in the order of the leaves.
    leaves: Vec<f32>,
    /// Per split of categories: the number of words, then the words.
    sets: Vec<u64>,
}

/// Why what was read is no ensemble.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("tree arrays are damaged: {what} at `{at}`")]
pub(super) struct StoredError {
    what: &'static str,
    at: usize,
}

const MISSING_RIGHT: u8 = 4;

// === impl Stored ===

impl From<Ensemble> for Stored {
    fn from(ensemble: Ensemble) -> Self {
        let Ensemble { n_features, width, nodes, roots, leaves, covers, gains, sets } = ensemble;
        let ends = roots.iter().skip(1).copied().chain([nodes.len() as u32]);
        let sizes = roots.iter().zip(ends).map(|(start, end)| end - start).collect();
        let splits = || nodes.iter().enumerate().filter(|(_, node)| node.test != Test::Leaf);
        let numbers = nodes.iter().filter(|node| node.test == Test::Number);
        Self {
            n_features,
            width,
            sizes,
            tests: nodes.iter().map(test_of).collect(),
            features: splits().map(|(_, node)| node.feature).collect(),
            lefts: splits().map(|(at, node)| node.next - at as u32).collect(),
            gains: splits().filter_map(|(at, _)| gains.get(at).copied()).collect(),
            thresholds: numbers.map(|node| node.threshold).collect(),
            covers,
            leaves,
            sets,
        }
    }
}

fn test_of(node: &Node) -> u8 {
    let test = match node.test {
        Test::Leaf => 0,
        Test::Number => 1,
        Test::Category => 2,
    };
    test + if node.missing_right { MISSING_RIGHT } else { 0 }
}

impl TryFrom<Stored> for Ensemble {
    type Error = StoredError;

    /// Checks that every walk ends in a leaf and stays inside the arrays.
    fn try_from(stored: Stored) -> Result<Self, StoredError> {
        let mut reading = Reading::new(&stored);
        let nodes = (0..stored.tests.len())
            .map(|at| reading.node(at))
            .collect::<Result<Vec<Node>, StoredError>>()?;
        reading.end(&nodes)?;
        let Reading { roots, gains, .. } = reading;
        let Stored { n_features, width, covers, leaves, sets, .. } = stored;
        Ok(Self { n_features, width, nodes, roots, leaves, covers, gains, sets })
    }
}

/// Where the reading stands in each column.
struct Reading<'a> {
    stored: &'a Stored,
    roots: Vec<u32>,
    gains: Vec<f32>,
    /// First node of the next tree.
    end_of_tree: usize,
    n_leaves: usize,
    n_splits: usize,
    n_numbers: usize,
    n_words: usize,
}

// === impl Reading ===

impl<'a> Reading<'a> {
    fn new(stored: &'a Stored) -> Self {
        Self {
            stored,
            roots: Vec::with_capacity(stored.sizes.len()),
            gains: Vec::with_capacity(stored.tests.len()),
            end_of_tree: 0,
            n_leaves: 0,
            n_splits: 0,
            n_numbers: 0,
            n_words: 0,
        }
    }

    fn node(&mut self, at: usize) -> Result<Node, StoredError> {
        let fail = |what| Err(StoredError { what, at });
        if at == self.end_of_tree {
            let size = self.stored.sizes.get(self.roots.len()).copied().unwrap_or(0);
            if size == 0 {
                return fail("size of tree");
            }
            self.roots.push(at as u32);
            self.end_of_tree += size as usize;
        }
        let test = self.stored.tests[at];
        let missing_right = test & MISSING_RIGHT != 0;
        let mut node =
            Node { test: Test::Leaf, missing_right, feature: 0, threshold: 0.0, next: 0, set: 0 };
        match test & !MISSING_RIGHT {
            0 => {
                node.next = self.n_leaves as u32;
                self.n_leaves += 1;
                self.gains.push(0.0);
                return Ok(node);
            }
            1 => {
                node.test = Test::Number;
                let Some(&threshold) = self.stored.thresholds.get(self.n_numbers) else {
                    return fail("threshold");
                };
                node.threshold = threshold;
                self.n_numbers += 1;
            }
            2 => {
                node.test = Test::Category;
                node.set = self.n_words as u32;
                let n = self.stored.sets.get(self.n_words).map_or(u64::MAX, |&n| n);
                let end = usize::try_from(n).ok().and_then(|n| n.checked_add(self.n_words + 1));
                match end.filter(|&end| end <= self.stored.sets.len()) {
                    Some(end) => self.n_words = end,
                    None => return fail("set"),
                }
            }
            _ => return fail("test"),
        }
        self.split(node, at)
    }

    fn split(&mut self, mut node: Node, at: usize) -> Result<Node, StoredError> {
        let fail = |what| Err(StoredError { what, at });
        let Stored { features, lefts, gains, .. } = self.stored;
        let split = self.n_splits;
        let (Some(&feature), Some(&left), Some(&gain)) =
            (features.get(split), lefts.get(split), gains.get(split))
        else {
            return fail("split");
        };
        if usize::from(feature) >= self.stored.n_features {
            return fail("feature");
        }
        let next = at + left as usize;
        // Children behind their parent: no walk can go in a circle.
        if left == 0 || next + 1 >= self.end_of_tree {
            return fail("child");
        }
        self.n_splits += 1;
        self.gains.push(gain);
        (node.feature, node.next) = (feature, next as u32);
        Ok(node)
    }

    fn end(&self, nodes: &[Node]) -> Result<(), StoredError> {
        let Stored { width, sizes, leaves, covers, .. } = self.stored;
        let lengths = [
            ("sizes", sizes.len(), self.roots.len()),
            ("nodes", nodes.len(), self.end_of_tree),
            ("covers", covers.len(), nodes.len()),
            ("leaves", leaves.len(), self.n_leaves.saturating_mul(*width)),
            ("width", usize::from(*width == 0), 0),
        ];
        match lengths.iter().find(|(_, found, expected)| found != expected) {
            Some(&(what, at, _)) => Err(StoredError { what, at }),
            None => Ok(()),
        }
    }
}
