//! `foresail dataset`: rows of recordings as CSV and Parquet.

use std::fs;

use foresail_collect::table::read_parquet;
use foresail_learn::tabular::csv::{self, ReadOptions};
use foresail_learn::tabular::{DATASET_COLUMNS, Table, Values, is_dataset};
use serde_json::Value;

use crate::program::{argument, run};
use crate::recordings::{SmallRecording, Story};

fn texts(table: &Table, name: &str) -> Vec<Option<String>> {
    match table.column(name).unwrap() {
        Values::Text(text) => {
            (0..table.n_rows()).map(|row| text.get(row).map(str::to_owned)).collect()
        }
        Values::Number(_) => Vec::new(),
    }
}

#[test]
fn the_rows_of_a_recording_are_written_with_their_labels() {
    // The pod is killed at production minute 100 of 120.
    let recording = SmallRecording::new(Story::Leak);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("new/rows.csv");
    let files = ["--recording", argument(recording.path()), "--out", argument(&out)];
    let printed = run(&[&["dataset", "--format", "json"], &files[..]].concat());
    let counts: Value = serde_json::from_str(printed.succeeds()).unwrap();
    assert_eq!(counts["rows"], 120);
    let counts = &counts["recordings"][0];
    assert_eq!(counts["name"], "small");
    let labels =
        ["good", "alert", "bad", "unlabelled"].map(|label| counts[label].as_u64().unwrap());
    assert_eq!(labels, [39, 21, 0, 60]);

    let table = csv::read(&out, &ReadOptions::default()).unwrap();
    assert!(is_dataset(&table));
    let label = texts(&table, "label");
    assert_eq!((label[38].as_deref(), label[39].as_deref()), (Some("good"), Some("alert")));
    assert_eq!((label[59].as_deref(), label[60].as_deref()), (Some("alert"), None));
    assert_eq!(texts(&table, "failure_kind")[39].as_deref(), Some("oom_killed"));
    assert_eq!(texts(&table, "workload")[0].as_deref(), Some("shop/cart"));
    let Values::Number(minutes) = table.column("minutes_to_failure").unwrap() else { panic!() };
    assert_eq!((minutes[38].is_nan(), minutes[39], minutes[59]), (true, 60.0, 40.0));
}

#[test]
fn parquet_holds_the_same_rows_as_csv() {
    let recording = SmallRecording::new(Story::Leak);
    let folder = tempfile::tempdir().unwrap();
    let [one, other] = ["rows.csv", "rows.parquet"].map(|name| folder.path().join(name));
    for out in [&one, &other] {
        let recording = argument(recording.path());
        run(&["dataset", "--recording", recording, "--out", argument(out)]).succeeds();
    }
    let (one, other) =
        (csv::read(&one, &ReadOptions::default()).unwrap(), read_parquet(&other).unwrap());
    let names = |table: &Table| -> Vec<String> {
        table.columns().iter().map(|column| column.name.clone()).collect()
    };
    assert_eq!(names(&one), names(&other));
    for name in DATASET_COLUMNS.into_iter().filter(|name| *name != "minutes_to_failure") {
        assert_eq!(texts(&one, name), texts(&other, name), "{name}");
    }
}

#[test]
fn a_balance_is_written_down_and_leaves_every_row() {
    let recording = SmallRecording::new(Story::Leak);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("rows.parquet");
    let said = run(&[
        "dataset",
        "--recording",
        argument(recording.path()),
        "--out",
        argument(&out),
        "--balance",
        "undersample",
    ]);
    assert!(said.succeeds().contains("training rows only"), "{}", said.stdout);
    let table = read_parquet(&out).unwrap();
    assert_eq!(texts(&table, "balance"), vec![Some("undersample".to_owned()); 120]);
}

#[test]
fn what_cannot_be_written_is_refused_and_leaves_nothing() {
    let recording = SmallRecording::new(Story::Leak);
    let empty = SmallRecording::without_pods();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (good, no_pods) =
        (argument(recording.path()).to_owned(), argument(empty.path()).to_owned());
    let into = |recordings: &[&str], out: &str| {
        let out = at(out);
        let mut arguments = vec!["dataset", "--recording"];
        arguments.extend(recordings);
        arguments.extend(["--out", argument(&out)]);
        run(&arguments)
    };
    into(&[&good], "rows.xlsx").fails(2, &["rows.xlsx", ".csv", ".parquet"]);
    into(&[&good], "rows").fails(2, &["`", "rows"]);
    into(&[&good, &good], "rows.csv").fails(2, &["two recordings are called `small`"]);
    into(&[&no_pods], "rows.csv").fails(2, &["no data set was written", "pods.jsonl.gz"]);
    into(&[argument(&at("nowhere"))], "rows.csv").fails(2, &["nowhere", "not a folder"]);
    recording.edit_manifest("time_scale", serde_json::json!(-1.0));
    into(&[&good], "rows.csv").fails(2, &["recording.json"]);
    fs::write(at("file"), "").unwrap();
    into(&[&no_pods], "file/rows.csv").fails(3, &["file"]);
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().flatten().collect();
    assert_eq!(left.len(), 1, "only the file that the test made is there");
}
