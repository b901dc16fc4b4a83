//! What the server is told, and why it does not start.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// Who may read `/metrics` where a token is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MetricsAccess {
    /// Everybody who reaches the port, as a Prometheus expects it.
    #[default]
    Open,
    /// Only who has the token.
    Token,
}

/// What the server is told.
#[derive(Clone, Debug)]
pub struct ServeSettings {
    /// What clients must send as `Authorization: Bearer …`; without one only loopback addresses are
    /// served.
    pub token: Option<Secret>,
    /// Who may read `/metrics`.
    pub metrics: MetricsAccess,
    /// Longest body of a request, in bytes.
    pub body_limit: usize,
    /// Longest time for a request from its head to the start of its answer.
    pub timeout: Duration,
    /// Time between two heartbeats of a stream of changes.
    pub heartbeat: Duration,
    /// Most connections at a time; more wait.
    pub connections: usize,
    /// Most predictions that `/metrics` shows, four series each; those with an open alarm come first.
    pub metric_predictions: usize,
}

/// Why the API is not served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Everybody who reaches the address could read everything. Not retryable.
    #[error(
        "refused to serve the API on `{address}` without a token: set one, or listen on a loopback address such as `127.0.0.1:7780`"
    )]
    TokenNeeded {
        /// The address.
        address: SocketAddr,
    },
    /// The token cannot stand in a header, or is too easily guessed.
    #[error("the token is refused: {reason}")]
    Token {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The listener failed.
    #[error("failed to serve the API on `{place}`")]
    Listener {
        /// The address, where it is known.
        place: String,
        /// What the system said.
        source: std::io::Error,
    },
}

// === impl Secret ===

impl Secret {
    /// Takes a text, such as the content of a file, without the white space round it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The text, for those who send or compare it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

// === impl ServeSettings ===

/// Fewer bytes are guessed too easily: 16 random letters and digits are 95 bits.
const SHORTEST_TOKEN: usize = 16;

impl Default for ServeSettings {
    fn default() -> Self {
        Self {
            token: None,
            metrics: MetricsAccess::Open,
            body_limit: 4 << 20,
            timeout: Duration::from_secs(30),
            heartbeat: Duration::from_secs(15),
            connections: 256,
            metric_predictions: 500,
        }
    }
}

impl ServeSettings {
    /// Whether these settings may serve `address`.
    ///
    /// # Errors
    /// [`ServeError::TokenNeeded`] where others than this machine would reach the address without a
    /// token, [`ServeError::Token`] where the token is no token.
    pub fn check(&self, address: SocketAddr) -> Result<(), ServeError> {
        match &self.token {
            None if address.ip().to_canonical().is_loopback() => Ok(()),
            None => Err(ServeError::TokenNeeded { address }),
            Some(token) if token.expose().len() < SHORTEST_TOKEN => {
                Err(ServeError::Token { reason: "it has fewer than 16 characters" })
            }
            Some(token) if !token.expose().bytes().all(|byte| byte.is_ascii_graphic()) => {
                Err(ServeError::Token { reason: "it has other characters than printable ASCII" })
            }
            Some(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, token: Option<&str>) -> Result<(), ServeError> {
        let settings = ServeSettings { token: token.map(Secret::new), ..Default::default() };
        settings.check(address.parse().unwrap())
    }

    #[test]
    fn only_loopback_is_served_without_a_token() {
        for address in ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            assert!(check(address, None).is_ok(), "{address}");
        }
        for address in ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "[::ffff:10.0.0.1]:1"] {
            assert!(matches!(check(address, None), Err(ServeError::TokenNeeded { .. })));
            assert!(check(address, Some("0123456789abcdef")).is_ok(), "{address}");
        }
    }

    #[test]
    fn a_token_is_long_enough_and_can_stand_in_a_header() {
        for token in ["", "short", "0123456789 abcdef", "0123456789abcdeé"] {
            let refused = check("127.0.0.1:1", Some(token));
            assert!(matches!(refused, Err(ServeError::Token { .. })), "{token}");
        }
        assert_eq!(format!("{:?}", Secret::new(" 0123456789abcdef\n")), "***");
    }
}
