//! `foresail bench` on small recordings.

use std::path::Path;

use serde_json::{Value, json};

use crate::program::{argument, run};
use crate::recordings::{SmallRecording, Story};

fn leak(name: &str) -> SmallRecording {
    let recording = SmallRecording::new(Story::Leak);
    recording.edit_manifest("name", json!(name));
    recording
}

fn bench(recordings: &[&SmallRecording], out: &Path) -> crate::program::Run {
    let mut arguments = vec!["bench", "--recording"];
    arguments.extend(recordings.iter().map(|one| argument(one.path())));
    arguments.extend(["--out", argument(out), "--reduced"]);
    run(&arguments)
}

fn without_runtimes(out: &Path) -> Value {
    let mut result: Value =
        serde_json::from_slice(&std::fs::read(out.join("bench.json")).unwrap()).unwrap();
    result["runtimes"] = Value::Null;
    result["cost"] = Value::Null;
    result
}

#[test]
fn each_recording_is_judged_and_a_second_run_takes_up_the_first() {
    let (first, second) = (leak("first"), leak("second"));
    let folder = tempfile::tempdir().unwrap();
    let run = bench(&[&first, &second], folder.path());
    let text = run.succeeds();
    assert!(text.contains("Foresail") && text.contains("predict_linear"), "{text}");
    for file in ["index.html", "bench.json", "tables.md", "results.json"] {
        assert!(folder.path().join(file).is_file(), "{file}");
    }
    let before = without_runtimes(folder.path());
    let parts = || std::fs::read_dir(folder.path().join("parts")).unwrap().count();
    let count = parts();
    assert!(count > 5);
    bench(&[&first, &second], folder.path()).succeeds();
    assert_eq!(parts(), count);
    assert_eq!(without_runtimes(folder.path()), before);
}

#[test]
fn a_recording_that_cannot_be_read_is_wrong_input() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(&["bench", "--recording", "nowhere", "--out", argument(folder.path())]);
    run.fails(2, &["the benchmark failed", "`nowhere`"]);
    assert!(!folder.path().join("index.html").exists());
}

#[test]
fn one_name_given_twice_is_wrong_input() {
    let (first, second) = (leak("same"), leak("same"));
    let folder = tempfile::tempdir().unwrap();
    bench(&[&first, &second], folder.path()).fails(2, &["two recordings are called `same`"]);
}

#[test]
fn recordings_in_which_nothing_fails_are_wrong_input() {
    let (first, second) = (SmallRecording::new(Story::Quiet), SmallRecording::new(Story::Quiet));
    second.edit_manifest("name", json!("second"));
    let folder = tempfile::tempdir().unwrap();
    bench(&[&first, &second], folder.path()).fails(2, &["no failure", "`small`, `second`"]);
}

#[test]
fn a_single_application_cannot_be_held_out() {
    let folder = tempfile::tempdir().unwrap();
    bench(&[&leak("only")], folder.path()).fails(2, &["nothing can be held out of `only`"]);
}

#[test]
fn committed_results_that_cannot_be_read_are_told_before_any_work() {
    let (first, second) = (leak("first"), leak("second"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("results.json");
    std::fs::write(&file, "{").unwrap();
    let run = run(&[
        "bench",
        "--recording",
        argument(first.path()),
        argument(second.path()),
        "--out",
        argument(folder.path()),
        "--check",
        argument(&file),
    ]);
    run.fails(2, &["failed to read", "results.json"]);
    assert!(!folder.path().join("parts").exists());
}
