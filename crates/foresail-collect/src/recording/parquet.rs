//! Opening Parquet files: footer, row groups, columns by name with their types checked.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, RecordBatch, TimestampMillisecondArray};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};

use crate::error::RecordingError;

/// A Parquet file whose footer was read.
pub(crate) struct ParquetFile {
    pub(crate) path: PathBuf,
    metadata: ArrowReaderMetadata,
}

// === impl ParquetFile ===

impl ParquetFile {
    /// Reads the footer. Text columns are handed out as dictionaries, however they are stored.
    pub(crate) fn open(path: &Path) -> Result<Self, RecordingError> {
        let file = File::open(path).map_err(|source| RecordingError::read(path, source))?;
        let failed = |source| RecordingError::Parquet {
            path: path.to_owned(),
            place: "footer".to_owned(),
            source,
        };
        let plain = ArrowReaderMetadata::load(&file, Default::default()).map_err(failed)?;
        let fields: Vec<Field> = plain
            .schema()
            .fields()
            .iter()
            .map(|field| {
                if is_text(field.data_type()) {
                    field.as_ref().clone().with_data_type(text_dictionary())
                } else {
                    field.as_ref().clone()
                }
            })
            .collect();
        let options = ArrowReaderOptions::new().with_schema(Arc::new(Schema::new(fields)));
        let metadata =
            ArrowReaderMetadata::try_new(plain.metadata().clone(), options).map_err(failed)?;
        Ok(Self { path: path.to_owned(), metadata })
    }

    /// Number of row groups.
    pub(crate) fn row_groups(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    /// The schema, text columns as dictionaries.
    pub(crate) fn schema(&self) -> &Schema {
        self.metadata.schema()
    }

    /// Whether there is such a column.
    pub(crate) fn has(&self, column: &str) -> bool {
        self.schema().field_with_name(column).is_ok()
    }

    /// Checks that a column is there and has one of the types that `fits` accepts.
    pub(crate) fn require(
        &self,
        column: &'static str,
        expected: &'static str,
        fits: fn(&DataType) -> bool,
    ) -> Result<(), RecordingError> {
        let field = self
            .schema()
            .field_with_name(column)
            .map_err(|_| RecordingError::MissingColumn { path: self.path.clone(), column })?;
        if fits(field.data_type()) {
            Ok(())
        } else {
            Err(RecordingError::ColumnType {
                path: self.path.clone(),
                column,
                expected,
                found: field.data_type().to_string(),
            })
        }
    }

    /// A reader's builder over the named columns of all or one row group.
    pub(crate) fn builder(
        &self,
        columns: &[&str],
        row_group: Option<usize>,
    ) -> Result<ParquetRecordBatchReaderBuilder<File>, RecordingError> {
        let file =
            File::open(&self.path).map_err(|source| RecordingError::read(&self.path, source))?;
        let mask = self.mask(columns);
        let mut builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
                .with_projection(mask)
                .with_batch_size(16_384);
        if let Some(row_group) = row_group {
            builder = builder.with_row_groups(vec![row_group]);
        }
        Ok(builder)
    }

    /// A reader over every column.
    pub(crate) fn whole(&self) -> Result<ParquetRecordBatchReader, RecordingError> {
        let file =
            File::open(&self.path).map_err(|source| RecordingError::read(&self.path, source))?;
        ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
            .with_batch_size(16_384)
            .build()
            .map_err(self.failed(None))
    }

    /// The projection onto the named columns.
    pub(crate) fn mask(&self, columns: &[&str]) -> ProjectionMask {
        ProjectionMask::columns(self.metadata.parquet_schema(), columns.iter().copied())
    }

    /// Turns an error of the Parquet library into one that names the place.
    pub(crate) fn failed(
        &self,
        row_group: Option<usize>,
    ) -> impl Fn(parquet::errors::ParquetError) -> RecordingError + '_ {
        move |source| RecordingError::Parquet {
            path: self.path.clone(),
            place: row_group.map_or("data".to_owned(), |index| format!("row group {index}")),
            source,
        }
    }

    /// All rows of the named columns, in batches.
    pub(crate) fn batches(&self, columns: &[&str]) -> Result<Vec<RecordBatch>, RecordingError> {
        let failed = self.failed(None);
        let reader = self.builder(columns, None)?.build().map_err(&failed)?;
        reader.map(|batch| batch.map_err(|error| failed(error.into()))).collect()
    }
}

/// Dictionary of text with 32-bit keys.
pub(crate) fn text_dictionary() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

/// Text, stored plain or as a dictionary.
pub(crate) fn is_text(kind: &DataType) -> bool {
    if let DataType::Dictionary(_, value) = kind {
        return is_text(value);
    }
    matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

/// Text, or a column that holds nothing at all: writers give that one no type.
pub(crate) fn may_be_text(kind: &DataType) -> bool {
    *kind == DataType::Null || is_text(kind)
}

/// A column of whole-number or floating type.
pub(crate) fn is_number(kind: &DataType) -> bool {
    kind.is_numeric()
}

/// A number, or a column that holds nothing at all.
pub(crate) fn may_be_number(kind: &DataType) -> bool {
    *kind == DataType::Null || is_number(kind)
}

/// A time stamp of any unit; without a zone it is UTC.
pub(crate) fn is_time(kind: &DataType) -> bool {
    matches!(kind, DataType::Timestamp(..))
}

/// Milliseconds in UTC, to which every time stamp is brought.
pub(crate) fn utc_millis() -> DataType {
    DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()))
}

/// Time stamps of any unit as milliseconds in UTC; `None` for a column of another type. Arrow counts
/// them from the epoch in UTC whatever the zone that they are shown in.
pub(crate) fn millis(column: &ArrayRef) -> Option<TimestampMillisecondArray> {
    let DataType::Timestamp(unit, _) = column.data_type() else { return None };
    let raw = cast(column, &DataType::Int64).ok()?;
    let raw = raw.as_primitive_opt::<Int64Type>()?.iter();
    let scaled = raw.map(|value| {
        value.map(|value| match unit {
            TimeUnit::Second => value.saturating_mul(1_000),
            TimeUnit::Millisecond => value,
            TimeUnit::Microsecond => value.div_euclid(1_000),
            TimeUnit::Nanosecond => value.div_euclid(1_000_000),
        })
    });
    Some(scaled.collect::<TimestampMillisecondArray>().with_timezone("UTC"))
}
