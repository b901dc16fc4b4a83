//! The series that were seen: what each is good for, found out once.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hasher};
use std::sync::Arc;

use foresail_core::ServiceName;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::inventory::InventoryPart;
use crate::prometheus::history::columns::{says_who_stored, take_columns};
use crate::resolve::Labels;

/// Tells a series from all others: two hashes of everything but who stored it.
pub(super) type Identity = (u64, u64);

/// Who calls whom.
pub(super) type CallKey = (String, String, ServiceName);

/// Where a series' values go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Destination {
    pub(super) stream: u32,
    pub(super) target: u32,
    pub(super) rank: u16,
    pub(super) order: u16,
    pub(super) factor: f64,
    pub(super) from: i64,
    pub(super) until: i64,
}

/// What a series is good for.
#[derive(Debug)]
pub(super) enum Kind {
    /// Nothing reads it.
    Unread,
    /// It gives samples.
    Samples(Box<[Destination]>),
    /// It describes an object.
    Inventory(Arc<InventoryPart>),
}

/// One series.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) identity: Identity,
    /// Tells it from others that had its place before.
    pub(super) generation: u32,
    pub(super) family: &'static str,
    /// Time of its last point in milliseconds, and its value.
    pub(super) last: i64,
    pub(super) value: f64,
    /// Which of several copies counts.
    pub(super) copy: u32,
    pub(super) kind: Kind,
    /// The entity and the number of its run.
    pub(super) run: Option<(u32, u32)>,
    pub(super) call: Option<Arc<CallKey>>,
    /// Kept where its meaning may change with the pod.
    pub(super) labels: Option<Box<Labels>>,
}

/// All series, with free places.
#[derive(Debug, Default)]
pub(super) struct SeriesTable {
    all: Vec<Option<Series>>,
    free: Vec<u32>,
    by_identity: FxHashMap<Identity, u32>,
    per_family: FxHashMap<&'static str, usize>,
    generation: u32,
}

// === impl SeriesTable ===

impl SeriesTable {
    pub(super) fn find(&self, identity: &Identity) -> Option<u32> {
        self.by_identity.get(identity).copied()
    }

    pub(super) fn get(&self, index: u32) -> Option<&Series> {
        self.all.get(index as usize)?.as_ref()
    }

    /// The series of this generation at a place.
    pub(super) fn current(&mut self, (index, generation): (u32, u32)) -> Option<&mut Series> {
        self.get_mut(index).filter(|series| series.generation == generation)
    }

    pub(super) fn get_mut(&mut self, index: u32) -> Option<&mut Series> {
        self.all.get_mut(index as usize)?.as_mut()
    }

    pub(super) fn len(&self) -> usize {
        self.by_identity.len()
    }

    pub(super) fn of_family(&self, family: &str) -> usize {
        self.per_family.get(family).copied().unwrap_or_default()
    }

    /// How many series each family has, in order of name.
    pub(super) fn families(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts: BTreeMap<&'static str, usize> = self.per_family.clone().into_iter().collect();
        let held = counts.into_iter().filter(|(_, count)| *count > 0);
        held.map(|(family, count)| (family, count as u64))
    }

    pub(super) fn add(&mut self, mut series: Series) -> u32 {
        self.generation = self.generation.wrapping_add(1);
        series.generation = self.generation;
        *self.per_family.entry(series.family).or_default() += 1;
        let index = self.free.pop().unwrap_or(self.all.len() as u32);
        self.by_identity.insert(series.identity, index);
        if index as usize == self.all.len() {
            self.all.push(Some(series));
        } else {
            self.all[index as usize] = Some(series);
        }
        index
    }

    /// Keeps the series for which `stays` holds.
    pub(super) fn retain(&mut self, mut stays: impl FnMut(&Series) -> bool) {
        for (index, place) in self.all.iter_mut().enumerate() {
            if let Some(series) = place.take_if(|series| !stays(series)) {
                self.by_identity.remove(&series.identity);
                if let Some(count) = self.per_family.get_mut(series.family) {
                    *count -= 1;
                }
                self.free.push(index as u32);
            }
        }
    }
}

/// The identity of a series, and which copy of it this is.
pub(super) fn identity(family: &str, labels: &BTreeMap<String, String>) -> (Identity, u32) {
    let mut fast = FxBuildHasher.build_hasher();
    let mut strong = BuildHasherDefault::<DefaultHasher>::default().build_hasher();
    let mut copy = FxBuildHasher.build_hasher();
    for hasher in [&mut fast as &mut dyn Hasher, &mut strong] {
        hasher.write(family.as_bytes());
    }
    for (name, value) in labels.iter().filter(|(_, value)| !value.is_empty()) {
        if says_who_stored(name) {
            if name != "__name__" {
                copy.write(name.as_bytes());
                copy.write(value.as_bytes());
            }
            continue;
        }
        for hasher in [&mut fast as &mut dyn Hasher, &mut strong] {
            hasher.write(name.as_bytes());
            hasher.write_u8(0xff);
            hasher.write(value.as_bytes());
            hasher.write_u8(0xff);
        }
    }
    ((fast.finish(), strong.finish()), copy.finish() as u32)
}

/// The labels as the resolver takes them.
pub(super) fn resolver_labels(labels: &BTreeMap<String, String>) -> Labels {
    let mut rest = labels.clone();
    let columns = take_columns(&mut rest).map(Option::unwrap_or_default);
    Labels::from_parts(columns, rest)
}

/// A number for what was scraped.
pub(super) fn target_number(labels: &Labels) -> u32 {
    let (job, instance) = labels.target();
    let mut hasher = FxBuildHasher.build_hasher();
    hasher.write(job.as_bytes());
    hasher.write_u8(0xff);
    hasher.write(instance.as_bytes());
    (hasher.finish() >> 32) as u32
}
