//! Tables at the border to Python.

use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchReader};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType};
use foresail_collect::table::{Gathering, read_parquet, to_batch};
use foresail_learn::tabular::{
    Labels, MissingTarget, Split, SplitBy, SplitOptions, Table, TableColumn, Text, Values, csv,
};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::capsule;
use crate::exceptions::{InputError, input};
use crate::work::detached;

/// Rows of named columns of numbers and texts. Any data frame can be made of them, and they of any.
#[pyclass(frozen, module = "foresail._foresail")]
pub(crate) struct Rows {
    table: Arc<Table>,
}

/// A label as Python gives it.
#[derive(FromPyObject)]
pub(crate) enum Label {
    Flag(bool),
    Number(f64),
    Text(String),
}

// === impl Rows ===

impl Rows {
    pub(crate) const fn of(table: Arc<Table>) -> Self {
        Self { table }
    }

    pub(crate) fn table(&self) -> Arc<Table> {
        Arc::clone(&self.table)
    }
}

#[pymethods]
impl Rows {
    /// The rows of a data frame that has `__arrow_c_stream__`.
    #[new]
    fn new(py: Python<'_>, frame: &Bound<'_, PyAny>) -> PyResult<Self> {
        let stream = capsule::import(frame)?;
        let table = detached(py, "reading a frame", |_| {
            let mut gathering = Gathering::new(&stream.schema()).map_err(input)?;
            for batch in stream {
                gathering.take(&batch.map_err(input)?).map_err(input)?;
            }
            gathering.finish().map_err(input)
        })?;
        Ok(Self::of(Arc::new(table)))
    }

    /// Reads a CSV or Parquet file. In the columns `text` only the empty field is missing.
    #[staticmethod]
    fn read(py: Python<'_>, path: PathBuf, text: Vec<String>) -> PyResult<Self> {
        let is_parquet = path.extension().is_some_and(|kind| kind.eq_ignore_ascii_case("parquet"));
        let table = detached(py, "reading rows", |_| {
            if is_parquet {
                return read_parquet(&path).map_err(input);
            }
            let options = csv::ReadOptions { text, ..csv::ReadOptions::default() };
            csv::read(&path, &options).map_err(input)
        })?;
        Ok(Self::of(Arc::new(table)))
    }

    /// How many rows there are.
    #[getter]
    fn n_rows(&self) -> usize {
        self.table.n_rows()
    }

    /// The names of the columns, in order.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.table.columns().iter().map(|column| column.name.clone()).collect()
    }

    /// The rows of these numbers, in this order.
    fn take(&self, py: Python<'_>, rows: Vec<usize>) -> PyResult<Self> {
        let taken = detached(py, "taking rows", |_| self.table.select_rows(&rows).map_err(input))?;
        Ok(Self::of(Arc::new(taken)))
    }

    /// All columns but these.
    fn without(&self, py: Python<'_>, names: Vec<String>) -> PyResult<Self> {
        let table = detached(py, "leaving out columns", |_| {
            let kept = self.table.columns().iter().filter(|column| !names.contains(&column.name));
            Table::new(kept.cloned().collect()).map_err(input)
        })?;
        Ok(Self::of(Arc::new(table)))
    }

    /// The columns named `cat_…` as texts and those named `num_…` as numbers, as in a CSV file.
    fn by_name(&self, py: Python<'_>) -> PyResult<Self> {
        let table = detached(py, "looking at columns", |_| {
            let columns = self.table.columns().iter().map(named_kind).collect::<PyResult<_>>()?;
            Table::new(columns).map_err(input)
        })?;
        Ok(Self::of(Arc::new(table)))
    }

    /// A further column of labels, one a row; `None` where missing.
    fn with_labels(
        &self,
        py: Python<'_>,
        name: String,
        labels: Vec<Option<Label>>,
    ) -> PyResult<Self> {
        let table = detached(py, "adding labels", |_| {
            let values = label_values(&name, labels)?;
            let mut columns = self.table.columns().to_vec();
            columns.push(TableColumn { name, values });
            Table::new(columns).map_err(input)
        })?;
        Ok(Self::of(Arc::new(table)))
    }

    /// The rows as a stream of Arrow batches.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // The interface lets a producer ignore the wish for another schema.
        let _ = requested_schema;
        let batch = detached(py, "handing over rows", |_| plain_batch(&self.table).map_err(input))?;
        capsule::export(py, batch)
    }

    fn __repr__(&self) -> String {
        let columns = self.table.columns().len();
        format!("<foresail rows: {} rows, {columns} columns>", self.table.n_rows())
    }
}

// === free functions ===

/// How rows are to be parted, as Python says it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Parting {
    target: String,
    group_column: Option<String>,
    time_column: Option<String>,
    missing_target: String,
    test_share: f64,
    seed: u64,
}

/// The numbers of rows, and the label of each.
type Part = (Vec<usize>, Vec<String>);

/// Rows for training and for testing.
#[pyfunction]
pub(crate) fn split(py: Python<'_>, rows: &Rows, wish: Parting) -> PyResult<[Part; 2]> {
    let missing = missing(&wish.missing_target)?;
    let by = match (wish.group_column, wish.time_column) {
        (Some(_), Some(_)) => {
            let text =
                "group_column and time_column are both given: rows are parted by one of them";
            return Err(InputError::new_err(text));
        }
        (Some(column), None) => SplitBy::Group(column),
        (None, Some(column)) => SplitBy::Time(column),
        (None, None) => SplitBy::Stratified,
    };
    let options = SplitOptions { by, test_share: wish.test_share, seed: wish.seed };
    detached(py, "splitting rows", |_| {
        let labels = Labels::of(&rows.table, &wish.target, missing).map_err(input)?;
        let split = Split::of(&rows.table, &labels, &options).map_err(input)?;
        Ok([part(&labels, split.training), part(&labels, split.test)])
    })
}

fn part(labels: &Labels, rows: Vec<usize>) -> Part {
    let label = |row: &usize| {
        let code = labels.rows.binary_search(row).ok().and_then(|at| labels.codes.get(at));
        code.and_then(|code| labels.classes.get(*code as usize)).cloned()
    };
    let labels = rows.iter().filter_map(label).collect();
    (rows, labels)
}

/// What becomes of rows without a label, by its name in Python.
fn missing(name: &str) -> PyResult<MissingTarget> {
    match name {
        "refuse" => Ok(MissingTarget::Refuse),
        "drop" => Ok(MissingTarget::Drop),
        "class" => Ok(MissingTarget::Class),
        other => Err(InputError::new_err(format!(
            "missing_target is `{other}`, must be `refuse`, `drop` or `class`"
        ))),
    }
}

/// A column as its name says it is.
fn named_kind(column: &TableColumn) -> PyResult<TableColumn> {
    let values = match &column.values {
        Values::Number(numbers) if column.name.starts_with("cat_") => {
            let texts: Vec<Option<String>> = numbers
                .iter()
                .map(|number| (!number.is_nan()).then(|| number.to_string()))
                .collect();
            Values::Text(Text::of(texts.iter().map(Option::as_deref)))
        }
        Values::Text(text) if column.name.starts_with("num_") => {
            let number = |row: usize| match text.get(row) {
                None => Ok(f64::NAN),
                Some(text) => text.trim().parse::<f64>().map_err(|_| {
                    InputError::new_err(format!(
                        "column `{}`, row {}: `{text}` is no number",
                        column.name,
                        row + 1
                    ))
                }),
            };
            Values::Number((0..text.codes.len()).map(number).collect::<PyResult<_>>()?)
        }
        values @ (Values::Number(_) | Values::Text(_)) => values.clone(),
    };
    Ok(TableColumn { name: column.name.clone(), values })
}

/// Numbers when all labels are, else texts.
fn label_values(name: &str, labels: Vec<Option<Label>>) -> PyResult<Values> {
    let is_number = |label: &Label| matches!(label, Label::Number(_));
    let n_numbers = labels.iter().flatten().filter(|label| is_number(label)).count();
    let n_labels = labels.iter().flatten().count();
    if n_numbers == 0 {
        let texts: Vec<Option<String>> =
            labels.into_iter().map(|label| label.map(Label::into_text)).collect();
        return Ok(Values::Text(Text::of(texts.iter().map(Option::as_deref))));
    }
    if n_numbers < n_labels {
        return Err(InputError::new_err(format!(
            "labels `{name}` mix {n_numbers} numbers with {} texts",
            n_labels - n_numbers
        )));
    }
    let number = |label: Option<Label>| match label {
        Some(Label::Number(number)) => number,
        Some(Label::Flag(_) | Label::Text(_)) | None => f64::NAN,
    };
    Ok(Values::Number(labels.into_iter().map(number).collect()))
}

/// One batch with texts as plain strings, which every reader takes for what they are.
fn plain_batch(table: &Table) -> Result<RecordBatch, ArrowError> {
    let batch = to_batch(table)?;
    let plain = |array: &ArrayRef| {
        if matches!(array.data_type(), DataType::Dictionary(..)) {
            return cast(array, &DataType::LargeUtf8);
        }
        Ok(Arc::clone(array))
    };
    let columns: Vec<ArrayRef> = batch.columns().iter().map(plain).collect::<Result<_, _>>()?;
    let fields = batch
        .schema()
        .fields()
        .iter()
        .zip(&columns)
        .map(|(field, array)| field.as_ref().clone().with_data_type(array.data_type().clone()))
        .collect::<Vec<_>>();
    let rows = arrow_array::RecordBatchOptions::new().with_row_count(Some(table.n_rows()));
    let schema = Arc::new(arrow_schema::Schema::new(fields));
    RecordBatch::try_new_with_options(schema, columns, &rows)
}

// === impl Label ===

impl Label {
    fn into_text(self) -> String {
        match self {
            Self::Flag(true) => "True".to_owned(),
            Self::Flag(false) => "False".to_owned(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text,
        }
    }
}
