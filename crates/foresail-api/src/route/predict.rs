//! `POST /api/v1/predict`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use foresail_core::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::OwnedSemaphorePermit;
use utoipa::ToSchema;

use super::extract::{JsonBody, time};
use crate::api::{Api, compute};
use crate::body::PredictBody;
use crate::predict::{PredictInput, PredictRequest, Series, SeriesInput};
use crate::problem::{Code, Problem};

/// Rows of one request.
const MOST_ROWS: usize = 10_000;
/// Contributions a row, or predictions, that are answered.
const MOST_ANSWERS: usize = 1_000;
/// Contributions a row without `top`, as `foresail predict` has.
const CONTRIBUTIONS: usize = 5;
/// Predictions without `top`.
const PREDICTIONS: usize = 100;

/// What is to be predicted: either `rows` for a model of a table, or `series` for one of recordings.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PredictQuestion {
    /// Name of the model; the one in service by default.
    model: Option<String>,
    /// Rows of a table: an object of column → value each, at most 10,000.
    #[schema(value_type = Option<Vec<Object>>)]
    rows: Option<Vec<Map<String, Value>>>,
    /// Series, as a Prometheus answers a range query in `data.result`.
    series: Option<Vec<SeriesBody>>,
    /// Kubernetes objects beside the series, as in `items` of `kubectl get … -o json`.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    objects: Vec<Map<String, Value>>,
    /// The time to predict at, in RFC 3339; that of the last point by default. Only with series.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<String>,
    /// Contributions a row (5 by default), or predictions (100), that are answered, at most 1,000.
    #[schema(minimum = 1, maximum = 1000)]
    top: Option<usize>,
}

/// A series of a range query.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct SeriesBody {
    /// Its labels, with `__name__`.
    metric: BTreeMap<String, String>,
    /// Pairs of epoch seconds and a value, in time order.
    #[schema(value_type = Vec<Vec<Value>>)]
    values: Vec<(f64, PointValue)>,
}

/// A value as Prometheus writes it, or as a number.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum PointValue {
    Number(f64),
    Text(String),
}

/// One of few that may be sent at a time; taken before the body is read.
pub(crate) struct Slot(OwnedSemaphorePermit);

impl FromRequestParts<Arc<Api>> for Slot {
    type Rejection = Problem;
    async fn from_request_parts(_: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let slot = Arc::clone(&api.predictions).try_acquire_owned();
        slot.map(Self).map_err(|_| Problem::new(Code::Busy, "too many predictions are being made"))
    }
}

/// Predicts for rows of a table, or for series of a cluster
#[utoipa::path(
    post, path = "/api/v1/predict", tag = "predictions", security((), ("token" = [])),
    request_body = PredictQuestion,
    responses(
        (status = 200, description = "The answer", body = PredictBody),
        (status = "4XX", description = "Not answered as asked", body = Problem),
        (status = "5XX", description = "Not answered now", body = Problem),
    )
)]
pub(super) async fn predict(
    State(api): State<Arc<Api>>,
    Slot(_slot): Slot,
    JsonBody(question): JsonBody<PredictQuestion>,
) -> Result<Json<PredictBody>, Problem> {
    let request = compute(move || PredictRequest::try_from(question)).await??;
    let answer = api.source.predict(request).await?;
    Ok(Json(PredictBody::new(answer, api.cluster())))
}

impl TryFrom<PredictQuestion> for PredictRequest {
    type Error = Problem;
    fn try_from(question: PredictQuestion) -> Result<Self, Problem> {
        let PredictQuestion { model, rows, series, objects, at, top } = question;
        let at = time("at", at.as_deref())?;
        let (input, default) = match (rows, series) {
            (Some(rows), None) => {
                if at.is_some() || !objects.is_empty() {
                    return Err(Problem::body("rows", "`at` and `objects` go with `series` only"));
                }
                check_rows(&rows)?;
                (PredictInput::Rows(rows), CONTRIBUTIONS)
            }
            (None, Some(series)) => {
                check_objects(&objects)?;
                let series = checked_series(series)?;
                (PredictInput::Series(SeriesInput { series, objects, at }), PREDICTIONS)
            }
            (Some(_), Some(_)) | (None, None) => {
                return Err(Problem::body("rows", "send either `rows` or `series`"));
            }
        };
        let top = top.unwrap_or(default);
        if !(1..=MOST_ANSWERS).contains(&top) {
            let reason = format!("`{top}` is not between 1 and {MOST_ANSWERS}");
            return Err(Problem::body("top", reason));
        }
        Ok(Self { model, input, top })
    }
}

fn check_rows(rows: &[Map<String, Value>]) -> Result<(), Problem> {
    if !(1..=MOST_ROWS).contains(&rows.len()) {
        let reason = format!("{} rows are not between 1 and {MOST_ROWS}", rows.len());
        return Err(Problem::body("rows", reason));
    }
    for (number, row) in rows.iter().enumerate() {
        let nested = row.iter().find(|(_, value)| value.is_array() || value.is_object());
        if let Some((column, _)) = nested {
            let place = format!("rows[{number}].{column}");
            return Err(Problem::body(&place, "neither a number, a text, a boolean nor null"));
        }
    }
    Ok(())
}

fn check_objects(objects: &[Map<String, Value>]) -> Result<(), Problem> {
    for (number, object) in objects.iter().enumerate() {
        let name = object.get("metadata").and_then(|metadata| metadata.get("name"));
        if !(object.get("kind").is_some_and(Value::is_string) && name.is_some_and(Value::is_string))
        {
            let place = format!("objects[{number}]");
            return Err(Problem::body(
                &place,
                "a Kubernetes object has `kind` and `metadata.name`",
            ));
        }
    }
    Ok(())
}

fn checked_series(series: Vec<SeriesBody>) -> Result<Vec<Series>, Problem> {
    if series.is_empty() {
        return Err(Problem::body("series", "there is none"));
    }
    let checked = series.into_iter().enumerate().map(|(number, body)| {
        if body.metric.get("__name__").is_none_or(String::is_empty) {
            let place = format!("series[{number}].metric");
            return Err(Problem::body(&place, "there is no `__name__`"));
        }
        let mut points: Vec<(Timestamp, f64)> = Vec::with_capacity(body.values.len());
        for (place, (seconds, value)) in body.values.iter().enumerate() {
            let refused =
                |reason| Problem::body(&format!("series[{number}].values[{place}]"), reason);
            let at = Timestamp::from_epoch_seconds(*seconds)
                .ok_or_else(|| refused("the time is no number of epoch seconds"))?;
            if points.last().is_some_and(|(last, _)| *last >= at) {
                return Err(refused("the time is not after that of the point before"));
            }
            points.push((at, value.get().ok_or_else(|| refused("the value is no number"))?));
        }
        Ok(Series { labels: body.metric, points })
    });
    let series = checked.collect::<Result<Vec<_>, _>>()?;
    if series.iter().all(|one| one.points.is_empty()) {
        return Err(Problem::body("series", "no series has a point"));
    }
    Ok(series)
}

// === impl PointValue ===

impl PointValue {
    fn get(&self) -> Option<f64> {
        match self {
            Self::Number(value) => Some(*value),
            Self::Text(text) => text.trim().parse().ok(),
        }
    }
}
