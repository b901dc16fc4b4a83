//! Four incidents drawn over time: caught, late, missed, false.

use foresail_core::PlatformDuration;
use maud::{Markup, html};

use super::charts::{fate_words, story_name};
use super::document::drawing;
use super::words::{minutes, spaced};
use crate::chart::Chart;
use crate::result::{IncidentFate, JudgedAlarm, JudgedIncident, Timeline, TimelineStory};

/// The section with every story, `charts` in the order of `timelines`.
pub(crate) fn stories(timelines: &[Timeline], charts: &[Chart]) -> Markup {
    html! {
        section #stories {
            h2 { "Incidents, one by one" }
            p.lead {
                "Time runs in production minutes from the event at 0. "
                span.swatch.truth { "Purple" } " marks ground truth: what the laboratory did to the "
                "workload, which Foresail never sees. "
                span.swatch.alarm { "Amber" } " is an alarm while it was open, "
                span.swatch.failure { "red" } " the limit and the failure, "
                span.swatch.subject { "blue" } " the announced probability."
            }
            @if timelines.is_empty() { p.note { "There was no incident and no alarm to draw." } }
            @for (timeline, chart) in timelines.iter().zip(charts) { (story(timeline, chart)) }
            (absent(timelines))
        }
    }
}

fn story(timeline: &Timeline, chart: &Chart) -> Markup {
    html! {
        figure.story id={ "story-" (story_name(timeline.story)) } {
            figcaption {
                p.fate {
                    span class={ "chip " (story_name(timeline.story)) } { (word(timeline.story)) }
                    span.unit { (fate_words(timeline)) }
                }
                h3 { (timeline.title) }
                @if let Some(alarm) = &timeline.alarm { p { (announced(timeline, alarm)) } }
                @if !retold(timeline) { p { (sentence(&timeline.reason)) "." } }
                @if let Some(level) = timeline.levels.first() {
                    p.note { "Measured on " code { (level.object) } }
                }
                @if let Some(alarm) = &timeline.alarm {
                    p.note {
                        "The alarm said"
                        @if timeline.time_scale > 1.0 {
                            ", in minutes of wall time (1 is " (timeline.time_scale) " production minutes)"
                        }
                        ": \u{201c}" (alarm.alarm.sentence) "\u{201d}"
                    }
                    p.note { "See it: " code { (alarm.alarm.kubectl) } }
                }
            }
            (drawing(chart))
        }
    }
}

/// A text that begins with a capital letter.
fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

/// Whether the reason only says again what the alarm said.
fn retold(timeline: &Timeline) -> bool {
    let sentence = timeline.alarm.as_ref().map(|alarm| alarm.alarm.sentence.as_str());
    sentence.is_some_and(|sentence| timeline.reason.ends_with(sentence))
}

/// What the alarm announced beside what came, in production minutes.
fn announced(timeline: &Timeline, alarm: &JudgedAlarm) -> String {
    let minutes_of =
        |wall: PlatformDuration| minutes(wall.as_seconds() * timeline.time_scale / 60.0);
    let said = alarm.alarm.time_to_event.map_or_else(
        || "without a time".to_owned(),
        |time| {
            format!(
                "in {} production minutes (80\u{a0}% interval {}\u{2013}{})",
                minutes_of(time.p50),
                minutes_of(time.p10),
                minutes_of(time.p90)
            )
        },
    );
    let kind = spaced(alarm.alarm.kind.as_str());
    let came = match (&timeline.incident, alarm.lead_production_minutes) {
        (Some(incident), Some(lead)) if alarm.right_kind => {
            format!("it came after {}{}", minutes(lead), useful(incident))
        }
        (Some(incident), Some(lead)) => format!(
            "{} came after {}{}",
            spaced(incident.kind.as_str()),
            minutes(lead),
            useful(incident)
        ),
        (Some(_) | None, _) => "it did not come".to_owned(),
    };
    format!("Announced {kind} {said}; {came}.")
}

/// What a late alarm lacked.
fn useful(incident: &JudgedIncident) -> String {
    match incident.fate {
        IncidentFate::Late => format!(
            ", and {} are needed for an alarm to help",
            minutes(incident.kind.minimum_lead().as_minutes())
        ),
        IncidentFate::Caught | IncidentFate::Missed => String::new(),
    }
}

const fn word(story: TimelineStory) -> &'static str {
    match story {
        TimelineStory::Caught => "caught",
        TimelineStory::Late => "too late",
        TimelineStory::Missed => "missed",
        TimelineStory::False => "false alarm",
    }
}

/// Stories that this recording does not hold are named, not passed over.
fn absent(timelines: &[Timeline]) -> Markup {
    let all = [
        (TimelineStory::Caught, "an incident that was caught"),
        (TimelineStory::Late, "an alarm that came too late"),
        (TimelineStory::Missed, "a reachable incident that was missed"),
        (TimelineStory::False, "a false alarm"),
    ];
    let missing: Vec<&str> = all
        .into_iter()
        .filter(|(story, _)| timelines.iter().all(|timeline| timeline.story != *story))
        .map(|(_, words)| words)
        .collect();
    html! {
        @if !missing.is_empty() {
            p.note { "This recording and budget hold no example of: " (missing.join(", ")) "." }
        }
    }
}
