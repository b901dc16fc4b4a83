//! What is known of one collection: enough to tell what changed, and what vanished unseen.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};
use std::io;

use foresail_core::{ChangeKind, Object, ObjectChange, Timestamp};

use super::convert::{Facet, Item};
use super::gone::{FacetKey, Subject};
use super::observation::{
    MetadataChange, NodeAddress, ObjectKey, Observation, ScrapeTarget, ServiceChange,
};

/// How an object came to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// In a list.
    Listed,
    /// In a watch: it is there, new or changed.
    Watched,
    /// In a watch: it is gone.
    Gone,
}

/// What is known of one collection.
#[derive(Debug, Default)]
pub(super) struct Book {
    resource: &'static str,
    entries: BTreeMap<Name, Entry>,
    /// Number of the latest list.
    round: u32,
    /// Whether a list was whole.
    is_complete: bool,
}

/// Namespace and name.
type Name = (Box<str>, Box<str>);

/// One object: about 200 bytes with its key.
#[derive(Debug, Default)]
struct Entry {
    uid: Option<Box<str>>,
    round: u32,
    /// Whether it was there when the watch started.
    is_first: bool,
    /// What was told of it, each with a hash of what was said; none where only a restart knows.
    told: Vec<(FacetKey, Option<u64>)>,
}

// === impl Book ===

impl Book {
    pub(super) fn new(resource: &'static str) -> Self {
        Self { resource, ..Self::default() }
    }

    /// Takes over what was known before a restart.
    pub(super) fn remember(&mut self, key: ObjectKey) {
        let facet = match key.part {
            Some(part) => FacetKey::Quota(part.into()),
            None => FacetKey::Object(key.kind),
        };
        let entry = self.entries.entry((key.namespace.into(), key.name.into())).or_default();
        entry.uid = key.uid.map(Into::into);
        entry.told.push((facet, None));
    }

    /// Namespace and name of every object.
    pub(super) fn names(&self) -> impl Iterator<Item = (String, String)> {
        self.entries.keys().map(|(namespace, name)| (namespace.to_string(), name.to_string()))
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// A list begins.
    pub(super) fn begin(&mut self) {
        self.round += 1;
    }

    /// The list is whole: what it did not have is gone.
    pub(super) fn complete(&mut self, at: Timestamp, out: &mut Vec<Observation>) {
        let (round, resource) = (self.round, self.resource);
        self.is_complete = true;
        self.entries.retain(|(namespace, name), entry| {
            let stays = entry.round == round;
            if !stays {
                let uid = entry.uid.as_deref();
                let subject = Subject { namespace, name, uid };
                for (key, _) in &entry.told {
                    out.push(subject.gone(key, (resource, at)));
                }
            }
            stays
        });
    }

    /// Takes in an object; tells what is new, changed or gone.
    pub(super) fn take(
        &mut self,
        item: Item,
        (arrival, at): (Arrival, Timestamp),
        out: &mut Vec<Observation>,
    ) {
        let name: Name = (item.namespace.as_str().into(), item.name.as_str().into());
        let uid = Some(item.uid.as_str()).filter(|uid| !uid.is_empty());
        let subject = Subject { namespace: &item.namespace, name: &item.name, uid };
        let of = (self.resource, at);
        let other = self.entries.get(&name).is_some_and(
            |known| matches!((known.uid.as_deref(), uid), (Some(known), Some(uid)) if known != uid),
        );
        if arrival == Arrival::Gone {
            // The end of an earlier object of that name leaves the present one alone.
            let known = if other { None } else { self.entries.remove(&name) };
            let rest = known.map(|entry| entry.told).unwrap_or_default();
            let keys: Vec<FacetKey> = item.facets.iter().filter_map(FacetKey::of).collect();
            for (key, _) in rest.iter().filter(|(key, _)| !keys.contains(key)) {
                out.push(subject.gone(key, of));
            }
            let facets = item.facets.into_iter();
            out.extend(facets.filter_map(|facet| tell(facet, ChangeKind::Deleted, (&subject, of))));
            return;
        }
        if other && let Some(before) = self.entries.remove(&name) {
            let subject = Subject { uid: before.uid.as_deref(), ..subject };
            out.extend(before.told.iter().map(|(key, _)| subject.gone(key, of)));
        }
        let first = arrival == Arrival::Listed && !self.is_complete;
        let entry = self.entries.entry(name).or_default();
        entry.round = self.round;
        entry.is_first = first;
        entry.uid = uid.map(Into::into);
        let keys: Vec<FacetKey> = item.facets.iter().filter_map(FacetKey::of).collect();
        entry.told.retain(|(key, _)| {
            let stays = matches!(key, FacetKey::Object(_)) || keys.contains(key);
            if !stays {
                out.push(subject.gone(key, of));
            }
            stays
        });
        for facet in item.facets {
            let change = entry.change(&facet);
            out.extend(change.and_then(|change| tell(facet, change, (&subject, of))));
        }
    }

    /// Tells one more thing of an object that is known: a Service's endpoints come from elsewhere.
    pub(super) fn add(
        &mut self,
        (namespace, name): (&str, &str),
        facet: Facet,
        at: Timestamp,
    ) -> Option<Observation> {
        let entry = self.entries.get_mut(&(namespace.into(), name.into()))?;
        let change = entry.change(&facet)?;
        let subject = Subject { namespace, name, uid: None };
        tell(facet, change, (&subject, (self.resource, at)))
    }
}

// === impl Entry ===

impl Entry {
    /// What kind of change it is; nothing where it says what was told before.
    fn change(&mut self, facet: &Facet) -> Option<ChangeKind> {
        let key = FacetKey::of(facet)?;
        let hash = Some(facet.hash());
        match self.told.iter_mut().find(|(known, _)| *known == key) {
            Some((_, told)) if *told == hash => None,
            Some((_, told)) => {
                let known_here = told.is_some();
                *told = hash;
                Some(if known_here { ChangeKind::Modified } else { ChangeKind::Listed })
            }
            None => {
                self.told.push((key, hash));
                Some(if self.is_first { ChangeKind::Listed } else { ChangeKind::Added })
            }
        }
    }
}

// === impl FacetKey ===

impl FacetKey {
    fn of(facet: &Facet) -> Option<Self> {
        Some(match facet {
            Facet::Object(Object::Quota(quota)) => Self::Quota(quota.resource.as_str().into()),
            Facet::Object(object) => Self::Object(ObjectKey::of(object).kind),
            Facet::Scrape(_) => Self::Scrape,
            Facet::Node(_) => Self::Node,
            Facet::Service(..) => Self::Service,
            Facet::Metadata(_) => Self::Metadata,
            // They are kept elsewhere.
            Facet::Slice(_) | Facet::Event(_) => return None,
        })
    }
}

/// Hashes what is written to it; its keys are fixed, so it is the same in every run.
#[derive(Default)]
struct Hashing(DefaultHasher);

// === impl Hashing ===

impl io::Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

// === impl Facet ===

impl Facet {
    /// A hash of all that it says.
    fn hash(&self) -> u64 {
        let text = match self {
            Self::Object(object) => return hash_of(object),
            Self::Scrape(target) => format!("{target:?}"),
            Self::Node(address) => format!("{address:?}"),
            Self::Service(service, _) => format!("{service:?}"),
            Self::Slice(slice) => format!("{slice:?}"),
            Self::Event(event) => return hash_of(event),
            Self::Metadata(deletion) => format!("{deletion:?}"),
        };
        hash_of(&text)
    }
}

pub(super) fn hash_of(value: &impl serde::Serialize) -> u64 {
    let mut hashing = Hashing::default();
    // Writing cannot fail, and these values have no keys but texts.
    let _ = serde_json::to_writer(&mut hashing, value);
    hashing.0.finish()
}

fn tell(
    facet: Facet,
    change: ChangeKind,
    (subject, (resource, at)): (&Subject<'_>, (&'static str, Timestamp)),
) -> Option<Observation> {
    Some(match facet {
        Facet::Object(object) => {
            Observation::Object(ObjectChange { observed_at: at, change, object })
        }
        Facet::Scrape(target) => Observation::Scrape(ScrapeTarget { change, ..*target }),
        Facet::Node(address) => Observation::Node(NodeAddress { change, ..address }),
        Facet::Service(service, _) => Observation::Service(ServiceChange { change, ..*service }),
        Facet::Metadata(deletion_requested_at) => Observation::Metadata(MetadataChange {
            observed_at: at,
            change,
            resource,
            namespace: subject.namespace.to_owned(),
            name: subject.name.to_owned(),
            uid: subject.uid.unwrap_or_default().to_owned(),
            deletion_requested_at,
        }),
        Facet::Slice(_) | Facet::Event(_) => return None,
    })
}
