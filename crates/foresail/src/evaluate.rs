//! `foresail evaluate`: a model of a table judged on rows with their classes.

use std::path::Path;

use foresail_evaluate::tabular_report::{
    self, EvaluateError, JudgedRows, Judging, Part, Provenance, TabularResult,
};
use foresail_learn::model_file::Model;
use foresail_learn::tabular::{Labels, MissingTarget, Split, TabularModel};

use crate::arguments::{EvaluateArguments, Format};
use crate::backtest::command_line;
use crate::failure::{Failure, Result};
use crate::rows::{self, Opened};
use crate::staging::check_folder;
use crate::stdout::Output;
use crate::table_card;

/// Judges, writes the report and prints the scores.
pub(crate) fn run(arguments: &EvaluateArguments) -> Result<()> {
    let Some(file) = &arguments.data else {
        return Err(Failure::input(
            "recordings are not judged by `evaluate`: `foresail backtest --model FILE --recording DIR` judges a \
             model on one, `foresail bench` all methods on many",
        ));
    };
    // Refuse a place that cannot be written before any work is done.
    check_folder(&arguments.out)?;
    let model = rows::open_model(&arguments.model)?;
    let opened = rows::open(file, &model.payload.read_options())?;
    let result = judge(arguments, (&model, opened), file)?;
    let written = tabular_report::write(&result, &arguments.out).map_err(|error| {
        Failure::writing(error, format!("no report in `{}`", arguments.out.display()))
    })?;
    let mut output = Output::new();
    match arguments.format {
        Format::Json => output.json(&result)?,
        Format::Text => {
            let rows = result.scores.rows;
            let what = match result.rows.part {
                Part::All => format!("{rows} rows of `{}`", result.rows.file),
                Part::TestPart => format!(
                    "{rows} rows of `{}`: the test part; the other rows trained this model",
                    result.rows.file
                ),
            };
            output.line(what.replace(char::is_control, " "))?;
            output.text(&table_card::scores(&result.scores))?;
            if let Some(worst) = table_card::worst(&result.findings) {
                output.line(format_args!("\n{worst}"))?;
            }
            output.line(format_args!("\nreport: {}", written.html.display()))?;
        }
    }
    output.flush()
}

fn judge(
    arguments: &EvaluateArguments,
    (model, opened): (&Model<TabularModel>, Opened),
    file: &Path,
) -> Result<TabularResult> {
    let Opened { table, source } = opened;
    let card = model.header.card.table.as_deref();
    let missing = card.map_or(MissingTarget::Drop, |card| card.missing_target);
    let unjudged = |error: anyhow::Error| {
        Failure::Input(error.context(format!("nothing was judged on `{}`", file.display())))
    };
    let seen = model.header.card.recordings.iter().any(|one| one.sha256 == source.sha256);
    let (part, table) = match card.filter(|_| seen) {
        None => (Part::All, table),
        Some(card) => {
            let labels = Labels::of(&table, &card.target, missing);
            let labels = labels.map_err(|error| unjudged(error.into()))?;
            let split = Split::of(&table, &labels, &card.split);
            let split = split.map_err(|error| unjudged(error.into()))?;
            let test = table.select_rows(&split.test);
            (Part::TestPart, test.map_err(|error| unjudged(error.into()))?)
        }
    };
    let rows = JudgedRows {
        file: source.name,
        sha256: source.sha256,
        part,
        without_class: 0,
        unknown: Vec::new(),
    };
    let provenance = Provenance {
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        command: command_line(),
    };
    tabular_report::judge(&Judging {
        model: &model.payload,
        header: &model.header,
        model_file: &arguments.model,
        table: &table,
        rows: &rows,
        missing,
        provenance: &provenance,
    })
    .map_err(|error: EvaluateError| unjudged(error.into()))
}
