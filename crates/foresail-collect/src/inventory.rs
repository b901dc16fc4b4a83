//! Objects that a recording has only as kube-state-metrics series: ConfigMaps, Services with their
//! endpoints, quotas, disruption budgets and claims.
//!
//! In: the series of one scrape after another. Out: an object change when a value changes, and a
//! deletion when an object is missing from more than three scrapes in a row.

use std::collections::BTreeMap;

use foresail_core::{
    ChangeKind, ClaimObject, ConfigMapObject, DisruptionBudgetObject, Object, QuotaObject,
    ServiceObject,
};

use crate::resolve::Labels;

/// Families that describe inventory objects.
pub(crate) const FAMILIES: &[&str] = &[
    "kube_configmap_info",
    "kube_service_info",
    "kube_endpoint_info",
    "kube_endpoint_address",
    "kube_endpoint_address_available",
    "kube_endpoint_address_not_ready",
    "kube_endpointslice_endpoints",
    "kube_resourcequota",
    "kube_poddisruptionbudget_status_pod_disruptions_allowed",
    "kube_poddisruptionbudget_status_current_healthy",
    "kube_poddisruptionbudget_status_desired_healthy",
    "kube_poddisruptionbudget_status_expected_pods",
    "kube_persistentvolumeclaim_status_phase",
];

/// An object may be missing from this many scrapes in a row before it counts as deleted.
const MISSED_SCRAPES: u32 = 3;

/// Which object a series describes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum InventoryKey {
    ConfigMap { namespace: String, name: String },
    Service { namespace: String, name: String },
    Quota { namespace: String, name: String, resource: String },
    Budget { namespace: String, name: String },
    Claim { namespace: String, name: String },
}

/// What of the object it tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Field {
    /// That it exists.
    Exists,
    Ready,
    NotReady,
    Used,
    Hard,
    Allowed,
    Healthy,
    Desired,
    Expected,
    Bound,
}

/// One series' part in one object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct InventoryPart {
    pub(crate) key: InventoryKey,
    pub(crate) field: Field,
}

/// One value of one series.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Observation {
    /// Milliseconds since the base of the recording.
    pub(crate) at: u32,
    /// Index into the parts.
    pub(crate) part: u32,
    pub(crate) value: f64,
}

/// A change and the time of the scrape that showed it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct InventoryChange {
    pub(crate) at: u32,
    pub(crate) change: ChangeKind,
    pub(crate) object: Object,
}

/// The objects that the scrapes so far showed.
#[derive(Debug, Default)]
pub(crate) struct Watcher {
    known: BTreeMap<InventoryKey, Known>,
    begun: bool,
}

#[derive(Debug)]
struct Known {
    object: Object,
    missed: u32,
}

// === impl InventoryPart ===

impl InventoryPart {
    /// The part that a series plays, or `None` if its labels lack the object's name.
    pub(crate) fn new(metric: &str, labels: &Labels) -> Option<Self> {
        let namespace = labels.namespace.clone();
        let named = |label: &str| labels.get(label).map(str::to_owned);
        let budget = |field| {
            let key = InventoryKey::Budget {
                namespace: namespace.clone(),
                name: named("poddisruptionbudget")?,
            };
            Some(Self { key, field })
        };
        let service = |name: String, field| {
            Some(Self { key: InventoryKey::Service { namespace: namespace.clone(), name }, field })
        };
        match metric {
            "kube_configmap_info" => {
                let key = InventoryKey::ConfigMap { namespace, name: named("configmap")? };
                Some(Self { key, field: Field::Exists })
            }
            "kube_service_info" => service(named("service")?, Field::Exists),
            "kube_endpoint_info" => service(named("endpoint")?, Field::Exists),
            "kube_endpoint_address" => {
                service(named("endpoint")?, Self::readiness(labels.get("ready")?))
            }
            "kube_endpoint_address_available" => service(named("endpoint")?, Field::Ready),
            "kube_endpoint_address_not_ready" => service(named("endpoint")?, Field::NotReady),
            "kube_endpointslice_endpoints" => {
                // The slice is called after its Service with a random suffix.
                let slice = named("endpointslice")?;
                let name = slice.rsplit_once('-')?.0.to_owned();
                service(name, Self::readiness(labels.get("ready")?))
            }
            "kube_resourcequota" => {
                let key = InventoryKey::Quota {
                    namespace,
                    name: named("resourcequota")?,
                    resource: named("resource")?,
                };
                let field = match labels.get("type")? {
                    "used" => Field::Used,
                    "hard" => Field::Hard,
                    _ => return None,
                };
                Some(Self { key, field })
            }
            "kube_poddisruptionbudget_status_pod_disruptions_allowed" => budget(Field::Allowed),
            "kube_poddisruptionbudget_status_current_healthy" => budget(Field::Healthy),
            "kube_poddisruptionbudget_status_desired_healthy" => budget(Field::Desired),
            "kube_poddisruptionbudget_status_expected_pods" => budget(Field::Expected),
            "kube_persistentvolumeclaim_status_phase" => {
                let key = InventoryKey::Claim { namespace, name: named("persistentvolumeclaim")? };
                let bound = labels.get("phase")? == "Bound";
                Some(Self { key, field: if bound { Field::Bound } else { Field::Exists } })
            }
            _ => None,
        }
    }

    fn readiness(ready: &str) -> Field {
        if ready.eq_ignore_ascii_case("true") { Field::Ready } else { Field::NotReady }
    }
}

/// The changes that a run of scrapes shows. `observations` are in order of time.
pub(crate) fn changes(
    parts: &[InventoryPart],
    observations: &[Observation],
) -> Vec<InventoryChange> {
    let mut watcher = Watcher::default();
    let mut out = Vec::new();
    for scrape in observations.chunk_by(|a, b| a.at == b.at) {
        let at = scrape[0].at;
        let values = scrape.iter().map(|one| (&parts[one.part as usize], one.value));
        let found = watcher.scrape(values);
        out.extend(found.into_iter().map(|(change, object)| InventoryChange {
            at,
            change,
            object,
        }));
    }
    out
}

// === impl Watcher ===

impl Watcher {
    /// Takes in one scrape: each series' part and value.
    pub(crate) fn scrape<'a>(
        &mut self,
        values: impl Iterator<Item = (&'a InventoryPart, f64)>,
    ) -> Vec<(ChangeKind, Object)> {
        let mut fields: BTreeMap<&InventoryKey, BTreeMap<Field, f64>> = BTreeMap::new();
        for (part, value) in values {
            *fields.entry(&part.key).or_default().entry(part.field).or_default() += value;
        }
        let mut out = Vec::new();
        for (key, known) in &mut self.known {
            known.missed = if fields.contains_key(key) { 0 } else { known.missed + 1 };
        }
        for (key, values) in fields {
            let object = object(key, &values);
            let change = match self.known.get(key) {
                Some(known) if known.object == object => continue,
                Some(_) => ChangeKind::Modified,
                None if self.begun => ChangeKind::Added,
                None => ChangeKind::Listed,
            };
            self.known.insert(key.clone(), Known { object: object.clone(), missed: 0 });
            out.push((change, object));
        }
        self.begun = true;
        self.known.retain(|_, known| {
            let stays = known.missed <= MISSED_SCRAPES;
            if !stays {
                out.push((ChangeKind::Deleted, known.object.clone()));
            }
            stays
        });
        out
    }
}

fn object(key: &InventoryKey, values: &BTreeMap<Field, f64>) -> Object {
    let value = |field| values.get(&field).copied();
    let count = |field| value(field).map(|value| value.max(0.0) as u32);
    match key.clone() {
        InventoryKey::ConfigMap { namespace, name } => {
            Object::ConfigMap(ConfigMapObject { namespace, name })
        }
        InventoryKey::Service { namespace, name } => Object::Service(ServiceObject {
            namespace,
            name,
            ready: count(Field::Ready).unwrap_or(0),
            not_ready: count(Field::NotReady).unwrap_or(0),
        }),
        InventoryKey::Quota { namespace, name, resource } => Object::Quota(QuotaObject {
            namespace,
            name,
            resource,
            used: value(Field::Used),
            hard: value(Field::Hard),
        }),
        InventoryKey::Budget { namespace, name } => {
            Object::DisruptionBudget(DisruptionBudgetObject {
                namespace,
                name,
                allowed: count(Field::Allowed),
                healthy: count(Field::Healthy),
                desired: count(Field::Desired),
                expected: count(Field::Expected),
            })
        }
        InventoryKey::Claim { namespace, name } => Object::Claim(ClaimObject {
            namespace,
            name,
            bound: value(Field::Bound).is_some_and(|value| value > 0.0),
        }),
    }
}
