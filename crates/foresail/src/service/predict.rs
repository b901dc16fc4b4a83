//! `POST /api/v1/predict`: answers for rows of a table.

use std::collections::{BTreeMap, BTreeSet};

use foresail_api::{Contribution, PredictAnswer, PredictError, PredictedRow};
use foresail_learn::frame::ColumnKind;
use foresail_learn::tabular::{Table, TableColumn, TabularModel, Text, Values};
use serde_json::{Map, Value};

/// What the model says of each row, with its `top` reasons.
pub(super) fn rows(
    name: &str,
    model: &TabularModel,
    (rows, top): (&[Map<String, Value>], usize),
) -> Result<PredictAnswer, PredictError> {
    let refused = |reason: String| PredictError::Refused { reason };
    let table = table(model, rows)?;
    let said = model.predict(&table).map_err(|error| refused(error.to_string()))?;
    let reasons = model
        .explain(&table, &said.codes, top)
        .map_err(|error| PredictError::Failed { reason: error.to_string() })?;
    let classes = model.classes();
    let answers = said.codes.iter().zip(said.probabilities.chunks(classes.len().max(1)));
    let rows = answers.zip(reasons).enumerate().map(|(at, ((code, probabilities), reasons))| {
        PredictedRow {
            row: at + 1,
            class: classes.get(*code as usize).cloned().unwrap_or_default(),
            probabilities: classes.iter().cloned().zip(probabilities.iter().copied()).collect(),
            contributions: reasons
                .into_iter()
                .map(|one| Contribution { column: one.column, amount: one.amount })
                .collect(),
        }
    });
    let rows = rows.collect();
    let notes = said.unknown.iter().map(|unknown| {
        format!(
            "column `{}`: {} values that training did not have count as missing, such as `{}`",
            unknown.column, unknown.rows, unknown.example
        )
    });
    let notes = ignored(model, &table_names(&table)).into_iter().chain(notes).collect();
    Ok(PredictAnswer::Rows { model: name.to_owned(), rows, notes })
}

/// The rows as a table: the kinds of the model's columns, a kind by its values for any other.
fn table(model: &TabularModel, rows: &[Map<String, Value>]) -> Result<Table, PredictError> {
    let kinds: BTreeMap<&str, &ColumnKind> =
        model.schema().columns().iter().map(|one| (one.name.as_str(), &one.kind)).collect();
    let names: BTreeSet<&str> = rows.iter().flat_map(Map::keys).map(String::as_str).collect();
    let mut columns = Vec::with_capacity(names.len());
    for name in names {
        let values = match kinds.get(name) {
            Some(ColumnKind::Number) => numbers(name, rows)?,
            Some(ColumnKind::Category { .. }) | None => texts(rows, name),
        };
        columns.push(TableColumn { name: name.to_owned(), values });
    }
    Table::new(columns).map_err(|error| PredictError::Refused { reason: error.to_string() })
}

fn numbers(name: &str, rows: &[Map<String, Value>]) -> Result<Values, PredictError> {
    let number = |(at, row): (usize, &Map<String, Value>)| match row.get(name) {
        None | Some(Value::Null) => Ok(f64::NAN),
        Some(Value::Number(number)) => Ok(number.as_f64().unwrap_or(f64::NAN)),
        Some(Value::Bool(flag)) => Ok(f64::from(u8::from(*flag))),
        Some(other @ (Value::String(_) | Value::Array(_) | Value::Object(_))) => {
            let row = at + 1;
            let reason = format!("row {row}, column `{name}`: `{other}` is no number");
            Err(PredictError::Refused { reason })
        }
    };
    rows.iter().enumerate().map(number).collect::<Result<_, _>>().map(Values::Number)
}

fn texts(rows: &[Map<String, Value>], name: &str) -> Values {
    let text = |row: &Map<String, Value>| match row.get(name) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
    };
    let texts: Vec<Option<String>> = rows.iter().map(text).collect();
    Values::Text(Text::of(texts.iter().map(Option::as_deref)))
}

fn table_names(table: &Table) -> BTreeSet<&str> {
    table.columns().iter().map(|column| column.name.as_str()).collect()
}

/// A note of columns that the model does not use.
fn ignored(model: &TabularModel, given: &BTreeSet<&str>) -> Option<String> {
    let used: BTreeSet<&str> =
        model.schema().columns().iter().map(|column| column.name.as_str()).collect();
    let target = model.roles().target.as_str();
    let unused: Vec<String> = given
        .iter()
        .filter(|name| !used.contains(**name) && **name != target)
        .map(|name| format!("`{name}`"))
        .collect();
    (!unused.is_empty())
        .then(|| format!("columns that the model does not use: {}", unused.join(", ")))
}
