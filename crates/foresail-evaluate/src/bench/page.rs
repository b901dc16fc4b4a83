//! The files of a benchmark: `bench.json`, one page drawn from it, and what a repository keeps.
//!
//! The page needs no network, no script and no font, and says so to the browser.

use std::path::{Path, PathBuf};

use maud::{Markup, html};

use super::committed::Committed;
use super::methods::FORESAIL;
use super::result::BenchResult;
use super::tables::{TextTable, difference, pooled, split_words, tables};
use crate::baseline::{FIRST_PASSAGE, MEMORY_TTL};
use crate::chart::{
    Bar, Bars, Chart, Curve, Curves, CurvesAxes, Emphasis, Figure, Reliability, ReliabilityBin,
};
use crate::report::output::{Page, write_all};
use crate::report::words::{percent, points, points_interval, rate, spaced};
use crate::report::{ReportError, document, gallery};
use crate::result::{Row, Split};
use crate::untrusted;

/// What differs from the report of a back-test: no picture of one incident, many tables.
const OWN_STYLE: &str =
    "section{margin-top:40px}.scroll table{min-width:760px}td.number{white-space:normal}";
/// Budget whose kinds and verdicts are shown.
const SHOWN_BUDGET: f64 = 1.0;
/// Methods that a verdict is given on.
const RIVALS: [&str; 4] = [FIRST_PASSAGE, "predict_linear", MEMORY_TTL, "random_forest"];

/// Where the files of a benchmark lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BenchFiles {
    /// `index.html`.
    pub html: PathBuf,
    /// `bench.json`.
    pub json: PathBuf,
    /// `results.json`: what a repository keeps.
    pub committed: PathBuf,
    /// `tables.md`.
    pub markdown: PathBuf,
}

/// Writes every file below a folder, or none.
///
/// # Errors
/// [`ReportError`] names the file.
pub fn write(result: &BenchResult, folder: &Path) -> Result<BenchFiles, ReportError> {
    let mut json = serde_json::to_vec_pretty(result).map_err(ReportError::Json)?;
    json.push(b'\n');
    let mut committed =
        serde_json::to_vec_pretty(&Committed::of(result)).map_err(ReportError::Json)?;
    committed.push(b'\n');
    let page = |place: &str, bytes| Page { place: PathBuf::from(place), bytes };
    let pages = [
        page("bench.json", json),
        page("results.json", committed),
        page("tables.md", markdown(result).into_bytes()),
        page("index.html", html(result).into_bytes()),
    ];
    let mut written = write_all(folder, &pages)?.into_iter();
    let mut next = || written.next().unwrap_or_default();
    Ok(BenchFiles { json: next(), committed: next(), markdown: next(), html: next() })
}

/// The tables as Markdown.
#[must_use]
pub fn markdown(result: &BenchResult) -> String {
    let cell = |text: &String| untrusted::clean(text).replace('|', "\\|");
    let mut text = String::new();
    for table in tables(result) {
        text.push_str(&format!("## {}\n\n{}\n\n", table.title, table.reading));
        text.push_str(&format!("| {} |\n", table.heads.join(" | ")));
        text.push_str(&format!("|{}\n", "---|".repeat(table.heads.len())));
        for row in &table.rows {
            let mut cells: Vec<String> = row.iter().map(cell).collect();
            cells.resize(table.heads.len(), String::new());
            text.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
        text.push('\n');
    }
    text
}

/// The page as text.
#[must_use]
pub fn html(result: &BenchResult) -> String {
    untrusted::clean_page(&page(result).into_string())
}

fn page(result: &BenchResult) -> Markup {
    let tables = tables(result);
    let charts = charts(result);
    let main = html! {
        (head(result))
        section #pictures { (gallery(&charts)) }
        @for table in &tables { (section(table)) }
        (foot(result))
    };
    document(("Foresail benchmark", OWN_STYLE), &main)
}

fn head(result: &BenchResult) -> Markup {
    let own = |split: Split| {
        let rows = pooled(result, split).filter(|row| row.method.name == FORESAIL);
        rows.filter(|row| row.not_measurable.is_none()).collect::<Vec<_>>()
    };
    let split = [Split::LeaveOneRecordingOut, Split::LeaveOneApplicationOut]
        .into_iter()
        .find(|split| !own(*split).is_empty())
        .unwrap_or(Split::TrainingToJudged);
    let rows = own(split);
    html! {
        header {
            p.brand { span.mark {} "Foresail" span.quiet { "benchmark" } }
            h1 { "How much Foresail catches on recordings and applications that it was not fitted on" }
            @for row in &rows { (sentence(row, split)) }
            @for verdict in verdicts(result, split) {
                p.verdict.(verdict.0) { span.sign { (verdict.1) } span { (verdict.2) } }
            }
            p.note {
                "Minutes are production minutes and pod-days are fault time. An operating point is "
                "fixed before what is judged is looked at; curves only describe. "
                @for note in &result.notes { (note) " " }
            }
        }
    }
}

fn sentence(row: &Row, split: Split) -> Markup {
    html! {
        p.pooled {
            "For at most " (row.budget.unwrap_or_default()) " false alarms a pod-day, "
            (split_words(split)) ": "
            strong { (row.counts.reachable_matched) " of " (row.counts.reachable) }
            " reachable incidents caught"
            @if let Some(recall) = &row.recall { " (" (percent(recall.value)) ")" }
            ", " (row.counts.reachable_matched_right_kind) " by the right name, at "
            @if let Some(wrong) = &row.false_per_pod_day { strong { (rate(wrong.value)) } }
            " false alarms a pod-day"
            @if let Some(share) = row.time_in_warning { " and " (percent(share)) " of the time in warning" }
            "."
        }
    }
}

/// Whether Foresail is better than each rival at the shown budget, by the paired interval; every other
/// method stands in the tables.
fn verdicts(result: &BenchResult, split: Split) -> Vec<(&'static str, &'static str, String)> {
    let rows = pooled(result, split).filter(|row| {
        RIVALS.contains(&row.method.name.as_str()) && row.budget == Some(SHOWN_BUDGET)
    });
    rows.filter_map(|row| {
        let one = difference(result, row)?;
        let (low, high) = one.low.zip(one.high)?;
        let (class, sign, word) = if low > 0.0 {
            ("better", "+", "catches more than")
        } else if high < 0.0 {
            ("worse", "−", "catches less than")
        } else {
            ("undecided", "=", "cannot be told apart from")
        };
        let interval = points_interval(one)?;
        let text = format!(
            "Foresail {word} {}: {} points [{interval}] of reachable incidents, at {} against {} \
             false alarms a pod-day.",
            row.method.title,
            points(one.value),
            own_rate(result, row).map_or_else(|| "–".to_owned(), rate),
            row.false_per_pod_day.map_or_else(|| "–".to_owned(), |wrong| rate(wrong.value)),
        );
        Some((class, sign, text))
    })
    .collect()
}

fn own_rate(result: &BenchResult, other: &Row) -> Option<f64> {
    let own = result.rows.iter().find(|row| {
        row.method.name == FORESAIL
            && row.split == other.split
            && row.scope == other.scope
            && row.budget == Some(SHOWN_BUDGET)
    })?;
    own.false_per_pod_day.map(|wrong| wrong.value)
}

fn section(table: &TextTable) -> Markup {
    let ours = |row: &[String]| row.iter().take(2).any(|cell| cell == "Foresail");
    html! {
        section id=(table.name) {
            h2 { (table.title) }
            p.lead { (table.reading) }
            div.scroll tabindex="0" role="region" aria-label=(table.title) {
                table {
                    thead { tr { @for head in &table.heads { th scope="col" { (head) } } } }
                    tbody {
                        @for row in &table.rows {
                            tr.subject[ours(row)] {
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

fn foot(result: &BenchResult) -> Markup {
    let provenance = &result.provenance;
    let seeds = &provenance.seeds;
    html! {
        footer {
            p.note {
                "Foresail " (provenance.program_version)
                @if let Some(revision) = &provenance.git_revision { ", revision " (revision) }
                ". " code { (provenance.command) } ". Bootstrap " (seeds.bootstrap_repetitions)
                " draws, seed " (seeds.bootstrap) "; " (seeds.shift_repetitions)
                " shifts, seed " (seeds.shifts) "; random alarms seed " (seeds.random_baseline) "."
            }
            p.note {
                @for recording in &result.recordings {
                    (recording.name) ": "
                    @for (file, hash) in &recording.sha256 { (file) " " code { (hash.get(..12).unwrap_or(hash)) } " " }
                }
            }
        }
    }
}

fn charts(result: &BenchResult) -> Vec<Chart> {
    let mut charts = Vec::new();
    for split in [Split::LeaveOneRecordingOut, Split::LeaveOneApplicationOut] {
        charts.extend(precision_recall(result, split));
    }
    charts.extend(reliability(result));
    charts.extend(kinds(result));
    charts
}

fn precision_recall(result: &BenchResult, split: Split) -> Option<Chart> {
    let emphasis = |name: &str| match name {
        FORESAIL => Emphasis::Subject,
        "predict_linear" => Emphasis::Rival,
        FIRST_PASSAGE => Emphasis::Second,
        _other => Emphasis::Other,
    };
    let of_split = result.curves.iter().filter(|one| one.split == split);
    let curves: Vec<Curve> = of_split
        .filter(|one| one.curve.method != super::ALWAYS_OOM)
        .filter_map(|one| {
            let row = pooled(result, split).find(|row| {
                row.method.name == one.curve.method && row.budget == Some(SHOWN_BUDGET)
            })?;
            let inside = one.curve.points.iter().filter(|point| point.recall > 0.0);
            Some(Curve {
                label: row.method.title.clone(),
                emphasis: emphasis(&one.curve.method),
                points: inside.filter_map(|point| Some((point.recall, point.precision?))).collect(),
                operating_point: row.recall.zip(row.precision).map(|(r, p)| (r.value, p.value)),
            })
        })
        .collect();
    let name = match split {
        Split::LeaveOneRecordingOut => "precision-recall-recording",
        Split::LeaveOneApplicationOut | Split::TrainingToJudged | Split::Untrained => {
            "precision-recall-application"
        }
    };
    let axes = CurvesAxes::Shares {
        x: "reachable incidents caught in time".to_owned(),
        y: "alarms that were right".to_owned(),
    };
    (!curves.is_empty()).then(|| Chart {
        name: name.to_owned(),
        title: format!("Precision as more is caught, {}", split_words(split)),
        reading: "Each curve lowers one method's threshold on what is judged: it describes. Dots \
                  are the points chosen beforehand for budget 1."
            .to_owned(),
        figure: Figure::Curves(Curves { axes, curves }),
    })
}

fn reliability(result: &BenchResult) -> Option<Chart> {
    let row = result
        .probabilities
        .iter()
        .find(|row| row.calibrated && !row.reading.reliability.is_empty())?;
    let all: f64 = row.reading.reliability.iter().map(|bin| f64::from(bin.n)).sum();
    let bins = row.reading.reliability.iter().map(|bin| ReliabilityBin {
        announced: bin.said,
        observed: bin.happened,
        share: f64::from(bin.n) / all,
    });
    Some(Chart {
        name: "reliability".to_owned(),
        title: "Whether a probability means what it says".to_owned(),
        reading: format!(
            "Out-of-fold probabilities within 100 production minutes, {}, against how often the \
             failure came. On the dashed line is perfect.",
            split_words(row.split)
        ),
        figure: Figure::Reliability(Reliability { bins: bins.collect() }),
    })
}

fn kinds(result: &BenchResult) -> Option<Chart> {
    let split = result.kinds.first()?.split;
    let rows: Vec<Bar> = (result.kinds.iter())
        .filter(|one| one.split == split && one.row.budget == SHOWN_BUDGET && one.row.reachable > 0)
        .map(|one| Bar {
            label: spaced(&one.row.kind),
            reachable: one.row.reachable,
            caught: one.row.caught,
            right_kind: one.row.caught_right_kind,
        })
        .collect();
    (!rows.is_empty()).then(|| Chart {
        name: "kinds".to_owned(),
        title: "Which failures are caught".to_owned(),
        reading: format!(
            "Reachable incidents by primary outcome, budget 1, {}.",
            split_words(split)
        ),
        figure: Figure::Bars(Bars { rows }),
    })
}
