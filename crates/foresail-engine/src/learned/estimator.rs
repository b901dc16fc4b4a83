//! The model behind a pipeline: hazards, or a plain classifier of what fails within the horizon.
//!
//! A classifier stands in as a hazard model of one time bin: its class 0 is "nothing within the
//! horizon", class `k + 1` is kind `k`. It knows no times.

use foresail_learn::boosting::GradientBoosting;
use foresail_learn::estimator::Classifier;
use foresail_learn::forest::RandomForest;
use foresail_learn::frame::Schema;
use foresail_learn::hazard::{HazardCurve, HazardModel, HazardShape, Scratch};
use foresail_learn::tree::{Contributions, PredictError};
use serde::{Deserialize, Serialize};

/// Probabilities nearer to 0 and 1 are not told apart where log odds are asked for.
const LEAST: f64 = 1e-3;

/// A fitted model of any kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Estimator {
    /// Hazards by kind and time.
    Hazard(HazardModel),
    /// A random forest.
    RandomForest(OneBin<RandomForest>),
    /// Gradient boosting.
    GradientBoosting(OneBin<GradientBoosting>),
}

/// A classifier of what fails within one horizon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OneBin<C> {
    /// One bin, and the kinds after the class of none.
    pub shape: HazardShape,
    /// The classifier.
    pub classifier: C,
}

// === impl Estimator ===

impl Estimator {
    /// The columns that it takes.
    #[must_use]
    pub const fn schema(&self) -> &Schema {
        match self {
            Self::Hazard(model) => model.schema(),
            Self::RandomForest(forest) => forest.classifier.schema(),
            Self::GradientBoosting(boosting) => boosting.classifier.schema(),
        }
    }

    /// Time bins and kinds.
    #[must_use]
    pub const fn shape(&self) -> &HazardShape {
        match self {
            Self::Hazard(model) => model.shape(),
            Self::RandomForest(forest) => &forest.shape,
            Self::GradientBoosting(boosting) => &boosting.shape,
        }
    }

    /// Kinds that it really tells apart.
    #[must_use]
    pub fn n_kinds(&self) -> usize {
        match self {
            Self::Hazard(model) => usize::from(model.shape().n_kinds),
            Self::RandomForest(forest) => forest.classifier.n_classes().saturating_sub(1),
            Self::GradientBoosting(boosting) => boosting.classifier.n_classes().saturating_sub(1),
        }
    }

    /// Gain per column, in the order of the schema.
    #[must_use]
    pub fn importances(&self) -> Vec<f64> {
        match self {
            Self::Hazard(model) => model.importances(),
            Self::RandomForest(forest) => forest.classifier.importances(),
            Self::GradientBoosting(boosting) => boosting.classifier.importances(),
        }
    }

    /// Whether it can tell when a failure comes.
    #[must_use]
    pub const fn knows_times(&self) -> bool {
        matches!(self, Self::Hazard(_))
    }

    /// What it says of a row, into buffers that are used again.
    ///
    /// # Errors
    /// [`PredictError::RowLength`].
    pub fn predict_into<'s>(
        &self,
        row: &[f32],
        scratch: &'s mut Scratch,
    ) -> Result<&'s HazardCurve, PredictError> {
        let (shape, classes) = match self {
            Self::Hazard(model) => return model.predict_into(row, scratch),
            Self::RandomForest(forest) => (&forest.shape, forest.classes(row)?),
            Self::GradientBoosting(boosting) => (&boosting.shape, boosting.classes(row)?),
        };
        let end = shape.edges.last().copied().unwrap_or_default();
        Ok(scratch.set_single_bin(end, classes.get(1..).unwrap_or_default()))
    }

    /// What each column adds to the log odds of a kind; of a forest to first order, as it adds up
    /// probabilities.
    ///
    /// # Errors
    /// [`PredictError`] for a row of another length or a kind past the end.
    pub fn contributions(&self, row: &[f32], kind: u16) -> Result<Contributions, PredictError> {
        let class = u32::from(kind) + 1;
        match self {
            Self::Hazard(model) => {
                let bins = model.shape().n_bins();
                let mut sum = model.contributions(row, kind, 0..=bins.saturating_sub(1))?;
                scale(&mut sum, 1.0 / bins as f64);
                Ok(sum)
            }
            Self::RandomForest(forest) => {
                let p = forest.classes(row)?.get(class as usize).copied().unwrap_or_default();
                let p = p.clamp(LEAST, 1.0 - LEAST);
                let mut sum = forest.classifier.contributions(row, class)?;
                scale(&mut sum, 1.0 / (p * (1.0 - p)));
                Ok(sum)
            }
            Self::GradientBoosting(boosting) => {
                let mut sum = boosting.classifier.contributions(row, class)?;
                let none = boosting.classifier.contributions(row, 0)?;
                sum.bias -= none.bias;
                for (own, none) in sum.columns.iter_mut().zip(none.columns) {
                    *own -= none;
                }
                Ok(sum)
            }
        }
    }
}

// === impl OneBin ===

impl OneBin<RandomForest> {
    fn classes(&self, row: &[f32]) -> Result<Vec<f64>, PredictError> {
        let mut classes = Vec::new();
        self.classifier.predict_into(row, &mut classes).map(|()| classes)
    }
}

impl OneBin<GradientBoosting> {
    fn classes(&self, row: &[f32]) -> Result<Vec<f64>, PredictError> {
        let mut classes = Vec::new();
        self.classifier.predict_into(row, &mut classes).map(|()| classes)
    }
}

fn scale(sum: &mut Contributions, factor: f64) {
    sum.bias *= factor;
    sum.columns.iter_mut().for_each(|column| *column *= factor);
}
