//! Opening Parquet files: footer, row groups, columns by name with their types checked.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
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

/// A column of whole-number or floating type.
pub(crate) fn is_number(kind: &DataType) -> bool {
    kind.is_numeric()
}

/// `timestamp[ms]` in UTC.
pub(crate) fn is_utc_millis(kind: &DataType) -> bool {
    let DataType::Timestamp(TimeUnit::Millisecond, Some(zone)) = kind else { return false };
    matches!(zone.as_ref(), "UTC" | "+00:00" | "Z")
}

/// `float64`.
pub(crate) fn is_double(kind: &DataType) -> bool {
    *kind == DataType::Float64
}
