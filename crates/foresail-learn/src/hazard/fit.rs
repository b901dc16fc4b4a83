//! Fitting the hazard model.

use rayon::prelude::*;

use super::base::Counts;
use super::objective::Objective;
use super::prior::Priors;
use super::{HazardModel, HazardRows, HazardShape, History, ValidHazardParams};
use crate::frame::{Frame, Schema};
use crate::tree::bins::{BinnedFrame, Binner};
use crate::tree::error::{FitError, check_weights};
use crate::tree::grow::{Grower, GrownTree};
use crate::tree::histogram::{Gradients, Layout};
use crate::tree::monotone::Signs;
use crate::tree::sample::{Purpose, Stream, choose_columns, choose_rows};
use crate::tree::stopping::Best;
use crate::tree::{Ensemble, Monotone};

/// Newton steps that settle the base beside priors; each moves it by at most 1.
const BASE_STEPS: usize = 8;

/// Fits the model; with validation rows it stops when they no longer gain.
///
/// # Errors
/// [`FitError`] when rows, targets or the columns named by parameters do not fit together.
pub fn fit(
    params: &ValidHazardParams,
    rows: HazardRows<'_>,
    validation: Option<HazardRows<'_>>,
) -> Result<HazardModel, FitError> {
    check_rows(rows, &params.shape)?;
    if let Some(validation) = validation {
        check_rows(validation, &params.shape)?;
        if validation.frame.schema() != rows.frame.schema() {
            return Err(FitError::ValidationSchema {
                expected: rows.frame.schema().id(),
                found: validation.frame.schema().id(),
            });
        }
    }
    let mut fitting = Fitting::new(params, rows)?;
    let mut watched = validation.map(|rows| Watched::new(&fitting, rows));
    fitting.run(watched.as_mut());
    Ok(fitting.finish())
}

fn check_rows(rows: HazardRows<'_>, shape: &HazardShape) -> Result<(), FitError> {
    let n_rows = rows.frame.n_rows();
    if rows.targets.len() != n_rows {
        let found = rows.targets.len();
        return Err(FitError::Length { what: "targets", expected: n_rows, found });
    }
    let (n_kinds, n_bins) = (usize::from(shape.n_kinds), shape.n_bins());
    for (row, target) in rows.targets.iter().enumerate() {
        let until = usize::from(target.until_bin);
        if until > n_bins || (target.event.is_some() && until == n_bins) {
            return Err(FitError::Target { row, what: "bin", value: until, n: n_bins });
        }
        if let Some(kind) = target.event.map(usize::from).filter(|&kind| kind >= n_kinds) {
            return Err(FitError::Target { row, what: "kind", value: kind, n: n_kinds });
        }
    }
    let weights: Vec<f32> = rows.targets.iter().map(|target| target.weight).collect();
    check_weights(Some(&weights), n_rows)
}

/// The state of a fit.
struct Fitting<'a> {
    params: &'a ValidHazardParams,
    rows: HazardRows<'a>,
    binner: Binner,
    binned: BinnedFrame,
    layout: Layout,
    active: Vec<u16>,
    position: Vec<Option<usize>>,
    signs: Signs,
    priors: Priors,
    base: Vec<f32>,
    scores: Vec<f32>,
    ensemble: Ensemble,
    history: History,
}

/// Validation rows.
struct Watched<'a> {
    rows: HazardRows<'a>,
    binned: BinnedFrame,
    scores: Vec<f32>,
}

// === impl Fitting ===

impl<'a> Fitting<'a> {
    fn new(params: &'a ValidHazardParams, rows: HazardRows<'a>) -> Result<Self, FitError> {
        let counts = Counts::new(&params.shape, rows.targets);
        let active = counts.active();
        let layout = Layout::new(active.len() * params.shape.n_bins());
        let base = counts.scores(&params.shape, f64::from(params.params.base_events));
        let signs = Constraints { active: &active, shape: &params.shape, layout }
            .signs(rows.frame.schema(), &params.params.monotone)?;
        let position = (0..params.shape.n_kinds)
            .map(|kind| active.iter().position(|&active| active == kind))
            .collect();
        // Rows are not weighted here: weights undo the sampling of quiet rows, of which a few bins
        // tell enough.
        let binner = Binner::fit(rows.frame, None, params.params.tree.max_bins);
        let binned = binner.apply(rows.frame);
        let width = layout.n_outputs();
        let priors = Priors::new(&params.params.priors, rows.frame.schema(), &active)?;
        let mut fitting = Self {
            params,
            rows,
            binner,
            binned,
            layout,
            position,
            signs,
            priors,
            scores: Vec::new(),
            base,
            ensemble: Ensemble::new(rows.frame.n_columns(), width.max(1)),
            active,
            history: History::default(),
        };
        fitting.settle_base();
        Ok(fitting)
    }

    /// Scores of rows before any tree.
    fn first_scores(&self, frame: &Frame) -> Vec<f32> {
        let mut scores = self.base.repeat(frame.n_rows());
        let width = self.layout.n_outputs();
        let mut row = Vec::with_capacity(frame.n_columns());
        if width > 0 && !self.params.params.priors.is_empty() {
            for (at, scores) in scores.chunks_exact_mut(width).enumerate() {
                frame.row_into(at, &mut row);
                self.priors.add(&row, self.active.len(), scores);
            }
        }
        scores
    }

    /// Moves the base so that, with the priors, each kind is expected in each bin as often as it
    /// came; a few Newton steps, held back by as many pseudo-events as the base itself.
    fn settle_base(&mut self) {
        self.scores = self.first_scores(self.rows.frame);
        if self.params.params.priors.is_empty() || self.layout.n_outputs() == 0 {
            return;
        }
        let mut gradients = Gradients::new(self.layout, self.rows.targets.len());
        for _ in 0..BASE_STEPS {
            self.objective(self.rows).gradients(&self.scores, &mut gradients);
            let (layout, held) = (self.layout, f64::from(self.params.params.base_events));
            let step = |output: usize| {
                let sum = |place: usize| -> f64 {
                    let cells = gradients.cells().chunks_exact(layout.stride());
                    cells.map(|cell| f64::from(cell[place])).sum()
                };
                let hessian = sum(layout.hessian(output)) + held.max(f64::MIN_POSITIVE);
                (-sum(layout.gradient(output)) / hessian).clamp(-1.0, 1.0) as f32
            };
            let steps: Vec<f32> = (0..layout.n_outputs()).map(step).collect();
            for (base, step) in self.base.iter_mut().zip(steps) {
                *base += step;
            }
            self.scores = self.first_scores(self.rows.frame);
        }
    }

    fn objective<'t>(&'t self, rows: HazardRows<'t>) -> Objective<'t> {
        Objective {
            targets: rows.targets,
            position: &self.position,
            n_active: self.active.len(),
            layout: self.layout,
        }
    }

    fn run(&mut self, mut watched: Option<&mut Watched<'_>>) {
        if self.layout.n_outputs() == 0 {
            return;
        }
        let all: Vec<u32> = (0..self.rows.targets.len())
            .filter(|&row| self.rows.targets[row].weight > 0.0)
            .map(|row| row as u32)
            .collect();
        let n_active = self.active.len();
        let mut gradients = Gradients::new(self.layout, self.rows.targets.len())
            .with_lengths(self.rows.targets.iter().map(|target| target.n_at_risk() * n_active));
        let mut best = watched.as_ref().map(|watched| Best::new(watched.log_likelihood(self)));
        for number in 0..self.params.params.n_trees {
            let training = self.objective(self.rows).gradients(&self.scores, &mut gradients);
            let tree = self.grow(number, &gradients, &all);
            if tree.nodes.len() == 1 && self.params.params.tree.row_share >= 1.0 {
                // Nothing is left to split; every further tree would be the same.
                break;
            }
            let rate = self.params.params.learning_rate;
            add(&tree, &self.binned, rate, &mut self.scores);
            self.ensemble.push(&tree, &self.binner, rate);
            self.history.training.push(training);
            if let (Some(watched), Some(best)) = (watched.as_mut(), best.as_mut()) {
                add(&tree, &watched.binned, rate, &mut watched.scores);
                let value = watched.log_likelihood(self);
                self.history.validation.push(value);
                if best.is_over(value, self.ensemble.n_trees(), self.params.params.patience) {
                    break;
                }
            }
        }
        if let Some(best) = best.filter(|_| self.params.params.patience > 0) {
            self.ensemble.truncate(best.n_rounds());
        }
    }

    fn grow(&self, number: u32, gradients: &Gradients, all: &[u32]) -> GrownTree {
        let params = &self.params.params;
        let stream = |purpose| Stream { seed: params.seed, tree: u64::from(number), purpose };
        let rows = choose_rows(all, params.tree.row_share, stream(Purpose::Rows));
        let n_columns = self.binned.n_columns();
        let features =
            choose_columns(n_columns, params.tree.column_share, stream(Purpose::Columns));
        Grower {
            binner: &self.binner,
            binned: &self.binned,
            gradients,
            params: &params.tree,
            signs: &self.signs,
            features: &features,
        }
        .grow(rows)
    }

    fn finish(mut self) -> HazardModel {
        self.history.n_trees = self.ensemble.n_trees();
        HazardModel {
            schema: self.rows.frame.schema().clone(),
            shape: self.params.shape.clone(),
            active: self.active,
            base: self.base,
            priors: self.priors,
            ensemble: self.ensemble,
            history: self.history,
        }
    }
}

/// What constraints on kinds mean for outputs.
struct Constraints<'a> {
    active: &'a [u16],
    shape: &'a HazardShape,
    layout: Layout,
}

impl Constraints<'_> {
    fn signs(&self, schema: &Schema, monotone: &[Monotone]) -> Result<Signs, FitError> {
        let mut signs = Signs::default();
        for constraint in monotone {
            let feature = constraint.position(schema)?;
            constraint.check_outputs(usize::from(self.shape.n_kinds))?;
            for bin in 0..self.shape.n_bins() {
                for (position, &kind) in self.active.iter().enumerate() {
                    if constraint.holds_for(usize::from(kind)) {
                        let output = bin * self.active.len() + position;
                        signs.of_mut(feature, self.layout)[output] = constraint.sign();
                    }
                }
            }
        }
        Ok(signs)
    }
}

// === impl Watched ===

impl<'a> Watched<'a> {
    fn new(fitting: &Fitting<'_>, rows: HazardRows<'a>) -> Self {
        Self {
            rows,
            binned: fitting.binner.apply(rows.frame),
            scores: fitting.first_scores(rows.frame),
        }
    }

    fn log_likelihood(&self, fitting: &Fitting<'_>) -> f64 {
        fitting.objective(self.rows).log_likelihood(&self.scores)
    }
}

/// Adds a tree's values to the scores of all rows of a binned frame.
fn add(tree: &GrownTree, binned: &BinnedFrame, rate: f32, scores: &mut [f32]) {
    let width = scores.len() / binned.n_rows().max(1);
    scores.par_chunks_mut(width * 1024).enumerate().for_each(|(block, scores)| {
        for (at, scores) in scores.chunks_exact_mut(width).enumerate() {
            let leaf = tree.leaf_of(binned, block * 1024 + at);
            for (score, value) in scores.iter_mut().zip(&leaf.values) {
                *score += rate * value;
            }
        }
    });
}
