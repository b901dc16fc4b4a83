//! What an alarm says when it is raised and when it is said again.

use foresail_core::{Alarm, AlarmChange, AlarmId, Cause, PlatformDuration, Prediction, Tier, Unit};

use super::book::{Entry, Open};
use super::{Group, Step, kubectl, policy};
use crate::graph::{Graph, PodRecord};

/// Most causes that an alarm names.
const MOST_CAUSES: usize = 8;

impl Step<'_> {
    /// Raises the alarm of an entry.
    pub(super) fn raise(&mut self, entry: &mut Entry, group: &Group<'_>, next_id: &mut u64) {
        let Some(best) = group.first() else { return };
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
            probability: best.probability(),
            horizon,
            time_to_event: best.time_to_event(),
            basis: best.basis.clone(),
            sentence: best.sentence.clone(),
            kubectl: kubectl(&best.unit, best.kind, best.pod.as_deref()),
            causes: causes(group),
            model: best.model.clone(),
        };
        *next_id += 1;
        self.changes.push(AlarmChange::Raised(Box::new(alarm.clone())));
        entry.open = Some(Open {
            told: alarm.time_to_event.map(|time| time.p50),
            // The fact of a failed change stands until it is repaired, however long that takes.
            ends_at: entry.change.is_none().then(|| at + horizon),
            low_since: None,
            alarm: Box::new(alarm),
        });
    }

    /// Says an open alarm again if its time has halved or its tier has risen.
    ///
    /// The raised kind stays: it is what is judged. Its numbers are brought up to date; what other
    /// kinds add stands among the causes.
    pub(super) fn renew(&mut self, open: &mut Open, group: &Group<'_>) {
        let tier = self.tier(group);
        let own = group.iter().find(|prediction| prediction.kind == open.alarm.kind);
        let time = own.and_then(|own| own.time_to_event());
        let halved = match (open.told, time) {
            (Some(told), Some(time)) => self.is_halved(told, time.p50),
            (Some(_) | None, Some(_) | None) => false,
        };
        if !halved && tier <= open.alarm.tier {
            return;
        }
        let alarm = &mut open.alarm;
        alarm.tier = tier.max(alarm.tier);
        alarm.causes = causes(group);
        if let Some(own) = own {
            alarm.probability = own.probability();
            alarm.time_to_event = time;
            alarm.basis.clone_from(&own.basis);
            alarm.sentence.clone_from(&own.sentence);
            open.told = time.map(|time| time.p50).or(open.told);
        }
        self.changes.push(AlarmChange::Renewed(alarm.clone()));
    }

    /// Whether the time to the event has halved since it was last said, and is worth saying.
    fn is_halved(&self, told: PlatformDuration, now: PlatformDuration) -> bool {
        let scale = self.context.settings.time_scale;
        scale.to_fault(told).as_seconds() >= self.policy.renew_above.as_seconds()
            && now.as_millis() * 2 <= told.as_millis()
    }

    /// The loudest tier among the predictions of one entry.
    fn tier(&self, group: &Group<'_>) -> Tier {
        let tiers = group.iter().map(|prediction| {
            if !policy::is_change(prediction.kind) {
                return self.policy.tier(prediction, self.context.settings.time_scale);
            }
            match self.context.graph {
                Some(graph) if !has_ready_pod(graph, &prediction.unit) => Tier::Page,
                Some(_) | None => Tier::Ticket,
            }
        });
        tiers.max().unwrap_or(Tier::Watch)
    }
}

/// Whether any pod of the unit is Ready.
fn has_ready_pod(graph: &Graph, unit: &Unit) -> bool {
    let Some(workload) = unit.workload() else { return true };
    graph.pods_of(workload).any(PodRecord::is_ready)
}

/// The ranked causes: one for each prediction folded into the alarm.
fn causes(group: &Group<'_>) -> Vec<Cause> {
    group.iter().take(MOST_CAUSES).map(|prediction| cause(prediction)).collect()
}

fn cause(prediction: &Prediction) -> Cause {
    let object = match (&prediction.basis, &prediction.pod) {
        (Some(basis), _) => basis.object.clone(),
        (None, Some(pod)) => pod.clone(),
        (None, None) => prediction.unit.to_string(),
    };
    let class = prediction.basis.as_ref().map_or_else(
        || prediction.kind.to_string(),
        |basis| format!("{}_growth", basis.quantity.as_str()),
    );
    let mut evidence = vec![prediction.sentence.clone()];
    evidence
        .extend(prediction.evidence.iter().filter(|text| **text != prediction.sentence).cloned());
    Cause {
        object,
        cause: class,
        confidence: prediction
            .probability()
            .map_or(prediction.score, foresail_core::Probability::get),
        evidence,
    }
}
