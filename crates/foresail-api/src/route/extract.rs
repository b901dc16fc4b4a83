//! What a handler takes from a request; every refusal is a [`Problem`].

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use foresail_core::{FailureKind, Timestamp};
use serde::de::DeserializeOwned;

use crate::api::{Api, compute};
use crate::problem::{Code, Problem};

/// Parameters of the query.
pub(super) struct Parameters<T>(pub(super) T);

/// Parameters of the path.
pub(super) struct Names<T>(pub(super) T);

/// A JSON body of bounded length.
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<Api>> for Parameters<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let Query(parameters) = Query::from_request_parts(parts, api)
            .await
            .map_err(|refused| Problem::new(Code::InvalidParameter, refused.body_text()))?;
        Ok(Self(parameters))
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<Api>> for Names<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let Path(names) = Path::from_request_parts(parts, api)
            .await
            .map_err(|refused| Problem::new(Code::MalformedRequest, refused.body_text()))?;
        Ok(Self(names))
    }
}

impl<T: DeserializeOwned + Send + 'static> FromRequest<Arc<Api>> for JsonBody<T> {
    type Rejection = Problem;
    async fn from_request(mut request: Request, api: &Arc<Api>) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(
                Code::NotJson,
                "send the body with `Content-Type: application/json`",
            ));
        }
        DefaultBodyLimit::max(api.settings.body_limit).apply(&mut request);
        let read = Bytes::from_request(request, api);
        // Less than the time of the whole request, so that the client learns what was too slow.
        let bytes = tokio::time::timeout(api.settings.timeout / 2, read)
            .await
            .map_err(|_| Problem::new(Code::BodyTooSlow, "the body did not arrive in time"))?
            .map_err(|refused| unread(&refused.into_response().status(), api))?;
        compute(move || parse(&bytes)).await?.map(Self)
    }
}

fn unread(status: &StatusCode, api: &Api) -> Problem {
    if *status == StatusCode::PAYLOAD_TOO_LARGE {
        let limit = api.settings.body_limit;
        return Problem::new(Code::BodyTooLarge, format!("the body is longer than {limit} bytes"))
            .with(serde_json::json!({ "limit_bytes": limit }));
    }
    Problem::new(Code::MalformedRequest, "the body broke off")
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => Problem::new(Code::InvalidBody, error.to_string()),
        serde_json::error::Category::Io
        | serde_json::error::Category::Syntax
        | serde_json::error::Category::Eof => {
            Problem::new(Code::MalformedRequest, format!("the body is no JSON: {error}"))
        }
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    let declared = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = declared.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    media.eq_ignore_ascii_case("application/json")
}

/// A failure kind by its name.
pub(super) fn kind(text: Option<&str>) -> Result<Option<FailureKind>, Problem> {
    let parse = |text: &str| text.parse().map_err(|error| Problem::parameter("kind", error));
    text.map(parse).transpose()
}

/// A time; the `+` of its offset may have become a space on the way, as queries are written.
pub(super) fn time(name: &str, text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let parse = |text: &str| {
        text.trim().replace(' ', "+").parse().map_err(|error| Problem::parameter(name, error))
    };
    text.map(parse).transpose()
}

/// How many entries are answered.
pub(super) fn limit(asked: Option<usize>, default: usize) -> Result<usize, Problem> {
    /// More than any client shows; an answer of it has some ten megabytes.
    const MOST: usize = 10_000;
    match asked {
        None => Ok(default),
        Some(limit) if (1..=MOST).contains(&limit) => Ok(limit),
        Some(limit) => {
            Err(Problem::parameter("limit", format!("`{limit}` is not between 1 and {MOST}")))
        }
    }
}
