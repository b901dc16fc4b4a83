//! Objects put together from kube-state-metrics: the lines of `pods`, `workloads` and `nodes`.
//!
//! ```text
//!  runs of the series of one object ──> what it showed at each change ──> a line where that differs
//! ```
//! What kube-state-metrics does not export stays out: events, messages, probes, volumes, templates.
//! What it exports only by scrape (a container that ended twice in between) is counted as unseen.

mod pod;
mod workload;

use std::collections::{BTreeMap, BTreeSet};

use foresail_core::Timestamp;
use serde_json::{Map, Value};

use super::runs::{ObjectSeries, Scrapes};

/// The lines of a recording's object files, and what they cannot tell.
#[derive(Debug, Default)]
pub(super) struct ObjectLines {
    pub(super) pods: Vec<String>,
    pub(super) workloads: Vec<String>,
    pub(super) nodes: Vec<String>,
    pub(super) counts: ObjectCounts,
    pub(super) kubernetes_version: Option<String>,
}

/// How many objects were put together, and what is known to be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ObjectCounts {
    /// Pods.
    pub pods: usize,
    /// Deployments, ReplicaSets, StatefulSets, DaemonSets and Jobs.
    pub workloads: usize,
    /// Nodes.
    pub nodes: usize,
    /// Ends of containers that were seen with their reason.
    pub terminations: u64,
    /// Restarts whose end was not seen: more than one between two scrapes, or no reason exported.
    pub unseen_terminations: u64,
}

/// What identifies an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Pod { namespace: String, name: String, uid: String },
    Workload { kind: &'static str, namespace: String, name: String },
    Node { name: String },
}

/// The series of one object at one time.
#[derive(Clone, Copy)]
struct View<'a> {
    series: &'a [&'a ObjectSeries],
    at: i64,
}

/// A line under construction.
type Line = Map<String, Value>;

/// Puts objects together.
pub(super) fn put_together(series: &[ObjectSeries], scrapes: &Scrapes) -> ObjectLines {
    // Old versions name the uid in one family only; then it cannot tell pods of one name apart.
    let phases = || series.iter().filter(|one| one.family == "kube_pod_status_phase");
    let all_have_uids = phases().all(|one| one.labels.get("uid").is_some());
    let mut objects: BTreeMap<Key, Vec<&ObjectSeries>> = BTreeMap::new();
    for one in series {
        let key = key(one).map(|key| if all_have_uids { key } else { key.without_uid() });
        if let Some(key) = key {
            objects.entry(key).or_default().push(one);
        }
    }
    let mut out = ObjectLines::default();
    let mut lines: BTreeMap<u8, Vec<(i64, String)>> = BTreeMap::new();
    for (key, series) in &objects {
        let file = match key {
            Key::Pod { .. } => 0,
            Key::Workload { .. } => 1,
            Key::Node { .. } => 2,
        };
        let mut ends = pod::Ends::default();
        let found = changes(key, (series, scrapes), &mut |view, previous| match key {
            Key::Pod { uid, .. } => pod::line(view, (uid, previous, scrapes), &mut ends),
            Key::Workload { kind, .. } => workload::line(view, kind),
            Key::Node { .. } => workload::node_line(view),
        });
        if found.is_empty() {
            continue;
        }
        match key {
            Key::Pod { .. } => out.counts.pods += 1,
            Key::Workload { .. } => out.counts.workloads += 1,
            Key::Node { .. } => out.counts.nodes += 1,
        }
        out.counts.terminations += ends.seen;
        out.counts.unseen_terminations += ends.unseen;
        lines.entry(file).or_default().extend(found);
    }
    let mut in_order = |file: u8| {
        let mut found = lines.remove(&file).unwrap_or_default();
        found.sort_by_key(|(at, _)| *at);
        found.into_iter().map(|(_, line)| line).collect()
    };
    (out.pods, out.workloads, out.nodes) = (in_order(0), in_order(1), in_order(2));
    let info = series.iter().find(|one| one.family == "kube_node_info");
    out.kubernetes_version =
        info.and_then(|one| one.labels.get("kubelet_version")).map(str::to_owned);
    out
}

/// The object that a series tells about.
fn key(series: &ObjectSeries) -> Option<Key> {
    let labels = &series.labels;
    let family = series.family;
    if family.starts_with("kube_node_") {
        return Some(Key::Node { name: labels.get("node")?.to_owned() });
    }
    let namespace = Some(labels.namespace.clone()).filter(|name| !name.is_empty())?;
    if family.starts_with("kube_pod_") {
        let name = Some(labels.pod.clone()).filter(|name| !name.is_empty())?;
        let uid = labels.get("uid").unwrap_or_default().to_owned();
        return Some(Key::Pod { namespace, name, uid });
    }
    let (kind, label) = [
        ("kube_deployment_", ("Deployment", "deployment")),
        ("kube_replicaset_", ("ReplicaSet", "replicaset")),
        ("kube_statefulset_", ("StatefulSet", "statefulset")),
        ("kube_daemonset_", ("DaemonSet", "daemonset")),
        ("kube_job_", ("Job", "job_name")),
    ]
    .into_iter()
    .find_map(|(prefix, found)| family.starts_with(prefix).then_some(found))?;
    Some(Key::Workload { kind, namespace, name: labels.get(label)?.to_owned() })
}

/// Families that are there as long as the object is, the best first.
const fn presence(key: &Key) -> &'static [&'static str] {
    match key {
        Key::Pod { .. } => &["kube_pod_info", "kube_pod_created", "kube_pod_status_phase"],
        Key::Workload { .. } => &[
            "kube_deployment_created",
            "kube_deployment_spec_replicas",
            "kube_replicaset_created",
            "kube_replicaset_spec_replicas",
            "kube_replicaset_owner",
            "kube_statefulset_created",
            "kube_statefulset_replicas",
            "kube_daemonset_created",
            "kube_daemonset_status_desired_number_scheduled",
            "kube_job_created",
            "kube_job_owner",
        ],
        Key::Node { .. } => &["kube_node_info", "kube_node_status_allocatable"],
    }
}

/// The lines of one object with their times.
fn changes(
    key: &Key,
    (series, scrapes): (&[&ObjectSeries], &Scrapes),
    line: &mut dyn FnMut(View<'_>, Option<i64>) -> Line,
) -> Vec<(i64, String)> {
    let mut times = BTreeSet::new();
    for run in series.iter().flat_map(|one| &one.runs) {
        times.insert(run.from);
        times.extend(scrapes.after(run.to));
    }
    let Some(base) =
        presence(key).iter().find(|family| series.iter().any(|one| one.family == **family))
    else {
        return Vec::new();
    };
    let mut out = Vec::new();
    let mut shown: Option<Line> = None;
    let mut previous = None;
    for at in times {
        let view = View { series, at };
        if view.has(base) {
            let next = line(view, previous);
            if shown.as_ref() != Some(&next) {
                let change = match &shown {
                    Some(_) => "MODIFIED",
                    None if scrapes.first().is_none_or(|first| at <= first) => "LIST",
                    None => "ADDED",
                };
                out.push((at, finished(key, (at, change), &next)));
                shown = Some(next);
            }
        } else if let Some(last) = shown.take() {
            out.push((at, finished(key, (at, "DELETED"), &last)));
        }
        previous = Some(at);
    }
    out
}

fn finished(key: &Key, (at, change): (i64, &str), line: &Line) -> String {
    let mut whole = Line::new();
    whole.insert("t".to_owned(), Timestamp::from_millis(at).as_epoch_seconds().into());
    whole.insert("type".to_owned(), change.into());
    let mut set = |name: &str, value: &str| whole.insert(name.to_owned(), value.into());
    match key {
        Key::Pod { namespace, name, .. } => {
            set("ns", namespace);
            set("pod", name);
        }
        Key::Workload { kind, namespace, name } => {
            set("kind", kind);
            set("ns", namespace);
            set("name", name);
        }
        Key::Node { name } => {
            set("name", name);
        }
    }
    whole.extend(line.clone());
    Value::Object(whole).to_string()
}

// === impl Key ===

impl Key {
    fn without_uid(self) -> Self {
        match self {
            Self::Pod { namespace, name, .. } => Self::Pod { namespace, name, uid: String::new() },
            Self::Workload { .. } | Self::Node { .. } => self,
        }
    }
}

// === impl View ===

impl<'a> View<'a> {
    /// The series of a family that hold now, and their values.
    fn of(self, family: &'a str) -> impl Iterator<Item = (&'a ObjectSeries, f64)> {
        let held = self.series.iter().filter(move |one| one.family == family);
        held.filter_map(move |one| one.at(self.at).map(|run| (*one, run.value)))
    }

    fn has(self, family: &'a str) -> bool {
        self.of(family).next().is_some()
    }

    fn value(self, family: &'a str) -> Option<f64> {
        self.of(family).next().map(|(_, value)| value)
    }

    /// A count that is none if it is negative.
    fn count(self, family: &'a str) -> Option<u64> {
        self.value(family).filter(|value| *value >= 0.0).map(|value| value as u64)
    }

    /// A label of a family with one series.
    fn label(self, family: &'a str, label: &str) -> Option<&'a str> {
        self.of(family).find_map(|(one, _)| one.labels.get(label))
    }

    /// The same object, but only series of one container.
    fn of_container(self, family: &'a str, container: &'a str) -> Option<(&'a ObjectSeries, f64)> {
        self.of(family).find(|(one, _)| one.labels.container == container)
    }
}

/// A time in seconds since the epoch, as the API writes times.
fn rfc3339(seconds: f64) -> Option<Value> {
    let at = Timestamp::from_epoch_seconds(seconds).filter(|at| at.as_millis() > 0)?;
    Some(at.to_string().into())
}

/// `true`, `false` and `unknown` as conditions have it.
fn status(word: &str) -> &'static str {
    match word {
        "true" => "True",
        "false" => "False",
        _ => "Unknown",
    }
}

fn put(line: &mut Line, name: &str, value: impl Into<Value>) {
    line.insert(name.to_owned(), value.into());
}
