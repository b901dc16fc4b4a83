//! Fitting gradient boosting.

use rayon::prelude::*;

use super::{BoostingHistory, GradientBoosting, ValidBoostingParams};
use crate::estimator::LabelledFrame;
use crate::tree::bins::{BinnedFrame, Binner};
use crate::tree::error::FitError;
use crate::tree::exp::exp;
use crate::tree::grow::{Grower, GrownTree};
use crate::tree::histogram::{Gradients, Layout};
use crate::tree::labels::{Labelled, check_validation};
use crate::tree::monotone::Signs;
use crate::tree::sample::{Purpose, Stream, choose_columns, choose_rows};
use crate::tree::stopping::Best;
use crate::tree::{Ensemble, Outputs};

/// Rows of a block of parallel work.
const ROWS: usize = 1024;
/// A class has at least this share before any tree: its score stays finite when it has no row.
const LEAST_SHARE: f64 = 1e-6;
/// Each tree has one output.
const LAYOUT: Layout = Layout::new(1);

/// Fits the model; with validation rows it stops when they no longer gain.
///
/// # Errors
/// [`FitError`] when rows, labels, weights or the columns named by parameters do not fit together.
pub fn fit(
    params: &ValidBoostingParams,
    rows: &LabelledFrame<'_>,
    validation: Option<&LabelledFrame<'_>>,
) -> Result<GradientBoosting, FitError> {
    fit_observed(params, (rows, validation), &mut |_| {})
}

/// The same, and tells after every round how the log-loss went so far.
///
/// # Errors
/// As [`fit`].
pub fn fit_observed(
    params: &ValidBoostingParams,
    (rows, validation): (&LabelledFrame<'_>, Option<&LabelledFrame<'_>>),
    observe: &mut dyn FnMut(&BoostingHistory),
) -> Result<GradientBoosting, FitError> {
    let labelled = Labelled::new(rows, &params.params.class_weights)?;
    if let Some(validation) = validation {
        check_validation(rows, validation)?;
    }
    let mut fitting = Fitting::new(params, labelled)?;
    let mut watched = match validation {
        Some(rows) => {
            Some(Watched::new(&fitting, Labelled::new(rows, &params.params.class_weights)?))
        }
        None => None,
    };
    fitting.run(watched.as_mut(), observe);
    Ok(fitting.finish())
}

/// The state of a fit.
struct Fitting<'a> {
    params: &'a ValidBoostingParams,
    rows: Labelled<'a>,
    binner: Binner,
    binned: BinnedFrame,
    /// Constraints of each score.
    signs: Vec<Signs>,
    base: Vec<f64>,
    /// Per score one value a row.
    scores: Vec<Vec<f32>>,
    ensemble: Ensemble,
    history: BoostingHistory,
}

/// Validation rows.
struct Watched<'a> {
    rows: Labelled<'a>,
    binned: BinnedFrame,
    scores: Vec<Vec<f32>>,
}

/// What one round has in common for all scores.
struct Round<'r> {
    number: u32,
    /// `[n_rows, n_scores]`.
    probabilities: &'r [f32],
    rows: &'r [u32],
}

// === impl Fitting ===

impl<'a> Fitting<'a> {
    fn new(params: &'a ValidBoostingParams, rows: Labelled<'a>) -> Result<Self, FitError> {
        let base = base_scores(&rows.class_shares());
        let mut signs = vec![Signs::default(); base.len()];
        for constraint in &params.params.monotone {
            let feature = constraint.position(rows.frame.schema())?;
            constraint.check_outputs(rows.n_classes)?;
            for (score, signs) in signs.iter_mut().enumerate() {
                let sign = match (base.len(), constraint.outputs) {
                    (1, Outputs::One(0)) => -constraint.sign(),
                    (1, Outputs::One(_) | Outputs::All) => constraint.sign(),
                    (_, _) if constraint.holds_for(score) => constraint.sign(),
                    (_, _) => continue,
                };
                signs.of_mut(feature, LAYOUT)[0] = sign;
            }
        }
        let binner = Binner::fit(rows.frame, rows.given_weights, params.params.tree.max_bins);
        let binned = binner.apply(rows.frame);
        Ok(Self {
            params,
            binner,
            binned,
            signs,
            scores: start(&base, rows.frame.n_rows()),
            base,
            ensemble: Ensemble::new(rows.frame.n_columns(), 1),
            history: BoostingHistory::default(),
            rows,
        })
    }

    fn run(
        &mut self,
        mut watched: Option<&mut Watched<'_>>,
        observe: &mut dyn FnMut(&BoostingHistory),
    ) {
        let all = self.rows.with_weight();
        let n_scores = self.base.len();
        let mut best = watched.as_ref().map(|watched| Best::new(-watched.loss()));
        let mut probabilities = vec![0.0; self.rows.frame.n_rows() * n_scores];
        for number in 0..self.params.params.n_rounds {
            let loss = self.rows.probabilities(&self.scores, &mut probabilities);
            let stream = self.stream(number, Purpose::Rows);
            let rows = choose_rows(&all, self.params.params.tree.row_share, stream);
            let round = Round { number, probabilities: &probabilities, rows: &rows };
            let trees: Vec<GrownTree> =
                (0..n_scores).into_par_iter().map(|score| self.grow(&round, score)).collect();
            let is_stump = trees.iter().all(|tree| tree.nodes.len() == 1);
            if is_stump && self.params.params.tree.row_share >= 1.0 {
                // Nothing is left to split; every further round would be the same.
                break;
            }
            let rate = self.params.params.learning_rate;
            add_to_training(&trees, &self.binned, rate, &mut self.scores);
            for tree in &trees {
                self.ensemble.push(tree, &self.binner, rate);
            }
            self.history.training.push(loss);
            if let (Some(watched), Some(best)) = (watched.as_mut(), best.as_mut()) {
                add(&trees, &watched.binned, rate, &mut watched.scores);
                let loss = watched.loss();
                self.history.validation.push(loss);
                let n_rounds = self.history.validation.len();
                let is_over = best.is_over(-loss, n_rounds, self.params.params.patience);
                self.history.n_rounds = best.n_rounds();
                observe(&self.history);
                if is_over {
                    break;
                }
            } else {
                self.history.n_rounds = self.history.training.len();
                observe(&self.history);
            }
        }
        if let Some(best) = best.filter(|_| self.params.params.patience > 0) {
            self.ensemble.truncate(best.n_rounds() * n_scores);
        }
    }

    fn stream(&self, tree: u32, purpose: Purpose) -> Stream {
        Stream { seed: self.params.params.seed, tree: u64::from(tree), purpose }
    }

    fn grow(&self, round: &Round<'_>, score: usize) -> GrownTree {
        let n_scores = self.base.len();
        let mut gradients = Gradients::new(LAYOUT, self.rows.frame.n_rows());
        let (cells, _) = gradients.cells_mut().as_chunks_mut::<4>();
        // With two classes the one score is that of class 1.
        let class = if n_scores == 1 { 1 } else { score as u32 };
        let factor = if n_scores == 1 { 1.0 } else { n_scores as f32 / (n_scores as f32 - 1.0) };
        let rows = self.rows.weights.iter().zip(self.rows.classes).zip(cells).enumerate();
        for (row, ((&weight, &label), cell)) in rows {
            let p = round.probabilities[row * n_scores + score];
            let target = if label == class { 1.0 } else { 0.0 };
            *cell = [weight, weight * (p - target), weight * factor * p * (1.0 - p), 0.0];
        }
        let tree = round.number * n_scores as u32 + score as u32;
        let columns = choose_columns(
            self.binned.n_columns(),
            self.params.params.tree.column_share,
            self.stream(tree, Purpose::Columns),
        );
        Grower {
            binner: &self.binner,
            binned: &self.binned,
            gradients: &gradients,
            params: &self.params.params.tree,
            signs: &self.signs[score],
            features: &columns,
        }
        .grow(round.rows.to_vec())
    }

    fn finish(mut self) -> GradientBoosting {
        self.history.n_rounds = self.ensemble.n_trees() / self.base.len();
        GradientBoosting {
            schema: self.rows.frame.schema().clone(),
            n_classes: self.rows.n_classes,
            base: self.base,
            ensemble: self.ensemble,
            history: self.history,
        }
    }
}

// === impl Watched ===

impl<'a> Watched<'a> {
    fn new(fitting: &Fitting<'_>, rows: Labelled<'a>) -> Self {
        let binned = fitting.binner.apply(rows.frame);
        Self { binned, scores: start(&fitting.base, rows.frame.n_rows()), rows }
    }

    fn loss(&self) -> f64 {
        let mut probabilities = vec![0.0; self.rows.frame.n_rows() * self.scores.len()];
        self.rows.probabilities(&self.scores, &mut probabilities)
    }
}

// === impl Labelled ===

impl Labelled<'_> {
    /// Sets the probabilities of scores, `[n_rows, n_scores]`, and returns the mean weighted
    /// log-loss.
    fn probabilities(&self, scores: &[Vec<f32>], into: &mut [f32]) -> f64 {
        let n_scores = scores.len();
        let losses: Vec<[f64; 2]> = into
            .par_chunks_mut(ROWS * n_scores)
            .enumerate()
            .map(|(block, into)| {
                let mut sums = [0.0; 2];
                for (at, into) in into.chunks_exact_mut(n_scores).enumerate() {
                    let row = block * ROWS + at;
                    for (p, scores) in into.iter_mut().zip(scores) {
                        *p = scores[row];
                    }
                    let own = softmax(into, self.classes[row] as usize);
                    let weight = f64::from(self.weights[row]);
                    sums[0] -= weight * libm::log(f64::from(own.max(f32::MIN_POSITIVE)));
                    sums[1] += weight;
                }
                sums
            })
            .collect();
        let [loss, weight] =
            losses.iter().fold([0.0; 2], |all, one| [all[0] + one[0], all[1] + one[1]]);
        if weight > 0.0 { loss / weight } else { 0.0 }
    }
}

/// Turns the scores of a row into probabilities; returns that of its own class.
fn softmax(scores: &mut [f32], class: usize) -> f32 {
    if let [score] = scores {
        *score = 1.0 / (1.0 + exp(-*score));
        return if class == 1 { *score } else { 1.0 - *score };
    }
    let greatest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    scores.iter_mut().for_each(|score| *score = exp(*score - greatest));
    let sum: f32 = scores.iter().sum();
    scores.iter_mut().for_each(|score| *score /= sum);
    scores[class]
}

fn base_scores(shares: &[f64]) -> Vec<f64> {
    let logs: Vec<f64> = shares.iter().map(|share| libm::log(share.max(LEAST_SHARE))).collect();
    match logs[..] {
        [none, event] => vec![event - none],
        _ => logs,
    }
}

fn start(base: &[f64], n_rows: usize) -> Vec<Vec<f32>> {
    base.iter().map(|&base| vec![base as f32; n_rows]).collect()
}

/// Adds a round of trees to the scores of all rows of a binned frame.
fn add(trees: &[GrownTree], binned: &BinnedFrame, rate: f32, scores: &mut [Vec<f32>]) {
    trees.par_iter().zip(scores).for_each(|(tree, scores)| {
        for (row, score) in scores.iter_mut().enumerate() {
            *score += rate * tree.leaf_of(binned, row).values[0];
        }
    });
}

/// The same for the rows that the trees were grown on: where each went is known. Other rows have
/// to be walked down.
fn add_to_training(trees: &[GrownTree], binned: &BinnedFrame, rate: f32, scores: &mut [Vec<f32>]) {
    if trees.iter().any(|tree| tree.rows.len() < binned.n_rows()) {
        return add(trees, binned, rate, scores);
    }
    trees.par_iter().zip(scores).for_each(|(tree, scores)| {
        for leaf in tree.nodes.iter().filter(|node| node.split.is_none()) {
            for &row in &tree.rows[leaf.rows.clone()] {
                scores[row as usize] += rate * leaf.values[0];
            }
        }
    });
}
