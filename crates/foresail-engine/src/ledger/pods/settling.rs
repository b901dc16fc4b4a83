//! What is waited out, and how a failure of a pod is booked.

use foresail_core::{Fact, FailureKind, PlatformDuration, Timestamp};

use super::super::Effect;
use super::super::book::Finding;
use super::super::terminations::{Kill, Termination};
use super::{Hold, HoldKind, PodWatch};

/// A container that ended this long before its pod's deletion was observed may have ended by it
/// (stamps are cut to seconds, observations take a moment).
const DELETION_BEFORE: PlatformDuration = PlatformDuration::from_seconds(2);

// === impl PodWatch ===

impl PodWatch {
    pub(super) fn settle(&mut self, at: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        let due = |hold: &Hold| !hold.is_booked && hold.due <= at;
        let kinds: Vec<HoldKind> =
            self.holds.iter().filter(|(_, hold)| due(hold)).map(|(kind, _)| *kind).collect();
        for kind in kinds {
            let Some(hold) = self.holds.get_mut(&kind) else { continue };
            hold.is_booked = true;
            let (when, fact) = ((hold.since, hold.due), hold.fact.clone());
            effects.push(self.found(kind.failure(), when, (None, vec![fact])));
        }
        let (over, pending) =
            std::mem::take(&mut self.pending).into_iter().partition(|known| known.due <= at);
        self.pending = pending;
        let over: Vec<Termination> = over;
        for termination in over {
            if termination.exit_code != 0 && !self.is_ended_with_pod(&termination) {
                let what = (FailureKind::ErrorExit, None, termination.due);
                self.book_termination(&termination, what, &mut effects);
            }
        }
        effects
    }

    /// Whether deletion, eviction or another end of the pod ended the container.
    fn is_ended_with_pod(&self, termination: &Termination) -> bool {
        let deletion = self.life.deletion_seen.map(|seen| seen - DELETION_BEFORE);
        self.life.is_ended_by_platform
            || deletion.is_some_and(|since| termination.finished_at >= since)
    }

    pub(super) fn book_termination(
        &mut self,
        termination: &Termination,
        (kind, kill, settled_at): (FailureKind, Option<Kill>, Timestamp),
        effects: &mut Vec<Effect>,
    ) {
        let finished_at = termination.finished_at;
        let reason = termination.reason.as_deref().unwrap_or("no reason given");
        let text = format!("exit code {}, {reason}", termination.exit_code);
        let mut facts = vec![self.fact(finished_at, &termination.field, text)];
        if let Some(kill) = kill {
            facts.insert(0, self.fact(kill.at, "event Killing", kill.message));
        }
        let settled_at = settled_at.max(finished_at);
        let recovered_at = termination.recovered_at;
        effects.push(self.found(kind, (finished_at, settled_at), (recovered_at, facts)));
        let watch = self.containers.entry(termination.container.clone()).or_default();
        if let Some(third) = watch.note_abnormal(finished_at) {
            let text = "third abnormal termination within 15 min".to_owned();
            let fact = self.fact(third, &format!("containers[{}]", termination.container), text);
            let when = (third, settled_at);
            effects.push(self.found(FailureKind::CrashLoop, when, (recovered_at, vec![fact])));
        }
    }

    pub(super) fn evict(
        &mut self,
        when: (Timestamp, Timestamp),
        fact: Fact,
        effects: &mut Vec<Effect>,
    ) {
        self.life.is_ended_by_platform = true;
        if !std::mem::replace(&mut self.life.is_evicted, true) {
            let recovered_at = self.has_ended().then_some(when.1);
            effects.push(self.found(FailureKind::Evicted, when, (recovered_at, vec![fact])));
        }
    }

    pub(super) fn found(
        &mut self,
        kind: FailureKind,
        (occurred_at, settled_at): (Timestamp, Timestamp),
        (recovered_at, facts): (Option<Timestamp>, Vec<Fact>),
    ) -> Effect {
        if recovered_at.is_none() {
            self.open.insert((kind, self.unit.clone()));
        }
        let finding = Finding {
            kind,
            occurred_at,
            settled_at,
            recovered_at,
            subject: self.uid.clone(),
            pod: Some(self.name.clone()),
            node: self.node.clone(),
            facts,
        };
        Effect::Found(self.unit.clone(), finding)
    }

    /// Starts to wait out a state, unless that is under way.
    pub(super) fn hold(&mut self, kind: HoldKind, at: Timestamp, fact: Fact) -> Option<Effect> {
        if self.holds.contains_key(&kind) {
            return None;
        }
        let due = at.max(fact.at + kind.length());
        self.holds.insert(kind, Hold { since: fact.at, due, is_booked: false, fact });
        Some(Effect::LookAgain(due))
    }

    /// Ends a state; what it had been booked as has recovered.
    pub(super) fn release(&mut self, kind: HoldKind, at: Timestamp, effects: &mut Vec<Effect>) {
        if self.holds.remove(&kind).is_none_or(|hold| !hold.is_booked) {
            return;
        }
        let failure = kind.failure();
        let open = std::mem::take(&mut self.open);
        for (kind, unit) in open {
            if kind == failure {
                effects.push(Effect::Recovered { unit, kind, subject: self.uid.clone(), at });
            } else {
                self.open.insert((kind, unit));
            }
        }
    }

    pub(super) const fn has_ended(&self) -> bool {
        self.life.is_finished || self.life.gone_at.is_some()
    }

    pub(super) fn fact(&self, at: Timestamp, place: &str, text: String) -> Fact {
        Fact { at, source: format!("pod {}/{} {place}", self.namespace, self.name), text }
    }
}
