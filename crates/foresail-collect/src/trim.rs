//! Trimming: a copy of a recording without the series that nothing reads.
//!
//! The copy resolves to the same samples as the original: whole series go, never rows of one.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{BooleanArray, RecordBatch};
use arrow_select::filter::filter_record_batch;
use flate2::read::MultiGzDecoder;
use rustc_hash::FxHashMap;

use crate::error::RecordingError;
use crate::manifest::Manifest;
use crate::objects::read_pods;
use crate::recording::{
    COLUMNS, ParquetFile, TextColumns, in_format, sample_files, sole_containers,
};
use crate::report::ReadReport;
use crate::resolve::{Labels, Resolver, Role};
use crate::write::{SampleFile, write_lines, write_manifest};

/// Files that are copied as they are.
const COPIED: [&str; 4] = ["logs.parquet", "volumes.parquet", "failures.parquet", "truth.jsonl"];

/// Files of lines; they are compressed anew.
const LINES: [&str; 4] =
    ["pods.jsonl.gz", "workloads.jsonl.gz", "nodes.jsonl.gz", "events.jsonl.gz"];

/// What trimming left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrimSummary {
    /// Sample rows of the original.
    pub rows_found: u64,
    /// Sample rows of the copy.
    pub rows_kept: u64,
    /// Bytes of the copy.
    pub bytes: u64,
}

/// Copies the recording in `from` into the new folder `to`, leaving out series that nothing reads.
///
/// # Errors
/// What is wrong with the original, or what the file system says.
pub fn trim(from: &Path, to: &Path) -> Result<TrimSummary, RecordingError> {
    let manifest = Manifest::read(from)?;
    manifest.verify(from)?;
    let samples = to.join("samples");
    fs::create_dir_all(&samples).map_err(|source| RecordingError::write(&samples, source))?;
    let pods = read_pods(&from.join("pods.jsonl.gz"), &mut ReadReport::default())?;
    let resolver = Arc::new(Resolver::new(sole_containers(&pods)));
    let mut summary = TrimSummary::default();
    for file in sample_files(from)? {
        trim_file(&file, &samples, &resolver, &mut summary)?;
    }
    for name in COPIED {
        let (source, copy) = (from.join(name), to.join(name));
        if source.is_file() {
            fs::copy(&source, &copy).map_err(|error| RecordingError::write(&copy, error))?;
        }
    }
    for name in LINES {
        if from.join(name).is_file() {
            recompress(&from.join(name), &to.join(name))?;
        }
    }
    write_manifest(to, &manifest)?;
    for folder in [to, &samples] {
        let listed = |source| RecordingError::read(folder, source);
        for entry in fs::read_dir(folder).map_err(listed)? {
            let metadata = entry.and_then(|entry| entry.metadata()).map_err(listed)?;
            summary.bytes += if metadata.is_file() { metadata.len() } else { 0 };
        }
    }
    Ok(summary)
}

fn recompress(from: &Path, to: &Path) -> Result<(), RecordingError> {
    let failed = |source| RecordingError::read(from, source);
    let mut text = String::new();
    MultiGzDecoder::new(fs::File::open(from).map_err(failed)?)
        .read_to_string(&mut text)
        .map_err(failed)?;
    write_lines(to, text.lines())
}

fn trim_file(
    file: &ParquetFile,
    folder: &Path,
    resolver: &Arc<Resolver>,
    summary: &mut TrimSummary,
) -> Result<(), RecordingError> {
    let Some(name) = file.path.file_name() else { return Ok(()) };
    let path = folder.join(name);
    let mut out: Option<SampleFile> = None;
    let mut roles: BTreeMap<String, bool> = BTreeMap::new();
    let failed = file.failed(None);
    let reader = file.builder(&COLUMNS, None)?.build().map_err(&failed)?;
    for batch in reader {
        let batch = batch.map_err(|error| failed(error.into()))?;
        summary.rows_found += batch.num_rows() as u64;
        let refused = |reason| RecordingError::Row {
            path: file.path.clone(),
            unit: "row",
            number: summary.rows_found,
            reason,
        };
        let batch = in_format(&batch).map_err(refused)?;
        let keep = kept_rows(&batch, resolver, &mut roles).map_err(refused)?;
        let kept = filter_record_batch(&batch, &keep).map_err(|error| failed(error.into()))?;
        if kept.num_rows() == 0 {
            continue;
        }
        summary.rows_kept += kept.num_rows() as u64;
        if out.is_none() {
            out = Some(SampleFile::create(&path)?);
        }
        if let Some(out) = &mut out {
            out.write(&kept)?;
        }
    }
    out.map_or(Ok(()), SampleFile::finish)
}

fn kept_rows(
    batch: &RecordBatch,
    resolver: &Resolver,
    roles: &mut BTreeMap<String, bool>,
) -> Result<BooleanArray, String> {
    let columns = TextColumns::of(batch)?;
    let mut seen = FxHashMap::default();
    let mut keep = Vec::with_capacity(batch.num_rows());
    for row in 0..batch.num_rows() {
        let keys = columns.keys(row);
        let read = match seen.get(&keys) {
            Some(read) => *read,
            None => {
                let text = columns.text(&keys);
                let identity = text.join("\u{1f}");
                let read = match roles.get(&identity) {
                    Some(read) => *read,
                    None => {
                        let [metric, job, namespace, pod, container, json] = text;
                        let labels = Labels::new([job, namespace, pod, container], json)
                            .map_err(|error| error.to_string())?;
                        let read = resolver.role(metric, &labels) != Role::Unread;
                        roles.insert(identity, read);
                        read
                    }
                };
                seen.insert(keys, read);
                read
            }
        };
        keep.push(read);
    }
    Ok(BooleanArray::from(keep))
}
