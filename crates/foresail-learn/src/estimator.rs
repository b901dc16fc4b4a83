//! The contract of every classifier: fit on a frame with classes, give probabilities for a frame of
//! the same schema.
//!
//! ```text
//! Params, LabelledFrame ──fit──> Classifier ──predict_proba(&Frame)──> [n_rows, n_classes]
//!                                    └── Serialize, Deserialize: the body of a model file
//! ```
//!
//! All implementations pass one suite (`tests/it/model_suite.rs`): a fit depends on its arguments
//! alone, the same seed gives the same bytes at any number of threads, one class, one row, constant
//! and missing columns are data like any other, another schema is refused, and a model read from a
//! file is the model that was written.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::frame::{Frame, SchemaId};
use crate::logistic::{Labels, Logistic, LogisticError, ValidLogisticParams};

/// A frame with a class per row.
#[derive(Clone, Copy, Debug)]
pub struct LabelledFrame<'a> {
    /// The rows.
    pub frame: &'a Frame,
    /// The class of each, from 0.
    pub classes: &'a [u32],
    /// Number of classes; some may have no row.
    pub n_classes: usize,
    /// Weight per row; all 1 without.
    pub weights: Option<&'a [f32]>,
}

/// Gives each class a probability.
pub trait Classifier: Sized + Serialize + DeserializeOwned {
    /// What a model file calls this kind of model.
    const KIND: &'static str;
    /// Checked settings, a seed among them where chance has a part.
    type Params;
    /// Why nothing was fitted.
    type FitError: std::error::Error + Send + Sync + 'static;
    /// Why nothing was predicted.
    type PredictError: std::error::Error + Send + Sync + 'static;

    /// Fits a model to nothing but the arguments.
    ///
    /// # Errors
    /// When there is no row of positive weight, or labels and weights do not fit the rows.
    fn fit(params: &Self::Params, rows: &LabelledFrame<'_>) -> Result<Self, Self::FitError>;

    /// The schema of the frames it takes.
    fn schema_id(&self) -> SchemaId;

    /// The number of classes.
    fn n_classes(&self) -> usize;

    /// The probability of every class, row after row: `[n_rows, n_classes]`, each row of sum 1.
    ///
    /// # Errors
    /// When the frame has another schema.
    fn predict_proba(&self, frame: &Frame) -> Result<Vec<f64>, Self::PredictError>;
}

// === impl Classifier ===

/// Two classes; class 1 is the event.
impl Classifier for Logistic {
    const KIND: &'static str = "logistic";
    type Params = ValidLogisticParams;
    type FitError = LogisticError;
    type PredictError = LogisticError;

    fn fit(params: &Self::Params, rows: &LabelledFrame<'_>) -> Result<Self, LogisticError> {
        if rows.n_classes != 2 {
            return Err(LogisticError::Classes { n_classes: rows.n_classes });
        }
        crate::metrics::check_classes("classes", rows.classes, rows.n_classes)?;
        let happened: Vec<bool> = rows.classes.iter().map(|class| *class == 1).collect();
        let weights: Option<Vec<f64>> =
            rows.weights.map(|weights| weights.iter().map(|weight| f64::from(*weight)).collect());
        let labels = Labels { happened: &happened, weights: weights.as_deref() };
        params.fit(rows.frame, labels)
    }

    fn schema_id(&self) -> SchemaId {
        self.schema().clone()
    }

    fn n_classes(&self) -> usize {
        2
    }

    fn predict_proba(&self, frame: &Frame) -> Result<Vec<f64>, LogisticError> {
        Ok(self.predict(frame)?.into_iter().flat_map(|p| [1.0 - p, p]).collect())
    }
}
