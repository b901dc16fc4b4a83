//! Every method on the same data, one table per scope and budget.

use maud::{Markup, html};

use super::charts::is_shown;
use super::contest::{
    Contest, Verdict, is_grid, same, scope_words, scopes, shown_scope, warns_too_long,
};
use super::words::{
    UNDEFINED, minutes, percent, percent_interval, percent_or, points, points_interval, rate,
    rate_interval,
};
use crate::result::{BacktestResult, Estimate, MethodKind, Row, Scope, Variant};

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
                "Over the budget and over 10\u{a0}% in warning are marked: a method may catch more by "
                "shouting. Skill is the recall beyond what the same alarms reach when they are "
                "shifted in time; it is refused where more than half \
                 of that is chance, or alarms stand open for too long. "
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
    let mut all = scopes(result);
    // The wider base comes first.
    all.sort_by_key(|scope| **scope != Scope::PooledTraining);
    let others: Vec<_> = all
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
    let (grid, named): (Vec<&Row>, Vec<&Row>) =
        contest.others.iter().copied().partition(|row| is_grid(row));
    html! {
        div.scroll tabindex="0" role="region" aria-label={ "Comparison on " (scope_words(scope)) } {
            table.comparison {
                (heads())
                tbody {
                    (method_row(&contest, contest.subject))
                    @for row in named { (method_row(&contest, row)) }
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
        @if !grid.is_empty() {
            details {
                summary { "The same beside " (grid.len()) " fixed settings of predict_linear, untuned" }
                div.scroll tabindex="0" role="region" aria-label="predict_linear, untuned" {
                    table.comparison {
                        (heads())
                        tbody { @for row in grid { (method_row(&contest, row)) } }
                    }
                }
            }
        }
    }
}

fn heads() -> Markup {
    html! {
                thead { tr {
                    th scope="col" { "method" }
                    th scope="col" { "caught in time" span.unit { "of reachable incidents" } }
                    th.wide scope="col" { "share" span.unit { "95\u{a0}% interval" } }
                    th scope="col" { "right kind" span.unit { "share" } }
                    th scope="col" { "false alarms" span.unit { "per pod-day, 95\u{a0}% interval" } }
                    th scope="col" { "precision" span.unit { "alarms that were right" } }
                    th scope="col" { "in warning" span.unit { "share of time; skill" } }
                    th scope="col" { "median lead" span.unit { "production min" } }
                    th scope="col" { "difference" span.unit { "Foresail less this, percentage points" } }
                } }
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
                td.number {
                    (rated(row.false_per_pod_day.as_ref()))
                    @if contest.overspends(row) { span.flag { "over the budget" } }
                }
                td.number { (percent_or(row.precision.map(|e| e.value))) }
                td { (in_warning(row)) }
                td.number { (row.lead_median_production_minutes.map_or_else(|| UNDEFINED.into(), minutes)) }
                td.number { (difference(contest, row)) }
            }
        }
    }
}

fn in_warning(row: &Row) -> Markup {
    html! {
        (percent_or(row.time_in_warning))
        @if warns_too_long(row) { span.flag { "over 10\u{a0}%" } }
        @if let Some(skill) = row.skill { span.unit { "skill " (rate(skill)) } }
        @if let Some(reason) = &row.skill_refused {
            span.unit title=(reason) { "skill refused" }
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

pub(crate) fn difference(contest: &Contest<'_>, row: &Row) -> Markup {
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
