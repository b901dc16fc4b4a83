//! Training on recordings, and what becomes of its file.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::program::{Run, argument, foresail, foresail_on_a_full_disk, run};
use crate::recordings::{SmallRecording, Story};

fn train(recordings: &[&SmallRecording], out: &Path, more: &[&str]) -> Run {
    let mut words = vec!["train", "--model", "hazard", "--out", argument(out), "--recording"];
    words.extend(recordings.iter().map(|recording| argument(recording.path())));
    words.extend(more);
    run(&words)
}

/// Two recordings that can be told apart.
fn two_leaks() -> [SmallRecording; 2] {
    ["one", "two"].map(|name| {
        let recording = SmallRecording::new(Story::Leak);
        recording.edit_manifest("name", json!(name));
        recording
    })
}

/// A model of one small recording, in a folder of its own.
fn small_model() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("small.model");
    train(&[&SmallRecording::new(Story::Leak)], &out, &[]).succeeds();
    (folder, out)
}

fn backtest(model: &Path) -> Run {
    let recording = SmallRecording::new(Story::Leak);
    run(&["backtest", "--recording", argument(recording.path()), "--model", argument(model)])
}

#[test]
fn a_model_is_written_with_its_card() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("new/two.model");
    let leaks = two_leaks();
    let trained = train(&[&leaks[0], &leaks[1]], &out, &["--format", "json"]);
    let card: Value = serde_json::from_str(trained.succeeds()).unwrap();
    assert_eq!(card["kind"], "hazard");
    assert_eq!(card["card"]["events"], json!({ "oom_killed": 2 }));
    assert_eq!(card["card"]["time_scale"], 10.0);
    assert_eq!(card["card"]["trained_at"], Value::Null);
    assert_eq!(card["card"]["recordings"][1]["name"], "two");
    assert!(card["base_rates"]["oom_killed"].as_f64().unwrap() > 0.0);
    let shown = run(&["models", argument(&out)]);
    assert!(shown.succeeds().contains("oom_killed 2"), "{}", shown.stdout);
    assert!(shown.stdout.starts_with("built in:\n"), "{}", shown.stdout);
}

#[test]
fn plain_classifiers_are_trained_on_the_same_rows_and_opened() {
    let folder = tempfile::tempdir().unwrap();
    let recording = SmallRecording::new(Story::Leak);
    for kind in ["random-forest", "gradient-boosting"] {
        let out = folder.path().join(kind);
        let words = ["train", "--model", kind, "--out", argument(&out), "--recording"];
        run(&[&words[..], &[argument(recording.path())]].concat()).succeeds();
        let shown = run(&["models", argument(&out), "--format", "json"]);
        let last: Value = serde_json::from_str(shown.succeeds().lines().last().unwrap()).unwrap();
        assert_eq!(last["kind"], kind);
        assert_eq!(last["card"]["horizons_minutes"], json!([100.0]));
    }
}

#[test]
fn the_same_recordings_give_the_same_model() {
    let (_one, first) = small_model();
    let (_two, second) = small_model();
    assert_eq!(fs::read(first).unwrap(), fs::read(second).unwrap());
}

#[test]
fn without_anything_held_out_there_is_no_operating_point_and_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("a.model");
    let trained = train(&[&SmallRecording::new(Story::Leak)], &out, &[]);
    let said = trained.succeeds();
    assert!(said.contains("note: nothing could be held out"), "{said}");
    assert!(said.contains("recording `small` is the only one"), "{said}");
    backtest(&out).fails(2, &["no operating point for a budget of 0.5"]);
}

#[test]
fn recordings_without_a_failure_teach_nothing_and_leave_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("a.model");
    let quiet = SmallRecording::new(Story::Quiet);
    train(&[&quiet], &out, &[]).fails(2, &[argument(quiet.path()), "nothing can be learned"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_recording_without_pods_cannot_be_learned_from() {
    let folder = tempfile::tempdir().unwrap();
    let recording = SmallRecording::without_pods();
    let out = folder.path().join("a.model");
    train(&[&recording], &out, &[]).fails(2, &["no pod"]);
}

#[test]
fn a_place_for_the_model_that_cannot_be_written_is_refused_before_any_work() {
    let unread = ["train", "--recording", "unread", "--model", "hazard", "--out"];
    run(&[&unread[..], &["/proc/foresail"]].concat()).fails(3, &["/proc"]);
}

#[test]
fn a_cut_or_changed_model_is_refused_with_file_and_reason() {
    let (_folder, model) = small_model();
    let whole = fs::read(&model).unwrap();
    fs::write(&model, &whole[..whole.len() / 2]).unwrap();
    backtest(&model).fails(2, &[argument(&model), "cut short"]);
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&model, changed).unwrap();
    backtest(&model).fails(2, &[argument(&model), "sha256"]);
    fs::write(&model, "text").unwrap();
    backtest(&model).fails(2, &[argument(&model), "not a model file"]);
}

#[test]
fn a_model_of_another_kind_is_refused() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/models/format-1");
    let other = models.join("logistic-of-2.model");
    backtest(&other).fails(2, &["`logistic`", "`hazard`"]);
}

#[test]
fn a_missing_model_is_wrong_input() {
    backtest(Path::new("/no/such.model")).fails(2, &["/no/such.model"]);
}

#[test]
fn a_full_disk_leaves_the_old_model_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("a.model");
    fs::write(&out, "old").unwrap();
    let recording = SmallRecording::new(Story::Leak);
    let words = ["train", "--model", "hazard", "--out", argument(&out), "--recording"];
    let mut full = foresail_on_a_full_disk(1);
    let output = full.args(words).arg(recording.path()).output().unwrap();
    Run::from(output).fails(3, &["failed to write", argument(&out)]);
    assert_eq!(fs::read_to_string(&out).unwrap(), "old");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_device_is_no_place_for_a_model() {
    let recording = SmallRecording::new(Story::Leak);
    train(&[&recording], Path::new("/dev/full"), &[]).fails(2, &["`/dev/full`", "regular file"]);
}

#[test]
fn a_training_that_is_killed_leaves_the_old_model() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("a.model");
    fs::write(&out, "old").unwrap();
    let recording = SmallRecording::new(Story::Leak);
    let words = ["train", "--model", "hazard", "--out", argument(&out), "--recording"];
    let mut child = foresail()
        .args(words)
        .arg(recording.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // The file beside it is there before any work is done.
    while fs::read_dir(folder.path()).unwrap().count() < 2 && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let model = fs::read(&out).unwrap();
    assert!(model == b"old" || run(&["models", argument(&out)]).code == Some(0));
    train(&[&recording], &out, &[]).succeeds();
    run(&["models", argument(&out)]).succeeds();
}

#[test]
fn a_recording_whose_metrics_stop_midway_is_learned_from_with_a_note() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("a.model");
    let trained = train(&[&SmallRecording::new(Story::Silenced)], &out, &[]);
    let said = trained.succeeds();
    assert!(said.contains("note: recording `small` loses"), "{said}");
    assert!(said.contains("metrics stop midway"), "{said}");
}
