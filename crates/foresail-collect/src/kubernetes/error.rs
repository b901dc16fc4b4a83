//! Why a cluster could not be asked, or did not answer.

use std::error::Error;
use std::time::Duration;

/// What a library said.
pub(super) type Cause = Box<dyn Error + Send + Sync>;

/// Why a cluster could not be asked, or did not answer. No text holds a token or a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KubernetesError {
    /// A kubeconfig is missing, unreadable or none.
    #[error("kubeconfig `{path}` cannot be used: {reason}")]
    Kubeconfig {
        /// The file, or where it was looked for.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// The kubeconfig lacks the context.
    #[error("kubeconfig `{path}` has no context `{context}`; it has {known}")]
    Context {
        /// The file.
        path: String,
        /// What was asked for.
        context: String,
        /// Those that it has, in words.
        known: String,
    },
    /// There is neither a kubeconfig nor the account of a pod.
    #[error("no cluster is configured: {reason}")]
    NoCluster {
        /// Where was looked.
        reason: String,
    },
    /// A certificate, key or login helper cannot be used.
    #[error("the credentials for `{host}` cannot be used: {reason}")]
    Credentials {
        /// The API server.
        host: String,
        /// What is wrong.
        reason: String,
    },
    /// No connection: wrong host or port, a firewall, an unknown certificate.
    #[error("failed to reach `{url}`: {reason}")]
    Unreachable {
        /// What was asked.
        url: String,
        /// The last cause, such as `connection refused`.
        reason: String,
        /// What the network says.
        source: Cause,
    },
    /// No answer in time.
    #[error("`{url}` did not answer within {} s", after.as_secs_f64())]
    TimedOut {
        /// What was asked.
        url: String,
        /// How long it had.
        after: Duration,
    },
    /// The credentials are missing, wrong or expired.
    #[error("`{url}` does not know us (status 401): {reason}")]
    Unauthorized {
        /// What was asked.
        url: String,
        /// What it said, shortened.
        reason: String,
    },
    /// The account may not read this.
    #[error("`{url}` is forbidden (status 403): {reason}")]
    Forbidden {
        /// What was asked.
        url: String,
        /// What it said, shortened.
        reason: String,
    },
    /// The cluster does not have this kind.
    #[error("`{url}` does not exist (status 404): {reason}")]
    NotFound {
        /// What was asked.
        url: String,
        /// What it said, shortened.
        reason: String,
    },
    /// The version that a watch or page starts from is too old.
    #[error("`{url}` no longer knows the version asked for (status 410)")]
    Expired {
        /// What was asked.
        url: String,
    },
    /// The server is busy.
    #[error("`{url}` asks to wait (status {status})")]
    Busy {
        /// What was asked.
        url: String,
        /// 429 or 503.
        status: u16,
        /// How long, where it says so.
        wait: Option<Duration>,
    },
    /// Any other status that is no success.
    #[error("`{url}` answered with status {status}: {reason}")]
    Status {
        /// What was asked.
        url: String,
        /// Status of the answer.
        status: u16,
        /// What it said, shortened.
        reason: String,
    },
    /// The answer is a page or another format: a proxy or a login in front of the API.
    #[error("`{url}` answered with `{content_type}` instead of JSON: it begins `{start}`")]
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
    #[error("`{url}` sent more than {limit} bytes, the most that is read of one answer")]
    TooMuch {
        /// What was asked.
        url: String,
        /// Most that is read.
        limit: u64,
    },
}

// === impl KubernetesError ===

impl KubernetesError {
    /// Whether the environment is at fault (network, permission) and not what was asked for.
    #[must_use]
    pub const fn is_environment(&self) -> bool {
        match self {
            Self::Kubeconfig { .. }
            | Self::Context { .. }
            | Self::NoCluster { .. }
            | Self::Credentials { .. } => false,
            Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::NotFound { .. }
            | Self::Expired { .. }
            | Self::Busy { .. }
            | Self::Status { .. }
            | Self::NotJson { .. }
            | Self::Cut { .. }
            | Self::Shape { .. }
            | Self::TooMuch { .. } => true,
        }
    }
}
