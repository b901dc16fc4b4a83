//! Facts about nodes: not Ready, under pressure, without network.

use std::collections::BTreeSet;

use foresail_core::{
    ChangeKind, Condition, ConditionStatus, Fact, FailureKind, NodeObject, ObjectChange,
    PlatformDuration, Timestamp, Unit,
};
use serde::{Deserialize, Serialize};

use super::book::Finding;
use super::{Due, Effect, Ledger};

/// A node is not Ready for this long before it counts (`evaluation.md` section 1, platform time).
const NOT_READY_HOLD: PlatformDuration = PlatformDuration::from_seconds(40);

/// What is remembered of a node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct NodeWatch {
    name: String,
    not_ready: Option<Hold>,
    /// Conditions that state a failure now.
    failing: BTreeSet<String>,
}

/// A node that is not Ready.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Hold {
    since: Timestamp,
    due: Timestamp,
    is_booked: bool,
    text: String,
}

// === impl Ledger ===

impl Ledger {
    pub(super) fn observe_node(&mut self, change: &ObjectChange, node: &NodeObject) {
        let new = || NodeWatch { name: node.name.clone(), ..NodeWatch::default() };
        let watch = self.nodes.entry(node.name.clone()).or_insert_with(new);
        let effects = match change.change {
            ChangeKind::Deleted => watch.leave(change.observed_at),
            ChangeKind::Listed | ChangeKind::Added | ChangeKind::Modified => {
                watch.observe(node, change.observed_at)
            }
        };
        if change.change == ChangeKind::Deleted {
            self.nodes.remove(&node.name);
        }
        self.apply(effects, &Due::Node(node.name.clone()));
    }

    pub(super) fn settle_node(&mut self, name: &str, at: Timestamp) {
        let Some(watch) = self.nodes.get_mut(name) else { return };
        let effects = watch.settle(at);
        self.apply(effects, &Due::Node(name.to_owned()));
    }
}

// === impl NodeWatch ===

impl NodeWatch {
    fn observe(&mut self, node: &NodeObject, at: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        for condition in &node.conditions {
            if condition.kind == "Ready" {
                self.observe_ready(condition, at, &mut effects);
                continue;
            }
            let Some(kind) = failure_of(&condition.kind) else { continue };
            if condition.status == ConditionStatus::True {
                if self.failing.insert(condition.kind.clone()) {
                    let since = condition.last_transition.unwrap_or(at);
                    let text = super::words::describe(condition);
                    effects.push(self.found(kind, (since, at.max(since)), (&condition.kind, text)));
                }
            } else if self.failing.remove(&condition.kind) {
                effects.push(self.recovered(kind, &condition.kind, at));
            }
        }
        effects
    }

    fn observe_ready(&mut self, condition: &Condition, at: Timestamp, effects: &mut Vec<Effect>) {
        match (condition.status, &self.not_ready) {
            (ConditionStatus::True, Some(_)) => {
                effects.push(self.recovered(FailureKind::NodeNotReady, "Ready", at));
                self.not_ready = None;
            }
            (ConditionStatus::False | ConditionStatus::Unknown, None) => {
                let since = condition.last_transition.unwrap_or(at);
                let due = at.max(since + NOT_READY_HOLD);
                let text = super::words::describe(condition);
                self.not_ready = Some(Hold { since, due, is_booked: false, text });
                effects.push(Effect::LookAgain(due));
            }
            (ConditionStatus::True, None)
            | (ConditionStatus::False | ConditionStatus::Unknown, Some(_)) => {}
        }
    }

    fn settle(&mut self, at: Timestamp) -> Vec<Effect> {
        let Some(hold) = self.not_ready.as_mut().filter(|hold| !hold.is_booked && hold.due <= at)
        else {
            return Vec::new();
        };
        hold.is_booked = true;
        let (when, text) = ((hold.since, hold.due), hold.text.clone());
        vec![self.found(FailureKind::NodeNotReady, when, ("Ready", text))]
    }

    /// A node that is gone has no failing condition left.
    fn leave(&self, at: Timestamp) -> Vec<Effect> {
        let conditions = self.failing.iter().filter_map(|name| Some((failure_of(name)?, name)));
        let mut effects: Vec<_> =
            conditions.map(|(kind, name)| self.recovered(kind, name, at)).collect();
        effects.push(self.recovered(FailureKind::NodeNotReady, "Ready", at));
        effects
    }

    fn found(
        &self,
        kind: FailureKind,
        (occurred_at, settled_at): (Timestamp, Timestamp),
        (condition, text): (&str, String),
    ) -> Effect {
        let source = format!("node {} condition {condition}", self.name);
        let finding = Finding {
            kind,
            occurred_at,
            settled_at,
            recovered_at: None,
            subject: condition.to_owned(),
            pod: None,
            node: Some(self.name.clone()),
            facts: vec![Fact { at: occurred_at, source, text }],
        };
        Effect::Found(Unit::Node(self.name.clone()), finding)
    }

    fn recovered(&self, kind: FailureKind, condition: &str, at: Timestamp) -> Effect {
        let (unit, subject) = (Unit::Node(self.name.clone()), condition.to_owned());
        Effect::Recovered { unit, kind, subject, at }
    }
}

/// The failure that a node's condition states when it is True.
fn failure_of(condition: &str) -> Option<FailureKind> {
    match condition {
        "MemoryPressure" | "DiskPressure" | "PIDPressure" => Some(FailureKind::NodePressure),
        "NetworkUnavailable" => Some(FailureKind::Network),
        _ => None,
    }
}
