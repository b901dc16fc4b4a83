//! What every request passes: host, token, time, and no panic that reaches the server.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use sha2::{Digest, Sha256};

use crate::api::Api;
use crate::problem::{Code, Problem};
use crate::settings::{MetricsAccess, Secret, ServeSettings};

/// What tells every browser to keep its hands off.
const HEADERS: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::REFERRER_POLICY, "no-referrer"),
];

/// Digest of the token. Digests are compared instead of tokens: how long that takes says nothing
/// about the token.
pub(crate) struct TokenDigest([u8; 32]);

/// Answers a request, or says why not.
pub(crate) async fn guard(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    let mut response = match admit(&api, &request) {
        Ok(()) => answer(&api, request, next).await,
        Err(problem) => problem.into_response(),
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    api.requests.count(response.status());
    response
}

async fn answer(api: &Api, request: Request, next: Next) -> Response {
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(api.settings.timeout, answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => {
            tracing::error!("a request made the API panic");
            Problem::new(Code::Internal, "the service failed; its log says why").into_response()
        }
        Err(_) => Problem::new(Code::TimedOut, "the answer took too long").into_response(),
    }
}

fn admit(api: &Api, request: &Request) -> Result<(), Problem> {
    match &api.token {
        None => check_host(request.headers()),
        Some(_) if is_open(request.uri().path(), &api.settings) => Ok(()),
        Some(token) => check_token(token, request.headers()),
    }
}

/// What kubelets and metrics servers read, which send no token.
fn is_open(path: &str, settings: &ServeSettings) -> bool {
    match path {
        "/healthz" | "/readyz" => true,
        "/metrics" => settings.metrics == MetricsAccess::Open,
        _ => false,
    }
}

/// A page that a browser loaded from elsewhere may point its own name at this machine; it cannot
/// choose another `Host` than that name.
fn check_host(headers: &HeaderMap) -> Result<(), Problem> {
    let allowed = |value: &HeaderValue| value.to_str().is_ok_and(is_loopback_name);
    if headers.get_all(header::HOST).iter().all(allowed) {
        return Ok(());
    }
    Err(Problem::new(
        Code::HostNotAllowed,
        "without a token the API answers only under `localhost` or a loopback address",
    ))
}

fn is_loopback_name(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

fn check_token(token: &TokenDigest, headers: &HeaderMap) -> Result<(), Problem> {
    let sent = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    let Some(sent) = sent.and_then(bearer) else {
        return Err(Problem::new(
            Code::TokenMissing,
            "send the token as `Authorization: Bearer …`",
        ));
    };
    if token.is_of(sent) {
        Ok(())
    } else {
        Err(Problem::new(Code::TokenWrong, "the token is not the configured one"))
    }
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

// === impl TokenDigest ===

impl TokenDigest {
    pub(crate) fn new(token: &Secret) -> Self {
        Self(Sha256::digest(token.expose().as_bytes()).into())
    }

    fn is_of(&self, sent: &[u8]) -> bool {
        let sent: [u8; 32] = Sha256::digest(sent).into();
        let differing =
            self.0.iter().zip(sent).fold(0, |bits, (ours, theirs)| bits | (ours ^ theirs));
        differing == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_loopback() {
        for host in ["localhost", "LocalHost:7780", "127.0.0.1:7780", "127.1.2.3", "[::1]:7780"] {
            assert!(is_loopback_name(host), "{host}");
        }
        for host in
            ["", "evil.example", "localhost.evil.example:80", "10.0.0.1", "[fe80::1]", "[", "::"]
        {
            assert!(!is_loopback_name(host), "{host}");
        }
    }

    #[test]
    fn a_token_must_be_equal_to_the_last_byte() {
        let token = TokenDigest::new(&Secret::new("0123456789abcdef"));
        assert!(token.is_of(b"0123456789abcdef"));
        for other in [&b""[..], b"0123456789abcde", b"0123456789abcdefg", b"0123456789abcdeF"] {
            assert!(!token.is_of(other));
        }
        assert_eq!(bearer(b"bearer  x "), Some(&b"x"[..]));
        assert_eq!(bearer(b"Basic eDp5"), None);
        assert_eq!(bearer(b"Bear"), None);
    }
}
