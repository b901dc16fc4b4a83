//! Every answer that is no success: a stable code, a text for people, and what a program needs.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use foresail_core::store::StoreError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::predict::PredictError;

/// Longest text of an answer, in characters: it may repeat what the client sent.
const LONGEST_MESSAGE: usize = 400;
/// After how many seconds a client may ask again.
const RETRY_AFTER: &str = "5";

macro_rules! codes {
    ($($name:ident, $text:literal, $status:ident, $meaning:literal;)*) => {
        /// Why a request was not answered as asked. Codes are stable; clients branch on them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Code { $(#[doc = $meaning] $name),* }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stable name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// The HTTP status that it comes with.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status),* }
            }

            /// What it means, in one sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning),* }
            }
        }
    };
}

codes! {
    MalformedRequest, "malformed_request", BAD_REQUEST, "The body is no JSON, or the path no text.";
    TokenMissing, "token_missing", UNAUTHORIZED, "The request has no bearer token.";
    TokenWrong, "token_wrong", UNAUTHORIZED, "The bearer token is not the configured one.";
    HostNotAllowed, "host_not_allowed", FORBIDDEN, "Without a token only requests to a loopback name are answered.";
    RouteNotFound, "route_not_found", NOT_FOUND, "There is no such path.";
    ObjectNotFound, "object_not_found", NOT_FOUND, "No such object is known.";
    ModelNotFound, "model_not_found", NOT_FOUND, "No model has this name.";
    MethodNotAllowed, "method_not_allowed", METHOD_NOT_ALLOWED, "The path does not take this method.";
    BodyTooSlow, "body_too_slow", REQUEST_TIMEOUT, "The body did not arrive in time.";
    BodyTooLarge, "body_too_large", PAYLOAD_TOO_LARGE, "The body is longer than allowed.";
    NotJson, "not_json", UNSUPPORTED_MEDIA_TYPE, "The body is not declared as `application/json`.";
    InvalidParameter, "invalid_parameter", UNPROCESSABLE_ENTITY, "A parameter of path or query has a wrong value.";
    InvalidBody, "invalid_body", UNPROCESSABLE_ENTITY, "The body is JSON of another shape.";
    WrongInput, "wrong_input", UNPROCESSABLE_ENTITY, "The model takes the other kind of input: rows or series.";
    InputRefused, "input_refused", UNPROCESSABLE_ENTITY, "The model cannot take this input; the message says why.";
    Internal, "internal", INTERNAL_SERVER_ERROR, "The service failed; its log says why.";
    NoTickYet, "no_tick_yet", SERVICE_UNAVAILABLE, "Nothing was assessed yet.";
    NotReady, "not_ready", SERVICE_UNAVAILABLE, "Predictions cannot be relied on now; `details.reasons` says why.";
    NoModel, "no_model", SERVICE_UNAVAILABLE, "No model is in service.";
    StoreUnavailable, "store_unavailable", SERVICE_UNAVAILABLE, "The store does not answer; `details.store` has its code.";
    Busy, "busy", SERVICE_UNAVAILABLE, "Too many requests of this kind are being answered.";
    TimedOut, "timed_out", SERVICE_UNAVAILABLE, "The answer took too long.";
}

/// A request that was not answered as asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// The stable code.
    pub code: Code,
    /// What happened, for people. May repeat what the client sent.
    pub message: String,
    /// What a program needs to go on; null where there is nothing.
    #[schema(value_type = Option<Object>)]
    pub details: Option<Value>,
}

// === impl Problem ===

impl Problem {
    /// A problem with nothing but a text.
    pub(crate) fn new(code: Code, message: impl AsRef<str>) -> Self {
        Self { code, message: printable(message.as_ref()), details: None }
    }

    /// The same, with details.
    pub(crate) fn with(self, details: Value) -> Self {
        Self { details: Some(details), ..self }
    }

    /// A parameter with a wrong value.
    pub(crate) fn parameter(name: &str, reason: impl std::fmt::Display) -> Self {
        Self::new(Code::InvalidParameter, format!("parameter `{name}`: {reason}"))
            .with(json!({ "parameter": name }))
    }

    /// A body of another shape.
    pub(crate) fn body(place: &str, reason: impl std::fmt::Display) -> Self {
        Self::new(Code::InvalidBody, format!("`{place}`: {reason}"))
            .with(json!({ "place": printable(place) }))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.code.status();
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        // The text may name places of the machine: it is for the log.
        tracing::warn!(error = %error, "failed to read the store for the API");
        Self::new(Code::StoreUnavailable, "what is kept cannot be read")
            .with(json!({ "store": error.code(), "retryable": error.is_retryable() }))
    }
}

impl From<PredictError> for Problem {
    fn from(error: PredictError) -> Self {
        let text = error.to_string();
        match error {
            PredictError::NoModel => Self::new(Code::NoModel, text),
            PredictError::UnknownModel { name } => {
                Self::new(Code::ModelNotFound, text).with(json!({ "model": printable(&name) }))
            }
            PredictError::WrongInput { takes, .. } => {
                Self::new(Code::WrongInput, text).with(json!({ "takes": takes }))
            }
            PredictError::Refused { .. } => Self::new(Code::InputRefused, text),
            PredictError::Busy => Self::new(Code::Busy, text),
            PredictError::Failed { reason } => {
                tracing::error!(error = %reason, "failed to predict for the API");
                Self::new(Code::Internal, "the prediction failed; the log says why")
            }
        }
    }
}

/// A text of bounded length without control characters: it may stand in a terminal.
fn printable(text: &str) -> String {
    let mut short: String = text
        .chars()
        .take(LONGEST_MESSAGE)
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    if text.chars().nth(LONGEST_MESSAGE).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_its_name_in_json() {
        for code in Code::ALL {
            let json = serde_json::to_string(code).unwrap();
            assert_eq!(json, format!("\"{}\"", code.as_str()));
        }
    }

    #[test]
    fn a_message_is_short_and_printable() {
        let problem = Problem::new(Code::InvalidBody, format!("a\u{1b}[31m{}", "x".repeat(9_000)));
        assert!(!problem.message.contains('\u{1b}'));
        assert_eq!(problem.message.chars().count(), LONGEST_MESSAGE + 1);
    }
}
