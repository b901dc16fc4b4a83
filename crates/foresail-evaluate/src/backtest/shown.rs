//! The shown recording once more, through the engine as it runs live, with the chosen policy.

use std::collections::BTreeMap;

use foresail_collect::ReplayOptions;
use foresail_core::{Alarm, KindClass, PlatformDuration};
use foresail_engine::Policy;

use super::capture::Capture;
use super::load::{Loaded, open, settings};
use super::missed::{self, Missed};
use super::timeline::timelines;
use super::{BacktestInput, EvaluateError, OnProgress, Progress};
use crate::incident::Incident;
use crate::matching::{Judgement, Raised, judge};
use crate::replay;
use crate::result::{AlarmFate, Gate, IncidentFate, JudgedAlarm, JudgedIncident, Timeline};
use crate::tune::{Replayed, alarms};

/// What is shown of one recording.
pub(super) struct Shown {
    pub(super) incidents: Vec<JudgedIncident>,
    pub(super) judged: Vec<JudgedAlarm>,
    pub(super) alarms: Vec<Alarm>,
    pub(super) timelines: Vec<Timeline>,
    pub(super) live_gate: Gate,
}

pub(super) fn show(
    input: &BacktestInput,
    loaded: &Loaded,
    policy: &Policy,
    on_progress: OnProgress<'_>,
) -> Result<Shown, EvaluateError> {
    let recording = open(&loaded.path)?;
    let settings = settings(&recording, ReplayOptions::default());
    let batches = recording.replay(ReplayOptions::default());
    let total = batches.len();
    let mut capture = Capture::new(settings.time_scale);
    let mut done = 0;
    let live =
        replay::alarms((&settings, &input.models, policy), batches, |state, batch, assessment| {
            capture.note(state, batch, assessment.at);
            done += 1;
            on_progress(Progress { step: "judge", done, total });
        });
    let replayed = &loaded.replayed;
    let tuned = alarms(&replayed.trace, &replayed.trace.engine, &policy.alarm);
    let (forecasts, judgement) = judge_live(replayed, &live);
    let judged = judged_alarms(replayed, &forecasts, &judgement);
    let incidents = judged_incidents(replayed, &judgement, (&judged, policy.alarm.threshold));
    let timelines = timelines(replayed, &capture, (&incidents, &judged, policy.alarm.threshold));
    Ok(Shown { live_gate: live_gate(&live, &tuned), incidents, judged, alarms: live, timelines })
}

/// Forecast alarms whose unit is known, and their judgement, in one order.
fn judge_live<'a>(replayed: &Replayed, live: &'a [Alarm]) -> (Vec<&'a Alarm>, Judgement) {
    let forecasts: Vec<&Alarm> = live
        .iter()
        .filter(|alarm| !matches!(alarm.kind.class(), KindClass::Change))
        .filter(|alarm| replayed.trace.find(&alarm.unit).is_some())
        .collect();
    let raised: Vec<Raised> =
        forecasts.iter().filter_map(|alarm| Raised::new(&replayed.trace, alarm)).collect();
    let judgement = judge(&replayed.ground, &raised);
    (forecasts, judgement)
}

/// Whether tuning tried the very alarms that the live engine raises.
fn live_gate(live: &[Alarm], tuned: &[Alarm]) -> Gate {
    let same = |one: &Alarm, other: &Alarm| {
        one.unit == other.unit
            && one.kind == other.kind
            && one.raised_at == other.raised_at
            && one.cleared_at == other.cleared_at
    };
    let apart = live.iter().zip(tuned).find(|(one, other)| !same(one, other));
    let counts = format!("{} raised by the engine, {} in tuning", live.len(), tuned.len());
    Gate {
        name: "the alarms that were tuned are the alarms that the engine raises".to_owned(),
        passed: live.len() == tuned.len() && apart.is_none(),
        detail: match apart {
            Some((one, other)) => format!(
                "{counts}; first apart: {} at {} and {} at {}",
                one.unit, one.raised_at, other.unit, other.raised_at
            ),
            None => counts,
        },
    }
}

fn judged_alarms(
    replayed: &Replayed,
    forecasts: &[&Alarm],
    judgement: &Judgement,
) -> Vec<JudgedAlarm> {
    let ground = &replayed.ground;
    forecasts
        .iter()
        .zip(&judgement.alarms)
        .map(|(alarm, judged)| {
            let incident = judged.incident.map(|i| &ground.incidents[i]);
            let unit = &ground.units[judged.raised.unit.0 as usize];
            JudgedAlarm {
                alarm: (*alarm).clone(),
                ended_at: judged.ended_at,
                fate: judged.fate,
                incident: incident.map(|one| one.number),
                right_kind: judged.right_kind,
                lead_production_minutes: incident
                    .map(|one| ground.scale.to_fault(one.at.since(judged.raised.at)).as_minutes()),
                episode: unit.episode_at(judged.raised.at).map(|span| span.kind.clone()),
            }
        })
        .collect()
}

fn judged_incidents(
    replayed: &Replayed,
    judgement: &Judgement,
    (alarms, threshold): (&[JudgedAlarm], f64),
) -> Vec<JudgedIncident> {
    let ground = &replayed.ground;
    let late: BTreeMap<usize, usize> = judgement
        .alarms
        .iter()
        .enumerate()
        .filter(|(_, judged)| judged.fate == AlarmFate::Late)
        .filter_map(|(number, judged)| judged.incident.map(|incident| (incident, number)))
        .collect();
    ground
        .incidents
        .iter()
        .enumerate()
        .map(|(number, incident)| {
            let hit = judgement.matched[number];
            let (fate, alarm) = match (hit, late.get(&number)) {
                (Some(hit), _) => (IncidentFate::Caught, Some(hit.alarm)),
                (None, Some(alarm)) => (IncidentFate::Late, Some(*alarm)),
                (None, None) => (IncidentFate::Missed, None),
            };
            let reason = match (fate, alarm) {
                (IncidentFate::Caught, Some(number)) => announced(&alarms[number]),
                (IncidentFate::Late, Some(number)) => announced_late(incident, &alarms[number]),
                (IncidentFate::Caught | IncidentFate::Late | IncidentFate::Missed, _) => {
                    Missed { replayed, incident, alarms, threshold }.reason()
                }
            };
            let longest = ground.scale.to_platform(incident.kind.longest_horizon());
            let before = (incident.at - longest, incident.at);
            JudgedIncident {
                number: incident.number,
                unit: ground.units[incident.unit.0 as usize].unit.clone(),
                kind: incident.kind,
                occurred_at: incident.at,
                recovered_at: incident.recovered_at,
                precursor: incident.precursor,
                reachable: incident.is_reachable(),
                not_reachable_because: incident.not_reachable_because.clone(),
                episode: incident.episode.clone(),
                fault_began_at: incident.fault_began_at,
                fate,
                right_kind: judgement.matched_right_kind[number].is_some(),
                lead_production_minutes: hit
                    .map(|hit| ground.scale.to_fault(hit.lead).as_minutes()),
                alarm,
                highest_score_before: missed::highest_score(replayed, incident.unit, before),
                reason,
                outcomes: incident.outcomes.clone(),
            }
        })
        .collect()
}

fn announced(alarm: &JudgedAlarm) -> String {
    format!(
        "announced {:.0} production minutes before: {}",
        alarm.lead_production_minutes.unwrap_or(0.0),
        alarm.alarm.sentence
    )
}

fn announced_late(incident: &Incident, alarm: &JudgedAlarm) -> String {
    format!(
        "announced {:.0} production minutes before, later than the {:.0} that help: {}",
        alarm.lead_production_minutes.unwrap_or(0.0),
        incident.kind.minimum_lead().as_minutes(),
        alarm.alarm.sentence
    )
}

/// What is shown besides the span of alarm and incident.
pub(super) fn padding(replayed: &Replayed) -> PlatformDuration {
    replayed.ground.scale.to_platform(foresail_core::FaultDuration::from_minutes(20.0))
}
