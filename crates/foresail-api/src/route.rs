//! The routes, and their description as OpenAPI.

mod extract;
mod health;
mod incidents;
mod models;
mod names;
mod objects;
mod predict;
mod predictions;
mod stream;

use std::sync::Arc;

use axum::Router;
use axum::http::{Method, Uri};
use axum::middleware;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::Api;
use crate::body::ChangeBody;
use crate::guard::guard;
use crate::problem::{Code, Problem};

/// The frame of the description; routes add themselves.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Foresail",
        description = "What Foresail sees coming in a Kubernetes cluster. Times are RFC 3339, durations \
                       seconds of wall time. Names, sentences and evidence come from the cluster: untrusted text.",
        license(name = "MIT"),
        contact()
    ),
    components(schemas(ChangeBody)),
    tags(
        (name = "predictions", description = "What may fail, what is announced, and what happened"),
        (name = "service", description = "What the service says of itself")
    ),
    modifiers(&Token)
)]
struct Description;

/// The bearer token, where one is configured.
struct Token;

impl Modify for Token {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("Needed where the service has a token configured"));
        let components = description.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(scheme.build()));
    }
}

/// Every route, behind the guard.
pub(crate) fn router(api: &Arc<Api>) -> Router {
    let (router, _) = described().split_for_parts();
    router
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(middleware::from_fn_with_state(Arc::clone(api), guard))
        .with_state(Arc::clone(api))
}

/// The description of the API: OpenAPI 3.1, as JSON with a line feed at its end.
#[must_use]
pub fn openapi() -> String {
    let (_, description) = described().split_for_parts();
    // Plain data: it always has a JSON form.
    let mut page = description.to_pretty_json().unwrap_or_default();
    page.push('\n');
    page
}

fn described() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(predictions::predictions))
        .routes(routes!(incidents::incidents))
        .routes(routes!(objects::object))
        .routes(routes!(predict::predict))
        .routes(routes!(stream::changes))
        .routes(routes!(health::status))
        .routes(routes!(models::models))
        .routes(routes!(health::description))
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
}

async fn no_route(uri: Uri) -> Problem {
    Problem::new(Code::RouteNotFound, format!("there is no `{}`", uri.path()))
}

async fn no_method(method: Method, uri: Uri) -> Problem {
    let text = format!("`{}` does not take {method}", uri.path());
    Problem::new(Code::MethodNotAllowed, text)
}
