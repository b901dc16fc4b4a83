//! Output files and folders, ports, required results.

use std::fs;
use std::net::TcpListener;

use crate::program::{argument, foresail, run};
use crate::recordings::{SmallRecording, Story};

#[test]
fn a_backtest_writes_report_alarms_and_scores() {
    let recording = SmallRecording::new(Story::Leak);
    let folder = tempfile::tempdir().unwrap();
    let [out, alarms, scores] =
        ["out", "alarms.jsonl", "scores.parquet"].map(|name| folder.path().join(name));
    let judged = run(&[
        "backtest",
        "--recording",
        argument(recording.path()),
        "--out",
        argument(&out),
        "--alarms",
        argument(&alarms),
        "--scores",
        argument(&scores),
    ]);
    assert!(judged.succeeds().contains("report.html"), "{}", judged.stdout);
    assert!(fs::read_to_string(out.join("report.html")).unwrap().starts_with("<!DOCTYPE html>"));
    let result: serde_json::Value =
        serde_json::from_slice(&fs::read(out.join("result.json")).unwrap()).unwrap();
    assert_eq!(result["shown"], "small");
    for line in fs::read_to_string(alarms).unwrap().lines() {
        let alarm: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(alarm["cluster"], "test");
    }
    assert!(fs::read(scores).unwrap().starts_with(b"PAR1"));
}

#[test]
fn the_same_recording_gives_the_same_bytes() {
    let recording = SmallRecording::new(Story::Leak);
    let folder = tempfile::tempdir().unwrap();
    let alarms = ["a", "b"].map(|name| {
        let file = folder.path().join(name);
        let recording = argument(recording.path());
        run(&["backtest", "--recording", recording, "--alarms", argument(&file)]).succeeds();
        fs::read(file).unwrap()
    });
    assert_eq!(alarms[0], alarms[1]);
}

#[test]
fn a_required_result_that_is_not_met_exits_with_one() {
    let recording = SmallRecording::new(Story::Quiet);
    let recording = argument(recording.path());
    let unmet = run(&["backtest", "--recording", recording, "--require", "er>=0.3, fa<=1"]);
    unmet.fails(1, &["`er>=0.3` is not met: not measurable on this recording"]);
    assert!(!unmet.stderr.contains("fa<=1"), "{}", unmet.stderr);
    assert!(!unmet.stdout.is_empty());
}

#[test]
fn an_output_folder_that_is_a_file_is_refused_before_any_work() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "mine").unwrap();
    let out = argument(&file);
    run(&["backtest", "--recording", "unread", "--out", out]).fails(2, &["is a file"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn a_failed_run_leaves_no_file_behind() {
    let folder = tempfile::tempdir().unwrap();
    let [alarms, out] = ["alarms.jsonl", "out"].map(|name| folder.path().join(name));
    let (alarms, out) = (argument(&alarms), argument(&out));
    run(&["backtest", "--recording", "/no/such", "--alarms", alarms, "--out", out]).fails(2, &[]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_place_that_cannot_be_written_is_the_environment() {
    // `/proc` refuses new files to everybody, also to root.
    for option in ["--out", "--alarms", "--scores"] {
        run(&["backtest", "--recording", "unread", option, "/proc/foresail"]).fails(3, &["/proc"]);
    }
}

#[test]
fn a_full_disk_is_the_environment() {
    let recording = SmallRecording::new(Story::Leak);
    let output = foresail()
        .args(["outcomes", "--recording", argument(recording.path())])
        .stdout(fs::OpenOptions::new().write(true).open("/dev/full").unwrap())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("standard output: No space left"), "{stderr}");
}

#[test]
fn a_port_in_use_is_the_environment() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("roles.json"), r#"{ "training": ["a"], "demo": ["b"] }"#).unwrap();
    let out = folder.path().join("out");
    let (data, out) = (argument(folder.path()), argument(&out));
    run(&["demo", "--data", data, "--out", out, "--listen", &address]).fails(3, &[&address]);
}
