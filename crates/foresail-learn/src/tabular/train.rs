//! Training on a table: roles, classes, split, and a fit on the training rows alone.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use super::balance::undersample;
use super::encode::{self, EncodeError};
use super::estimator::{EstimatorParams, Fitting};
use super::seen::SeenRows;
use super::{
    LabelError, Labels, MissingTarget, RoleError, RoleOptions, Roles, Split, SplitBy, SplitError,
    SplitOptions, Table, TabularModel,
};
use crate::boosting::BoostingHistory;
use crate::estimator::LabelledFrame;
use crate::frame::{Frame, FrameError};
use crate::tree::FitError;

/// What to fit.
#[derive(Clone, Debug, PartialEq)]
pub struct FitOptions {
    /// What the columns are for.
    pub roles: RoleOptions,
    /// What becomes of rows without a class.
    pub missing_target: MissingTarget,
    /// The estimator.
    pub estimator: EstimatorParams,
    /// How classes count.
    pub class_weights: ClassWeights,
}

/// How classes count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassWeights {
    /// Every row counts the same.
    #[default]
    None,
    /// Every class counts the same.
    Balanced,
    /// Of every class only as many of the rows fitted on as the rarest has.
    Undersample,
}

/// What to fit, and what to keep for the test.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainOptions {
    /// What to fit.
    pub fit: FitOptions,
    /// What to keep for the test.
    pub split: SplitOptions,
}

/// A model, and the rows it has seen and not seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained {
    /// The model.
    pub model: TabularModel,
    /// The rows of the table by part.
    pub split: Split,
    /// What happened.
    pub log: Vec<TrainingEvent>,
}

/// A line of the training log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum TrainingEvent {
    /// The rows are divided.
    Rows {
        /// Fitted on.
        training: u64,
        /// Watched by early stopping, not among the former.
        validation: u64,
        /// Kept for the test.
        test: u64,
        /// Training and validation rows by class.
        classes: BTreeMap<String, u64>,
    },
    /// A column is not used.
    LeftOut {
        /// The column.
        column: String,
        /// Why.
        reason: String,
    },
    /// Early stopping has nothing to watch; the number of rounds is fixed.
    NoValidation {
        /// Why.
        reason: String,
    },
    /// A round of boosting is over.
    Round {
        /// Its number, from 1.
        round: u64,
        /// Mean log-loss of the training rows before it.
        training_loss: f64,
        /// Mean log-loss of the validation rows after it.
        validation_loss: Option<f64>,
    },
    /// The fit is repeated with the rows that were watched, and the best number of rounds.
    Refit {
        /// All training rows.
        rows: u64,
        /// Rounds.
        rounds: u64,
    },
    /// The model stands.
    Fitted {
        /// The estimator.
        estimator: String,
        /// Its trees.
        trees: u64,
        /// Their nodes.
        nodes: u64,
    },
}

/// Why nothing was trained.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// Columns without a role.
    #[error(transparent)]
    Roles(#[from] RoleError),
    /// Rows without a class.
    #[error(transparent)]
    Labels(#[from] LabelError),
    /// A target that never differs.
    #[error("target `{target}` is `{class}` in all {n_rows} rows: there is nothing to tell apart")]
    OneClass {
        /// The column.
        target: String,
        /// The class.
        class: String,
        /// Its rows.
        n_rows: usize,
    },
    /// Rows that cannot be split.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// Columns that no model takes.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// Parameters that no estimator takes.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// Rows past the end.
    #[error(transparent)]
    Frame(#[from] FrameError),
}

// === impl FitOptions ===

impl FitOptions {
    /// A random forest on all columns but the target.
    #[must_use]
    pub fn new(target: impl Into<String>) -> Self {
        Self {
            roles: RoleOptions { target: target.into(), ..RoleOptions::default() },
            missing_target: MissingTarget::Refuse,
            estimator: EstimatorParams::random_forest(),
            class_weights: ClassWeights::None,
        }
    }
}

// === impl TrainOptions ===

impl TrainOptions {
    /// A random forest on all columns but the target; a fifth of the rows, stratified, is the test.
    #[must_use]
    pub fn new(target: impl Into<String>) -> Self {
        Self { fit: FitOptions::new(target), split: SplitOptions::default() }
    }
}

// === impl TabularModel ===

impl TabularModel {
    /// Fits a model on all rows of a table; `observe` is told what happens, and reads the clock where
    /// the log has one.
    ///
    /// # Errors
    /// [`TrainError`].
    pub fn fit(
        table: &Table,
        options: &FitOptions,
        observe: &mut dyn FnMut(&TrainingEvent),
    ) -> Result<Self, TrainError> {
        let (roles, labels) = roles_and_labels(table, options)?;
        Training { table, options, by: &SplitBy::Stratified }.run(roles, (&labels, 0), observe)
    }
}

/// Trains a model on a part of a table; `observe` is told what happens, and reads the clock where the
/// log has one.
///
/// # Errors
/// [`TrainError`].
pub fn train(
    table: &Table,
    options: &TrainOptions,
    observe: &mut dyn FnMut(&TrainingEvent),
) -> Result<Trained, TrainError> {
    let (roles, labels) = roles_and_labels(table, &options.fit)?;
    let split = Split::of(table, &labels, &options.split)?;
    let training = labels.among(&split.training);
    let mut log = Vec::new();
    let mut noted = |event: &TrainingEvent| {
        observe(event);
        log.push(event.clone());
    };
    let model = Training { table, options: &options.fit, by: &options.split.by }.run(
        roles,
        (&training, split.test.len()),
        &mut noted,
    )?;
    Ok(Trained { model, split, log })
}

/// One training.
struct Training<'a> {
    table: &'a Table,
    options: &'a FitOptions,
    /// What the rows of early stopping must not share with those fitted on.
    by: &'a SplitBy,
}

/// Rows as an estimator takes them.
struct Part {
    frame: Frame,
    classes: Vec<u32>,
    n_classes: usize,
}

// === impl Training ===

impl Training<'_> {
    fn run(
        &self,
        roles: Roles,
        (labels, n_test): (&Labels, usize),
        observe: &mut dyn FnMut(&TrainingEvent),
    ) -> Result<TabularModel, TrainError> {
        let watched = self.watched(labels, observe);
        let (fitted_on, validation) = match &watched {
            Some(split) => (labels.among(&split.training), Some(labels.among(&split.test))),
            None => (labels.clone(), None),
        };
        let fitted_on = match self.options.class_weights {
            ClassWeights::None | ClassWeights::Balanced => fitted_on,
            ClassWeights::Undersample => {
                let seed = self.options.estimator.seed();
                fitted_on.among(&undersample(&fitted_on, &fitted_on.rows, seed))
            }
        };
        observe(&TrainingEvent::Rows {
            training: fitted_on.rows.len() as u64,
            validation: validation.as_ref().map_or(0, |labels| labels.rows.len() as u64),
            test: n_test as u64,
            classes: labels.classes.iter().cloned().zip(labels.counts()).collect(),
        });
        for left_out in &roles.left_out {
            let (column, reason) = (left_out.column.clone(), left_out.reason.to_string());
            observe(&TrainingEvent::LeftOut { column, reason });
        }
        let schema = encode::fit_schema(self.table, &roles.features, &labels.rows)?;
        let frame = encode::encode(self.table, &schema)?.frame;
        let training = Part::of(&frame, &fitted_on)?;
        let validation = validation.map(|labels| Part::of(&frame, &labels)).transpose()?;
        let fitting = Fitting {
            rows: training.labelled(),
            validation: validation.as_ref().map(Part::labelled),
            class_weights: self.class_weights(&fitted_on),
        };
        let mut told = 0;
        let mut estimator = self.options.estimator.fit(&fitting, &mut |history| {
            told += 1;
            observe(&round(history, told));
        })?;
        if let (Some(_), Some(again)) =
            (&validation, self.options.estimator.refit(&estimator, labels.rows.len()))
        {
            let all = Part::of(&frame, labels)?;
            let class_weights = self.class_weights(labels);
            let fitting = Fitting { rows: all.labelled(), validation: None, class_weights };
            let rows = labels.rows.len() as u64;
            estimator = again.fit(&fitting, &mut |_| {})?;
            let rounds = estimator.n_rounds() as u64;
            observe(&TrainingEvent::Refit { rows, rounds });
        }
        observe(&TrainingEvent::Fitted {
            estimator: estimator.name().to_owned(),
            trees: estimator.n_trees() as u64,
            nodes: estimator.n_nodes() as u64,
        });
        let seen = SeenRows::of(&frame.select_rows(&labels.rows)?);
        Ok(TabularModel::new(labels, roles, (estimator, seen)))
    }

    /// Rows for early stopping, apart from the rest as the test rows are.
    fn watched(&self, labels: &Labels, observe: &mut dyn FnMut(&TrainingEvent)) -> Option<Split> {
        let test_share = self.options.estimator.validation_share();
        if test_share <= 0.0 {
            return None;
        }
        let seed = self.options.estimator.seed();
        let options = SplitOptions { by: self.by.clone(), test_share, seed };
        match Split::of(self.table, &labels.of_common_classes(), &options) {
            Ok(split) => {
                let watched: HashSet<usize> = split.test.iter().copied().collect();
                let training = labels.rows.iter().copied().filter(|row| !watched.contains(row));
                Some(Split { training: training.collect(), test: split.test })
            }
            Err(error) => {
                observe(&TrainingEvent::NoValidation { reason: error.to_string() });
                None
            }
        }
    }

    fn class_weights(&self, labels: &Labels) -> Vec<f32> {
        match self.options.class_weights {
            ClassWeights::None | ClassWeights::Undersample => Vec::new(),
            ClassWeights::Balanced => {
                let (all, n_classes) = (labels.rows.len() as f64, labels.classes.len() as f64);
                let weight = |count: u64| (all / (n_classes * count.max(1) as f64)) as f32;
                labels.counts().into_iter().map(weight).collect()
            }
        }
    }
}

// === impl Labels ===

impl Labels {
    /// Without the classes of one row, which cannot be in two parts; classes without a row are gone.
    fn of_common_classes(&self) -> Self {
        let counts = self.counts();
        let mut new_codes = vec![None; counts.len()];
        let mut classes = Vec::new();
        let common = self.classes.iter().zip(&mut new_codes).zip(&counts);
        for ((class, new_code), _) in common.filter(|(_, count)| **count > 1) {
            *new_code = Some(classes.len() as u32);
            classes.push(class.clone());
        }
        let kept = self.rows.iter().zip(&self.codes).filter_map(|(&row, &code)| {
            new_codes.get(code as usize).copied().flatten().map(|code| (row, code))
        });
        let (rows, codes) = kept.unzip();
        Self { classes, codes, rows }
    }

    /// The labels of these rows of the table.
    fn among(&self, rows: &[usize]) -> Self {
        let wanted: HashSet<usize> = rows.iter().copied().collect();
        let kept = self.rows.iter().zip(&self.codes).filter(|(row, _)| wanted.contains(row));
        let (rows, codes) = kept.map(|(&row, &code)| (row, code)).unzip();
        Self { classes: self.classes.clone(), codes, rows }
    }
}

// === impl Part ===

impl Part {
    fn of(frame: &Frame, labels: &Labels) -> Result<Self, FrameError> {
        let frame = frame.select_rows(&labels.rows)?;
        Ok(Self { frame, classes: labels.codes.clone(), n_classes: labels.classes.len() })
    }

    fn labelled(&self) -> LabelledFrame<'_> {
        let Self { frame, classes, n_classes } = self;
        LabelledFrame { frame, classes, n_classes: *n_classes, weights: None }
    }
}

// === free functions ===

fn roles_and_labels(table: &Table, options: &FitOptions) -> Result<(Roles, Labels), TrainError> {
    let roles = Roles::of(table, &options.roles)?;
    let labels = Labels::of(table, &roles.target, options.missing_target)?;
    match &labels.classes[..] {
        [class] => Err(TrainError::OneClass {
            target: roles.target,
            class: class.clone(),
            n_rows: labels.rows.len(),
        }),
        _ => Ok((roles, labels)),
    }
}

fn round(history: &BoostingHistory, round: u64) -> TrainingEvent {
    TrainingEvent::Round {
        round,
        training_loss: history.training.last().copied().unwrap_or_default(),
        validation_loss: history.validation.last().copied(),
    }
}
