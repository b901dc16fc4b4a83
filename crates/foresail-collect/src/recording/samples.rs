//! Reading of `samples/*.parquet`: only the series that something reads, each into its own column.
//!
//! Files are sorted by series, so the identity of a row is looked up only where it changes. Rows of
//! families that nothing reads are skipped before their other columns are decoded.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, TimestampMillisecondType};
use arrow_array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, RecordBatch, StringArray, new_null_array,
};
use arrow_cast::cast;
use arrow_schema::{DataType, FieldRef};
use parquet::arrow::arrow_reader::{ArrowPredicateFn, RowFilter};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::parquet::{ParquetFile, is_number, is_text, is_time, may_be_text, millis, utc_millis};
use crate::error::RecordingError;
use crate::resolve::{Labels, Resolver, Role};
use crate::write::sample_schema;

/// The columns of a sample file that are read.
pub(crate) const COLUMNS: [&str; 8] =
    ["metric", "job", "namespace", "pod", "container", "labels", "ts", "value"];

/// The text columns, in the order of [`COLUMNS`].
const N_TEXT: usize = 6;

/// One series that something reads, with its raw points in file order.
#[derive(Debug)]
pub(crate) struct RawSeries {
    /// File it came from, relative to the recording.
    pub(crate) file: Arc<str>,
    /// Metric and labels, as one text.
    pub(crate) identity: String,
    pub(crate) labels: Labels,
    pub(crate) role: Role,
    /// Milliseconds since the epoch.
    pub(crate) times: Vec<i64>,
    pub(crate) values: Vec<f64>,
}

/// All that was read from one row group.
#[derive(Debug, Default)]
pub(crate) struct RowGroup {
    pub(crate) series: Vec<RawSeries>,
    pub(crate) families: BTreeMap<String, u64>,
    pub(crate) rows: u64,
}

/// The sample files of a recording, in order of name.
pub(crate) fn sample_files(dir: &Path) -> Result<Vec<ParquetFile>, RecordingError> {
    let folder = dir.join("samples");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let listed = |source| RecordingError::read(&folder, source);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(listed)? {
        let path = entry.map_err(listed)?.path();
        if path.extension().is_some_and(|extension| extension == "parquet") {
            paths.push(path);
        }
    }
    paths.sort();
    paths.par_iter().map(|path| checked(path)).collect()
}

fn checked(path: &Path) -> Result<ParquetFile, RecordingError> {
    let file = ParquetFile::open(path)?;
    file.require("metric", "dictionary of strings", is_text)?;
    for column in &COLUMNS[1..N_TEXT] {
        file.require(column, "dictionary of strings", may_be_text)?;
    }
    file.require("ts", "timestamp[ms, UTC]", is_time)?;
    file.require("value", "float64", is_number)?;
    Ok(file)
}

/// Reads every row group of every file, in the order of files and row groups.
pub(crate) fn read_samples(
    files: &[ParquetFile],
    resolver: &Arc<Resolver>,
) -> Result<Vec<RowGroup>, RecordingError> {
    let tasks: Vec<(&ParquetFile, usize)> = files
        .iter()
        .flat_map(|file| (0..file.row_groups()).map(move |row_group| (file, row_group)))
        .collect();
    tasks
        .par_iter()
        .with_max_len(1)
        .map(|(file, row_group)| read_row_group(file, *row_group, resolver))
        .collect()
}

fn read_row_group(
    file: &ParquetFile,
    row_group: usize,
    resolver: &Arc<Resolver>,
) -> Result<RowGroup, RecordingError> {
    let families = Arc::new(Mutex::new(BTreeMap::new()));
    let filter = family_filter(file, resolver, &families);
    let failed = file.failed(Some(row_group));
    let reader = file
        .builder(&COLUMNS, Some(row_group))?
        .with_row_filter(filter)
        .build()
        .map_err(&failed)?;
    let name = file.path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let mut collector = Collector {
        file: Arc::from(format!("samples/{name}")),
        resolver,
        by_identity: FxHashMap::default(),
        series: Vec::new(),
    };
    for batch in reader {
        let batch = batch.map_err(|error| failed(error.into()))?;
        collector.add(&batch).map_err(|reason| RecordingError::Row {
            path: file.path.clone(),
            unit: "row group",
            number: row_group as u64,
            reason,
        })?;
    }
    let families =
        families.lock().map(|mut counts| std::mem::take(&mut *counts)).unwrap_or_default();
    let rows = families.values().sum();
    let series =
        collector.series.into_iter().filter(|series| series.role != Role::Unread).collect();
    Ok(RowGroup { series, families, rows })
}

/// Keeps rows of families that something reads, and counts all rows on the way.
fn family_filter(
    file: &ParquetFile,
    resolver: &Arc<Resolver>,
    families: &Arc<Mutex<BTreeMap<String, u64>>>,
) -> RowFilter {
    let (resolver, families) = (Arc::clone(resolver), Arc::clone(families));
    let predicate = ArrowPredicateFn::new(file.mask(&["metric"]), move |batch: RecordBatch| {
        let metric = batch.column(0).as_dictionary::<Int32Type>();
        let names = metric.values().as_string::<i32>();
        let read: Vec<bool> = (0..names.len())
            .map(|at| names.is_valid(at) && resolver.reads(names.value(at)))
            .collect();
        let mut counts = vec![0u64; names.len()];
        let keep: BooleanArray = metric
            .keys()
            .iter()
            .map(|key| {
                key.map(|key| {
                    counts[key as usize] += 1;
                    read[key as usize]
                })
            })
            .collect();
        if let Ok(mut families) = families.lock() {
            for (at, count) in counts.into_iter().enumerate().filter(|(_, count)| *count > 0) {
                *families.entry(names.value(at).to_owned()).or_default() += count;
            }
        }
        Ok(keep)
    });
    RowFilter::new(vec![Box::new(predicate)])
}

struct Collector<'a> {
    file: Arc<str>,
    resolver: &'a Resolver,
    by_identity: FxHashMap<String, usize>,
    series: Vec<RawSeries>,
}

// === impl Collector ===

impl Collector<'_> {
    fn add(&mut self, batch: &RecordBatch) -> Result<(), String> {
        let batch = &in_format(batch)?;
        let columns = TextColumns::of(batch)?;
        let times = batch
            .column_by_name("ts")
            .map(|column| column.as_primitive::<TimestampMillisecondType>())
            .ok_or("column `ts` is missing")?;
        let values = batch
            .column_by_name("value")
            .map(|column| column.as_primitive::<Float64Type>())
            .ok_or("column `value` is missing")?;
        if times.null_count() > 0 {
            return Err("column `ts` holds a null".to_owned());
        }
        let mut seen: FxHashMap<[i32; N_TEXT], usize> = FxHashMap::default();
        let mut row = 0;
        while row < batch.num_rows() {
            let keys = columns.keys(row);
            let mut end = row + 1;
            while end < batch.num_rows() && columns.keys(end) == keys {
                end += 1;
            }
            let index = match seen.get(&keys) {
                Some(index) => *index,
                None => {
                    let index = self.lookup(&columns, &keys)?;
                    seen.insert(keys, index);
                    index
                }
            };
            let series = &mut self.series[index];
            if series.role != Role::Unread {
                series.times.extend_from_slice(&times.values()[row..end]);
                if values.null_count() == 0 {
                    series.values.extend_from_slice(&values.values()[row..end]);
                } else {
                    // A null is a value that is not there: counted with the other unusable ones.
                    series.values.extend(
                        (row..end).map(|at| {
                            if values.is_valid(at) { values.value(at) } else { f64::NAN }
                        }),
                    );
                }
            }
            row = end;
        }
        Ok(())
    }

    fn lookup(&mut self, columns: &TextColumns<'_>, keys: &[i32; N_TEXT]) -> Result<usize, String> {
        let text = columns.text(keys);
        let identity = text.join("\u{1f}");
        if let Some(index) = self.by_identity.get(&identity) {
            return Ok(*index);
        }
        let [metric, job, namespace, pod, container, json] = text;
        let labels = Labels::new([job, namespace, pod, container], json).map_err(|error| {
            format!("labels `{json}` of `{metric}` are not a JSON object of texts ({error})")
        })?;
        let role = self.resolver.role(metric, &labels);
        let index = self.series.len();
        self.by_identity.insert(identity.clone(), index);
        let file = Arc::clone(&self.file);
        self.series.push(RawSeries {
            file,
            identity,
            labels,
            role,
            times: Vec::new(),
            values: Vec::new(),
        });
        Ok(index)
    }
}

/// The batch with the columns and types of the format. Other writers store times in another unit,
/// values as whole numbers, or a column without any content as one without a type.
pub(crate) fn in_format(batch: &RecordBatch) -> Result<RecordBatch, String> {
    let schema = sample_schema();
    let column = |field: &FieldRef| {
        let (name, kind) = (field.name(), field.data_type());
        let column =
            batch.column_by_name(name).ok_or_else(|| format!("column `{name}` is missing"))?;
        if column.data_type() == kind {
            return Ok(Arc::clone(column));
        }
        if *column.data_type() == DataType::Null {
            return Ok(new_null_array(kind, column.len()));
        }
        if let Some(times) = millis(column).filter(|_| *kind == utc_millis()) {
            return Ok(Arc::new(times) as ArrayRef);
        }
        cast(column, kind).map_err(|error| format!("column `{name}` cannot be read ({error})"))
    };
    let columns = schema.fields().iter().map(column).collect::<Result<Vec<_>, String>>()?;
    RecordBatch::try_new(schema, columns).map_err(|error| error.to_string())
}

/// The text columns of a batch: dictionary keys and values.
pub(crate) struct TextColumns<'a> {
    columns: [&'a DictionaryArray<Int32Type>; N_TEXT],
    values: [&'a StringArray; N_TEXT],
}

// === impl TextColumns ===

impl<'a> TextColumns<'a> {
    pub(crate) fn of(batch: &'a RecordBatch) -> Result<Self, String> {
        let mut columns = Vec::with_capacity(N_TEXT);
        for name in &COLUMNS[..N_TEXT] {
            let column = batch
                .column_by_name(name)
                .and_then(|column| column.as_dictionary_opt::<Int32Type>())
                .ok_or_else(|| format!("column `{name}` is not a dictionary of strings"))?;
            columns.push(column);
        }
        let columns: [&DictionaryArray<Int32Type>; N_TEXT] =
            columns.try_into().map_err(|_| "too few text columns".to_owned())?;
        let values = columns.map(|column| column.values().as_string::<i32>());
        Ok(Self { columns, values })
    }

    /// The keys of a row; -1 where it holds nothing.
    pub(crate) fn keys(&self, row: usize) -> [i32; N_TEXT] {
        self.columns.map(|column| if column.is_valid(row) { column.keys().value(row) } else { -1 })
    }

    /// The texts behind keys; empty where there is none.
    pub(crate) fn text(&self, keys: &[i32; N_TEXT]) -> [&'a str; N_TEXT] {
        std::array::from_fn(|at| match usize::try_from(keys[at]) {
            Ok(key) if self.values[at].is_valid(key) => self.values[at].value(key),
            Ok(_) | Err(_) => "",
        })
    }
}
