//! The clock of a replay of a cluster: it moves when it is asked to.
//!
//! `GET url` answers `{"now": …}`; `POST url` with `{"until": …}` answers the same once everything of
//! that time can be seen. A whole service is tested with it at many times the speed of the day.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use foresail_core::store::BoxFuture;
use foresail_core::{Clock, Timestamp};
use reqwest::{Client, Url};
use serde::{Deserialize, Serialize};

/// Until an answer must be there.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Before a replay that did not answer is asked again.
const RETRY: Duration = Duration::from_millis(200);
/// The longest answer.
const LONGEST_BYTES: usize = 1 << 12;

/// A clock that a replay moves.
#[derive(Debug)]
pub struct SteeredClock {
    url: Url,
    client: Client,
    now: AtomicI64,
}

/// Why there is no replay.
#[derive(Debug, thiserror::Error)]
pub enum SteeredClockError {
    /// The address is none.
    #[error("`{url}` is no address of a replay: {reason}")]
    Address {
        /// The address.
        url: String,
        /// Why.
        reason: String,
    },
    /// It did not answer, or with something else.
    #[error("the replay at `{url}` does not tell the time: {reason}")]
    Silent {
        /// The address.
        url: String,
        /// Why.
        reason: String,
    },
}

#[derive(Serialize)]
struct Until {
    until: Timestamp,
}

#[derive(Deserialize)]
struct Now {
    now: Timestamp,
}

// === impl SteeredClock ===

impl SteeredClock {
    /// Asks the replay for its time.
    ///
    /// # Errors
    /// [`SteeredClockError`] when there is no replay at `url`.
    pub async fn connect(url: &str) -> Result<Self, SteeredClockError> {
        crate::tls::install();
        let address = |reason: String| SteeredClockError::Address { url: url.to_owned(), reason };
        let parsed: Url = url.parse().map_err(|error| address(format!("{error}")))?;
        let client = Client::builder().timeout(TIMEOUT).no_proxy().build();
        let client = client.map_err(|error| address(error.to_string()))?;
        let clock = Self { url: parsed, client, now: AtomicI64::new(0) };
        clock.ask(None).await?;
        Ok(clock)
    }

    async fn ask(&self, until: Option<Timestamp>) -> Result<(), SteeredClockError> {
        let silent =
            |reason: String| SteeredClockError::Silent { url: self.url.to_string(), reason };
        let request = match until {
            Some(until) => {
                let body = serde_json::to_string(&Until { until });
                let body = body.map_err(|error| silent(error.to_string()))?;
                let request = self.client.post(self.url.clone());
                request.header("content-type", "application/json").body(body)
            }
            None => self.client.get(self.url.clone()),
        };
        let answer = request.send().await.and_then(reqwest::Response::error_for_status);
        let bytes = match answer {
            Ok(answer) => answer.bytes().await,
            Err(error) => Err(error),
        };
        let bytes = bytes.map_err(|error| silent(error.to_string()))?;
        let start = bytes.get(..LONGEST_BYTES).unwrap_or(&bytes);
        let Now { now } =
            serde_json::from_slice(start).map_err(|error| silent(error.to_string()))?;
        self.now.store(now.as_millis(), Ordering::Release);
        Ok(())
    }
}

impl Clock for SteeredClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now.load(Ordering::Acquire))
    }

    fn reach(&self, at: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            while self.now() < at {
                if let Err(error) = self.ask(Some(at)).await {
                    tracing::warn!("{error}");
                    tokio::time::sleep(RETRY).await;
                }
            }
        })
    }
}
