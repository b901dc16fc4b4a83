//! What else was measured, as small tables.

use maud::{Markup, PreEscaped, html};

use super::contest::{Contest, shown_scope};
use super::words::{UNDEFINED, minutes, percent_interval, percent_or, rate, spaced, thousands};
use crate::result::{
    BacktestResult, CheckRow, PairSet, ProbabilityRow, Row, Scope, TimeToEventRow,
};

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
        let pairs = match row.pairs {
            PairSet::All => "everything",
            PairSet::Given => "where one was given",
        };
        vec![
            format!("{pairs}, within {:.0} min", row.horizon_production_minutes),
            percent_or(row.base_rate),
            number(row.brier),
            number(row.brier_skill),
            number(row.ece),
        ]
    });
    let heads = [
        "probabilities of",
        "failures that came",
        "Brier score",
        "Brier skill",
        "calibration error",
    ];
    html! {
        div.pair {
            (small_table("Probabilities", &heads, &cells.collect::<Vec<_>>()))
            p.note {
                "Everything: each workload, kind of failure and scrape, with silence counted as 0\u{a0}%, "
                "also before failures whose cause Foresail does not watch."
            }
            p.note {
                "Where one was given: only where Foresail really named a probability, beside the rate of "
                "such cases on the training recordings."
            }
            @for row in rows {
                @if let Some(reason) = &row.ece_withheld {
                    p.note {
                        "No calibration error "
                        @match row.pairs {
                            PairSet::All => "over everything: ",
                            PairSet::Given => "where one was given: ",
                        }
                        (reason) "."
                    }
                }
            }
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
