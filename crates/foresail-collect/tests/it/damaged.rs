//! Recordings damaged on purpose.

use std::fs;
use std::fs::File;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use parquet::arrow::ArrowWriter;

use foresail_collect::write::write_lines;
use foresail_collect::{OpenOptions, Recording, RepairKind};

use crate::small::{POD, Small, second, series};

const ID: &str = r#"{"id":"/a/b"}"#;
const MEMORY: &str = "container_memory_working_set_bytes";

fn healthy() -> Small {
    Small::new(&[series(MEMORY, ID, &[1.0, 2.0, 3.0])])
}

#[test]
fn a_missing_or_empty_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = Recording::open(folder.path(), &OpenOptions::default()).unwrap_err();
    assert!(error.to_string().contains("holds no `recording.json`"), "{error}");
    let missing = folder.path().join("nothing");
    let error = Recording::open(&missing, &OpenOptions::default()).unwrap_err();
    assert!(error.to_string().contains("is not a folder"), "{error}");
}

#[test]
fn another_format_number_is_refused() {
    let small = healthy();
    let path = small.path("recording.json");
    let text = fs::read_to_string(&path).unwrap().replace("\"format\": 1", "\"format\": 2");
    fs::write(&path, text).unwrap();
    assert!(small.refusal().contains("has format `2`"));
}

#[test]
fn a_changed_file_does_not_match_its_hash() {
    let small = healthy();
    write_lines(&small.path("pods.jsonl.gz"), [POD, POD]).unwrap();
    let refusal = small.refusal();
    assert!(refusal.contains("pods.jsonl.gz") && refusal.contains("sha256"), "{refusal}");
}

#[test]
fn a_listed_file_that_is_gone_is_named() {
    let small = healthy();
    fs::remove_file(small.path("samples/a.parquet")).unwrap();
    assert!(small.refusal().contains("a.parquet` is missing"));
}

#[test]
fn a_truncated_parquet_file_is_refused() {
    let small = healthy();
    let path = small.path("samples/a.parquet");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    small.seal();
    assert!(small.refusal().contains("a.parquet` is not a complete Parquet file (footer)"));
}

#[test]
fn a_broken_line_is_named_by_its_number() {
    let small = healthy();
    write_lines(&small.path("pods.jsonl.gz"), [POD, "{\"t\": 5,"]).unwrap();
    small.seal();
    assert!(small.refusal().contains("pods.jsonl.gz` line 2: not the expected JSON"));
}

#[test]
fn a_gzip_stream_cut_short_is_refused() {
    let small = healthy();
    let path = small.path("pods.jsonl.gz");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 12]).unwrap();
    small.seal();
    assert!(small.refusal().contains("ends too early or is damaged"));
}

#[test]
fn a_recording_without_pods_is_refused_and_one_without_samples_is_not() {
    let small = Small::new(&[]);
    assert_eq!(small.open().unwrap().report().samples_found, 0);
    write_lines(&small.path("pods.jsonl.gz"), [""]).unwrap();
    small.seal();
    assert!(small.refusal().contains("holds no pod"));
}

#[test]
fn samples_that_cannot_be_used_are_repaired_and_counted() {
    let mut bad = series(MEMORY, ID, &[1.0, f64::NAN, f64::INFINITY, 4.0]);
    bad.points.push((second(15), 5.0));
    bad.points.push((second(5), 2.0));
    bad.points.push((second(900_000), 6.0));
    let recording = Small::new(&[bad]).open().unwrap();
    let count = |kind| recording.report().repairs.get(&kind).map_or(0, |repair| repair.count);
    assert_eq!(count(RepairKind::NotFinite), 2);
    assert_eq!(count(RepairKind::Duplicate), 1);
    assert_eq!(count(RepairKind::Backwards), 1);
    assert_eq!(count(RepairKind::OutsideSpan), 1);
    assert_eq!(recording.report().samples_resolved, 3);
    let example = &recording.report().repairs[&RepairKind::NotFinite];
    assert!(example.file == "samples/a.parquet" && example.series.contains(MEMORY));
}

#[test]
fn a_gap_in_scraping_is_reported() {
    let mut holed = series(MEMORY, ID, &[1.0, 2.0]);
    holed.points.push((second(40), 3.0));
    let recording = Small::new(&[holed]).open().unwrap();
    let gap = recording.report().gaps[0];
    assert_eq!((gap.from, gap.to), (second(5), second(40)));
}

/// Writes a sample file with plain text columns, one unknown column, and this column of values.
fn write_foreign(small: &Small, value: ArrayRef) {
    let text = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text])) };
    let time = TimestampMillisecondArray::from(vec![second(0).as_millis()]).with_timezone("UTC");
    let batch = RecordBatch::try_from_iter([
        ("metric", text(MEMORY)),
        ("job", text("j")),
        ("namespace", text("shop")),
        ("pod", text("web-1")),
        ("container", text("app")),
        ("labels", text(ID)),
        ("ts", Arc::new(time) as ArrayRef),
        ("value", value),
        ("invented", text("x")),
    ])
    .unwrap();
    let file = File::create(small.path("samples/a.parquet")).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    small.seal();
}

#[test]
fn plain_text_columns_and_unknown_columns_are_read() {
    let small = healthy();
    write_foreign(&small, Arc::new(Float64Array::from(vec![1.0])));
    assert_eq!(small.open().unwrap().report().samples_resolved, 1);
}

#[test]
fn a_column_of_another_type_is_refused() {
    let small = healthy();
    write_foreign(&small, Arc::new(StringArray::from(vec!["1.0"])));
    let refusal = small.refusal();
    assert!(
        refusal.contains("column `value` of type") && refusal.contains("`float64`"),
        "{refusal}"
    );
}
