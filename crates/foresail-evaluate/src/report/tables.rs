//! The tables: every method on the same data, and what else was measured.

use maud::{Markup, PreEscaped, html};

use super::charts::is_shown;
use super::contest::{Contest, Verdict, same, scope_words, scopes, shown_scope};
use super::words::{
    UNDEFINED, minutes, percent, percent_interval, percent_or, points, points_interval, rate,
    rate_interval, spaced, thousands,
};
use crate::result::{
    BacktestResult, CheckRow, Estimate, MethodKind, ProbabilityRow, Row, Scope, TimeToEventRow,
    Variant,
};

/// The main table, and the same for other data and other budgets behind it.
pub(crate) fn comparison(result: &BacktestResult) -> Markup {
    let shown = shown_scope(result);
    html! {
        section #comparison {
            h2 { "Foresail beside every baseline" }
            p.lead {
                "The same recording, the same ticks, the same alarm manager. Budget: "
                (result.shown_budget) " false alarms per pod-day, thresholds chosen on training "
                "recordings and fixed before this one was looked at; what was really reached stands "
                "in the table."
            }
            (contest_table(result, &shown, result.shown_budget))
            p.note {
                "A bar spans the 95\u{a0}% interval, the dot is the value. \u{25b2} better and "
                "\u{25bc} worse mean that the 95\u{a0}% interval of the paired difference excludes "
                "0; \u{25c6} undecided that it does not. The strongest baseline is the one that "
                "catches most among those tuned for this budget and those that, as shipped, raise "
                "no more false alarms than the budget or Foresail itself."
            }
            (other_contests(result))
        }
    }
}

fn other_contests(result: &BacktestResult) -> Markup {
    let others: Vec<_> = scopes(result)
        .into_iter()
        .flat_map(|scope| result.provenance.budgets.iter().map(move |budget| (scope, *budget)))
        .filter(|(scope, budget)| !(is_shown(result, scope) && same(*budget, result.shown_budget)))
        .filter(|(scope, budget)| Contest::find(result, scope, *budget).is_some())
        .collect();
    html! {
        @for (scope, budget) in others {
            details {
                summary {
                    "The same for " (scope_words(scope)) ", budget " (budget)
                    " false alarms per pod-day"
                }
                (contest_table(result, scope, budget))
            }
        }
    }
}

fn contest_table(result: &BacktestResult, scope: &Scope, budget: f64) -> Markup {
    let Some(contest) = Contest::find(result, scope, budget) else {
        return html! { p.note { "Nothing was judged here." } };
    };
    let rules: Vec<&str> = result
        .not_in_data
        .iter()
        .filter(|absent| absent.name.parse::<foresail_core::FailureKind>().is_err())
        .map(|absent| absent.title.as_str())
        .collect();
    html! {
        div.scroll tabindex="0" role="region" aria-label={ "Comparison on " (scope_words(scope)) } {
            table.comparison {
                thead { tr {
                    th scope="col" { "method" }
                    th scope="col" { "caught in time" span.unit { "of reachable incidents" } }
                    th.wide scope="col" { "share" span.unit { "95\u{a0}% interval" } }
                    th scope="col" { "right kind" span.unit { "share" } }
                    th scope="col" { "false alarms" span.unit { "per pod-day, 95\u{a0}% interval" } }
                    th scope="col" { "precision" span.unit { "alarms that were right" } }
                    th scope="col" { "in warning" span.unit { "share of time" } }
                    th scope="col" { "median lead" span.unit { "production min" } }
                    th scope="col" { "difference" span.unit { "Foresail less this, percentage points" } }
                } }
                tbody {
                    (method_row(&contest, contest.subject))
                    @for row in &contest.others { (method_row(&contest, row)) }
                    @if !rules.is_empty() {
                        tr.absent {
                            th scope="row" { (rules.len()) " stock rules" }
                            td colspan="8" {
                                "not in this data: " (rules.join(", ")) "; reasons are "
                                a href="#absent" { "below" }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn method_row(contest: &Contest<'_>, row: &Row) -> Markup {
    let subject = std::ptr::eq(row, contest.subject);
    let rival = contest.rival.is_some_and(|rival| std::ptr::eq(row, rival));
    let class = match (subject, rival) {
        (true, _) => "subject",
        (false, true) => "rival",
        (false, false) => "other",
    };
    html! {
        tr class=(class) {
            th scope="row" title=(row.settings) {
                (row.method.title)
                span.unit {
                    @match (row.method.kind, row.method.variant) {
                        (MethodKind::Reference, _) => "reference",
                        (_, Variant::AsShipped) => "as shipped",
                        (_, Variant::Tuned) => "tuned for the budget",
                    }
                    @if rival { ", strongest baseline" }
                }
            }
            @if let Some(reason) = &row.not_measurable {
                td colspan="8" { "not measurable: " (reason) }
            } @else {
                td.number { (row.counts.reachable_matched) " of " (row.counts.reachable) }
                td { (whisker(row.recall.as_ref())) }
                td.number { (percent_or(row.recall_right_kind.map(|e| e.value))) }
                td.number { (rated(row.false_per_pod_day.as_ref())) }
                td.number { (percent_or(row.precision.map(|e| e.value))) }
                td.number { (percent_or(row.time_in_warning)) }
                td.number { (row.lead_median_production_minutes.map_or_else(|| UNDEFINED.into(), minutes)) }
                td.number { (difference(contest, row)) }
            }
        }
    }
}

fn rated(estimate: Option<&Estimate>) -> Markup {
    html! {
        @if let Some(estimate) = estimate {
            (rate(estimate.value))
            span.unit { (rate_interval(estimate).unwrap_or_default()) }
        } @else { (UNDEFINED) }
    }
}

fn difference(contest: &Contest<'_>, row: &Row) -> Markup {
    let Some(paired) = contest.paired(&row.method) else { return html! { (UNDEFINED) } };
    let verdict = Verdict::of(paired);
    html! {
        span class={ "chip " (verdict.word()) } {
            span aria-hidden="true" { (verdict.sign()) } " " (verdict.word())
        }
        span.unit {
            (points(paired.difference.value))
            @if let Some(interval) = points_interval(&paired.difference) { ", " (interval) }
        }
    }
}

/// A share with its interval, in words and as a bar.
fn whisker(estimate: Option<&Estimate>) -> Markup {
    let Some(estimate) = estimate else { return html! { (UNDEFINED) } };
    let at = |share: f64| format!("{:.1}", share.clamp(0.0, 1.0) * 100.0);
    let (low, high) =
        (estimate.low.unwrap_or(estimate.value), estimate.high.unwrap_or(estimate.value));
    html! {
        span.share { (percent(estimate.value)) }
        span.unit { (percent_interval(estimate).unwrap_or_default()) }
        span.whisker aria-hidden="true" {
            span.range style={ "left:" (at(low)) "%;width:" (at(high - low)) "%" } {}
            span.dot style={ "left:" (at(estimate.value)) "%" } {}
        }
    }
}

/// Everything else that was measured.
pub(crate) fn measured(result: &BacktestResult) -> Markup {
    let shown = shown_scope(result);
    let here = |scope: &Scope| *scope == shown;
    let checks: Vec<_> = result.checks.iter().filter(|row| here(&row.scope)).collect();
    let probabilities: Vec<_> =
        result.probabilities.iter().filter(|row| here(&row.scope)).collect();
    let times: Vec<_> = result.time_to_event.iter().filter(|row| here(&row.scope)).collect();
    html! {
        section #measured {
            h2 { "What else was measured" }
            div.columns {
                @if let Some(contest) = Contest::shown(result) { (elsewhere(contest.subject)) }
                @if !checks.is_empty() { (check_table(&checks)) }
                @if !probabilities.is_empty() { (probability_table(&probabilities)) }
                @for row in times { (times_table(row)) }
                (thinning_table(result))
                (cost_table(result))
            }
        }
    }
}

/// A small table with a heading; the first column names the row.
fn small_table(title: &str, heads: &[&str], rows: &[Vec<String>]) -> Markup {
    html! {
        div.small {
            h3 { (title) }
            div.scroll tabindex="0" role="region" aria-label=(title) {
                table {
                    thead { tr { @for head in heads { th scope="col" { (head) } } } }
                    tbody {
                        @for row in rows {
                            tr {
                                @for (index, cell) in row.iter().enumerate() {
                                    @if index == 0 { th scope="row" { (cell) } }
                                    @else { td.number { (cell) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What becomes of every alarm, and what the numbers would be in other fleets.
fn elsewhere(row: &Row) -> Markup {
    let counts = &row.counts;
    let fates = [
        ("right (an incident followed in time)", counts.hits),
        ("false", counts.false_alarms),
        ("of these, during a harmless look-alike", counts.false_on_look_alikes),
        ("of these, horizon beyond the recording\u{2019}s end", counts.false_unobserved),
        ("too late to help", counts.late),
        ("early: the failure came after the horizon", counts.early),
        ("somebody changed the workload first", counts.intervened),
        ("while the unit was already failing", counts.blackout),
        ("a further alarm for a caught incident", counts.nuisance),
    ];
    let fates = fates.map(|(name, n)| vec![name.to_owned(), thousands(n as usize)]);
    let number =
        |value: Option<f64>| value.map_or_else(|| UNDEFINED.to_owned(), |v| format!("{v:.1}"));
    html! {
        (small_table("What became of Foresail\u{2019}s alarms", &["alarms", "number"], &fates))
        @if let Some(there) = &row.prevalence {
            (small_table("In a fleet that fails less often", &["reading", "value"], &[
                vec!["incidents per pod-day here".into(), rate(there.incidents_per_pod_day)],
                vec!["look-alikes per pod-day here".into(), number(there.look_alikes_per_pod_day)],
                vec!["precision at 0.1 incidents per pod-day".into(), percent_or(there.precision_at_0_1)],
                vec!["precision at 0.01 incidents per pod-day".into(), percent_or(there.precision_at_0_01)],
                vec!["false alarms a day, 100 quiet pods".into(), number(there.quiet_pages_per_day_100_pods)],
                vec!["false alarms a day, 1\u{202f}000 quiet pods".into(), number(there.quiet_pages_per_day_1000_pods)],
            ]))
        }
    }
}

fn check_table(rows: &[&CheckRow]) -> Markup {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            vec![
                spaced(&row.kind),
                format!("{} of {}", row.named, row.outcomes),
                percent_or(row.share_named.map(|share| share.value)),
                format!("{} in {} changes", row.false_checks, row.changes),
            ]
        })
        .collect();
    let heads = ["failure after a change", "named within 10\u{a0}s", "share", "false checks"];
    small_table("Checks of changes, judged apart", &heads, &rows)
}

fn probability_table(rows: &[&ProbabilityRow]) -> Markup {
    let number =
        |value: Option<f64>| value.map_or_else(|| UNDEFINED.to_owned(), |v| format!("{v:.3}"));
    let cells = rows.iter().map(|row| {
        vec![
            format!("{:.0} production min", row.horizon_production_minutes),
            percent_or(row.base_rate),
            number(row.brier),
            number(row.brier_skill),
            number(row.ece),
        ]
    });
    let heads =
        ["horizon", "failures that came", "Brier score", "Brier skill", "calibration error"];
    let withheld = rows.iter().find_map(|row| row.ece_withheld.as_deref());
    html! {
        div.pair {
            (small_table("Probabilities", &heads, &cells.collect::<Vec<_>>()))
            @if let Some(reason) = withheld { p.note { "No calibration error: " (reason) "." } }
        }
    }
}

fn times_table(row: &TimeToEventRow) -> Markup {
    let [early, middle, late] = row.pinball_production_minutes.map(|loss| {
        loss.map_or_else(|| UNDEFINED.to_owned(), |loss| format!("{} min", minutes(loss)))
    });
    let interval = row.coverage.as_ref().and_then(percent_interval);
    let coverage = percent_or(row.coverage.map(|coverage| coverage.value));
    small_table(
        "Announced times to failure",
        &["reading", "value"],
        &[
            vec!["forecasts followed by their failure".into(), thousands(row.n as usize)],
            vec!["incidents they belong to".into(), thousands(row.incidents as usize)],
            vec!["true time within the 80 % interval".into(), coverage],
            vec![
                "95 % interval of that share".into(),
                interval.unwrap_or_else(|| UNDEFINED.into()),
            ],
            vec![
                "pinball loss at 10, 50, 90 %, production min".into(),
                format!("{early} \u{b7} {middle} \u{b7} {late}"),
            ],
        ],
    )
}

fn thinning_table(result: &BacktestResult) -> Markup {
    let rows: Vec<_> = result
        .thinning
        .iter()
        .map(|row| {
            vec![
                format!("{} s", row.scrape_interval_seconds),
                percent_or(row.recall),
                row.false_per_pod_day.map_or_else(|| UNDEFINED.to_owned(), rate),
                percent_or(row.precision),
            ]
        })
        .collect();
    let heads = ["scraped every", "caught in time", "false per pod-day", "precision"];
    if rows.is_empty() {
        PreEscaped(String::new())
    } else {
        small_table("With fewer scrapes", &heads, &rows)
    }
}

fn cost_table(result: &BacktestResult) -> Markup {
    let rows: Vec<_> = result
        .cost
        .iter()
        .map(|row| {
            vec![
                format!("{} pods", thousands(row.pods)),
                format!("{:.1} ms", row.observe_ms),
                format!("{:.1} ms", row.assess_ms),
                format!("{:.1} KiB", row.bytes_per_pod / 1024.0),
            ]
        })
        .collect();
    let heads = ["cluster of", "take in, one tick", "assess, one tick", "state per pod"];
    if rows.is_empty() {
        PreEscaped(String::new())
    } else {
        small_table("Cost on one core", &heads, &rows)
    }
}
