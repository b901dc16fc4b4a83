//! Which model speaks, which are only scored, and which answer for tables.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use foresail_core::Timestamp;
use foresail_core::store::{ClusterName, ModelEntry, ModelRole, NewModel, Registry, StoreError};
use foresail_engine::{Models, Policy, first_passage};
use foresail_evaluate::learned::StoredModel;
use foresail_learn::model_file::{Header, Model, ModelFileError, Named};
use foresail_learn::tabular::TabularModel;

use super::config::Models as Wanted;
use super::judge::Judging;
use crate::failure::{Failure, Result};
use crate::models::{BUILT_IN_NAME, built_in};

/// The name under which nothing learned speaks.
pub(crate) const FIRST_PASSAGE: &str = "first-passage";

/// A model that answers.
#[derive(Clone, Debug)]
pub(crate) enum Loaded {
    /// Of recordings.
    Recording(Arc<StoredModel>),
    /// Of a table.
    Table(Arc<Model<TabularModel>>),
}

/// What the service judges with.
#[derive(Clone, Debug)]
pub(crate) struct Chosen {
    pub(crate) service: Judging,
    pub(crate) shadows: Vec<Judging>,
    /// Every model that can be asked, by name.
    pub(crate) loaded: BTreeMap<String, Loaded>,
    /// Models that stand in the registry and cannot be used, and why.
    pub(crate) refused: Vec<(String, String)>,
    /// The registry as it was read.
    pub(crate) entries: Vec<ModelEntry>,
}

/// Opens the bytes of a model file of either kind.
pub(crate) fn open(name: &str, bytes: &[u8]) -> Result<Loaded> {
    let path = Path::new(name);
    match TabularModel::from_bytes(Named { name: path, bytes }) {
        Ok(model) => Ok(Loaded::Table(Arc::new(model))),
        Err(ModelFileError::Kind { .. }) => StoredModel::from_bytes(path, bytes)
            .map(|model| Loaded::Recording(Arc::new(model)))
            .map_err(|error| Failure::reading(error, "the model was refused")),
        Err(error) => Err(Failure::reading(error, "the model was refused")),
    }
}

/// A file as the registry takes it, under its file name without ending.
pub(crate) fn from_file(path: &Path, now: Timestamp) -> Result<(NewModel, Loaded)> {
    let place = path.display();
    let file = std::fs::read(path)
        .map_err(|error| Failure::reading(error, format!("failed to read `{place}`")))?;
    let name = path.file_stem().map(|name| name.to_string_lossy().into_owned());
    let name = name.filter(|name| name != BUILT_IN_NAME && name != FIRST_PASSAGE);
    let Some(name) = name else {
        return Err(Failure::input(format!(
            "`{place}` cannot be a model's name: `{BUILT_IN_NAME}` and `{FIRST_PASSAGE}` are taken"
        )));
    };
    let loaded = open(&place.to_string(), &file)?;
    let header = loaded.header();
    let schema = header.schema.id().to_string();
    Ok((NewModel { name, kind: header.kind.clone(), schema, file, added_at: now }, loaded))
}

/// Reads the registry and chooses.
pub(crate) async fn choose(
    wanted: &Wanted,
    registry: Option<(&dyn Registry, &ClusterName)>,
    given: &BTreeMap<String, Loaded>,
) -> std::result::Result<Chosen, ChooseError> {
    let mut loaded = given.clone();
    loaded.insert(BUILT_IN_NAME.to_owned(), Loaded::Recording(Arc::new(built_in()?)));
    let (mut entries, mut refused) = (Vec::new(), Vec::new());
    if let Some((registry, cluster)) = registry {
        entries = registry.models(cluster).await?;
        for entry in entries.iter().filter(|entry| !given.contains_key(&entry.name)) {
            match read((registry, cluster), &entry.name).await {
                Ok(model) => {
                    loaded.insert(entry.name.clone(), model);
                }
                Err(reason) => refused.push((entry.name.clone(), reason)),
            }
        }
    }
    let by_role = |role: ModelRole| {
        entries.iter().filter(move |entry| entry.role == role).map(|entry| entry.name.as_str())
    };
    let name = wanted.in_service.as_deref().or_else(|| by_role(ModelRole::InService).next());
    let service = judging(name.unwrap_or(BUILT_IN_NAME), &loaded, wanted)?;
    let mut shadows = Vec::new();
    for name in by_role(ModelRole::Shadow).filter(|name| *name != service.name) {
        // A model of a table watches nothing, one without a threshold cannot be scored.
        if let Ok(shadow) = judging(name, &loaded, wanted) {
            shadows.push(shadow);
        }
    }
    Ok(Chosen { service, shadows, loaded, refused, entries })
}

async fn read(
    (registry, cluster): (&dyn Registry, &ClusterName),
    name: &str,
) -> std::result::Result<Loaded, String> {
    let bytes = registry.model_file(cluster, name).await.map_err(|error| error.to_string())?;
    open(name, &bytes).map_err(|failure| failure.to_string())
}

/// Why no model could be chosen.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChooseError {
    /// The registry did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The model that is to speak cannot.
    #[error("{0}")]
    Refused(String),
}

impl From<Failure> for ChooseError {
    fn from(failure: Failure) -> Self {
        Self::Refused(failure.to_string())
    }
}

/// A model of recordings with the policy of its threshold.
pub(crate) fn judging(
    name: &str,
    loaded: &BTreeMap<String, Loaded>,
    wanted: &Wanted,
) -> Result<Judging> {
    let mut policy = Policy::default();
    let budget = wanted.budget.get();
    if name == FIRST_PASSAGE {
        if let Some(threshold) = first_passage::threshold_for(budget) {
            policy.alarm.threshold = threshold;
        }
        return Ok(Judging { name: name.to_owned(), models: Models::default(), policy });
    }
    let model = match loaded.get(name) {
        Some(Loaded::Recording(model)) => model,
        Some(Loaded::Table(_)) => {
            return Err(Failure::input(format!(
                "model `{name}` is of a table: it cannot watch a cluster"
            )));
        }
        None => return Err(Failure::input(format!("there is no model `{name}`"))),
    };
    let point = model.header.operating_points.iter().find(|point| point.budget == budget);
    let Some(point) = point else {
        return Err(Failure::input(format!(
            "model `{name}` has no operating point for a budget of {budget}"
        )));
    };
    policy.alarm.threshold = point.threshold;
    let models = Models { learned: Some(model.model.clone()), ..Models::default() };
    Ok(Judging { name: name.to_owned(), models, policy })
}

// === impl Loaded ===

impl Loaded {
    /// What its file says of it.
    pub(crate) fn header(&self) -> &Header {
        match self {
            Self::Recording(model) => &model.header,
            Self::Table(model) => &model.header,
        }
    }
}
