//! `foresail train --data`: a table into a model file, its scores and what makes them too good.
//!
//! ```text
//! file ──> Table ──split──> training part ──> model ──> file, with its card
//!            │                test part ──> scores ──> card, standard output
//!            └──audit──> findings ──> card; the worst one is printed
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use foresail_learn::model_file::{Card, Header, TrainedOn};
use foresail_learn::tabular::csv::ReadOptions;
use foresail_learn::tabular::{
    AuditPlan, ClassWeights, DATASET_BALANCE, EstimatorParams, Finding, FitOptions, Forecast,
    Labels, MissingTarget, RoleOptions, SplitBy, SplitOptions, Table, TableCard, TrainOptions,
    Trained, TrainingEvent, Values, audit, is_dataset, train,
};
use serde::Serialize;
use serde_json::json;

use crate::arguments::{
    BalanceArgument, ClassWeightsArgument, Format, MissingTargetArgument, ModelArgument,
    SplitArgument, TrainArguments,
};
use crate::clock::Stopwatch;
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::rows::{self, Opened};
use crate::staging::StagedFile;
use crate::stdout::Output;
use crate::table_card;

/// Groups of rows of recordings: applications, as in the evaluation protocol.
const DATASET_GROUP: &str = "namespace";

/// What `--format json` prints.
#[derive(Serialize)]
struct TrainedObject<'a> {
    file: String,
    #[serde(flatten)]
    header: &'a Header,
    seconds: f64,
}

/// A line of the training log.
#[derive(Serialize)]
struct LogLine<T> {
    /// Since the command began.
    seconds: f64,
    #[serde(flatten)]
    event: T,
}

/// The lines of the training log, kept until everything went well.
struct Log {
    watch: Stopwatch,
    lines: Vec<String>,
}

/// Trains on a table, writes the model and prints how it did.
pub(crate) fn run(arguments: &TrainArguments, file: &Path) -> Result<()> {
    // Refuse places that cannot be written before any work is done.
    let model_file = StagedFile::create(&arguments.out)?;
    let log_file = arguments.log.as_deref().map(StagedFile::create).transpose()?;
    let mut log = Log { watch: Stopwatch::start(), lines: Vec::new() };
    let target = arguments.target.as_deref().unwrap_or_default();
    let opened = rows::open(file, &read_options(arguments, target))?;
    let (n_rows, n_columns) = (opened.table.n_rows(), opened.table.columns().len());
    log.note(&json!({ "event": "data", "file": opened.source.name, "sha256": opened.source.sha256,
        "rows": n_rows, "columns": n_columns }));
    let options = options(arguments, target, &opened.table)?;
    let (trained, card) = learn(&opened, &options, &mut log).map_err(|failure| match failure {
        Failure::Input(error) => {
            Failure::Input(error.context(format!("no model was trained on `{}`", file.display())))
        }
        Failure::NotMet(_) | Failure::Environment(_) | Failure::OutputClosed => failure,
    })?;
    let bytes = trained.model.to_bytes(&arguments.out, card.clone());
    let bytes = bytes.map_err(|error| Failure::writing(error, "the model cannot be stored"))?;
    let header = rows::header(&arguments.out, &bytes)?;
    if let Some(file) = log_file {
        file.commit_with(|out| out.write_all(log.text().as_bytes()))?;
    }
    model_file.commit_with(|out| out.write_all(&bytes))?;
    let seconds = log.watch.elapsed().as_secs_f64();
    let mut output = Output::new();
    match arguments.format {
        Format::Json => {
            let file = arguments.out.display().to_string();
            output.json(&TrainedObject { file, header: &header, seconds })?;
        }
        Format::Text => {
            print(&mut output, &header, &trained)?;
            let size = bytes.len().div_ceil(1_000);
            let file = arguments.out.display();
            output.line(format_args!("\n{seconds:.1} s. Model: {file} ({size} kB)"))?;
        }
    }
    output.flush()
}

fn read_options(arguments: &TrainArguments, target: &str) -> ReadOptions {
    let mut text = arguments.groups.clone();
    text.push(target.to_owned());
    ReadOptions { text, ..ReadOptions::default() }
}

fn options(arguments: &TrainArguments, target: &str, table: &Table) -> Result<TrainOptions> {
    let seed = arguments.seed.unwrap_or(42);
    let from_recordings = is_dataset(table);
    let estimator = match arguments.model {
        None | Some(ModelArgument::RandomForest) => EstimatorParams::random_forest(),
        Some(ModelArgument::GradientBoosting) => EstimatorParams::gradient_boosting(),
        Some(ModelArgument::Hazard) => {
            return Err(Failure::input(
                "model `hazard` needs times of failure, which a table does not have: train it with --recording",
            ));
        }
    };
    let missing_target = match arguments.missing_target {
        Some(MissingTargetArgument::Refuse) => MissingTarget::Refuse,
        Some(MissingTargetArgument::Drop) => MissingTarget::Drop,
        Some(MissingTargetArgument::Class) => MissingTarget::Class,
        // Rows of recordings whose future was not seen have no label on purpose.
        None if from_recordings => MissingTarget::Drop,
        None => MissingTarget::Refuse,
    };
    let roles = RoleOptions {
        target: target.to_owned(),
        groups: arguments.groups.clone(),
        time: arguments.time.clone(),
        ignore: arguments.ignore.clone(),
    };
    let (roles, by) = split_by(arguments, roles, from_recordings)?;
    let class_weights = class_weights(arguments, table);
    let estimator = estimator.with_seed(seed);
    Ok(TrainOptions {
        fit: FitOptions { roles, missing_target, estimator, class_weights },
        split: SplitOptions { by, test_share: arguments.test_size.unwrap_or(0.2), seed },
    })
}

/// How to split, and the roles with the columns that it needs.
fn split_by(
    arguments: &TrainArguments,
    mut roles: RoleOptions,
    from_recordings: bool,
) -> Result<(RoleOptions, SplitBy)> {
    let by = match arguments.split {
        None | Some(SplitArgument::Stratified) => SplitBy::Stratified,
        Some(SplitArgument::Grouped) => {
            if roles.groups.is_empty() && from_recordings {
                roles.groups.push(DATASET_GROUP.to_owned());
            }
            match roles.groups.first() {
                Some(group) => SplitBy::Group(group.clone()),
                None => {
                    let text =
                        "--split grouped needs the column that names the groups: --groups COLUMN";
                    return Err(Failure::input(text));
                }
            }
        }
        Some(SplitArgument::Time) => {
            if roles.time.is_none() && from_recordings {
                roles.time = Some("time".to_owned());
            }
            match &roles.time {
                Some(time) => SplitBy::Time(time.clone()),
                None => {
                    return Err(Failure::input(
                        "--split time needs the column of time: --time COLUMN",
                    ));
                }
            }
        }
    };
    Ok((roles, by))
}

/// As asked, or as the rows of recordings ask for themselves.
fn class_weights(arguments: &TrainArguments, table: &Table) -> ClassWeights {
    match (arguments.class_weights, arguments.balance) {
        (Some(ClassWeightsArgument::Balanced), _) | (_, Some(BalanceArgument::Weights)) => {
            ClassWeights::Balanced
        }
        (_, Some(BalanceArgument::Undersample)) => ClassWeights::Undersample,
        (Some(ClassWeightsArgument::None), _) | (_, Some(BalanceArgument::None)) => {
            ClassWeights::None
        }
        (None, None) if is_dataset(table) => {
            let asked = match table.column(DATASET_BALANCE) {
                Ok(Values::Text(text)) => text.get(0),
                Ok(Values::Number(_)) | Err(_) => None,
            };
            match asked {
                Some("weights") => ClassWeights::Balanced,
                Some("undersample") => ClassWeights::Undersample,
                Some(_) | None => ClassWeights::None,
            }
        }
        (None, None) => ClassWeights::None,
    }
}

/// Fits, judges and audits.
fn learn(opened: &Opened, options: &TrainOptions, log: &mut Log) -> Result<(Trained, Card)> {
    let refused = |error| Failure::Input(error);
    let progress = Progress::start();
    let trained = train(&opened.table, options, &mut |event| {
        if let TrainingEvent::Round { round, .. } = event {
            progress.report("fit", *round as usize, 0);
        }
        log.note(event);
    })
    .map_err(|error| refused(error.into()))?;
    progress.report("judge", 0, 0);
    let test = opened.table.select_rows(&trained.split.test).map_err(|e| refused(e.into()))?;
    let missing = options.fit.missing_target;
    let scores = trained.model.score(&test, missing).map_err(|error| refused(error.into()))?;
    log.note(&json!({ "event": "scores", "scores": scores }));
    progress.report("audit", 0, 0);
    let findings = findings(&opened.table, options, &trained)?;
    for finding in &findings {
        log.note(&json!({ "event": "finding", "finding": finding }));
    }
    let labels = Labels::of(&opened.table, &options.fit.roles.target, missing);
    let labels = labels.map_err(|error| refused(error.into()))?;
    let roles = trained.model.roles();
    let table = TableCard {
        target: roles.target.clone(),
        groups: roles.groups.clone(),
        time: roles.time.clone(),
        missing_target: missing,
        split: options.split.clone(),
        training_rows: trained.split.training.len() as u64,
        test_rows: trained.split.test.len() as u64,
        class_weights: options.fit.class_weights,
        scores,
        findings,
    };
    let card = card((&opened.source, options.split.seed), &labels, table);
    Ok((trained, card))
}

fn findings(table: &Table, options: &TrainOptions, trained: &Trained) -> Result<Vec<Finding>> {
    let roles = trained.model.roles();
    let (groups, ignored) = roles.groups_and_ignored();
    let forecast = match options.split.by {
        SplitBy::Time(_) => Forecast::Asked,
        SplitBy::Stratified | SplitBy::Group(_) => Forecast::NotAsked,
    };
    let plan = AuditPlan {
        target: &roles.target,
        groups: &groups,
        time: roles.time.as_deref(),
        ignored: &ignored,
        split: Some(&trained.split),
        forecast,
        missing_target: options.fit.missing_target,
    };
    audit(table, &plan).map_err(|error| Failure::Input(error.into()))
}

fn card((source, seed): (&TrainedOn, u64), labels: &Labels, table: TableCard) -> Card {
    let events: BTreeMap<String, u64> =
        labels.classes.iter().cloned().zip(labels.counts()).collect();
    Card {
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        recordings: vec![source.clone()],
        seed,
        rows: table.training_rows,
        events,
        table: Some(Box::new(table)),
        ..Card::default()
    }
}

fn print(output: &mut Output, header: &Header, trained: &Trained) -> Result<()> {
    let Some(table) = &header.card.table else { return Ok(()) };
    output.text(&table_card::card(header, table))?;
    for one in &trained.model.roles().left_out {
        let text = format!("left out: `{}`, {}", one.column, one.reason);
        output.line(text.replace(char::is_control, " "))?;
    }
    output.line("\non the test part, which no fit has seen:")?;
    output.text(&table_card::scores(&table.scores))?;
    match table_card::worst(&table.findings) {
        Some(worst) => output.line(format_args!("\n{worst}")),
        None => output.line("\naudit: nothing found that makes this score too good"),
    }
}

// === impl Log ===

impl Log {
    fn note<T: Serialize>(&mut self, event: &T) {
        let seconds = self.watch.elapsed().as_secs_f64();
        // Only maps and finite numbers: what cannot be written is no line of the log.
        if let Ok(line) = serde_json::to_string(&LogLine { seconds, event }) {
            self.lines.push(line);
        }
    }

    fn text(&self) -> String {
        self.lines.iter().fold(String::new(), |text, line| text + line + "\n")
    }
}
