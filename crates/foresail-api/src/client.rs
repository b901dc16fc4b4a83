//! A small client of the API, for `foresail top` and tests.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Response, Url, redirect};
use serde::de::DeserializeOwned;

use crate::body::{IncidentsBody, PredictionsBody};
use crate::problem::Problem;
use crate::settings::Secret;
use crate::status::Status;

/// Longest answer: 10,000 predictions take some ten megabytes.
const LONGEST_ANSWER: usize = 64 << 20;

/// Where the API is, and who asks.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// Base address, such as `http://127.0.0.1:7780`; a path in front of `/api` is kept.
    pub server: String,
    /// The bearer token, where the server wants one.
    pub token: Option<Secret>,
    /// Longest time of a request.
    pub timeout: Duration,
}

/// A client of the API.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    token: Option<HeaderValue>,
}

/// Which predictions are asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PredictionsAsked {
    /// Only of this failure kind.
    pub kind: Option<String>,
    /// Only in this namespace.
    pub namespace: Option<String>,
    /// Only those at least so probable.
    pub min_probability: Option<f64>,
    /// At most so many.
    pub limit: Option<usize>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The address or token cannot be used. Not retryable.
    #[error("`{what}` cannot be used: {reason}")]
    Settings {
        /// Which.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Nobody answers there. Retryable.
    #[error("`{server}` does not answer")]
    Unreachable {
        /// The address.
        server: String,
        /// What was met.
        source: reqwest::Error,
    },
    /// The service refused the request.
    #[error("`{server}` refused `{path}`: {} ({})", problem.message, problem.code.as_str())]
    Refused {
        /// The address.
        server: String,
        /// What was asked for.
        path: &'static str,
        /// Why.
        problem: Box<Problem>,
    },
    /// What answers is no Foresail.
    #[error("`{server}` answered `{path}` with {reason}: is it a Foresail service?")]
    Answer {
        /// The address.
        server: String,
        /// What was asked for.
        path: &'static str,
        /// What came instead.
        reason: String,
    },
}

// === impl Client ===

impl Client {
    /// Checks the settings; nothing is asked yet.
    ///
    /// # Errors
    /// [`ClientError::Settings`].
    pub fn new(settings: &ClientSettings) -> Result<Self, ClientError> {
        let refused =
            |reason: String| ClientError::Settings { what: settings.server.clone(), reason };
        let mut base = Url::parse(&settings.server).map_err(|error| refused(error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
            return Err(refused("an address begins with `http://` or `https://`".to_owned()));
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(refused("it holds a user: the API takes a token".to_owned()));
        }
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        base.set_query(None);
        base.set_fragment(None);
        let token = settings.token.as_ref().map(header).transpose()?;
        // It fails where a provider is installed already, which is just as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(settings.timeout)
            .timeout(settings.timeout)
            .user_agent(concat!("foresail/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| refused(error.to_string()))?;
        Ok(Self { http, base, token })
    }

    /// The address that errors name.
    #[must_use]
    pub fn server(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// `GET /api/v1/status`.
    ///
    /// # Errors
    /// [`ClientError`], as for every call.
    pub async fn status(&self) -> Result<Status, ClientError> {
        self.get("api/v1/status", &[]).await
    }

    /// `GET /api/v1/predictions`.
    ///
    /// # Errors
    /// [`ClientError`], as for every call.
    pub async fn predictions(
        &self,
        asked: &PredictionsAsked,
    ) -> Result<PredictionsBody, ClientError> {
        let query: Vec<(&str, String)> = [
            ("kind", asked.kind.clone()),
            ("namespace", asked.namespace.clone()),
            ("min_probability", asked.min_probability.map(|least| least.to_string())),
            ("limit", asked.limit.map(|limit| limit.to_string())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
        self.get("api/v1/predictions", &query).await
    }

    /// `GET /api/v1/incidents` of the last 24 hours.
    ///
    /// # Errors
    /// [`ClientError`], as for every call.
    pub async fn incidents(&self) -> Result<IncidentsBody, ClientError> {
        self.get("api/v1/incidents", &[]).await
    }

    async fn get<T: DeserializeOwned>(
        &self,
        path: &'static str,
        query: &[(&str, String)],
    ) -> Result<T, ClientError> {
        let server = || self.server().to_owned();
        let unreachable = |source| ClientError::Unreachable { server: server(), source };
        let answered = |reason| ClientError::Answer { server: server(), path, reason };
        let mut url = self.base.join(path).map_err(|error| answered(error.to_string()))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.http.get(url);
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, token.clone());
        }
        let mut response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let Some(body) = read(&mut response).await.map_err(unreachable)? else {
            return Err(answered(format!("more than {LONGEST_ANSWER} bytes")));
        };
        if status.is_success() {
            return serde_json::from_slice(&body)
                .map_err(|error| answered(format!("another body ({error})")));
        }
        Err(match serde_json::from_slice(&body) {
            Ok(problem) => {
                ClientError::Refused { server: server(), path, problem: Box::new(problem) }
            }
            Err(_) => answered(format!("status {status}")),
        })
    }
}

/// The body; `None` when it is too long.
async fn read(response: &mut Response) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > LONGEST_ANSWER {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

fn header(token: &Secret) -> Result<HeaderValue, ClientError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose())).map_err(|_| {
        let reason = "it has characters that no header takes".to_owned();
        ClientError::Settings { what: "token".to_owned(), reason }
    })?;
    value.set_sensitive(true);
    Ok(value)
}
