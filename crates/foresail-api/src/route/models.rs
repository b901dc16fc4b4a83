//! `GET /api/v1/models`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use crate::api::Api;
use crate::body::ModelsBody;
use crate::problem::Problem;

/// The model in service, its shadows, and the registry
#[utoipa::path(
    get, path = "/api/v1/models", tag = "service", security((), ("token" = [])),
    responses(
        (status = 200, description = "The models at hand", body = ModelsBody),
        (status = "4XX", description = "Not answered as asked", body = Problem),
        (status = "5XX", description = "Not answered now", body = Problem),
    )
)]
pub(super) async fn models(State(api): State<Arc<Api>>) -> Result<Json<ModelsBody>, Problem> {
    let registered = match api.source.registry() {
        None => None,
        Some(registry) => {
            let entries = registry.models(api.source.cluster()).await?;
            Some(entries.iter().map(Into::into).collect())
        }
    };
    let status = api.source.status();
    Ok(Json(ModelsBody { in_service: status.model, shadows: status.shadows, registered }))
}
