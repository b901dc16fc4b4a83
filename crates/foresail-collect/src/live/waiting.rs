//! What was observed and waits for its tick: object changes, events, log lines.

use std::collections::{BTreeMap, BTreeSet};

use foresail_core::{
    Batch, ChangeKind, Condition, ContainerState, KubernetesEvent, LogLine, Object, ObjectChange,
    PlatformDuration, PodObject, Timestamp,
};
use rustc_hash::FxHashMap;

/// How long after it was written a log line is visible.
const LOG_LAG: PlatformDuration = PlatformDuration::from_seconds(2);

/// Log lines of one pod in one batch; the rest is counted.
const LINES_PER_POD: usize = 200;

/// Log lines that wait in all; more are counted and dropped.
const LINES: usize = 500_000;

/// Kind of an object that also kube-state-metrics describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum InventoryKind {
    Service,
    ConfigMap,
    Claim,
    Quota,
    Budget,
}

/// What waits for its tick.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    objects: Vec<ObjectChange>,
    events: Vec<KubernetesEvent>,
    lines: Vec<LogLine>,
    lines_dropped: u64,
    /// Kinds that the Kubernetes API gives: what metrics say of them does not count.
    given: BTreeSet<InventoryKind>,
}

// === impl InventoryKind ===

impl InventoryKind {
    pub(super) const fn of(object: &Object) -> Option<Self> {
        match object {
            Object::Pod(_) | Object::Workload(_) | Object::Node(_) => None,
            Object::Service(_) => Some(Self::Service),
            Object::ConfigMap(_) => Some(Self::ConfigMap),
            Object::Claim(_) => Some(Self::Claim),
            Object::Quota(_) => Some(Self::Quota),
            Object::DisruptionBudget(_) => Some(Self::Budget),
        }
    }
}

// === impl Waiting ===

impl Waiting {
    pub(super) fn object(&mut self, change: ObjectChange) {
        self.given.extend(InventoryKind::of(&change.object));
        self.objects.push(change);
    }

    pub(super) fn event(&mut self, event: KubernetesEvent) {
        self.events.push(event);
    }

    pub(super) fn line(&mut self, line: LogLine) {
        if self.lines.len() < LINES {
            self.lines.push(line);
        } else {
            self.lines_dropped += 1;
        }
    }

    pub(super) fn lines_dropped(&mut self, count: u64) {
        self.lines_dropped += count;
    }

    /// Whether the Kubernetes API gives objects of this kind.
    pub(super) fn gives(&self, object: &Object) -> bool {
        InventoryKind::of(object).is_some_and(|kind| self.given.contains(&kind))
    }

    /// Moves what was visible by `tick` into the batch.
    pub(super) fn release(&mut self, tick: Timestamp, batch: &mut Batch) {
        batch.objects = self.objects.extract_if(.., |one| one.observed_at <= tick).collect();
        batch.objects.sort_by_key(|one| one.observed_at);
        batch.events = self.events.extract_if(.., |one| one.observed_at <= tick).collect();
        batch.events.sort_by_key(|one| one.observed_at);
        let mut lines: Vec<LogLine> =
            self.lines.extract_if(.., |line| line.at + LOG_LAG <= tick).collect();
        lines.sort_by_key(|line| line.at);
        batch.logs_dropped = std::mem::take(&mut self.lines_dropped);
        let mut per_pod: FxHashMap<(String, String), usize> = FxHashMap::default();
        for line in lines {
            let count = per_pod.entry((line.namespace.clone(), line.pod.clone())).or_default();
            *count += 1;
            if *count > LINES_PER_POD {
                batch.logs_dropped += 1;
            } else {
                batch.logs.push(line);
            }
        }
    }

    /// Puts the objects that were there at the start at the times that they tell themselves, from
    /// `from` on; gives the pods among them, each with the time since when it is what it is.
    ///
    /// What an object shows now may be younger than `from`: a pod that became unready five minutes
    /// ago must not seem to have been so for two hours. Only what was listed is moved; what changed
    /// under our eyes has its time.
    pub(super) fn place_listed(&mut self, from: Timestamp) -> Vec<ObjectChange> {
        let mut pods = Vec::new();
        let mut first: BTreeMap<String, ()> = BTreeMap::new();
        for change in self.objects.iter_mut().filter(|one| one.change == ChangeKind::Listed) {
            let seen = change.observed_at;
            let told = told_at(&change.object).unwrap_or(from);
            change.observed_at = told.max(from).min(seen);
            if let Object::Pod(pod) = &change.object
                && first.insert(pod.uid.clone(), ()).is_none()
            {
                let since = pod.created_at.unwrap_or(from).max(from).min(seen);
                pods.push(ObjectChange { observed_at: since, ..change.clone() });
            }
        }
        pods
    }
}

/// The latest change that an object tells of itself.
fn told_at(object: &Object) -> Option<Timestamp> {
    match object {
        Object::Pod(pod) => pod_told_at(pod),
        Object::Workload(workload) => {
            latest(&workload.conditions).max(workload.deletion_requested_at)
        }
        Object::Node(node) => latest(&node.conditions),
        Object::Service(_)
        | Object::ConfigMap(_)
        | Object::Claim(_)
        | Object::Quota(_)
        | Object::DisruptionBudget(_) => None,
    }
}

fn pod_told_at(pod: &PodObject) -> Option<Timestamp> {
    let states = pod.containers.iter().flat_map(|one| [&one.state, &one.last_state]);
    let told = states.flatten().filter_map(|state| match state {
        ContainerState::Running { started_at } => *started_at,
        ContainerState::Terminated { finished_at, .. } => *finished_at,
        ContainerState::Waiting { .. } => None,
    });
    told.max().max(pod.created_at).max(latest(&pod.conditions)).max(pod.deletion_requested_at)
}

fn latest(conditions: &[Condition]) -> Option<Timestamp> {
    conditions.iter().filter_map(|condition| condition.last_transition).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn line(seconds: i64, pod: &str) -> LogLine {
        let [namespace, container] = ["shop", "app"].map(str::to_owned);
        let (pod, text) = (pod.to_owned(), String::new());
        LogLine { at: at(seconds), namespace, pod, container, text }
    }

    #[test]
    fn a_line_waits_two_seconds_and_a_pod_gets_two_hundred() {
        let mut waiting = Waiting::default();
        (0..250).for_each(|_| waiting.line(line(8, "chatty")));
        waiting.line(line(7, "quiet"));
        waiting.line(line(9, "late"));
        let mut batch = Batch::default();
        waiting.release(at(10), &mut batch);
        assert_eq!((batch.logs.len(), batch.logs_dropped), (201, 50));
        assert_eq!(batch.logs[0].pod, "quiet");
        waiting.release(at(15), &mut batch);
        assert_eq!((batch.logs.len(), batch.logs_dropped), (202, 0));
    }
}
