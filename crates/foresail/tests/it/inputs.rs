//! Wrong, damaged and poor input: a clear line and the right exit code.

use std::fs;

use serde_json::json;

use crate::program::{argument, foresail, run};
use crate::recordings::{SmallRecording, Story};

/// Every command that reads a recording.
fn readers(folder: &str) -> [Vec<&str>; 3] {
    [
        vec!["recording", "inspect", folder],
        vec!["outcomes", "--recording", folder],
        vec!["backtest", "--recording", folder],
    ]
}

#[test]
fn a_missing_folder_is_wrong_input() {
    for command in readers("/no/such/folder") {
        run(&command).fails(2, &["`/no/such/folder`", "not a folder"]);
    }
}

#[test]
fn an_empty_folder_is_wrong_input() {
    let folder = tempfile::tempdir().unwrap();
    for command in readers(argument(folder.path())) {
        run(&command).fails(2, &["recording.json"]);
    }
}

#[test]
fn a_recording_without_pods_is_wrong_input() {
    let recording = SmallRecording::without_pods();
    for command in readers(argument(recording.path())) {
        run(&command).fails(2, &["pods.jsonl.gz", "no pod"]);
    }
}

#[test]
fn a_changed_file_is_refused_with_its_name() {
    let recording = SmallRecording::new(Story::Quiet);
    let path = recording.file("samples/container.parquet");
    let mut bytes = fs::read(&path).unwrap();
    bytes.truncate(bytes.len() / 2);
    fs::write(&path, bytes).unwrap();
    for command in readers(argument(recording.path())) {
        run(&command).fails(2, &["container.parquet", "sha256"]);
    }
}

#[test]
fn a_format_of_the_future_is_refused() {
    let recording = SmallRecording::new(Story::Quiet);
    recording.edit_manifest("format", json!(2));
    run(&readers(argument(recording.path()))[1]).fails(2, &["recording.json", "`2`"]);
}

#[test]
fn a_manifest_that_is_no_json_is_refused() {
    let recording = SmallRecording::new(Story::Quiet);
    fs::write(recording.file("recording.json"), "{ \"format\": 1,").unwrap();
    run(&readers(argument(recording.path()))[1]).fails(2, &["recording.json"]);
}

#[test]
fn a_recording_without_any_outcome_works_and_says_so() {
    let recording = SmallRecording::new(Story::Quiet);
    let folder = argument(recording.path());
    let outcomes = run(&["outcomes", "--recording", folder]);
    assert_eq!(outcomes.succeeds(), "no outcome in recording `small`\n");
    assert_eq!(run(&["outcomes", "--recording", folder, "--format", "json"]).succeeds(), "");
    let inspected = run(&["recording", "inspect", folder]);
    assert!(inspected.succeeds().contains("outcomes: none"), "{}", inspected.stdout);
    let judged = run(&["backtest", "--recording", folder]);
    assert!(judged.succeeds().contains("0 incidents"), "{}", judged.stdout);
}

#[test]
fn an_outcome_is_listed_with_the_facts_that_made_it() {
    let recording = SmallRecording::new(Story::Leak);
    let listed = run(&["outcomes", "--recording", argument(recording.path()), "--format", "json"]);
    let line: serde_json::Value = serde_json::from_str(listed.succeeds()).unwrap();
    assert_eq!(line["at"], "2026-11-24T07:10:00.000Z");
    assert_eq!(line["kind"], "oom_killed");
    assert_eq!((&line["namespace"], &line["workload"]), (&json!("shop"), &json!("cart")));
    assert_eq!((&line["pod"], &line["node"]), (&json!("cart-7d9f-x2"), &json!("node-1")));
    assert_eq!((&line["incident"], &line["primary"]), (&json!(1), &json!(true)));
    assert!(line["facts"][0]["text"].as_str().unwrap().contains("OOMKilled"), "{line}");
}

#[test]
fn two_recordings_of_one_name_are_wrong_input() {
    let (one, two) = (SmallRecording::new(Story::Quiet), SmallRecording::new(Story::Leak));
    let (one, two) = (argument(one.path()), argument(two.path()));
    run(&["backtest", "--recording", one, "--train", two]).fails(2, &["`small`"]);
}

#[test]
fn a_demo_without_shipped_recordings_says_where_they_belong() {
    let folder = tempfile::tempdir().unwrap();
    let data = argument(folder.path());
    let out = folder.path().join("out");
    run(&["demo", "--once", "--data", data, "--out", argument(&out)]).fails(2, &["roles.json"]);
    assert!(!out.exists());
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let recording = SmallRecording::new(Story::Leak);
    let mut child = foresail()
        .args(["outcomes", "--recording", argument(recording.path())])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}
