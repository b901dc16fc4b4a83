//! One question to a server: sent, checked, and its answer read part by part.
//!
//! ```text
//!  path ──> kube client (TLS, credentials) ──> status, content type ──> Answer::chunk, again and again
//! ```
//! kube's own readers hold a whole answer; these hold one part, so an answer of any size is bounded.

use std::error::Error;
use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use http::{Request, Response};
use http_body_util::BodyExt;
use kube::client::{AuthError, Body};
use serde::Deserialize;
use tokio::time::timeout;

use super::error::{Cause, KubernetesError};
use crate::prometheus::answer::shorten;

/// How much is read of an answer that is an error.
const ERROR_BYTES: usize = 1 << 16;

/// A question.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    /// Path and query, or a whole address.
    pub(super) target: &'a str,
    /// What the answer may be.
    pub(super) accept: &'static str,
    /// Until the answer begins.
    pub(super) within: Duration,
}

/// An answer under way.
#[derive(Debug)]
pub(super) struct Answer {
    body: Body,
    pub(super) place: Place,
}

/// Where an answer comes from and how far it was read: what its errors say.
#[derive(Clone, Debug)]
pub(super) struct Place {
    url: String,
    pub(super) content_type: String,
    bytes: u64,
}

/// What the API says with an error.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Status {
    pub(super) message: String,
    pub(super) reason: String,
    pub(super) code: u16,
    details: Option<Details>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Details {
    retry_after_seconds: Option<u64>,
}

// === impl Answer ===

impl Answer {
    /// Asks, and refuses whatever is no success. `host` is what errors put before a path.
    pub(super) async fn to(
        question: Question<'_>,
        client: &kube::Client,
        host: &str,
    ) -> Result<Self, KubernetesError> {
        let request = Request::get(question.target).header(ACCEPT, question.accept);
        let request = request.body(Body::empty()).map_err(|error| KubernetesError::Status {
            url: question.target.to_owned(),
            status: 0,
            reason: error.to_string(),
        })?;
        Self::of(request, (client, host), question.within).await
    }

    /// Sends a request made elsewhere.
    pub(super) async fn of(
        request: Request<Body>,
        (client, host): (&kube::Client, &str),
        within: Duration,
    ) -> Result<Self, KubernetesError> {
        let url = shown(host, &request.uri().to_string());
        let response = match timeout(within, client.send(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(unreachable(url, host, error)),
            Err(_) => return Err(KubernetesError::TimedOut { url, after: within }),
        };
        let (status, wait) = (response.status(), wished_wait(&response));
        let content_type = response.headers().get(CONTENT_TYPE);
        let content_type =
            content_type.map_or_else(String::new, |value| shorten(value.as_bytes(), 100));
        let place = Place { url, content_type, bytes: 0 };
        let mut answer = Self { body: response.into_body(), place };
        if status.is_success() {
            return Ok(answer);
        }
        let body = answer.beginning(within).await;
        let said: Status = serde_json::from_slice(&body).unwrap_or_default();
        let reason = if !said.message.is_empty() {
            shorten(said.message.as_bytes(), 300)
        } else if body.is_empty() {
            status.canonical_reason().unwrap_or("no reason").to_owned()
        } else {
            shorten(&body, 120)
        };
        let asked = said.details.and_then(|details| details.retry_after_seconds);
        let wait = wait.or(asked.map(Duration::from_secs));
        Err(refusal(answer.place.url, status.as_u16(), (reason, wait)))
    }

    /// Refuses what is not JSON: a login page, a proxy's own.
    pub(super) async fn json(mut self, within: Duration) -> Result<Self, KubernetesError> {
        let content_type = &self.place.content_type;
        if content_type.is_empty() || content_type.to_ascii_lowercase().contains("json") {
            return Ok(self);
        }
        let start = self.beginning(within).await;
        Err(self.place.not_json(&start))
    }

    /// The next part; `None` at the end, an error of its own where nothing comes for `within`.
    pub(super) async fn chunk(
        &mut self,
        within: Duration,
    ) -> Result<Option<Vec<u8>>, KubernetesError> {
        loop {
            let url = || self.place.url.clone();
            match timeout(within, self.body.frame()).await {
                Ok(Some(Ok(frame))) => {
                    // Anything else is a trailer.
                    let Ok(data) = frame.into_data() else { continue };
                    self.place.bytes += data.len() as u64;
                    return Ok(Some(data.into()));
                }
                Ok(None) => return Ok(None),
                Ok(Some(Err(error))) => {
                    let reason = format!("broke off: {}", innermost(&error));
                    return Err(KubernetesError::Cut {
                        url: url(),
                        bytes: self.place.bytes,
                        reason,
                    });
                }
                Err(_) => return Err(KubernetesError::TimedOut { url: url(), after: within }),
            }
        }
    }

    /// The whole answer, if it is no longer than `most`.
    pub(super) async fn whole(
        mut self,
        most: usize,
        within: Duration,
    ) -> Result<Vec<u8>, KubernetesError> {
        let mut body = Vec::new();
        while let Some(part) = self.chunk(within).await? {
            if body.len() + part.len() > most {
                return Err(KubernetesError::TooMuch { url: self.place.url, limit: most as u64 });
            }
            body.extend_from_slice(&part);
        }
        Ok(body)
    }

    async fn beginning(&mut self, within: Duration) -> Vec<u8> {
        let mut body = Vec::new();
        while body.len() < ERROR_BYTES {
            match self.chunk(within).await {
                Ok(Some(part)) => body.extend_from_slice(&part),
                Ok(None) | Err(_) => break,
            }
        }
        body.truncate(ERROR_BYTES);
        body
    }
}

// === impl Place ===

impl Place {
    /// The answer ended in the middle of something.
    pub(super) fn cut(&self) -> KubernetesError {
        let reason = "ended in the middle".to_owned();
        KubernetesError::Cut { url: self.url.clone(), bytes: self.bytes, reason }
    }

    /// The answer is JSON of another shape.
    pub(super) fn shape(&self, reason: impl ToString) -> KubernetesError {
        KubernetesError::Shape { url: self.url.clone(), reason: reason.to_string() }
    }

    /// The answer is no JSON, whatever it says that it is.
    pub(super) fn not_json(&self, start: &[u8]) -> KubernetesError {
        KubernetesError::NotJson {
            url: self.url.clone(),
            content_type: self.content_type.clone(),
            start: shorten(start, 80),
        }
    }

    /// What a watch reports as an error, as if it were the status of an answer.
    pub(super) fn reported(&self, status: &Status) -> KubernetesError {
        let wait = status.details.as_ref().and_then(|details| details.retry_after_seconds);
        let reason = shorten(status.message.as_bytes(), 300);
        let gone = matches!(status.reason.as_str(), "Expired" | "Gone");
        let code = if gone { 410 } else { status.code };
        refusal(self.url.clone(), code, (reason, wait.map(Duration::from_secs)))
    }
}

fn refusal(
    url: String,
    status: u16,
    (reason, wait): (String, Option<Duration>),
) -> KubernetesError {
    match status {
        401 => KubernetesError::Unauthorized { url, reason },
        403 => KubernetesError::Forbidden { url, reason },
        404 => KubernetesError::NotFound { url, reason },
        410 => KubernetesError::Expired { url },
        429 | 503 => KubernetesError::Busy { url, status, wait },
        _ => KubernetesError::Status { url, status, reason },
    }
}

/// Why a request got no answer at all.
fn unreachable(url: String, host: &str, error: kube::Error) -> KubernetesError {
    let reason = innermost(&error);
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(known) = cause {
        if known.is::<AuthError>() {
            let host = if host.is_empty() { url } else { host.to_owned() };
            return KubernetesError::Credentials { host, reason };
        }
        cause = known.source();
    }
    KubernetesError::Unreachable { url, reason, source: Cause::from(error) }
}

/// What the innermost cause says: the others repeat it.
pub(super) fn innermost(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(known) = cause {
        let said = known.to_string();
        if !said.is_empty() {
            text = said;
        }
        cause = known.source();
    }
    shorten(text.as_bytes(), 300)
}

/// An address for people: without the query's versions and tokens for pages.
fn shown(host: &str, target: &str) -> String {
    let plain = target.split('?').next().unwrap_or(target);
    if plain.starts_with("http://") || plain.starts_with("https://") {
        return plain.to_owned();
    }
    format!("{}{plain}", host.trim_end_matches('/'))
}

fn wished_wait(response: &Response<Body>) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}
