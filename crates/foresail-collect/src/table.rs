//! Tables as Parquet and as Arrow batches: what people bring, and what is written here.
//!
//! | stored as | becomes |
//! |---|---|
//! | integers, floats, decimals, dictionaries of them | numbers; null and NaN are missing |
//! | text, dictionaries of text | texts; null is missing |
//! | booleans | texts `true`, `false` |
//! | time stamps, dates | RFC 3339 texts in UTC (a time stamp without a zone is UTC), dates without a time |
//! | a column without a type | numbers, all missing |
//!
//! Times become text because that is what they are in a CSV: the same rows give the same table from
//! either file, and nothing takes a clock for a measurement. Lists, structs, maps, bytes, times of
//! day and durations are refused with the name and type of the column.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowTimestampType, Float64Type, Int32Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};
use arrow_array::{
    Array, ArrayRef, DictionaryArray, Float64Array, Int32Array, PrimitiveArray, RecordBatch,
    RecordBatchOptions, StringArray,
};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType, Field, Schema, TimeUnit};
use foresail_learn::frame::MISSING_CODE;
use foresail_learn::tabular::{Table, TableColumn, TableError, Text, Values};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use crate::error::RecordingError;
use crate::recording::{ParquetFile, is_text, text_dictionary};

/// Why a Parquet file is not a table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableFileError {
    /// The file could not be read, or is no complete Parquet file.
    #[error(transparent)]
    File(#[from] RecordingError),
    /// Its columns do not make a table.
    #[error("`{path}` does not hold a table", path = path.display())]
    Columns {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: ColumnsError,
    },
}

/// Why Arrow columns are not a table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ColumnsError {
    /// A column of a type that has no place in a table.
    #[error(
        "column `{column}` is of type `{found}`, which is neither number, text, boolean, time stamp nor date"
    )]
    Type {
        /// The column.
        column: String,
        /// Its type.
        found: String,
    },
    /// The values of a column cannot be brought to numbers or texts.
    #[error("column `{column}` of type `{found}` has values that cannot be read")]
    Values {
        /// The column.
        column: String,
        /// Its type.
        found: String,
        /// What the Arrow library said.
        source: ArrowError,
    },
    /// The columns do not fit together.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// What a column becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Number,
    Text,
}

/// A column under construction.
enum Gathered {
    Number(Vec<f64>),
    Text { text: Text, known: HashMap<String, u32> },
}

/// A table under construction, batch by batch.
pub struct Gathering {
    columns: Vec<(String, Gathered)>,
}

/// Reads a Parquet file as a table, columns in their order in the file.
///
/// # Errors
/// [`TableFileError`] for a file that cannot be read or is cut short, a column of a nested or
/// unsupported type, and a name that stands twice.
pub fn read_parquet(path: &Path) -> Result<Table, TableFileError> {
    let file = ParquetFile::open(path)?;
    let no_table = |source| TableFileError::Columns { path: path.to_owned(), source };
    let mut gathering = Gathering::new(file.schema()).map_err(no_table)?;
    for batch in file.whole()? {
        let batch = batch.map_err(|error| file.failed(None)(error.into()))?;
        gathering.take(&batch).map_err(no_table)?;
    }
    gathering.finish().map_err(no_table)
}

/// Writes a table as Parquet: numbers as doubles, texts as strings, what is missing as null.
///
/// # Errors
/// What the Parquet writer says; the cause is the place written to.
pub fn write_parquet(table: &Table, out: impl Write + Send) -> Result<(), ParquetError> {
    let batch = to_batch(table)?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .build();
    // Without Arrow's own note other readers see strings, not our way of holding them.
    let options =
        ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(out, batch.schema(), options)?;
    if batch.num_columns() > 0 {
        writer.write(&batch)?;
    }
    writer.close().map(drop)
}

/// A table as one Arrow batch: numbers as doubles, texts as dictionaries, what is missing as null.
///
/// # Errors
/// What the Arrow library says.
pub fn to_batch(table: &Table) -> Result<RecordBatch, ArrowError> {
    let fields: Vec<Field> = table
        .columns()
        .iter()
        .map(|column| match &column.values {
            Values::Number(_) => Field::new(&column.name, DataType::Float64, true),
            Values::Text(_) => Field::new(&column.name, text_dictionary(), true),
        })
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let arrays =
        table.columns().iter().map(|column| array(&column.values)).collect::<Result<_, _>>()?;
    let rows = RecordBatchOptions::new().with_row_count(Some(table.n_rows()));
    RecordBatch::try_new_with_options(schema, arrays, &rows)
}

// === impl Gathering ===

impl Gathering {
    /// No rows yet, of these columns.
    ///
    /// # Errors
    /// [`ColumnsError::Type`].
    pub fn new(schema: &Schema) -> Result<Self, ColumnsError> {
        let columns = schema.fields().iter().map(|field| {
            let role = role(field.data_type()).ok_or_else(|| ColumnsError::Type {
                column: field.name().clone(),
                found: field.data_type().to_string(),
            })?;
            Ok((field.name().clone(), Gathered::new(role)))
        });
        Ok(Self { columns: columns.collect::<Result<_, ColumnsError>>()? })
    }

    /// Adds the rows of a batch of the same columns.
    ///
    /// # Errors
    /// [`ColumnsError::Values`].
    pub fn take(&mut self, batch: &RecordBatch) -> Result<(), ColumnsError> {
        for ((name, gathered), array) in self.columns.iter_mut().zip(batch.columns()) {
            gathered.take(array).map_err(|source| ColumnsError::Values {
                column: name.clone(),
                found: array.data_type().to_string(),
                source,
            })?;
        }
        Ok(())
    }

    /// The table.
    ///
    /// # Errors
    /// [`ColumnsError::Table`] when a name stands twice.
    pub fn finish(self) -> Result<Table, ColumnsError> {
        let columns = self.columns.into_iter();
        let columns =
            columns.map(|(name, gathered)| TableColumn { name, values: gathered.finish() });
        Ok(Table::new(columns.collect())?)
    }
}

// === impl Gathered ===

impl Gathered {
    fn new(role: Role) -> Self {
        match role {
            Role::Number => Self::Number(Vec::new()),
            Role::Text => Self::Text { text: Text::default(), known: HashMap::new() },
        }
    }

    fn take(&mut self, array: &ArrayRef) -> Result<(), ArrowError> {
        match self {
            Self::Number(numbers) => {
                let doubles = cast(array, &DataType::Float64)?;
                let doubles = doubles.as_primitive::<Float64Type>();
                numbers.extend(doubles.iter().map(|number| number.unwrap_or(f64::NAN)));
            }
            Self::Text { text, known } => {
                let dictionary = cast(&plain(array)?, &text_dictionary())?;
                take_texts(dictionary.as_dictionary::<Int32Type>(), text, known);
            }
        }
        Ok(())
    }

    fn finish(self) -> Values {
        match self {
            Self::Number(numbers) => Values::Number(numbers),
            Self::Text { text, .. } => Values::Text(text),
        }
    }
}

// === free functions ===

/// Adds texts; each distinct one is looked up once a batch.
fn take_texts(
    dictionary: &DictionaryArray<Int32Type>,
    text: &mut Text,
    known: &mut HashMap<String, u32>,
) {
    let values = dictionary.values().as_string::<i32>();
    let mut codes: Vec<Option<u32>> = vec![None; values.len()];
    for key in dictionary.keys() {
        let key = key.and_then(|key| usize::try_from(key).ok());
        let code = key.filter(|key| values.is_valid(*key)).map_or(MISSING_CODE, |key| {
            *codes[key].get_or_insert_with(|| {
                let value = values.value(key);
                *known.entry(value.to_owned()).or_insert_with(|| {
                    text.levels.push(value.to_owned());
                    (text.levels.len() - 1) as u32
                })
            })
        });
        text.codes.push(code);
    }
}

/// What a column of this type becomes; `None` where it has no place in a table.
fn role(kind: &DataType) -> Option<Role> {
    if is_text(kind) {
        return Some(Role::Text);
    }
    if let DataType::Dictionary(_, value) = kind {
        return role(value);
    }
    let is_text = matches!(
        kind,
        DataType::Boolean | DataType::Timestamp(..) | DataType::Date32 | DataType::Date64
    );
    if is_text {
        return Some(Role::Text);
    }
    (kind.is_numeric() || *kind == DataType::Null).then_some(Role::Number)
}

/// As text; time stamps are shown in UTC, which is how Arrow counts them whatever their zone.
fn plain(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    fn in_utc<T: ArrowTimestampType>(array: &ArrayRef) -> ArrayRef {
        let stamps: &PrimitiveArray<T> = array.as_primitive();
        Arc::new(stamps.clone().with_timezone("+00:00"))
    }
    let DataType::Timestamp(unit, _) = array.data_type() else {
        return if is_text(array.data_type()) {
            Ok(Arc::clone(array))
        } else {
            cast(array, &DataType::Utf8)
        };
    };
    let array = match unit {
        TimeUnit::Second => in_utc::<TimestampSecondType>(array),
        TimeUnit::Millisecond => in_utc::<TimestampMillisecondType>(array),
        TimeUnit::Microsecond => in_utc::<TimestampMicrosecondType>(array),
        TimeUnit::Nanosecond => in_utc::<TimestampNanosecondType>(array),
    };
    cast(&array, &DataType::Utf8)
}

/// The Arrow array of a column.
fn array(values: &Values) -> Result<ArrayRef, ArrowError> {
    Ok(match values {
        Values::Number(numbers) if numbers.iter().any(|number| number.is_nan()) => Arc::new(
            numbers
                .iter()
                .map(|number| (!number.is_nan()).then_some(*number))
                .collect::<Float64Array>(),
        ),
        Values::Number(numbers) => Arc::new(Float64Array::from(numbers.clone())),
        Values::Text(text) => {
            let key = |code: &u32| if *code == MISSING_CODE { None } else { Some(*code as i32) };
            let keys: Int32Array = text.codes.iter().map(key).collect();
            let levels = StringArray::from_iter_values(&text.levels);
            Arc::new(DictionaryArray::try_new(keys, Arc::new(levels))?)
        }
    })
}

#[cfg(test)]
mod tests;
