//! `foresail dataset`: recordings as labelled rows, one a pod and production minute.

use std::ffi::OsStr;
use std::path::Path;

use foresail_collect::table::write_parquet;
use foresail_evaluate::backtest::Progress as Step;
use foresail_evaluate::dataset::{Dataset, RecordingRows, dataset};
use foresail_learn::tabular::{ClassWeights, Table as Rows, csv};
use serde::Serialize;

use crate::arguments::{BalanceArgument, DatasetArguments, Format};
use crate::clock::Stopwatch;
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::staging::StagedFile;
use crate::stdout::Output;
use crate::table::{Align, Table};

/// How rows are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileFormat {
    Csv,
    Parquet,
}

/// What `--format json` prints.
#[derive(Serialize)]
struct WrittenObject<'a> {
    file: String,
    rows: usize,
    columns: usize,
    recordings: Vec<RecordingObject<'a>>,
    seconds: f64,
}

/// One recording of it.
#[derive(Serialize)]
struct RecordingObject<'a> {
    name: &'a str,
    rows: usize,
    good: usize,
    alert: usize,
    bad: usize,
    unlabelled: usize,
    incidents: usize,
}

// === impl RecordingObject ===

impl<'a> RecordingObject<'a> {
    fn new(counts: &'a RecordingRows) -> Self {
        Self {
            name: &counts.name,
            rows: counts.rows(),
            good: counts.good,
            alert: counts.alert,
            bad: counts.bad,
            unlabelled: counts.unlabelled,
            incidents: counts.incidents,
        }
    }
}

/// Writes the rows and prints how many carry which label.
pub(crate) fn run(arguments: &DatasetArguments) -> Result<()> {
    let format = format_of(&arguments.out)?;
    // Refuse a place that cannot be written before any work is done.
    let file = StagedFile::create(&arguments.out)?;
    let watch = Stopwatch::start();
    let made = make(arguments)?;
    write(file, format, &made.table)?;
    let seconds = watch.elapsed().as_secs_f64();
    let mut output = Output::new();
    match arguments.format {
        Format::Json => output.json(&WrittenObject {
            file: arguments.out.display().to_string(),
            rows: made.table.n_rows(),
            columns: made.table.columns().len(),
            recordings: made.recordings.iter().map(RecordingObject::new).collect(),
            seconds,
        })?,
        Format::Text => print(&mut output, &made, (arguments, seconds))?,
    }
    output.flush()
}

fn make(arguments: &DatasetArguments) -> Result<Dataset> {
    let progress = Progress::start();
    let report = |step: Step<'_>| progress.report(step.step, step.done, step.total);
    let balance = match arguments.balance {
        BalanceArgument::None => ClassWeights::None,
        BalanceArgument::Weights => ClassWeights::Balanced,
        BalanceArgument::Undersample => ClassWeights::Undersample,
    };
    dataset(&arguments.recording, balance, &report)
        .map_err(|error| Failure::reading(error, "no data set was written"))
}

fn format_of(path: &Path) -> Result<FileFormat> {
    let extension = path.extension().and_then(OsStr::to_str).map(str::to_ascii_lowercase);
    match extension.as_deref() {
        Some("csv") => Ok(FileFormat::Csv),
        Some("parquet") => Ok(FileFormat::Parquet),
        Some(_) | None => Err(Failure::input(format!(
            "output `{}` ends in neither `.csv` nor `.parquet`, so its format is not known",
            path.display()
        ))),
    }
}

fn write(file: StagedFile, format: FileFormat, rows: &Rows) -> Result<()> {
    match format {
        FileFormat::Csv => file.commit_with(|out| csv::write(rows, out)),
        FileFormat::Parquet => file.commit_with(|out| write_parquet(rows, out)),
    }
}

fn print(
    output: &mut Output,
    made: &Dataset,
    (arguments, seconds): (&DatasetArguments, f64),
) -> Result<()> {
    let right = |name| (name, Align::Right);
    let mut table = Table::new(&[
        ("recording", Align::Left),
        right("rows"),
        right("good"),
        right("alert"),
        right("bad"),
        right("no label"),
        right("incidents"),
    ]);
    let mut add = |counts: &RecordingRows| {
        let labelled = (counts.good + counts.alert + counts.bad).max(1);
        let share = |n: usize| format!("{n} ({:.1} %)", 100.0 * n as f64 / labelled as f64);
        table.row([
            counts.name.clone(),
            counts.rows().to_string(),
            share(counts.good),
            share(counts.alert),
            share(counts.bad),
            counts.unlabelled.to_string(),
            counts.incidents.to_string(),
        ]);
    };
    made.recordings.iter().for_each(&mut add);
    if made.recordings.len() > 1 {
        add(&made.total());
    }
    output.text(&table.to_string())?;
    output.line(
        "\nShares are of labelled rows. No label: the next 60 production minutes were not seen.",
    )?;
    match arguments.balance {
        BalanceArgument::None => {}
        BalanceArgument::Weights | BalanceArgument::Undersample => output.line(
            "Balance is written in column `balance`: train applies it to its training rows only.",
        )?,
    }
    let (rows, columns) = (made.table.n_rows(), made.table.columns().len());
    let file = arguments.out.display();
    output.line(format_args!("\n{seconds:.1} s. {rows} rows of {columns} columns: {file}"))
}
