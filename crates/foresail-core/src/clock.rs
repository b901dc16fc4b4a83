//! The port of time: what the service takes for now.

use std::fmt;

use crate::store::BoxFuture;
use crate::time::Timestamp;

/// Tells the time and waits for it. A replay walks through recorded time instead of the day's.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;

    /// Waits until `at` is reached and everything of that time can be seen; at once if it is past.
    fn reach(&self, at: Timestamp) -> BoxFuture<'_, ()>;
}
