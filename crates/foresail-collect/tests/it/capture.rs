//! A running cluster becomes a recording that the strict reader takes.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use foresail_collect::capture::{CaptureError, CaptureOptions, Captured, capture};
use foresail_collect::kubernetes::{ReaderSettings, Timeouts, open};
use foresail_collect::live::{PageClient, ScrapeSettings, Scraping, Trust, WebClient, WebSettings};
use foresail_collect::prometheus::{Client, Settings};
use foresail_collect::{OpenOptions, Recording, ReplayOptions};
use foresail_core::store::BoxFuture;
use foresail_core::{
    ChangeKind, Clock, ContainerState, Entity, Object, PlatformDuration, Quantity, TimeScale,
    Timestamp,
};
use serde_json::{Value, json};

use crate::cluster_mock::{Mock, refusal};
use crate::history::{BEGIN, answer, store};
use crate::server::{Reply, Server};

const CADVISOR: &str = r#"container_memory_working_set_bytes{container="app",id="/kubepods/a",namespace="shop",pod="cart-1"} 4096
nothing_reads_this 1
"#;
const SUMMARY: &str = r#"{"pods":[{"podRef":{"name":"cart-1","namespace":"shop"},
    "ephemeral-storage":{"usedBytes":300}}]}"#;

/// A clock that is there a moment after it was waited for.
#[derive(Debug)]
struct Quick(AtomicI64);

impl Clock for Quick {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }

    fn reach(&self, at: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(30)).await;
            self.0.fetch_max(at.as_millis(), Ordering::Relaxed);
        })
    }
}

fn pod(last: &Value) -> Value {
    json!({
        "metadata": {
            "name": "cart-1", "namespace": "shop", "uid": "u1",
            "ownerReferences": [{ "kind": "StatefulSet", "name": "cart", "uid": "w1", "controller": true }],
        },
        "spec": { "nodeName": "n1", "containers": [{
            "name": "app", "image": "cart:1", "resources": { "limits": { "memory": "64Mi" } },
        }] },
        "status": {
            "phase": "Running",
            "conditions": [{ "type": "Ready", "status": "True" }],
            "containerStatuses": [{
                "name": "app", "restartCount": 0, "ready": true, "image": "cart:1",
                "state": { "running": { "startedAt": "2023-11-14T22:00:00Z" } }, "lastState": last,
            }],
        },
    })
}

fn killed() -> Value {
    json!({ "terminated": {
        "exitCode": 137, "reason": "OOMKilled", "finishedAt": "2023-11-14T22:13:25Z",
    } })
}

/// A cluster with one pod and one node, whose kubelet is `kubelet`.
fn cluster(kubelet: &Server) -> Mock {
    let mock = Mock::start();
    let port: u16 = kubelet.url.rsplit(':').next().unwrap().parse().unwrap();
    for path in ["/api/v1/pods", "/api/v1/events", "/apis/events.k8s.io/v1/events"] {
        mock.serve(path);
    }
    mock.put("/api/v1/pods", pod(&json!({})));
    mock.put(
        "/api/v1/nodes",
        json!({
            "metadata": { "name": "n1", "uid": "n" },
            "status": {
                "addresses": [{ "type": "InternalIP", "address": "127.0.0.1" }],
                "daemonEndpoints": { "kubeletEndpoint": { "Port": port } },
                "conditions": [{ "type": "Ready", "status": "True" }],
                "allocatable": { "cpu": "2", "memory": "8Gi", "pods": "110" },
            },
        }),
    );
    mock
}

fn kubelet() -> Server {
    Server::start(|request, _| match request.target.as_str() {
        "/metrics/cadvisor" => Reply::new("200 OK", "text/plain; version=0.0.4", CADVISOR),
        "/stats/summary" => Reply::json(SUMMARY),
        _ => Reply::new("404 Not Found", "text/plain", "no"),
    })
}

fn options(server: Option<&Server>) -> CaptureOptions {
    let others = WebClient::new(&WebSettings { trust: Trust::Anyone, token_file: None }).unwrap();
    let server = server.map(|server| {
        let settings = Settings { url: server.url.clone(), ..Settings::default() };
        (Client::new(&settings).unwrap(), String::new())
    });
    CaptureOptions {
        name: "captured".to_owned(),
        cluster: "c".to_owned(),
        length: PlatformDuration::from_seconds(600),
        interval: PlatformDuration::from_seconds(15),
        time_scale: TimeScale::try_from(1.0).unwrap(),
        server,
        scraping: ScrapeSettings {
            scraping: Scraping::default(),
            kubelets: Some(PageClient::Web(others.clone())),
            kubelet_scheme: "http".to_owned(),
            others,
        },
    }
}

fn record(
    mock: &Mock,
    options: &CaptureOptions,
    dir: &Path,
    stop: impl Future<Output = ()>,
) -> Result<Captured, CaptureError> {
    let settings = ReaderSettings {
        kubeconfig: Some(mock.kubeconfig("token: secret")),
        timeouts: Timeouts { backoff: Duration::from_millis(40), ..Timeouts::default() },
        ..ReaderSettings::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let cluster = open(&settings).await.unwrap();
        let clock = Arc::new(Quick(AtomicI64::new(BEGIN * 1_000)));
        capture((&cluster, clock), options, dir, (stop, &|_, _, _| {})).await
    })
}

fn never() -> std::future::Pending<()> {
    std::future::pending()
}

#[test]
fn what_a_cluster_shows_is_read_back() {
    let (kubelet, dir) = (kubelet(), tempfile::tempdir().unwrap());
    let mock = cluster(&kubelet);
    let later = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        mock.put("/api/v1/pods", pod(&killed()));
        never().await;
    };
    let captured = record(&mock, &options(None), dir.path(), later).unwrap();
    assert_eq!(captured.objects, [1, 0, 1]);
    assert!(captured.samples > 10 && captured.rounds.1 == 1, "{captured:?}");
    let recording = Recording::open(dir.path(), &OpenOptions::default()).unwrap();
    assert_eq!(recording.ended_at().since(recording.started_at()).as_seconds(), 600.0);
    let (mut changes, mut memory, mut storage) = (Vec::new(), 0, 0);
    for (_, batch) in recording.replay(ReplayOptions::default()) {
        changes.extend(batch.objects);
        let of =
            |quantity| batch.samples.iter().filter(move |one| one.quantity == quantity).count();
        memory += of(Quantity::MemoryWorkingSet);
        storage += of(Quantity::EphemeralStorage);
        assert!(batch.entities.iter().all(|(_, entity)| !matches!(entity, Entity::Node { .. })));
    }
    assert!(memory > 10 && storage > 10, "{memory} {storage}");
    let pods: Vec<_> = changes
        .iter()
        .filter_map(|change| {
            let Object::Pod(pod) = &change.object else { return None };
            Some((change.change, pod))
        })
        .collect();
    assert_eq!(
        pods.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(),
        [ChangeKind::Listed, ChangeKind::Modified]
    );
    let (_, pod) = pods[1];
    assert_eq!(pod.owner.as_ref().unwrap().name, "cart");
    assert_eq!(pod.spec[0].resources.memory_limit, Some(67_108_864.0));
    let Some(ContainerState::Terminated { exit_code: 137, .. }) = pod.containers[0].last_state
    else {
        panic!("{pod:?}")
    };
}

#[test]
fn stopping_early_gives_a_whole_recording() {
    let (kubelet, dir) = (kubelet(), tempfile::tempdir().unwrap());
    let mock = cluster(&kubelet);
    let stop = async { tokio::time::sleep(Duration::from_millis(300)).await };
    let captured = record(&mock, &options(None), dir.path(), stop).unwrap();
    assert!(captured.span.1.since(captured.span.0).as_seconds() < 600.0, "{captured:?}");
    let recording = Recording::open(dir.path(), &OpenOptions::default()).unwrap();
    assert_eq!(recording.name(), "captured");
}

#[test]
fn samples_of_a_metrics_server_are_those_of_the_same_time() {
    let store = store();
    let server = Server::start(move |request, _| answer(&store, request));
    let (kubelet, dir) = (kubelet(), tempfile::tempdir().unwrap());
    let mock = cluster(&kubelet);
    let captured = record(&mock, &options(Some(&server)), dir.path(), never()).unwrap();
    let history = captured.history.unwrap();
    let usage =
        history.families.iter().find(|one| one.family == "container_memory_working_set_bytes");
    // 600 s by scrapes of 15 s, of which five are missing; the other replica's copy is dropped.
    assert_eq!(usage.map(|usage| usage.samples), Some(36));
    let recording = Recording::open(dir.path(), &OpenOptions::default()).unwrap();
    assert_eq!(recording.scrape_interval(), PlatformDuration::from_seconds(15));
}

#[test]
fn a_cluster_that_forbids_its_pods_is_not_recorded() {
    let mock = Mock::with(|request, _| {
        request.target.starts_with("/api/v1/pods").then(|| refusal("403 Forbidden", "Forbidden"))
    });
    let dir = tempfile::tempdir().unwrap();
    let error = record(&mock, &options(None), dir.path(), never()).unwrap_err();
    assert!(error.is_environment());
    assert!(
        error.to_string().contains("shows no pod") && error.to_string().contains("403"),
        "{error}"
    );
}

#[test]
fn a_metrics_server_that_dies_costs_its_samples_only() {
    let store = store();
    let server = Server::start(move |request, n| {
        if n > 4 {
            return Reply::new("401 Unauthorized", "text/plain", "no");
        }
        answer(&store, request)
    });
    let (kubelet, dir) = (kubelet(), tempfile::tempdir().unwrap());
    let mock = cluster(&kubelet);
    let captured = record(&mock, &options(Some(&server)), dir.path(), never()).unwrap();
    assert!(captured.problems["metrics server"].contains("401"), "{captured:?}");
    let recording = Recording::open(dir.path(), &OpenOptions::default()).unwrap();
    assert_eq!(recording.scrape_interval(), PlatformDuration::from_seconds(15));
}
