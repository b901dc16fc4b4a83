//! `GET /api/v1/predictions`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use foresail_core::{FailureKind, Prediction};
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{self, Parameters};
use super::names::FailureKindName;
use crate::api::{Api, compute};
use crate::body::{OpenAlarms, Place, PredictionsBody};
use crate::problem::Problem;

/// Predictions that are answered without `limit`.
const DEFAULT_LIMIT: usize = 100;

/// Which predictions are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PredictionsQuery {
    /// Only of this failure kind.
    #[param(value_type = Option<FailureKindName>, inline)]
    kind: Option<String>,
    /// Only of objects in this namespace.
    namespace: Option<String>,
    /// Only of this workload, pod, node, volume or component, by name.
    object: Option<String>,
    /// Only those at least so probable; leaves out those without enough data.
    #[param(minimum = 0, maximum = 1)]
    min_probability: Option<f64>,
    /// At most so many; 100 by default.
    #[param(minimum = 1, maximum = 10000)]
    limit: Option<usize>,
}

/// The same, checked.
struct Filter {
    kind: Option<FailureKind>,
    namespace: Option<String>,
    object: Option<String>,
    min_probability: Option<f64>,
}

/// Ranked predictions of the last tick
#[utoipa::path(
    get, path = "/api/v1/predictions", tag = "predictions", params(PredictionsQuery),
    security((), ("token" = [])),
    responses(
        (status = 200, description = "Predictions, highest score first", body = PredictionsBody),
        (status = "4XX", description = "Not answered as asked", body = Problem),
        (status = "5XX", description = "Not answered now", body = Problem),
    )
)]
pub(super) async fn predictions(
    State(api): State<Arc<Api>>,
    Parameters(query): Parameters<PredictionsQuery>,
) -> Result<Json<PredictionsBody>, Problem> {
    let limit = extract::limit(query.limit, DEFAULT_LIMIT)?;
    let filter = Filter::try_from(query)?;
    let snapshot = api.snapshot()?;
    let cluster = api.cluster().to_owned();
    let body = compute(move || {
        let alarms = OpenAlarms::new(&snapshot);
        let mut matching = 0;
        let mut predictions = Vec::new();
        for prediction in snapshot.predictions.iter().filter(|one| filter.matches(one)) {
            matching += 1;
            if predictions.len() < limit {
                predictions.push(alarms.shape(prediction, &cluster));
            }
        }
        PredictionsBody { cluster, at: snapshot.at, matching, predictions }
    });
    body.await.map(Json)
}

// === impl Filter ===

impl Filter {
    fn matches(&self, prediction: &Prediction) -> bool {
        let unit = &prediction.unit;
        let named =
            |name: &str| Place::name(unit) == name || prediction.pod.as_deref() == Some(name);
        self.kind.is_none_or(|kind| prediction.kind == kind)
            && self.namespace.as_deref().is_none_or(|name| Place::namespace(unit) == Some(name))
            && self.object.as_deref().is_none_or(named)
            && self.min_probability.is_none_or(|least| {
                prediction.probability().is_some_and(|probability| probability.get() >= least)
            })
    }
}

impl TryFrom<PredictionsQuery> for Filter {
    type Error = Problem;
    fn try_from(query: PredictionsQuery) -> Result<Self, Problem> {
        if let Some(least) = query.min_probability
            && !(0.0..=1.0).contains(&least)
        {
            let reason = format!("`{least}` is no probability between 0 and 1");
            return Err(Problem::parameter("min_probability", reason));
        }
        Ok(Self {
            kind: extract::kind(query.kind.as_deref())?,
            namespace: query.namespace,
            object: query.object,
            min_probability: query.min_probability,
        })
    }
}
