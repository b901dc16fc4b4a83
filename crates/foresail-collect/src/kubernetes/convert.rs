//! Objects of the API become what the reader tells of them: only that is kept.
//!
//! The same rules as for the lines of a recording (`objects`), so that a live and a recorded cluster
//! lead to the same state.

mod cluster;
mod event;
mod meta;
mod pod;
mod workload;

use foresail_core::{KubernetesEvent, Object, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::observation::{NodeAddress, ScrapeTarget, ServiceChange};

pub(super) use cluster::{
    budget, claim, config_map, counted, metadata, node, quota, service, slice,
};
pub(super) use event::event;
pub(super) use pod::pod;
pub(super) use workload::workload;

/// Longest text for people that is kept. A kubelet's own are at most this long.
const TEXT_BYTES: usize = 4096;

/// How the bytes hold the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// They are it: an item of a list.
    Bare,
    /// Under `object`: a line of a watch.
    Wrapped,
}

/// One object of the API.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) version: String,
    /// What is told of it; several things of some kinds.
    pub(super) facets: Vec<Facet>,
}

/// One thing that is told of an object. The kind of change in it is set when it is told.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Facet {
    Object(Object),
    Scrape(Box<ScrapeTarget>),
    Node(NodeAddress),
    /// A Service; whether its endpoints are counted.
    Service(Box<ServiceChange>, Endpoints),
    Slice(Slice),
    Event(Box<KubernetesEvent>),
    /// Metadata only; when deletion was asked for.
    Metadata(Option<Timestamp>),
}

/// Whether a Service has endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoints {
    Counted,
    /// It stands for a name elsewhere.
    Elsewhere,
}

/// One slice of a Service's endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    pub(super) service: String,
    /// `IPv4`, `IPv6` or `FQDN`: the same pods once more.
    pub(super) family: String,
    pub(super) ready: u32,
    pub(super) not_ready: u32,
}

#[derive(Deserialize)]
struct Wrapped<T> {
    object: T,
}

/// Reads an object; bytes that are no UTF-8 become the replacement character.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8], form: Form) -> Result<T, String> {
    let text = String::from_utf8_lossy(bytes);
    let read = match form {
        Form::Bare => serde_json::from_str(&text),
        Form::Wrapped => serde_json::from_str(&text).map(|wrapped: Wrapped<T>| wrapped.object),
    };
    read.map_err(|error| error.to_string())
}

/// Cuts a text for people to what is kept.
fn cut(text: String) -> String {
    if text.len() <= TEXT_BYTES {
        return text;
    }
    let mut end = TEXT_BYTES;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
