//! Who calls whom: edges from workload to workload, as callers' request metrics show them.
//!
//! ```text
//!  CallEdge { pod, to: ServiceName } ── unit of the pod ──> caller ── service name ──> last seen
//!                                                              read: name ──> callee workload
//! ```
//!
//! An edge that is not seen for 30 minutes of fault time is no longer there. Names are resolved when
//! they are read, so a callee may appear after the call.

use std::collections::BTreeMap;

use foresail_core::{
    CallEdge, FaultDuration, PlatformDuration, ServiceName, TimeScale, Timestamp, WorkloadId,
    WorkloadKind,
};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::Graph;

/// Callees kept per workload; of more, those seen longest ago are forgotten.
const MOST_CALLEES: usize = 64;

/// The edges, by caller.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Calls {
    by_caller: BTreeMap<WorkloadId, BTreeMap<ServiceName, Timestamp>>,
    swept_at: Timestamp,
}

/// The edges as of one time: every caller with the workloads that it calls, both in order.
#[derive(Clone, Debug, Default)]
pub struct CallView<'a>(Vec<(&'a WorkloadId, Vec<&'a WorkloadId>)>);

/// Workloads by what a service name can mean.
struct Names<'a> {
    /// By namespace and name, of several kinds the one that Services usually stand before.
    exact: FxHashMap<(&'a str, &'a str), &'a WorkloadId>,
    /// By name alone; `None` where several have it.
    bare: FxHashMap<&'a str, Option<&'a WorkloadId>>,
}

/// How long an edge stays after it was last seen.
#[must_use]
pub fn call_memory(scale: TimeScale) -> PlatformDuration {
    scale.to_platform(FaultDuration::from_minutes(30.0))
}

// === impl Calls ===

impl Calls {
    fn see(&mut self, caller: WorkloadId, call: &CallEdge, memory: PlatformDuration) {
        if self.swept_at + memory <= call.at {
            self.by_caller.retain(|_, callees| {
                callees.retain(|_, seen| *seen + memory >= call.at);
                !callees.is_empty()
            });
            self.swept_at = call.at;
        }
        let callees = self.by_caller.entry(caller).or_default();
        let seen = callees.entry(call.to.clone()).or_insert(call.at);
        *seen = call.at.max(*seen);
        if callees.len() > MOST_CALLEES
            && let Some(oldest) = callees.iter().min_by_key(|(_, seen)| **seen)
        {
            let oldest = oldest.0.clone();
            callees.remove(&oldest);
        }
    }
}

// === impl CallView ===

impl<'a> CallView<'a> {
    /// The workloads that `caller` calls, in order.
    #[must_use]
    pub fn callees(&self, caller: &WorkloadId) -> &[&'a WorkloadId] {
        let found = self.0.binary_search_by(|(known, _)| (*known).cmp(caller));
        found.map_or(&[][..], |place| &self.0[place].1)
    }

    /// Every caller with the workloads that it calls, in order.
    pub fn edges(&self) -> impl Iterator<Item = (&'a WorkloadId, &[&'a WorkloadId])> {
        self.0.iter().map(|(caller, callees)| (*caller, callees.as_slice()))
    }
}

// === impl Names ===

impl<'a> Names<'a> {
    fn of(workloads: impl Iterator<Item = &'a WorkloadId>) -> Self {
        let mut names = Self { exact: FxHashMap::default(), bare: FxHashMap::default() };
        for id in workloads {
            names.bare.entry(id.name.as_str()).and_modify(|only| *only = None).or_insert(Some(id));
            let Some(rank) = serving_rank(id.kind) else { continue };
            let best = names.exact.entry((id.namespace.as_str(), id.name.as_str())).or_insert(id);
            if serving_rank(best.kind).is_none_or(|known| rank < known) {
                *best = id;
            }
        }
        names
    }

    /// The workload behind a service name: the one of that name; else, of a bare name, the only one
    /// of that name elsewhere, because labels of applications leave the namespace out; else the one
    /// whose name it extends (`cart-headless`).
    fn called(&self, from: &str, service: &ServiceName) -> Option<&'a WorkloadId> {
        let namespace = service.namespace.as_deref().unwrap_or(from);
        let exact = |name: &str| self.exact.get(&(namespace, name)).copied();
        let bare = || self.bare.get(service.name.as_str()).copied().flatten();
        exact(&service.name)
            .or_else(|| if service.namespace.is_none() { bare() } else { None })
            .or_else(|| {
                std::iter::successors(shorter(&service.name), |name| shorter(name)).find_map(exact)
            })
    }
}

/// The name without what follows its last dash.
fn shorter(name: &str) -> Option<&str> {
    Some(name.rsplit_once('-')?.0)
}

/// How usual it is that Services stand before workloads of a kind; `None` where they do not.
const fn serving_rank(kind: WorkloadKind) -> Option<u8> {
    match kind {
        WorkloadKind::Deployment => Some(0),
        WorkloadKind::StatefulSet => Some(1),
        WorkloadKind::DaemonSet => Some(2),
        WorkloadKind::ReplicaSet => Some(3),
        WorkloadKind::Other => Some(4),
        WorkloadKind::Job | WorkloadKind::CronJob | WorkloadKind::Pod => None,
    }
}

// === impl Graph ===

impl Graph {
    /// Takes in that a pod calls a service; `memory` is [`call_memory`].
    pub fn observe_call(&mut self, call: &CallEdge, memory: PlatformDuration) {
        if let Some(caller) = self.unit_of_pod((&call.namespace, &call.pod), None).cloned() {
            self.calls.see(caller, call, memory);
        }
    }

    /// Who calls whom as of `at`; `memory` is [`call_memory`].
    #[must_use]
    pub fn calls(&self, at: Timestamp, memory: PlatformDuration) -> CallView<'_> {
        if self.calls.by_caller.is_empty() {
            return CallView::default();
        }
        let names = Names::of(self.workloads.keys());
        let fresh = at - memory..=at;
        let callees = |(caller, seen): (&WorkloadId, &BTreeMap<ServiceName, Timestamp>)| {
            let mut callees: Vec<&WorkloadId> = seen
                .iter()
                .filter(|(_, seen)| fresh.contains(seen))
                .filter_map(|(name, _)| names.called(&caller.namespace, name))
                .filter(|callee| *callee != caller)
                .collect();
            callees.sort_unstable();
            callees.dedup();
            callees
        };
        let edges =
            self.calls.by_caller.iter().map(|(caller, seen)| (caller, callees((caller, seen))));
        CallView(edges.collect())
    }
}
