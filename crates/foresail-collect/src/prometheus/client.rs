//! The client: asks a Prometheus-compatible API, bounded in everything that it sends and holds.
//!
//! ```text
//!  question ──> slot (2 at once) ──> GET, or POST where it is long ──> status, content type
//!                  ^                                                        │
//!                  └── wait and ask again (429, 502–504, time, cut) <───────┤
//!                                                                           v
//!                       Receive::take <── one element at a time <── Splitter <── bytes
//! ```

use std::sync::Arc;
use std::time::Duration;

use foresail_core::Timestamp;
use reqwest::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use reqwest::{Certificate, Identity, Response, StatusCode, Url, redirect};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::answer::{Answer, BuildInfo, Envelope, Receive, RuleGroup, Series, series, shorten};
use super::elements::{Decoded, Elements, Reading, json};
use super::error::PrometheusError;
use super::settings::{Address, Auth, Limits, Settings, headers, plain};
use super::split::Splitter;
use super::steps::Steps;

/// Longest query string that goes into the address; longer ones are posted as a form.
const LONGEST_QUERY: usize = 2_000;

/// Longest wait before asking again, whatever the server wishes.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How much is read of an answer that is an error.
const ERROR_BYTES: usize = 1 << 16;

const RESULT: &[&str] = &["data", "result"];
const DATA: &[&str] = &["data"];
const GROUPS: &[&str] = &["data", "groups"];
/// An answer without elements that matter.
const WHOLE: &[&str] = &["nothing"];

/// A client of a Prometheus-compatible API: Prometheus, Thanos, Mimir, VictoriaMetrics.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    address: Arc<Address>,
    limits: Limits,
    slots: Arc<Semaphore>,
}

/// One question.
struct Question<'a> {
    part: &'a str,
    parameters: Vec<(&'static str, String)>,
    /// Where the elements of the answer are.
    elements: &'static [&'static str],
    method: Method,
}

/// How a question may be asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    /// Only in the address.
    Get,
    /// As a form if it is long.
    GetOrPost,
}

// === impl Client ===

impl Client {
    /// Checks the settings and reads the certificates; nothing is asked yet.
    ///
    /// # Errors
    /// What of the settings cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, PrometheusError> {
        crate::tls::install();
        let address = Address::new(settings)?;
        let limits = settings.limits;
        let mut builder = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(limits.timeout.min(Duration::from_secs(10)))
            .user_agent(concat!("foresail/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers(settings)?);
        if let Some(path) = &settings.ca_file {
            let what = "certificate authority";
            let pem = read("certificate authority", path)?;
            let tls = |source| PrometheusError::Tls { what, source };
            builder = builder.tls_certs_only(Certificate::from_pem_bundle(&pem).map_err(tls)?);
        }
        if let Some(identity) = &settings.identity {
            let mut pem = read("client certificate", &identity.certificate)?;
            pem.push(b'\n');
            pem.extend(read("client key", &identity.key)?);
            let tls = |source| PrometheusError::Tls { what: "client certificate or key", source };
            builder = builder.identity(Identity::from_pem(&pem).map_err(tls)?);
        }
        let tls = |source| PrometheusError::Tls { what: "TLS configuration", source };
        let slots = Arc::new(Semaphore::new(limits.queries.max(1)));
        Ok(Self { http: builder.build().map_err(tls)?, address: Arc::new(address), limits, slots })
    }

    /// The most that is asked for and read.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The address that errors and reports name, without user information.
    #[must_use]
    pub fn base(&self) -> String {
        plain(&self.address.endpoint(""))
            .trim_end_matches('/')
            .trim_end_matches("/api/v1")
            .to_owned()
    }

    /// What the server says that it is.
    ///
    /// # Errors
    /// Why there was no answer; older servers and some others do not know this question.
    pub async fn build_info(&self) -> Result<BuildInfo, PrometheusError> {
        let question = Question {
            part: "status/buildinfo",
            parameters: Vec::new(),
            elements: WHOLE,
            method: Method::Get,
        };
        let mut none = Decoded { decode: json::<()>, receiver: &mut Vec::new() };
        let (_, data) = self.ask(&question, &mut none).await?;
        serde_json::from_value(data.unwrap_or_default()).map_err(|error| PrometheusError::Shape {
            url: self.shown(&question),
            reason: error.to_string(),
        })
    }

    /// Evaluates `query` at one time. A range selector, `family{…}[1h]`, gives the raw samples.
    ///
    /// # Errors
    /// Why there was no whole answer.
    pub async fn instant(
        &self,
        query: &str,
        at: Timestamp,
        receiver: &mut dyn Receive<Series>,
    ) -> Result<Answer, PrometheusError> {
        let parameters = vec![
            ("query", query.to_owned()),
            ("time", seconds(at)),
            ("timeout", self.server_timeout()),
        ];
        let question =
            Question { part: "query", parameters, elements: RESULT, method: Method::GetOrPost };
        Ok(self.ask(&question, &mut Decoded { decode: series, receiver }).await?.0)
    }

    /// Evaluates `query` step by step. [`Steps::parts`] cuts a long span into ones that are taken.
    ///
    /// # Errors
    /// Why there was no whole answer; more steps than [`Limits::points`] are not asked for.
    pub async fn range(
        &self,
        query: &str,
        steps: Steps,
        receiver: &mut dyn Receive<Series>,
    ) -> Result<Answer, PrometheusError> {
        if steps.points() > i64::from(self.limits.points) {
            let reason = format!("{} steps are more than {}", steps.points(), self.limits.points);
            return Err(PrometheusError::Setting { name: "step".to_owned(), reason });
        }
        let parameters = vec![
            ("query", query.to_owned()),
            ("start", seconds(steps.start)),
            ("end", seconds(steps.end)),
            ("step", format!("{}", steps.step.as_seconds())),
            ("timeout", self.server_timeout()),
        ];
        let part = "query_range";
        let question = Question { part, parameters, elements: RESULT, method: Method::GetOrPost };
        Ok(self.ask(&question, &mut Decoded { decode: series, receiver }).await?.0)
    }

    /// Names of the metrics that match and had samples in a span of time.
    ///
    /// # Errors
    /// Why there was no whole answer.
    pub async fn metric_names(
        &self,
        matching: Option<&str>,
        (start, end): (Timestamp, Timestamp),
        receiver: &mut dyn Receive<String>,
    ) -> Result<Answer, PrometheusError> {
        let mut parameters = vec![("start", seconds(start)), ("end", seconds(end))];
        parameters.extend(matching.map(|selector| ("match[]", selector.to_owned())));
        let part = "label/__name__/values";
        let question = Question { part, parameters, elements: DATA, method: Method::Get };
        Ok(self.ask(&question, &mut Decoded { decode: json, receiver }).await?.0)
    }

    /// Labels of the series that match and had samples in a span of time.
    ///
    /// # Errors
    /// Why there was no whole answer.
    pub async fn label_sets(
        &self,
        matching: &str,
        (start, end): (Timestamp, Timestamp),
        receiver: &mut dyn Receive<std::collections::BTreeMap<String, String>>,
    ) -> Result<Answer, PrometheusError> {
        let parameters = vec![
            ("match[]", matching.to_owned()),
            ("start", seconds(start)),
            ("end", seconds(end)),
        ];
        let question =
            Question { part: "series", parameters, elements: DATA, method: Method::GetOrPost };
        Ok(self.ask(&question, &mut Decoded { decode: json, receiver }).await?.0)
    }

    /// The rules that the server evaluates.
    ///
    /// # Errors
    /// Why there was no whole answer; some servers have no rules.
    pub async fn rules(
        &self,
        receiver: &mut dyn Receive<RuleGroup>,
    ) -> Result<Answer, PrometheusError> {
        let parameters = Vec::new();
        let question =
            Question { part: "rules", parameters, elements: GROUPS, method: Method::Get };
        Ok(self.ask(&question, &mut Decoded { decode: json, receiver }).await?.0)
    }

    fn server_timeout(&self) -> String {
        format!("{}s", self.limits.timeout.as_secs().max(1))
    }

    /// Asks until there is an answer or no hope of one.
    async fn ask(
        &self,
        question: &Question<'_>,
        elements: &mut dyn Elements,
    ) -> Result<(Answer, Option<serde_json::Value>), PrometheusError> {
        let mut attempt = 0;
        loop {
            elements.restart();
            let (error, wish) = match self.attempt(question, elements).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            if attempt == self.limits.retries || !error.is_passing() {
                return Err(error);
            }
            let own = self.limits.backoff.saturating_mul(1 << attempt.min(16));
            sleep(wish.unwrap_or(own).min(LONGEST_WAIT)).await;
            attempt += 1;
        }
    }

    /// Asks once; with an error comes how long the server wishes to be left alone.
    async fn attempt(
        &self,
        question: &Question<'_>,
        elements: &mut dyn Elements,
    ) -> Result<(Answer, Option<serde_json::Value>), (PrometheusError, Option<Duration>)> {
        let _slot = self.slots.acquire().await.expect("the semaphore is never closed");
        let url = self.shown(question);
        let after = self.limits.timeout.saturating_mul(10);
        let late = PrometheusError::TimedOut { url: url.clone(), after };
        let exchange = async {
            let response = self.send(question, &url).await.map_err(|error| (error, None))?;
            let wish = wished_wait(&response);
            let response = self.checked(response, &url).await.map_err(|error| (error, wish))?;
            self.read_elements(response, (question, &url), elements)
                .await
                .map_err(|error| (error, None))
        };
        timeout(after, exchange).await.unwrap_or(Err((late, None)))
    }

    async fn send(&self, question: &Question<'_>, url: &str) -> Result<Response, PrometheusError> {
        let mut target = self.address.endpoint(question.part);
        if !question.parameters.is_empty() {
            target.query_pairs_mut().extend_pairs(&question.parameters);
        }
        let long = target.query().filter(|text| text.len() > LONGEST_QUERY).map(str::to_owned);
        let request = match long.filter(|_| question.method == Method::GetOrPost) {
            Some(form) => {
                target.set_query(None);
                let kind = "application/x-www-form-urlencoded";
                self.http.post(target).header(CONTENT_TYPE, kind).body(form)
            }
            None => self.http.get(target),
        };
        let request = match &self.address.auth {
            Auth::None => request,
            Auth::Basic { user, password } => request.basic_auth(user, Some(password.reveal())),
            Auth::Bearer(token) => request.bearer_auth(token.reveal().trim()),
            Auth::TokenFile(path) => {
                let token = read("token", path)?;
                request.bearer_auth(String::from_utf8_lossy(&token).trim())
            }
        };
        let after = self.limits.timeout;
        match timeout(after, request.send()).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) if error.is_timeout() => {
                Err(PrometheusError::TimedOut { url: url.to_owned(), after })
            }
            Ok(Err(error)) if error.is_builder() => Err(PrometheusError::Setting {
                name: "credentials".to_owned(),
                reason: "they hold characters that no header may hold".to_owned(),
            }),
            Ok(Err(error)) => Err(PrometheusError::Unreachable {
                url: url.to_owned(),
                source: error.without_url(),
            }),
            Err(_) => Err(PrometheusError::TimedOut { url: url.to_owned(), after }),
        }
    }

    /// Refuses whatever is no successful answer of the API.
    async fn checked(
        &self,
        mut response: Response,
        url: &str,
    ) -> Result<Response, PrometheusError> {
        let (status, url) = (response.status(), url.to_owned());
        let code = status.as_u16();
        if status.is_redirection() {
            return Err(PrometheusError::Redirected {
                target: target(&response),
                status: code,
                url,
            });
        }
        let content_type = header(&response, CONTENT_TYPE);
        if status.is_success() {
            if content_type.is_empty() || content_type.to_ascii_lowercase().contains("json") {
                return Ok(response);
            }
            let start = shorten(&self.beginning(&mut response).await, 80);
            return Err(PrometheusError::NotJson { url, content_type, start });
        }
        let body = self.beginning(&mut response).await;
        let envelope = serde_json::from_slice::<Envelope>(&body).ok();
        let said = envelope.as_ref().and_then(|envelope| envelope.error.as_deref());
        let reason = match said {
            Some(said) => shorten(said.as_bytes(), 300),
            None if body.is_empty() => status.canonical_reason().unwrap_or("no reason").to_owned(),
            None => shorten(&body, 200),
        };
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return Err(PrometheusError::Denied { url, status: code, reason });
        }
        match envelope.and_then(|envelope| envelope.error_type) {
            Some(kind) if code != 429 => {
                Err(PrometheusError::Refused { url, kind: shorten(kind.as_bytes(), 40), reason })
            }
            Some(_) | None => Err(PrometheusError::Status { url, status: code, reason }),
        }
    }

    /// The beginning of a body that is no answer.
    async fn beginning(&self, response: &mut Response) -> Vec<u8> {
        let mut body = Vec::new();
        while body.len() < ERROR_BYTES {
            match timeout(self.limits.timeout, response.chunk()).await {
                Ok(Ok(Some(chunk))) => body.extend_from_slice(&chunk),
                Ok(Ok(None) | Err(_)) | Err(_) => break,
            }
        }
        body.truncate(ERROR_BYTES);
        body
    }

    async fn read_elements(
        &self,
        mut response: Response,
        (question, url): (&Question<'_>, &str),
        elements: &mut dyn Elements,
    ) -> Result<(Answer, Option<serde_json::Value>), PrometheusError> {
        let url = url.to_owned();
        let mut splitter = Splitter::new(question.elements, self.limits.element_bytes);
        let mut reading = Reading { answer: Answer::default(), elements, most: self.limits.series };
        let after = self.limits.timeout;
        let mut bytes = 0u64;
        loop {
            let chunk = match timeout(after, response.chunk()).await {
                Ok(Ok(Some(chunk))) => chunk,
                Ok(Ok(None)) => break,
                Ok(Err(_)) => {
                    let reason = "broke off".to_owned();
                    return Err(PrometheusError::Cut { url, bytes, reason });
                }
                Err(_) => return Err(PrometheusError::TimedOut { url, after }),
            };
            if bytes == 0 && chunk.first().is_some_and(|byte| !b"{ \t\r\n".contains(byte)) {
                let start = shorten(&chunk, 80);
                let content_type = header(&response, CONTENT_TYPE);
                return Err(PrometheusError::NotJson { url, content_type, start });
            }
            bytes += chunk.len() as u64;
            if bytes > self.limits.answer_bytes {
                let limit = self.limits.answer_bytes;
                return Err(PrometheusError::TooMuch { url, limit, unit: "bytes" });
            }
            let flow = splitter.push(&chunk, &mut |piece| reading.take(piece));
            let Ok(flow) = flow else {
                let reason = "what stands around its elements is too long".to_owned();
                return Err(PrometheusError::Shape { url, reason });
            };
            if reading.answer.taken > reading.most {
                let limit = reading.most;
                return Err(PrometheusError::TooMuch { url, limit, unit: "series" });
            }
            if flow.is_break() {
                return Ok((reading.answer, None));
            }
        }
        let mut answer = reading.answer;
        let envelope: Envelope = serde_json::from_slice(splitter.envelope()).map_err(|error| {
            let url = url.clone();
            if error.is_eof() {
                PrometheusError::Cut { url, bytes, reason: "ended in the middle".to_owned() }
            } else {
                PrometheusError::Shape { url, reason: error.to_string() }
            }
        })?;
        answer.warnings = envelope.warnings();
        match envelope.status.as_deref() {
            Some("success") => Ok((answer, envelope.data)),
            Some("error") => Err(PrometheusError::Refused {
                url,
                kind: shorten(envelope.error_type.unwrap_or_default().as_bytes(), 40),
                reason: shorten(envelope.error.unwrap_or_default().as_bytes(), 300),
            }),
            Some(_) | None => {
                let reason = "field `status` is neither `success` nor `error`".to_owned();
                Err(PrometheusError::Shape { url, reason })
            }
        }
    }

    /// The question as errors name it: the address and the beginning of the query.
    fn shown(&self, question: &Question<'_>) -> String {
        let url = plain(&self.address.endpoint(question.part));
        let query =
            question.parameters.iter().find(|(name, _)| matches!(*name, "query" | "match[]"));
        match query {
            Some((_, query)) => format!("{url} {}", shorten(query.as_bytes(), 100)),
            None => url,
        }
    }
}

fn read(what: &'static str, path: &std::path::Path) -> Result<Vec<u8>, PrometheusError> {
    std::fs::read(path).map_err(|source| PrometheusError::File {
        what,
        path: path.to_owned(),
        source,
    })
}

fn header(response: &Response, name: reqwest::header::HeaderName) -> String {
    response.headers().get(name).map_or_else(String::new, |value| shorten(value.as_bytes(), 100))
}

/// Where a redirect points, without query and user information.
fn target(response: &Response) -> String {
    let location = header(response, LOCATION);
    let joined = response.url().join(&location);
    joined.as_ref().map_or_else(|_| "nowhere".to_owned(), |url: &Url| plain(url))
}

fn wished_wait(response: &Response) -> Option<Duration> {
    let seconds = header(response, RETRY_AFTER).parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// A time as the API takes it.
fn seconds(at: Timestamp) -> String {
    format!("{:.3}", at.as_epoch_seconds())
}
