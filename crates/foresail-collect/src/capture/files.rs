//! The files of a recording under way.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use flate2::Compression;
use flate2::write::GzEncoder;
use foresail_core::{KubernetesEvent, LogLine, ObjectChange};
use parquet::arrow::ArrowWriter;

use crate::error::RecordingError;
use crate::live::raw::Storage;
use crate::write::{LineFile, SampleFile, SampleSeries, event_line, object_line};

/// The file of scraped samples.
pub(super) const SCRAPED: &str = "scraped.parquet";

/// Log lines that are written at once.
const LOG_ROWS: usize = 5_000;

/// All files but the manifest.
pub(super) struct Files {
    lines: Vec<(LineFile, PathBuf, GzEncoder<File>)>,
    samples: SampleFile,
    logs: Table,
    pending: Vec<LogLine>,
    storage: Table,
}

/// A Parquet file that is made with its first rows: an empty one would say that there is something.
struct Table {
    path: PathBuf,
    writer: Option<ArrowWriter<File>>,
}

// === impl Files ===

impl Files {
    pub(super) fn create(dir: &Path) -> Result<Self, RecordingError> {
        let samples = dir.join("samples");
        std::fs::create_dir_all(&samples)
            .map_err(|source| RecordingError::write(&samples, source))?;
        let lines = LineFile::ALL.map(|file| {
            let path = dir.join(file.name());
            let made = File::create(&path);
            let made = made.map_err(|source| RecordingError::write(&path, source))?;
            Ok((file, path, GzEncoder::new(made, Compression::default())))
        });
        Ok(Self {
            lines: lines.into_iter().collect::<Result<_, RecordingError>>()?,
            samples: SampleFile::create_quickly(&samples.join(SCRAPED))?,
            logs: Table::at(dir.join("logs.parquet")),
            pending: Vec::new(),
            storage: Table::at(dir.join("volumes.parquet")),
        })
    }

    pub(super) fn object(&mut self, change: &ObjectChange) -> Result<(), RecordingError> {
        match object_line(change) {
            Some((file, line)) => self.line(file, &line),
            None => Ok(()),
        }
    }

    pub(super) fn event(&mut self, event: &KubernetesEvent) -> Result<(), RecordingError> {
        self.line(LineFile::Events, &event_line(event))
    }

    fn line(&mut self, file: LineFile, line: &str) -> Result<(), RecordingError> {
        let place = self.lines.iter_mut().find(|(known, ..)| *known == file);
        let Some((_, path, gzip)) = place else { return Ok(()) };
        let written = gzip.write_all(line.as_bytes()).and_then(|()| gzip.write_all(b"\n"));
        written.map_err(|source| RecordingError::write(path, source))
    }

    pub(super) fn log(&mut self, line: &LogLine) -> Result<(), RecordingError> {
        self.pending.push(line.clone());
        if self.pending.len() < LOG_ROWS { Ok(()) } else { self.flush_logs() }
    }

    fn flush_logs(&mut self) -> Result<(), RecordingError> {
        let lines = std::mem::take(&mut self.pending);
        let text = |of: fn(&LogLine) -> String| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(lines.iter().map(of)))
        };
        self.logs.write(vec![
            ("time", text(|line| line.at.to_string())),
            ("ns", text(|line| line.namespace.clone())),
            ("pod", text(|line| line.pod.clone())),
            ("container", text(|line| line.container.clone())),
            ("line", text(|line| line.text.clone())),
        ])
    }

    pub(super) fn samples(&mut self, series: &[SampleSeries]) -> Result<(), RecordingError> {
        if series.is_empty() {
            return Ok(());
        }
        self.samples.write_series(&series.iter().collect::<Vec<_>>())
    }

    pub(super) fn storage(&mut self, rows: &[Storage]) -> Result<(), RecordingError> {
        let text = |of: fn(&Storage) -> &str| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(rows.iter().map(of)))
        };
        let number = |of: fn(&Storage) -> Option<f64>| -> ArrayRef {
            Arc::new(rows.iter().map(of).collect::<Float64Array>())
        };
        self.storage.write(vec![
            ("t", number(|row| Some(row.at.as_epoch_seconds()))),
            ("ns", text(|row| &row.namespace)),
            ("pod", text(|row| &row.pod)),
            ("ephemeral", number(|row| row.ephemeral)),
            ("data_bytes", number(|row| row.empty_dirs)),
        ])
    }

    /// Ends every file.
    pub(super) fn finish(mut self) -> Result<(), RecordingError> {
        self.flush_logs()?;
        for (_, path, gzip) in self.lines {
            gzip.finish().map_err(|source| RecordingError::write(&path, source))?;
        }
        self.samples.finish()?;
        self.logs.finish()?;
        self.storage.finish()
    }
}

// === impl Table ===

impl Table {
    const fn at(path: PathBuf) -> Self {
        Self { path, writer: None }
    }

    fn write(&mut self, columns: Vec<(&str, ArrayRef)>) -> Result<(), RecordingError> {
        if columns.iter().all(|(_, column)| column.is_empty()) {
            return Ok(());
        }
        let failed = |source: std::io::Error| RecordingError::write(&self.path, source);
        let other = |error: parquet::errors::ParquetError| failed(std::io::Error::other(error));
        let columns = columns.into_iter().map(|(name, column)| (name, column, true));
        let batch = RecordBatch::try_from_iter_with_nullable(columns)
            .map_err(|error| failed(std::io::Error::other(error)))?;
        if self.writer.is_none() {
            let file = File::create(&self.path).map_err(failed)?;
            self.writer = Some(ArrowWriter::try_new(file, batch.schema(), None).map_err(other)?);
        }
        match &mut self.writer {
            Some(writer) => writer.write(&batch).map_err(other),
            None => Ok(()),
        }
    }

    fn finish(self) -> Result<(), RecordingError> {
        let Some(writer) = self.writer else { return Ok(()) };
        let closed = writer.close().map(|_| ());
        closed.map_err(|error| RecordingError::write(&self.path, std::io::Error::other(error)))
    }
}
