//! Recordings that other writers have written: same content, other types.

use std::fs::{self, File};
use std::sync::Arc;

use arrow_array::types::Int8Type;
use arrow_array::{
    ArrayRef, DictionaryArray, Float32Array, Int64Array, LargeStringArray, NullArray, RecordBatch,
    StringArray, StringViewArray, TimestampMicrosecondArray, TimestampMillisecondArray,
    TimestampNanosecondArray,
};
use parquet::arrow::ArrowWriter;

use foresail_collect::write::write_lines;
use foresail_collect::{RepairKind, ReplayOptions, trim};
use foresail_core::{Quantity, Sample};

use crate::small::{POD, START, Small, second, series};

const MEMORY: &str = "container_memory_working_set_bytes";

type Columns = Vec<(&'static str, ArrayRef)>;

/// Two values of one series, with the types of the format, but plain text.
fn plain() -> Columns {
    let text = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text, text])) };
    let times = vec![START, START + 5_000];
    vec![
        ("metric", text(MEMORY)),
        ("job", text("kubelet")),
        ("namespace", text("shop")),
        ("pod", text("web-1")),
        ("container", text("app")),
        ("labels", text(r#"{"id":"/a"}"#)),
        ("ts", Arc::new(TimestampMillisecondArray::from(times).with_timezone("UTC"))),
        ("value", Arc::new(Int64Array::from(vec![1, 2]))),
    ]
}

fn with(name: &str, column: ArrayRef) -> Columns {
    let mut columns = plain();
    for (known, place) in &mut columns {
        if *known == name {
            *place = Arc::clone(&column);
        }
    }
    columns
}

fn write(small: &Small, file: &str, columns: Columns) {
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, column)| (name, column, true)),
    )
    .unwrap();
    let file = File::create(small.path(file)).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    small.seal();
}

fn samples(small: &Small) -> Vec<Sample> {
    let recording = small.open().unwrap();
    recording.replay(ReplayOptions::default()).flat_map(|(_, batch)| batch.samples).collect()
}

#[test]
fn samples_are_read_whatever_the_types_that_their_writer_chose() {
    let expected = samples(&Small::new(&[series(MEMORY, r#"{"id":"/a"}"#, &[1.0, 2.0])]));
    let twice = |text: &str| vec![text.to_owned(), text.to_owned()];
    let times = [START, START + 5_000];
    let keyed: DictionaryArray<Int8Type> = ["app", "app"].into_iter().collect();
    let scaled = |factor: i64| times.map(|at| at * factor).to_vec();
    let variants: Vec<(&str, ArrayRef)> = vec![
        ("value", Arc::new(Float32Array::from(vec![1.0, 2.0]))),
        ("metric", Arc::new(LargeStringArray::from(twice(MEMORY)))),
        ("container", Arc::new(StringViewArray::from(vec!["app", "app"]))),
        ("container", Arc::new(keyed)),
        ("job", Arc::new(NullArray::new(2))),
        ("ts", Arc::new(TimestampMillisecondArray::from(times.to_vec()))),
        ("ts", Arc::new(TimestampMicrosecondArray::from(scaled(1_000)).with_timezone("UTC"))),
        ("ts", Arc::new(TimestampNanosecondArray::from(scaled(1_000_000)))),
        ("ts", Arc::new(TimestampMillisecondArray::from(times.to_vec()).with_timezone("+02:00"))),
    ];
    for (name, column) in variants {
        let kind = column.data_type().clone();
        let small = Small::new(&[]);
        write(&small, "samples/other.parquet", with(name, column));
        assert_eq!(samples(&small), expected, "`{name}` as {kind}");
        let copy = tempfile::tempdir().unwrap();
        assert_eq!(trim(small.dir(), copy.path()).unwrap().rows_kept, 2, "`{name}` as {kind}");
    }
}

#[test]
fn times_without_a_type_of_time_are_refused() {
    let small = Small::new(&[]);
    write(&small, "samples/other.parquet", with("ts", Arc::new(Int64Array::from(vec![1, 2]))));
    let refusal = small.refusal();
    assert!(refusal.contains("column `ts` of type `Int64`"), "{refusal}");
}

#[test]
fn volumes_without_one_of_their_columns_and_logs_with_time_stamps_are_read() {
    let small = Small::new(&[]);
    let text = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text])) };
    let seconds = Arc::new(Int64Array::from(vec![START / 1_000 + 10]));
    let columns: Columns = vec![
        ("t", seconds),
        ("ns", text("shop")),
        ("pod", text("web-1")),
        ("ephemeral", Arc::new(NullArray::new(1))),
        ("data_bytes", Arc::new(Int64Array::from(vec![7]))),
    ];
    let short = columns.iter().filter(|(name, _)| *name != "ephemeral").cloned().collect();
    write(&small, "volumes.parquet", columns);
    let one = samples(&small);
    assert_eq!((one[0].quantity, one[0].value), (Quantity::EmptyDirUsed, 7.0));
    write(&small, "volumes.parquet", short);
    assert_eq!(samples(&small), one);
    let stamp = Arc::new(TimestampMicrosecondArray::from(vec![(START + 4_000) * 1_000]));
    let columns = vec![
        ("time", stamp as ArrayRef),
        ("ns", text("shop")),
        ("pod", text("web-1")),
        ("container", Arc::new(NullArray::new(1))),
        ("line", text("level=error")),
    ];
    write(&small, "logs.parquet", columns);
    let recording = small.open().unwrap();
    let lines: Vec<_> =
        recording.replay(ReplayOptions::default()).flat_map(|(_, batch)| batch.logs).collect();
    assert_eq!((lines.len(), lines[0].at), (1, second(4)));
}

#[test]
fn a_byte_order_mark_and_foreign_line_ends_are_read_over() {
    let small = Small::new(&[]);
    write_lines(&small.path("pods.jsonl.gz"), [format!("\u{feff}{POD}\r"), "\r".to_owned()])
        .unwrap();
    small.seal();
    let manifest = small.path("recording.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, format!("\u{feff}{text}")).unwrap();
    assert_eq!(small.open().unwrap().inspect().pods, 1);
}

#[test]
fn a_bad_field_of_the_manifest_is_named() {
    let small = Small::new(&[]);
    let path = small.path("recording.json");
    let text = fs::read_to_string(&path).unwrap();
    let ended = format!("\"ended_at\": \"{}\"", second(60));
    for (good, bad, complaint) in [
        ("\"time_scale\": 1.0", "\"time_scale\": 0", "field `time_scale` is `0`"),
        ("\"cluster\": \"test\"", "\"cluster\": null", "field `cluster` is `null`"),
        (ended.as_str(), "\"ended_at\": \"soon\"", "field `ended_at` is `\"soon\"`"),
        (ended.as_str(), "\"ended_at\": \"2126-01-01T00:00:00Z\"", "spans at most 45 days"),
        ("\"name\": \"small\",", "", "field `name` is missing"),
    ] {
        assert!(text.contains(good), "{good} in {text}");
        fs::write(&path, text.replace(good, bad)).unwrap();
        let refusal = small.refusal();
        assert!(refusal.contains(complaint) && refusal.contains("recording.json"), "{refusal}");
    }
}

#[test]
fn lines_of_another_time_are_counted_and_only_such_lines_are_refused() {
    let small = Small::new(&[]);
    let millis = POD.replace("1767225600.5", "1767225600500");
    write_lines(&small.path("pods.jsonl.gz"), [POD, &millis]).unwrap();
    small.seal();
    let recording = small.open().unwrap();
    assert_eq!(recording.report().repairs[&RepairKind::OutsideSpan].count, 1);
    write_lines(&small.path("pods.jsonl.gz"), [&millis]).unwrap();
    small.seal();
    assert!(small.refusal().contains("holds no pod observed within an hour of the recording"));
}
