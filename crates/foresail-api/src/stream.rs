//! The stream of changes: a ring of the newest that every client reads at its own pace.
//!
//! ```text
//!  Source::changes ──> feed ──> ring (1,024) <── cursor of a client ──> Server-Sent Events
//! ```
//!
//! A client that falls behind the ring, or comes back after a restart, is told that it missed some.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::response::sse::Event;
use foresail_core::Timestamp;
use futures_util::{Stream, stream};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, broadcast, watch};

use crate::body::ChangeBody;
use crate::source::{Change, Source};

/// Changes that a client may be behind: hours of a quiet cluster, at most some megabytes.
const RING: usize = 1_024;

/// The newest changes.
pub(crate) struct Hub {
    /// Tells the numbers of this process from those of the one before it.
    epoch: i64,
    cluster: String,
    ring: Mutex<Ring>,
    next: watch::Sender<u64>,
}

#[derive(Default)]
struct Ring {
    /// Number of the first entry.
    first: u64,
    entries: VecDeque<Arc<Entry>>,
}

/// A change, ready to be sent.
struct Entry {
    name: &'static str,
    at: Timestamp,
    json: String,
}

/// What a cursor finds.
enum Found {
    Entry(u64, Arc<Entry>),
    Missed(u64),
    Nothing,
}

/// Where one client is.
struct Cursor {
    hub: Arc<Hub>,
    /// Number of the next change for it.
    at: u64,
    /// Whether it missed an unknown number before that.
    missed: bool,
    newest: watch::Receiver<u64>,
    stop: watch::Receiver<bool>,
    _slot: OwnedSemaphorePermit,
}

// === impl Hub ===

impl Hub {
    /// A hub of the service that started at `started_at`.
    pub(crate) fn new(cluster: &str, started_at: Timestamp) -> Arc<Self> {
        Arc::new(Self {
            epoch: started_at.as_millis(),
            cluster: cluster.to_owned(),
            ring: Mutex::default(),
            next: watch::Sender::new(0),
        })
    }

    /// Takes every change of `source` until that ends.
    pub(crate) async fn feed(
        self: Arc<Self>,
        source: Arc<dyn Source>,
        mut changes: broadcast::Receiver<Arc<Change>>,
    ) {
        loop {
            let body = match changes.recv().await {
                Ok(change) => ChangeBody::new(&change, &self.cluster),
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(missed, "the stream of changes fell behind the service");
                    ChangeBody::missed(source.now(), &self.cluster, Some(missed))
                }
                Err(RecvError::Closed) => return,
            };
            self.push(&body);
        }
    }

    /// The changes after `last_id`, or from now on, until `stop`.
    pub(crate) fn subscribe(
        self: &Arc<Self>,
        last_id: Option<&str>,
        slot: OwnedSemaphorePermit,
        stop: watch::Receiver<bool>,
    ) -> impl Stream<Item = Result<Event, Infallible>> + Send + use<> {
        let newest = self.next.subscribe();
        let next = *newest.borrow();
        let (at, missed) = match last_id.map(|id| self.number(id)) {
            None => (next, false),
            Some(Some(last)) if last < next => (last + 1, false),
            Some(_) => (next, true),
        };
        let cursor = Cursor { hub: Arc::clone(self), at, missed, newest, stop, _slot: slot };
        stream::unfold(cursor, |mut cursor| async move {
            let event = cursor.next().await?;
            Some((Ok(event), cursor))
        })
    }

    fn push(&self, body: &ChangeBody) {
        // A body is plain data: it always has a JSON form.
        let json = serde_json::to_string(body).unwrap_or_default();
        let entry = Arc::new(Entry { name: body.of.as_str(), at: body.at, json });
        let mut ring = self.ring();
        ring.entries.push_back(entry);
        if ring.entries.len() > RING {
            ring.entries.pop_front();
            ring.first += 1;
        }
        let next = ring.first + ring.entries.len() as u64;
        drop(ring);
        self.next.send_replace(next);
    }

    fn find(&self, at: u64) -> Found {
        let ring = self.ring();
        if at < ring.first {
            return Found::Missed(ring.first);
        }
        let place = usize::try_from(at - ring.first).unwrap_or(usize::MAX);
        ring.entries.get(place).map_or(Found::Nothing, |entry| Found::Entry(at, Arc::clone(entry)))
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Time of the newest change.
    fn newest_at(&self) -> Timestamp {
        let started = Timestamp::from_millis(self.epoch);
        self.ring().entries.back().map_or(started, |entry| entry.at)
    }

    fn id(&self, number: u64) -> String {
        format!("{}-{number}", self.epoch)
    }

    /// The number of an id of this process.
    fn number(&self, id: &str) -> Option<u64> {
        let (epoch, number) = id.trim().split_once('-')?;
        (epoch.parse() == Ok(self.epoch)).then_some(())?;
        number.parse().ok()
    }

    fn missed(&self, count: Option<u64>, next: u64) -> Event {
        let body = ChangeBody::missed(self.newest_at(), &self.cluster, count);
        let json = serde_json::to_string(&body).unwrap_or_default();
        let event = Event::default().event(body.of.as_str()).data(json);
        match next.checked_sub(1) {
            Some(last) => event.id(self.id(last)),
            None => event,
        }
    }
}

// === impl Cursor ===

impl Cursor {
    /// The next event; `None` when the server stops.
    async fn next(&mut self) -> Option<Event> {
        if std::mem::take(&mut self.missed) {
            return Some(self.hub.missed(None, self.at));
        }
        loop {
            if *self.stop.borrow_and_update() {
                return None;
            }
            self.newest.mark_unchanged();
            match self.hub.find(self.at) {
                Found::Entry(number, entry) => {
                    self.at = number + 1;
                    let event = Event::default().event(entry.name).data(&entry.json);
                    return Some(event.id(self.hub.id(number)));
                }
                Found::Missed(first) => {
                    let count = first - self.at;
                    self.at = first;
                    return Some(self.hub.missed(Some(count), first));
                }
                Found::Nothing => {}
            }
            tokio::select! {
                changed = self.newest.changed() => changed.ok()?,
                stopped = self.stop.changed() => stopped.ok()?,
            }
        }
    }
}
