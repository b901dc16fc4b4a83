//! The card of a model of a table, its scores and findings, in lines for people.

use std::fmt::Write as _;

use foresail_learn::model_file::Header;
use foresail_learn::tabular::{
    ClassWeights, Finding, MissingTarget, Scores, Severity, SplitBy, TableCard,
};

use crate::table::{Align, Table};

/// Classes that one line names.
const MOST_CLASSES: usize = 12;

/// What a file says of a model of a table.
pub(crate) fn card(header: &Header, table: &TableCard) -> String {
    let card = &header.card;
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        // Names of columns and classes are untrusted: control characters must not reach the terminal.
        let value = value.replace(char::is_control, " ");
        let _ = writeln!(text, "{name:<17}{value}");
    };
    line("model", format!("{} on {} columns", header.kind, header.schema.columns().len()));
    line("trained by", format!("foresail {}, seed {}", card.program_version, card.seed));
    for one in &card.recordings {
        let digits: String = one.sha256.chars().take(12).collect();
        line("table", format!("{} (sha256 {digits}…)", one.name));
    }
    let classes = card.events.iter().map(|(class, rows)| format!("{class} {rows}"));
    let mut classes: Vec<String> = classes.collect();
    let more = classes.len().saturating_sub(MOST_CLASSES);
    classes.truncate(MOST_CLASSES);
    if more > 0 {
        classes.push(format!("{more} more"));
    }
    line("classes", format!("{}: {}", table.target, classes.join(", ")));
    line(
        "split",
        format!(
            "{}, {} training rows, {} test rows, seed {}",
            split(&table.split.by),
            table.training_rows,
            table.test_rows,
            table.split.seed
        ),
    );
    match table.class_weights {
        ClassWeights::None => {}
        ClassWeights::Balanced => line("classes count", "the same, by weights".to_owned()),
        ClassWeights::Undersample => line(
            "classes count",
            "the same, by leaving out training rows of the frequent ones".to_owned(),
        ),
    }
    match table.missing_target {
        MissingTarget::Refuse => {}
        MissingTarget::Drop => line("without a class", "left out".to_owned()),
        MissingTarget::Class => line("without a class", "a class of their own".to_owned()),
    }
    text
}

/// The scores beside what needs no features, then class by class.
pub(crate) fn scores(scores: &Scores) -> String {
    let base = &scores.baselines;
    let mut table = Table::new(&[
        ("", Align::Left),
        ("score", Align::Right),
        ("95 % interval", Align::Right),
        ("most frequent class", Align::Right),
        ("drawn by share", Align::Right),
    ]);
    let number = |value: f64| format!("{value:.3}");
    let mut row = |name: &str, value: f64, rest: [String; 3]| {
        let [interval, majority, drawn] = rest;
        table.row([name.to_owned(), number(value), interval, majority, drawn]);
    };
    let interval =
        |one: &foresail_learn::tabular::Interval| format!("{:.3}–{:.3}", one.low, one.high);
    let (majority, drawn) = (&base.majority, &base.stratified);
    row(
        "accuracy",
        scores.accuracy,
        [interval(&scores.intervals.accuracy), number(majority.accuracy), number(drawn.accuracy)],
    );
    row(
        "balanced accuracy",
        scores.balanced_accuracy,
        [String::new(), number(majority.balanced_accuracy), number(drawn.balanced_accuracy)],
    );
    row(
        "macro F1",
        scores.macro_f1,
        [interval(&scores.intervals.macro_f1), number(majority.macro_f1), number(drawn.macro_f1)],
    );
    row("log-loss", scores.log_loss, [String::new(), String::new(), number(base.prior_log_loss)]);
    format!("{table}\n{}", classes(scores))
}

fn classes(scores: &Scores) -> String {
    let mut table = Table::new(&[
        ("class", Align::Left),
        ("rows", Align::Right),
        ("precision", Align::Right),
        ("recall", Align::Right),
        ("F1", Align::Right),
    ]);
    let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |v| format!("{v:.3}"));
    for row in &scores.classes {
        table.row([
            row.class.clone(),
            row.support.to_string(),
            number(row.precision),
            number(row.recall),
            number(row.f1),
        ]);
    }
    table.to_string()
}

/// The worst finding in one paragraph, and how many there are.
pub(crate) fn worst(findings: &[Finding]) -> Option<String> {
    let first = findings.first()?;
    let more = match findings.len() {
        1 => String::new(),
        n => format!(
            " ({} more finding{}: `foresail data inspect`)",
            n - 1,
            if n == 2 { "" } else { "s" }
        ),
    };
    let lead = match first.severity {
        Severity::Question => "a question to this score",
        Severity::Inflated => "perhaps too good to be true",
        Severity::Invalid => "too good to be true",
    };
    let text = format!(
        "{lead}: {}\n  the score: {}\n  what to do: {}{more}",
        first.fact, first.effect, first.advice
    );
    Some(clean(&text))
}

/// All findings, one paragraph each.
pub(crate) fn findings(findings: &[Finding]) -> String {
    let paragraph = |finding: &Finding| {
        clean(&format!(
            "{}: {}\n  the score: {}\n  what to do: {}\n",
            finding.severity.word(),
            finding.fact,
            finding.effect,
            finding.advice
        ))
    };
    let paragraphs: Vec<String> = findings.iter().map(paragraph).collect();
    paragraphs.join("\n")
}

/// Without control characters, line breaks of our own excepted: names are untrusted.
fn clean(text: &str) -> String {
    text.replace(|c: char| c.is_control() && c != '\n', " ")
}

fn split(by: &SplitBy) -> String {
    match by {
        SplitBy::Stratified => "stratified by class".to_owned(),
        SplitBy::Group(column) => format!("by groups of `{column}`"),
        SplitBy::Time(column) => format!("by time `{column}`"),
    }
}
