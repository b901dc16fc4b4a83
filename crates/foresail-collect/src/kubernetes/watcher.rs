//! One watch: lists a collection page by page, then follows its changes, for ever.
//!
//! ```text
//!            ┌─────────────── 410 Gone ───────────────┐
//!            v                                        │
//!  list, page by page ──> version ──> watch from it ──┤── ends, silent, breaks: watch again from the
//!            ^                                        │    latest version, after a pause where it failed
//!            └── forbidden, missing: rarely <─────────┘
//! ```
//! Lists name no version, so they are as new as the store: `resourceVersion=0` may be older than what
//! was told before, and servers then send everything in one piece whatever `limit` says.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use foresail_core::Clock;
use serde::Deserialize;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::sleep;

use super::api::{Place, Question, Status};
use super::book::{Arrival, hash_of};
use super::cluster::Cluster;
use super::convert::Form;
use super::error::KubernetesError;
use super::lines::{Line, Lines};
use super::pump::{News, What};
use super::resources::Resource;
use super::status::{Board, WatchState};
use crate::prometheus::answer::shorten;
use crate::prometheus::split::{Piece, Splitter};

const ITEMS: &[&str] = &["items"];

/// A watch that ends without a word is not opened again sooner than this.
const EMPTY_WAIT: Duration = Duration::from_secs(1);

/// Failures in a row after which a server that answers is asked for everything anew.
const TRIES_OF_A_VERSION: u32 = 4;

/// One watch.
pub(super) struct Watcher {
    pub(super) cluster: Cluster,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) resource: &'static Resource,
    pub(super) namespace: Option<String>,
    /// Its number.
    pub(super) stream: usize,
    pub(super) board: Board,
    pub(super) lists: Arc<Semaphore>,
    pub(super) news: mpsc::Sender<News>,
    /// Which of the places that serve the kind is asked.
    pub(super) base: usize,
    /// Whether a watch brought anything since the latest failure.
    pub(super) has_progressed: bool,
}

/// Why a list or a watch ended before its time.
#[derive(Debug)]
pub(super) enum Stop {
    /// Nobody listens any more.
    Closed,
    Failed(KubernetesError),
}

/// Beside the items of a page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Page {
    metadata: PageMeta,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PageMeta {
    resource_version: Option<String>,
    #[serde(rename = "continue")]
    rest: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Debug, Deserialize)]
struct Bookmark {
    object: Page,
}

#[derive(Debug, Deserialize)]
struct Failure {
    object: Status,
}

impl From<KubernetesError> for Stop {
    fn from(error: KubernetesError) -> Self {
        Self::Failed(error)
    }
}

// === impl Watcher ===

impl Watcher {
    /// Runs until nobody listens any more.
    pub(super) async fn run(mut self) {
        let mut version = None;
        let mut failures = 0u32;
        loop {
            let generation = self.cluster.generation();
            let done = match &mut version {
                None => self.list().await.map(|found| version = Some(found)),
                Some(version) => self.watch(version).await,
            };
            let error = match done {
                Ok(()) => {
                    failures = 0;
                    continue;
                }
                Err(Stop::Closed) => return,
                Err(Stop::Failed(error)) => error,
            };
            if matches!(error, KubernetesError::Expired { .. }) {
                version = None;
                self.board.update(self.stream, |row| row.relists += 1);
            }
            failures = if std::mem::take(&mut self.has_progressed) { 1 } else { failures + 1 };
            let wait = self.after(&error, failures);
            if matches!(error, KubernetesError::Unauthorized { .. }) {
                // What is wrong with the configuration shows in the next answer.
                let _ = self.cluster.renew(generation).await;
            }
            // A server that was restored may not know the version, and need not say so by 410.
            let answered =
                matches!(error, KubernetesError::Status { .. } | KubernetesError::Shape { .. });
            if self.is_refused(&error) || answered && failures.is_multiple_of(TRIES_OF_A_VERSION) {
                version = None;
            }
            tracing::debug!(resource = self.resource.name, %error, "a watch failed");
            sleep(wait).await;
        }
    }

    const fn is_refused(&self, error: &KubernetesError) -> bool {
        matches!(error, KubernetesError::Forbidden { .. } | KubernetesError::NotFound { .. })
    }

    /// Notes what failed; how long to wait before the next try.
    fn after(&mut self, error: &KubernetesError, failures: u32) -> Duration {
        let timeouts = self.cluster.settings().timeouts;
        let refused = self.is_refused(error);
        if refused && self.base + 1 < self.resource.bases.len() {
            self.base += 1;
            return Duration::ZERO;
        }
        let state = match error {
            KubernetesError::Forbidden { .. } => WatchState::Forbidden,
            KubernetesError::NotFound { .. } => WatchState::NotInstalled,
            // Listing anew is the cure and no fault, unless it comes again and again.
            KubernetesError::Expired { .. } if failures == 1 => return Duration::ZERO,
            KubernetesError::Kubeconfig { .. }
            | KubernetesError::Context { .. }
            | KubernetesError::NoCluster { .. }
            | KubernetesError::Credentials { .. }
            | KubernetesError::Unreachable { .. }
            | KubernetesError::TimedOut { .. }
            | KubernetesError::Unauthorized { .. }
            | KubernetesError::Expired { .. }
            | KubernetesError::Busy { .. }
            | KubernetesError::Status { .. }
            | KubernetesError::NotJson { .. }
            | KubernetesError::Cut { .. }
            | KubernetesError::Shape { .. }
            | KubernetesError::TooMuch { .. } => WatchState::Retrying,
        };
        let cost = super::permissions::cost(self.resource.name);
        let text = match (state, cost) {
            (WatchState::Forbidden, Some(cost)) => format!("{error}; without it: {cost}"),
            (
                WatchState::Forbidden
                | WatchState::Starting
                | WatchState::Watching
                | WatchState::Retrying
                | WatchState::NotInstalled,
                _,
            ) => error.to_string(),
        };
        self.board.update(self.stream, |row| (row.state, row.error) = (state, Some(text)));
        if refused {
            self.base = 0;
            return timeouts.rare;
        }
        let wished = if let KubernetesError::Busy { wait: Some(wait), .. } = error {
            (*wait).min(timeouts.longest_wait)
        } else {
            Duration::ZERO
        };
        self.backoff(failures).max(wished)
    }

    /// Twice as long each time, between half and all of it by the seed, so that not all ask at once.
    fn backoff(&self, failures: u32) -> Duration {
        let timeouts = self.cluster.settings().timeouts;
        let seed = self.cluster.settings().seed;
        let whole = timeouts.backoff.saturating_mul(1 << (failures - 1).min(16));
        let whole = whole.min(timeouts.longest_wait);
        let draw = hash_of(&(seed, self.stream, failures)) % 1_000;
        whole / 2 + whole.mul_f64(draw as f64 / 2_000.0)
    }

    // --- list ---

    /// Lists everything; gives the version to watch from.
    async fn list(&mut self) -> Result<String, Stop> {
        let lists = Arc::clone(&self.lists);
        let _slot = lists.acquire().await.map_err(|_| Stop::Closed)?;
        self.tell(What::Begin).await?;
        let limit = self.cluster.settings().page_size;
        let path = self.resource.path(self.base, self.namespace.as_deref());
        let mut target = format!("{path}?limit={limit}");
        loop {
            let page = self.page(&target).await?;
            match page.rest.filter(|rest| !rest.is_empty()) {
                Some(rest) => target = format!("{path}?limit={limit}&continue={}", encoded(&rest)),
                None => {
                    self.tell(What::Complete).await?;
                    self.board.update(self.stream, |row| {
                        (row.state, row.error) = (WatchState::Watching, None);
                    });
                    return Ok(page.resource_version.unwrap_or_default());
                }
            }
        }
    }

    async fn page(&self, target: &str) -> Result<PageMeta, Stop> {
        let within = self.cluster.settings().timeouts.answer;
        let accept = self.resource.detail.list();
        let question = Question { target, accept, within };
        let mut answer = self.cluster.answer(question).await?.json(within).await?;
        let mut splitter = Splitter::new(ITEMS, self.cluster.settings().object_bytes);
        let mut first = true;
        while let Some(part) = answer.chunk(within).await? {
            if std::mem::take(&mut first) && begins_no_object(&part) {
                return Err(answer.place.not_json(&part).into());
            }
            let mut read = Vec::new();
            let split = splitter.push(&part, &mut |piece| {
                match piece {
                    Piece::Element(bytes) => read.push((self.resource.decode)(bytes, Form::Bare)),
                    Piece::TooLong(start) => self.skip(start, "it is too long"),
                }
                ControlFlow::Continue(())
            });
            if split.is_err() {
                return Err(answer.place.shape("what stands around the items is too long").into());
            }
            for item in read {
                match item {
                    Ok(item) => self.tell(What::Item(Arrival::Listed, Box::new(item))).await?,
                    Err(reason) => self.skip(b"", &reason),
                }
            }
        }
        let page: Result<Page, _> = serde_json::from_slice(splitter.envelope());
        match page {
            Ok(page) => Ok(page.metadata),
            Err(error) if error.is_eof() => Err(answer.place.cut().into()),
            Err(error) => Err(answer.place.shape(error).into()),
        }
    }

    // --- watch ---

    /// Follows changes from a version on, until the watch ends; `version` moves along.
    async fn watch(&mut self, version: &mut String) -> Result<(), Stop> {
        let timeouts = self.cluster.settings().timeouts;
        let path = self.resource.path(self.base, self.namespace.as_deref());
        let from = match version.as_str() {
            "" => String::new(),
            version => format!("&resourceVersion={}", encoded(version)),
        };
        let keep = timeouts.watch.as_secs().max(1);
        let target =
            format!("{path}?watch=true&allowWatchBookmarks=true&timeoutSeconds={keep}{from}");
        let accept = self.resource.detail.watch();
        let question = Question { target: &target, accept, within: timeouts.answer };
        let mut answer = self.cluster.answer(question).await?.json(timeouts.answer).await?;
        self.board.update(self.stream, |row| {
            (row.state, row.error) = (WatchState::Watching, None);
        });
        let mut lines = Lines::new(self.cluster.settings().object_bytes);
        let (mut first, mut seen) = (true, false);
        loop {
            let part = match answer.chunk(timeouts.idle).await {
                Ok(Some(part)) => part,
                Ok(None) => break,
                // It may hang: opening it again tells.
                Err(KubernetesError::TimedOut { .. }) => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            if std::mem::take(&mut first) && begins_no_object(&part) {
                return Err(answer.place.not_json(&part).into());
            }
            seen = true;
            for line in lines.push(&part) {
                match line {
                    Line::Whole(line) => self.line(&line, &answer.place, version).await?,
                    Line::TooLong(start) => self.skip(&start, "it is too long"),
                }
            }
        }
        if lines.has_rest() {
            return Err(answer.place.cut().into());
        }
        if !seen {
            sleep(EMPTY_WAIT).await;
        }
        Ok(())
    }

    async fn line(&mut self, line: &[u8], place: &Place, version: &mut String) -> Result<(), Stop> {
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        let text = String::from_utf8_lossy(line);
        let kind: Kind = serde_json::from_str(&text).map_err(|error| place.shape(error))?;
        let arrival = match kind.kind.as_str() {
            "ADDED" | "MODIFIED" => Arrival::Watched,
            "DELETED" => Arrival::Gone,
            "BOOKMARK" => {
                let read: Result<Bookmark, _> = serde_json::from_str(&text);
                let bookmark = read.map_err(|error| place.shape(error))?;
                if let Some(latest) = bookmark.object.metadata.resource_version {
                    *version = latest;
                }
                return Ok(());
            }
            "ERROR" => {
                let read: Result<Failure, _> = serde_json::from_str(&text);
                let failure = read.map_err(|error| place.shape(error))?;
                return Err(place.reported(&failure.object).into());
            }
            other => {
                let other = shorten(other.as_bytes(), 40);
                return Err(place.shape(format!("`{other}` is no kind of change")).into());
            }
        };
        match (self.resource.decode)(line, Form::Wrapped) {
            Ok(item) => {
                if !item.version.is_empty() {
                    version.clone_from(&item.version);
                }
                self.has_progressed = true;
                self.tell(What::Item(arrival, Box::new(item))).await
            }
            Err(reason) => {
                self.skip(b"", &reason);
                Ok(())
            }
        }
    }

    // --- both ---

    async fn tell(&self, what: What) -> Result<(), Stop> {
        let at = self.clock.now();
        self.board.update(self.stream, |row| row.last_seen = Some(at));
        let news = News { stream: self.stream, at, what };
        self.news.send(news).await.map_err(|_| Stop::Closed)
    }

    /// Counts an object that is left out.
    fn skip(&self, start: &[u8], reason: &str) {
        let reason = shorten(reason.as_bytes(), 200);
        self.board.update(self.stream, |row| {
            row.skipped += 1;
            row.example.get_or_insert_with(|| match start {
                [] => reason,
                start => format!("`{}`: {reason}", shorten(start, 120)),
            });
        });
    }
}

fn begins_no_object(part: &[u8]) -> bool {
    let first = part.iter().find(|byte| !byte.is_ascii_whitespace());
    first.is_some_and(|byte| *byte != b'{')
}

/// A value for a query: everything but unreserved characters by its number.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
