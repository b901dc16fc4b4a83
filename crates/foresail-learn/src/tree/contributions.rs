//! What each column adds to a score: along the path of a row, split by split.
//!
//! Of a tree all is needed that its nodes say on average, so many rows are explained together: the means
//! are found once per tree, not once per row and tree.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::PredictError;
use super::ensemble::{Ensemble, Test};
use crate::frame::Frame;

/// Rows that are explained together: enough that the means of the nodes cost little beside their paths.
const BLOCK: usize = 1_024;

/// What each column adds to a score of one row: `bias` plus the sum of `columns` is the score.
///
/// # Source
/// Saabas 2014, "Interpreting random forests": along the path of the row, each split is given the
/// difference of the mean values of its child and itself, weighted by training rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contributions {
    /// The score of the mean training row, summed over trees.
    pub bias: f64,
    /// One value per column of the schema.
    pub columns: Vec<f64>,
}

/// A dense row, and which output of the ensemble is to be explained.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub row: &'a [f32],
    pub output: u32,
}

// === impl Contributions ===

impl Contributions {
    pub(crate) fn new(bias: f64, n_columns: usize) -> Self {
        Self { bias, columns: vec![0.0; n_columns] }
    }
}

// === impl Ensemble ===

impl Ensemble {
    /// Adds to `into`, one for each row, what each column adds to a weighted sum of values of all trees:
    /// `weigh(tree, output, leaf vector)` is that sum for one leaf.
    pub(crate) fn contribute(
        &self,
        asked: &[Asked<'_>],
        into: &mut [Contributions],
        weigh: impl Fn(usize, u32, &[f32]) -> f64,
    ) {
        let mut outputs: Vec<u32> = asked.iter().map(|asked| asked.output).collect();
        outputs.sort_unstable();
        outputs.dedup();
        for (tree, &root) in self.roots.iter().enumerate() {
            let end = self.roots.get(tree + 1).map_or(self.nodes.len(), |&next| next as usize);
            let root = root as usize;
            for &output in &outputs {
                let means = self.means(root..end, |leaf| weigh(tree, output, leaf));
                let of_output = asked.iter().zip(&mut *into);
                for (asked, into) in of_output.filter(|(asked, _)| asked.output == output) {
                    into.bias += means[0];
                    let mut at = root;
                    while self.nodes[at].test != Test::Leaf {
                        let child = self.child(&self.nodes[at], asked.row);
                        into.columns[usize::from(self.nodes[at].feature)] +=
                            means[child - root] - means[at - root];
                        at = child;
                    }
                }
            }
        }
    }

    /// The mean of the leaves under each node, weighted by training rows. Children lie behind
    /// their parent, so one pass backwards is enough.
    fn means(&self, nodes: std::ops::Range<usize>, weigh: impl Fn(&[f32]) -> f64) -> Vec<f64> {
        let first = nodes.start;
        let mut means = vec![0.0; nodes.len()];
        for at in nodes.rev() {
            let node = &self.nodes[at];
            means[at - first] = if node.test == Test::Leaf {
                weigh(self.leaf_values(node.next as usize))
            } else {
                let left = node.next as usize;
                let covers = [f64::from(self.covers[left]), f64::from(self.covers[left + 1])];
                let [on_left, on_right] = [means[left - first], means[left + 1 - first]];
                let all = covers[0] + covers[1];
                if all > 0.0 {
                    (covers[0] * on_left + covers[1] * on_right) / all
                } else {
                    (on_left + on_right) / 2.0
                }
            };
        }
        means
    }
}

// === free functions ===

/// Refuses outputs that are no class.
pub(crate) fn check_classes(asked: &[Asked<'_>], n_classes: usize) -> Result<(), PredictError> {
    match asked.iter().map(|asked| asked.output as usize).find(|class| *class >= n_classes) {
        Some(class) => Err(PredictError::NoOutput { what: "class", value: class, n: n_classes }),
        None => Ok(()),
    }
}

/// Explains one dense row.
pub(crate) fn explain_row(
    asked: Asked<'_>,
    contribute: impl Fn(&[Asked<'_>], &mut [Contributions]) -> Result<(), PredictError>,
) -> Result<Contributions, PredictError> {
    let mut contributions = Contributions::new(0.0, asked.row.len());
    contribute(&[asked], std::slice::from_mut(&mut contributions))?;
    Ok(contributions)
}

/// Explains the rows of a frame, each with its class, block by block.
pub(crate) fn explain_frame(
    frame: &Frame,
    classes: &[u32],
    contribute: impl Fn(&[Asked<'_>], &mut [Contributions]) -> Result<(), PredictError> + Sync,
) -> Result<Vec<Contributions>, PredictError> {
    let n_columns = frame.n_columns();
    let rows = frame.dense_rows();
    let asked: Vec<Asked<'_>> = (rows.chunks_exact(n_columns.max(1)).zip(classes))
        .map(|(row, &output)| Asked { row, output })
        .collect();
    let mut all = vec![Contributions::new(0.0, n_columns); asked.len()];
    let blocks = all.par_chunks_mut(BLOCK).zip(asked.par_chunks(BLOCK));
    blocks.map(|(into, asked)| contribute(asked, into)).collect::<Result<(), _>>()?;
    Ok(all)
}
