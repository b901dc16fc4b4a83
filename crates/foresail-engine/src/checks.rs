//! Change-time checks: deterministic facts that a change cannot work.
//!
//! ```text
//!  graph ──┬── start       waiting reasons of containers        ──┐
//!          ├── references  template against the inventory         │
//!          ├── scheduling  requests and selectors against nodes   ├──> Finding ──> Prediction
//!          ├── notices     events of failed mounts and creations  │
//!          ├── rollout     newest ReplicaSet against the others   │
//!          └── standing    budgets, selectors without endpoints ──┘
//! ```
//!
//! No training and no metrics. A fact scores 1; a share of pods scores its smoothed probability. What
//! a source does not show (labels of nodes, ConfigMaps of a namespace) is not guessed.

mod message;
mod notices;
mod references;
mod rollout;
mod scheduling;
mod standing;
mod start;
#[cfg(test)]
mod tests;

use foresail_core::{
    ConditionStatus, FailureKind, ModelId, PlatformDuration, PodObject, Prediction, Probability,
    TimeToEvent, Timestamp, Unit, Verdict, WorkloadId, WorkloadKind, WorkloadObject,
};

pub use notices::Notices;

use crate::graph::{Graph, PodRecord};
use crate::state::State;

/// Name of these checks as a model.
pub const MODEL: &str = "checks";

/// How far a check looks ahead where the fact itself sets no time.
const HORIZON: PlatformDuration = PlatformDuration::from_seconds(600);

/// What a check has found about one unit.
struct Finding<'a> {
    unit: &'a WorkloadId,
    /// The pod that shows it best.
    pod: Option<&'a PodRecord>,
    kind: FailureKind,
    /// 1 for a fact.
    probability: f64,
    /// When the failure comes, where a deadline says so.
    due_in: Option<PlatformDuration>,
    sentence: String,
    evidence: Vec<String>,
}

/// What a change has broken, for every object, at `at`.
#[must_use]
pub fn predict(state: &State, at: Timestamp) -> Vec<Prediction> {
    let graph = state.graph();
    let mut findings = start::findings(graph);
    findings.extend(references::findings(graph, at));
    findings.extend(scheduling::findings(graph, at));
    findings.extend(rollout::findings(graph, at));
    findings.extend(standing::findings(graph, at));
    findings.extend(state.notices().findings(graph, at));
    findings.into_iter().map(|finding| finding.into_prediction(at)).collect()
}

// === impl Finding ===

impl<'a> Finding<'a> {
    /// A fact about `unit`, shown by `pod`.
    const fn fact(unit: &'a WorkloadId, kind: FailureKind, sentence: String) -> Self {
        Self {
            unit,
            pod: None,
            kind,
            probability: 1.0,
            due_in: None,
            sentence,
            evidence: Vec::new(),
        }
    }

    fn into_prediction(self, at: Timestamp) -> Prediction {
        let probability = Probability::saturating(self.probability).unwrap_or(Probability::ZERO);
        let time_to_event = self.due_in.map(|due| TimeToEvent { p10: due, p50: due, p90: due });
        Prediction {
            at,
            unit: Unit::Workload(self.unit.clone()),
            pod: self.pod.map(|record| record.object.name.clone()),
            node: self.pod.and_then(|record| record.object.node.clone()),
            kind: self.kind,
            horizon: self.due_in.map_or(HORIZON, |due| due + PlatformDuration::from_seconds(60)),
            verdict: Verdict::Likely { probability, time_to_event },
            score: probability.get(),
            basis: None,
            sentence: self.sentence,
            evidence: self.evidence,
            model: ModelId(MODEL.to_owned()),
        }
    }
}

/// Whether the pod still counts: it is neither finished nor on its way out.
const fn is_current(pod: &PodObject) -> bool {
    pod.deletion_requested_at.is_none() && !pod.is_finished()
}

/// Pods of `unit` that are neither finished nor on their way out.
fn current_pods<'a>(graph: &'a Graph, unit: &WorkloadId) -> impl Iterator<Item = &'a PodRecord> {
    graph.pods_of(unit).filter(|record| is_current(&record.object))
}

/// Whether the workload still starts pods: it is no template of Jobs, and no Job that has ended.
fn starts_pods(workload: &WorkloadObject) -> bool {
    let ended = workload.conditions.iter().any(|condition| {
        matches!(condition.kind.as_str(), "Complete" | "Failed")
            && condition.status == ConditionStatus::True
    });
    workload.kind != WorkloadKind::CronJob
        && workload.replicas != Some(0)
        && workload.deletion_requested_at.is_none()
        && !(workload.kind == WorkloadKind::Job && ended)
}

/// Names of pods for people, at most three.
fn names(pods: &[&PodRecord]) -> String {
    let mut text = pods
        .iter()
        .take(3)
        .map(|record| record.object.name.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    if pods.len() > 3 {
        text.push_str(&format!(" and {} more", pods.len() - 3));
    }
    text
}
