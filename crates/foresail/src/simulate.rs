//! `foresail simulate`: rows of metrics with the issue that each belongs to.

use std::io::Write;

use foresail_learn::tabular::{Table as Rows, Text, Values, csv};
use foresail_sim::metrics_table::{IssueType, Settings, SettingsError, ValidSettings, simulate};
use serde::Serialize;

use crate::arguments::{Format, SimulateArguments};
use crate::failure::{Failure, Result};
use crate::staging::StagedFile;
use crate::stdout::Output;
use crate::table::{Align, Table};

/// What `--format json` prints. Fields may be added, never renamed.
#[derive(Serialize)]
struct WrittenObject {
    file: String,
    truth: Option<String>,
    rows: usize,
    columns: usize,
    objects: usize,
    issue_types: Vec<IssueRows>,
}

/// The rows of one class.
#[derive(Serialize)]
struct IssueRows {
    issue_type: String,
    rows: usize,
}

/// Writes the rows and prints how many belong to which issue.
pub(crate) fn run(arguments: &SimulateArguments) -> Result<()> {
    let settings = settings(arguments).map_err(Failure::input)?;
    if arguments.truth.as_ref() == Some(&arguments.out) {
        return Err(Failure::input("`--out` and `--truth` name the same file"));
    }
    // Refuse a place that cannot be written before any work is done.
    let out = StagedFile::create(&arguments.out)?;
    let truth = arguments.truth.as_deref().map(StagedFile::create).transpose()?;
    let simulated = simulate(&settings);
    out.commit_with(|file| csv::write(&simulated.table, file))?;
    if let Some(truth) = truth {
        truth.commit_with(|file| csv::write(&simulated.truth, file))?;
    }
    if !settings.has_normal() {
        // With standard error closed nobody is left to tell.
        let _ = writeln!(
            std::io::stderr(),
            "warning: without `normal` no row is healthy: a model of them calls everything an issue"
        );
    }
    print(arguments, &simulated.table)
}

fn settings(arguments: &SimulateArguments) -> std::result::Result<ValidSettings, SettingsError> {
    let issue_types = match arguments.issues.trim() {
        "all" => IssueType::ALL.to_vec(),
        "" => Vec::new(),
        names => names
            .split(',')
            .map(|name| name.trim().parse())
            .collect::<std::result::Result<_, SettingsError>>()?,
    };
    let SimulateArguments { samples, hours, seed, .. } = *arguments;
    Settings { samples, hours, issue_types, seed }.check()
}

fn print(arguments: &SimulateArguments, table: &Rows) -> Result<()> {
    let issue_types = counts(table, "issue_type");
    let objects = counts(table, "object").len();
    let (rows, columns) = (table.n_rows(), table.columns().len());
    let mut output = Output::new();
    match arguments.format {
        Format::Json => output.json(&WrittenObject {
            file: arguments.out.display().to_string(),
            truth: arguments.truth.as_ref().map(|file| file.display().to_string()),
            rows,
            columns,
            objects,
            issue_types,
        })?,
        Format::Text => {
            let mut printed = Table::new(&[("issue type", Align::Left), ("rows", Align::Right)]);
            for issue in issue_types {
                printed.row([issue.issue_type, issue.rows.to_string()]);
            }
            output.text(&printed.to_string())?;
            output.line(format_args!(
                "\n{rows} rows of {objects} objects, {columns} columns, in {}",
                arguments.out.display()
            ))?;
        }
    }
    output.flush()
}

/// The rows of every text of a column, most frequent first.
fn counts(table: &Rows, column: &str) -> Vec<IssueRows> {
    let Ok(Values::Text(Text { levels, codes })) = table.column(column) else { return Vec::new() };
    let mut counts: Vec<IssueRows> =
        levels.iter().map(|level| IssueRows { issue_type: level.clone(), rows: 0 }).collect();
    for &code in codes {
        if let Some(count) = counts.get_mut(code as usize) {
            count.rows += 1;
        }
    }
    counts.sort_by(|one, other| {
        other.rows.cmp(&one.rows).then_with(|| one.issue_type.cmp(&other.issue_type))
    });
    counts
}
