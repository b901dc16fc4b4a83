//! What events say about a pod.

use foresail_core::{FailureKind, KubernetesEvent, Timestamp};

use super::super::terminations::Kill;
use super::super::{Effect, words};
use super::{HoldKind, PodWatch};

// === impl PodWatch ===

impl PodWatch {
    pub(super) fn observe_event(&mut self, event: &KubernetesEvent) -> Vec<Effect> {
        let (at, happened) = (event.observed_at, event.occurred_at());
        let mut effects = Vec::new();
        let text = words::shorten(&event.message);
        match event.reason.as_str() {
            "Evicted" => {
                let fact = self.fact(happened, "event Evicted", text);
                self.evict((happened, at.max(happened)), fact, &mut effects);
            }
            "FailedMount" | "FailedCreatePodSandBox" if !self.has_ended() => {
                let fact = self.fact(happened, &format!("event {}", event.reason), text);
                let mount = event.reason == "FailedMount";
                let kind = if mount { HoldKind::Mount } else { HoldKind::Sandbox };
                effects.extend(self.hold(kind, at, fact));
            }
            reason if words::shows_progress(reason) => {
                self.holds.remove(&HoldKind::Mount);
                self.release(HoldKind::Sandbox, at, &mut effects);
            }
            reason if words::is_probe_kill(reason, &event.message) => {
                let field = event.field.as_deref();
                let container = field.and_then(words::container_of_field).map(str::to_owned);
                self.observe_kill(Kill::new(happened, container, text), at, &mut effects);
            }
            _ => {}
        }
        effects
    }

    fn observe_kill(&mut self, kill: Kill, at: Timestamp, effects: &mut Vec<Effect>) {
        if !self.kills.add(kill) {
            return;
        }
        let kills = &mut self.kills;
        let explained =
            self.pending.iter().enumerate().find_map(|(index, termination)| {
                kills.take_for(termination).map(|kill| (index, kill))
            });
        if let Some((index, kill)) = explained {
            let termination = self.pending.remove(index);
            let what = (FailureKind::LivenessKill, Some(kill), at);
            self.book_termination(&termination, what, effects);
        }
    }
}
