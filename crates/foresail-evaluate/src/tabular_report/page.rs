//! The page.

use foresail_learn::tabular::{ClassRow, Finding, Severity};
use maud::{Markup, html};

use super::{Part, TabularResult, charts};
use crate::report::words::{UNDEFINED, counted, percent, rate, thousands};
use crate::report::{document, gallery};

/// The whole page.
pub(crate) fn page(result: &TabularResult) -> Markup {
    let main = html! {
        (headline(result))
        (findings(&result.findings))
        (classes(&result.scores.classes))
        (pictures(result))
        (footer(result))
    };
    document((&format!("Foresail on {}: {}", result.model.target, result.rows.file), ""), &main)
}

fn headline(result: &TabularResult) -> Markup {
    let scores = &result.scores;
    let rows = counted(scores.rows as usize, "row");
    let interval = &scores.intervals.macro_f1;
    html! {
        header.top {
            p.brand { span.mark {} "Foresail" span.quiet { "classes of a table" } }
            h1 {
                "Macro F1 " em { (rate(scores.macro_f1)) } " on " (rows) " (95\u{a0}% interval "
                (rate(interval.low)) "\u{2013}" (rate(interval.high)) "); always saying the most frequent class "
                "gives " (rate(scores.baselines.majority.macro_f1)) "."
            }
            (verdict(result.findings.first()))
            p.judged {
                @match result.rows.part {
                    Part::TestPart => {
                        "This is the file that the model was trained on: only the test part of its split is judged, "
                        "rows that no fit has seen. "
                    }
                    Part::All => { "All rows of another file than that the model was trained on. " }
                }
                @if result.rows.without_class > 0 {
                    (counted(result.rows.without_class, "row")) " without a class left out. "
                }
                @for unknown in &result.rows.unknown {
                    "Column " code { (unknown.column) } " has values that training did not have in "
                    (counted(unknown.rows, "row")) " (such as " code { (unknown.example) } "); they count as missing. "
                }
            }
        }
        (tiles(result))
    }
}

/// The worst that the audit found, if it bears on the score.
fn verdict(worst: Option<&Finding>) -> Markup {
    let Some(worst) = worst else { return html! {} };
    let (class, lead) = match worst.severity {
        Severity::Question => ("verdict", "A question to this score: "),
        Severity::Inflated => ("verdict worse", "Perhaps too good to be true: "),
        Severity::Invalid => ("verdict worse", "Too good to be true: "),
    };
    html! { div class=(class) { span.sign { "!" } p { strong { (lead) } (worst.fact) ". " (upper(&worst.effect)) "." } } }
}

fn tiles(result: &TabularResult) -> Markup {
    let scores = &result.scores;
    let base = &scores.baselines;
    let interval = |low, high| format!("95 % interval {}\u{2013}{}", percent(low), percent(high));
    let tile = |name: &str, value: String, interval: String, rival: String| {
        html! {
            div.tile {
                span.name { (name) }
                span.value { (value) }
                span.interval { (interval) }
                span.rival { (rival) }
            }
        }
    };
    let accuracy = &scores.intervals.accuracy;
    let f1 = &scores.intervals.macro_f1;
    html! {
        div.tiles {
            (tile("Accuracy", percent(scores.accuracy), interval(accuracy.low, accuracy.high),
                format!("most frequent class: {}", percent(base.majority.accuracy))))
            (tile("Balanced accuracy", percent(scores.balanced_accuracy), String::new(),
                format!("most frequent class: {}", percent(base.majority.balanced_accuracy))))
            (tile("Macro F1", rate(scores.macro_f1), format!("95 % interval {}\u{2013}{}", rate(f1.low), rate(f1.high)),
                format!("classes drawn by their shares: {}", rate(base.stratified.macro_f1))))
            (tile("Log-loss", format!("{:.3}", scores.log_loss), "lower is better".to_owned(),
                format!("shares of the classes: {:.3}", base.prior_log_loss)))
        }
    }
}

fn findings(findings: &[Finding]) -> Markup {
    html! {
        section #audit {
            h2 { "What the audit of the training table and these rows found" }
            @if findings.is_empty() {
                p { "Nothing: no column tells a class alone, no rows are repeated, no group gives the label away." }
            } @else {
                dl.absent {
                    @for finding in findings {
                        div {
                            dt { (upper(&finding.fact)) }
                            dd {
                                strong { (finding.severity.word()) } ": " (finding.effect) ". " (upper(&finding.advice)) "."
                            }
                        }
                    }
                }
            }
        }
    }
}

fn classes(rows: &[ClassRow]) -> Markup {
    let number = |value: Option<f64>| value.map_or_else(|| UNDEFINED.to_owned(), rate);
    html! {
        section #classes {
            h2 { "Class by class" }
            p.lead {
                "Precision: of the rows said to be of the class, how many are. Recall: of its rows, how many are found. "
                "A dash stands where nothing can be said."
            }
            div.scroll tabindex="0" role="region" aria-label="Class by class" {
                table {
                    thead { tr {
                        @for head in ["class", "rows", "precision", "recall", "F1", "ROC AUC against the rest"] {
                            th scope="col" { (head) }
                        }
                    } }
                    tbody {
                        @for row in rows {
                            tr {
                                th scope="row" { (row.class) }
                                td.number { (thousands(row.support as usize)) }
                                @for value in [row.precision, row.recall, row.f1, row.roc_auc] {
                                    td.number { (number(value)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn pictures(result: &TabularResult) -> Markup {
    html! {
        section #pictures {
            h2 { "What is confused, what is used, what is meant" }
            (gallery(&charts::all(result)))
        }
    }
}

fn footer(result: &TabularResult) -> Markup {
    let model = &result.model;
    html! {
        footer {
            h2 { "Where the numbers come from" }
            dl.facts {
                div { dt { "model" } dd {
                    code { (model.file) } ", " (model.kind) " on " (counted(model.features, "column")) ", "
                    (counted(model.training_rows as usize, "training row"))
                } }
                @for one in &model.trained_on {
                    div { dt { "trained on" } dd { (one.name) ", sha256 " code { (one.sha256) } } }
                }
                div { dt { "judged on" } dd { (result.rows.file) ", sha256 " code { (result.rows.sha256) } } }
                div { dt { "program" } dd { "Foresail " (result.provenance.program_version) } }
                div { dt { "same again" } dd { code { (result.provenance.command) } } }
            }
            p.note {
                "Everything on this page is drawn from " code { "result.json" }
                " beside it; the pictures lie in " code { "charts/" } " as SVG and PNG."
            }
        }
    }
}

/// With a capital first letter; a name in backticks stays as it is.
fn upper(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
