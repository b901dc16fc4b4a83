//! Who calls whom: edges from workload to workload, as callers' request metrics show them.
//!
//! ```text
//!  CallEdge { pod, to: ServiceName } ── unit of the pod ──> caller ── service name ──> last seen
//!                                                              read: name ──> callee workload
//! ```
//!
//! An edge that is not seen for 30 minutes of fault time is no longer there. Names are resolved when
//! they are read, so a callee may appear after the call.

use std::collections::{BTreeMap, BTreeSet};

use foresail_core::{
    CallEdge, FaultDuration, PlatformDuration, ServiceName, TimeScale, Timestamp, WorkloadId,
    WorkloadKind,
};
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

/// The edges as of one time.
#[derive(Clone, Copy, Debug)]
pub struct CallView<'a> {
    graph: &'a Graph,
    since: Timestamp,
    at: Timestamp,
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
    pub fn callees(&self, caller: &WorkloadId) -> Vec<&'a WorkloadId> {
        let seen = self.graph.calls.by_caller.get(caller).into_iter().flatten();
        let fresh = seen.filter(|(_, seen)| (self.since..=self.at).contains(seen));
        let callees: BTreeSet<&WorkloadId> = fresh
            .filter_map(|(name, _)| self.graph.called(&caller.namespace, name))
            .filter(|callee| *callee != caller)
            .collect();
        callees.into_iter().collect()
    }

    /// Every caller with the workloads that it calls, in order.
    pub fn edges(self) -> impl Iterator<Item = (&'a WorkloadId, Vec<&'a WorkloadId>)> {
        self.graph.calls.by_caller.keys().map(move |caller| (caller, self.callees(caller)))
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
        CallView { graph: self, since: at - memory, at }
    }

    /// The workload behind a service name: the one of that name; else, of a bare name, the only one
    /// of that name elsewhere, because labels of applications leave the namespace out; else the one
    /// whose name it extends (`cart-headless`).
    fn called(&self, from: &str, service: &ServiceName) -> Option<&WorkloadId> {
        let namespace = service.namespace.as_deref().unwrap_or(from);
        let exact = self.workload_named(namespace, &service.name);
        exact.or_else(|| self.only_named(service)).or_else(|| {
            let mut name = service.name.as_str();
            std::iter::from_fn(|| {
                name = name.rsplit_once('-')?.0;
                Some(name)
            })
            .find_map(|shorter| self.workload_named(namespace, shorter))
        })
    }

    fn only_named(&self, service: &ServiceName) -> Option<&WorkloadId> {
        let bare = service.namespace.is_none();
        let mut found = self.workloads.keys().filter(|id| bare && id.name == service.name);
        let only = found.next();
        only.filter(|_| found.next().is_none())
    }

    fn workload_named(&self, namespace: &str, name: &str) -> Option<&WorkloadId> {
        /// Kinds that Services stand before, the usual first.
        const SERVING: [WorkloadKind; 5] = [
            WorkloadKind::Deployment,
            WorkloadKind::StatefulSet,
            WorkloadKind::DaemonSet,
            WorkloadKind::ReplicaSet,
            WorkloadKind::Other,
        ];
        SERVING.iter().find_map(|kind| {
            let id =
                WorkloadId { namespace: namespace.to_owned(), kind: *kind, name: name.to_owned() };
            self.workloads.get_key_value(&id).map(|(known, _)| known)
        })
    }
}
