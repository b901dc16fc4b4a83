//! Calls between services, from the client-side counters of a recording.
//!
//! In: series that count requests to others and whose labels name the other side. Out: a call
//! whenever such a counter grew, at most once per caller and callee in [`REPEAT_SCRAPES`].

use std::collections::BTreeMap;

use foresail_core::{PlatformDuration, Quantity, ServiceName};

use super::assemble::Span;
use super::samples::RawSeries;
use crate::resolve::{Role, peer};
use crate::stream::Moment;

/// Scrapes between two reports of the same call: often enough to tell that it goes on.
const REPEAT_SCRAPES: i64 = 6;

/// A call that a scrape showed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Call {
    /// Milliseconds since [`Span::base`].
    pub(crate) at: u32,
    pub(crate) namespace: String,
    pub(crate) pod: String,
    pub(crate) to: ServiceName,
}

/// Lets one report of a call through at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pause<T> {
    last: Option<T>,
    millis: i64,
}

// === impl Pause ===

impl<T: Moment> Pause<T> {
    pub(crate) const fn new(interval: PlatformDuration) -> Self {
        Self { last: None, millis: interval.as_millis() * REPEAT_SCRAPES }
    }

    /// Whether a call at `at` is reported; times come in order.
    pub(crate) fn admits(&mut self, at: T) -> bool {
        let admits = self.last.is_none_or(|last| at.since(last) >= self.millis);
        if admits {
            self.last = Some(at);
        }
        admits
    }

    /// Whether it lets anything through that comes at `at` or later.
    pub(crate) fn is_over(&self, at: T) -> bool {
        self.last.is_none_or(|last| at.since(last) >= self.millis)
    }
}

/// The calls that `series` show, by time.
pub(super) fn calls(series: &[RawSeries], span: &Span) -> Vec<Call> {
    let mut growth: BTreeMap<(&str, &str, ServiceName), Vec<u32>> = BTreeMap::new();
    for one in series.iter().filter(|one| counts_requests_to_others(&one.role)) {
        let labels = &one.labels;
        let Some(to) = peer(labels).filter(|_| !labels.pod.is_empty()) else { continue };
        let grew = one
            .values
            .windows(2)
            .zip(one.times.iter().skip(1))
            .filter(|(pair, _)| pair[1] > pair[0])
            .filter_map(|(_, at)| span.offset(*at));
        growth.entry((&labels.namespace, &labels.pod, to)).or_default().extend(grew);
    }
    let mut calls = Vec::new();
    for ((namespace, pod, to), mut times) in growth {
        times.sort_unstable();
        let mut pause = Pause::new(span.interval);
        for at in times {
            if pause.admits(at) {
                let (namespace, pod) = (namespace.to_owned(), pod.to_owned());
                calls.push(Call { at, namespace, pod, to: to.clone() });
            }
        }
    }
    calls.sort();
    calls
}

pub(crate) fn counts_requests_to_others(role: &Role) -> bool {
    match role {
        Role::Samples(destinations) => destinations
            .iter()
            .any(|destination| destination.source.quantity == Quantity::UpstreamRequests),
        Role::Unread | Role::Inventory(_) => false,
    }
}
