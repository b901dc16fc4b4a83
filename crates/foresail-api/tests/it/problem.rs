//! Every refusal, in one form.

use std::sync::Arc;
use std::time::Duration;

use foresail_api::{Code, ServeSettings};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::fixture::{Made, MadeStore, Server, answer_of, settings};

async fn refused(server: &Server, path: &str) -> (u16, String) {
    server.get(path).await.problem()
}

fn is(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn paths_and_methods_that_are_not() {
    let server = Server::start().await;
    for path in ["/", "/api/v1", "/api/v1/predictions/", "/api/v2/status", "/metrics/x", "/../etc"]
    {
        assert_eq!(refused(&server, path).await, is(404, "route_not_found"), "{path}");
    }
    let posted = answer_of(server.http.post(server.url("/api/v1/status"))).await;
    assert_eq!(posted.problem(), is(405, "method_not_allowed"));
    assert!(posted.headers["allow"].to_str().unwrap().contains("GET"));
    let read = server.get("/api/v1/predict").await;
    assert_eq!(read.problem(), is(405, "method_not_allowed"));
    assert_eq!(read.headers["allow"], "POST");
    let deleted = answer_of(server.http.delete(server.url("/metrics"))).await;
    assert_eq!(deleted.problem(), is(405, "method_not_allowed"));
}

#[tokio::test]
async fn wrong_parameters() {
    let server = Server::start().await;
    for query in [
        "predictions?kind=explosion",
        "predictions?min_probability=1.5",
        "predictions?min_probability=NaN",
        "predictions?min_probability=x",
        "predictions?limit=0",
        "predictions?limit=10001",
        "predictions?limit=-1",
        "predictions?unknown=1",
        "predictions?kind=oom_killed&kind=evicted",
        "incidents?since=yesterday",
        "incidents?since=2026-11-24T12:00:00Z&until=2026-11-24T12:00:00Z",
        "incidents?since=2020-01-01T00:00:00Z",
        "incidents?kind=",
        "objects/secret/shop/x",
        "objects/pod/-/x",
        "objects/node/shop/x",
    ] {
        let found = refused(&server, &format!("/api/v1/{query}")).await;
        assert_eq!(found, is(422, "invalid_parameter"), "{query}");
    }
    let path = "/api/v1/objects/pod/shop/%FF";
    assert_eq!(refused(&server, path).await, is(400, "malformed_request"));
    let path = "/api/v1/objects/pod/shop/nobody";
    assert_eq!(refused(&server, path).await, is(404, "object_not_found"));
}

#[tokio::test]
async fn before_the_first_tick() {
    let server = Server::start().await;
    *server.made.snapshot.lock().unwrap() = None;
    assert_eq!(refused(&server, "/api/v1/predictions").await, is(503, "no_tick_yet"));
    assert_eq!(refused(&server, "/api/v1/objects/pod/shop/cart-0").await, is(503, "no_tick_yet"));
    assert_eq!(server.get("/api/v1/incidents").await.status, 200);
    assert_eq!(server.get("/metrics").await.status, 200);
}

#[tokio::test]
async fn not_ready_says_why() {
    let server = Server::start().await;
    {
        let mut status = server.made.status.lock().unwrap();
        status.ready = false;
        status.not_ready_because = vec!["prometheus is down".to_owned()];
    }
    let answer = server.get("/readyz").await;
    assert_eq!(answer.problem(), is(503, "not_ready"));
    assert_eq!(answer.json()["details"]["reasons"], json!(["prometheus is down"]));
    assert_eq!(answer.headers["retry-after"], "5");
    assert_eq!(server.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_store_that_fails_or_hangs() {
    let made = Made { store: Some(MadeStore::Fails), ..Made::new() };
    let server = Server::with(made, settings()).await;
    for path in ["incidents", "objects/pod/shop/cart-0", "models"] {
        let answer = server.get(&format!("/api/v1/{path}")).await;
        assert_eq!(answer.problem(), is(503, "store_unavailable"), "{path}");
        assert_eq!(answer.json()["details"]["store"], "store_unreachable");
        assert!(!answer.text.contains("secret-host"), "places are for the log");
    }
    let made = Made { store: Some(MadeStore::Hangs), ..Made::new() };
    let quick = ServeSettings { timeout: Duration::from_millis(200), ..settings() };
    let server = Server::with(made, quick).await;
    assert_eq!(refused(&server, "/api/v1/incidents").await, is(503, "timed_out"));
    assert_eq!(server.get("/api/v1/predictions").await.status, 200, "the rest goes on");
}

#[tokio::test]
async fn bodies_that_cannot_be_read() {
    let server = Server::start().await;
    let url = || server.http.post(server.url("/api/v1/predict"));
    assert_eq!(answer_of(url().body("{}")).await.problem(), is(415, "not_json"));
    let text = url().header("content-type", "text/plain").body("{}");
    assert_eq!(answer_of(text).await.problem(), is(415, "not_json"));
    for body in ["", "{", "nonsense", "{\"rows\": [", "\u{0}"] {
        assert_eq!(server.post(body).await.problem(), is(400, "malformed_request"), "{body}");
    }
    assert_eq!(server.post(vec![b'"', 0xff, b'"']).await.problem().0, 400);
    assert_eq!(server.post("[".repeat(200_000)).await.problem(), is(422, "invalid_body"));
    let long = format!("{{\"model\": \"{}\"}}", "x".repeat(5 << 20));
    let answer = server.post(long).await;
    assert_eq!(answer.problem(), is(413, "body_too_large"));
    assert_eq!(answer.json()["details"]["limit_bytes"], 4 << 20);
    let charset = url().header("content-type", "Application/JSON; charset=utf-8").body("{}");
    assert_eq!(answer_of(charset).await.problem(), is(422, "invalid_body"));
}

#[tokio::test]
async fn a_chunked_body_is_bounded_as_well() {
    let server = Server::start().await;
    let chunk = Arc::new(vec![b'x'; 64 << 10]);
    let mut stream = TcpStream::connect(server.base.trim_start_matches("http://")).await.unwrap();
    let head = "POST /api/v1/predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                transfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..1_000 {
        let sent = async {
            stream.write_all(b"10000\r\n").await?;
            stream.write_all(&chunk).await?;
            stream.write_all(b"\r\n").await
        };
        if sent.await.is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    // The server may close while the body is still being sent, and the answer be lost with it.
    if stream.read_to_end(&mut answer).await.is_ok() {
        assert!(String::from_utf8_lossy(&answer).contains("body_too_large"));
    }
    assert_eq!(server.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_body_that_does_not_arrive() {
    let quick = ServeSettings { timeout: Duration::from_millis(400), ..settings() };
    let server = Server::with(Made::new(), quick).await;
    let mut stream = TcpStream::connect(server.base.trim_start_matches("http://")).await.unwrap();
    let head = "POST /api/v1/predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                content-length: 100\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("body_too_slow"), "{answer}");
}

#[tokio::test]
async fn heads_that_are_none() {
    let server = Server::start().await;
    for request in [
        "nonsense\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(100_000)),
        "\u{0}\u{1}\u{2}\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nhost: localhost\r\ncontent-length: x\r\n\r\n".to_owned(),
    ] {
        let mut stream =
            TcpStream::connect(server.base.trim_start_matches("http://")).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.ok();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    assert_eq!(server.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn connections_are_bounded_and_more_wait() {
    let few = ServeSettings { connections: 2, ..settings() };
    let server = Server::with(Made::new(), few).await;
    let address = server.base.trim_start_matches("http://").to_owned();
    let idle = [TcpStream::connect(&address).await, TcpStream::connect(&address).await];
    let waiting = server.get("/healthz");
    let quick = tokio::time::timeout(Duration::from_millis(300), waiting).await;
    assert!(quick.is_err(), "a third connection is not served beside two");
    drop(idle);
    assert_eq!(server.get("/healthz").await.status, 200);
}

#[test]
fn every_code_is_in_the_documentation() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api.md");
    let page = std::fs::read_to_string(path).unwrap();
    for code in Code::ALL {
        let row = format!("| `{}` | {} |", code.as_str(), code.status().as_u16());
        assert!(page.contains(&row), "docs/api.md has no row `{row}`");
        assert!(page.contains(code.meaning()), "docs/api.md does not say: {}", code.meaning());
    }
}
