//! Facts about workload objects: failed Jobs, stuck rollouts.

use foresail_core::{
    ChangeKind, Condition, ConditionStatus, Fact, FailureKind, ObjectChange, Unit, WorkloadId,
    WorkloadKind, WorkloadObject,
};
use serde::{Deserialize, Serialize};

use super::book::Finding;
use super::{Due, Effect, Ledger};
use crate::graph::Graph;

/// The failure that a workload object shows now; kept only while there is one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct WorkloadWatch {
    failure: FailureKind,
}

// === impl Ledger ===

impl Ledger {
    pub(super) fn observe_workload(
        &mut self,
        change: &ObjectChange,
        workload: &WorkloadObject,
        graph: &Graph,
    ) {
        if workload.kind == WorkloadKind::ReplicaSet {
            if matches!(change.change, ChangeKind::Added | ChangeKind::Listed) {
                self.adopt(workload, graph);
            }
            return;
        }
        let id = WorkloadId {
            namespace: workload.namespace.clone(),
            kind: workload.kind,
            name: workload.name.clone(),
        };
        let gone = change.change == ChangeKind::Deleted;
        let failure = if gone { None } else { failure(workload) };
        let effects = match (self.workloads.get(&id), failure) {
            (None, Some((kind, condition))) => {
                self.workloads.insert(id.clone(), WorkloadWatch { failure: kind });
                vec![found(&id, kind, (condition, change))]
            }
            (Some(watch), None) => {
                let recovered = Effect::Recovered {
                    unit: Unit::Workload(id.clone()),
                    kind: watch.failure,
                    subject: id.name.clone(),
                    at: change.observed_at,
                };
                self.workloads.remove(&id);
                vec![recovered]
            }
            (Some(_), Some(_)) | (None, None) => return,
        };
        self.apply(effects, &Due::Workload(id));
    }

    /// Pods seen before their ReplicaSet belong to its Deployment from now on.
    fn adopt(&mut self, set: &WorkloadObject, graph: &Graph) {
        let Some(owner) = &set.owner else { return };
        let unit = WorkloadId {
            namespace: set.namespace.clone(),
            kind: owner.kind,
            name: owner.name.clone(),
        };
        for record in graph.pods_of(&unit) {
            if let Some(watch) = self.pods.get_mut(&record.object.uid) {
                watch.belong_to(&record.unit);
            }
        }
    }
}

/// The failure that the conditions of `workload` state.
fn failure(workload: &WorkloadObject) -> Option<(FailureKind, &Condition)> {
    workload.conditions.iter().find_map(|condition| {
        let reason = condition.reason.as_deref();
        match (workload.kind, condition.kind.as_str(), condition.status) {
            (WorkloadKind::Job, "Failed", ConditionStatus::True) => {
                Some((FailureKind::JobFailed, condition))
            }
            (WorkloadKind::Deployment, "Progressing", ConditionStatus::False)
                if reason == Some("ProgressDeadlineExceeded") =>
            {
                Some((FailureKind::RolloutStuck, condition))
            }
            _ => None,
        }
    })
}

fn found(
    id: &WorkloadId,
    kind: FailureKind,
    (condition, change): (&Condition, &ObjectChange),
) -> Effect {
    let occurred_at = condition.last_transition.unwrap_or(change.observed_at);
    let fact = Fact {
        at: occurred_at,
        source: format!("{} {id} condition {}", id.kind.as_str().to_lowercase(), condition.kind),
        text: super::words::describe(condition),
    };
    let finding = Finding {
        kind,
        occurred_at,
        settled_at: change.observed_at.max(occurred_at),
        recovered_at: None,
        subject: id.name.clone(),
        pod: None,
        node: None,
        facts: vec![fact],
    };
    Effect::Found(Unit::Workload(id.clone()), finding)
}
