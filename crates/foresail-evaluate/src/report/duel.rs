//! Foresail beside the two baselines that it has to beat, over all data and budgets at a glance.

use maud::{Markup, html};

use super::comparison::difference;
use super::contest::{Contest, shown_scope, warns_too_long};
use super::words::{percent, percent_interval, percent_or, rate};
use crate::baseline::MEMORY_TTL;
use crate::result::{BacktestResult, Row, Scope, Variant};

/// The baselines that a forecast must beat to have added anything.
const RIVALS: [&str; 2] = [MEMORY_TTL, "predict_linear"];

/// One table: a column per data and budget, a row per method.
pub(crate) fn duel(result: &BacktestResult) -> Markup {
    let shown = shown_scope(result);
    let contests: Vec<(&Scope, Contest<'_>)> = [&Scope::PooledTraining, &shown]
        .into_iter()
        .flat_map(|scope| result.provenance.budgets.iter().map(move |budget| (scope, *budget)))
        .filter_map(|(scope, budget)| Some((scope, Contest::find(result, scope, budget)?)))
        .filter(|(_, contest)| contest.subject.not_measurable.is_none())
        .collect();
    html! {
        @if !contests.is_empty() {
            section #duel {
                h2 { "Beside the two baselines to beat" }
                p.lead {
                    "Reachable incidents caught in time, and the false alarms per pod-day that it really "
                    "took. Thresholds come from other recordings, so a budget may be missed; where it "
                    "was, and where alarms stood open for more than 10\u{a0}% of the time, it is marked."
                }
                div.scroll tabindex="0" role="region" aria-label="The baselines to beat" {
                    table.duel {
                        thead { tr {
                            th scope="col" { "method" }
                            @for (scope, contest) in &contests {
                                th scope="col" { (place(scope)) span.unit { "budget " (contest.budget) } }
                            }
                        } }
                        tbody {
                            tr.subject {
                                th scope="row" { "Foresail" }
                                @for (_, contest) in &contests {
                                    td { (cell(contest, contest.subject)) }
                                }
                            }
                            @for name in RIVALS { (rival(name, &contests)) }
                        }
                    }
                }
            }
        }
    }
}

fn rival(name: &str, contests: &[(&Scope, Contest<'_>)]) -> Markup {
    let found = |contest: &Contest<'_>| -> Option<usize> {
        let same = |row: &&Row| row.method.name == name && row.method.variant == Variant::Tuned;
        contest.others.iter().position(same)
    };
    let title = contests.iter().find_map(|(_, c)| Some(&c.others[found(c)?].method.title));
    html! {
        @if let Some(title) = title {
            tr.other {
                th scope="row" { (title) }
                @for (_, contest) in contests {
                    td {
                        @if let Some(row) = found(contest).map(|place| contest.others[place]) {
                            (cell(contest, row))
                            span.versus { (difference(contest, row)) }
                        }
                    }
                }
            }
        }
    }
}

fn cell(contest: &Contest<'_>, row: &Row) -> Markup {
    html! {
        span.share { (row.counts.reachable_matched) " of " (row.counts.reachable) }
        @if let Some(recall) = &row.recall {
            span.unit {
                (percent(recall.value))
                @if let Some(interval) = percent_interval(recall) { ", " (interval) }
            }
        }
        @if let Some(found) = &row.false_per_pod_day {
            span.unit { "at " (rate(found.value)) " false alarms" }
            @if contest.overspends(row) { span.flag { "over the budget" } }
        }
        @if warns_too_long(row) {
            span.flag { (percent_or(row.time_in_warning)) " of time in warning" }
        }
    }
}

fn place(scope: &Scope) -> String {
    match scope {
        Scope::Recording(name) => format!("recording {name}"),
        Scope::PooledTraining => "training recordings, leave one out".to_owned(),
        Scope::PooledJudged => "judged recordings".to_owned(),
    }
}
