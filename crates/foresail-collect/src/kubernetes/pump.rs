//! Puts what the watches read in order: one task that knows all, so nothing is told out of turn.
//!
//! ```text
//!  watch a ──┐
//!  watch b ──┼──> Pump: book a, book b, endpoints, events ──> Observation ──> channel of the caller
//!  watch c ──┘                      └──> pods that run ──> log tails
//! ```

use std::collections::BTreeMap;

use foresail_core::{ChangeKind, KubernetesEvent, Object, Timestamp};
use tokio::sync::mpsc;

use super::book::{Arrival, Book, hash_of};
use super::convert::{Endpoints, Facet, Item, Slice, counted};
use super::logs::Tails;
use super::observation::{ObjectKey, Observation};
use super::resources::{Resource, SERVICES, SLICES, Scope};
use super::status::Board;

/// What a watch read.
#[derive(Debug)]
pub(super) struct News {
    /// Number of the watch.
    pub(super) stream: usize,
    pub(super) at: Timestamp,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    /// A list begins.
    Begin,
    /// An object was read.
    Item(Arrival, Box<Item>),
    /// The list is whole.
    Complete,
}

/// A watch as the pump knows it.
pub(super) struct Stream {
    pub(super) resource: &'static Resource,
    pub(super) namespace: Option<String>,
}

pub(super) struct Pump {
    streams: Vec<Stream>,
    books: Vec<Book>,
    /// Of each watch; empty for other kinds.
    events: Vec<Events>,
    /// Number of the latest list of each watch.
    rounds: Vec<u32>,
    slices: Slices,
    board: Board,
    tails: Option<Tails>,
    out: mpsc::Sender<Observation>,
}

/// Events told so far: hash of the name to hash of the version, and the number of the list.
#[derive(Debug, Default)]
struct Events {
    told: BTreeMap<u64, (u64, u32)>,
    /// Whether a list was whole.
    is_complete: bool,
}

/// Slices by namespace and Service, and where all of them are known.
#[derive(Debug, Default)]
struct Slices {
    by_service: BTreeMap<(String, String), BTreeMap<String, (Slice, u32)>>,
    /// Namespace and slice to its Service: a deletion may name no Service.
    owners: BTreeMap<(String, String), String>,
    complete: Vec<Option<String>>,
    /// Services whose endpoints are elsewhere.
    elsewhere: std::collections::BTreeSet<(String, String)>,
}

// === impl Pump ===

impl Pump {
    pub(super) fn new(
        streams: Vec<Stream>,
        (board, tails): (Board, Option<Tails>),
        out: mpsc::Sender<Observation>,
    ) -> Self {
        let books = streams.iter().map(|stream| Book::new(stream.resource.name)).collect();
        let events = streams.iter().map(|_| Events::default()).collect();
        let rounds = vec![0; streams.len()];
        Self { streams, books, events, rounds, slices: Slices::default(), board, tails, out }
    }

    /// Takes over what was known before a restart; gives back what no watch looks at any more.
    pub(super) fn remember(&mut self, known: Vec<ObjectKey>) -> Vec<ObjectKey> {
        let mut unwatched = Vec::new();
        for key in known {
            let place = self.streams.iter().position(|stream| {
                let in_scope = match (&stream.namespace, stream.resource.scope) {
                    (Some(namespace), Scope::Namespaced) => *namespace == key.namespace,
                    (None, _) | (Some(_), Scope::Cluster) => true,
                };
                stream.resource.kind == Some(key.kind) && in_scope
            });
            match place.and_then(|at| self.books.get_mut(at)) {
                Some(book) => book.remember(key),
                None => unwatched.push(key),
            }
        }
        unwatched
    }

    /// Runs until the watches end or nobody listens any more.
    pub(super) async fn run(mut self, mut news: mpsc::Receiver<News>) {
        let mut out = Vec::new();
        while let Some(one) = news.recv().await {
            let (stream, completes) = (one.stream, matches!(one.what, What::Complete));
            self.take(one, &mut out);
            for observation in out.drain(..) {
                if let Some(tails) = &mut self.tails {
                    tails.observe(&observation);
                }
                if self.out.send(observation).await.is_err() {
                    return;
                }
            }
            let objects = self.len(stream) as u64;
            self.board.update(stream, |row| {
                row.objects = objects;
                // Only now has the caller everything.
                row.synced |= completes;
            });
        }
    }

    fn len(&self, stream: usize) -> usize {
        match self.name(stream) {
            "events" => self.events.get(stream).map_or(0, |events| events.told.len()),
            SLICES => self.slices.owners.len(),
            _ => self.books.get(stream).map_or(0, Book::len),
        }
    }

    fn name(&self, stream: usize) -> &'static str {
        self.streams.get(stream).map_or("", |stream| stream.resource.name)
    }

    fn take(&mut self, news: News, out: &mut Vec<Observation>) {
        let News { stream, at, what } = news;
        let (Some(round), Some(book), Some(events)) =
            (self.rounds.get_mut(stream), self.books.get_mut(stream), self.events.get_mut(stream))
        else {
            return;
        };
        if matches!(what, What::Begin) {
            *round += 1;
            book.begin();
        }
        let round = *round;
        match (self.streams.get(stream).map_or("", |stream| stream.resource.name), what) {
            (_, What::Begin) => {}
            ("events", What::Item(arrival, item)) => {
                let event = events.take(*item, (arrival, at), round);
                out.extend(event.map(Observation::Event));
            }
            ("events", What::Complete) => {
                events.is_complete = true;
                events.told.retain(|_, (_, seen)| *seen == round);
            }
            (SLICES, What::Item(arrival, item)) => {
                let namespace = item.namespace.clone();
                for service in self.slices.take(*item, arrival, round) {
                    self.count((&namespace, &service), at, out);
                }
            }
            (SLICES, What::Complete) => self.slices_complete(stream, at, out),
            (_, What::Complete) => book.complete(at, out),
            (name, What::Item(arrival, item)) => {
                let service =
                    (name == SERVICES).then(|| (item.namespace.clone(), item.name.clone()));
                if let Some(service) = &service {
                    let elsewhere = item
                        .facets
                        .iter()
                        .any(|facet| matches!(facet, Facet::Service(_, Endpoints::Elsewhere)));
                    self.slices.mark(service, elsewhere && arrival != Arrival::Gone);
                }
                book.take(*item, (arrival, at), out);
                if let Some((namespace, name)) = service {
                    self.count((&namespace, &name), at, out);
                }
            }
        }
    }

    /// Tells a Service with the number of its endpoints, once both are known.
    fn count(
        &mut self,
        (namespace, name): (&str, &str),
        at: Timestamp,
        out: &mut Vec<Observation>,
    ) {
        if !self.slices.are_known(namespace, name) {
            return;
        }
        let key = (namespace.to_owned(), name.to_owned());
        let slices = self.slices.by_service.get(&key);
        let slices = slices.into_iter().flat_map(BTreeMap::values).map(|(slice, _)| slice);
        let facet = Facet::Object(Object::Service(counted((namespace, name), slices)));
        let book = self.streams.iter().zip(&mut self.books).find(|(stream, _)| {
            stream.resource.name == SERVICES
                && stream.namespace.as_deref().is_none_or(|known| known == namespace)
        });
        if let Some((_, book)) = book {
            out.extend(book.add((namespace, name), facet, at));
        }
    }

    fn slices_complete(&mut self, stream: usize, at: Timestamp, out: &mut Vec<Observation>) {
        let scope = self.streams.get(stream).and_then(|stream| stream.namespace.clone());
        let round = self.rounds.get(stream).copied().unwrap_or_default();
        let mut services = self.slices.complete(scope.clone(), round);
        for (other, book) in self.streams.iter().zip(&self.books) {
            if other.resource.name == SERVICES && other.namespace == scope {
                services.extend(book.names());
            }
        }
        services.sort();
        services.dedup();
        for (namespace, name) in services {
            self.count((&namespace, &name), at, out);
        }
    }
}

// === impl Events ===

impl Events {
    /// An Event that was not told in this version; the end of one is none.
    fn take(
        &mut self,
        item: Item,
        (arrival, at): (Arrival, Timestamp),
        round: u32,
    ) -> Option<KubernetesEvent> {
        let key = hash_of(&(&item.namespace, &item.name));
        if arrival == Arrival::Gone {
            self.told.remove(&key);
            return None;
        }
        let version = hash_of(&item.version);
        let before = self.told.insert(key, (version, round));
        let change = match (before, arrival) {
            (Some((known, _)), _) if known == version => return None,
            (Some(_), _) => ChangeKind::Modified,
            (None, Arrival::Listed) if !self.is_complete => ChangeKind::Listed,
            (None, Arrival::Listed | Arrival::Watched | Arrival::Gone) => ChangeKind::Added,
        };
        item.facets.into_iter().find_map(|facet| match facet {
            Facet::Event(event) => Some(KubernetesEvent { observed_at: at, change, ..*event }),
            Facet::Object(_)
            | Facet::Scrape(_)
            | Facet::Node(_)
            | Facet::Service(..)
            | Facet::Slice(_)
            | Facet::Metadata(_) => None,
        })
    }
}

// === impl Slices ===

impl Slices {
    fn mark(&mut self, service: &(String, String), elsewhere: bool) {
        if elsewhere {
            self.elsewhere.insert(service.clone());
        } else {
            self.elsewhere.remove(service);
        }
    }

    fn are_known(&self, namespace: &str, name: &str) -> bool {
        let known = |scope: &Option<String>| scope.as_deref().is_none_or(|own| own == namespace);
        self.complete.iter().any(known)
            && !self.elsewhere.contains(&(namespace.to_owned(), name.to_owned()))
    }

    /// Takes in a slice; gives the Services whose endpoints changed.
    fn take(&mut self, item: Item, arrival: Arrival, round: u32) -> Vec<String> {
        let Item { namespace, name, facets, .. } = item;
        let slice = facets.into_iter().find_map(|facet| match facet {
            Facet::Slice(slice) => Some(slice),
            Facet::Object(_)
            | Facet::Scrape(_)
            | Facet::Node(_)
            | Facet::Service(..)
            | Facet::Event(_)
            | Facet::Metadata(_) => None,
        });
        let mut changed: Vec<String> = self.forget(&namespace, &name).into_iter().collect();
        if let Some(slice) = slice.filter(|_| arrival != Arrival::Gone) {
            let service = slice.service.clone();
            self.owners.insert((namespace.clone(), name.clone()), service.clone());
            let of_service = self.by_service.entry((namespace, service.clone())).or_default();
            of_service.insert(name, (slice, round));
            changed.push(service);
        }
        changed.dedup();
        changed
    }

    /// Drops a slice; gives its Service.
    fn forget(&mut self, namespace: &str, name: &str) -> Option<String> {
        let service = self.owners.remove(&(namespace.to_owned(), name.to_owned()))?;
        let key = (namespace.to_owned(), service);
        if let Some(slices) = self.by_service.get_mut(&key) {
            slices.remove(name);
            if slices.is_empty() {
                self.by_service.remove(&key);
            }
        }
        Some(key.1)
    }

    /// The list of a scope is whole; gives the Services that lost slices.
    fn complete(&mut self, scope: Option<String>, round: u32) -> Vec<(String, String)> {
        let in_scope = |namespace: &str| scope.as_deref().is_none_or(|own| own == namespace);
        let gone: Vec<(String, String)> = self
            .by_service
            .iter()
            .filter(|((namespace, _), _)| in_scope(namespace))
            .flat_map(|((namespace, _), slices)| {
                let old = slices.iter().filter(|(_, (_, seen))| *seen != round);
                old.map(|(name, _)| (namespace.clone(), name.clone()))
            })
            .collect();
        let mut changed = Vec::new();
        for (namespace, name) in gone {
            let service = self.forget(&namespace, &name);
            changed.extend(service.map(|service| (namespace, service)));
        }
        if !self.complete.contains(&scope) {
            self.complete.push(scope);
        }
        changed
    }
}
