//! The store: its address, and the ports in front of a backend.

use std::path::PathBuf;

use foresail_core::store::{
    AlarmFilter, Archive, ClusterName, Evidence, EvidenceOf, Journal, Minute, ModelEntry,
    ModelRole, NewModel, NodeRow, Pruned, Registry, RestartPoint, Retention, StoreError,
    StoreFuture, StoreSize, StoredPodRow, Tick, TimeSpan, WorkloadRow,
};
use foresail_core::{Alarm, KubernetesEvent, Outcome, Prediction, Timestamp, WorkloadId};

use crate::backend::Backend;
use crate::backend::postgres::PostgresStore;
use crate::backend::sqlite::SqliteStore;
use crate::{blob, minute, read, registry, retention, tick};

/// Who opens a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The service, which writes all the time: only one process at a time.
    Service,
    /// A command beside it: it reads, and changes models.
    Beside,
}

/// Which store, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// A path or `sqlite://path` for a file, or `postgres://user@host/database`.
    pub url: String,
    /// Who opens it.
    pub access: Access,
    /// The most bytes that a file may take; `None` for as many as there are. PostgreSQL has none.
    pub size_limit: Option<u64>,
}

/// A store on one of the databases.
pub struct Store {
    backend: Box<dyn Backend>,
    access: Access,
}

/// Where a store is.
enum Address {
    File(PathBuf),
    Database,
}

/// Opens the store, makes its tables where there are none, and brings older ones up to date.
///
/// # Errors
/// [`StoreError::Newer`] for a store of a later program, [`StoreError::Locked`] when another process
/// writes to it, and whatever the database has to say.
pub async fn open(options: &StoreOptions) -> Result<Store, StoreError> {
    let backend: Box<dyn Backend> = match address(options)? {
        Address::File(path) => {
            Box::new(SqliteStore::open(&path, options.access, options.size_limit).await?)
        }
        Address::Database => Box::new(PostgresStore::open(&options.url, options.access).await?),
    };
    Ok(Store { backend, access: options.access })
}

fn address(options: &StoreOptions) -> Result<Address, StoreError> {
    let wrong = |reason: &str| {
        Err(StoreError::Address { url: options.url.clone(), reason: reason.to_owned() })
    };
    match options.url.split_once("://") {
        Some(("postgres" | "postgresql", _)) if options.size_limit.is_some() => {
            let reason = "a size limit is for a file; PostgreSQL has none".to_owned();
            Err(StoreError::Address { url: "postgres://…".to_owned(), reason })
        }
        Some(("postgres" | "postgresql", _)) => Ok(Address::Database),
        Some(("sqlite", "")) => wrong("the path is missing"),
        Some(("sqlite", path)) => Ok(Address::File(PathBuf::from(path))),
        Some((scheme, _)) => {
            // The rest may hold a password.
            let url = format!("{scheme}://…");
            let reason =
                "use a path, `sqlite://path` or `postgres://user@host/database`".to_owned();
            Err(StoreError::Address { url, reason })
        }
        None if options.url.is_empty() => wrong("the path is missing"),
        None => Ok(Address::File(PathBuf::from(&options.url))),
    }
}

// === impl StoreOptions ===

impl StoreOptions {
    /// The store at `url`, without a size limit.
    #[must_use]
    pub fn new(url: &str, access: Access) -> Self {
        Self { url: url.to_owned(), access, size_limit: None }
    }
}

// === impl Store ===

impl Store {
    /// Where it is, for messages; no password.
    #[must_use]
    pub fn place(&self) -> &str {
        self.backend.place()
    }

    /// The backend, for what only the service may write.
    fn journal(&self) -> Result<&dyn Backend, StoreError> {
        match self.access {
            Access::Service => Ok(self.backend.as_ref()),
            Access::Beside => Err(StoreError::Denied {
                place: self.place().to_owned(),
                source: "it was opened beside the service, which alone writes to it".into(),
            }),
        }
    }

    /// Lets go of every connection and of the writer's lock. Dropping does the same without waiting.
    ///
    /// # Errors
    /// When the database could not be told.
    pub async fn close(self) -> Result<(), StoreError> {
        self.backend.close().await
    }
}

impl Journal for Store {
    fn commit_tick<'a>(&'a self, cluster: &'a ClusterName, tick: &'a Tick) -> StoreFuture<'a, ()> {
        Box::pin(
            async move { self.journal()?.apply(tick::statements(cluster, tick)).await.map(|_| ()) },
        )
    }

    fn commit_minute<'a>(
        &'a self,
        cluster: &'a ClusterName,
        minute: &'a Minute,
    ) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.journal()?.apply(minute::statements(cluster, minute)).await.map(|_| ())
        })
    }

    fn keep_evidence<'a>(
        &'a self,
        cluster: &'a ClusterName,
        evidence: &'a Evidence,
    ) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.journal()?.apply(blob::keep_evidence(cluster, evidence)).await.map(|_| ())
        })
    }

    fn keep_restart_point<'a>(
        &'a self,
        cluster: &'a ClusterName,
        point: &'a RestartPoint,
    ) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.journal()?.apply(blob::keep_restart_point(cluster, point)).await.map(|_| ())
        })
    }

    fn prune<'a>(
        &'a self,
        cluster: &'a ClusterName,
        now: Timestamp,
        retention: &'a Retention,
    ) -> StoreFuture<'a, Pruned> {
        Box::pin(async move { retention::prune(self.journal()?, cluster, (now, retention)).await })
    }
}

impl Archive for Store {
    fn last_tick<'a>(&'a self, cluster: &'a ClusterName) -> StoreFuture<'a, Option<Timestamp>> {
        Box::pin(read::last_tick(self.backend.as_ref(), cluster))
    }

    fn predictions<'a>(
        &'a self,
        cluster: &'a ClusterName,
        span: TimeSpan,
    ) -> StoreFuture<'a, Vec<Prediction>> {
        Box::pin(read::details(self.backend.as_ref(), read::PREDICTIONS, (cluster, span)))
    }

    fn alarms<'a>(
        &'a self,
        cluster: &'a ClusterName,
        filter: AlarmFilter,
    ) -> StoreFuture<'a, Vec<Alarm>> {
        Box::pin(read::alarms(self.backend.as_ref(), cluster, filter))
    }

    fn outcomes<'a>(
        &'a self,
        cluster: &'a ClusterName,
        span: TimeSpan,
    ) -> StoreFuture<'a, Vec<Outcome>> {
        Box::pin(read::outcomes(self.backend.as_ref(), cluster, span))
    }

    fn events<'a>(
        &'a self,
        cluster: &'a ClusterName,
        span: TimeSpan,
    ) -> StoreFuture<'a, Vec<KubernetesEvent>> {
        Box::pin(read::details(self.backend.as_ref(), read::EVENTS, (cluster, span)))
    }

    fn pod_rows<'a>(
        &'a self,
        cluster: &'a ClusterName,
        pod: (&'a str, &'a str),
        span: TimeSpan,
    ) -> StoreFuture<'a, Vec<(Timestamp, StoredPodRow)>> {
        Box::pin(minute::pod_rows(self.backend.as_ref(), (cluster, span), pod))
    }

    fn node_rows<'a>(
        &'a self,
        cluster: &'a ClusterName,
        node: &'a str,
        span: TimeSpan,
    ) -> StoreFuture<'a, Vec<(Timestamp, NodeRow)>> {
        Box::pin(minute::node_rows(self.backend.as_ref(), (cluster, span), node))
    }

    fn workload_rows<'a>(
        &'a self,
        cluster: &'a ClusterName,
        workload: &'a WorkloadId,
        span: TimeSpan,
    ) -> StoreFuture<'a, Vec<(Timestamp, WorkloadRow)>> {
        Box::pin(minute::workload_rows(self.backend.as_ref(), (cluster, span), workload))
    }

    fn evidence<'a>(
        &'a self,
        cluster: &'a ClusterName,
        of: EvidenceOf,
    ) -> StoreFuture<'a, Option<Evidence>> {
        Box::pin(blob::evidence(self.backend.as_ref(), cluster, of))
    }

    fn restart_point<'a>(
        &'a self,
        cluster: &'a ClusterName,
    ) -> StoreFuture<'a, Option<RestartPoint>> {
        Box::pin(blob::restart_point(self.backend.as_ref(), cluster))
    }

    fn size(&self) -> StoreFuture<'_, StoreSize> {
        self.backend.size()
    }
}

impl Registry for Store {
    fn add_model<'a>(
        &'a self,
        cluster: &'a ClusterName,
        model: &'a NewModel,
    ) -> StoreFuture<'a, ()> {
        Box::pin(registry::add(self.backend.as_ref(), cluster, model))
    }

    fn models<'a>(&'a self, cluster: &'a ClusterName) -> StoreFuture<'a, Vec<ModelEntry>> {
        Box::pin(registry::models(self.backend.as_ref(), cluster))
    }

    fn model_file<'a>(
        &'a self,
        cluster: &'a ClusterName,
        name: &'a str,
    ) -> StoreFuture<'a, Vec<u8>> {
        Box::pin(registry::file(self.backend.as_ref(), cluster, name))
    }

    fn set_role<'a>(
        &'a self,
        cluster: &'a ClusterName,
        name: &'a str,
        role: ModelRole,
    ) -> StoreFuture<'a, ()> {
        Box::pin(registry::set_role(self.backend.as_ref(), cluster, (name, role)))
    }

    fn remove_model<'a>(&'a self, cluster: &'a ClusterName, name: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(registry::remove(self.backend.as_ref(), cluster, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> String {
        match address(&StoreOptions::new(url, Access::Service)) {
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn an_address_is_a_path_or_a_url_of_a_known_database() {
        assert_eq!(refused("foresail.db"), "");
        assert_eq!(refused("sqlite:///var/lib/foresail/foresail.db"), "");
        assert_eq!(refused("postgres://db/foresail"), "");
        assert!(refused("").contains("path is missing"));
        assert!(refused("sqlite://").contains("path is missing"));
    }

    #[test]
    fn an_unknown_database_is_refused_without_its_password() {
        let message = refused("mysql://me:secret@db/foresail");
        assert!(message.contains("mysql") && !message.contains("secret"), "{message}");
    }
}
