//! `/metrics`.

use std::collections::BTreeSet;

use foresail_api::{OpenAlarm, ServeSettings, Snapshot};
use foresail_core::Unit;

use crate::fixture::{
    HOSTILE, Made, Server, alarm, answer_of, prediction, settings, snapshot, workload,
};

/// The lines of the page; its form is checked.
async fn lines(server: &Server) -> Vec<String> {
    let answer = server.get("/metrics").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    check(&answer.text);
    answer.text.lines().map(str::to_owned).collect()
}

/// Every line is a description or a sample of the metric described last, and no sample comes twice.
fn check(page: &str) {
    let (mut described, mut samples) = (BTreeSet::new(), BTreeSet::new());
    let mut name = "";
    for line in page.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            name = help.split(' ').next().unwrap();
            assert!(described.insert(name), "{name} is described twice");
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let wanted = match name {
                "foresail_time_to_failure_seconds" => "summary",
                name if name.ends_with("_total") => "counter",
                _ => "gauge",
            };
            assert_eq!(kind, format!("{name} {wanted}"));
        } else {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            assert!(value.parse::<f64>().is_ok(), "{line}");
            assert!(samples.insert(sample), "{sample} stands twice");
            let rest = sample.strip_prefix(name).unwrap_or_else(|| panic!("{line} after {name}"));
            assert!(rest.is_empty() || (rest.starts_with('{') && rest.ends_with("\"}")), "{line}");
        }
    }
}

#[tokio::test]
async fn health_and_judgement_are_metrics() {
    let server = Server::start().await;
    let lines = lines(&server).await;
    for line in [
        "foresail_build_info{version=\"0.1.0\",cluster=\"lab\"} 1",
        "foresail_service_ready 1",
        "foresail_paging_enabled 0",
        "foresail_ticks_total 240",
        "foresail_source_state{source=\"prometheus\",state=\"degraded\"} 1",
        "foresail_source_state{source=\"prometheus\",state=\"ok\"} 0",
        "foresail_source_lag_seconds{source=\"prometheus\"} 17",
        "foresail_source_failures_total{source=\"prometheus\"} 2",
        "foresail_model_age_seconds{model=\"built in\",role=\"in_service\"} 86400",
        "foresail_drift{measure=\"memory_limit_share\"} 0.12",
        "foresail_predictions{failure_kind=\"node_pressure\",verdict=\"not_enough_data\"} 1",
        "foresail_predictions{failure_kind=\"oom_killed\",verdict=\"probability\"} 3",
        "foresail_alarms_open{failure_kind=\"oom_killed\",tier=\"page\",pages=\"false\"} 1",
        "foresail_outcomes_total{failure_kind=\"oom_killed\"} 1",
        "foresail_skipped_total{reason=\"too_old\"} 5",
        "foresail_objects{object_kind=\"pod\"} 4",
        "foresail_store_state{state=\"ok\"} 1",
        "foresail_store_size_bytes 4096",
        "foresail_scorecard_recall{model=\"built in\",bound=\"low\"} 0.3",
        "foresail_scorecard_incidents{model=\"built in\"} 3",
        "foresail_predictions_left_out 0",
    ] {
        assert!(lines.iter().any(|found| found == line), "no line {line}");
    }
    assert!(!lines.iter().any(|line| line.starts_with("foresail_scorecard_precision{")));
}

#[tokio::test]
async fn predictions_are_metrics_with_their_labels() {
    let server = Server::start().await;
    let lines = lines(&server).await;
    let cart = "cluster=\"lab\",namespace=\"shop\",object_kind=\"Workload\",object=\"cart\",\
                pod=\"cart-0\",failure_kind=\"oom_killed\",horizon_seconds=\"600\"";
    assert!(lines.contains(&format!("foresail_failure_probability{{{cart}}} 0.9")));
    for (quantile, seconds) in [("0.1", 60), ("0.5", 120), ("0.9", 300)] {
        let line =
            format!("foresail_time_to_failure_seconds{{{cart},quantile=\"{quantile}\"}} {seconds}");
        assert!(lines.contains(&line), "{line}");
    }
    let shown = lines.iter().filter(|line| line.starts_with("foresail_failure_probability{"));
    assert_eq!(shown.count(), 2, "0.05 is below the floor, and one has no probability");
}

#[tokio::test]
async fn an_open_alarm_is_shown_below_the_floor_and_before_others() {
    let few = ServeSettings { metric_predictions: 2, ..settings() };
    let server = Server::with(Made::new(), few).await;
    let mut predictions: Vec<_> = (0..10_000)
        .map(|number| prediction(workload("shop", &format!("app-{number}")), None, 0.8))
        .collect();
    let last = Unit::Node("last".to_owned());
    predictions.push(prediction(last.clone(), None, 0.01));
    let alarms = vec![OpenAlarm { alarm: alarm(1, last, -5), pages: true, muted_because: None }];
    server.made.show(Snapshot { predictions, alarms, ..snapshot() });
    let lines = lines(&server).await;
    let shown: Vec<_> =
        lines.iter().filter(|line| line.starts_with("foresail_failure_probability{")).collect();
    assert_eq!(shown.len(), 2);
    assert!(shown[0].contains("object=\"last\"") && shown[1].contains("object=\"app-0\""));
    assert!(lines.contains(&"foresail_predictions_left_out 9999".to_owned()));
}

#[tokio::test]
async fn names_of_the_cluster_cannot_break_the_page() {
    let server = Server::start().await;
    let twice = [0.9, 0.8].map(|one| prediction(workload(HOSTILE, HOSTILE), Some(HOSTILE), one));
    server.made.show(Snapshot { predictions: twice.to_vec(), ..snapshot() });
    {
        let mut status = server.made.status.lock().unwrap();
        status.cluster = HOSTILE.to_owned();
        status.sources[0].name = HOSTILE.to_owned();
        status.skipped[0].reason = HOSTILE.to_owned();
    }
    let lines = lines(&server).await;
    let shown: Vec<_> =
        lines.iter().filter(|line| line.starts_with("foresail_failure_probability{")).collect();
    assert_eq!(shown.len(), 1, "the same labels stand once");
    assert!(shown[0].ends_with("0.9"));
    assert!(!lines.iter().any(|line| line.contains('\u{1b}') || line.contains('\u{0}')));
    assert!(lines.contains(&"foresail_predictions_left_out 1".to_owned()));
}

#[tokio::test]
async fn open_metrics_is_written_for_who_asks() {
    let server = Server::start().await;
    let accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
    let request = server.http.get(server.url("/metrics")).header("accept", accept);
    let answer = answer_of(request).await;
    assert!(
        answer.headers["content-type"].to_str().unwrap().starts_with("application/openmetrics")
    );
    assert!(answer.text.ends_with("# EOF\n"));
    assert!(answer.text.contains("# TYPE foresail_ticks counter\nforesail_ticks_total 240\n"));
}

/// Names of metrics that a file of the chart asks for.
fn asked(file: &str) -> BTreeSet<String> {
    let path = format!("{}/../../charts/foresail/files/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    text.split(|letter| !word(letter))
        .filter(|name| name.starts_with("foresail_"))
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn every_metric_of_dashboard_and_rules_is_on_the_page() {
    let server = Server::start().await;
    let page = server.get("/metrics").await.text;
    for file in ["dashboard.json", "alerts.yaml"] {
        let names = asked(file);
        assert!(!names.is_empty());
        for name in names {
            assert!(page.contains(&format!("# TYPE {name} ")), "{file} asks for {name}");
        }
    }
}
