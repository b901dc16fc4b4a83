//! What the service says of itself: status, probes, metrics, and the description of the API.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::api::{Api, compute};
use crate::metrics::{Format, page};
use crate::problem::{Code, Problem};
use crate::status::Status;

/// Whether the service is alive or ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct HealthBody {
    /// Always true: otherwise the status is another.
    ok: bool,
}

/// What the service says of itself
#[utoipa::path(
    get, path = "/api/v1/status", tag = "service", security((), ("token" = [])),
    responses(
        (status = 200, description = "State of everything that the service rests on", body = Status),
        (status = "4XX", description = "Not answered as asked", body = Problem),
        (status = "5XX", description = "Not answered now", body = Problem),
    )
)]
pub(super) async fn status(State(api): State<Arc<Api>>) -> Json<Status> {
    Json(api.source.status())
}

/// This description: OpenAPI 3.1
#[utoipa::path(
    get, path = "/api/v1/openapi.json", tag = "service", security((), ("token" = [])),
    responses(
        (status = 200, description = "OpenAPI 3.1", body = Object),
        (status = "4XX", description = "Not answered as asked", body = Problem),
        (status = "5XX", description = "Not answered now", body = Problem),
    )
)]
pub(super) async fn description() -> Result<Response, Problem> {
    let page = compute(super::openapi).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], page).into_response())
}

/// Whether the process answers; needs no token
#[utoipa::path(
    get, path = "/healthz", tag = "service",
    responses(
        (status = 200, description = "It does", body = HealthBody),
        (status = "4XX", description = "Not answered as asked", body = Problem),
        (status = "5XX", description = "Not answered now", body = Problem),
    )
)]
pub(super) async fn alive() -> Json<HealthBody> {
    Json(HealthBody { ok: true })
}

/// Whether predictions can be relied on now; needs no token
#[utoipa::path(
    get, path = "/readyz", tag = "service",
    responses(
        (status = 200, description = "They can", body = HealthBody),
        (status = "4XX", description = "Not answered as asked", body = Problem),
        (status = "5XX", description = "They cannot; `details.reasons` says why", body = Problem),
    )
)]
pub(super) async fn ready(State(api): State<Arc<Api>>) -> Result<Json<HealthBody>, Problem> {
    let status = api.source.status();
    if status.ready {
        return Ok(Json(HealthBody { ok: true }));
    }
    let text = format!("not ready: {}", status.not_ready_because.join("; "));
    Err(Problem::new(Code::NotReady, text).with(json!({ "reasons": status.not_ready_because })))
}

/// Health and predictions as metrics; needs no token unless configured so
///
/// In the text format of Prometheus, or OpenMetrics where `Accept` asks for it.
#[utoipa::path(
    get, path = "/metrics", tag = "service", security((), ("token" = [])),
    responses(
        (status = 200, description = "Metrics", body = String, content_type = "text/plain"),
        (status = "4XX", description = "Not answered as asked", body = Problem),
        (status = "5XX", description = "Not answered now", body = Problem),
    )
)]
pub(super) async fn metrics(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let format = Format::accepted(accept.unwrap_or_default());
    let page = compute(move || page(&api, format)).await?;
    Ok(([(header::CONTENT_TYPE, format.content_type())], page).into_response())
}
