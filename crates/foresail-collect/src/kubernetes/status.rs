//! How each watch is doing, for people and for readiness.

use std::sync::{Arc, Mutex};

use foresail_core::Timestamp;
use tokio::sync::watch;

/// State of one watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WatchState {
    /// The first list is under way, or did not begin.
    Starting,
    /// Listed, and changes arrive.
    Watching,
    /// Something failed; it is tried again soon.
    Retrying,
    /// The account may not read it; it is tried again rarely.
    Forbidden,
    /// The cluster does not have this kind; it is looked for again rarely.
    NotInstalled,
}

/// How one watch is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchStatus {
    /// Plural name of the kind, as in [`PERMISSIONS`](super::PERMISSIONS).
    pub resource: &'static str,
    /// The namespace, where only some are read.
    pub namespace: Option<String>,
    /// Its state.
    pub state: WatchState,
    /// Whether everything was listed at least once.
    pub synced: bool,
    /// When the server last sent something.
    pub last_seen: Option<Timestamp>,
    /// What failed last, until it works again; for a forbidden kind also what that costs.
    pub error: Option<String>,
    /// Objects that are known.
    pub objects: u64,
    /// Objects that were left out: too long, or not understood.
    pub skipped: u64,
    /// The first one that was left out, and why.
    pub example: Option<String>,
    /// Times that everything had to be listed anew.
    pub relists: u64,
}

/// Where the watches write how they are doing.
#[derive(Clone, Debug)]
pub(super) struct Board {
    rows: Arc<Mutex<Vec<WatchStatus>>>,
    changed: Arc<watch::Sender<()>>,
}

// === impl WatchState ===

impl WatchState {
    /// The stable snake_case name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Watching => "watching",
            Self::Retrying => "retrying",
            Self::Forbidden => "forbidden",
            Self::NotInstalled => "not_installed",
        }
    }
}

// === impl WatchStatus ===

impl WatchStatus {
    /// Whether nothing more is to be awaited: listed, forbidden, or not installed.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        self.synced || matches!(self.state, WatchState::Forbidden | WatchState::NotInstalled)
    }
}

// === impl Board ===

impl Board {
    pub(super) fn new(streams: impl Iterator<Item = (&'static str, Option<String>)>) -> Self {
        let row = |(resource, namespace)| WatchStatus {
            resource,
            namespace,
            state: WatchState::Starting,
            synced: false,
            last_seen: None,
            error: None,
            objects: 0,
            skipped: 0,
            example: None,
            relists: 0,
        };
        Self {
            rows: Arc::new(Mutex::new(streams.map(row).collect())),
            changed: Arc::new(watch::Sender::new(())),
        }
    }

    pub(super) fn update(&self, stream: usize, write: impl FnOnce(&mut WatchStatus)) {
        let mut rows = self.rows.lock().unwrap_or_else(|broken| broken.into_inner());
        if let Some(row) = rows.get_mut(stream) {
            let before = row.is_settled();
            write(row);
            if row.is_settled() != before {
                self.changed.send_replace(());
            }
        }
    }

    pub(super) fn rows(&self) -> Vec<WatchStatus> {
        self.rows.lock().unwrap_or_else(|broken| broken.into_inner()).clone()
    }

    /// Waits until every watch is settled.
    pub(super) async fn settled(&self) {
        let mut changes = self.changed.subscribe();
        while !self.rows().iter().all(WatchStatus::is_settled) {
            // It fails only when the sender is gone, which this board holds.
            let _ = changes.changed().await;
        }
    }
}
