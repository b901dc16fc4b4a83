//! What a database must do, and the two that do it.

pub(crate) mod postgres;
pub(crate) mod sqlite;

use std::time::Duration;

use foresail_core::store::{StoreError, StoreFuture, StoreSize};

use crate::cell::Cell;
use crate::statement::Statement;

/// How long a call may take before the database counts as gone. The first retention after weeks
/// without one is the longest call.
pub(crate) const LONGEST_CALL: Duration = Duration::from_secs(120);

/// How long a connection may take to be made.
pub(crate) const LONGEST_CONNECT: Duration = Duration::from_secs(10);

/// A database.
pub(crate) trait Backend: Send + Sync {
    /// The store, for messages; no password.
    fn place(&self) -> &str;

    /// Runs `statements` in one transaction and counts the rows they touched.
    fn apply(&self, statements: Vec<Statement>) -> StoreFuture<'_, u64>;

    /// Answers `sql` with the values `$1`, `$2`, … .
    fn query(&self, sql: &'static str, values: Vec<Cell>) -> StoreFuture<'_, Vec<Vec<Cell>>>;

    /// How large the store is.
    fn size(&self) -> StoreFuture<'_, StoreSize>;

    /// Lets go of every connection and lock.
    fn close(&self) -> StoreFuture<'_, ()>;
}

/// `call`, or an error when it takes too long.
pub(crate) async fn within<T>(
    place: &str,
    longest: Duration,
    call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(longest, call).await {
        Ok(result) => result,
        Err(elapsed) => {
            Err(StoreError::Unreachable { place: place.to_owned(), source: elapsed.into() })
        }
    }
}
