//! Labels of a metrics server become the columns of a recording.

use std::collections::btree_map::{BTreeMap, Entry};
use std::ops::ControlFlow;

use foresail_core::Timestamp;

use crate::prometheus::answer::{Receive, Series};
use crate::resolve::Labels;
use crate::write::SampleSeries;

/// Labels that say who stored a series, not what it is of.
const STORED_BY: [&str; 9] = [
    "__name__",
    "__replica__",
    "cluster",
    "k8s_cluster_name",
    "prometheus",
    "prometheus_replica",
    "receive",
    "replica",
    "tenant_id",
];

/// Other names of namespace, pod and container, where the usual ones are missing.
const NAMESPACES: [&str; 3] =
    ["kubernetes_namespace", "k8s_namespace_name", "kubernetes_namespace_name"];
const PODS: [&str; 3] = ["kubernetes_pod_name", "k8s_pod_name", "kubernetes_pod"];
const CONTAINERS: [&str; 3] =
    ["kubernetes_container_name", "k8s_container_name", "kubernetes_container"];

/// One series of one window.
#[derive(Clone, Debug)]
pub(super) struct WindowSeries {
    /// All that tells it from others of its family.
    pub(super) identity: String,
    pub(super) labels: Labels,
    pub(super) sample: SampleSeries,
}

/// The series of a family in one window.
#[derive(Debug)]
pub(super) struct Window {
    family: &'static str,
    series: BTreeMap<String, SampleSeries>,
}

// === impl Window ===

impl Window {
    pub(super) const fn new(family: &'static str) -> Self {
        Self { family, series: BTreeMap::new() }
    }

    /// The series in order of their labels, without samples at or before `from` and empty ones.
    pub(super) fn series_after(self, from: Timestamp) -> Vec<WindowSeries> {
        let cut = self.series.into_iter().filter_map(|(identity, mut sample)| {
            sample.points.retain(|(at, _)| *at > from);
            let columns = [
                sample.job.as_str(),
                sample.namespace.as_deref().unwrap_or_default(),
                sample.pod.as_deref().unwrap_or_default(),
                sample.container.as_deref().unwrap_or_default(),
            ];
            let labels = Labels::new(columns, &sample.labels).ok()?;
            (!sample.points.is_empty()).then_some(WindowSeries { identity, labels, sample })
        });
        cut.collect()
    }
}

impl Receive<Series> for Window {
    fn restart(&mut self) {
        self.series.clear();
    }

    /// Of copies that two replicas stored, the one with more samples counts.
    fn take(&mut self, series: Series) -> ControlFlow<()> {
        let sample = sample(self.family, series);
        let identity = format!(
            "{}\0{}\0{}\0{}\0{}",
            sample.namespace.as_deref().unwrap_or_default(),
            sample.pod.as_deref().unwrap_or_default(),
            sample.container.as_deref().unwrap_or_default(),
            sample.job,
            sample.labels
        );
        match self.series.entry(identity) {
            Entry::Vacant(place) => {
                place.insert(sample);
            }
            Entry::Occupied(mut place) => {
                if sample.points.len() > place.get().points.len() {
                    place.insert(sample);
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// Whether a label says who stored a series, not what it is of.
pub(crate) fn says_who_stored(name: &str) -> bool {
    STORED_BY.contains(&name)
}

/// Takes job, namespace, pod and container out of the labels, by whatever name they go.
pub(crate) fn take_columns(labels: &mut BTreeMap<String, String>) -> [Option<String>; 4] {
    labels.retain(|name, value| !value.is_empty() && !says_who_stored(name));
    let mut column = |usual: &str, others: [&str; 3]| {
        labels.remove(usual).or_else(|| others.iter().find_map(|name| labels.remove(*name)))
    };
    let namespace = column("namespace", NAMESPACES);
    let pod = column("pod", PODS);
    let container = column("container", CONTAINERS);
    [labels.remove("job"), namespace, pod, container]
}

/// A series in the columns of a recording.
fn sample(family: &str, series: Series) -> SampleSeries {
    let mut labels = series.labels;
    let [job, namespace, pod, container] = take_columns(&mut labels);
    SampleSeries {
        metric: family.to_owned(),
        job: job.unwrap_or_default(),
        namespace,
        pod,
        container,
        labels: serde_json::to_string(&labels).expect("a map of texts is JSON"),
        points: series.points,
    }
}
