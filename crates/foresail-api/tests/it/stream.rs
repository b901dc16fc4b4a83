//! The stream of changes.

use std::sync::Arc;
use std::time::Duration;

use foresail_api::{Change, ServeSettings, What};
use foresail_core::{AlarmChange, AlarmId, FailureKind, RenewalReason};
use reqwest::Response;
use serde_json::{Value, json};

use crate::fixture::{Made, Server, alarm, at, outcome, settings, workload};
use crate::schema::differences;

/// One event of a stream.
#[derive(Debug, Default, PartialEq)]
struct Event {
    id: String,
    name: String,
    data: Value,
}

/// A client of the stream.
struct Listener {
    response: Response,
    text: String,
}

impl Listener {
    async fn open(server: &Server, last_id: Option<&str>) -> Self {
        let mut request = server.http.get(server.url("/api/v1/changes"));
        if let Some(id) = last_id {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next block of lines, whether event or heartbeat; `None` at the end.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(block);
            }
            let chunk = tokio::time::timeout(Duration::from_secs(10), self.response.chunk());
            let chunk = chunk.await.expect("a heartbeat comes sooner").unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    async fn event(&mut self) -> Option<Event> {
        loop {
            let block = self.block().await?;
            let mut event = Event::default();
            for line in block.lines() {
                match line.split_once(": ").unwrap_or((line, "")) {
                    ("id", id) => event.id = id.to_owned(),
                    ("event", name) => event.name = name.to_owned(),
                    ("data", data) => event.data = serde_json::from_str(data).unwrap(),
                    _ => {}
                }
            }
            if !event.name.is_empty() {
                return Some(event);
            }
        }
    }
}

fn tick(number: usize) -> Arc<Change> {
    Arc::new(Change { at: at(number as i64), what: What::Tick { predictions: number } })
}

/// Sends `changes`, slowly enough that the server keeps up.
async fn send(server: &Server, changes: impl IntoIterator<Item = Arc<Change>>) {
    for change in changes {
        while server.made.changes.len() > 8 || server.made.changes.receiver_count() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        server.made.changes.send(change).unwrap();
    }
}

fn alarm_change(change: AlarmChange) -> Arc<Change> {
    let what = What::Alarm { change, pages: true, muted_because: None };
    Arc::new(Change { at: at(1), what })
}

#[tokio::test]
async fn every_change_has_its_event() {
    let server = Server::start().await;
    let mut listener = Listener::open(&server, None).await;
    let raised = Box::new(alarm(7, workload("shop", "cart"), -60));
    let changes = [
        alarm_change(AlarmChange::Raised(raised.clone())),
        alarm_change(AlarmChange::Renewed { alarm: raised, reason: RenewalReason::TimeHalved }),
        alarm_change(AlarmChange::Folded {
            root: AlarmId(7),
            unit: workload("shop", "frontend"),
            kind: FailureKind::SloBurn,
            at: at(1),
        }),
        alarm_change(AlarmChange::Cleared { id: AlarmId(7), at: at(1) }),
        Arc::new(Change { at: at(2), what: What::Outcome(outcome(1)) }),
        tick(3),
    ];
    send(&server, changes).await;
    let description: Value = serde_json::from_str(&foresail_api::openapi()).unwrap();
    let schema = json!({ "$ref": "#/components/schemas/ChangeBody" });
    let mut names = Vec::new();
    for _ in 0..6 {
        let event = listener.event().await.unwrap();
        assert_eq!(event.data["type"], event.name.as_str());
        assert_eq!(differences(&event.data, &schema, &description), [""; 0], "{event:?}");
        match event.name.as_str() {
            "alarm_raised" => assert_eq!(event.data["alarm"]["pages"], true),
            "alarm_renewed" => assert_eq!(event.data["reason"], "time_halved"),
            "alarm_folded" => assert_eq!(event.data["folded"]["name"], "frontend"),
            "outcome" => assert_eq!(event.data["outcome"]["kind"], "oom_killed"),
            _ => {}
        }
        names.push(event.name);
    }
    let all = ["alarm_raised", "alarm_renewed", "alarm_folded", "alarm_cleared", "outcome", "tick"];
    assert_eq!(names, all);
}

#[tokio::test]
async fn a_quiet_stream_has_a_heartbeat() {
    let server = Server::start().await;
    let mut listener = Listener::open(&server, None).await;
    assert_eq!(listener.block().await.unwrap(), ": heartbeat");
}

#[tokio::test]
async fn who_comes_back_gets_what_it_missed() {
    let server = Server::start().await;
    let mut listener = Listener::open(&server, None).await;
    send(&server, (1..=3).map(tick)).await;
    let first = listener.event().await.unwrap();
    listener.event().await.unwrap();
    drop(listener);
    let mut again = Listener::open(&server, Some(&first.id)).await;
    assert_eq!(again.event().await.unwrap().data["predictions"], 2);
    assert_eq!(again.event().await.unwrap().data["predictions"], 3);
}

#[tokio::test]
async fn who_comes_back_from_another_life_is_told_so() {
    let server = Server::start().await;
    for id in ["12-5", "nonsense", "", "1795518000000-99", "1795518000000--1"] {
        let mut listener = Listener::open(&server, Some(id)).await;
        let event = listener.event().await.unwrap();
        assert_eq!((event.name.as_str(), &event.data["missed"]), ("missed", &Value::Null), "{id}");
    }
}

#[tokio::test]
async fn who_falls_behind_is_told_how_many_it_missed() {
    let server = Server::start().await;
    let mut listener = Listener::open(&server, None).await;
    send(&server, [tick(0)]).await;
    let first = listener.event().await.unwrap();
    drop(listener);
    send(&server, (1..=1_100).map(tick)).await;
    let mut late = Listener::open(&server, Some(&first.id)).await;
    let event = late.event().await.unwrap();
    assert_eq!(event.name, "missed");
    let missed = event.data["missed"].as_u64().unwrap();
    // The server may still be taking the last ones.
    assert!((68..=77).contains(&missed), "{missed}");
    let next = late.event().await.unwrap();
    assert_eq!(next.data["predictions"].as_u64(), Some(missed + 1));
}

#[tokio::test]
async fn a_service_that_says_too_much_at_once_is_reported() {
    let server = Server::start().await;
    let mut listener = Listener::open(&server, None).await;
    while server.made.changes.receiver_count() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // The tests have one thread: nobody takes any of these before all are sent.
    for number in 0..100 {
        server.made.changes.send(tick(number)).unwrap();
    }
    let event = listener.event().await.unwrap();
    assert_eq!((event.name.as_str(), &event.data["missed"]), ("missed", &json!(84)));
    assert_eq!(listener.event().await.unwrap().data["predictions"], 84);
}

#[tokio::test]
async fn streams_are_bounded() {
    let settings = ServeSettings { connections: 200, ..settings() };
    let server = Server::with(Made::new(), settings).await;
    let mut open = Vec::new();
    for _ in 0..64 {
        open.push(Listener::open(&server, None).await);
    }
    assert_eq!(server.get("/api/v1/changes").await.problem(), (503, "busy".to_owned()));
    assert!(server.get("/metrics").await.text.contains("foresail_api_streams 64\n"));
    drop(open);
    for _ in 0..100 {
        if server.get("/metrics").await.text.contains("foresail_api_streams 0\n") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("streams of clients that left stay open");
}

#[tokio::test]
async fn a_stop_ends_streams_and_the_server() {
    let mut server = Server::start().await;
    let mut listener = Listener::open(&server, None).await;
    server.stop.take().unwrap().send(()).unwrap();
    assert_eq!(listener.event().await, None);
    let ended = tokio::time::timeout(Duration::from_secs(2), &mut server.ended).await;
    ended.expect("open streams do not hold it up").unwrap().unwrap();
}
