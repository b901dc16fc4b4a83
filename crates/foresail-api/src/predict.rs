//! A prediction for what a client sends: rows of a table, or series of a cluster.

use std::collections::BTreeMap;

use foresail_core::{Prediction, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// What a client asks for, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct PredictRequest {
    /// Name of the model; `None` for the one in service.
    pub model: Option<String>,
    /// What it is asked about.
    pub input: PredictInput,
    /// Contributions or predictions to answer, at most.
    pub top: usize,
}

/// What a model is asked about.
#[derive(Clone, Debug, PartialEq)]
pub enum PredictInput {
    /// Rows of a table: column → value, at least one. Values are null, booleans, numbers or texts.
    Rows(Vec<Map<String, Value>>),
    /// Series of a cluster.
    Series(SeriesInput),
}

/// Series of a cluster, as a Prometheus answers a range query.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesInput {
    /// At least one.
    pub series: Vec<Series>,
    /// Kubernetes objects, each as the API answers it, with `kind` and `metadata`.
    pub objects: Vec<Map<String, Value>>,
    /// The time to predict at; `None` for that of the last point.
    pub at: Option<Timestamp>,
}

/// One series.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its labels with `__name__`. Untrusted texts.
    pub labels: BTreeMap<String, String>,
    /// Times and values, in time order, no time twice; values may be NaN or infinite.
    pub points: Vec<(Timestamp, f64)>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub enum PredictAnswer {
    /// To rows of a table.
    Rows {
        /// Name of the model.
        model: String,
        /// In the order of the request.
        rows: Vec<PredictedRow>,
        /// What of the request was not used, in words.
        notes: Vec<String>,
    },
    /// To series of a cluster.
    Series {
        /// Name of the model.
        model: String,
        /// Highest score first.
        predictions: Vec<Prediction>,
        /// What of the request was not used, in words.
        notes: Vec<String>,
    },
}

/// What a model says of one row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PredictedRow {
    /// Number of the row in the request, from 1.
    pub row: usize,
    /// The most probable class.
    pub class: String,
    /// Probability by class.
    pub probabilities: BTreeMap<String, f64>,
    /// What spoke for the class, the greatest first.
    pub contributions: Vec<Contribution>,
}

/// What one column contributed to a class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Contribution {
    /// The column.
    pub column: String,
    /// How much, in the model's own measure; positive speaks for the class.
    pub amount: f64,
}

/// Why nothing is predicted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PredictError {
    /// The service has no model that answers requests. Retryable once it has one.
    #[error("no model is in service")]
    NoModel,
    /// No model has this name.
    #[error("no model named `{name}`")]
    UnknownModel {
        /// The name asked for.
        name: String,
    },
    /// The model takes the other kind of input.
    #[error("model `{model}` takes `{takes}`")]
    WrongInput {
        /// The model.
        model: String,
        /// `rows` or `series`.
        takes: &'static str,
    },
    /// The model cannot take this input.
    #[error("{reason}")]
    Refused {
        /// What is wrong, with the place in the request.
        reason: String,
    },
    /// Too many requests at a time. Retryable.
    #[error("too many predictions are being made")]
    Busy,
    /// The service failed. The reason is for the log, not for the client.
    #[error("the prediction failed: {reason}")]
    Failed {
        /// Why.
        reason: String,
    },
}
