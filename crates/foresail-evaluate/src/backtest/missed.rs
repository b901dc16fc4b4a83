//! Why an incident was missed, in a sentence with the numbers that decide it.

use foresail_core::{KindClass, Timestamp};

use crate::incident::Incident;
use crate::result::{AlarmFate, JudgedAlarm, Precursor};
use crate::trace::UnitIndex;
use crate::tune::Replayed;

/// A missed incident with everything that was said before it.
pub(super) struct Missed<'a> {
    pub(super) replayed: &'a Replayed,
    pub(super) incident: &'a Incident,
    pub(super) alarms: &'a [JudgedAlarm],
    pub(super) threshold: f64,
}

/// The highest score of a unit in `from..to`; `None` where nothing was said.
pub(super) fn highest_score(
    replayed: &Replayed,
    unit: UnitIndex,
    (from, to): (Timestamp, Timestamp),
) -> Option<f64> {
    scores(replayed, unit, (from, to)).reduce(f64::max)
}

/// The highest score per tick of a unit in `from..to`, for ticks in which something was said.
fn scores(
    replayed: &Replayed,
    unit: UnitIndex,
    (from, to): (Timestamp, Timestamp),
) -> impl Iterator<Item = f64> {
    let ticks = &replayed.trace.ticks;
    let from = ticks.partition_point(|at| *at < from);
    let to = ticks.partition_point(|at| *at < to).max(from);
    (from..to).filter_map(move |tick| {
        let all = replayed.trace.scores[0].at(tick).iter();
        all.filter(|said| said.unit == unit && !matches!(said.kind.class(), KindClass::Change))
            .map(|said| f64::from(said.score))
            .reduce(f64::max)
    })
}

// === impl Missed ===

impl Missed<'_> {
    pub(super) fn reason(&self) -> String {
        let Self { incident, threshold, .. } = *self;
        let scale = self.replayed.ground.scale;
        let deadline = incident.at - incident.minimum_lead(scale);
        let from = self.from();
        let useful = highest_score(self.replayed, incident.unit, (from, deadline)).unwrap_or(0.0);
        let after = highest_score(self.replayed, incident.unit, (deadline, incident.at));
        let least = incident.kind.minimum_lead().as_minutes();
        let said = if useful >= threshold {
            let step = scale.to_fault(self.replayed.ground.step).as_minutes();
            let ticks = scores(self.replayed, incident.unit, (from, deadline));
            let above = ticks.filter(|score| *score >= threshold).count() as f64 * step;
            format!(
                "the score reached {useful:.2} and stood above the threshold of {threshold:.2} for {above:.1} production minutes, but {}",
                self.spent().unwrap_or_else(|| "not long enough at a stretch".to_owned())
            )
        } else if useful > 0.0 {
            format!(
                "until {least:.0} production minutes before, when an alarm would still have helped, the score reached {useful:.2}; {threshold:.2} is needed{}",
                match after {
                    Some(after) if after >= threshold => ", which came only later",
                    Some(_) | None => "",
                }
            )
        } else {
            format!(
                "until {least:.0} production minutes before, when an alarm would still have helped, {}",
                nothing(incident.precursor)
            )
        };
        match incident.fault_began_at.zip(incident.episode.as_ref()) {
            Some((began, kind)) if incident.precursor == Precursor::Bearing => format!(
                "{} began {:.0} production minutes before; {said}",
                kind.replace('_', " "),
                scale.to_fault(incident.at.since(began)).as_minutes()
            ),
            Some(_) | None => said,
        }
    }

    /// From when an alarm could have announced it: the fault's start, the end of the last blackout, or
    /// the longest horizon before.
    fn from(&self) -> Timestamp {
        let ground = &self.replayed.ground;
        let incident = self.incident;
        let longest = ground.scale.to_platform(incident.kind.longest_horizon());
        let unit = &ground.units[incident.unit.0 as usize];
        let blackouts = unit.blackouts.iter().filter(|(from, _)| *from < incident.at);
        let recovered = blackouts.map(|(_, to)| *to).filter(|to| *to < incident.at).max();
        [incident.fault_began_at, recovered]
            .into_iter()
            .flatten()
            .fold(incident.at - longest, Timestamp::max)
    }

    /// What became of the last alarm of the unit in that time, which was not a hit.
    fn spent(&self) -> Option<String> {
        let ground = &self.replayed.ground;
        let incident = self.incident;
        let unit = &ground.units[incident.unit.0 as usize].unit;
        let within = |raised: Timestamp| self.from() <= raised && raised < incident.at;
        let last = self
            .alarms
            .iter()
            .filter(|one| one.alarm.unit == *unit && within(one.alarm.raised_at))
            .max_by_key(|one| one.alarm.raised_at)?;
        let before = ground.scale.to_fault(incident.at.since(last.alarm.raised_at)).as_minutes();
        let ended = match last.fate {
            AlarmFate::Intervened => "a pod was deleted or the workload changed",
            AlarmFate::Blackout => "the unit had just failed",
            AlarmFate::Hit
            | AlarmFate::False
            | AlarmFate::Late
            | AlarmFate::Early
            | AlarmFate::Nuisance => "it was closed too early",
        };
        Some(format!("the alarm raised {before:.0} minutes before does not count: {ended}"))
    }
}

// === free functions ===

fn nothing(precursor: Precursor) -> &'static str {
    match precursor {
        Precursor::Bearing => "no quantity with a known limit was seen to run toward it",
        Precursor::None => "nothing was said: the fault gives no warning",
        Precursor::Unknown => {
            "nothing on this workload gave warning; a neighbour may have caused it"
        }
    }
}
