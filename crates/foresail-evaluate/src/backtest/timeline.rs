//! Four stories to draw: an incident caught, one late, one missed, and a false alarm.

use foresail_core::{FailureKind, FaultDuration, KindClass, Quantity, Timestamp, Unit};

use super::capture::Capture;
use super::shown::padding;
use crate::incident::Nature;
use crate::result::{
    AlarmFate, Annotation, AnnotationSource, IncidentFate, JudgedAlarm, JudgedIncident,
    SeriesPoint, Timeline, TimelineStory,
};
use crate::tune::Replayed;

/// A lead that leaves time to act, in production minutes.
const TELLING_LEAD: f64 = 20.0;

/// Up to one timeline per story.
pub(super) fn timelines(
    replayed: &Replayed,
    capture: &Capture,
    judged: (&[JudgedIncident], &[JudgedAlarm], f64),
) -> Vec<Timeline> {
    let (incidents, alarms, _) = judged;
    let caught = incidents
        .iter()
        .filter(|one| one.fate == IncidentFate::Caught && one.reachable)
        .min_by_key(|one| {
            let early = one.lead_production_minutes.is_some_and(|lead| lead >= TELLING_LEAD);
            // The one whose announced time came nearest tells how it works; the longest lead may be luck.
            let clear = one.right_kind && rests_on_what_failed(one, alarms);
            (!clear, !early, time_missed_by(replayed, one, alarms))
        });
    let late = incidents
        .iter()
        .filter(|one| one.fate == IncidentFate::Late)
        .max_by_key(|one| (one.reachable, one.kind == FailureKind::OomKilled));
    let missed = incidents
        .iter()
        .filter(|one| one.fate == IncidentFate::Missed && one.reachable)
        // The longer a fault ran unannounced, the more there is to see.
        .max_by_key(|one| {
            let ran = one.fault_began_at.map(|began| one.occurred_at.since(began));
            (one.kind == FailureKind::OomKilled, ran)
        });
    let wrong = alarms.iter().filter(|one| one.fate == AlarmFate::False).max_by(|a, b| {
        let key = |one: &JudgedAlarm| (looks_alike(replayed, one), has_passed(replayed, one));
        key(a).cmp(&key(b)).then(a.alarm.score.total_cmp(&b.alarm.score))
    });
    let stories = [
        (TimelineStory::Caught, caught, None),
        (TimelineStory::Late, late, None),
        (TimelineStory::Missed, missed, None),
        (TimelineStory::False, None, wrong),
    ];
    stories
        .into_iter()
        .filter(|(_, incident, alarm)| incident.is_some() || alarm.is_some())
        .map(|(story, incident, alarm)| {
            let alarm = alarm.or_else(|| incident.and_then(|one| one.alarm).map(|i| &alarms[i]));
            timeline(replayed, capture, (story, incident, alarm), judged.2)
        })
        .collect()
}

/// Whether the alarm of an incident was raised for the pod that then failed.
fn rests_on_what_failed(one: &JudgedIncident, alarms: &[JudgedAlarm]) -> bool {
    let basis = one.alarm.and_then(|number| alarms[number].alarm.basis.as_ref());
    let pod = one.outcomes.first().and_then(|outcome| outcome.pod.as_ref());
    basis.zip(pod).is_some_and(|(basis, pod)| basis.object.contains(pod.as_str()))
}

/// Whether a look-alike was under way when a false alarm was raised.
fn looks_alike(replayed: &Replayed, one: &JudgedAlarm) -> bool {
    let unit = replayed.trace.find(&one.alarm.unit);
    let spans = unit.map(|index| &replayed.ground.units[index.0 as usize]);
    spans
        .and_then(|unit| unit.episode_at(one.alarm.raised_at))
        .is_some_and(|span| span.nature == Nature::Benign)
}

/// Whether the recording goes on until the time that an alarm announced has passed.
fn has_passed(replayed: &Replayed, one: &JudgedAlarm) -> bool {
    let longest = replayed.ground.scale.to_platform(one.alarm.kind.longest_horizon());
    one.alarm.raised_at + longest <= replayed.trace.ended_at()
}

/// How far the announced time was from the true one, in production seconds.
fn time_missed_by(replayed: &Replayed, one: &JudgedIncident, alarms: &[JudgedAlarm]) -> i64 {
    let announced = one.alarm.and_then(|number| alarms[number].alarm.time_to_event);
    match (announced, one.lead_production_minutes) {
        (Some(time), Some(lead)) => {
            let said = replayed.ground.scale.to_fault(time.p50).as_minutes();
            ((said - lead).abs() * 60.0) as i64
        }
        (Some(_) | None, _) => i64::MAX,
    }
}

fn timeline(
    replayed: &Replayed,
    capture: &Capture,
    (story, incident, alarm): (TimelineStory, Option<&JudgedIncident>, Option<&JudgedAlarm>),
    threshold: f64,
) -> Timeline {
    let ground = &replayed.ground;
    let unit = match (incident, alarm) {
        (Some(incident), _) => incident.unit.clone(),
        (None, Some(alarm)) => alarm.alarm.unit.clone(),
        (None, None) => Unit::Component(String::new()),
    };
    let (from, to) = span(replayed, incident, alarm);
    let basis = alarm.and_then(|one| one.alarm.basis.as_ref());
    let kind = incident.map(|one| one.kind);
    let failed = incident.and_then(|one| one.outcomes.first()).and_then(|one| one.pod.as_ref());
    let prefer = |quantity: Quantity, object: &str| {
        let telling = match (basis, kind) {
            (Some(basis), _) => basis.quantity == quantity,
            (None, Some(FailureKind::Evicted)) => {
                [Quantity::EmptyDirUsed, Quantity::EphemeralStorage].contains(&quantity)
            }
            (None, _) => quantity == Quantity::MemoryWorkingSet,
        };
        let leading = match (failed, basis) {
            (Some(pod), _) => object.contains(pod.as_str()),
            (None, Some(basis)) => basis.object.contains(object),
            (None, None) => false,
        };
        (telling, leading)
    };
    let levels = capture.of(&unit, (from, to), (prefer, ground.step.as_millis()));
    let (score, probability) = said(replayed, &unit, (from, to));
    let deadline =
        incident.map(|one| one.occurred_at - ground.scale.to_platform(one.kind.minimum_lead()));
    Timeline {
        story,
        title: title(&unit, incident, alarm),
        reason: match (incident, alarm) {
            (Some(incident), _) => incident.reason.clone(),
            (None, Some(alarm)) => format!(
                "no failure of the workload followed{}{}",
                if has_passed(replayed, alarm) { "" } else { " before the recording ended" },
                match (&alarm.episode, looks_alike(replayed, alarm)) {
                    (Some(kind), true) =>
                        format!("; truth: {}, a harmless look-alike", kind.replace('_', " ")),
                    (Some(kind), false) =>
                        format!("; truth: {} was under way", kind.replace('_', " ")),
                    (None, _) if replayed.ground.look_alikes.is_some() => {
                        "; truth knows of nothing under way".to_owned()
                    }
                    (None, _) => String::new(),
                }
            ),
            (None, None) => String::new(),
        },
        annotations: annotations(replayed, &unit, (from, to)),
        unit,
        time_scale: ground.scale.get(),
        from,
        to,
        levels,
        score,
        probability,
        threshold,
        alarm: alarm.cloned(),
        incident: incident.cloned(),
        deadline,
    }
}

/// From before the alarm (or the horizon before the incident) to after what happened.
fn span(
    replayed: &Replayed,
    incident: Option<&JudgedIncident>,
    alarm: Option<&JudgedAlarm>,
) -> (Timestamp, Timestamp) {
    let ground = &replayed.ground;
    let padding = padding(replayed);
    let before = ground.scale.to_platform(FaultDuration::from_minutes(100.0));
    // What was done to the workload before this fault is another story.
    let mut from = incident.map(|one| {
        let longest = one.occurred_at - before;
        one.fault_began_at.map_or(longest, |began| longest.max(began - padding))
    });
    let mut to = incident.map(|one| one.occurred_at);
    if let Some(alarm) = alarm {
        let raised = alarm.alarm.raised_at - padding;
        from = Some(from.map_or(raised - padding, |from| from.min(raised)));
        to = Some(to.map_or(alarm.ended_at, |to| to.max(alarm.ended_at)));
    }
    let first = ground.ticks.first().copied().unwrap_or_default();
    let last = ground.ticks.last().copied().unwrap_or_default();
    let clamp = |at: Timestamp| at.max(first).min(last);
    (clamp(from.unwrap_or(first)), clamp(to.map_or(last, |to| to + padding)))
}

/// Score and probability of a unit at every tick.
fn said(
    replayed: &Replayed,
    unit: &Unit,
    (from, to): (Timestamp, Timestamp),
) -> (Vec<SeriesPoint>, Vec<SeriesPoint>) {
    let (mut scores, mut probabilities) = (Vec::new(), Vec::new());
    let index = replayed.trace.find(unit);
    for (tick, at) in replayed.trace.ticks.iter().enumerate() {
        if *at < from || *at > to {
            continue;
        }
        let of_unit = || {
            replayed.trace.scores[0].at(tick).iter().filter(|said| {
                Some(said.unit) == index && !matches!(said.kind.class(), KindClass::Change)
            })
        };
        let score = of_unit().map(|said| f64::from(said.score)).fold(0.0, f64::max);
        let probability = of_unit()
            .map(|said| f64::from(said.probability))
            .filter(|probability| probability.is_finite())
            .reduce(f64::max);
        scores.push(SeriesPoint { at: *at, value: Some(score) });
        probabilities.push(SeriesPoint { at: *at, value: Some(probability.unwrap_or(0.0)) });
    }
    (scores, probabilities)
}

fn words(kind: FailureKind) -> String {
    kind.as_str().replace('_', " ")
}

fn title(unit: &Unit, incident: Option<&JudgedIncident>, alarm: Option<&JudgedAlarm>) -> String {
    match (incident, alarm) {
        (Some(incident), _) => format!("{unit}: {}", words(incident.kind)),
        (None, Some(alarm)) => {
            format!("{unit}: {} announced, nothing came", words(alarm.alarm.kind))
        }
        (None, None) => unit.to_string(),
    }
}

fn annotations(
    replayed: &Replayed,
    unit: &Unit,
    (from, to): (Timestamp, Timestamp),
) -> Vec<Annotation> {
    let Some(index) = replayed.trace.find(unit) else { return Vec::new() };
    let ground = &replayed.ground.units[index.0 as usize];
    let mut marks = Vec::new();
    for span in &ground.episodes {
        marks.push(Annotation {
            at: span.from,
            until: Some(span.to),
            source: AnnotationSource::Truth,
            text: span.kind.clone(),
        });
    }
    for at in &ground.changed_at {
        marks.push(Annotation {
            at: *at,
            until: None,
            source: AnnotationSource::Observed,
            text: "pod or spec changed".to_owned(),
        });
    }
    marks.retain(|mark| from <= mark.until.unwrap_or(mark.at) && mark.at <= to);
    marks.sort_by(|a, b| (a.at, &a.text).cmp(&(b.at, &b.text)));
    marks.dedup();
    marks
}
