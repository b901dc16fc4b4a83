//! Why a store did not do what it was asked.

/// The error below, kept for the log.
pub type StoreSource = Box<dyn std::error::Error + Send + Sync>;

/// Why a store did not do what it was asked. Nothing of the call was kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The address names no store. Not retryable.
    #[error("`{url}` names no store: {reason}")]
    Address {
        /// The address, without a password.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A later program wrote the store. Not retryable: start that program, or restore a copy.
    #[error(
        "the store `{place}` has version {found}, this program knows versions up to {known}: start the newer program, or restore a copy from before the upgrade"
    )]
    Newer {
        /// Which store.
        place: String,
        /// Its version.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// An earlier program still writes the store, so it cannot be brought up to date now.
    #[error(
        "the store `{place}` has version {found}, this program needs {known}: stop the older program that is writing to it, then start this one again"
    )]
    Older {
        /// Which store.
        place: String,
        /// Its version.
        found: i64,
        /// The version that this program needs.
        known: i64,
    },
    /// A migration that the store has applied is not the one that this program knows. Not retryable.
    #[error("the store `{place}` cannot be brought up to version {known}")]
    Migration {
        /// Which store.
        place: String,
        /// The version that this program needs.
        known: i64,
        /// What the migration met.
        source: StoreSource,
    },
    /// Another process writes this store.
    #[error("another process writes to the store `{place}`{holder}: only one may")]
    Locked {
        /// Which store.
        place: String,
        /// Who, in words with a leading space, where known.
        holder: String,
    },
    /// No space is left. Retryable once there is; what the caller sends meanwhile is lost.
    #[error("no space is left for the store `{place}`: free some, or shorten the retention")]
    Full {
        /// Which store.
        place: String,
        /// What the database said.
        source: StoreSource,
    },
    /// The database does not answer. Retryable.
    #[error("the store `{place}` does not answer")]
    Unreachable {
        /// Which store.
        place: String,
        /// What was met.
        source: StoreSource,
    },
    /// The database refuses this user or file. Not retryable.
    #[error("the store `{place}` refuses access")]
    Denied {
        /// Which store.
        place: String,
        /// What the database said.
        source: StoreSource,
    },
    /// What is kept is not what was written. Not retryable.
    #[error("`{what}` in the store `{place}` is damaged: {reason}")]
    Corrupt {
        /// Which store.
        place: String,
        /// Which part of it.
        what: String,
        /// How that shows.
        reason: String,
    },
    /// No model has this name.
    #[error("no model named `{name}` in the store `{place}`")]
    UnknownModel {
        /// Which store.
        place: String,
        /// The name asked for.
        name: String,
    },
    /// The database answered with another error.
    #[error("the store `{place}` failed")]
    Failed {
        /// Which store.
        place: String,
        /// What the database said.
        source: StoreSource,
    },
}

impl StoreError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Address { .. } => "store_address",
            Self::Newer { .. } => "store_newer",
            Self::Older { .. } => "store_older",
            Self::Migration { .. } => "store_migration",
            Self::Locked { .. } => "store_locked",
            Self::Full { .. } => "store_full",
            Self::Unreachable { .. } => "store_unreachable",
            Self::Denied { .. } => "store_denied",
            Self::Corrupt { .. } => "store_corrupt",
            Self::UnknownModel { .. } => "unknown_model",
            Self::Failed { .. } => "store_failed",
        }
    }

    /// Whether the same call may succeed later without anybody changing program or address.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Full { .. }
            | Self::Unreachable { .. }
            | Self::Locked { .. }
            | Self::Older { .. } => true,
            Self::Address { .. }
            | Self::Newer { .. }
            | Self::Migration { .. }
            | Self::Denied { .. }
            | Self::Corrupt { .. }
            | Self::UnknownModel { .. }
            | Self::Failed { .. } => false,
        }
    }
}
