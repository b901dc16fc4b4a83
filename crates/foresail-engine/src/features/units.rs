//! What the pods of one workload share.

use foresail_core::{Timestamp, Unit, WorkloadId};
use rustc_hash::FxHashMap;

use super::view::over;
use super::{Feature, PodFeatures};
use crate::graph::PodRecord;
use crate::state::State;

/// Half of the weight that a change or failure has left after so many minutes.
const RECENT_MINUTES: f64 = 30.0;

/// Numbers of workloads by first appearance, with what is counted of each. Pods come in the order of
/// their names, so those of one workload mostly follow each other.
#[derive(Debug, Default)]
pub(super) struct UnitNumbers<'a> {
    last: Option<(&'a WorkloadId, usize)>,
    numbers: FxHashMap<&'a WorkloadId, usize>,
    counts: Vec<Counts<'a>>,
}

#[derive(Debug)]
struct Counts<'a> {
    unit: &'a WorkloadId,
    ready: u32,
    all: u32,
}

/// What the pods of one workload share.
#[derive(Clone, Copy, Debug)]
pub(super) struct UnitFacts {
    since_failure: f64,
    since_change: f64,
    ready_share: f64,
}

// === impl UnitNumbers ===

impl<'a> UnitNumbers<'a> {
    /// Counts a pod; the number of its workload.
    pub(super) fn count(&mut self, pod: &'a PodRecord) -> usize {
        let number = self.number(&pod.unit);
        let counts = &mut self.counts[number];
        counts.ready += u32::from(pod.is_ready());
        counts.all += 1;
        number
    }

    /// The number of a workload that has pods.
    pub(super) fn of(&self, unit: &WorkloadId) -> Option<usize> {
        self.numbers.get(unit).copied()
    }

    fn number(&mut self, unit: &'a WorkloadId) -> usize {
        if let Some((last, number)) = self.last
            && last == unit
        {
            return number;
        }
        let next = self.counts.len();
        let number = *self.numbers.entry(unit).or_insert(next);
        if number == next {
            self.counts.push(Counts { unit, ready: 0, all: 0 });
        }
        self.last = Some((unit, number));
        number
    }

    /// What the pods of each workload share, by its number.
    pub(super) fn facts(&self, state: &State, at: Timestamp) -> Vec<UnitFacts> {
        self.counts.iter().map(|counts| UnitFacts::new((state, at), counts)).collect()
    }
}

// === impl UnitFacts ===

impl UnitFacts {
    fn new((state, at): (&State, Timestamp), counts: &Counts<'_>) -> Self {
        let scale = state.settings().time_scale;
        let minutes = |since: Timestamp| scale.to_fault(at.since(since)).as_minutes();
        let changed = state.graph().workload(counts.unit).and_then(|one| one.template_changed_at);
        let failed = state.ledger().last_outcome(&Unit::Workload(counts.unit.clone()));
        Self {
            since_failure: recency(failed.map(|(occurred, _)| minutes(occurred))),
            since_change: recency(changed.map(minutes)),
            ready_share: over(f64::from(counts.ready), f64::from(counts.all)),
        }
    }

    pub(super) fn fill(self, row: &mut PodFeatures<'_>) {
        row.set(Feature::SinceFailure, self.since_failure);
        row.set(Feature::SinceChange, self.since_change);
        row.set(Feature::ReadyShare, self.ready_share);
    }
}

/// 1 just after something happened, half of it after half an hour, 0 when it never did.
fn recency(minutes: Option<f64>) -> f64 {
    minutes.map_or(0.0, |minutes| RECENT_MINUTES / (RECENT_MINUTES + minutes.max(0.0)))
}
