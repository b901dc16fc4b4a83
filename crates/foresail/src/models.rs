//! `foresail models`: the models at hand and their cards; and the one that is built in.

use std::fmt::Write as _;
use std::path::Path;

use foresail_evaluate::learned::StoredModel;
use foresail_learn::model_file::{Header, ModelFileError};
use foresail_learn::tabular::TabularModel;
use serde::Serialize;

use crate::arguments::{Format, ModelsArguments};
use crate::failure::{Failure, Result};
use crate::registry;
use crate::stdout::Output;
use crate::table_card;

/// The model that is built in, trained on the shipped training recordings by `make model`.
const DEFAULT: &[u8] = include_bytes!("../model/default.model");
/// What it is called.
const BUILT_IN: &str = "built in";
/// Its name where names are chosen.
pub(crate) const BUILT_IN_NAME: &str = "built-in";

/// What `--format json` prints of one model, on a line of its own.
#[derive(Serialize)]
struct ModelObject<'a> {
    file: &'a str,
    #[serde(flatten)]
    header: &'a Header,
}

/// Prints the card of each model.
pub(crate) fn run(arguments: &ModelsArguments) -> Result<()> {
    if arguments.is_of_registry() {
        return registry::run(arguments);
    }
    let mut models = vec![(BUILT_IN.to_owned(), built_in()?.header)];
    for file in &arguments.files {
        models.push((file.display().to_string(), header(file)?));
    }
    let mut output = Output::new();
    for (number, (file, header)) in models.iter().enumerate() {
        match arguments.format {
            Format::Json => output.json(&ModelObject { file, header })?,
            Format::Text => {
                let gap = if number > 0 { "\n" } else { "" };
                output.line(format_args!("{gap}{file}:"))?;
                output.text(&card(header))?;
            }
        }
    }
    output.flush()
}

/// What a file says of its model, of recordings or of a table; the whole file is checked.
fn header(file: &Path) -> Result<Header> {
    match TabularModel::read(file) {
        Ok(model) => Ok(model.header),
        Err(ModelFileError::Kind { .. }) => Ok(open(file)?.header),
        Err(error) => Err(Failure::reading(error, "the model was refused")),
    }
}

/// Opens the file of a model of recordings.
pub(crate) fn open(file: &Path) -> Result<StoredModel> {
    StoredModel::read(file).map_err(|error| Failure::reading(error, "the model was refused"))
}

/// The model that is built in.
pub(crate) fn built_in() -> Result<StoredModel> {
    StoredModel::from_bytes(Path::new(BUILT_IN), DEFAULT)
        .map_err(|error| Failure::reading(error, "the model was refused"))
}

/// What a file says of its model, in lines.
pub(crate) fn card(header: &Header) -> String {
    let card = &header.card;
    if let Some(table) = &card.table {
        let mut text = table_card::card(header, table);
        let _ = write!(text, "\non its test part:\n{}", table_card::scores(&table.scores));
        if let Some(worst) = table_card::worst(&table.findings) {
            let _ = writeln!(text, "\n{worst}");
        }
        return text;
    }
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        // Names of recordings are untrusted: their control characters must not reach the terminal.
        let value = value.replace(char::is_control, " ");
        let _ = writeln!(text, "{name:<17}{value}");
    };
    let trained = card.trained_at.as_ref().map_or_else(String::new, |at| format!(", {at}"));
    let columns = header.schema.columns().len();
    line("model", format!("{} on {columns} features", header.kind));
    line("trained by", format!("foresail {}, seed {}{trained}", card.program_version, card.seed));
    for one in &card.recordings {
        let digits: String = one.sha256.chars().take(12).collect();
        line("recording", format!("{} (sha256 {digits}…)", one.name));
    }
    let scale = card.time_scale.map_or("mixed".to_owned(), |scale| scale.to_string());
    line("rows", format!("{}, time scale {scale}", card.rows));
    let events: Vec<String> = (card.events.iter())
        .map(|(kind, count)| match header.base_rates.get(kind) {
            Some(rate) => format!("{kind} {count} ({rate:.2} a pod-day)"),
            None => format!("{kind} {count}"),
        })
        .collect();
    line("incidents", events.join(", "));
    let horizons: Vec<String> = card.horizons_minutes.iter().map(f64::to_string).collect();
    line("horizons", format!("{} production minutes", horizons.join(", ")));
    for point in &header.operating_points {
        let caught = point.caught.map_or_else(String::new, |share| {
            format!(", {:.0} % of foreseeable incidents caught", share * 100.0)
        });
        line(
            &format!("budget {}", point.budget),
            format!(
                "threshold {:.4}: {:.2} false alarms per pod-day out of fold, at most {:.2} with \
                 80 % confidence{caught}",
                point.threshold, point.false_alarms, point.false_alarms_upper
            ),
        );
    }
    if header.operating_points.is_empty() {
        line("budgets", "none: nothing was held out to choose a threshold on".to_owned());
    }
    for (name, value) in &card.notes {
        line("measured", format!("{name} {}", (value * 1_000.0).round() / 1_000.0));
    }
    text
}
