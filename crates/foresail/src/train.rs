//! `foresail train`: recordings into a model file, and its card; tables go to `train_table`.

use foresail_evaluate::backtest::Progress as Step;
use foresail_evaluate::learned::{ModelKind, TrainError, TrainSettings, Trained, train};
use foresail_learn::model_file::{Header, ModelFileError};
use serde::Serialize;

use crate::arguments::{Format, ModelArgument, TrainArguments};
use crate::clock::Stopwatch;
use crate::failure::{Failure, Result};
use crate::models;
use crate::progress::Progress;
use crate::staging::StagedFile;
use crate::stdout::Output;
use crate::train_table;

/// What `--format json` prints.
#[derive(Serialize)]
struct TrainedObject<'a> {
    file: String,
    #[serde(flatten)]
    header: &'a Header,
    warnings: &'a [String],
    seconds: f64,
}

/// Trains, writes the file and prints the card.
pub(crate) fn run(arguments: &TrainArguments) -> Result<()> {
    if let Some(table) = &arguments.data {
        return train_table::run(arguments, table);
    }
    // Refuse a place that cannot be written before any work is done.
    let file = StagedFile::create(&arguments.out)?;
    let watch = Stopwatch::start();
    let trained = learn(arguments)?;
    let bytes = trained.to_bytes(&arguments.out).map_err(encoding)?;
    file.commit_with(|out| out.write_all(&bytes))?;
    let seconds = watch.elapsed().as_secs_f64();
    let mut output = Output::new();
    match arguments.format {
        Format::Json => output.json(&TrainedObject {
            file: arguments.out.display().to_string(),
            header: &trained.header,
            warnings: &trained.warnings,
            seconds,
        })?,
        Format::Text => {
            output.text(&models::card(&trained.header))?;
            for warning in &trained.warnings {
                output.line(format_args!("\nnote: {}", warning.replace(char::is_control, " ")))?;
            }
            let size = bytes.len().div_ceil(1_000);
            let file = arguments.out.display();
            output.line(format_args!("\n{seconds:.1} s. Model: {file} ({size} kB)"))?;
        }
    }
    output.flush()
}

fn learn(arguments: &TrainArguments) -> Result<Trained> {
    let progress = Progress::start();
    let mut settings = TrainSettings::new(env!("CARGO_PKG_VERSION"));
    settings.fit.model = match arguments.model {
        // The command line asks for one with --recording.
        None | Some(ModelArgument::Hazard) => ModelKind::Hazard,
        Some(ModelArgument::RandomForest) => ModelKind::RandomForest,
        Some(ModelArgument::GradientBoosting) => ModelKind::GradientBoosting,
    };
    let report = |step: Step<'_>| progress.report(step.step, step.done, step.total);
    train(&arguments.recording, &settings, &report).map_err(|error| failure(error, arguments))
}

/// Names the recordings where the error names none.
fn failure(error: TrainError, arguments: &TrainArguments) -> Failure {
    let named: Vec<String> =
        arguments.recording.iter().map(|path| format!("`{}`", path.display())).collect();
    Failure::reading(error, format!("no model was trained on {}", named.join(", ")))
}

fn encoding(error: ModelFileError) -> Failure {
    Failure::writing(error, "the model cannot be stored")
}
