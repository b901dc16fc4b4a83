//! Fetches pages of scrape targets: bounded in time and size, whatever the other side does.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Certificate, redirect};
use tokio::time::timeout;

use crate::kubernetes::{NodeAnswer, NodeHttp};

/// What is wished for; the answer may be of another kind.
const ACCEPTED: &str = "text/plain;version=0.0.4;q=1,application/openmetrics-text;version=1.0.0;q=0.5,application/json;q=0.3";

/// Which certificates are good enough.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// Those of the system's authorities.
    #[default]
    System,
    /// Those of the authorities in this PEM file.
    File(PathBuf),
    /// Any: what is scraped carries no secret, but the token sent along does.
    Anyone,
}

/// How pages are asked for without the credentials of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebSettings {
    /// Which certificates are good enough.
    pub trust: Trust,
    /// A file with a bearer token, read again for every page.
    pub token_file: Option<PathBuf>,
}

/// Fetches pages.
#[derive(Clone, Debug)]
pub enum PageClient {
    /// With the credentials of the cluster.
    Cluster(NodeHttp),
    /// On its own.
    Web(WebClient),
}

/// A client on its own.
#[derive(Clone, Debug)]
pub struct WebClient {
    http: reqwest::Client,
    token_file: Option<PathBuf>,
}

/// Why there is no page: a text for people. Untrusted.
pub(super) type Refusal = String;

/// A page under way.
pub(super) enum Answer {
    Node(NodeAnswer),
    Web(reqwest::Response, Duration),
}

// === impl WebClient ===

impl WebClient {
    /// Reads the certificates.
    ///
    /// # Errors
    /// What cannot be read or used.
    pub fn new(settings: &WebSettings) -> Result<Self, String> {
        crate::tls::install();
        let mut builder = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("foresail/", env!("CARGO_PKG_VERSION")));
        builder = match &settings.trust {
            Trust::System => builder,
            Trust::Anyone => builder.tls_danger_accept_invalid_certs(true),
            Trust::File(path) => {
                let wrong = |error: &dyn std::fmt::Display| {
                    format!(
                        "failed to read `{}`, the authorities of targets: {error}",
                        path.display()
                    )
                };
                let pem = std::fs::read(path).map_err(|error| wrong(&error))?;
                let found = Certificate::from_pem_bundle(&pem).map_err(|error| wrong(&error))?;
                builder.tls_certs_only(found)
            }
        };
        let http = builder.build().map_err(|error| error.to_string())?;
        Ok(Self { http, token_file: settings.token_file.clone() })
    }

    async fn get(&self, url: &str, within: Duration) -> Result<reqwest::Response, Refusal> {
        let mut request = self.http.get(url).header(ACCEPT, ACCEPTED);
        if let Some(path) = &self.token_file {
            let token = std::fs::read_to_string(path)
                .map_err(|error| format!("failed to read `{}`: {error}", path.display()))?;
            request = request.bearer_auth(token.trim());
        }
        let response = match timeout(within, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                return Err(format!("failed to reach `{url}`: {}", innermost(&error)));
            }
            Err(_) => return Err(late(url, within)),
        };
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        Err(format!("`{url}` answered with status {}", status.as_u16()))
    }
}

// === impl PageClient ===

impl PageClient {
    pub(super) async fn get(&self, url: &str, within: Duration) -> Result<Answer, Refusal> {
        match self {
            Self::Cluster(http) => match timeout(within, http.get(url, ACCEPTED)).await {
                Ok(answer) => answer.map(Answer::Node).map_err(|error| error.to_string()),
                Err(_) => Err(late(url, within)),
            },
            Self::Web(http) => Ok(Answer::Web(http.get(url, within).await?, within)),
        }
    }
}

// === impl Answer ===

impl Answer {
    pub(super) fn content_type(&self) -> String {
        match self {
            Self::Node(answer) => answer.content_type().to_owned(),
            Self::Web(response, _) => {
                let value = response.headers().get(CONTENT_TYPE);
                let value = value.and_then(|value| value.to_str().ok());
                value.unwrap_or_default().chars().take(100).collect()
            }
        }
    }

    /// The next part; `None` at the end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Refusal> {
        match self {
            Self::Node(answer) => answer.chunk().await.map_err(|error| error.to_string()),
            Self::Web(response, within) => match timeout(*within, response.chunk()).await {
                Ok(Ok(chunk)) => Ok(chunk.map(|bytes| bytes.to_vec())),
                Ok(Err(error)) => Err(format!("the answer broke off: {}", innermost(&error))),
                Err(_) => Err(late("the rest of the answer", *within)),
            },
        }
    }
}

fn late(what: &str, after: Duration) -> Refusal {
    format!("`{what}` did not come within {} s", after.as_secs_f64())
}

/// The cause that all others come from.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
