//! What the service shows of itself: written by the loop, read by the API.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use foresail_api::{
    Change, Mode, ModelStatus, ObjectCounts, PredictAnswer, PredictError, PredictInput,
    PredictRequest, Snapshot, Source, Status, StoreState, StoreStatus, TickHealth,
};
use foresail_core::store::{Archive, BoxFuture, ClusterName, Registry};
use foresail_core::{Clock, Timestamp};
use foresail_store::Store;
use tokio::sync::{Semaphore, broadcast};

use super::keeper::Keeper;
use super::models::{Chosen, Loaded};
use super::{predict, series};

/// Changes that a slow listener may be behind.
const CHANGES: usize = 4_096;
/// Predictions for clients at one time: they share the cores with the ticks.
const PREDICTIONS: usize = 2;

/// What the API reads.
pub(crate) struct Board {
    cluster: ClusterName,
    clock: Arc<dyn Clock>,
    store: Option<(Arc<Keeper>, Arc<Store>)>,
    snapshot: RwLock<Option<Arc<Snapshot>>>,
    status: Mutex<Status>,
    changes: broadcast::Sender<Arc<Change>>,
    models: RwLock<Answering>,
    predictions: Arc<Semaphore>,
}

/// The models that answer requests.
#[derive(Clone, Debug, Default)]
struct Answering {
    /// The one that watches the cluster.
    service: Option<String>,
    loaded: BTreeMap<String, Loaded>,
}

// === impl Board ===

impl Board {
    /// A board before the first tick.
    pub(crate) fn new(
        cluster: ClusterName,
        clock: Arc<dyn Clock>,
        store: Option<(Arc<Keeper>, Arc<Store>)>,
    ) -> Self {
        let now = clock.now();
        Self {
            status: Mutex::new(starting(&cluster, now)),
            cluster,
            clock,
            store,
            snapshot: RwLock::new(None),
            changes: broadcast::channel(CHANGES).0,
            models: RwLock::new(Answering::default()),
            predictions: Arc::new(Semaphore::new(PREDICTIONS)),
        }
    }

    /// Changes what is said of the service.
    pub(crate) fn update(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.lock());
    }

    /// Shows what a tick said.
    pub(crate) fn show(&self, snapshot: Snapshot) {
        *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(snapshot));
    }

    /// Tells whoever listens.
    pub(crate) fn tell(&self, change: Change) {
        // Nobody may be listening.
        let _ = self.changes.send(Arc::new(change));
    }

    /// Lets these models answer.
    pub(crate) fn set_models(&self, chosen: &Chosen) {
        let mut models = self.models.write().unwrap_or_else(PoisonError::into_inner);
        let service = Some(chosen.service.name.clone());
        *models = Answering { service, loaded: chosen.loaded.clone() };
        drop(models);
        let status = |name: &str| model_status(name, chosen.loaded.get(name));
        self.update(|status_now| {
            status_now.model = Some(status(&chosen.service.name));
            status_now.shadows = chosen.shadows.iter().map(|one| status(&one.name)).collect();
        });
    }

    fn lock(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The model that a request is for: the one it names, else the one in service for series, and the
    /// only one of a table for rows.
    fn model(&self, request: &PredictRequest) -> Result<(String, Loaded), PredictError> {
        let models = self.models.read().unwrap_or_else(PoisonError::into_inner);
        let name = match (&request.model, &request.input) {
            (Some(name), _) => name,
            (None, PredictInput::Series(_)) => {
                models.service.as_ref().ok_or(PredictError::NoModel)?
            }
            (None, PredictInput::Rows(_)) => models.only_table()?,
        };
        let loaded = models.loaded.get(name);
        let loaded = loaded.ok_or_else(|| PredictError::UnknownModel { name: name.clone() })?;
        Ok((name.clone(), loaded.clone()))
    }
}

// === impl Answering ===

impl Answering {
    fn only_table(&self) -> Result<&String, PredictError> {
        let mut tables = self.loaded.iter().filter(|(_, one)| matches!(one, Loaded::Table(_)));
        match (tables.next(), tables.next()) {
            (Some((name, _)), None) => Ok(name),
            (None, _) => Err(PredictError::NoModel),
            (Some(_), Some(_)) => Err(PredictError::Refused {
                reason: "several models take rows: name one as `model`".to_owned(),
            }),
        }
    }
}

impl Source for Board {
    fn cluster(&self) -> &ClusterName {
        &self.cluster
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn status(&self) -> Status {
        let mut status = self.lock().clone();
        status.now = self.clock.now();
        if let Some((keeper, _)) = &self.store {
            status.store = keeper.status();
        }
        for model in status.model.iter_mut().chain(&mut status.shadows) {
            let age = model.trained_at.map(|at| status.now.since(at).as_seconds());
            model.age_seconds = age;
        }
        status
    }

    fn snapshot(&self) -> Option<Arc<Snapshot>> {
        self.snapshot.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn changes(&self) -> broadcast::Receiver<Arc<Change>> {
        self.changes.subscribe()
    }

    fn archive(&self) -> Option<&dyn Archive> {
        self.store.as_ref().map(|(_, store)| &**store as &dyn Archive)
    }

    fn registry(&self) -> Option<&dyn Registry> {
        self.store.as_ref().map(|(_, store)| &**store as &dyn Registry)
    }

    fn predict(
        &self,
        request: PredictRequest,
    ) -> BoxFuture<'_, Result<PredictAnswer, PredictError>> {
        Box::pin(async move {
            let (name, model) = self.model(&request)?;
            let permit = self.predictions.clone().try_acquire_owned();
            let permit = permit.map_err(|_| PredictError::Busy)?;
            let answer = tokio::task::spawn_blocking(move || {
                let answer = answer(&name, &model, &request);
                drop(permit);
                answer
            });
            answer.await.map_err(|error| PredictError::Failed { reason: error.to_string() })?
        })
    }
}

fn answer(
    name: &str,
    model: &Loaded,
    request: &PredictRequest,
) -> Result<PredictAnswer, PredictError> {
    let wrong = |takes| PredictError::WrongInput { model: name.to_owned(), takes };
    match (model, &request.input) {
        (Loaded::Table(model), PredictInput::Rows(rows)) => {
            predict::rows(name, &model.payload, (rows, request.top))
        }
        (Loaded::Recording(model), PredictInput::Series(input)) => {
            series::predict(name, model, (input, request.top))
        }
        (Loaded::Table(_), PredictInput::Series(_)) => Err(wrong("rows")),
        (Loaded::Recording(_), PredictInput::Rows(_)) => Err(wrong("series")),
    }
}

fn model_status(name: &str, model: Option<&Loaded>) -> ModelStatus {
    let header = model.map(Loaded::header);
    let trained_at = header.and_then(|header| header.card.trained_at.as_ref()?.parse().ok());
    ModelStatus {
        name: name.to_owned(),
        kind: header.map_or_else(|| name.to_owned(), |header| header.kind.clone()),
        trained_at,
        age_seconds: None,
    }
}

fn starting(cluster: &ClusterName, now: Timestamp) -> Status {
    Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        cluster: cluster.to_string(),
        mode: Mode::Observe,
        mode_reason: "the service is starting".to_owned(),
        now,
        started_at: now,
        last_tick: None,
        ticks: TickHealth::default(),
        ready: false,
        not_ready_because: vec!["the service is starting".to_owned()],
        sources: Vec::new(),
        model: None,
        shadows: Vec::new(),
        store: StoreStatus {
            state: StoreState::Off,
            reason: None,
            bytes: None,
            last_kept: None,
            waiting: 0,
            lost: 0,
        },
        objects: ObjectCounts::default(),
        skipped: Vec::new(),
        outcomes: Vec::new(),
        scorecard: None,
    }
}
