//! `GET /api/v1/changes`.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::Stream;

use crate::api::Api;
use crate::problem::{Code, Problem};

/// What happens, as it happens
///
/// Server-Sent Events. The name of each event is its type, its data a `ChangeBody`. A client that
/// comes back sends the last id as `Last-Event-ID` and gets what it missed, or an event `missed`.
#[utoipa::path(
    get, path = "/api/v1/changes", tag = "predictions", security((), ("token" = [])),
    params(("Last-Event-ID" = Option<String>, Header, description = "Id of the last event that was seen")),
    responses(
        (status = 200, description = "A stream that does not end", body = String, content_type = "text/event-stream"),
        (status = "4XX", description = "Not answered as asked", body = Problem),
        (status = "5XX", description = "Not answered now", body = Problem),
    )
)]
pub(super) async fn changes(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>> + use<>>, Problem> {
    let Ok(slot) = Arc::clone(&api.streams).try_acquire_owned() else {
        return Err(Problem::new(Code::Busy, "too many streams of changes are open"));
    };
    let last_id = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let stream = api.hub.subscribe(last_id, slot, api.stop.subscribe());
    let heartbeat = KeepAlive::new().interval(api.settings.heartbeat).text("heartbeat");
    Ok(Sse::new(stream).keep_alive(heartbeat))
}
