//! A slice of a shipped recording as a Prometheus would hold it: the samples of its containers, and the
//! series that kube-state-metrics would have shown of its objects.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMillisecondType};
use arrow_cast::cast;
use arrow_schema::DataType;
use flate2::read::GzDecoder;
use foresail_core::{PlatformDuration, Timestamp};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

/// Between two scrapes of kube-state-metrics.
pub(crate) const SCRAPE_SECONDS: i64 = 15;

/// Families of containers that are enough to predict from.
const FAMILIES: [&str; 5] = [
    "container_cpu_usage_seconds_total",
    "container_memory_working_set_bytes",
    "container_spec_memory_limit_bytes",
    "container_start_time_seconds",
    "container_threads",
];

/// What is taken of a recording.
pub(crate) struct Slice {
    pub(crate) folder: PathBuf,
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
}

/// Points by series, the series as it is written.
type Store = BTreeMap<String, Vec<(i64, f64)>>;

// === impl Slice ===

impl Slice {
    /// Writes it as OpenMetrics; answers how many samples there are.
    pub(crate) fn write(&self, path: &Path) -> usize {
        let mut store = Store::new();
        self.containers(&mut store);
        self.objects(&mut store);
        let mut out = BufWriter::new(File::create(path).unwrap());
        for (series, points) in &store {
            for (at, value) in points {
                writeln!(out, "{series} {value:?} {:.3}", *at as f64 / 1e3).unwrap();
            }
        }
        out.write_all(b"# EOF\n").unwrap();
        store.values().map(Vec::len).sum()
    }

    fn holds(&self, at: i64) -> bool {
        (self.from.as_millis()..=self.to.as_millis()).contains(&at)
    }

    fn containers(&self, store: &mut Store) {
        let file = File::open(self.folder.join("samples/container.parquet")).unwrap();
        for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
            let batch = batch.unwrap();
            let column = |name: &str| batch.column_by_name(name).unwrap();
            let names = ["metric", "namespace", "pod", "container", "labels"];
            let columns = names.map(|name| cast(column(name), &DataType::Utf8).unwrap());
            let times = column("ts").as_primitive::<TimestampMillisecondType>();
            let values = column("value").as_primitive::<Float64Type>();
            for row in 0..batch.num_rows() {
                let cell = |at: usize| {
                    let column = columns[at].as_string::<i32>();
                    if column.is_valid(row) { column.value(row) } else { "" }
                };
                if !FAMILIES.contains(&cell(0)) || !self.holds(times.value(row)) {
                    continue;
                }
                let mut labels: BTreeMap<String, String> = serde_json::from_str(cell(4)).unwrap();
                labels.insert("job".to_owned(), "cadvisor".to_owned());
                for (at, name) in [(1, "namespace"), (2, "pod"), (3, "container")] {
                    labels.insert(name.to_owned(), cell(at).to_owned());
                }
                let points = store.entry(series(cell(0), &labels)).or_default();
                points.push((times.value(row), values.value(row)));
            }
        }
    }

    /// What kube-state-metrics shows at each of its scrapes.
    fn objects(&self, store: &mut Store) {
        let pods = self.lines("pods.jsonl.gz");
        let workloads = self.lines("workloads.jsonl.gz");
        let nodes = self.lines("nodes.jsonl.gz");
        let mut now = [BTreeMap::new(), BTreeMap::new(), BTreeMap::new()];
        let mut next =
            [pods.iter().peekable(), workloads.iter().peekable(), nodes.iter().peekable()];
        let mut at = self.from;
        while at <= self.to {
            for (lines, objects) in next.iter_mut().zip(&mut now) {
                while let Some(line) = lines.next_if(|line| seconds(line) <= at.as_epoch_seconds())
                {
                    let key = ["kind", "ns", "pod", "name"].map(|field| text(line, field));
                    match text(line, "type").as_str() {
                        "DELETED" => objects.remove(&key),
                        _ => objects.insert(key, line),
                    };
                }
            }
            let mut scrape = Scrape { store, at: at.as_millis() };
            now[0].values().for_each(|pod| scrape.pod(pod));
            now[1].values().for_each(|workload| scrape.workload(workload));
            now[2].values().for_each(|node| scrape.node(node));
            at = at + PlatformDuration::from_seconds(SCRAPE_SECONDS);
        }
    }

    fn lines(&self, file: &str) -> Vec<Value> {
        let file = GzDecoder::new(File::open(self.folder.join(file)).unwrap());
        BufReader::new(file)
            .lines()
            .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
            .collect()
    }
}

/// One scrape of kube-state-metrics.
struct Scrape<'a> {
    store: &'a mut Store,
    at: i64,
}

// === impl Scrape ===

impl Scrape<'_> {
    fn put(&mut self, family: &str, labels: &[(&str, &str)], value: f64) {
        let mut all: BTreeMap<String, String> =
            labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        all.insert("job".to_owned(), "kube-state-metrics".to_owned());
        self.store.entry(series(family, &all)).or_default().push((self.at, value));
    }

    fn pod(&mut self, pod: &Value) {
        let [namespace, name, uid, node] =
            ["ns", "pod", "uid", "node"].map(|field| text(pod, field));
        let id = [("namespace", namespace.as_str()), ("pod", name.as_str()), ("uid", uid.as_str())];
        let with = |more: &[(&'static str, String)]| -> Vec<(&'static str, String)> {
            let id = id.iter().map(|(name, value)| (*name, (*value).to_owned()));
            id.chain(more.iter().cloned()).collect()
        };
        let mut put = |family: &str, more: &[(&'static str, String)], value: f64| {
            let labels = with(more);
            let labels: Vec<(&str, &str)> =
                labels.iter().map(|(name, value)| (*name, value.as_str())).collect();
            self.put(family, &labels, value);
        };
        let owner = text(pod, "owner");
        let (kind, owner) = owner.split_once('/').unwrap_or(("<none>", "<none>"));
        put(
            "kube_pod_info",
            &[
                ("node", node),
                ("created_by_kind", kind.to_owned()),
                ("created_by_name", owner.to_owned()),
            ],
            1.0,
        );
        if let Ok(created) = text(pod, "created").parse::<Timestamp>() {
            put("kube_pod_created", &[], created.as_epoch_seconds());
        }
        put("kube_pod_status_phase", &[("phase", text(pod, "phase"))], 1.0);
        let ready = pod["conditions"]["Ready"] == "True";
        put(
            "kube_pod_status_ready",
            &[("condition", "true".to_owned())],
            f64::from(u8::from(ready)),
        );
        let containers = pod["containers"].as_array().cloned().unwrap_or_default();
        for (number, container) in containers.iter().enumerate() {
            let own = ("container", text(container, "name"));
            let mut put = |family: &str, more: Option<(&'static str, String)>, value: f64| {
                let labels: Vec<_> = [own.clone()].into_iter().chain(more).collect();
                put(family, &labels, value);
            };
            let restarts = container["restarts"].as_f64().unwrap_or(0.0);
            put("kube_pod_container_status_restarts_total", None, restarts);
            put("kube_pod_container_info", Some(("container_id", text(container, "id"))), 1.0);
            let ready = container["ready"] == true;
            put("kube_pod_container_status_ready", None, f64::from(u8::from(ready)));
            let running = !container["state"]["running"].is_null();
            put("kube_pod_container_status_running", None, f64::from(u8::from(running)));
            let waiting = text(&container["state"]["waiting"], "reason");
            if !waiting.is_empty() {
                put("kube_pod_container_status_waiting_reason", Some(("reason", waiting)), 1.0);
            }
            let last = &container["last"]["terminated"];
            if !last.is_null() {
                let reason = Some(("reason", text(last, "reason")));
                put("kube_pod_container_status_last_terminated_reason", reason, 1.0);
                let code = last["exitCode"].as_f64().unwrap_or(1.0);
                put("kube_pod_container_status_last_terminated_exitcode", None, code);
            }
            if let Some(limit) = mebibytes(&pod["resources"][number]["limits"]["memory"]) {
                let memory = Some(("resource", "memory".to_owned()));
                put("kube_pod_container_resource_limits", memory, limit);
            }
        }
    }

    fn workload(&mut self, workload: &Value) {
        let [kind, namespace, name] = ["kind", "ns", "name"].map(|field| text(workload, field));
        let place = ("namespace", namespace.as_str());
        match kind.as_str() {
            "Deployment" => {
                self.put("kube_deployment_created", &[place, ("deployment", &name)], 1.6e9);
            }
            "ReplicaSet" => {
                let owner = text(workload, "owner");
                let labels = [
                    place,
                    ("replicaset", &name),
                    ("owner_kind", "Deployment"),
                    ("owner_name", &owner),
                ];
                self.put("kube_replicaset_owner", &labels, 1.0);
            }
            _ => {}
        }
    }

    fn node(&mut self, node: &Value) {
        let name = text(node, "name");
        self.put("kube_node_info", &[("node", &name), ("kubelet_version", "v1.34.2")], 1.0);
        let ready = [("node", name.as_str()), ("condition", "Ready"), ("status", "true")];
        self.put("kube_node_status_condition", &ready, 1.0);
    }
}

fn series(family: &str, labels: &BTreeMap<String, String>) -> String {
    let labels: Vec<String> = labels
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={value:?}"))
        .collect();
    format!("{family}{{{}}}", labels.join(","))
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_owned()
}

fn seconds(line: &Value) -> f64 {
    line["t"].as_f64().unwrap()
}

/// A limit such as `64Mi` in bytes.
fn mebibytes(limit: &Value) -> Option<f64> {
    let number: f64 = limit.as_str()?.strip_suffix("Mi")?.parse().ok()?;
    Some(number * 1_048_576.0)
}
