//! Resolution at the border: a series (family and labels) becomes entities and quantities.
//!
//! In: the name of a metric family and its labels. Out: for each quantity that the series gives a
//! [`Destination`], or the part of an inventory object. What comes in under several names is
//! decided later, by precedence (`recording/assemble.rs`).

mod labels;
mod rules;

use std::collections::BTreeMap;

use foresail_core::{Entity, Quantity, QuantityScope};
use rustc_hash::FxHashMap;

pub(crate) use labels::Labels;
pub(crate) use rules::{BOUNDS, HISTOGRAMS, Origin, RULES};

use crate::inventory::{self, InventoryPart};
use rules::{Guard, Rule};

/// Where a series' values go.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Destination {
    pub(crate) entity: Entity,
    pub(crate) quantity: Quantity,
    /// Position of the rule among those of the quantity; smaller is better.
    pub(crate) rank: u16,
    /// Order within the rule; smaller is better.
    pub(crate) order: u16,
    /// What the raw value is multiplied with.
    pub(crate) factor: f64,
    /// The family, for reports.
    pub(crate) metric: &'static str,
}

/// What a series is good for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Role {
    /// Nothing reads it.
    Unread,
    /// It gives samples.
    Samples(Vec<Destination>),
    /// It describes an object that has no file of its own.
    Inventory(InventoryPart),
}

/// The rules, by metric family.
#[derive(Debug)]
pub(crate) struct Resolver {
    families: FxHashMap<&'static str, Vec<Entry>>,
    sole_containers: BTreeMap<(String, String), String>,
}

#[derive(Clone, Copy, Debug)]
enum Entry {
    Rule { rule: &'static Rule, metric: &'static str, rank: u16 },
    Bucket { histogram: &'static rules::Histogram, rank: u16 },
    Inventory,
}

// === impl Resolver ===

impl Resolver {
    /// Makes the table. `sole_containers` names the container of each pod that has just one, for
    /// series that name only the pod.
    pub(crate) fn new(sole_containers: BTreeMap<(String, String), String>) -> Self {
        let mut families: FxHashMap<&'static str, Vec<Entry>> = FxHashMap::default();
        let mut ranks: BTreeMap<Quantity, u16> = BTreeMap::new();
        for rule in RULES {
            let rank = ranks.entry(rule.quantity).or_default();
            for metric in rule.metrics {
                let entry = Entry::Rule { rule, metric, rank: *rank };
                families.entry(metric).or_default().push(entry);
            }
            *rank += 1;
        }
        for (rank, histogram) in HISTOGRAMS.iter().enumerate() {
            let entry = Entry::Bucket { histogram, rank: rank as u16 };
            families.entry(histogram.metric).or_default().push(entry);
        }
        for metric in inventory::FAMILIES {
            families.entry(metric).or_default().push(Entry::Inventory);
        }
        Self { families, sole_containers }
    }

    /// Whether any rule reads the family.
    pub(crate) fn reads(&self, metric: &str) -> bool {
        self.families.contains_key(metric)
    }

    /// What a series is good for.
    pub(crate) fn role(&self, metric: &str, labels: &Labels) -> Role {
        let Some(entries) = self.families.get(metric) else { return Role::Unread };
        let mut destinations = Vec::new();
        for entry in entries {
            match entry {
                Entry::Inventory => {
                    if let Some(part) = InventoryPart::new(metric, labels) {
                        return Role::Inventory(part);
                    }
                }
                Entry::Rule { rule, metric, rank } => {
                    destinations.extend(
                        self.by_rule(rule, metric, labels)
                            .map(|destination| Destination { rank: *rank, ..destination }),
                    );
                }
                Entry::Bucket { histogram, rank } => {
                    destinations.extend(
                        self.by_bucket(histogram, labels)
                            .map(|destination| Destination { rank: *rank, ..destination }),
                    );
                }
            }
        }
        if destinations.is_empty() { Role::Unread } else { Role::Samples(destinations) }
    }

    fn by_rule(&self, rule: &Rule, metric: &'static str, labels: &Labels) -> Option<Destination> {
        if rule.origin == Origin::KubeletResource && labels.passes(Guard::HasId).is_some() {
            return None;
        }
        let order = labels.passes(rule.guard)?;
        let factor = rule.factor * labels.share(rule.share)?;
        let entity = self.entity(rule.quantity.scope(), labels)?;
        Some(Destination { entity, quantity: rule.quantity, rank: 0, order, factor, metric })
    }

    /// The bucket of a histogram, if its bound stands for one of ours: at most ours and more than
    /// half of it, so that no bound can stand for two of ours. The closest one wins by `order`.
    fn by_bucket(&self, histogram: &rules::Histogram, labels: &Labels) -> Option<Destination> {
        labels.passes(histogram.guard)?;
        let bound = labels.get("le")?.parse::<f64>().ok()? * histogram.unit;
        let (ours, quantity) = BOUNDS
            .iter()
            .find(|(ours, _)| bound <= ours * (1.0 + 1e-9) && bound > ours * 0.5 * (1.0 + 1e-9))?;
        let order = ((1.0 - (bound / ours).min(1.0)) * 1_000.0).round() as u16;
        let entity = self.entity(QuantityScope::Container, labels)?;
        Some(Destination {
            entity,
            quantity: *quantity,
            rank: 0,
            order,
            factor: 1.0,
            metric: histogram.metric,
        })
    }

    fn entity(&self, scope: QuantityScope, labels: &Labels) -> Option<Entity> {
        let named = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Some(match scope {
            QuantityScope::Container => {
                let (namespace, pod) = (named(&labels.namespace)?, named(&labels.pod)?);
                let container = match labels.container.as_str() {
                    // cAdvisor's sandbox and pod-level rows are not containers.
                    "POD" => return None,
                    "" if labels.get("id").is_some() => return None,
                    "" => self.sole_containers.get(&(namespace.clone(), pod.clone()))?.clone(),
                    name => name.to_owned(),
                };
                Entity::Container { namespace, pod, container }
            }
            QuantityScope::Pod => {
                Entity::Pod { namespace: named(&labels.namespace)?, pod: named(&labels.pod)? }
            }
            QuantityScope::Node => Entity::Node { node: labels.node()?.to_owned() },
            QuantityScope::Claim => Entity::Claim {
                namespace: named(&labels.namespace)?,
                claim: labels.get("persistentvolumeclaim")?.to_owned(),
            },
        })
    }
}

#[cfg(test)]
mod tests;
