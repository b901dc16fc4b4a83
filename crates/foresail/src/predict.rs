//! `foresail predict`: the class of every row, its probability and its reasons.

use std::collections::BTreeSet;
use std::io::{self, Write};

use foresail_learn::model_file::Model;
use foresail_learn::tabular::{
    ColumnContribution, Predictions, Table as Rows, TableColumn, TabularModel, Text, Values,
};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::arguments::{Format, PredictArguments};
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::rows::{self, FileFormat};
use crate::staging::StagedFile;
use crate::stdout::Output;
use crate::table::{Align, Table};

/// Names that one note lists.
const MOST_NAMES: usize = 5;

/// One row of `--format json`.
#[derive(Serialize)]
struct PredictedRow<'a> {
    /// From 1.
    row: usize,
    class: &'a str,
    probabilities: ByClass<'a>,
    contributions: &'a [ColumnContribution],
}

/// Probabilities by the names of the classes, in the order of the model.
struct ByClass<'a> {
    classes: &'a [String],
    probabilities: &'a [f64],
}

/// What was said of all rows.
struct Said<'a> {
    model: &'a TabularModel,
    predictions: Predictions,
    /// Per row, the greatest first.
    contributions: Vec<Vec<ColumnContribution>>,
}

/// Predicts and prints or writes.
pub(crate) fn run(arguments: &PredictArguments) -> Result<()> {
    let format = arguments.out.as_deref().map(rows::format_of).transpose()?;
    // Refuse a place that cannot be written before any work is done.
    let file = arguments.out.as_deref().map(StagedFile::create).transpose()?;
    let model = rows::open_model(&arguments.model)?;
    let opened = rows::open(&arguments.data, &model.payload.read_options())?;
    let said = say(arguments, &model, &opened.table)?;
    note(&opened.table, &said);
    let mut output = Output::new();
    match (file, format) {
        (Some(file), Some(FileFormat::JsonLines)) => {
            file.commit_with(|out| said.write_lines(out))?;
            said.print_summary(&mut output, arguments)?;
        }
        (Some(file), Some(format @ (FileFormat::Csv | FileFormat::Parquet))) => {
            let table = said.table().map_err(|error| Failure::Input(error.into()))?;
            rows::write(file, &table, format)?;
            said.print_summary(&mut output, arguments)?;
        }
        (_, _) => match arguments.format {
            Format::Json => {
                for row in said.rows() {
                    output.json(&row)?;
                }
            }
            Format::Text => said.print(&mut output)?,
        },
    }
    output.flush()
}

fn say<'a>(
    arguments: &PredictArguments,
    model: &'a Model<TabularModel>,
    table: &Rows,
) -> Result<Said<'a>> {
    let refused = |error: anyhow::Error| {
        let context = format!("nothing was predicted for `{}`", arguments.data.display());
        Failure::Input(error.context(context))
    };
    let model = &model.payload;
    let predictions = model.predict(table).map_err(|error| refused(error.into()))?;
    let progress = Progress::start();
    progress.report("explain", 0, 0);
    let contributions = model.explain(table, &predictions.codes, arguments.top);
    let contributions = contributions.map_err(|error| refused(error.into()))?;
    Ok(Said { model, predictions, contributions })
}

/// Says on standard error what of the table was not used.
fn note(table: &Rows, said: &Said<'_>) {
    let roles = said.model.roles();
    let used: BTreeSet<&str> =
        said.model.schema().columns().iter().map(|column| column.name.as_str()).collect();
    let ignored: Vec<&str> = table
        .columns()
        .iter()
        .map(|column| column.name.as_str())
        .filter(|name| !used.contains(name) && *name != roles.target)
        .collect();
    let mut notes = Vec::new();
    if !ignored.is_empty() {
        let shown: Vec<String> =
            ignored.iter().take(MOST_NAMES).map(|name| format!("`{name}`")).collect();
        let more = if ignored.len() > MOST_NAMES { ", …" } else { "" };
        let columns = if ignored.len() == 1 {
            "column that the model does not use is"
        } else {
            "columns that the model does not use are"
        };
        notes.push(format!("{} {columns} ignored: {}{more}", ignored.len(), shown.join(", ")));
    }
    for unknown in &said.predictions.unknown {
        let rows = if unknown.rows == 1 { "row" } else { "rows" };
        notes.push(format!(
            "column `{}` has values that training did not have in {} {rows}, such as `{}`: they count as missing",
            unknown.column, unknown.rows, unknown.example
        ));
    }
    for note in notes {
        // With standard error closed nobody is left to tell.
        let _ = writeln!(io::stderr(), "note: {}", note.replace(char::is_control, " "));
    }
}

// === impl Said ===

impl Said<'_> {
    fn rows(&self) -> impl Iterator<Item = PredictedRow<'_>> {
        let classes = self.model.classes();
        let said = self.predictions.codes.iter().zip(&self.contributions);
        let probabilities = self.predictions.probabilities.chunks(classes.len().max(1));
        said.zip(probabilities).enumerate().map(
            move |(row, ((code, contributions), probabilities))| PredictedRow {
                row: row + 1,
                class: classes.get(*code as usize).map_or("", String::as_str),
                probabilities: ByClass { classes, probabilities },
                contributions,
            },
        )
    }

    fn write_lines(&self, out: &mut (dyn Write + Send)) -> io::Result<()> {
        for row in self.rows() {
            serde_json::to_writer(&mut *out, &row)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Row, class, a probability per class, and the contributions as texts.
    fn table(&self) -> std::result::Result<Rows, foresail_learn::tabular::TableError> {
        let n_rows = self.predictions.codes.len();
        let classes = self.model.classes();
        let number = |name: String, values| TableColumn { name, values: Values::Number(values) };
        let said = self.rows().map(|row| Some(row.class));
        let mut columns = vec![
            number("row".to_owned(), (1..=n_rows).map(|row| row as f64).collect()),
            TableColumn { name: "class".to_owned(), values: Values::Text(Text::of(said)) },
        ];
        for (at, class) in classes.iter().enumerate() {
            let all = self.predictions.probabilities.chunks(classes.len());
            let of_class = all.filter_map(|row| row.get(at).copied()).collect();
            columns.push(number(format!("probability_{class}"), of_class));
        }
        let most = self.contributions.iter().map(Vec::len).max().unwrap_or(0);
        for place in 0..most {
            let texts: Vec<Option<String>> =
                self.contributions.iter().map(|row| row.get(place).map(words)).collect();
            let texts = Text::of(texts.iter().map(Option::as_deref));
            let name = format!("contribution_{}", place + 1);
            columns.push(TableColumn { name, values: Values::Text(texts) });
        }
        Rows::new(columns)
    }

    fn print(&self, output: &mut Output) -> Result<()> {
        let mut table = Table::new(&[
            ("row", Align::Right),
            ("class", Align::Left),
            ("probability", Align::Right),
            ("because of", Align::Left),
        ]);
        for row in self.rows() {
            let best = row.probabilities.probabilities.iter().copied().fold(0.0, f64::max);
            let reasons: Vec<String> = row.contributions.iter().map(words).collect();
            let probability = format!("{best:.3}");
            let reasons = reasons.join(", ");
            table.row([row.row.to_string(), row.class.to_owned(), probability, reasons]);
        }
        output.text(&table.to_string())
    }

    /// How often each class was said.
    fn print_summary(&self, output: &mut Output, arguments: &PredictArguments) -> Result<()> {
        let mut counts = vec![0_usize; self.model.classes().len()];
        for &code in &self.predictions.codes {
            if let Some(count) = counts.get_mut(code as usize) {
                *count += 1;
            }
        }
        let file = arguments.out.as_ref().map_or_else(String::new, |out| out.display().to_string());
        match arguments.format {
            Format::Json => {
                let rows: serde_json::Map<String, serde_json::Value> = self
                    .model
                    .classes()
                    .iter()
                    .cloned()
                    .zip(counts.into_iter().map(Into::into))
                    .collect();
                output.json(&serde_json::json!({ "file": file, "rows": rows }))
            }
            Format::Text => {
                let mut table = Table::new(&[("class", Align::Left), ("rows", Align::Right)]);
                for (class, rows) in self.model.classes().iter().zip(counts) {
                    table.row([class.clone(), rows.to_string()]);
                }
                output.text(&table.to_string())?;
                output.line(format_args!("\npredictions: {file}"))
            }
        }
    }
}

// === impl ByClass ===

impl Serialize for ByClass<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.classes.len()))?;
        for (class, probability) in self.classes.iter().zip(self.probabilities) {
            map.serialize_entry(class, probability)?;
        }
        map.end()
    }
}

/// A contribution in words.
fn words(one: &ColumnContribution) -> String {
    format!("{} {:+.3}", one.column, one.amount)
}
