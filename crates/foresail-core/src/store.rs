//! The ports of storage: what the service keeps, and how it is asked for.
//!
//! ```text
//!  engine ── Tick ────> Journal::commit_tick      one transaction: outcomes, alarms, predictions, events
//!  rows ──── Minute ──> Journal::commit_minute    the tables `nodes`, `pods`, `workloads`
//!                       Archive                   reads for API, command line and restart
//!                       Registry                  models by name
//! ```
//!
//! A port decides nothing: what is above the watch floor, which evidence is kept and which model is
//! in service is told to it. Everything is kept per cluster.

mod error;
mod kept;
mod minute;
mod tick;

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::alarm::Alarm;
use crate::event::KubernetesEvent;
use crate::outcome::Outcome;
use crate::prediction::Prediction;
use crate::time::Timestamp;

pub use error::{StoreError, StoreSource};
pub use kept::{
    Evidence, EvidenceOf, EvidenceSeries, LogEvidence, ModelEntry, ModelRole, NewModel, Pruned,
    RestartPoint, Retention, StoreSize, TableSize,
};
pub use minute::{
    Minute, NODE_COLUMNS, NodeRow, NodeValues, POD_COLUMNS, PodRow, PodValues, StoredPodRow,
    WORKLOAD_COLUMNS, WorkloadRow, WorkloadValues,
};
pub use tick::{LabelSpan, RowLabel, Tick};

/// What an asynchronous port returns.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a call to a store returns.
pub type StoreFuture<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// Name of a cluster: 1 to 253 bytes without control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterName(String);

/// A text that cannot name a cluster.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` cannot name a cluster: 1 to 253 bytes without control characters can")]
pub struct InvalidClusterName(String);

/// Instants from `from` (included) to `until` (excluded).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeSpan {
    /// The first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
}

/// Which alarms are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlarmFilter {
    /// Those that are open.
    Open,
    /// Those raised in this span.
    Raised(TimeSpan),
}

/// Takes what the service has to keep. Only one process holds it.
///
/// Every call is one transaction: all of it is kept or nothing. Calls may be repeated: the same tick
/// or minute again replaces what it wrote.
pub trait Journal: Send + Sync {
    /// Keeps what one tick of the engine said.
    fn commit_tick<'a>(&'a self, cluster: &'a ClusterName, tick: &'a Tick) -> StoreFuture<'a, ()>;

    /// Keeps the rows of one minute.
    fn commit_minute<'a>(
        &'a self,
        cluster: &'a ClusterName,
        minute: &'a Minute,
    ) -> StoreFuture<'a, ()>;

    /// Keeps the evidence of an alarm or incident, in place of what was kept before.
    fn keep_evidence<'a>(
        &'a self,
        cluster: &'a ClusterName,
        evidence: &'a Evidence,
    ) -> StoreFuture<'a, ()>;

    /// Keeps a restart point, and of the cluster's earlier ones the newest.
    fn keep_restart_point<'a>(
        &'a self,
        cluster: &'a ClusterName,
        point: &'a RestartPoint,
    ) -> StoreFuture<'a, ()>;

    /// Deletes what is older than `retention` allows at `now`.
    fn prune<'a>(
        &'a self,
        cluster: &'a ClusterName,
        now: Timestamp,
        retention: &'a Retention,
    ) -> StoreFuture<'a, Pruned>;
}

/// Answers what is kept, oldest first.
pub trait Archive: Send + Sync {
    /// Time of the last tick; `None` before the first.
    fn last_tick<'a>(&'a self, cluster: &'a ClusterName) -> StoreFuture<'a, Option<Timestamp>>;

    /// Predictions made in `span`, ranked within a tick.
    fn predictions<'a>(
        &'a self,
        cluster: &'a ClusterName,
        span: TimeSpan,
    ) -> StoreFuture<'a, Vec<Prediction>>;

    /// Alarms as they were last said.
    fn alarms<'a>(
        &'a self,
        cluster: &'a ClusterName,
        filter: AlarmFilter,
    ) -> StoreFuture<'a, Vec<Alarm>>;

    /// Outcomes that occurred in `span`.
    fn outcomes<'a>(
        &'a self,
        cluster: &'a ClusterName,
        span: TimeSpan,
    ) -> StoreFuture<'a, Vec<Outcome>>;

    /// Events observed in `span`.
    fn events<'a>(
        &'a self,
        cluster: &'a ClusterName,
        span: TimeSpan,
    ) -> StoreFuture<'a, Vec<KubernetesEvent>>;

    /// Rows of one pod (`namespace`, `pod`) in `span`.
    fn pod_rows<'a>(
        &'a self,
        cluster: &'a ClusterName,
        pod: (&'a str, &'a str),
        span: TimeSpan,
    ) -> StoreFuture<'a, Vec<(Timestamp, StoredPodRow)>>;

    /// Rows of one node in `span`.
    fn node_rows<'a>(
        &'a self,
        cluster: &'a ClusterName,
        node: &'a str,
        span: TimeSpan,
    ) -> StoreFuture<'a, Vec<(Timestamp, NodeRow)>>;

    /// Rows of one workload in `span`.
    fn workload_rows<'a>(
        &'a self,
        cluster: &'a ClusterName,
        workload: &'a crate::unit::WorkloadId,
        span: TimeSpan,
    ) -> StoreFuture<'a, Vec<(Timestamp, WorkloadRow)>>;

    /// The evidence of an alarm or incident, if any was kept.
    fn evidence<'a>(
        &'a self,
        cluster: &'a ClusterName,
        of: EvidenceOf,
    ) -> StoreFuture<'a, Option<Evidence>>;

    /// The newest restart point whose bytes are whole.
    fn restart_point<'a>(
        &'a self,
        cluster: &'a ClusterName,
    ) -> StoreFuture<'a, Option<RestartPoint>>;

    /// How large the store is. Reads the whole store on SQLite: not for every minute.
    fn size(&self) -> StoreFuture<'_, StoreSize>;
}

/// Models by name.
pub trait Registry: Send + Sync {
    /// Adds a model, or replaces the one of the same name; its role stays.
    fn add_model<'a>(
        &'a self,
        cluster: &'a ClusterName,
        model: &'a NewModel,
    ) -> StoreFuture<'a, ()>;

    /// All models, by name.
    fn models<'a>(&'a self, cluster: &'a ClusterName) -> StoreFuture<'a, Vec<ModelEntry>>;

    /// The file of a model.
    ///
    /// # Errors
    /// [`StoreError::UnknownModel`] when there is none of this name, [`StoreError::Corrupt`] when its
    /// bytes are not those that were added.
    fn model_file<'a>(
        &'a self,
        cluster: &'a ClusterName,
        name: &'a str,
    ) -> StoreFuture<'a, Vec<u8>>;

    /// Gives a model a role. One model is in service: the one that was becomes a shadow.
    fn set_role<'a>(
        &'a self,
        cluster: &'a ClusterName,
        name: &'a str,
        role: ModelRole,
    ) -> StoreFuture<'a, ()>;

    /// Removes a model.
    fn remove_model<'a>(&'a self, cluster: &'a ClusterName, name: &'a str) -> StoreFuture<'a, ()>;
}

// === impl ClusterName ===

impl ClusterName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for ClusterName {
    type Error = InvalidClusterName;
    fn try_from(name: &str) -> Result<Self, Self::Error> {
        if (1..=253).contains(&name.len()) && !name.chars().any(char::is_control) {
            Ok(Self(name.to_owned()))
        } else {
            Err(InvalidClusterName(name.chars().take(253).collect()))
        }
    }
}

impl fmt::Display for ClusterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_name_is_short_and_printable() {
        assert!(ClusterName::try_from("prod-eu 1").is_ok());
        assert!(ClusterName::try_from("").is_err());
        assert!(ClusterName::try_from("a\0b").is_err());
        assert!(ClusterName::try_from("x".repeat(254).as_str()).is_err());
    }
}
