//! Keeps in the store what ticks leave behind, in order, however long the store is away.
//!
//! ```text
//!  loop ── put ──> queue ──> one call of the journal after the other ──> store
//!    ^               │ room: ticks wait here while the store is away
//!    └── settled ────┘ full: the loop stops taking anything in, the process lives
//! ```

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use foresail_api::{StoreState, StoreStatus};
use foresail_core::Timestamp;
use foresail_core::store::{
    ClusterName, Evidence, Journal, Minute, RestartPoint, Retention, StoreError, Tick,
};
use tokio::sync::Notify;

/// Ticks that wait for a store that is away; then nothing more is taken in.
const MOST_TICKS: usize = 1_000;
/// Minutes that wait; they are large, so the oldest are given up first.
const MOST_MINUTES: usize = 5;
/// Calls that fail for a reason that is not understood are given up after so many attempts.
const MOST_ATTEMPTS: u32 = 5;
/// Before a store that failed is asked again.
const RETRY: Duration = Duration::from_secs(1);

/// Something to keep.
#[derive(Debug)]
pub(crate) enum Item {
    Tick(Box<Tick>),
    Minute(Box<Minute>),
    Evidence(Box<Evidence>),
    /// Kept only once every tick before it is.
    Restart(Box<RestartPoint>),
    /// What is too old at this time goes.
    Prune(Timestamp),
}

/// The queue before the store.
#[derive(Debug)]
pub(crate) struct Keeper {
    retry: Duration,
    inner: Mutex<Inner>,
    /// Something was put, or something was kept.
    moved: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    queue: VecDeque<Item>,
    /// Whether one call is under way with what was taken from the front.
    busy: bool,
    failing: Option<(StoreState, String)>,
    last_kept: Option<Timestamp>,
    lost: u64,
    /// How often the front was refused for a reason that is not understood.
    attempts: u32,
    closing: bool,
}

// === impl Keeper ===

impl Default for Keeper {
    fn default() -> Self {
        Self::new(RETRY)
    }
}

impl Keeper {
    /// An empty queue that waits so long before it asks a store again that failed.
    fn new(retry: Duration) -> Self {
        Self { retry, inner: Mutex::default(), moved: Notify::new() }
    }

    /// Puts something to keep at the end.
    pub(crate) fn put(&self, item: Item) {
        let mut inner = self.lock();
        if let Item::Minute(_) = item {
            inner.make_room_for_minute();
        }
        inner.queue.push_back(item);
        drop(inner);
        self.moved.notify_waiters();
    }

    /// Waits until everything is kept; at once while the store fails and there is room to wait.
    pub(crate) async fn settled(&self) {
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            {
                let inner = self.lock();
                let waits = inner.failing.is_some() && inner.ticks() < MOST_TICKS;
                if waits || (inner.queue.is_empty() && !inner.busy) {
                    return;
                }
            }
            moved.await;
        }
    }

    /// How the store is.
    pub(crate) fn status(&self) -> StoreStatus {
        let inner = self.lock();
        let waiting = inner.queue.len() as u64 + u64::from(inner.busy);
        let stopped = inner.ticks() >= MOST_TICKS;
        let (state, reason) = match &inner.failing {
            Some((state, reason)) if stopped => {
                (*state, Some(format!("nothing more is taken in until it is back: {reason}")))
            }
            Some((state, reason)) => (*state, Some(reason.clone())),
            None => (StoreState::Ok, None),
        };
        StoreStatus {
            state,
            reason,
            bytes: None,
            last_kept: inner.last_kept,
            waiting,
            lost: inner.lost,
        }
    }

    /// Lets [`Keeper::run`] return once the queue is empty, or the store fails.
    pub(crate) fn close(&self) {
        self.lock().closing = true;
        self.moved.notify_waiters();
    }

    /// Keeps what is put until the keeper is closed.
    pub(crate) async fn run(
        self: Arc<Self>,
        journal: Arc<dyn Journal>,
        (cluster, retention): (ClusterName, Retention),
    ) {
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            let (item, closing) = {
                let mut inner = self.lock();
                let item = inner.queue.pop_front();
                inner.busy = item.is_some();
                (item, inner.closing)
            };
            let Some(item) = item else {
                if closing {
                    return;
                }
                moved.await;
                continue;
            };
            let kept = keep(&*journal, &item, (&cluster, &retention)).await;
            let failed = self.note(item, kept);
            self.moved.notify_waiters();
            if failed {
                if self.lock().closing {
                    return;
                }
                tokio::time::sleep(self.retry).await;
            }
        }
    }

    /// Notes how a call ended; `true` if it failed and comes again.
    fn note(&self, item: Item, kept: Result<(), StoreError>) -> bool {
        let mut inner = self.lock();
        inner.busy = false;
        match kept {
            Ok(()) => {
                if inner.failing.take().is_some() {
                    tracing::info!("the store is back");
                }
                inner.attempts = 0;
                if let Item::Tick(tick) = &item {
                    inner.last_kept = Some(tick.at);
                }
                false
            }
            Err(error) if inner.comes_again(&error) => {
                let full = matches!(error, StoreError::Full { .. });
                let state = if full { StoreState::Full } else { StoreState::Failing };
                if inner.failing.is_none() {
                    tracing::error!("the store does not keep anything: {}", words(&error));
                }
                inner.failing = Some((state, words(&error)));
                match item {
                    // What comes again by itself does not wait.
                    Item::Prune(_) | Item::Restart(_) => {}
                    Item::Tick(_) | Item::Minute(_) | Item::Evidence(_) => {
                        inner.queue.push_front(item);
                    }
                }
                true
            }
            Err(error) => {
                // Asking again would give the same answer, for ever.
                tracing::error!("the store refused something, which is lost: {}", words(&error));
                inner.lost += 1;
                inner.attempts = 0;
                false
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Inner ===

impl Inner {
    /// Whether asking again may help: always where the store is away or full or was told to refuse
    /// us, a few times where it failed for another reason.
    fn comes_again(&mut self, error: &StoreError) -> bool {
        if error.is_retryable() || matches!(error, StoreError::Denied { .. }) {
            return true;
        }
        self.attempts += 1;
        self.attempts < MOST_ATTEMPTS
    }

    fn ticks(&self) -> usize {
        self.queue.iter().filter(|item| matches!(item, Item::Tick(_))).count()
    }

    fn make_room_for_minute(&mut self) {
        let minutes = self.queue.iter().filter(|item| matches!(item, Item::Minute(_))).count();
        if minutes >= MOST_MINUTES
            && let Some(oldest) = self.queue.iter().position(|item| matches!(item, Item::Minute(_)))
        {
            self.queue.remove(oldest);
            self.lost += 1;
        }
    }
}

async fn keep(
    journal: &dyn Journal,
    item: &Item,
    (cluster, retention): (&ClusterName, &Retention),
) -> Result<(), StoreError> {
    match item {
        Item::Tick(tick) => journal.commit_tick(cluster, tick).await,
        Item::Minute(minute) => journal.commit_minute(cluster, minute).await,
        Item::Evidence(evidence) => journal.keep_evidence(cluster, evidence).await,
        Item::Restart(point) => journal.keep_restart_point(cluster, point).await,
        Item::Prune(now) => journal.prune(cluster, *now, retention).await.map(|_| ()),
    }
}

/// An error with its causes, in one line.
fn words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests;
