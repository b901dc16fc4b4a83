//! `foresail data inspect`: what is in a table, and what would make a score on it too good.

use foresail_learn::tabular::csv::ReadOptions;
use foresail_learn::tabular::{
    AuditPlan, ColumnProfile, Content, Finding, Forecast, LeftOut, RoleOptions, Roles, audit,
    profile,
};
use serde::Serialize;

use crate::arguments::{DataInspectArguments, Format};
use crate::failure::{Failure, Result};
use crate::rows::{self, Opened};
use crate::stdout::Output;
use crate::table::{Align, Table};
use crate::table_card;

/// Columns that text shows; JSON shows all.
const MOST_COLUMNS: usize = 200;
/// Longest value that text shows, in characters.
const LONGEST: usize = 32;

/// What `--format json` prints.
#[derive(Serialize)]
struct InspectedObject<'a> {
    file: String,
    sha256: &'a str,
    rows: usize,
    columns: &'a [ColumnProfile],
    /// Columns that a model would not see, with the reason; only with a target.
    left_out: &'a [LeftOut],
    /// Only with a target; absent without one.
    findings: Option<&'a [Finding]>,
}

/// What the audit says, with a target.
struct Audited {
    left_out: Vec<LeftOut>,
    findings: Vec<Finding>,
}

/// Prints the columns and the findings.
pub(crate) fn run(arguments: &DataInspectArguments) -> Result<()> {
    let text = arguments.groups.iter().chain(&arguments.target).cloned().collect();
    let opened = rows::open(&arguments.file, &ReadOptions { text, ..ReadOptions::default() })?;
    let columns = profile(&opened.table);
    let audited =
        arguments.target.as_ref().map(|target| look(&opened, arguments, target)).transpose()?;
    let mut output = Output::new();
    match arguments.format {
        Format::Json => output.json(&InspectedObject {
            file: arguments.file.display().to_string(),
            sha256: &opened.source.sha256,
            rows: opened.table.n_rows(),
            columns: &columns,
            left_out: audited.as_ref().map_or(&[], |audited| &audited.left_out),
            findings: audited.as_ref().map(|audited| &audited.findings[..]),
        })?,
        Format::Text => print(&mut output, (&opened, &columns), audited.as_ref())?,
    }
    output.flush()
}

fn look(opened: &Opened, arguments: &DataInspectArguments, target: &str) -> Result<Audited> {
    let refused = |error: anyhow::Error| {
        Failure::Input(error.context(format!("no audit of `{}`", arguments.file.display())))
    };
    let roles = RoleOptions {
        target: target.to_owned(),
        groups: arguments.groups.clone(),
        time: arguments.time.clone(),
        ignore: Vec::new(),
    };
    let roles = Roles::of(&opened.table, &roles).map_err(|error| refused(error.into()))?;
    let (groups, ignored) = roles.groups_and_ignored();
    let asked = arguments.forecast || arguments.time.is_some();
    let plan = AuditPlan {
        target,
        groups: &groups,
        time: roles.time.as_deref(),
        ignored: &ignored,
        split: None,
        forecast: if asked { Forecast::Asked } else { Forecast::NotAsked },
        ..AuditPlan::default()
    };
    let findings = audit(&opened.table, &plan).map_err(|error| refused(error.into()))?;
    Ok(Audited { left_out: roles.left_out, findings })
}

fn print(
    output: &mut Output,
    (opened, columns): (&Opened, &[ColumnProfile]),
    audited: Option<&Audited>,
) -> Result<()> {
    let n_rows = opened.table.n_rows();
    output.line(format_args!(
        "{}: {n_rows} rows, {} columns\n",
        opened.source.name.replace(char::is_control, " "),
        columns.len()
    ))?;
    let mut table = Table::new(&[
        ("column", Align::Left),
        ("kind", Align::Left),
        ("missing", Align::Right),
        ("distinct", Align::Right),
        ("values", Align::Left),
    ]);
    for column in columns.iter().take(MOST_COLUMNS) {
        let missing = match column.missing {
            0 => "0".to_owned(),
            n => format!("{n} ({:.1} %)", 100.0 * n as f64 / n_rows.max(1) as f64),
        };
        let (kind, values) = content(&column.content);
        let distinct = column.distinct.to_string();
        table.row([short(&column.name), kind.to_owned(), missing, distinct, values]);
    }
    output.text(&table.to_string())?;
    if columns.len() > MOST_COLUMNS {
        let more = columns.len() - MOST_COLUMNS;
        output.line(format_args!("and {more} more columns; --format json shows all"))?;
    }
    let Some(audited) = audited else {
        return output.line("\nno audit: it needs the column of the classes, --target COLUMN");
    };
    for one in audited.left_out.iter().take(MOST_COLUMNS) {
        let text = format!("left out by train: `{}`, {}", one.column, one.reason);
        output.line(text.replace(char::is_control, " "))?;
    }
    output.line("\naudit, the most harmful first:")?;
    if audited.findings.is_empty() {
        return output.line("nothing found that makes a score on this table too good");
    }
    output.text(&table_card::findings(&audited.findings))
}

fn content(content: &Content) -> (&'static str, String) {
    match content {
        Content::Number { least: Some(least), median: Some(median), greatest: Some(greatest) } => {
            ("number", format!("{least} … {median} … {greatest}"))
        }
        Content::Number { .. } => ("number", String::new()),
        Content::Text { frequent } => {
            let values: Vec<String> = frequent
                .iter()
                .map(|one| format!("{} ({})", short(&one.value), one.rows))
                .collect();
            ("text", values.join(", "))
        }
    }
}

fn short(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}
