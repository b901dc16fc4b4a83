//! `backtest --prometheus` on a real Prometheus that holds a slice of a shipped recording and the alerts of
//! a rule file, evaluated by that Prometheus: `scripts/test-prometheus`.

mod server;
mod slice;

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMillisecondType;
use foresail_core::{PlatformDuration, Timestamp};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use crate::program::{argument, run};
use server::Prometheus;
use slice::Slice;

fn slice() -> Slice {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/lab-3");
    let from: Timestamp = "2026-11-24T06:08:00Z".parse().unwrap();
    Slice { folder, from, to: from + PlatformDuration::from_seconds(MINUTES * 60) }
}

const MINUTES: i64 = 45;

/// Runs `backtest` on a server's history.
fn backtest(url: &str, slice: &Slice, more: &[&str]) -> crate::program::Run {
    let (since, until) = (format!("{MINUTES}m"), slice.to.to_string());
    let mut arguments = vec!["backtest", "--prometheus", url, "--since", &since, "--until", &until];
    arguments.extend(more);
    run(&arguments)
}

fn alert<'a>(result: &'a Value, name: &str) -> &'a Value {
    let alerts = result["fired"]["alerts"].as_array().unwrap();
    alerts.iter().find(|alert| alert["name"] == name).unwrap_or(&Value::Null)
}

/// First and last sample of everything below `samples/` of a recording.
fn span(recording: &Path) -> (i64, i64) {
    let mut span = (i64::MAX, i64::MIN);
    for entry in recording.join("samples").read_dir().unwrap() {
        let file = File::open(entry.unwrap().path()).unwrap();
        for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
            let batch = batch.unwrap();
            let times = batch.column_by_name("ts").unwrap();
            let times = times.as_primitive::<TimestampMillisecondType>();
            for at in times.values() {
                span = (span.0.min(*at), span.1.max(*at));
            }
        }
    }
    span
}

#[test]
#[ignore = "needs Debian's prometheus: scripts/test-prometheus"]
fn real_prometheus_is_back_tested_beside_the_alerts_that_fired_there() {
    let slice = slice();
    let server = Prometheus::with(&slice);
    let folder = tempfile::tempdir().unwrap();

    alerts_stand_beside_what_we_say(&server, &slice, folder.path());
    what_a_server_refuses_is_said(&server, &slice);
    nothing_of_the_judged_part_is_trained_on(&server, &slice, folder.path());
}

fn alerts_stand_beside_what_we_say(server: &Prometheus, slice: &Slice, folder: &Path) {
    let page = folder.join("page");
    let more = ["--time-scale", "10", "--format", "json", "--out", argument(&page)];
    let run = backtest(&server.url, slice, &more);
    let result: Value = serde_json::from_str(run.succeeds()).unwrap();
    let rows = result["rows"].as_array().unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row["method"]["name"].as_str().unwrap()).collect();
    for name in ["foresail", "stock_rules", "alerts_fired"] {
        assert!(names.contains(&name), "{names:?}");
    }
    assert_eq!(alert(&result, "Watchdog")["always"], true);
    let near = alert(&result, "MemoryNearLimit");
    let counts = &near["row"]["counts"];
    assert!(counts["alarms"].as_u64() > Some(0), "{near}");
    assert!(near["expression"].as_str().unwrap().contains("working_set"), "{near}");
    let spaces = alert(&result, "RestartsInNamespace");
    assert_eq!(spaces["without_object"], spaces["spells"]);
    assert_eq!(spaces["row"], Value::Null);
    // What comes after the failure helps nobody.
    let restarted = &alert(&result, "PodRestarted")["row"]["counts"];
    assert!(restarted["blackout"].as_u64() > restarted["hits"].as_u64(), "{restarted}");
    let kinds = result["history"]["kinds"].as_array().unwrap();
    let job = kinds.iter().find(|kind| kind["kind"] == "job_failed").unwrap();
    assert_eq!(job["seen"], "not");
    let html = std::fs::read_to_string(page.join("report.html")).unwrap();
    for text in ["MemoryNearLimit", "alerting works: Watchdog", "Hours of history"] {
        assert!(html.contains(text), "{text}");
    }
}

fn what_a_server_refuses_is_said(server: &Prometheus, slice: &Slice) {
    let url = server.behind("/rules", usize::MAX);
    let run = backtest(&url, slice, &["--time-scale", "10", "--first-passage"]);
    let text = run.succeeds();
    assert!(text.contains("rules there are not known") && text.contains("403"), "{text}");
    assert!(text.contains("MemoryNearLimit"), "{text}");
    let url = server.behind("ALERTS", usize::MAX);
    let run = backtest(&url, slice, &["--time-scale", "10", "--first-passage"]);
    assert!(run.succeeds().contains("alerts that fired there are not known"), "{}", run.stdout);
    // It dies in the middle of the history.
    let keep = tempfile::tempdir().unwrap();
    let kept = keep.path().join("kept");
    let url = server.behind("", 25);
    let more = ["--keep", argument(&kept), "--timeout", "2"];
    backtest(&url, slice, &more).fails(3, &["/api/v1/query"]);
    assert_eq!(keep.path().read_dir().unwrap().count(), 0);
}

fn nothing_of_the_judged_part_is_trained_on(server: &Prometheus, slice: &Slice, folder: &Path) {
    let kept: PathBuf = folder.join("kept");
    let more = [
        "--fit",
        "--time-scale",
        "20",
        "--keep",
        argument(&kept),
        "--format",
        "json",
        "--budget",
        "1",
    ];
    let run = backtest(&server.url, slice, &more);
    let result: Value = serde_json::from_str(run.succeeds()).unwrap();
    let fit = &result["history"]["fit"];
    let time = |name: &str| fit[name].as_str().unwrap().parse::<Timestamp>().unwrap();
    let ((_, last), (first, _)) = (span(&kept.join("earlier")), span(&kept.join("judged")));
    assert!(last <= time("to").as_millis(), "{fit}");
    let horizon = PlatformDuration::from_seconds(100 * 60 / 20);
    assert!(first > last + horizon.as_millis(), "{fit}");
    assert!(first >= time("judged_from").as_millis(), "{fit}");
    let model = result["model"].as_str().unwrap();
    assert!(model.contains("earlier part") && !model.contains("therefore knows"), "{model}");
    let few = backtest(&server.url, slice, &["--fit", "--time-scale", "10"]);
    few.fails(2, &["too short to train", "--since"]);
}
