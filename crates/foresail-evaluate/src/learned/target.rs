//! What happened to each row next, from outcomes alone.
//!
//! A row fails when its pod carries the first outcome of the next incident of its workload; it is
//! lost from sight when its pod ends, is deleted or replaced (a rollout, a scale-down, a person), when
//! another pod of the workload fails first, or when the recording ends. A failure that somebody
//! prevented is therefore no negative example.

use std::collections::BTreeMap;

use foresail_core::{FailureKind, FaultDuration, Timestamp, Unit};
use foresail_learn::hazard::HazardTarget;

use super::rows::Rows;
use crate::incident::{Ground, Incident, UnitGround};
use crate::tune::Replayed;

/// How far targets look ahead, in minutes of fault time (`H_max`).
pub const HORIZON_MINUTES: f64 = 100.0;
/// Ends of the time bins, in minutes of fault time, spaced by their logarithm.
const EDGES: [f64; 8] = [0.0, 5.0, 10.0, 15.0, 25.0, 40.0, 65.0, HORIZON_MINUTES];
/// The first seconds of a recording are not learned from (`evaluation.md` section 5, gate 7).
const WARM_UP_SECONDS: f64 = 120.0;
/// A pod that fails may vanish from its own list a little before its failure is dated.
const VANISHED: FaultDuration = FaultDuration::from_minutes(12.0);

/// What happened to one row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// The kind that its pod failed with first, and in how many minutes; `None` where it was lost
    /// from sight before.
    pub failure: Option<(FailureKind, f64)>,
    /// For how many minutes it was in sight without a failure, at most the horizon.
    pub seen_minutes: f64,
    /// The incident behind `failure`.
    pub incident: Option<usize>,
}

/// Ends of the time bins in minutes of fault time.
#[must_use]
pub fn edges() -> Vec<f64> {
    EDGES.to_vec()
}

/// The target of each row; `None` in blackouts and in the first two minutes.
#[must_use]
pub fn targets(rows: &Rows, replayed: &Replayed) -> Vec<Option<Target>> {
    let ground = &replayed.ground;
    let last_seen = last_seen(rows);
    let first = rows.ticks.first().copied().unwrap_or_default();
    let mut targets = Vec::with_capacity(rows.len());
    let units: Vec<Option<&UnitGround>> = rows
        .units
        .iter()
        .map(|unit| replayed.trace.find(&Unit::Workload(unit.clone())))
        .map(|index| index.map(|index| &ground.units[index.0 as usize]))
        .collect();
    for (tick, at) in rows.ticks.iter().enumerate() {
        let warm = at.since(first).as_seconds() >= WARM_UP_SECONDS;
        for row in rows.at(tick) {
            let unit = units[rows.unit[row] as usize].filter(|unit| warm && !unit.in_blackout(*at));
            let pod = rows.pod[row] as usize;
            targets.push(unit.map(|unit| {
                let next = next_incident(ground, unit, *at);
                target(ground, *at, (next, &rows.pods[pod].1, last_seen[pod]))
            }));
        }
    }
    targets
}

/// When each pod was last seen in the rows.
fn last_seen(rows: &Rows) -> Vec<Timestamp> {
    let mut last: BTreeMap<u32, Timestamp> = BTreeMap::new();
    for (tick, at) in rows.ticks.iter().enumerate() {
        for row in rows.at(tick) {
            last.insert(rows.pod[row], *at);
        }
    }
    (0..rows.pods.len() as u32).map(|pod| last.get(&pod).copied().unwrap_or_default()).collect()
}

fn next_incident<'a>(
    ground: &'a Ground,
    unit: &UnitGround,
    at: Timestamp,
) -> Option<(usize, &'a Incident)> {
    let next = unit.incidents.iter().find(|place| ground.incidents[**place].at > at)?;
    Some((*next, &ground.incidents[*next]))
}

fn target(
    ground: &Ground,
    at: Timestamp,
    (next, pod, last_seen): (Option<(usize, &Incident)>, &str, Timestamp),
) -> Target {
    let minutes = |until: Timestamp| ground.scale.to_fault(until.since(at)).as_minutes();
    let gone = minutes(last_seen);
    let Some((place, incident)) = next else {
        return Target { failure: None, seen_minutes: gone.min(HORIZON_MINUTES), incident: None };
    };
    let failed = minutes(incident.at);
    let own = incident
        .outcomes
        .first()
        .is_none_or(|first| first.pod.as_deref().is_none_or(|failing| failing == pod));
    let own = own && incident.is_headline() && failed <= gone + VANISHED.as_minutes();
    let failure = (own && failed <= HORIZON_MINUTES).then_some((incident.kind, failed));
    let seen = if own { failed } else { failed.min(gone) };
    Target { failure, seen_minutes: seen.min(HORIZON_MINUTES), incident: failure.map(|_| place) }
}

// === impl Target ===

impl Target {
    /// As the hazard model takes it; kinds that the model does not know are lost from sight.
    pub(crate) fn hazard(&self, kinds: &[FailureKind], weight: f32) -> HazardTarget {
        let kind = self.failure.and_then(|(kind, _)| kinds.iter().position(|one| *one == kind));
        // The bin whose start had been survived, and for one that was lost the last whole one.
        let bin = EDGES[1..].iter().filter(|edge| **edge <= self.seen_minutes).count();
        HazardTarget {
            until_bin: bin.min(EDGES.len() - 1 - usize::from(kind.is_some())) as u16,
            event: kind.map(|kind| kind as u16),
            weight,
        }
    }

    /// Whether a failure of `kind` came within the horizon; `None` where that was not seen.
    #[must_use]
    pub fn came(&self, kind: FailureKind) -> Option<bool> {
        match self.failure {
            Some((failed, _)) => Some(failed == kind),
            None => (self.seen_minutes >= HORIZON_MINUTES).then_some(false),
        }
    }
}

#[cfg(test)]
mod tests;
