//! Metadata that all kinds have.

use std::collections::BTreeMap;

use foresail_core::{Condition, OwnerRef, Timestamp, WorkloadKind};
use serde::Deserialize;

use super::{Facet, Item, cut};
use crate::objects::{ConditionLine, time};

/// Metadata of an object.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Meta {
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    pub(super) uid: Option<String>,
    resource_version: Option<String>,
    pub(super) generation: Option<u64>,
    creation_timestamp: Option<String>,
    deletion_timestamp: Option<String>,
    pub(super) deletion_grace_period_seconds: Option<f64>,
    pub(super) labels: Option<BTreeMap<String, String>>,
    annotations: Option<BTreeMap<String, String>>,
    owner_references: Option<Vec<Owner>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Owner {
    kind: String,
    name: String,
    uid: Option<String>,
    controller: Option<bool>,
}

// === impl Meta ===

impl Meta {
    pub(super) fn created_at(&self) -> Result<Option<Timestamp>, String> {
        time(self.creation_timestamp.as_deref())
    }

    pub(super) fn deletion_requested_at(&self) -> Result<Option<Timestamp>, String> {
        time(self.deletion_timestamp.as_deref())
    }

    pub(super) fn label(&self, name: &str) -> Option<&String> {
        self.labels.as_ref().and_then(|labels| labels.get(name))
    }

    pub(super) fn annotation(&self, name: &str) -> Option<&String> {
        self.annotations.as_ref().and_then(|annotations| annotations.get(name))
    }

    /// The controller.
    pub(super) fn owner(&self) -> Option<OwnerRef> {
        let owner = self.owner_references.iter().flatten();
        let owner = owner.into_iter().find(|owner| owner.controller == Some(true))?;
        Some(OwnerRef {
            kind: WorkloadKind::from_name(&owner.kind),
            name: owner.name.clone(),
            uid: owner.uid.clone(),
        })
    }

    pub(super) fn namespace(&self) -> String {
        self.namespace.clone().unwrap_or_default()
    }

    /// The object, without which nothing is told of it.
    pub(super) fn item(self, facets: Vec<Facet>) -> Result<Item, String> {
        if self.name.is_empty() {
            return Err("field `metadata.name` is missing".to_owned());
        }
        Ok(Item {
            namespace: self.namespace.unwrap_or_default(),
            name: self.name,
            uid: self.uid.unwrap_or_default(),
            version: self.resource_version.unwrap_or_default(),
            facets,
        })
    }
}

/// Conditions in the order of the API.
pub(super) fn conditions(lines: Option<Vec<ConditionLine>>) -> Result<Vec<Condition>, String> {
    let lines = lines.into_iter().flatten();
    lines
        .map(|line| {
            let mut condition = line.condition()?;
            condition.message = condition.message.map(cut);
            Ok(condition)
        })
        .collect()
}
