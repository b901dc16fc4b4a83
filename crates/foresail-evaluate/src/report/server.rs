//! What a metrics server says besides: the alerts that really fired there, and what its history shows.

use maud::{Markup, PreEscaped, html};

use super::words::{UNDEFINED, minutes, rate, short, spaced, thousands};
use crate::result::{BacktestResult, Fired, FiredName, FitSource, HistorySource, Row, Seen};

/// Longest expression that is shown whole.
const EXPRESSION: usize = 400;

/// Both sections; nothing where no server was asked.
pub(crate) fn server(result: &BacktestResult) -> Markup {
    html! {
        @if let Some(found) = &result.fired { (fired(found)) }
        @if let Some(source) = &result.history { (history(source)) }
    }
}

fn fired(fired: &Fired) -> Markup {
    html! {
        section #fired {
            h2 { "The alerts that really fired there" }
            @if let Some(problem) = &fired.problem {
                p.lead { "They are not known: " (problem) "." }
            } @else if fired.alerts.is_empty() {
                p.lead { "The server holds no " code { "ALERTS" } " of this time: nothing fired, or it does not keep them." }
            } @else {
                p.lead {
                    "Each firing of a rule on one workload or node is one alarm, judged as every other: "
                    "right when a failure of the same workload or node followed in time, false when nothing did."
                    @if let Some(every) = fired.evaluation_interval_seconds {
                        " The rules were evaluated every " (every) " s."
                    }
                }
                (fired_table(&fired.alerts))
                p.note {
                    "Neither right nor false, and in no number on the left: alerts on no object, on an object "
                    "that was not recorded, and those that fired before this time began. An alert that has "
                    "the name of a stock rule counts as naming that rule\u{2019}s failure; any other names none."
                }
                (watchdogs(&fired.alerts))
            }
            @if let Some(problem) = &fired.rules_problem {
                p.note { "Expressions and holds of the rules are not known: " (problem) "." }
            } @else if fired.rules > 0 {
                p.note {
                    (thousands(fired.rules)) " alerting rules are in force there; "
                    (thousands(fired.silent_rules)) " of them did not fire in this time."
                }
            }
        }
    }
}

fn fired_table(alerts: &[FiredName]) -> Markup {
    let heads = [
        "alert",
        "fired",
        "judged",
        "caught in time",
        "median lead",
        "false",
        "false per pod-day",
        "too late",
        "already failing",
        "no object",
        "unknown object",
        "since before",
    ];
    html! {
        div.scroll tabindex="0" role="region" aria-label="Alerts that fired there" {
            table {
                thead { tr { @for head in heads { th scope="col" { (head) } } } }
                tbody { @for one in alerts.iter().filter(|one| !one.always) { (fired_row(one)) } }
            }
        }
    }
}

fn fired_row(one: &FiredName) -> Markup {
    let row = one.row.as_ref();
    let number = |value: fn(&Row) -> u32| {
        row.map_or_else(|| UNDEFINED.to_owned(), |row| thousands(value(row) as usize))
    };
    let lead = row.and_then(|row| row.lead_median_production_minutes);
    let wrong = row.and_then(|row| row.false_per_pod_day);
    let cells = [
        thousands(one.spells),
        number(|row| row.counts.alarms),
        number(|row| row.counts.reachable_matched),
        lead.map_or_else(|| UNDEFINED.to_owned(), |lead| format!("{} min", minutes(lead))),
        number(|row| row.counts.false_alarms),
        wrong.map_or_else(|| UNDEFINED.to_owned(), |wrong| rate(wrong.value)),
        number(|row| row.counts.late),
        number(|row| row.counts.blackout),
        thousands(one.without_object),
        thousands(one.unknown_object),
        thousands(one.already_firing),
    ];
    html! {
        tr {
            th scope="row" {
                (one.name)
                span.unit {
                    @if let Some(severity) = &one.severity { (severity) }
                    @if let Some(hold) = one.hold_seconds { " for " (hold) " s" }
                }
                @if let Some(expression) = &one.expression {
                    details { summary { "expression" } code { (short(expression, EXPRESSION)) } }
                }
            }
            @for cell in cells { td.number { (cell) } }
        }
    }
}

fn watchdogs(alerts: &[FiredName]) -> Markup {
    let names: Vec<&str> =
        alerts.iter().filter(|one| one.always).map(|one| one.name.as_str()).collect();
    if names.is_empty() {
        return PreEscaped(String::new());
    }
    html! { p.note { "Left out, as they fire to say that alerting works: " (names.join(", ")) "." } }
}

fn history(source: &HistorySource) -> Markup {
    html! {
        section #history {
            h2 { "What that server holds" }
            p.lead {
                (source.server) ", " (source.from) " to " (source.to) ", scraped every "
                (source.scrape_interval_seconds) " s, kube-state-metrics every "
                (source.object_interval_seconds) " s. Ended containers: at least "
                (thousands(source.terminations_at_least as usize)) "; restarts whose end was not seen: "
                (thousands(source.terminations_unseen as usize)) "."
            }
            @if let Some(fit) = &source.fit { (trained(fit)) }
            (kinds(source))
            (families(source))
            @for warning in &source.warnings { p.note { "The server warns: " (warning) } }
        }
    }
}

fn trained(fit: &FitSource) -> Markup {
    html! {
        p {
            "The model was trained on the first " (format!("{:.0}", fit.share * 100.0)) "\u{a0}% of the time, "
            (fit.from) " to " (fit.to) ", with " (thousands(fit.incidents)) " incidents, of which "
            (thousands(fit.unfinished)) " were not over at its end. Judged is only what comes from "
            (fit.judged_from) " on, after an embargo of " (minutes(fit.embargo_production_minutes))
            " production minutes that neither uses."
        }
        @for warning in &fit.warnings { p.note { (warning) } }
    }
}

fn kinds(source: &HistorySource) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Failures that can be told there" {
            table {
                thead { tr {
                    th scope="col" { "failure" } th scope="col" { "counted" } th scope="col" { "why" }
                } }
                tbody {
                    @for one in &source.kinds {
                        tr {
                            th scope="row" { (spaced(&one.kind)) }
                            td { (match one.seen {
                                Seen::AtLeast => "at least",
                                Seen::Partly => "partly",
                                Seen::Not => "not judged",
                            }) }
                            td { (one.reason) }
                        }
                    }
                }
            }
        }
    }
}

fn families(source: &HistorySource) -> Markup {
    html! {
        details {
            summary { "Hours of history of each of " (source.families.len()) " metric families" }
            div.scroll tabindex="0" role="region" aria-label="Metric families" {
                table {
                    thead { tr {
                        th scope="col" { "family" } th scope="col" { "series" }
                        th scope="col" { "samples" } th scope="col" { "hours" } th scope="col" { "problem" }
                    } }
                    tbody {
                        @for one in &source.families {
                            tr {
                                th scope="row" { (one.family) }
                                td.number { (thousands(one.series)) }
                                td.number { (thousands(one.samples as usize)) }
                                td.number { (format!("{:.1}", one.hours)) }
                                td { (one.problem.as_deref().unwrap_or_default()) }
                            }
                        }
                    }
                }
            }
            @if !source.missing_object_families.is_empty() {
                p.note {
                    "Not exported by kube-state-metrics there: "
                    (source.missing_object_families.join(", ")) "."
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    fn alert(name: &str) -> FiredName {
        FiredName {
            name: name.to_owned(),
            severity: Some("critical".to_owned()),
            expression: Some("up == 0".to_owned()),
            hold_seconds: Some(300.0),
            always: false,
            spells: 7,
            already_firing: 1,
            without_object: 2,
            unknown_object: 3,
            row: fixture::result().rows.into_iter().next(),
        }
    }

    #[test]
    fn names_and_expressions_of_rules_are_no_markup() {
        let fired = Fired {
            alerts: vec![alert("<script>a"), FiredName { always: true, ..alert("Watchdog") }],
            ..Fired::default()
        };
        let page = fired_of(fired);
        assert!(!page.contains("<script>") && page.contains("&lt;script&gt;a"));
        assert!(page.contains("alerting works: Watchdog."));
        assert!(page.contains("up == 0"));
    }

    #[test]
    fn what_is_not_known_is_said() {
        let problem = Some("`http://x` refused access".to_owned());
        let page = fired_of(Fired { problem, ..Fired::default() });
        assert!(page.contains("They are not known: `http://x` refused access."));
        let page =
            fired_of(Fired { rules_problem: Some("status 404".to_owned()), ..Fired::default() });
        assert!(page.contains("holds no <code>ALERTS</code>") && page.contains("status 404"));
    }

    fn fired_of(fired: Fired) -> String {
        let result = BacktestResult { fired: Some(fired), ..fixture::result() };
        server(&result).into_string()
    }
}
