//! `foresail simulate`.

use std::fs;

use crate::program::{argument, run};

#[test]
fn a_simulated_csv_goes_unchanged_into_training() {
    let folder = tempfile::tempdir().unwrap();
    let [rows, truth, model] =
        ["rows.csv", "truth.csv", "my.model"].map(|name| folder.path().join(name));
    let (out, apart) = (argument(&rows), argument(&truth));
    let written = run(&["simulate", "--samples", "300", "--out", out, "--truth", apart]);
    assert!(written.succeeds().contains("300 rows of 4 objects"), "{}", written.stdout);
    let [rows, truth] = [&rows, &truth].map(|file| fs::read_to_string(file).unwrap());
    assert_eq!((rows.lines().count(), truth.lines().count()), (301, 301));
    assert!(!rows.lines().next().unwrap().contains("severity"));
    let model = argument(&model);
    let trained = run(&["train", "--data", out, "--target", "issue_type", "--out", model]);
    assert!(trained.succeeds().contains("on 65 columns"), "{}", trained.stdout);
}

#[test]
fn the_counts_can_be_read_by_a_program() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("rows.csv");
    let out = argument(&out);
    let all = ["simulate", "--samples", "500", "--issues", "all", "--out", out, "--format", "json"];
    let counts: serde_json::Value = serde_json::from_str(run(&all).succeeds()).unwrap();
    assert_eq!((counts["rows"].as_u64(), counts["columns"].as_u64()), (Some(500), Some(68)));
    assert_eq!(counts["issue_types"].as_array().unwrap().len(), 18);
}

#[test]
fn without_normal_a_warning_says_what_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("rows.csv");
    let rows = run(&["simulate", "--issues", "pod_crash,oom_kill", "--out", argument(&out)]);
    assert_eq!(rows.code, Some(0));
    assert!(rows.stderr.starts_with("warning: without `normal`"), "{}", rows.stderr);
}

#[test]
fn wishes_that_cannot_be_met_leave_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("rows.csv");
    let out = argument(&out);
    let wished = |more: [&str; 2]| run(&["simulate", "--out", out, more[0], more[1]]);
    wished(["--issues", "pod_crash,oom"]).fails(2, &["`oom` is no issue type", "`oom_kill`"]);
    wished(["--issues", "normal,normal"]).fails(2, &["`normal` is asked for twice"]);
    wished(["--issues", ""]).fails(2, &["no issue type is asked for"]);
    wished(["--samples", "99"]).fails(2, &["`samples` is `99`", "100 to 2000000"]);
    wished(["--hours", "0"]).fails(2, &["`hours` is `0`", "1 to 87600"]);
    wished(["--truth", out]).fails(2, &["name the same file"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
