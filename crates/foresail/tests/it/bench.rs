//! `foresail bench` on small recordings.

use std::path::Path;

use serde_json::{Value, json};

use crate::program::{Run, argument, foresail, foresail_on_a_full_disk, run};
use crate::recordings::{SmallRecording, Story};

fn leak(name: &str) -> SmallRecording {
    let recording = SmallRecording::new(Story::Leak);
    recording.edit_manifest("name", json!(name));
    recording
}

fn words<'a>(recordings: &[&'a SmallRecording], out: &'a Path) -> Vec<&'a str> {
    let mut arguments = vec!["bench", "--recording"];
    arguments.extend(recordings.iter().map(|one| argument(one.path())));
    arguments.extend(["--out", argument(out), "--reduced"]);
    arguments
}

fn bench(recordings: &[&SmallRecording], out: &Path) -> Run {
    run(&words(recordings, out))
}

fn without_runtimes(out: &Path) -> Value {
    let mut result: Value =
        serde_json::from_slice(&std::fs::read(out.join("bench.json")).unwrap()).unwrap();
    result["runtimes"] = Value::Null;
    result["cost"] = Value::Null;
    result["provenance"]["command"] = Value::Null;
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
fn a_run_that_is_killed_is_taken_up_and_ends_as_if_nothing_had_been() {
    let (first, second) = (leak("first"), leak("second"));
    let (whole, cut) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    bench(&[&first, &second], whole.path()).succeeds();
    let mut child = foresail()
        .args(words(&[&first, &second], cut.path()))
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let parts = cut.path().join("parts");
    let kept = || std::fs::read_dir(&parts).map_or(0, Iterator::count);
    while kept() < 3 && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(kept() >= 3);
    // Results are written together, at the end.
    let written = ["index.html", "bench.json"].map(|file| cut.path().join(file).is_file());
    assert_eq!(written[0], written[1]);
    bench(&[&first, &second], cut.path()).succeeds();
    assert_eq!(without_runtimes(cut.path()), without_runtimes(whole.path()));
}

#[test]
fn on_a_full_disk_nothing_is_half_written() {
    let (first, second) = (leak("first"), leak("second"));
    let folder = tempfile::tempdir().unwrap();
    let mut full = foresail_on_a_full_disk(0);
    let output = full.args(words(&[&first, &second], folder.path())).output().unwrap();
    Run::from(output).fails(3, &["the benchmark failed", "parts"]);
    assert_eq!(std::fs::read_dir(folder.path().join("parts")).unwrap().count(), 0);
    assert!(!folder.path().join("bench.json").exists());
}

#[test]
fn the_gates_that_need_no_fit_are_part_of_a_reduced_run() {
    let (first, second) = (leak("first"), leak("second"));
    let folder = tempfile::tempdir().unwrap();
    bench(&[&first, &second], folder.path()).succeeds();
    let gates = &without_runtimes(folder.path())["gates"];
    let names: Vec<&str> =
        gates.as_array().unwrap().iter().map(|gate| gate["name"].as_str().unwrap()).collect();
    for expected in ["thresholded value", "at or after a failure", "a clock", "first 120 s"] {
        assert!(names.iter().any(|name| name.contains(expected)), "{expected}: {names:?}");
    }
    let page = std::fs::read_to_string(folder.path().join("index.html")).unwrap();
    assert!(page.contains("no window at or after a failure is learned from"));
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
