//! Objects that pods lean on: Services, ConfigMaps, claims, quotas, disruption budgets.

use std::collections::{BTreeMap, BTreeSet};

use foresail_core::{
    ChangeKind, ClaimObject, ConfigMapObject, DisruptionBudgetObject, Object, ObjectChange,
    QuotaObject, ServiceObject, Timestamp,
};
use serde::{Deserialize, Serialize};

/// A Service as last seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceRecord {
    /// The Service.
    pub object: ServiceObject,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When it was last seen with a ready endpoint.
    pub last_ready: Option<Timestamp>,
    /// Since when it has no ready endpoint; `None` while it has one.
    pub empty_since: Option<Timestamp>,
}

/// Everything that is neither pod nor workload nor node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Inventory {
    services: BTreeMap<(String, String), ServiceRecord>,
    config_maps: BTreeMap<String, BTreeSet<String>>,
    claims: BTreeMap<(String, String), ClaimObject>,
    claims_watched: Option<Timestamp>,
    quotas: BTreeMap<(String, String, String), QuotaObject>,
    disruption_budgets: BTreeMap<(String, String), DisruptionBudgetObject>,
}

// === impl Inventory ===

impl Inventory {
    /// A Service.
    #[must_use]
    pub fn service(&self, namespace: &str, name: &str) -> Option<&ServiceRecord> {
        self.services.get(&(namespace.to_owned(), name.to_owned()))
    }

    /// Services, in order of namespace and name.
    pub fn services(&self) -> impl Iterator<Item = &ServiceRecord> {
        self.services.values()
    }

    /// Whether the ConfigMap exists; `None` where the ConfigMaps of the namespace are not known.
    ///
    /// Every namespace has one of Kubernetes' own (`kube-root-ca.crt`), so a namespace without any
    /// is one whose ConfigMaps are not watched.
    #[must_use]
    pub fn has_config_map(&self, namespace: &str, name: &str) -> Option<bool> {
        self.config_maps.get(namespace).map(|names| names.contains(name))
    }

    /// A persistent volume claim.
    #[must_use]
    pub fn claim(&self, namespace: &str, name: &str) -> Option<&ClaimObject> {
        self.claims.get(&(namespace.to_owned(), name.to_owned()))
    }

    /// Persistent volume claims, in order.
    pub fn claims(&self) -> impl Iterator<Item = &ClaimObject> {
        self.claims.values()
    }

    /// Whether any claim was ever seen; while not, a missing claim proves nothing.
    #[must_use]
    pub const fn claims_known(&self) -> bool {
        self.claims_watched.is_some()
    }

    /// Resources of quotas, in order of namespace, quota and resource.
    pub fn quotas(&self) -> impl Iterator<Item = &QuotaObject> {
        self.quotas.values()
    }

    /// Disruption budgets, in order.
    pub fn disruption_budgets(&self) -> impl Iterator<Item = &DisruptionBudgetObject> {
        self.disruption_budgets.values()
    }

    pub(super) fn observe(&mut self, change: &ObjectChange) {
        let gone = change.change == ChangeKind::Deleted;
        match &change.object {
            Object::Service(object) => self.observe_service(change, object),
            Object::ConfigMap(object) => self.observe_config_map(change.change, object),
            Object::Claim(object) => {
                self.claims_watched = self.claims_watched.or(Some(change.observed_at));
                let key = (object.namespace.clone(), object.name.clone());
                put(&mut self.claims, key, (!gone).then_some(object));
            }
            Object::Quota(object) => {
                let key = (object.namespace.clone(), object.name.clone(), object.resource.clone());
                put(&mut self.quotas, key, (!gone).then_some(object));
            }
            Object::DisruptionBudget(object) => {
                let key = (object.namespace.clone(), object.name.clone());
                put(&mut self.disruption_budgets, key, (!gone).then_some(object));
            }
            Object::Pod(_) | Object::Workload(_) | Object::Node(_) => {}
        }
    }

    fn observe_service(&mut self, change: &ObjectChange, object: &ServiceObject) {
        let key = (object.namespace.clone(), object.name.clone());
        if change.change == ChangeKind::Deleted {
            self.services.remove(&key);
            return;
        }
        let at = change.observed_at;
        let ready = object.ready > 0;
        let before = self.services.get(&key);
        let empty_since = before.and_then(|known| known.empty_since).unwrap_or(at);
        let last_ready = before.and_then(|known| known.last_ready);
        let record = ServiceRecord {
            object: object.clone(),
            first_seen: before.map_or(at, |known| known.first_seen),
            last_ready: if ready { Some(at) } else { last_ready },
            empty_since: (!ready).then_some(empty_since),
        };
        self.services.insert(key, record);
    }

    fn observe_config_map(&mut self, change: ChangeKind, object: &ConfigMapObject) {
        let names = self.config_maps.entry(object.namespace.clone()).or_default();
        if change == ChangeKind::Deleted {
            names.remove(&object.name);
            if names.is_empty() {
                self.config_maps.remove(&object.namespace);
            }
        } else {
            names.insert(object.name.clone());
        }
    }
}

/// Inserts or replaces `value`, or removes the key when there is none.
fn put<K: Ord, V: Clone>(map: &mut BTreeMap<K, V>, key: K, value: Option<&V>) {
    match value {
        Some(value) => {
            map.insert(key, value.clone());
        }
        None => {
            map.remove(&key);
        }
    }
}
