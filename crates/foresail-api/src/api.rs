//! What all routes share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::StatusCode;
use tokio::sync::{Semaphore, watch};

use crate::guard::TokenDigest;
use crate::problem::{Code, Problem};
use crate::settings::ServeSettings;
use crate::source::{Snapshot, Source};
use crate::stream::Hub;

/// Streams of changes at a time: each keeps a connection for itself.
const STREAMS: usize = 64;
/// Bodies of `predict` at a time: each may take many times its length as values.
const PREDICTIONS: usize = 4;

/// What all routes share.
pub(crate) struct Api {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) settings: ServeSettings,
    pub(crate) token: Option<TokenDigest>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) predictions: Arc<Semaphore>,
    pub(crate) requests: Requests,
    /// True once the server stops.
    pub(crate) stop: watch::Sender<bool>,
}

/// How many requests were answered, by class of their status.
#[derive(Default)]
pub(crate) struct Requests([AtomicU64; 5]);

// === impl Api ===

impl Api {
    pub(crate) fn new(source: Arc<dyn Source>, settings: ServeSettings) -> Arc<Self> {
        let hub = Hub::new(source.cluster().as_str(), source.status().started_at);
        Arc::new(Self {
            token: settings.token.as_ref().map(TokenDigest::new),
            source,
            settings,
            hub,
            streams: Arc::new(Semaphore::new(STREAMS)),
            predictions: Arc::new(Semaphore::new(PREDICTIONS)),
            requests: Requests::default(),
            stop: watch::Sender::new(false),
        })
    }

    /// The cluster's name.
    pub(crate) fn cluster(&self) -> &str {
        self.source.cluster().as_str()
    }

    /// What the last tick said.
    pub(crate) fn snapshot(&self) -> Result<Arc<Snapshot>, Problem> {
        let missing = || Problem::new(Code::NoTickYet, "nothing was assessed yet");
        self.source.snapshot().ok_or_else(missing)
    }

    /// Streams that are open.
    pub(crate) fn open_streams(&self) -> usize {
        STREAMS - self.streams.available_permits()
    }
}

// === impl Requests ===

impl Requests {
    pub(crate) fn count(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(count) = self.0.get(class) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts by class, such as `2xx`.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let classes = ["1xx", "2xx", "3xx", "4xx", "5xx"];
        classes.into_iter().zip(self.0.iter().map(|count| count.load(Ordering::Relaxed)))
    }
}

/// Does CPU work where it holds up no other request.
pub(crate) async fn compute<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(error = %error, "work for the API failed");
        Problem::new(Code::Internal, "the service failed; its log says why")
    })
}
