//! The answer to `POST /api/v1/predict`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::prediction::PredictionBody;
use crate::predict::{PredictAnswer, PredictedRow};

/// What a model says of rows, or of series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PredictBody {
    /// Name of the model.
    pub model: String,
    /// An answer a row, in the order of the request; empty for series.
    pub rows: Vec<PredictedRow>,
    /// Predictions, highest score first; empty for rows.
    pub predictions: Vec<PredictionBody>,
    /// What of the request was not used, in words. May contain names of the request.
    pub notes: Vec<String>,
}

// === impl PredictBody ===

impl PredictBody {
    /// The shape of `answer`; `cluster` is where series are taken to come from.
    pub(crate) fn new(answer: PredictAnswer, cluster: &str) -> Self {
        match answer {
            PredictAnswer::Rows { model, mut rows, notes } => {
                // JSON has no NaN: a number that is none is left out.
                for row in &mut rows {
                    row.probabilities.retain(|_, probability| probability.is_finite());
                    row.contributions.retain(|one| one.amount.is_finite());
                }
                Self { model, rows, predictions: Vec::new(), notes }
            }
            PredictAnswer::Series { model, predictions, notes } => Self {
                model,
                rows: Vec::new(),
                predictions: predictions
                    .iter()
                    .map(|prediction| PredictionBody::new(prediction, cluster))
                    .collect(),
                notes,
            },
        }
    }
}
