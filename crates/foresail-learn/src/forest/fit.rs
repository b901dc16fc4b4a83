//! Fitting the random forest: trees in parallel, each alone with its draws.

use rayon::prelude::*;

use super::grow::{Forester, Item};
use super::{RandomForest, ValidForestParams};
use crate::estimator::LabelledFrame;
use crate::tree::Ensemble;
use crate::tree::bins::Binner;
use crate::tree::error::FitError;
use crate::tree::grow::GrownTree;
use crate::tree::labels::Labelled;
use crate::tree::sample::{Purpose, Stream, below, unit};

/// Fits the model.
///
/// # Errors
/// [`FitError`] when rows, labels and weights do not fit together.
pub fn fit(params: &ValidForestParams, rows: &LabelledFrame<'_>) -> Result<RandomForest, FitError> {
    let params = &params.params;
    let rows = Labelled::new(rows, &params.class_weights)?;
    let binner = Binner::fit(rows.frame, rows.given_weights, params.max_bins);
    let binned = binner.apply(rows.frame);
    let urn = Urn::new(&rows);
    let forester = Forester {
        binner: &binner,
        binned: &binned,
        n_classes: rows.n_classes,
        params,
        n_columns: params.columns.of(rows.frame.n_columns()),
    };
    let trees: Vec<GrownTree> = (0..params.n_trees)
        .into_par_iter()
        .map(|tree| {
            let stream = |purpose| Stream { seed: params.seed, tree: u64::from(tree), purpose };
            let drawn = urn.draw(stream(Purpose::Rows), rows.classes);
            forester.grow(drawn, stream(Purpose::Nodes).rng())
        })
        .collect();
    let mut ensemble = Ensemble::new(rows.frame.n_columns(), rows.n_classes);
    for tree in &trees {
        ensemble.push(tree, &binner, 1.0);
    }
    Ok(RandomForest { schema: rows.frame.schema().clone(), ensemble })
}

/// The rows that can be drawn.
struct Urn {
    rows: Vec<u32>,
    /// Weights added up row by row; empty where all are equal.
    cumulative: Vec<f64>,
    n_rows: usize,
}

// === impl Urn ===

impl Urn {
    fn new(labelled: &Labelled<'_>) -> Self {
        let rows = labelled.with_weight();
        let weight = |row: u32| labelled.weights[row as usize];
        let all_equal = rows.iter().all(|&row| weight(row) == weight(rows[0]));
        let mut cumulative = Vec::new();
        if !all_equal {
            let mut sum = 0.0;
            cumulative.extend(rows.iter().map(|&row| {
                sum += f64::from(weight(row));
                sum
            }));
        }
        Self { rows, cumulative, n_rows: labelled.frame.n_rows() }
    }

    /// Draws as many rows as there are, with replacement.
    fn draw(&self, stream: Stream, classes: &[u32]) -> Vec<Item> {
        let mut rng = stream.rng();
        let mut counts = vec![0_u32; self.n_rows];
        for _ in 0..self.rows.len() {
            let at = match self.cumulative.last() {
                None => below(&mut rng, self.rows.len()),
                Some(all) => {
                    let level = unit(&mut rng) * all;
                    self.cumulative.partition_point(|&sum| sum <= level)
                }
            };
            counts[self.rows[at.min(self.rows.len() - 1)] as usize] += 1;
        }
        let drawn = counts.iter().enumerate().filter(|&(_, &count)| count > 0);
        drawn
            .map(|(row, &count)| Item { row: row as u32, class: classes[row], count: count as f32 })
            .collect()
    }
}
