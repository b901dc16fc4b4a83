//! The reader of a cluster against an API with state: lists, watches, and every fault of them.

#![expect(clippy::panic, reason = "a helper of a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use foresail_collect::kubernetes::{
    LogSettings, Namespaces, ObjectKey, ObjectKind, Observation, ReaderSettings, Timeouts,
    WatchState, WatchStatus, Watches, open,
};
use foresail_core::ChangeKind::{self, Added, Deleted, Listed, Modified};
use foresail_core::store::BoxFuture;
use foresail_core::{Clock, Object, Timestamp, WorkloadKind};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use crate::cluster_mock::{Mock, refusal};
use crate::server::Reply;

const PODS: &str = "/api/v1/pods";

#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000)
    }

    fn reach(&self, _: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

fn pod(name: &str, uid: &str) -> Value {
    json!({
        "metadata": { "name": name, "namespace": "shop", "uid": uid },
        "spec": { "containers": [{ "name": "app", "image": "shop:1" }] },
        "status": {
            "phase": "Running",
            "podIP": "10.0.0.9",
            "containerStatuses": [{ "name": "app", "restartCount": 0, "state": { "running": {} } }],
        },
    })
}

fn settings(mock: &Mock) -> ReaderSettings {
    ReaderSettings {
        kubeconfig: Some(mock.kubeconfig("token: secret")),
        page_size: 2,
        timeouts: Timeouts {
            answer: Duration::from_secs(5),
            idle: Duration::from_secs(20),
            backoff: Duration::from_millis(40),
            rare: Duration::from_millis(300),
            ..Timeouts::default()
        },
        ..ReaderSettings::default()
    }
}

struct Reader {
    watches: Watches,
    read: mpsc::Receiver<Observation>,
}

impl Reader {
    async fn start(settings: &ReaderSettings, known: Vec<ObjectKey>) -> Self {
        let cluster = open(settings).await.unwrap();
        let (out, read) = mpsc::channel(100);
        Self { watches: cluster.watch(Arc::new(Still), known, out), read }
    }

    async fn of(mock: &Mock) -> Self {
        Self::start(&settings(mock), Vec::new()).await
    }

    async fn next(&mut self) -> Observation {
        let next = timeout(Duration::from_secs(10), self.read.recv()).await;
        next.unwrap_or_else(|_| panic!("nothing came: {:?}", self.watches)).unwrap()
    }

    /// The next change of an object, in short.
    async fn object(&mut self) -> (ChangeKind, String) {
        loop {
            if let Observation::Object(change) = self.next().await {
                let key = ObjectKey::of(&change.object);
                return (change.change, key.name);
            }
        }
    }

    async fn objects(&mut self, n: usize) -> Vec<(ChangeKind, String)> {
        let mut found = Vec::new();
        for _ in 0..n {
            found.push(self.object().await);
        }
        found
    }

    fn row(&self, resource: &str) -> WatchStatus {
        self.watches.status().into_iter().find(|row| row.resource == resource).unwrap()
    }

    /// Waits until the row of a kind is as wished.
    async fn until(&self, resource: &str, wish: impl Fn(&WatchStatus) -> bool) -> WatchStatus {
        for _ in 0..1_000 {
            let row = self.row(resource);
            if wish(&row) {
                return row;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never as wished: {:?}", self.row(resource));
    }

    async fn nothing_more(&mut self) {
        let more = timeout(Duration::from_millis(200), self.read.recv()).await;
        assert!(more.is_err(), "{more:?}");
    }
}

fn names(changes: &[(ChangeKind, &str)]) -> Vec<(ChangeKind, String)> {
    changes.iter().map(|(change, name)| (*change, (*name).to_owned())).collect()
}

#[tokio::test]
async fn everything_is_listed_in_pages_and_then_followed() {
    let mock = Mock::start();
    for n in 0..5 {
        mock.put(PODS, pod(&format!("web-{n}"), &format!("u{n}")));
    }
    let mut reader = Reader::of(&mock).await;
    let found = reader.objects(5).await;
    assert_eq!(found[4], (Listed, "web-4".to_owned()));
    assert!(reader.watches.synced(Duration::from_secs(5)).await);
    assert_eq!(mock.requests("/api/v1/pods?limit=2").len(), 3);
    assert_eq!(reader.row("pods").objects, 5);
    assert_eq!(reader.row("scaledobjects").state, WatchState::NotInstalled);

    mock.put(PODS, pod("web-5", "u5"));
    let mut changed = pod("web-0", "u0");
    changed["status"]["phase"] = json!("Failed");
    mock.put(PODS, changed.clone());
    // Nothing that is kept changes here.
    changed["metadata"]["labels"] = json!({ "beat": "1" });
    mock.put(PODS, changed);
    mock.remove(PODS, "shop/web-1");
    let expected = names(&[(Added, "web-5"), (Modified, "web-0"), (Deleted, "web-1")]);
    assert_eq!(reader.objects(3).await, expected);
}

#[tokio::test]
async fn a_watch_goes_on_where_it_broke_off() {
    let mock = Mock::start();
    mock.put(PODS, pod("web-0", "u0"));
    let mut reader = Reader::of(&mock).await;
    assert_eq!(reader.object().await, (Listed, "web-0".to_owned()));
    reader.until("pods", |row| row.synced).await;
    mock.disconnect();
    mock.put(PODS, pod("web-1", "u1"));
    assert_eq!(reader.object().await, (Added, "web-1".to_owned()));
    mock.disconnect();
    mock.remove(PODS, "shop/web-0");
    assert_eq!(reader.object().await, (Deleted, "web-0".to_owned()));
    assert_eq!(mock.requests("/api/v1/pods?limit").len(), 1, "listed only once");
    reader.nothing_more().await;
}

#[tokio::test]
async fn a_version_that_is_too_old_lists_anew_and_tells_what_vanished() {
    let mock = Mock::start();
    mock.put(PODS, pod("gone", "u0"));
    mock.put(PODS, pod("same", "u1"));
    mock.put(PODS, pod("again", "u2"));
    let mut reader = Reader::of(&mock).await;
    reader.objects(3).await;
    reader.until("pods", |row| row.synced).await;
    mock.remove(PODS, "shop/gone");
    mock.remove(PODS, "shop/again");
    mock.put(PODS, pod("again", "u9"));
    mock.put(PODS, pod("new", "u3"));
    mock.compact();
    mock.disconnect();
    // What was read before the break may have been told already, one by one.
    let mut found = reader.objects(4).await;
    found.sort_by_key(|(change, name)| (name.clone(), *change == Added));
    let expected =
        names(&[(Deleted, "again"), (Added, "again"), (Deleted, "gone"), (Added, "new")]);
    assert_eq!(found, expected);
    reader.nothing_more().await;
}

#[tokio::test]
async fn a_version_that_is_reported_as_too_old_within_a_watch_lists_anew() {
    let error = json!({ "type": "ERROR", "object": {
        "kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version",
    } });
    let mock = Mock::with(move |request, nth| {
        let is_first = request.target.starts_with("/api/v1/pods?watch") && nth == 0;
        is_first.then(|| Reply::json(format!("{error}\n")))
    });
    mock.put(PODS, pod("web-0", "u0"));
    let mut reader = Reader::of(&mock).await;
    reader.object().await;
    reader.until("pods", |row| row.relists == 1).await;
    mock.put(PODS, pod("web-1", "u1"));
    assert_eq!(reader.object().await, (Added, "web-1".to_owned()));
}

#[tokio::test]
async fn a_busy_server_is_left_alone_as_long_as_it_asks() {
    let mock = Mock::with(|request, nth| {
        let is_first = request.target.starts_with("/api/v1/pods?limit") && nth == 0;
        is_first
            .then(|| refusal("429 Too Many Requests", "TooManyRequests").header("retry-after: 1"))
    });
    mock.put(PODS, pod("web-0", "u0"));
    let begun = Instant::now();
    let mut reader = Reader::of(&mock).await;
    let row = reader.until("pods", |row| row.state == WatchState::Retrying).await;
    assert!(row.error.unwrap().contains("asks to wait (status 429)"));
    assert_eq!(reader.object().await, (Listed, "web-0".to_owned()));
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_token_that_expired_is_read_again() {
    let mock = Mock::with(|request, _| {
        let is_new = request.head.contains("authorization: bearer new");
        (!is_new).then(|| refusal("401 Unauthorized", "Unauthorized"))
    });
    mock.put(PODS, pod("web-0", "u0"));
    let token = mock.file("token", "old");
    let user = format!("tokenFile: \"{}\"", token.display());
    let mut settings = settings(&mock);
    settings.kubeconfig = Some(mock.kubeconfig(&user));
    let mut reader = Reader::start(&settings, Vec::new()).await;
    let row = reader.until("pods", |row| row.state == WatchState::Retrying).await;
    assert!(row.error.unwrap().contains("does not know us (status 401)"));
    mock.file("token", "new");
    assert_eq!(reader.object().await, (Listed, "web-0".to_owned()));
    reader.until("pods", |row| row.state == WatchState::Watching && row.error.is_none()).await;
}

#[tokio::test]
async fn what_is_forbidden_is_told_with_its_cost_and_the_rest_goes_on() {
    let mock = Mock::with(|request, nth| {
        let is_early = request.target.starts_with("/api/v1/nodes?") && nth < 2;
        is_early.then(|| refusal("403 Forbidden", "Forbidden"))
    });
    mock.put(PODS, pod("web-0", "u0"));
    mock.serve("/api/v1/nodes");
    let mut reader = Reader::of(&mock).await;
    assert!(reader.watches.synced(Duration::from_secs(5)).await);
    let row = reader.row("nodes");
    assert_eq!(row.state, WatchState::Forbidden);
    assert!(row.error.unwrap().contains("without it: no failure of nodes"));
    assert_eq!(reader.object().await, (Listed, "web-0".to_owned()));
    // It is tried again, rarely.
    reader.until("nodes", |row| row.state == WatchState::Watching).await;
}

#[tokio::test]
async fn a_page_or_half_an_answer_is_a_state_and_the_next_try_works() {
    let page = "<html><body>please log in</body></html>";
    for (fault, said) in [
        (Reply::new("200 OK", "text/html", page), "instead of JSON"),
        (Reply::json(page), "instead of JSON"),
        (Reply::with_length("200 OK", "application/json", (br#"{"items":[{"#, 500)), "broke off"),
        (Reply::json(r#"{"metadata":{},"items":[{"metadata""#), "ended in the middle"),
        (Reply::new("500 Internal Server Error", "text/plain", "etcd is down"), "etcd is down"),
    ] {
        for part in ["/api/v1/pods?limit", "/api/v1/pods?watch"] {
            let fault = fault.clone();
            let mock = Mock::with(move |request, nth| {
                (request.target.starts_with(part) && nth == 0).then(|| fault.clone())
            });
            mock.put(PODS, pod("web-0", "u0"));
            let mut reader = Reader::of(&mock).await;
            let row = reader.until("pods", |row| row.state == WatchState::Retrying).await;
            let error = row.error.unwrap();
            // A watch has lines and no end: what breaks off there is no whole line.
            let is_line = part.ends_with("watch") && error.contains("JSON that is none of the API");
            assert!(error.contains(said) || is_line, "{part}: {error}");
            assert_eq!(reader.object().await, (Listed, "web-0".to_owned()));
            mock.put(PODS, pod("web-1", "u1"));
            assert_eq!(reader.object().await, (Added, "web-1".to_owned()));
        }
    }
}

#[tokio::test]
async fn a_watch_that_hangs_is_opened_again() {
    let mock = Mock::with(|request, nth| {
        let is_first = request.target.starts_with("/api/v1/pods?watch") && nth == 0;
        is_first.then(|| Reply::endless(b"", 0).hang())
    });
    mock.put(PODS, pod("web-0", "u0"));
    let mut settings = settings(&mock);
    settings.timeouts.idle = Duration::from_millis(200);
    let mut reader = Reader::start(&settings, Vec::new()).await;
    reader.object().await;
    mock.put(PODS, pod("web-1", "u1"));
    assert_eq!(reader.object().await, (Added, "web-1".to_owned()));
}

#[tokio::test]
async fn a_server_that_takes_no_end_to_answer_is_a_state() {
    let mock = Mock::with(|request, _| {
        request
            .target
            .starts_with("/api/v1/pods")
            .then(|| Reply::json("{}").after(Duration::from_secs(3_600)))
    });
    let mut settings = settings(&mock);
    settings.timeouts.answer = Duration::from_millis(100);
    let reader = Reader::start(&settings, Vec::new()).await;
    let row = reader.until("pods", |row| row.state == WatchState::Retrying).await;
    assert!(row.error.unwrap().contains("did not answer within 0.1 s"));
}

#[tokio::test]
async fn a_label_of_100_mb_is_passed_over_in_lists_and_watches() {
    let mock = Mock::with(|request, nth| {
        let piece = vec![b'x'; 1 << 20];
        let before = br#""metadata":{"name":"huge","namespace":"shop","labels":{"a":""#;
        let after = br#""}}}"#;
        let huge = |head: &[u8], tail: &[u8]| {
            let mut reply = Reply::endless(&[head, before].concat(), 1);
            for _ in 0..100 {
                reply = reply.then(&piece);
            }
            reply.then(&[after.as_slice(), tail].concat())
        };
        if request.target.starts_with("/api/v1/pods?limit") && nth == 0 {
            let small = pod("small", "u0");
            let tail = format!(",{small}],\"metadata\":{{\"resourceVersion\":\"100\"}}}}");
            return Some(huge(b"{\"items\":[{", tail.as_bytes()));
        }
        let is_first = request.target.starts_with("/api/v1/pods?watch") && nth == 0;
        let late = json!({ "type": "ADDED", "object": pod("late", "u1") });
        is_first
            .then(|| huge(b"{\"type\":\"ADDED\",\"object\":{", format!("}}\n{late}\n").as_bytes()))
    });
    let mut reader = Reader::of(&mock).await;
    assert_eq!(reader.object().await, (Listed, "small".to_owned()));
    assert_eq!(reader.object().await, (Added, "late".to_owned()));
    let row = reader.row("pods");
    assert_eq!(row.skipped, 2);
    let example = row.example.unwrap();
    assert!(example.contains("huge") && example.contains("too long"), "{example}");
}

#[tokio::test]
async fn bytes_that_are_no_utf8_cost_only_themselves() {
    let mut line = json!({ "type": "ADDED", "object": pod("web-1", "u1") }).to_string();
    line = line.replace("shop:1", "shop:@");
    let bytes: Vec<u8> =
        line.bytes().chain([b'\n']).map(|byte| if byte == b'@' { 0xff } else { byte }).collect();
    let mock = Mock::with(move |request, nth| {
        let is_first = request.target.starts_with("/api/v1/pods?watch") && nth == 0;
        is_first.then(|| Reply::json(&bytes))
    });
    mock.put(PODS, pod("web-0", "u0"));
    let mut reader = Reader::of(&mock).await;
    reader.object().await;
    let Observation::Object(change) = reader.next().await else { panic!("no object") };
    let Object::Pod(pod) = change.object else { panic!("no pod") };
    assert_eq!(pod.spec[0].image.as_deref(), Some("shop:\u{fffd}"));
    assert_eq!(change.observed_at, Still.now());
}

#[tokio::test]
async fn an_object_that_is_not_understood_is_counted_and_the_rest_goes_on() {
    let mock = Mock::start();
    let mut odd = pod("odd", "u0");
    odd["spec"]["containers"][0]["resources"] = json!({ "limits": { "memory": "much" } });
    mock.put(PODS, odd);
    mock.put(PODS, pod("web-0", "u1"));
    let mut reader = Reader::of(&mock).await;
    assert_eq!(reader.object().await, (Listed, "web-0".to_owned()));
    let row = reader.row("pods");
    assert!(row.skipped == 1 && row.example.as_deref().unwrap().contains("much"), "{row:?}");
}

#[tokio::test]
async fn what_was_known_before_a_restart_and_is_gone_is_told_as_deleted() {
    let mock = Mock::start();
    mock.put(PODS, pod("web-0", "u0"));
    mock.put(PODS, pod("web-1", "new"));
    mock.serve("/apis/apps/v1/deployments");
    let key = |kind, name: &str, uid: Option<&str>| ObjectKey {
        kind,
        namespace: "shop".to_owned(),
        name: name.to_owned(),
        uid: uid.map(str::to_owned),
        part: None,
    };
    let known = vec![
        key(ObjectKind::Pod, "web-0", Some("u0")),
        key(ObjectKind::Pod, "web-1", Some("old")),
        key(ObjectKind::Pod, "web-2", Some("u2")),
        key(ObjectKind::Workload(WorkloadKind::Deployment), "web", None),
    ];
    let mut reader = Reader::start(&settings(&mock), known).await;
    let mut found = reader.objects(5).await;
    found.sort_by_key(|(change, name)| (name.clone(), *change != Deleted));
    let expected = names(&[
        (Deleted, "web"),
        (Listed, "web-0"),
        (Deleted, "web-1"),
        (Listed, "web-1"),
        (Deleted, "web-2"),
    ]);
    assert_eq!(found, expected);
}

#[tokio::test]
async fn only_some_namespaces_are_read_where_that_is_asked_for() {
    let mock = Mock::start();
    mock.put(PODS, pod("web-0", "u0"));
    let mut other = pod("other", "u1");
    other["metadata"]["namespace"] = json!("elsewhere");
    mock.put(PODS, other);
    let namespaces = Namespaces::Only(vec!["shop".to_owned()]);
    let settings = ReaderSettings { namespaces, ..settings(&mock) };
    let unread = ObjectKey {
        kind: ObjectKind::Pod,
        namespace: "elsewhere".to_owned(),
        name: "other".to_owned(),
        uid: Some("u1".to_owned()),
        part: None,
    };
    let mut reader = Reader::start(&settings, vec![unread]).await;
    let mut found = reader.objects(2).await;
    found.sort_by_key(|(_, name)| name.clone());
    assert_eq!(found, names(&[(Deleted, "other"), (Listed, "web-0")]));
    assert_eq!(reader.row("pods").namespace.as_deref(), Some("shop"));
    assert!(mock.requests("/api/v1/pods?").is_empty());
}

#[tokio::test]
async fn a_service_is_told_with_its_endpoints_once_both_are_known() {
    let mock = Mock::start();
    let named = |name: &str| json!({ "name": name, "namespace": "shop", "uid": name });
    mock.put(
        "/api/v1/services",
        json!({
            "metadata": named("web"),
            "spec": { "clusterIP": "10.1.0.1", "ports": [{ "name": "http", "port": 80 }] },
        }),
    );
    let elsewhere = json!({ "type": "ExternalName", "externalName": "example.org" });
    mock.put("/api/v1/services", json!({ "metadata": named("db"), "spec": elsewhere }));
    let slice = |name: &str, ready: &[bool]| {
        let mut metadata = named(name);
        metadata["labels"] = json!({ "kubernetes.io/service-name": "web" });
        let endpoints: Vec<Value> =
            ready.iter().map(|ready| json!({ "conditions": { "ready": ready } })).collect();
        json!({ "metadata": metadata, "addressType": "IPv4", "endpoints": endpoints })
    };
    let slices = "/apis/discovery.k8s.io/v1/endpointslices";
    mock.put(slices, slice("web-a", &[true, false]));
    mock.put(slices, slice("web-b", &[true]));
    let mut reader = Reader::of(&mock).await;
    let counts = async |reader: &mut Reader| loop {
        if let Observation::Object(change) = reader.next().await {
            let Object::Service(service) = change.object else { panic!("no Service") };
            assert_eq!(service.name, "web");
            return (change.change, service.ready, service.not_ready);
        }
    };
    assert_eq!(counts(&mut reader).await, (Listed, 2, 1));
    mock.put(slices, slice("web-b", &[false]));
    assert_eq!(counts(&mut reader).await, (Modified, 1, 2));
    mock.remove(slices, "shop/web-a");
    assert_eq!(counts(&mut reader).await, (Modified, 0, 1));
    mock.remove("/api/v1/services", "shop/web");
    assert_eq!(counts(&mut reader).await.0, Deleted);
}

#[tokio::test]
async fn an_event_is_told_once_and_from_the_place_that_may_be_read() {
    let mock = Mock::with(|request, _| {
        let is_core = request.target.starts_with("/api/v1/events");
        is_core.then(|| refusal("403 Forbidden", "Forbidden"))
    });
    let events = "/apis/events.k8s.io/v1/events";
    let event = |name: &str, count: u64| {
        json!({
            "metadata": { "name": name, "namespace": "shop" },
            "type": "Warning", "reason": "Unhealthy", "note": "Liveness probe failed",
            "regarding": { "kind": "Pod", "namespace": "shop", "name": "web-0" },
            "deprecatedCount": count, "deprecatedLastTimestamp": "2026-11-24T07:00:00Z",
            "reportingController": "kubelet",
        })
    };
    mock.put(events, event("a", 1));
    mock.put(events, event("b", 1));
    let mut reader = Reader::of(&mock).await;
    let mut told = Vec::new();
    let next = async |reader: &mut Reader| {
        let Observation::Event(event) = reader.next().await else { panic!("no Event") };
        (event.change, event.count)
    };
    for _ in 0..2 {
        told.push(next(&mut reader).await);
    }
    reader.until("events", |row| row.synced).await;
    mock.put(events, event("a", 2));
    told.push(next(&mut reader).await);
    // The end of an Event is none, and a list tells nothing again.
    mock.remove(events, "shop/b");
    mock.compact();
    mock.disconnect();
    mock.put(events, event("c", 1));
    told.push(next(&mut reader).await);
    let expected = [(Listed, Some(1)), (Listed, Some(1)), (Modified, Some(2)), (Added, Some(1))];
    assert_eq!(told, expected);
    reader.nothing_more().await;
    assert_eq!(reader.row("events").state, WatchState::Watching);
}

#[tokio::test]
async fn logs_are_followed_only_where_asked_for_and_within_bounds() {
    let asked = AtomicUsize::new(0);
    let mock = Mock::with(move |request, _| {
        if !request.target.contains("/log?") {
            return None;
        }
        let nth = asked.fetch_add(1, Ordering::Relaxed);
        let long = "y".repeat(2_000);
        let mut text = String::new();
        for n in 0..5 {
            text.push_str(&format!("2027-01-15T08:00:00.{n}00000001Z line {n} {long}\n"));
        }
        if nth > 0 {
            text.push_str("2027-01-15T08:00:30Z later\n");
        }
        Some(Reply::new("200 OK", "text/plain", text))
    });
    mock.put(PODS, pod("web-0", "u0"));
    let logs = LogSettings { lines_per_tick: 3, ..LogSettings::default() };
    let settings = ReaderSettings { logs: Some(logs), ..settings(&mock) };
    let mut reader = Reader::start(&settings, Vec::new()).await;
    reader.object().await;
    for n in 0..3 {
        let Observation::Log(line) = reader.next().await else { panic!("no line") };
        assert!(line.text.starts_with(&format!("line {n}")) && line.text.len() == 512);
        assert_eq!((line.pod.as_str(), line.container.as_str()), ("web-0", "app"));
    }
    // The connection ends, and the next one brings the same lines again, and a later one.
    assert_eq!(reader.next().await, Observation::LogsDropped(2));
    let Observation::Log(line) = reader.next().await else { panic!("no line") };
    assert_eq!(line.text, "later");
    let asked = mock.requests("/api/v1/namespaces/shop/pods/web-0/log");
    assert!(asked[0].target.contains("sinceTime=2027-01-15T08%3A00%3A00.000Z"), "{asked:?}");

    let quiet = Mock::start();
    quiet.put(PODS, pod("web-0", "u0"));
    let mut reader = Reader::of(&quiet).await;
    reader.object().await;
    reader.nothing_more().await;
    assert!(quiet.requests("/api/v1/namespaces/").is_empty());
}

#[tokio::test]
async fn dropping_the_watches_or_the_channel_ends_them() {
    let mock = Mock::start();
    mock.put(PODS, pod("web-0", "u0"));
    let mut reader = Reader::of(&mock).await;
    reader.object().await;
    let Reader { watches, mut read } = reader;
    drop(watches);
    assert!(timeout(Duration::from_secs(5), read.recv()).await.unwrap().is_none());
}
