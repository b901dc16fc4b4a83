//! All watches of a cluster: started together, stopped by dropping them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use foresail_core::Clock;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::book::Book;
use super::cluster::Cluster;
use super::logs::Tails;
use super::observation::{ObjectKey, Observation};
use super::pump::{Pump, Stream};
use super::resources::{RESOURCES, Scope};
use super::settings::Namespaces;
use super::status::{Board, WatchStatus};
use super::watcher::Watcher;

/// Objects on their way from the watches to the pump: some megabytes at most.
const UNDER_WAY: usize = 256;

/// The watches of a cluster; dropping them stops all.
pub struct Watches {
    board: Board,
    _tasks: JoinSet<()>,
}

// === impl Cluster ===

impl Cluster {
    /// Watches everything. `known` names what is known from before a restart: what of it is gone is
    /// told as [`Deleted`](foresail_core::ChangeKind::Deleted). A full `out` slows the watches down; a closed one stops them.
    ///
    /// Must be called within a Tokio runtime.
    #[must_use]
    pub fn watch(
        &self,
        clock: Arc<dyn Clock>,
        known: Vec<ObjectKey>,
        out: mpsc::Sender<Observation>,
    ) -> Watches {
        let mut streams = Vec::new();
        for resource in RESOURCES {
            match (&self.settings().namespaces, resource.scope) {
                (Namespaces::Only(names), Scope::Namespaced) => {
                    let scoped = |name: &String| Stream { resource, namespace: Some(name.clone()) };
                    streams.extend(names.iter().map(scoped));
                }
                (Namespaces::All, _) | (Namespaces::Only(_), Scope::Cluster) => {
                    streams.push(Stream { resource, namespace: None });
                }
            }
        }
        let rows = streams.iter().map(|stream| (stream.resource.name, stream.namespace.clone()));
        let board = Board::new(rows);
        let (news, read) = mpsc::channel(UNDER_WAY);
        let lists = Arc::new(Semaphore::new(self.settings().lists.max(1)));
        let mut tasks = JoinSet::new();
        for (stream, place) in streams.iter().enumerate() {
            let watcher = Watcher {
                cluster: self.clone(),
                clock: Arc::clone(&clock),
                resource: place.resource,
                namespace: place.namespace.clone(),
                stream,
                board: board.clone(),
                lists: Arc::clone(&lists),
                news: news.clone(),
                base: 0,
                has_progressed: false,
            };
            tasks.spawn(watcher.run());
        }
        let logs = self
            .settings()
            .logs
            .map(|settings| Tails::new(self.clone(), (Arc::clone(&clock), settings), out.clone()));
        let mut pump = Pump::new(streams, (board.clone(), logs), out.clone());
        let unwatched = pump.remember(known);
        tasks.spawn(async move {
            if tell_unwatched(unwatched, clock.as_ref(), &out).await {
                pump.run(read).await;
            }
        });
        Watches { board, _tasks: tasks }
    }
}

/// Tells that what no watch looks at any more is gone: the namespaces read may be fewer than before.
async fn tell_unwatched(
    keys: Vec<ObjectKey>,
    clock: &dyn Clock,
    out: &mpsc::Sender<Observation>,
) -> bool {
    let mut book = Book::new("");
    keys.into_iter().for_each(|key| book.remember(key));
    book.begin();
    let mut gone = Vec::new();
    book.complete(clock.now(), &mut gone);
    for observation in gone {
        if out.send(observation).await.is_err() {
            return false;
        }
    }
    true
}

// === impl Watches ===

impl Watches {
    /// How each watch is doing.
    #[must_use]
    pub fn status(&self) -> Vec<WatchStatus> {
        self.board.rows()
    }

    /// Waits until everything was listed once and handed on, or is known to be out of reach; whether
    /// that was so within `within`.
    pub async fn synced(&self, within: Duration) -> bool {
        timeout(within, self.board.settled()).await.is_ok()
    }
}

impl fmt::Debug for Watches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watches").field("status", &self.board.rows()).finish_non_exhaustive()
    }
}
