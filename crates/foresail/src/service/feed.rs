//! Where batches come from: the live collector, or a recording in tests.

use std::collections::BTreeMap;
use std::time::Duration;

use foresail_api::SourceStatus;
use foresail_collect::kubernetes::{Observation, Watches};
use foresail_collect::live::Collector;
use foresail_core::store::BoxFuture;
use foresail_core::{Batch, Timestamp};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::sources;

/// What the watches saw is taken in until they are quiet for this long …
const QUIET: Duration = Duration::from_millis(20);
/// … or at most so many times.
const MOST: usize = 100_000;

/// How reading went.
#[derive(Clone, Debug, Default)]
pub(crate) struct FeedReport {
    /// How each source is.
    pub(crate) sources: Vec<SourceStatus>,
    /// What was left out in this tick, by reason.
    pub(crate) skipped: Vec<(String, u64)>,
}

/// Gives the batch of a tick once its time is reached.
pub(crate) trait Feed: Send {
    /// Everything that became visible by `at` and was not in an earlier batch.
    fn batch(&mut self, at: Timestamp) -> BoxFuture<'_, (Batch, FeedReport)>;
}

/// A running cluster.
#[derive(Debug)]
pub(super) struct ClusterFeed {
    pub(super) collector: Collector,
    pub(super) observations: mpsc::Receiver<Observation>,
    pub(super) watches: Watches,
    /// Ticks at which each source was down.
    failures: BTreeMap<String, u64>,
}

// === impl ClusterFeed ===

impl ClusterFeed {
    pub(super) const fn new(
        collector: Collector,
        observations: mpsc::Receiver<Observation>,
        watches: Watches,
    ) -> Self {
        Self { collector, observations, watches, failures: BTreeMap::new() }
    }

    /// Takes in what the watches saw so far.
    pub(super) async fn drain(&mut self) {
        for _ in 0..MOST {
            match timeout(QUIET, self.observations.recv()).await {
                Ok(Some(observation)) => self.collector.observe(observation),
                Ok(None) | Err(_) => return,
            }
        }
    }

    /// Takes in what the watches see until everything was listed once, or the time is up.
    pub(super) async fn sync(&mut self, within: Duration) -> bool {
        let synced = self.watches.synced(within);
        tokio::pin!(synced);
        loop {
            tokio::select! {
                synced = &mut synced => return synced,
                Some(observation) = self.observations.recv() => self.collector.observe(observation),
            }
        }
    }
}

impl Feed for ClusterFeed {
    fn batch(&mut self, at: Timestamp) -> BoxFuture<'_, (Batch, FeedReport)> {
        Box::pin(async move {
            self.drain().await;
            let (batch, report) = self.collector.batch(at).await;
            let mut shown = vec![sources::kubernetes(&self.watches.status(), at)];
            shown.extend(sources::metrics(&report));
            for source in &mut shown {
                sources::count(source, &mut self.failures);
            }
            (batch, FeedReport { sources: shown, skipped: sources::skipped(&report) })
        })
    }
}
