//! Small recordings, written as a collector would.

use std::path::{Path, PathBuf};

use foresail_collect::Manifest;
use foresail_collect::write::{SampleSeries, write_lines, write_manifest, write_samples};
use foresail_core::{PlatformDuration, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;

const START: &str = "2026-11-24T07:00:00Z";
const MINUTES: i64 = 12;
const STEP_SECONDS: i64 = 5;
const LIMIT: f64 = 64.0 * 1024.0 * 1024.0;

/// How the one pod of a recording ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Story {
    /// Its memory grows to the limit and it is OOM-killed two minutes before the end.
    Leak,
    /// Nothing happens to it.
    Quiet,
    /// As the leak, but half way through nothing is scraped any more.
    Silenced,
}

/// A recording in a temporary folder.
pub(crate) struct SmallRecording {
    folder: TempDir,
}

impl SmallRecording {
    /// Writes a recording of one pod.
    pub(crate) fn new(story: Story) -> Self {
        Self::with_pods(&pods(story), story)
    }

    /// Writes a recording without any pod.
    pub(crate) fn without_pods() -> Self {
        Self::with_pods(&[], Story::Quiet)
    }

    fn with_pods(pods: &[Value], story: Story) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        std::fs::create_dir(path.join("samples")).unwrap();
        write_samples(&path.join("samples/container.parquet"), &[memory(story)]).unwrap();
        let lines = |values: &[Value]| values.iter().map(Value::to_string).collect::<Vec<_>>();
        write_lines(&path.join("pods.jsonl.gz"), lines(pods)).unwrap();
        write_lines(&path.join("workloads.jsonl.gz"), lines(&workloads())).unwrap();
        write_lines(&path.join("nodes.jsonl.gz"), lines(&[node()])).unwrap();
        write_lines(&path.join("events.jsonl.gz"), Vec::<String>::new()).unwrap();
        let manifest: Manifest = serde_json::from_value(json!({
            "format": 1, "name": "small", "cluster": "test", "kubernetes_version": "v1.34.2",
            "started_at": START, "ended_at": at(MINUTES * 60).to_string(),
            "scrape_interval_seconds": STEP_SECONDS, "time_scale": 10.0,
        }))
        .unwrap();
        write_manifest(path, &manifest).unwrap();
        Self { folder }
    }

    /// Its folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A file of it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Changes the manifest, hashes apart.
    pub(crate) fn edit_manifest(&self, key: &str, value: Value) {
        let path = self.file("recording.json");
        let mut manifest: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        manifest[key] = value;
        std::fs::write(path, manifest.to_string()).unwrap();
    }
}

fn at(seconds: i64) -> Timestamp {
    START.parse::<Timestamp>().unwrap() + PlatformDuration::from_seconds(seconds)
}

/// When the leak ends.
fn killed_at() -> i64 {
    (MINUTES - 2) * 60
}

fn memory(story: Story) -> SampleSeries {
    let level = |seconds: i64| match story {
        Story::Leak | Story::Silenced if seconds < killed_at() => {
            LIMIT * (0.3 + 0.7 * seconds as f64 / killed_at() as f64)
        }
        Story::Leak | Story::Quiet | Story::Silenced => LIMIT * 0.3,
    };
    let minutes = if story == Story::Silenced { MINUTES / 2 } else { MINUTES };
    let times = (0..minutes * 60 / STEP_SECONDS).map(|step| step * STEP_SECONDS);
    SampleSeries {
        metric: "container_memory_working_set_bytes".to_owned(),
        job: "cadvisor".to_owned(),
        namespace: Some("shop".to_owned()),
        pod: Some("cart-7d9f-x2".to_owned()),
        container: Some("app".to_owned()),
        labels: json!({ "id": "/kubepods/pod1/c1", "image": "cart:1", "name": "c1" }).to_string(),
        points: times.map(|seconds| (at(seconds), level(seconds))).collect(),
    }
}

fn pods(story: Story) -> Vec<Value> {
    let pod = |seconds: i64, change: &str, container: Value| {
        let limits = json!([{ "limits": { "memory": "64Mi" }, "requests": { "memory": "32Mi" } }]);
        json!({
            "t": at(seconds).as_epoch_seconds(), "type": change, "ns": "shop", "pod": "cart-7d9f-x2",
            "uid": "u1", "app": "cart", "owner": "ReplicaSet/cart-7d9f", "phase": "Running",
            "reason": null, "message": null, "ip": null, "node": "node-1",
            "created": at(-3600).to_string(), "deleting": null,
            "conditions": { "Ready": "True", "PodScheduled": "True" },
            "containers": [container], "cond_detail": [], "resources": limits,
        })
    };
    let running = |started: i64, restarts: u32, last: Value| {
        json!({
            "name": "app", "ready": true, "restarts": restarts, "started": true, "image": "cart:1",
            "state": { "running": { "startedAt": at(started).to_string() } }, "last": last,
            "id": format!("c{}", restarts + 1),
        })
    };
    let mut pods = vec![pod(0, "LIST", running(-3590, 0, Value::Null))];
    if story != Story::Quiet {
        let ended = json!({ "terminated": {
            "exitCode": 137, "reason": "OOMKilled", "startedAt": at(-3590).to_string(),
            "finishedAt": at(killed_at()).to_string(), "containerID": "c1",
        } });
        pods.push(pod(killed_at() + 2, "MODIFIED", running(killed_at() + 1, 1, ended)));
    }
    pods
}

fn workloads() -> [Value; 2] {
    let workload = |kind: &str, name: &str, owner: Value| {
        json!({
            "t": at(0).as_epoch_seconds(), "type": "LIST", "kind": kind, "ns": "shop", "name": name,
            "generation": 1, "replicas": 1, "image": "cart:1", "owner": owner, "revision": "1",
            "resources": { "limits": { "memory": "64Mi" } },
            "status": { "replicas": 1, "readyReplicas": 1, "availableReplicas": 1 },
        })
    };
    [
        workload("ReplicaSet", "cart-7d9f", json!("cart")),
        workload("Deployment", "cart", Value::Null),
    ]
}

fn node() -> Value {
    json!({
        "t": at(0).as_epoch_seconds(), "type": "LIST", "name": "node-1",
        "conditions": [{ "type": "Ready", "status": "True" }],
        "allocatable": { "cpu": "2", "memory": "8Gi", "pods": "110" }, "taints": null,
    })
}
