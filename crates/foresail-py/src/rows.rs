//! Tables at the border to Python.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{io, thread};

use arrow_array::{ArrayRef, RecordBatch, RecordBatchReader};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType};
use foresail_collect::table::{Gathering, read_parquet, to_batch};
use foresail_learn::model_file::TrainedOn;
use foresail_learn::tabular::{Table, TableColumn, Text, Values, csv};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use sha2::{Digest, Sha256};

use crate::capsule;
use crate::exceptions::{InputError, InternalError, input};
use crate::work::{detached, interruptible};

/// Bytes of a file that are hashed at a time.
const HASHED: usize = 1 << 16;

/// Rows of named columns of numbers and texts. Any data frame can be made of them, and they of any.
#[pyclass(frozen, module = "foresail._foresail")]
pub(crate) struct Rows {
    table: Arc<Table>,
    /// The file that was read.
    source: Option<TrainedOn>,
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
        Self { table, source: None }
    }

    pub(crate) fn source(&self) -> Option<&TrainedOn> {
        self.source.as_ref()
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
        let table = interruptible(py, "reading a frame", |_| {
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
        let (table, source) = interruptible(py, "reading rows", |_| read(&path, text))?;
        Ok(Self { table: Arc::new(table), source: Some(source) })
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
        let taken = detached(py, || self.table.select_rows(&rows).map_err(input))?;
        Ok(Self::of(Arc::new(taken)))
    }

    /// All columns but these.
    fn without(&self, py: Python<'_>, names: Vec<String>) -> PyResult<Self> {
        let table = detached(py, || {
            let kept = self.table.columns().iter().filter(|column| !names.contains(&column.name));
            Table::new(kept.cloned().collect()).map_err(input)
        })?;
        Ok(Self::of(Arc::new(table)))
    }

    /// The columns named `cat_…` as texts and those named `num_…` as numbers, as in a CSV file.
    fn by_name(&self, py: Python<'_>) -> PyResult<Self> {
        let table = detached(py, || {
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
        let table = detached(py, || {
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
        let batch = detached(py, || plain_batch(&self.table).map_err(input))?;
        capsule::export(py, batch)
    }

    fn __repr__(&self) -> String {
        let columns = self.table.columns().len();
        format!("<foresail rows: {} rows, {columns} columns>", self.table.n_rows())
    }
}

// === free functions ===

/// The rows of a file, and which file it is.
fn read(path: &Path, text: Vec<String>) -> PyResult<(Table, TrainedOn)> {
    let is_parquet = path.extension().is_some_and(|kind| kind.eq_ignore_ascii_case("parquet"));
    let (table, sha256) = thread::scope(|scope| {
        let hash = scope.spawn(|| hash(path));
        let table = if is_parquet {
            read_parquet(path).map_err(input)
        } else {
            let options = csv::ReadOptions { text, ..csv::ReadOptions::default() };
            csv::read(path, &options).map_err(input)
        };
        (table, hash.join())
    });
    // The reader says best why a file cannot be read.
    let table = table?;
    let sha256 =
        sha256.map_err(|_| InternalError::new_err("a file could not be hashed"))?.map_err(
            |error| InputError::new_err(format!("cannot read `{}`: {error}", path.display())),
        )?;
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    Ok((table, TrainedOn { name, sha256 }))
}

fn hash(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut block = vec![0; HASHED];
    loop {
        let n = file.read(&mut block)?;
        if n == 0 {
            break;
        }
        hasher.update(block.get(..n).unwrap_or_default());
    }
    Ok(hasher.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    }))
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
