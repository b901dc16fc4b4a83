//! The machine's clock as the service takes it.

use std::time::Duration;

use foresail_core::store::BoxFuture;
use foresail_core::{Clock, Timestamp};

use crate::clock::now;

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        now()
    }

    fn reach(&self, at: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            // Clocks are set: look again instead of trusting one long sleep.
            loop {
                let left = at.since(now()).as_millis();
                if left <= 0 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(left.min(1_000) as u64)).await;
            }
        })
    }
}
