//! What cannot be judged, the gates, and where every number comes from.

use maud::{Markup, html};

use super::words::{counted, rate, spaced, span, thousands};
use crate::result::{BacktestResult, RecordingSummary, Role};

/// Rules and kinds that the data cannot speak about.
pub(crate) fn absent(result: &BacktestResult) -> Markup {
    html! {
        section #absent {
            h2 { "What cannot be judged here" }
            @if result.not_in_data.is_empty() {
                p { "Every kind of failure and every stock rule had something to judge." }
            } @else {
                p.lead {
                    "Not in this data. No number is given for these: a zero would be a claim."
                }
                dl.absent {
                    @for absent in &result.not_in_data {
                        div { dt { (absent.title) } dd { (absent.reason) } }
                    }
                }
            }
        }
    }
}

/// Gates, data, settings and seeds.
pub(crate) fn footer(result: &BacktestResult) -> Markup {
    let provenance = &result.provenance;
    let seeds = &provenance.seeds;
    html! {
        footer {
            h2 { "Where the numbers come from" }
            (gates(result))
            dl.facts {
                div { dt { "program" } dd {
                    "Foresail " (provenance.program_version)
                    @if let Some(revision) = &provenance.git_revision { ", revision " code { (revision) } }
                } }
                div { dt { "method" } dd { (provenance.model) } }
                div { dt { "settings" } dd { code { (provenance.settings) } } }
                div { dt { "budgets" } dd {
                    @for (index, budget) in provenance.budgets.iter().enumerate() {
                        @if index > 0 { ", " } (budget)
                    }
                    " false alarms per pod-day"
                } }
                div { dt { "seeds" } dd {
                    "bootstrap " (seeds.bootstrap) " (" (thousands(seeds.bootstrap_repetitions as usize))
                    " repetitions), circular shifts " (seeds.shifts) " (" (thousands(seeds.shift_repetitions as usize))
                    "), random baseline " (seeds.random_baseline)
                } }
                div { dt { "same again" } dd { code { (provenance.command) } } }
                @if !result.runtimes.is_empty() {
                    div { dt { "wall time" } dd {
                        @for (index, step) in result.runtimes.iter().enumerate() {
                            @if index > 0 { ", " } (step.step) " " (seconds(step.seconds))
                        }
                    } }
                }
            }
            h3 { "Recordings" }
            @for recording in &result.recordings { (recording_facts(recording)) }
            p.note {
                "Everything on this page is drawn from " code { "result.json" }
                " beside it; the pictures lie in " code { "charts/" } " as SVG and PNG."
            }
        }
    }
}

fn seconds(value: f64) -> String {
    if value < 10.0 { format!("{value:.1} s") } else { span(value) }
}

fn gates(result: &BacktestResult) -> Markup {
    html! {
        @if !result.gates.is_empty() {
            ul.gates {
                @for gate in &result.gates {
                    li class=(if gate.passed { "passed" } else { "failed" }) {
                        span.sign aria-hidden="true" { (if gate.passed { "\u{2713}" } else { "\u{2717}" }) }
                        span {
                            strong { (if gate.passed { "holds: " } else { "violated: " }) }
                            (gate.name)
                            @if !gate.detail.is_empty() { span.unit { (gate.detail) } }
                        }
                    }
                }
            }
        }
    }
}

fn recording_facts(recording: &RecordingSummary) -> Markup {
    let role = match recording.role {
        Role::Training => "training: thresholds were chosen on it",
        Role::Judged => "judged: nothing was chosen on it",
    };
    html! {
        details {
            summary {
                strong { (recording.name) } " \u{2013} " (role)
            }
            dl.facts {
                div { dt { "cluster" } dd { (recording.cluster) } }
                div { dt { "from" } dd { (recording.started_at) " to " (recording.ended_at) } }
                div { dt { "clock" } dd {
                    "faults " (recording.time_scale) " times as fast as in production, scraped every "
                    (recording.scrape_interval_seconds) " s, " (counted(recording.ticks, "tick"))
                } }
                div { dt { "size" } dd {
                    (counted(recording.units, "unit")) ", " (counted(recording.pods, "pod")) ", "
                    (rate(recording.pod_days)) " pod-days"
                } }
                div { dt { "incidents" } dd {
                    (recording.incidents) ", of which " (recording.precursor) " bore a precursor and "
                    (recording.reachable) " were reachable; " (recording.no_precursor)
                    " gave no warning, " (recording.unknown) " are of unknown origin"
                } }
                div { dt { "outcomes" } dd {
                    @for (index, count) in recording.outcomes.iter().enumerate() {
                        @if index > 0 { ", " }
                        (spaced(&count.kind)) " " (count.outcomes) " (" (count.primary) " first)"
                    }
                } }
                @for (file, hash) in &recording.sha256 {
                    div { dt { (file) } dd { code.hash { (hash) } } }
                }
            }
        }
    }
}
