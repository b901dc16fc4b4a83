//! Rollouts that will not finish: the newest ReplicaSet against the one before, and quotas.

use foresail_core::{
    ConditionStatus, FailureKind, PlatformDuration, Timestamp, WorkloadId, WorkloadKind,
    WorkloadObject,
};

use super::{Finding, current_pods, message, names};
use crate::graph::{Graph, PodRecord, ReplicaSetRecord, WorkloadRecord};

/// Time to become Ready that is granted to a new pod when no other pod shows what is usual.
const USUAL_START: PlatformDuration = PlatformDuration::from_seconds(60);

/// How many times the usual start a new pod may take before it counts as late, and a margin for
/// scheduling and image pulls.
const LATE_FACTOR: i64 = 3;
const LATE_MARGIN: PlatformDuration = PlatformDuration::from_seconds(20);

/// Share of the progress deadline that has to pass before a late pod says anything.
const LEAST_SHARE: f64 = 0.25;

/// How long after a rollout restarts of its pods are blamed on it.
const BLAME: PlatformDuration = PlatformDuration::from_seconds(600);

/// Restarts that a pod needs to count as failing: one may be bad luck.
const FAILING_RESTARTS: usize = 2;

/// Probability that a rollout whose pods the API server refuses passes its deadline.
const REFUSED: f64 = 0.9;

/// A rollout under way.
struct Rollout<'a> {
    unit: &'a WorkloadId,
    object: &'a WorkloadObject,
    name: &'a str,
    newest: &'a ReplicaSetRecord,
    since: Timestamp,
    new: Vec<&'a PodRecord>,
    old: Vec<&'a PodRecord>,
}

/// Findings for every Deployment in a rollout.
pub(super) fn findings(graph: &Graph, at: Timestamp) -> Vec<Finding<'_>> {
    let mut findings = Vec::new();
    for (unit, record) in
        graph.workloads().filter(|(unit, _)| unit.kind == WorkloadKind::Deployment)
    {
        if let Some(object) = &record.object {
            findings.extend(refused(unit, record, object, at));
        }
        if let Some(rollout) = Rollout::of(graph, unit, record) {
            findings.extend(rollout.stuck(at));
            findings.extend(rollout.crash_looping(at));
        }
    }
    findings
}

/// Pods that the API server refuses, mostly because a quota is used up.
fn refused<'a>(
    unit: &'a WorkloadId,
    record: &WorkloadRecord,
    object: &WorkloadObject,
    at: Timestamp,
) -> Option<Finding<'a>> {
    let condition = object.conditions.iter().find(|condition| {
        condition.kind == "ReplicaFailure" && condition.status == ConditionStatus::True
    })?;
    let text = condition.message.as_deref().unwrap_or("");
    let started = record.changed_at().or(condition.last_transition);
    let sentence = format!("{unit} will not finish its rollout: {}", message::refusal(text));
    Some(Finding {
        probability: REFUSED,
        due_in: started.and_then(|started| time_left(object, started, at)),
        evidence: vec![message::excerpt(text)],
        ..Finding::fact(unit, FailureKind::RolloutStuck, sentence)
    })
}

/// Time until the progress deadline; `None` once it has passed or where it is not known.
fn time_left(object: &WorkloadObject, since: Timestamp, at: Timestamp) -> Option<PlatformDuration> {
    let left = (since + object.progress_deadline?).since(at);
    (left > PlatformDuration::ZERO).then_some(left)
}

// === impl Rollout ===

impl<'a> Rollout<'a> {
    /// The rollout of a Deployment, if its newest ReplicaSet was seen to become the newest.
    fn of(graph: &'a Graph, unit: &'a WorkloadId, record: &'a WorkloadRecord) -> Option<Self> {
        let object = record.object.as_ref().filter(|object| !object.paused)?;
        // The first ReplicaSet of a Deployment has none to be worse than; one that got through
        // once is no rollout any more, whatever becomes of its pods.
        if record.replica_sets.len() < 2 || is_complete(object) {
            return None;
        }
        let (name, newest) = record.newest_replica_set()?;
        let since = newest.promoted_at?;
        let (new, old) = current_pods(graph, unit)
            .partition(|pod| pod.object.owner.as_ref().is_some_and(|owner| owner.name == name));
        Some(Self { unit, object, name, newest, since, new, old })
    }

    /// New pods that take far longer to become Ready than the others did, as the progress deadline
    /// comes nearer.
    fn stuck(&self, at: Timestamp) -> Option<Finding<'a>> {
        let deadline = self.object.progress_deadline?;
        let left = time_left(self.object, self.last_progress(), at)?;
        let passed = 1.0 - left.as_seconds() / deadline.as_seconds();
        let patience = self.patience();
        let late: Vec<&PodRecord> = self
            .new
            .iter()
            .copied()
            .filter(|pod| !pod.is_ready() && at.since(born(pod)) > patience)
            .collect();
        let first = late.first().copied()?;
        if passed < LEAST_SHARE {
            return None;
        }
        let ready = self.new.iter().filter(|pod| pod.is_ready()).count();
        let share = smoothed(late.len(), late.len() + ready);
        let usual = self.usual_start().map_or_else(String::new, |usual| {
            format!("; the others took at most {:.0} s", usual.as_seconds())
        });
        let sentence = format!(
            "{} will not finish its rollout: {} of {} new pods are not Ready after {:.0} s{usual}",
            self.unit,
            late.len(),
            self.new.len(),
            at.since(born(first)).as_seconds(),
        );
        Some(Finding {
            pod: Some(first),
            probability: share + (1.0 - share) * passed * passed,
            due_in: Some(left),
            evidence: vec![
                format!("pods not Ready: {}", names(&late)),
                format!(
                    "progress deadline {:.0} s, {:.0} s left",
                    deadline.as_seconds(),
                    left.as_seconds()
                ),
                self.what_changed(),
            ],
            ..Finding::fact(self.unit, FailureKind::RolloutStuck, sentence)
        })
    }

    /// New pods that restart again and again while the old ones do not.
    fn crash_looping(&self, at: Timestamp) -> Option<Finding<'a>> {
        if at.since(self.since) > BLAME {
            return None;
        }
        let restarts = |pod: &PodRecord| pod.restarts.iter().filter(|t| **t >= self.since).count();
        let failing: Vec<&PodRecord> = self
            .new
            .iter()
            .copied()
            .filter(|pod| !pod.is_ready() && restarts(pod) >= FAILING_RESTARTS)
            .collect();
        let first = failing.first().copied()?;
        if self.old.iter().any(|pod| restarts(pod) > 0) {
            return None;
        }
        let sentence = format!(
            "{} will crash-loop: {} of {} new pods restarted at least {FAILING_RESTARTS} times since the rollout, the old ones did not",
            self.unit,
            failing.len(),
            self.new.len(),
        );
        Some(Finding {
            pod: Some(first),
            probability: smoothed(failing.len(), self.new.len()),
            evidence: vec![format!("pods restarting: {}", names(&failing)), self.what_changed()],
            ..Finding::fact(self.unit, FailureKind::CrashLoop, sentence)
        })
    }

    /// When the rollout last got on: its start, or its last new pod that became Ready.
    fn last_progress(&self) -> Timestamp {
        self.new.iter().filter_map(|pod| pod.ready_since).fold(self.since, Timestamp::max)
    }

    fn patience(&self) -> PlatformDuration {
        let usual = self.usual_start().unwrap_or(USUAL_START);
        PlatformDuration::from_millis(usual.as_millis() * LATE_FACTOR) + LATE_MARGIN
    }

    /// The longest that another pod of the workload took from its creation to its readiness, of
    /// those that never restarted or lost it.
    fn usual_start(&self) -> Option<PlatformDuration> {
        self.old
            .iter()
            .chain(&self.new)
            .filter(|pod| pod.object.containers.iter().all(|container| container.restarts == 0))
            .filter_map(|pod| Some(pod.ready_since?.since(pod.object.created_at?)))
            .filter(|took| *took <= USUAL_START)
            .max()
    }

    fn what_changed(&self) -> String {
        let name = message::excerpt(self.name);
        format!(
            "newest ReplicaSet {name} runs {}",
            message::excerpt(&self.newest.images.join(", "))
        )
    }
}

/// Whether the Deployment says that its newest ReplicaSet got through.
fn is_complete(object: &WorkloadObject) -> bool {
    object.conditions.iter().any(|condition| {
        condition.kind == "Progressing"
            && condition.reason.as_deref() == Some("NewReplicaSetAvailable")
    })
}

fn born(pod: &PodRecord) -> Timestamp {
    pod.object.created_at.unwrap_or(pod.first_seen)
}

/// A share of pods as a probability, with half a pod of doubt on each side (Jeffreys prior).
fn smoothed(failing: usize, all: usize) -> f64 {
    (failing as f64 + 0.5) / (all as f64 + 1.0)
}
