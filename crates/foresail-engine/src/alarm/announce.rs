//! What an alarm says when it is raised and when it is said again.

use foresail_core::{
    Alarm, AlarmChange, AlarmId, FailureKind, PlatformDuration, RenewalReason, Tier, Unit,
};

use super::book::{Entry, Open};
use super::quiet::Furthest;
use super::voices::{Voices, causes};
use super::{Group, Step, kubectl, policy};
use crate::graph::{Graph, PodRecord};

impl Step<'_> {
    /// Raises the alarm of an entry.
    pub(super) fn raise(&mut self, entry: &mut Entry, group: &Group<'_>, next_id: &mut u64) {
        let Some(best) = group.first() else { return };
        let Some(voices) = Voices::of(group, best.kind) else { return };
        let at = self.context.at;
        let longest = self.context.settings.time_scale.to_platform(best.kind.longest_horizon());
        let horizon = best.horizon.min(longest);
        let alarm = Alarm {
            id: AlarmId(*next_id),
            raised_at: at,
            cleared_at: None,
            unit: best.unit.clone(),
            pod: best.pod.clone(),
            node: best.node.clone(),
            kind: best.kind,
            tier: self.tier(group),
            score: best.score,
            probability: voices.probability(),
            horizon,
            time_to_event: voices.time(),
            basis: voices.basis().cloned(),
            sentence: best.sentence.clone(),
            kubectl: kubectl(&best.unit, best.kind, best.pod.as_deref()),
            causes: causes(group),
            affected: Vec::new(),
            model: best.model.clone(),
        };
        *next_id += 1;
        self.changes.push(AlarmChange::Raised(Box::new(alarm.clone())));
        entry.open = Some(Open {
            told: alarm.time_to_event.map(|time| time.p50),
            // The fact of a failed change stands until it is repaired, however long that takes.
            ends_at: entry.change.is_none().then(|| at + horizon),
            low_since: None,
            furthest: Furthest::now(group, best.kind, at),
            expected_at: alarm.time_to_event.map(|time| at + time.p50),
            alarm: Box::new(alarm),
        });
    }

    /// Says an open alarm again if its time has halved or its tier has risen.
    ///
    /// The raised kind stays: it is what is judged. Its numbers are brought up to date; what other
    /// kinds add stands among the causes.
    pub(super) fn renew(&mut self, open: &mut Open, group: &Group<'_>) {
        let tier = self.tier(group);
        let own = Voices::of(group, open.alarm.kind);
        let time = own.as_ref().and_then(Voices::time);
        if let Some(time) = time {
            open.expected_at = Some(self.context.at + time.p50);
        }
        let halved = match (open.told, time) {
            (Some(told), Some(time)) => self.is_halved(told, time.p50),
            (Some(_) | None, Some(_) | None) => false,
        };
        let reason = match (tier > open.alarm.tier, halved) {
            (true, _) => RenewalReason::TierRose,
            (false, true) => RenewalReason::TimeHalved,
            (false, false) => return,
        };
        let alarm = &mut open.alarm;
        alarm.tier = tier.max(alarm.tier);
        alarm.causes = causes(group);
        if let Some(own) = own {
            alarm.probability = own.probability();
            alarm.time_to_event = time;
            alarm.basis = own.basis().cloned();
            own.sentence().clone_into(&mut alarm.sentence);
            open.told = time.map(|time| time.p50).or(open.told);
        }
        self.changes.push(AlarmChange::Renewed { alarm: alarm.clone(), reason });
    }

    /// Whether the time to the event has halved since it was last said, and is worth saying.
    fn is_halved(&self, told: PlatformDuration, now: PlatformDuration) -> bool {
        let scale = self.context.settings.time_scale;
        scale.to_fault(told).as_seconds() >= self.policy.renew_above.as_seconds()
            && now.as_millis() * 2 <= told.as_millis()
    }

    /// The loudest tier among the kinds of one entry.
    fn tier(&self, group: &Group<'_>) -> Tier {
        let scale = self.context.settings.time_scale;
        let mut kinds: Vec<FailureKind> = group.iter().map(|prediction| prediction.kind).collect();
        kinds.sort();
        kinds.dedup();
        let tiers = kinds.into_iter().filter_map(|kind| {
            let voices = Voices::of(group, kind)?;
            if !policy::is_change(kind) {
                return Some(voices.tier(self.policy, scale));
            }
            let unit = &group.first()?.unit;
            Some(match self.context.graph {
                Some(graph) if !has_ready_pod(graph, unit) => Tier::Page,
                Some(_) | None => Tier::Ticket,
            })
        });
        tiers.max().unwrap_or(Tier::Watch)
    }
}

/// Whether any pod of the unit is Ready.
fn has_ready_pod(graph: &Graph, unit: &Unit) -> bool {
    let Some(workload) = unit.workload() else { return true };
    graph.pods_of(workload).any(PodRecord::is_ready)
}
