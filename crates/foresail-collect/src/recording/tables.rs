//! The small Parquet files: volumes, logs and noted failures.

use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_cast::cast;
use arrow_schema::DataType;
use foresail_core::{Entity, Quantity, Timestamp};
use rustc_hash::FxHashMap;

use super::assemble::{SideSeries, Span};
use super::parquet::{
    ParquetFile, is_number, is_text, is_time, may_be_number, may_be_text, millis,
};
use crate::error::RecordingError;
use crate::report::{ReadReport, Repair, RepairKind};
use crate::stream::Stream;

/// Longest text of a log line that is kept, in bytes.
const LOG_BYTES: usize = 512;

/// A failure as the recording script noted it.
#[derive(Clone, Debug, PartialEq)]
pub struct NotedFailure {
    /// When it happened.
    pub at: Timestamp,
    /// What the script calls it, such as `OOMKilled`.
    pub kind: String,
    /// Namespace of the pod.
    pub namespace: String,
    /// The pod.
    pub pod: Option<String>,
    /// Its application label; a Job's pods carry the label of all runs of the Job.
    pub app: Option<String>,
    /// Uid of the pod.
    pub uid: Option<String>,
    /// Exit code.
    pub exit: Option<i64>,
    /// Restarts of the container before.
    pub restarts: Option<i64>,
    /// Text. Untrusted.
    pub message: Option<String>,
    /// Whether an operator's action came before it.
    pub after_operator: Option<bool>,
}

/// Log lines of a recording; names are shared.
#[derive(Debug, Default)]
pub(crate) struct Logs {
    pub(crate) containers: Vec<[String; 3]>,
    pub(crate) lines: Vec<StoredLine>,
}

/// One log line.
#[derive(Debug)]
pub(crate) struct StoredLine {
    pub(crate) at: Timestamp,
    /// Index into the containers.
    pub(crate) container: u32,
    pub(crate) text: String,
}

/// Text and number columns of a batch, looked up by name; a column that is missing holds nothing.
struct Columns<'a> {
    batch: &'a RecordBatch,
}

// === impl Columns ===

impl<'a> Columns<'a> {
    fn text(&self, name: &str, row: usize) -> Option<&'a str> {
        let column = self.batch.column_by_name(name)?.as_dictionary_opt::<Int32Type>()?;
        if !column.is_valid(row) {
            return None;
        }
        let key = usize::try_from(column.keys().value(row)).ok()?;
        let values = column.values().as_string_opt::<i32>()?;
        values.is_valid(key).then(|| values.value(key))
    }

    fn owned(&self, name: &str, row: usize) -> Option<String> {
        self.text(name, row).map(str::to_owned)
    }

    /// Instants, stored as RFC 3339 text or as time stamps.
    fn times(&self, name: &str) -> Vec<Option<Timestamp>> {
        let stamps = self.batch.column_by_name(name).and_then(millis);
        let at = |row| match &stamps {
            Some(stamps) => stamps.is_valid(row).then(|| Timestamp::from_millis(stamps.value(row))),
            None => self.text(name, row)?.parse().ok(),
        };
        (0..self.batch.num_rows()).map(at).collect()
    }

    fn doubles(&self, name: &str) -> Option<ArrayRef> {
        self.batch.column_by_name(name).and_then(|column| cast(column, &DataType::Float64).ok())
    }

    fn integers(&self, name: &str) -> Option<ArrayRef> {
        self.batch.column_by_name(name).and_then(|column| cast(column, &DataType::Int64).ok())
    }

    fn flag(&self, name: &str, row: usize) -> Option<bool> {
        let column = self.batch.column_by_name(name)?.as_boolean_opt()?;
        column.is_valid(row).then(|| column.value(row))
    }
}

fn double(column: Option<&ArrayRef>, row: usize) -> Option<f64> {
    let column = column?.as_primitive_opt::<Float64Type>()?;
    column.is_valid(row).then(|| column.value(row))
}

fn integer(column: Option<&ArrayRef>, row: usize) -> Option<i64> {
    let column = column?.as_primitive_opt::<Int64Type>()?;
    column.is_valid(row).then(|| column.value(row))
}

/// `volumes.parquet`: ephemeral storage of pods, as series. A missing file has none.
pub(crate) fn read_volumes(
    path: &Path,
    span: &Span,
    report: &mut ReadReport,
) -> Result<Vec<SideSeries>, RecordingError> {
    const TAKEN: [(&str, Quantity); 2] =
        [("ephemeral", Quantity::EphemeralStorage), ("data_bytes", Quantity::EmptyDirUsed)];
    if !path.exists() {
        return Ok(Vec::new());
    }
    let file = ParquetFile::open(path)?;
    file.require("t", "number of seconds", is_number)?;
    file.require("ns", "string", is_text)?;
    file.require("pod", "string", is_text)?;
    for (column, _) in TAKEN.iter().filter(|(column, _)| file.has(column)) {
        file.require(column, "number of bytes", may_be_number)?;
    }
    let mut by_stream: FxHashMap<Stream, Vec<(u32, f64)>> = FxHashMap::default();
    for batch in file.batches(&["t", "ns", "pod", "ephemeral", "data_bytes"])? {
        let columns = Columns { batch: &batch };
        let times = columns.doubles("t");
        let values = TAKEN.map(|(name, quantity)| (columns.doubles(name), quantity));
        for row in 0..batch.num_rows() {
            let (Some(namespace), Some(pod)) =
                (columns.owned("ns", row), columns.owned("pod", row))
            else {
                continue;
            };
            let at = double(times.as_ref(), row).and_then(Timestamp::from_epoch_seconds);
            let Some(offset) = at.and_then(|at| span.offset(at.as_millis())) else {
                report.repair(RepairKind::OutsideSpan, example("volumes.parquet", &pod, at));
                continue;
            };
            let entity = Entity::Pod { namespace, pod };
            for (column, quantity) in &values {
                if let Some(value) = double(column.as_ref(), row).filter(|value| value.is_finite())
                {
                    let stream = Stream { entity: entity.clone(), quantity: *quantity };
                    by_stream.entry(stream).or_default().push((offset, value));
                }
            }
        }
    }
    let mut series: Vec<SideSeries> = by_stream
        .into_iter()
        .map(|(stream, points)| SideSeries { stream, origin: "volumes.parquet", points })
        .collect();
    series.sort_by(|a, b| a.stream.cmp(&b.stream));
    for one in &mut series {
        order(one, span, report);
    }
    Ok(series)
}

fn order(series: &mut SideSeries, span: &Span, report: &mut ReadReport) {
    let label = format!("{:?}", series.stream.entity);
    for pair in series.points.windows(2) {
        let at = Some(span.time(pair[1].0));
        if pair[1].0 < pair[0].0 {
            report.repair(RepairKind::Backwards, example(series.origin, &label, at));
        }
    }
    series.points.sort_by_key(|point| point.0);
    series.points.dedup_by(|later, earlier| {
        let same = later.0 == earlier.0;
        if same {
            let at = Some(span.time(later.0));
            report.repair(RepairKind::Duplicate, example(series.origin, &label, at));
        }
        same
    });
}

fn example(file: &str, series: &str, at: Option<Timestamp>) -> Repair {
    Repair { count: 1, file: file.to_owned(), series: series.to_owned(), at }
}

/// `logs.parquet`, in order of time. A missing file has no lines.
pub(crate) fn read_logs(path: &Path, report: &mut ReadReport) -> Result<Logs, RecordingError> {
    let mut logs = Logs::default();
    if !path.exists() {
        return Ok(logs);
    }
    let file = ParquetFile::open(path)?;
    file.require("time", "string", |kind| is_text(kind) || is_time(kind))?;
    for column in ["ns", "pod", "line"] {
        file.require(column, "string", may_be_text)?;
    }
    let mut known: FxHashMap<[String; 3], u32> = FxHashMap::default();
    for batch in file.batches(&["time", "ns", "pod", "container", "line"])? {
        let columns = Columns { batch: &batch };
        let times = columns.times("time");
        for (row, time) in times.into_iter().enumerate() {
            let names = ["ns", "pod", "container"]
                .map(|name| columns.text(name, row).unwrap_or_default().to_owned());
            let Some(at) = time else {
                report.repair(RepairKind::UnreadableTime, example("logs.parquet", &names[1], None));
                continue;
            };
            let container = *known.entry(names).or_insert_with_key(|names| {
                logs.containers.push(names.clone());
                logs.containers.len() as u32 - 1
            });
            let text = cut(columns.text("line", row).unwrap_or_default()).to_owned();
            logs.lines.push(StoredLine { at, container, text });
        }
    }
    logs.lines.sort_by_key(|line| line.at);
    Ok(logs)
}

/// The first [`LOG_BYTES`] bytes, cut between characters.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(LOG_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// `failures.parquet`; `None` if there is no such file.
pub(crate) fn read_failures(path: &Path) -> Result<Option<Vec<NotedFailure>>, RecordingError> {
    const COLUMNS: [&str; 10] =
        ["t", "kind", "ns", "pod", "app", "uid", "exit", "restarts", "msg", "after_operator"];
    if !path.exists() {
        return Ok(None);
    }
    let file = ParquetFile::open(path)?;
    file.require("t", "number of seconds", is_number)?;
    file.require("kind", "string", may_be_text)?;
    file.require("ns", "string", may_be_text)?;
    let present: Vec<&str> = COLUMNS.into_iter().filter(|name| file.has(name)).collect();
    let mut failures = Vec::new();
    for batch in file.batches(&present)? {
        let columns = Columns { batch: &batch };
        let (times, exits, restarts) =
            (columns.doubles("t"), columns.integers("exit"), columns.integers("restarts"));
        for row in 0..batch.num_rows() {
            let at = double(times.as_ref(), row)
                .and_then(Timestamp::from_epoch_seconds)
                .ok_or_else(|| RecordingError::Row {
                    path: path.to_owned(),
                    unit: "row",
                    number: failures.len() as u64 + 1,
                    reason: "column `t` holds no time in seconds".to_owned(),
                })?;
            failures.push(NotedFailure {
                at,
                kind: columns.owned("kind", row).unwrap_or_default(),
                namespace: columns.owned("ns", row).unwrap_or_default(),
                pod: columns.owned("pod", row),
                app: columns.owned("app", row),
                uid: columns.owned("uid", row),
                exit: integer(exits.as_ref(), row),
                restarts: integer(restarts.as_ref(), row),
                message: columns.owned("msg", row),
                after_operator: columns.flag("after_operator", row),
            });
        }
    }
    Ok(Some(failures))
}
