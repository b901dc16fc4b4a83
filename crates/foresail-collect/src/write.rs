//! Writing of recordings: sample files, gzipped lines and the manifest with its hashes.
//!
//! Whatever is written here is read again by the same strict reader.

mod objects;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, DictionaryArray, Float64Array, RecordBatch, TimestampMillisecondArray,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use flate2::Compression as GzipLevel;
use flate2::write::GzEncoder;
use foresail_core::Timestamp;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use crate::error::RecordingError;
use crate::manifest::{MANIFEST, Manifest, sha256_of};
use crate::recording::{text_dictionary, utc_millis};

pub use objects::{LineFile, event_line, object_line};

/// One raw series to be written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SampleSeries {
    /// Metric name.
    pub metric: String,
    /// Scrape job.
    pub job: String,
    /// Namespace, pod and container; `None` where the series has none.
    pub namespace: Option<String>,
    /// Pod.
    pub pod: Option<String>,
    /// Container.
    pub container: Option<String>,
    /// JSON object of the remaining labels.
    pub labels: String,
    /// Time and value, in order.
    pub points: Vec<(Timestamp, f64)>,
}

/// The schema of a sample file.
#[must_use]
pub fn sample_schema() -> SchemaRef {
    let text = |name| Field::new(name, text_dictionary(), true);
    Arc::new(Schema::new(vec![
        text("metric"),
        text("job"),
        text("namespace"),
        text("pod"),
        text("container"),
        text("labels"),
        Field::new("ts", utc_millis(), true),
        Field::new("value", DataType::Float64, true),
    ]))
}

/// Level of Zstandard where small files matter more than the time to write them.
const SMALL: i32 = 19;
/// Where the time matters too.
const QUICK: i32 = 3;

/// How a sample file is compressed.
fn properties(level: i32) -> Result<WriterProperties, ParquetError> {
    let times = ColumnPath::from("ts");
    Ok(WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(level)?))
        .set_column_dictionary_enabled(times.clone(), false)
        .set_column_encoding(times, Encoding::DELTA_BINARY_PACKED)
        .set_data_page_size_limit(1 << 22)
        .set_dictionary_page_size_limit(1 << 22)
        .build())
}

/// A sample file under construction.
pub(crate) struct SampleFile {
    path: PathBuf,
    writer: ArrowWriter<File>,
}

// === impl SampleFile ===

impl SampleFile {
    pub(crate) fn create(path: &Path) -> Result<Self, RecordingError> {
        Self::with_level(path, SMALL)
    }

    /// A file that is larger by a little and written much faster.
    pub(crate) fn create_quickly(path: &Path) -> Result<Self, RecordingError> {
        Self::with_level(path, QUICK)
    }

    fn with_level(path: &Path, level: i32) -> Result<Self, RecordingError> {
        let file = File::create(path).map_err(|source| RecordingError::write(path, source))?;
        let writer = properties(level)
            .and_then(|properties| ArrowWriter::try_new(file, sample_schema(), Some(properties)))
            .map_err(|source| failed(path, source))?;
        Ok(Self { path: path.to_owned(), writer })
    }

    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), RecordingError> {
        self.writer.write(batch).map_err(|source| failed(&self.path, source))
    }

    /// Writes series one after another.
    pub(crate) fn write_series(&mut self, series: &[&SampleSeries]) -> Result<(), RecordingError> {
        let batch = batch_of(series).map_err(|error| failed(&self.path, error.into()))?;
        self.write(&batch)
    }

    pub(crate) fn finish(self) -> Result<(), RecordingError> {
        self.writer.close().map_err(|source| failed(&self.path, source))?;
        Ok(())
    }
}

fn failed(path: &Path, source: ParquetError) -> RecordingError {
    RecordingError::write(path, std::io::Error::other(source))
}

/// Writes a sample file; series are put in order of their labels.
///
/// # Errors
/// What the file system says.
pub fn write_samples(path: &Path, series: &[SampleSeries]) -> Result<(), RecordingError> {
    let mut sorted: Vec<&SampleSeries> = series.iter().collect();
    sorted.sort_by_key(|one| {
        (&one.metric, &one.job, &one.namespace, &one.pod, &one.container, &one.labels)
    });
    let mut file = SampleFile::create(path)?;
    file.write_series(&sorted)?;
    file.finish()
}

fn batch_of(series: &[&SampleSeries]) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let column = |of: fn(&SampleSeries) -> Option<&str>| -> ArrayRef {
        let rows = series.iter().flat_map(|one| std::iter::repeat_n(of(one), one.points.len()));
        Arc::new(rows.collect::<DictionaryArray<Int32Type>>())
    };
    let points = || series.iter().flat_map(|one| &one.points);
    let times = points().map(|(at, _)| at.as_millis());
    RecordBatch::try_new(
        sample_schema(),
        vec![
            column(|one| Some(&one.metric)),
            column(|one| Some(&one.job)),
            column(|one| one.namespace.as_deref()),
            column(|one| one.pod.as_deref()),
            column(|one| one.container.as_deref()),
            column(|one| Some(&one.labels)),
            Arc::new(TimestampMillisecondArray::from_iter_values(times).with_timezone("UTC")),
            Arc::new(Float64Array::from_iter_values(points().map(|(_, value)| *value))),
        ],
    )
}

/// Writes JSON lines, gzipped as tightly as possible.
///
/// # Errors
/// What the file system says.
pub fn write_lines(
    path: &Path,
    lines: impl IntoIterator<Item = impl AsRef<str>>,
) -> Result<(), RecordingError> {
    let failed = |source| RecordingError::write(path, source);
    let file = File::create(path).map_err(failed)?;
    let mut gzip = GzEncoder::new(file, GzipLevel::best());
    for line in lines {
        gzip.write_all(line.as_ref().as_bytes()).map_err(failed)?;
        gzip.write_all(b"\n").map_err(failed)?;
    }
    gzip.finish().map_err(failed)?;
    Ok(())
}

/// Writes the manifest with the hash of every other file in `dir`; it is the last thing to write.
///
/// # Errors
/// What the file system says.
pub fn write_manifest(dir: &Path, manifest: &Manifest) -> Result<(), RecordingError> {
    let mut hashes = BTreeMap::new();
    for folder in ["", "samples"] {
        let path = dir.join(folder);
        if !path.is_dir() {
            continue;
        }
        let listed = |source| RecordingError::read(&path, source);
        for entry in std::fs::read_dir(&path).map_err(listed)? {
            let file = entry.map_err(listed)?.path();
            let Some(name) = file.file_name().map(|name| name.to_string_lossy().into_owned())
            else {
                continue;
            };
            if file.is_file() && name != MANIFEST {
                let name = if folder.is_empty() { name } else { format!("{folder}/{name}") };
                hashes.insert(name, sha256_of(&file)?);
            }
        }
    }
    let manifest = Manifest { sha256: hashes, ..manifest.clone() };
    let path = dir.join(MANIFEST);
    let text = serde_json::to_string_pretty(&manifest)
        .map_err(|error| RecordingError::write(&path, error.into()))?;
    std::fs::write(&path, text + "\n").map_err(|source| RecordingError::write(&path, source))
}
