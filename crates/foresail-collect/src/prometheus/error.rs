//! Why a metrics server could not be asked, or did not answer.

use std::path::PathBuf;
use std::time::Duration;

/// Why a metrics server could not be asked, or did not answer. No text holds a secret: user
/// information of the address is left out, headers and tokens are never part of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrometheusError {
    /// The address is none.
    #[error("`{url}` is not the address of a metrics server: {reason}")]
    Address {
        /// As given, without user information.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// A header or a credential cannot be sent.
    #[error("setting `{name}` cannot be used: {reason}")]
    Setting {
        /// Which setting.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A file of the settings cannot be read: a token, a certificate, a key.
    #[error("failed to read `{path}`, the {what} of the metrics server", path = path.display())]
    File {
        /// What the file is.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A certificate or key is none, or TLS could not be set up.
    #[error("the {what} of the metrics server cannot be used")]
    Tls {
        /// What cannot be used.
        what: &'static str,
        /// What the TLS library says.
        source: reqwest::Error,
    },
    /// No connection: wrong host or port, a firewall, an unknown certificate.
    #[error("failed to reach `{url}`")]
    Unreachable {
        /// What was asked.
        url: String,
        /// What the network says.
        source: reqwest::Error,
    },
    /// No answer in time.
    #[error("`{url}` did not answer within {} s", after.as_secs_f64())]
    TimedOut {
        /// What was asked.
        url: String,
        /// How long it had.
        after: Duration,
    },
    /// The credentials are missing or not enough.
    #[error("`{url}` refused access with status {status}: {reason}")]
    Denied {
        /// What was asked.
        url: String,
        /// 401 or 403.
        status: u16,
        /// What it said, shortened.
        reason: String,
    },
    /// It points elsewhere; nothing is followed, so that credentials stay where they were meant for.
    #[error("`{url}` redirects with status {status} to `{target}`: give that address instead")]
    Redirected {
        /// What was asked.
        url: String,
        /// Status of the answer.
        status: u16,
        /// Where it points, without query and user information.
        target: String,
    },
    /// Any other status that is no success and no answer of the API.
    #[error("`{url}` answered with status {status}: {reason}")]
    Status {
        /// What was asked.
        url: String,
        /// Status of the answer.
        status: u16,
        /// What it said, shortened.
        reason: String,
    },
    /// The API refused the query.
    #[error("`{url}` refused the query as `{kind}`: {reason}")]
    Refused {
        /// What was asked.
        url: String,
        /// `errorType`, such as `bad_data`, `timeout` or `execution`.
        kind: String,
        /// What it said, shortened.
        reason: String,
    },
    /// The answer is a page or another format: not this API, or a proxy in front of it.
    #[error(
        "`{url}` answered with `{content_type}` instead of JSON: is this the base address of the API? it begins `{start}`"
    )]
    NotJson {
        /// What was asked.
        url: String,
        /// What the answer says that it is.
        content_type: String,
        /// How the answer begins.
        start: String,
    },
    /// The answer ended before it was whole.
    #[error("`{url}` sent {bytes} bytes and then {reason}")]
    Cut {
        /// What was asked.
        url: String,
        /// Bytes received.
        bytes: u64,
        /// How it ended.
        reason: String,
    },
    /// The answer is JSON but not an answer of this API.
    #[error("`{url}` answered with JSON that is none of the API: {reason}")]
    Shape {
        /// What was asked.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// The answer holds more than is read.
    #[error("`{url}` sent more than {limit} {unit}, the most that is read of one answer")]
    TooMuch {
        /// What was asked.
        url: String,
        /// Most that is read.
        limit: u64,
        /// Of what.
        unit: &'static str,
    },
}

// === impl PrometheusError ===

impl PrometheusError {
    /// Whether asking for less may help: the server ran out of time, memory or samples.
    #[must_use]
    pub fn asks_for_less(&self) -> bool {
        match self {
            Self::TimedOut { .. } | Self::TooMuch { .. } => true,
            Self::Refused { kind, .. } => matches!(kind.as_str(), "execution" | "timeout"),
            Self::Status { status, .. } => matches!(status, 413 | 422 | 504),
            Self::Address { .. }
            | Self::Setting { .. }
            | Self::File { .. }
            | Self::Tls { .. }
            | Self::Unreachable { .. }
            | Self::Denied { .. }
            | Self::Redirected { .. }
            | Self::NotJson { .. }
            | Self::Cut { .. }
            | Self::Shape { .. } => false,
        }
    }

    /// Whether the same question may be answered a little later.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::TimedOut { .. } | Self::Unreachable { .. } | Self::Cut { .. } => true,
            Self::Status { status, .. } => matches!(status, 429 | 502 | 503 | 504),
            Self::Refused { kind, .. } => {
                matches!(kind.as_str(), "timeout" | "unavailable" | "too_many_requests")
            }
            Self::Address { .. }
            | Self::Setting { .. }
            | Self::File { .. }
            | Self::Tls { .. }
            | Self::Denied { .. }
            | Self::Redirected { .. }
            | Self::NotJson { .. }
            | Self::Shape { .. }
            | Self::TooMuch { .. } => false,
        }
    }

    /// Whether the environment is at fault (network, permission) and not what was asked for.
    #[must_use]
    pub const fn is_environment(&self) -> bool {
        match self {
            Self::Address { .. } | Self::Setting { .. } | Self::Tls { .. } => false,
            Self::File { .. }
            | Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::Denied { .. }
            | Self::Redirected { .. }
            | Self::Status { .. }
            | Self::Refused { .. }
            | Self::NotJson { .. }
            | Self::Cut { .. }
            | Self::Shape { .. }
            | Self::TooMuch { .. } => true,
        }
    }
}
