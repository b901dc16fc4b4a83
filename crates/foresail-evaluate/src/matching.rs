//! Alarm against incident: `evaluation.md` section 2.
//!
//! ```text
//!  raised_at ──────────────┬── ends: cleared, horizon or first outcome, whichever is first
//!                          │
//!   L_min ≤ t_e − t_a ≤ horizon, open at t_e − L_min, not raised in a blackout  ──> hit
//! ```

use foresail_core::{Alarm, FailureKind, KindClass, PlatformDuration, TimeScale, Timestamp};

use crate::incident::{Ground, Nature, UnitGround};
use crate::result::AlarmFate;
use crate::trace::{Trace, UnitIndex};

/// An alarm, as far as matching needs it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Raised {
    /// What it is about.
    pub unit: UnitIndex,
    /// The failure it names.
    pub kind: FailureKind,
    /// When it was raised.
    pub at: Timestamp,
    /// When it was cleared; `None` while it is open.
    pub cleared_at: Option<Timestamp>,
    /// Within which time the failure is announced.
    pub horizon: PlatformDuration,
}

/// An alarm after judgement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// The alarm.
    pub raised: Raised,
    /// When it ended.
    pub ended_at: Timestamp,
    /// What became of it.
    pub fate: AlarmFate,
    /// The incident it matches, is late for, or is a nuisance on.
    pub incident: Option<usize>,
    /// Whether it named the kind of that incident.
    pub right_kind: bool,
}

/// The first alarm that matches an incident.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Match {
    /// Position in the judged alarms.
    pub alarm: usize,
    /// From the alarm to the incident.
    pub lead: PlatformDuration,
}

/// Alarms and incidents after judgement.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// Alarms of headline kinds, in the order of being raised.
    pub alarms: Vec<Judged>,
    /// Per incident, the alarm that matches it.
    pub matched: Vec<Option<Match>>,
    /// Per incident, the alarm of the same kind that matches it.
    pub matched_right_kind: Vec<Option<Match>>,
}

// === impl Raised ===

impl Raised {
    /// What matching needs of `alarm`; `None` if its unit was never seen.
    #[must_use]
    pub fn new(trace: &Trace, alarm: &Alarm) -> Option<Self> {
        Some(Self {
            unit: trace.find(&alarm.unit)?,
            kind: alarm.kind,
            at: alarm.raised_at,
            cleared_at: alarm.cleared_at,
            horizon: alarm.horizon,
        })
    }

    /// Whether it is about a failed change, which is judged apart.
    #[must_use]
    pub const fn is_change(&self) -> bool {
        matches!(self.kind.class(), KindClass::Change)
    }

    /// Its horizon, capped at `H_max`.
    pub(crate) fn reach(&self, scale: TimeScale) -> PlatformDuration {
        self.horizon.min(scale.to_platform(self.kind.longest_horizon()))
    }
}

// === impl Judgement ===

impl Judgement {
    /// The judgement of no alarms at all.
    #[must_use]
    pub fn silent(ground: &Ground) -> Self {
        judge(ground, &[])
    }
}

/// Judges `alarms` (in the order of being raised) against what happened.
#[must_use]
pub fn judge(ground: &Ground, alarms: &[Raised]) -> Judgement {
    let mut judgement = Judgement {
        alarms: Vec::with_capacity(alarms.len()),
        matched: vec![None; ground.incidents.len()],
        matched_right_kind: vec![None; ground.incidents.len()],
    };
    for raised in alarms.iter().filter(|raised| !raised.is_change()) {
        let mut judged = judge_one(ground, *raised);
        let number = judgement.alarms.len();
        if judged.fate == AlarmFate::Hit
            && let Some(incident) = judged.incident
        {
            let lead = ground.incidents[incident].at.since(raised.at);
            let hit = Match { alarm: number, lead };
            if judged.right_kind {
                judgement.matched_right_kind[incident].get_or_insert(hit);
            }
            if judgement.matched[incident].is_some() {
                judged.fate = AlarmFate::Nuisance;
            } else {
                judgement.matched[incident] = Some(hit);
            }
        }
        judgement.alarms.push(judged);
    }
    judgement
}

fn judge_one(ground: &Ground, raised: Raised) -> Judged {
    let unit = &ground.units[raised.unit.0 as usize];
    let reach = raised.reach(ground.scale);
    let next = unit.incidents.iter().copied().find(|i| ground.incidents[*i].at >= raised.at);
    let mut ended_at = raised.at + reach;
    if let Some(cleared) = raised.cleared_at {
        ended_at = ended_at.min(cleared);
    }
    if let Some(next) = next {
        ended_at = ended_at.min(ground.incidents[next].at);
    }
    let (fate, incident) = fate(ground, unit, (raised, ended_at), next);
    let right_kind = incident.is_some_and(|i| ground.incidents[i].kind == raised.kind);
    Judged { raised, ended_at, fate, incident, right_kind }
}

/// What becomes of one alarm, before nuisance is known.
fn fate(
    ground: &Ground,
    unit: &UnitGround,
    (raised, ended_at): (Raised, Timestamp),
    next: Option<usize>,
) -> (AlarmFate, Option<usize>) {
    if unit.in_blackout(raised.at) {
        return (AlarmFate::Blackout, None);
    }
    let reach = raised.reach(ground.scale);
    if let Some(index) = next {
        let incident = &ground.incidents[index];
        let lead = incident.at.since(raised.at);
        let least = incident.minimum_lead(ground.scale);
        if incident.is_headline() && lead < least {
            return (AlarmFate::Late, Some(index));
        }
        if incident.is_headline() && lead <= reach && ended_at >= incident.at - least {
            return (AlarmFate::Hit, Some(index));
        }
    }
    let until = raised.at + reach;
    let before = next.map_or(until, |index| until.min(ground.incidents[index].at));
    if unit.changed_at.iter().any(|at| raised.at < *at && *at <= before) {
        return (AlarmFate::Intervened, None);
    }
    let under_way = unit.episodes.iter().any(|span| {
        matches!(span.nature, Nature::Slow | Nature::Killed)
            && span.from <= raised.at
            && span.to > until
    });
    if under_way {
        return (AlarmFate::Early, None);
    }
    (AlarmFate::False, None)
}

#[cfg(test)]
mod tests;
