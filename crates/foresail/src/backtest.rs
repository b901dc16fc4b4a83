//! `foresail backtest`: replays a recording, or the history of a metrics server, and prints the result
//! beside every baseline.

mod history;
mod told;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use foresail_collect::prometheus::FiredAlerts;
use foresail_collect::scores::write_scores;
use foresail_engine::alarm::AlarmLine;
use foresail_engine::first_passage;
use foresail_engine::{Models, Policy};
use foresail_evaluate::backtest::{self, Backtest, BacktestInput, Progress as Step};
use foresail_evaluate::learned::StoredModel;
use foresail_evaluate::report;
use foresail_evaluate::result::{
    BacktestResult, Fired, HistorySource, RecordingSummary, Row, Runtime, Seeds,
};
use serde::Serialize;

use crate::arguments::{BacktestArguments, BudgetArgument, Format};
use crate::clock::Stopwatch;
use crate::failure::{Failure, Result};
use crate::models;
use crate::progress::Progress;
use crate::staging::{StagedFile, check_folder};
use crate::stdout::Output;
use crate::summary::Summary;
use crate::unjudged::{self, Unjudged};

/// What `--format json` prints.
#[derive(Serialize)]
struct ResultObject<'a> {
    model: &'a str,
    recording: Option<&'a RecordingSummary>,
    budget: f64,
    rows: Vec<&'a Row>,
    unjudged: Vec<Unjudged>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fired: Option<&'a Fired>,
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<&'a HistorySource>,
}

/// What is judged, by what.
pub(crate) struct Judging<'a> {
    pub(crate) recording: &'a Path,
    pub(crate) training: &'a [PathBuf],
    pub(crate) budget: BudgetArgument,
    pub(crate) model: Option<StoredModel>,
    /// The alerts that really fired there, where that is known.
    pub(crate) fired: Option<FiredAlerts>,
}

/// Runs the command.
pub(crate) fn run(arguments: &BacktestArguments) -> Result<()> {
    // Refuse places that cannot be written before any work is done.
    let alarms = arguments.alarms.as_deref().map(StagedFile::create).transpose()?;
    let scores = arguments.scores.as_deref().map(StagedFile::create).transpose()?;
    arguments.out.as_deref().map_or(Ok(()), check_folder)?;
    let Backtest { result, alarms: raised, predictions, .. } = match &arguments.recording {
        Some(recording) => {
            let model = arguments.model.as_deref().map(models::open).transpose()?;
            judge(recording, &arguments.train, (arguments.budget, model))?
        }
        None => history::judge(arguments)?,
    };
    if let Some(file) = alarms {
        let cluster = shown(&result).map_or("", |recording| recording.cluster.as_str());
        file.commit_with(|out| {
            write_lines(out, raised.iter().map(|alarm| AlarmLine::new(alarm, cluster)))
        })?;
    }
    if let Some(file) = scores {
        file.commit_with(|out| write_scores(out, predictions.iter().flatten()))?;
    }
    let summary = Summary::new(&result);
    let unjudged = unjudged::at_the_end(&predictions);
    let mut output = Output::new();
    match arguments.format {
        Format::Json => output.json(&ResultObject {
            model: &result.provenance.model,
            recording: shown(&result),
            budget: result.shown_budget,
            rows: summary.rows().collect(),
            unjudged,
            fired: result.fired.as_ref(),
            history: result.history.as_ref(),
        })?,
        Format::Text => {
            print(&mut output, &summary)?;
            if result.history.is_some() || arguments.model.is_some() {
                output.line(format_args!("\nForesail: {}", result.provenance.model))?;
            }
            for reason in &unjudged {
                output.line(format_args!("\n{reason}"))?;
            }
            told::print(&mut output, &result)?;
        }
    }
    if let Some(folder) = &arguments.out {
        let written = write_report(&result, folder)?;
        if arguments.format == Format::Text {
            output.line(format_args!("\nreport: {}", written.html.display()))?;
        }
    }
    output.flush()?;
    let Some(requirement) = &arguments.require else { return Ok(()) };
    let unmet = requirement.unmet(|metric| summary.metric(metric));
    if unmet.is_empty() { Ok(()) } else { Err(Failure::NotMet(unmet.join("; "))) }
}

/// Judges one recording with what was chosen on others, and notes how long it took.
pub(crate) fn judge(
    recording: &Path,
    training: &[PathBuf],
    (budget, model): (BudgetArgument, Option<StoredModel>),
) -> Result<Backtest> {
    judge_with(Judging { recording, training, budget, model, fired: None })
}

/// The same, beside the alerts that really fired there.
pub(crate) fn judge_with(judging: Judging<'_>) -> Result<Backtest> {
    let Judging { recording, training, budget, model, fired } = judging;
    let mut policy = Policy::default();
    if let Some(threshold) = threshold(budget, model.as_ref())? {
        policy.alarm.threshold = threshold;
    }
    let (header, learned) = model.map(|model| (model.header, model.model)).unzip();
    let watch = Stopwatch::start();
    let progress = Progress::start();
    let input = BacktestInput {
        recordings: vec![recording.to_owned()],
        training: training.to_vec(),
        budgets: BudgetArgument::value_variants().iter().map(|budget| budget.get()).collect(),
        shown_budget: budget.get(),
        models: Models { learned, ..Models::default() },
        header,
        policy,
        fired,
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        git_revision: option_env!("FORESAIL_REVISION").map(str::to_owned),
        command: command_line(),
        seeds: Seeds::default(),
    };
    let report = |step: Step<'_>| progress.report(step.step, step.done, step.total);
    let mut backtest = backtest::run(&input, &report)
        .map_err(|error| Failure::reading(error, "the back-test failed"))?;
    let seconds = watch.elapsed().as_secs_f64();
    backtest.result.runtimes.push(Runtime { step: "back-test".to_owned(), seconds });
    Ok(backtest)
}

/// The threshold that comes with a model, or with first passage where there is none.
fn threshold(budget: BudgetArgument, model: Option<&StoredModel>) -> Result<Option<f64>> {
    let Some(model) = model else { return Ok(first_passage::threshold_for(budget.get())) };
    let known = model.header.operating_points.iter().find(|point| point.budget == budget.get());
    known.map(|point| Some(point.threshold)).ok_or_else(|| {
        Failure::input(format!(
            "model file `{}` has no operating point for a budget of {}: train it on two recordings or \
             more, or with more observed time",
            model.file.display(),
            budget.get()
        ))
    })
}

/// The command line of this process, as a shell would take it.
pub(crate) fn command_line() -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,+@%".contains(c);
    let words = std::env::args_os().skip(1).map(|word| {
        let word = word.to_string_lossy().into_owned();
        let bare = !word.is_empty() && word.chars().all(plain);
        if bare { word } else { format!("'{}'", word.replace('\'', "'\\''")) }
    });
    std::iter::once("foresail".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

/// Prints what was judged and the table.
pub(crate) fn print(output: &mut Output, summary: &Summary<'_>) -> Result<()> {
    output.line(summary.subject())?;
    output.line("")?;
    output.text(&summary.table().to_string())
}

/// Writes the report into `folder`.
pub(crate) fn write_report(result: &BacktestResult, folder: &Path) -> Result<report::ReportFiles> {
    report::write(result, folder)
        .map_err(|error| Failure::writing(error, format!("no report in `{}`", folder.display())))
}

/// The recording whose alarms are shown.
fn shown(result: &BacktestResult) -> Option<&RecordingSummary> {
    result.recordings.iter().find(|recording| recording.name == result.shown)
}

/// Writes one JSON object a line.
fn write_lines(
    out: &mut (dyn Write + Send),
    values: impl Iterator<Item = impl Serialize>,
) -> io::Result<()> {
    for value in values {
        serde_json::to_writer(&mut *out, &value)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

// === impl BudgetArgument ===

impl BudgetArgument {
    /// False alarms per pod-day of fault time.
    pub(crate) const fn get(self) -> f64 {
        match self {
            Self::Tenth => 0.1,
            Self::Half => 0.5,
            Self::One => 1.0,
        }
    }
}
