//! `foresail top` before a service that is made up.

use std::io::{Read, Write};
use std::net::TcpListener;

use crate::program::{argument, run};

const STATUS: &str = r#"{
    "version": "0.1.0", "cluster": "lab\u001b[2J", "mode": "observe", "mode_reason": "3 of 20 outcomes",
    "now": "2026-11-24T12:00:10Z", "started_at": "2026-11-24T11:00:00Z",
    "last_tick": "2026-11-24T12:00:00Z", "ready": false, "not_ready_because": ["prometheus is down"],
    "ticks": { "interval_seconds": 15, "count": 1, "late": 0, "last_lateness_seconds": 0.1,
        "last_duration_seconds": 0.1, "total_duration_seconds": 0.1 },
    "sources": [
        { "name": "kubernetes", "state": "ok", "reason": null, "lag_seconds": 1, "failures": 0 },
        { "name": "prometheus", "state": "down", "reason": "refused", "lag_seconds": null, "failures": 9 },
        { "name": "kubelets", "state": "off", "reason": null, "lag_seconds": null, "failures": 0 }],
    "model": { "name": "built in", "kind": "hazard", "trained_at": null, "age_seconds": null },
    "shadows": [], "skipped": [], "outcomes": [], "scorecard": null, "a_field_of_tomorrow": 1,
    "store": { "state": "full", "reason": null, "bytes": 1, "last_kept": null, "waiting": 0, "lost": 0 },
    "objects": { "pods": 12, "workloads": 4, "nodes": 1, "volumes": 0 }
}"#;

const PREDICTIONS: &str = r#"{
    "cluster": "lab", "at": "2026-11-24T12:00:00Z", "matching": 2, "predictions": [{
        "at": "2026-11-24T12:00:00Z", "cluster": "lab", "object_kind": "Workload", "namespace": "shop",
        "workload": "cart", "workload_kind": "Deployment", "pod": "cart-7d9f-x2", "node": "node-1",
        "volume": null, "component": null, "kind": "oom_killed", "probability": 0.875,
        "not_enough_data": null, "score": 0.9, "horizon_seconds": 600, "tte_p10_seconds": 60,
        "tte_p50_seconds": 120, "tte_p90_seconds": 300, "quantity": null, "level": null, "limit": null,
        "slope_per_second": null, "sentence": "cart\u001b]0;owned\u0007 grows", "evidence": [],
        "model": "built in", "alarm_id": 1, "pages": true
    }, {
        "at": "2026-11-24T12:00:00Z", "cluster": "lab", "object_kind": "Node", "namespace": null,
        "workload": null, "workload_kind": null, "pod": null, "node": "node-1",
        "volume": null, "component": null, "kind": "node_pressure", "probability": 0.05,
        "not_enough_data": null, "score": 0.1, "horizon_seconds": 3600, "tte_p10_seconds": null,
        "tte_p50_seconds": null, "tte_p90_seconds": null, "quantity": null, "level": null, "limit": null,
        "slope_per_second": null, "sentence": "memory runs low", "evidence": [],
        "model": "built in", "alarm_id": null, "pages": null
    }]
}"#;

/// A server that answers so many requests with status and body; its address.
fn server(
    requests: usize,
    answer: impl Fn(&str) -> (u16, &'static str) + Send + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().take(requests) {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() > 0 {
                head.extend(byte);
            }
            let (status, body) = answer(&String::from_utf8(head).unwrap());
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            )
            .unwrap();
        }
    });
    address
}

fn service(head: &str) -> (u16, &'static str) {
    assert!(head.contains("authorization: Bearer 0123456789abcdef\r\n"), "{head}");
    if head.starts_with("GET /api/v1/status ") {
        (200, STATUS)
    } else {
        assert!(head.starts_with("GET /api/v1/predictions?"), "{head}");
        (200, PREDICTIONS)
    }
}

fn token() -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"0123456789abcdef\n").unwrap();
    file
}

#[test]
fn one_look_shows_what_may_fail_and_how_the_service_is() {
    let (server, token) = (server(2, service), token());
    let top = run(&["top", "--once", "--server", &server, "--token-file", argument(token.path())]);
    insta::assert_snapshot!(top.succeeds());
    assert!(!top.stdout.contains(|letter: char| letter.is_control() && letter != '\n'));
}

#[test]
fn json_is_what_the_service_said() {
    let (server, token) = (server(2, service), token());
    let file = argument(token.path());
    let top = run(&["top", "--format", "json", "--server", &server, "--token-file", file]);
    let json: serde_json::Value = serde_json::from_str(top.succeeds()).unwrap();
    assert_eq!(json["status"]["sources"][1]["state"], "down");
    assert_eq!(json["predictions"]["predictions"][0]["probability"], 0.875);
}

#[test]
fn a_refusal_says_why() {
    let refusal = r#"{ "code": "token_missing", "message": "send the token", "details": null }"#;
    let server = server(1, move |_| (401, refusal));
    run(&["top", "--once", "--server", &server]).fails(3, &["send the token", "token_missing"]);
}

#[test]
fn what_is_no_foresail_is_said_to_be_none() {
    let html = server(1, |_| (200, "<html>"));
    run(&["top", "--once", "--server", &html]).fails(3, &["is it a Foresail service?"]);
    let error = server(1, |_| (502, "<html>"));
    run(&["top", "--once", "--server", &error]).fails(3, &["status 502"]);
}

#[test]
fn an_address_that_cannot_be_used_is_wrong_use() {
    run(&["top", "--server", "localhost:7780"]).fails(2, &["`localhost:7780`", "http://"]);
    run(&["top", "--once", "--server", "http://127.0.0.1:1"]).fails(3, &["does not answer"]);
    run(&["top", "--token-file", "none"]).fails(2, &["failed to read `none`"]);
}
