//! Resolution at the border: a series (family and labels) becomes entities and quantities.
//!
//! In: the name of a metric family and its labels. Out: for each quantity that the series gives a
//! [`Destination`], or the part of an inventory object. What comes in under several names is
//! decided later, by precedence (`recording/assemble.rs`).

mod labels;
mod peer;
mod rules;

use std::collections::BTreeMap;
use std::ops::Range;

use foresail_core::{Entity, Quantity, QuantityScope};
use rustc_hash::FxHashMap;

pub(crate) use labels::Labels;
pub(crate) use peer::peer;
pub(crate) use rules::{BOUNDS, HISTOGRAMS, Origin, RULES, Rule};

use crate::inventory::{self, InventoryPart};
use rules::Guard;

/// What a series tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Source {
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

/// Where a series' values go.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Destination {
    pub(crate) source: Source,
    pub(crate) entity: Entity,
    /// From when on the series is known to mean this entity, and until when, in milliseconds.
    pub(crate) valid: Range<i64>,
}

/// What the container of a pod was that has just one; `None` where there were several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sole {
    /// Milliseconds since the epoch at which it was observed.
    pub(crate) since: i64,
    pub(crate) container: Option<String>,
}

/// By namespace and name of the pod, in order of time: a name can be used again.
pub(crate) type SoleContainers = BTreeMap<(String, String), Vec<Sole>>;

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
    sole_containers: SoleContainers,
}

#[derive(Clone, Copy, Debug)]
enum Entry {
    Rule { rule: &'static Rule, metric: &'static str, rank: u16 },
    Bucket { histogram: &'static rules::Histogram, rank: u16 },
    Inventory,
}

// === impl Resolver ===

impl Resolver {
    /// Makes the table. `sole_containers` tells what series mean that name only the pod.
    pub(crate) fn new(sole_containers: SoleContainers) -> Self {
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

    /// The name of a family that some rule reads.
    pub(crate) fn family(&self, metric: &str) -> Option<&'static str> {
        self.families.get_key_value(metric).map(|(name, _)| *name)
    }

    /// What is known of the containers of pods that have just one.
    pub(crate) const fn sole_containers_mut(&mut self) -> &mut SoleContainers {
        &mut self.sole_containers
    }

    /// Whether what the series means depends on which container its pod has.
    pub(crate) fn asks_for_sole_container(&self, metric: &str, labels: &Labels) -> bool {
        let of_container = |entry: &Entry| match entry {
            Entry::Rule { rule, .. } => rule.quantity.scope() == QuantityScope::Container,
            Entry::Bucket { .. } => true,
            Entry::Inventory => false,
        };
        let concerned = self.families.get(metric).is_some_and(|all| all.iter().any(of_container));
        let named = !labels.pod.is_empty() && labels.container.is_empty();
        concerned && named && labels.get("id").is_none()
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
                    if let Some(source) = Self::by_rule(rule, metric, labels) {
                        destinations.extend(self.placed(Source { rank: *rank, ..source }, labels));
                    }
                }
                Entry::Bucket { histogram, rank } => {
                    if let Some(source) = Self::by_bucket(histogram, labels) {
                        destinations.extend(self.placed(Source { rank: *rank, ..source }, labels));
                    }
                }
            }
        }
        if destinations.is_empty() { Role::Unread } else { Role::Samples(destinations) }
    }

    fn by_rule(rule: &Rule, metric: &'static str, labels: &Labels) -> Option<Source> {
        if rule.origin == Origin::KubeletResource && labels.passes(Guard::HasId).is_some() {
            return None;
        }
        let order = labels.passes(rule.guard)?;
        let factor = rule.factor * labels.share(rule.share)?;
        Some(Source { quantity: rule.quantity, rank: 0, order, factor, metric })
    }

    /// The bucket of a histogram, if its bound stands for one of ours: at most ours and more than
    /// half of it, so that no bound can stand for two of ours. The closest one wins by `order`.
    fn by_bucket(histogram: &rules::Histogram, labels: &Labels) -> Option<Source> {
        labels.passes(histogram.guard)?;
        let bound = labels.get("le")?.parse::<f64>().ok()? * histogram.unit;
        let (ours, quantity) = BOUNDS
            .iter()
            .find(|(ours, _)| bound <= ours * (1.0 + 1e-9) && bound > ours * 0.5 * (1.0 + 1e-9))?;
        let order = ((1.0 - (bound / ours).min(1.0)) * 1_000.0).round() as u16;
        let metric = histogram.metric;
        Some(Source { quantity: *quantity, rank: 0, order, factor: 1.0, metric })
    }

    /// The source with each entity that it tells about and the time for which it does.
    fn placed(&self, source: Source, labels: &Labels) -> Vec<Destination> {
        let sole = self.sole_of(labels).filter(|_| labels.container.is_empty());
        let Some(sole) = sole.filter(|_| source.quantity.scope() == QuantityScope::Container)
        else {
            let entity = entity(source.quantity.scope(), labels, &labels.container);
            return entity
                .map(|entity| Destination { source, entity, valid: i64::MIN..i64::MAX })
                .into_iter()
                .collect();
        };
        let until = sole.iter().skip(1).map(|next| next.since).chain([i64::MAX]);
        sole.iter()
            .zip(until)
            .filter_map(|(sole, until)| {
                let container = sole.container.as_deref()?;
                let entity = entity(QuantityScope::Container, labels, container)?;
                Some(Destination { source, entity, valid: sole.since..until })
            })
            .collect()
    }

    fn sole_of(&self, labels: &Labels) -> Option<&[Sole]> {
        // cAdvisor's rows without a container are sandboxes and pods.
        if labels.get("id").is_some() {
            return None;
        }
        let key = (labels.namespace.clone(), labels.pod.clone());
        self.sole_containers.get(&key).map(Vec::as_slice)
    }
}

fn entity(scope: QuantityScope, labels: &Labels, container: &str) -> Option<Entity> {
    let named = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Some(match scope {
        QuantityScope::Container => Entity::Container {
            namespace: named(&labels.namespace)?,
            pod: named(&labels.pod)?,
            container: named(container).filter(|name| name != "POD")?,
        },
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

#[cfg(test)]
mod tests;
