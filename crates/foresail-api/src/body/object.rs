//! One object, and the models, as the API answers them.

use std::collections::BTreeMap;

use foresail_core::Timestamp;
use foresail_core::store::ModelEntry;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::alarm::AlarmBody;
use super::outcome::OutcomeBody;
use super::prediction::PredictionBody;
use crate::status::ModelStatus;

/// What is known of one object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ObjectBody {
    /// Name of the cluster.
    pub cluster: String,
    /// Its kind, such as `Pod`, `Deployment`, `Node`, `Volume` or `Component`.
    pub object_kind: String,
    /// Namespace; null for cluster objects.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Node of a pod.
    pub node: Option<String>,
    /// Workload of a pod.
    pub workload: Option<String>,
    /// Kind of that workload.
    pub workload_kind: Option<String>,
    /// End of the minute of `values`; null where there are none.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub values_at: Option<Timestamp>,
    /// Values of the last minute by column of `docs/dataset.md`; null where one is missing.
    pub values: BTreeMap<String, Option<f64>>,
    /// Predictions of the last tick, highest score first.
    pub predictions: Vec<PredictionBody>,
    /// Alarms that are open, then those raised in the last 24 hours, latest first.
    pub alarms: Vec<AlarmBody>,
    /// Failures of the last 24 hours, latest first.
    pub outcomes: Vec<OutcomeBody>,
}

/// The models at hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ModelsBody {
    /// The model in service; null before one is.
    pub in_service: Option<ModelStatus>,
    /// Models that predict and are scored, but never speak.
    pub shadows: Vec<ModelStatus>,
    /// Models that are kept in the registry, by name; null without a store.
    pub registered: Option<Vec<RegisteredModel>>,
}

/// A model of the registry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RegisteredModel {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// The schema of the features it takes.
    pub schema: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// Length of the file.
    pub bytes: u64,
    /// When it was added.
    #[schema(value_type = String, format = DateTime)]
    pub added_at: Timestamp,
    /// `in_service`, `shadow` or `idle`.
    pub role: String,
}

impl From<&ModelEntry> for RegisteredModel {
    fn from(entry: &ModelEntry) -> Self {
        Self {
            name: entry.name.clone(),
            kind: entry.kind.clone(),
            schema: entry.schema.clone(),
            sha256: entry.sha256.clone(),
            bytes: entry.bytes,
            added_at: entry.added_at,
            role: entry.role.as_str().to_owned(),
        }
    }
}
