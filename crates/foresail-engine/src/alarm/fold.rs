//! Dependants folded under the predicted root: a unit that only feels what a unit it calls is
//! already said to run into gets no alarm of its own.
//!
//! ```text
//!  caller: symptom kinds, no limit of its own ──> callees, at most 3 calls away ──> open alarm?
//!                                                     yes: listed there (`affected`), Folded
//!                                                     no: raised
//! ```
//!
//! What a unit runs into by itself (its own memory, disk, descriptors) is never folded.

use std::fmt;

use foresail_core::{AlarmChange, FailureKind, Prediction, Unit};

use super::book::{Entry, Open};
use super::voices::Voices;
use super::{Group, Step};
use crate::graph::CallView;

/// Calls between a dependant and its root: beyond three, too much lies between for one to explain
/// the other.
const MOST_CALLS: usize = 3;

/// Who calls whom at the time of the tick.
pub trait KnownCalls: fmt::Debug {
    /// The units that `unit` calls directly, in a fixed order.
    fn callees(&self, unit: &Unit) -> Vec<Unit>;
}

impl KnownCalls for CallView<'_> {
    fn callees(&self, unit: &Unit) -> Vec<Unit> {
        let callees = unit.workload().map(|id| self.callees(id)).unwrap_or_default();
        callees.iter().map(|id| Unit::Workload((*id).clone())).collect()
    }
}

/// An entry that would be raised unless a callee explains it.
pub(super) struct Waiting<'g, 'p> {
    /// Position among the entries.
    pub(super) entry: usize,
    /// Its predictions, best first.
    pub(super) group: &'g Group<'p>,
}

// === impl Step ===

impl Step<'_> {
    /// Whether what `group` says may be the echo of a callee: the unit calls somebody, and nothing
    /// in it that counts is a failure of the unit's own.
    pub(super) fn is_echo(&self, unit: &Unit, group: &Group<'_>) -> bool {
        let counts = |prediction: &&&Prediction| {
            prediction.score >= self.policy.threshold_of(prediction.kind)
        };
        group.iter().filter(counts).all(|prediction| is_symptom(prediction))
            && self.context.calls.is_some_and(|calls| !calls.callees(unit).is_empty())
    }

    /// Folds or raises what waits, roots before those that call them.
    pub(super) fn settle(
        &mut self,
        entries: &mut [Entry],
        waiting: &[Waiting<'_, '_>],
        next_id: &mut u64,
    ) {
        let units: Vec<Unit> =
            waiting.iter().map(|waits| entries[waits.entry].unit.clone()).collect();
        let mut order: Vec<(usize, usize, Vec<Unit>)> = units
            .iter()
            .enumerate()
            .map(|(number, unit)| {
                let reach = self.reach(unit);
                let depends_on = reach.iter().filter(|callee| units.contains(callee)).count();
                (depends_on, number, reach)
            })
            .collect();
        order.sort();
        for (_, number, reach) in order {
            let waits = &waiting[number];
            let explains = |root: &usize| {
                entries[*root].open.as_ref().is_some_and(|open| self.explains(open, waits.group))
            };
            let open = |callee| open_forecast(entries, callee).filter(explains);
            match reach.iter().find_map(open) {
                Some(root) => self.fold(entries, root, waits),
                None => self.raise(&mut entries[waits.entry], waits.group, next_id),
            }
        }
    }

    /// Whether an open alarm of a callee can explain what `group` says of its caller: it is about
    /// slowness or errors, which callers feel at once, or its event comes no later than theirs.
    fn explains(&self, root: &Open, group: &Group<'_>) -> bool {
        let own = group.first().and_then(|best| Voices::of(group, best.kind)?.time());
        let own = own.map(|time| self.context.at + time.p50);
        let before = matches!((root.expected_at, own), (Some(root), Some(own)) if root <= own);
        is_felt_by_callers(root.alarm.kind) || before
    }

    /// The units that `unit` calls, the nearest first.
    fn reach(&self, unit: &Unit) -> Vec<Unit> {
        let mut reach: Vec<Unit> = Vec::new();
        let Some(calls) = self.context.calls else { return reach };
        let mut from = vec![unit.clone()];
        for _ in 0..MOST_CALLS {
            let mut next = Vec::new();
            for callee in from.iter().flat_map(|caller| calls.callees(caller)) {
                if callee != *unit && !reach.contains(&callee) {
                    reach.push(callee.clone());
                    next.push(callee);
                }
            }
            from = next;
        }
        reach
    }

    fn fold(&mut self, entries: &mut [Entry], root: usize, waits: &Waiting<'_, '_>) {
        let unit = entries[waits.entry].unit.clone();
        let (Some(best), Some(open)) = (waits.group.first(), entries[root].open.as_mut()) else {
            return;
        };
        if open.alarm.affected.contains(&unit) {
            return;
        }
        open.alarm.affected.push(unit.clone());
        let (root, kind, at) = (open.alarm.id, best.kind, self.context.at);
        self.changes.push(AlarmChange::Folded { root, unit, kind, at });
    }
}

/// Position of the open forecast alarm of `unit`.
fn open_forecast(entries: &[Entry], unit: &Unit) -> Option<usize> {
    let found = entries.binary_search_by(|entry| (&entry.unit, entry.change).cmp(&(unit, None)));
    found.ok().filter(|index| entries[*index].open.is_some())
}

/// Whether a prediction is of a kind that a slow or failing callee brings about, and rests on no
/// limit of the unit's own.
fn is_symptom(prediction: &Prediction) -> bool {
    is_felt_by_callers(prediction.kind) && prediction.basis.is_none()
}

/// Whether the kind comes of slowness or errors, which spread to callers as they arise.
const fn is_felt_by_callers(kind: FailureKind) -> bool {
    match kind {
        FailureKind::NotReady
        | FailureKind::LivenessKill
        | FailureKind::ErrorExit
        | FailureKind::SloBurn => true,
        FailureKind::OomKilled
        | FailureKind::Evicted
        | FailureKind::StartFailure
        | FailureKind::Unschedulable
        | FailureKind::JobFailed
        | FailureKind::CrashLoop
        | FailureKind::RolloutStuck
        | FailureKind::NodeNotReady
        | FailureKind::NodePressure
        | FailureKind::Network
        | FailureKind::VolumeFull
        | FailureKind::ControlPlane
        | FailureKind::Expiry => false,
    }
}
