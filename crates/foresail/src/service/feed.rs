//! Where batches come from: the live collector, or a recording in tests.

use foresail_api::SourceStatus;
use foresail_core::store::BoxFuture;
use foresail_core::{Batch, Timestamp};

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
