//! The first screen: what was judged, how it came out, and how the strongest baseline did.

use maud::{Markup, html};

use super::contest::{Contest, Verdict, warns_too_long};
use super::words::{
    UNDEFINED, counted, minutes, percent, percent_interval, points, points_interval, rate,
    rate_interval, span, thousands,
};
use crate::result::{BacktestResult, RecordingSummary, Role, Row};

/// The sentence, the verdict beside the strongest baseline, and four tiles.
pub(crate) fn headline(result: &BacktestResult) -> Markup {
    let recording = result.recordings.iter().find(|recording| recording.name == result.shown);
    let contest = Contest::shown(result);
    let pooled = Contest::pooled(result);
    html! {
        header.top {
            p.brand { span.mark {} "Foresail" span.quiet { "back-test report" } }
            @if let Some(contest) = &contest {
                h1 { "On " (result.shown) ", " (sentence(contest.subject)) }
                @if let Some(pooled) = &pooled { p.pooled { (pooled_sentence(result, pooled.subject)) } }
                (verdict(contest, &format!("On {}", result.shown)))
                @if let Some(pooled) = &pooled { (verdict(pooled, "Over the training recordings")) }
            } @else {
                h1 { "Nothing was judged on " (result.shown) "." }
            }
            @if let Some(recording) = recording { p.judged { (judged(recording)) } }
        }
        @if let Some(contest) = &contest { (tiles(contest, recording)) }
    }
}

/// The result in one sentence.
fn sentence(row: &Row) -> Markup {
    let rate_words = row.false_per_pod_day.map_or_else(
        || "an unknown number of false alarms".to_owned(),
        |found| format!("{} false alarms per pod-day", rate(found.value)),
    );
    let lead = row
        .lead_median_production_minutes
        .map(|lead| format!(" and a median lead of {} production minutes", minutes(lead)));
    html! {
        "Foresail "
        @if let Some(reason) = &row.not_measurable {
            "could not be measured here: " (reason) "."
        } @else if let Some(recall) = &row.recall {
            "caught " em { (row.counts.reachable_matched) " of " (row.counts.reachable) }
            " reachable incidents in time (" (percent(recall.value))
            @if let Some(interval) = percent_interval(recall) { ", 95\u{a0}% interval " (interval) }
            "), at " em { (rate_words) } @if let Some(lead) = lead { (lead) } "."
        } @else {
            "announced " em { (row.counts.hits) " of " (row.counts.incidents) }
            " incidents in time, at " em { (rate_words) }
            @if let Some(lead) = lead { (lead) } ". None of them can be shown to have been "
            "reachable, so no share is given."
        }
    }
}

/// The same over the training recordings: the shown recording illustrates, this is the wider base.
fn pooled_sentence(result: &BacktestResult, row: &Row) -> Markup {
    let recordings =
        result.recordings.iter().filter(|recording| recording.role == Role::Training).count();
    html! {
        "Over the " (counted(recordings, "training recording")) ", each judged with what the others "
        "chose, it caught " strong { (row.counts.reachable_matched) " of " (row.counts.reachable) }
        @if let Some(recall) = &row.recall {
            " (" (percent(recall.value))
            @if let Some(interval) = percent_interval(recall) { ", 95\u{a0}% interval " (interval) }
            ")"
        }
        @if let Some(found) = &row.false_per_pod_day {
            " at " strong { (rate(found.value)) " false alarms per pod-day" }
        }
        ". " (result.shown) " illustrates; this is the number to go by."
        @if let Some(share) = row.time_in_warning.filter(|_| warns_too_long(row)) {
            " Its alarms stood open for " (percent(share)) " of the time, over the 10\u{a0}% that are "
            "accepted."
        }
    }
}

/// How the strongest baseline did, without favour.
fn verdict(contest: &Contest<'_>, place: &str) -> Markup {
    let Some(rival) = contest.rival else {
        return html! { p.verdict.undecided { "No baseline could be measured on this data." } };
    };
    let paired = contest.paired(&rival.method);
    let verdict = paired.map_or(Verdict::Undecided, Verdict::of);
    let judgement = match verdict {
        Verdict::Better => "Foresail catches more",
        Verdict::Worse => "the baseline catches more",
        Verdict::Undecided => "the difference is undecided",
    };
    html! {
        p class={ "verdict " (verdict.word()) } {
            span.sign aria-hidden="true" { (verdict.sign()) }
            span {
                (place) ": " strong { (judgement) "; " }
                "the strongest baseline, " (rival.method.title) ", caught "
                (rival.counts.reachable_matched) " of " (rival.counts.reachable)
                @if let Some(found) = &rival.false_per_pod_day {
                    " at " (rate(found.value)) " false alarms per pod-day"
                    @if contest.overspends(rival) {
                        ", more than the budget of " (contest.budget)
                        @if !contest.overspends(contest.subject) && !warns_too_long(contest.subject) {
                            ", which Foresail keeps"
                        }
                    }
                }
                @if let Some(paired) = paired {
                    "; Foresail less baseline " (points(paired.difference.value))
                    " percentage points"
                    @if let Some(interval) = points_interval(&paired.difference) {
                        ", 95\u{a0}% interval " (interval)
                    }
                }
                "."
            }
        }
    }
}

/// What was judged.
fn judged(recording: &RecordingSummary) -> Markup {
    let seconds = recording.ended_at.since(recording.started_at).as_seconds();
    let faults = seconds * recording.time_scale / 3600.0;
    html! {
        "Judged on recording " strong { (recording.name) } " of cluster " (recording.cluster) ": "
        (span(seconds)) " of wall time"
        @if recording.time_scale > 1.0 {
            ", in which faults ran " (recording.time_scale) " times as fast as in production ("
            (minutes(faults)) " production hours)"
        }
        "; " (counted(recording.pods, "pod")) ", " (rate(recording.pod_days)) " pod-days; "
        (counted(recording.incidents, "incident"))
        @if recording.change_incidents > 0 {
            ", " (thousands(recording.change_incidents)) " of them right after a change and judged "
            "apart"
        }
        @if recording.truth {
            "; " strong { (thousands(recording.reachable)) " were reachable" }
            ": a fault gave warning early enough for an alarm to help."
        } @else {
            ". The recording carries no ground truth, so nobody can say which of them gave warning."
        }
    }
}

/// A number with what it means and what the rival has.
struct Tile {
    name: &'static str,
    value: String,
    unit: String,
    interval: Option<String>,
    rival: Option<String>,
}

fn tiles(contest: &Contest<'_>, recording: Option<&RecordingSummary>) -> Markup {
    let (row, rival) = (contest.subject, contest.rival);
    let scale = recording.map_or(1.0, |recording| recording.time_scale);
    let all =
        [caught(row, rival), right_kind(row, rival), quiet(row, rival), lead(row, rival, scale)];
    html! {
        section.tiles aria-label="In four numbers" {
            @for tile in all {
                div.tile {
                    p.name { (tile.name) }
                    p.value { (tile.value) @if !tile.unit.is_empty() { " " span.unit { (tile.unit) } } }
                    p.interval { (tile.interval.unwrap_or_default()) }
                    p.rival { "strongest baseline: " (tile.rival.as_deref().unwrap_or(UNDEFINED)) }
                }
            }
        }
    }
}

fn caught(row: &Row, rival: Option<&Row>) -> Tile {
    let share = row.recall.map(|recall| percent(recall.value));
    Tile {
        name: "Caught in time",
        value: share.unwrap_or_else(|| UNDEFINED.to_owned()),
        unit: format!("{} of {}", row.counts.reachable_matched, row.counts.reachable),
        interval: row
            .recall
            .as_ref()
            .and_then(percent_interval)
            .map(|i| format!("95\u{a0}% interval {i}")),
        rival: rival.and_then(|rival| rival.recall).map(|recall| percent(recall.value)),
    }
}

fn right_kind(row: &Row, rival: Option<&Row>) -> Tile {
    let share = row.recall_right_kind.map(|recall| percent(recall.value));
    let interval = row.recall_right_kind.as_ref().and_then(percent_interval);
    Tile {
        name: "Right kind named",
        value: share.unwrap_or_else(|| UNDEFINED.to_owned()),
        unit: format!("{} of {}", row.counts.reachable_matched_right_kind, row.counts.reachable),
        interval: interval.map(|i| format!("95\u{a0}% interval {i}")),
        rival: rival.and_then(|rival| rival.recall_right_kind).map(|r| percent(r.value)),
    }
}

fn quiet(row: &Row, rival: Option<&Row>) -> Tile {
    let found = row.false_per_pod_day.map(|found| rate(found.value));
    let interval = row.false_per_pod_day.as_ref().and_then(rate_interval);
    let rival = rival.and_then(|rival| rival.false_per_pod_day);
    Tile {
        name: "False alarms",
        value: found.unwrap_or_else(|| UNDEFINED.to_owned()),
        unit: "per pod-day".to_owned(),
        interval: interval.map(|i| format!("95\u{a0}% interval {i}")),
        rival: rival.map(|found| rate(found.value)),
    }
}

fn lead(row: &Row, rival: Option<&Row>, scale: f64) -> Tile {
    let lead = row.lead_median_production_minutes;
    let wall = lead.filter(|_| scale > 1.0).map(|lead| span(lead * 60.0 / scale));
    let rival = rival.and_then(|rival| rival.lead_median_production_minutes);
    Tile {
        name: "Median lead",
        value: lead.map_or_else(|| UNDEFINED.to_owned(), minutes),
        unit: "production minutes".to_owned(),
        interval: wall.map(|wall| format!("{wall} of wall time here")),
        rival: rival.map(|lead| format!("{} min", minutes(lead))),
    }
}
