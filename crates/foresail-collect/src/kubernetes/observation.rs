//! What the reader tells, and how it names objects.

use std::net::IpAddr;

use foresail_core::{
    ChangeKind, KubernetesEvent, LogLine, Object, ObjectChange, Timestamp, WorkloadKind,
};

use crate::prometheus::ServiceFacts;

/// One thing that the reader saw.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// An object of the core changed.
    Object(ObjectChange),
    /// A Kubernetes Event came.
    Event(KubernetesEvent),
    /// A log line was written.
    Log(LogLine),
    /// This many log lines were left out because their pod wrote too many.
    LogsDropped(u64),
    /// A Service came, changed or went.
    Service(ServiceChange),
    /// A node's address came, changed or went.
    Node(NodeAddress),
    /// A pod that asks to be scraped came, changed or went.
    Scrape(ScrapeTarget),
    /// An object known by metadata only came, changed or went.
    Metadata(MetadataChange),
}

/// A Service as far as finding metrics servers needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceChange {
    /// How the change came about.
    pub change: ChangeKind,
    /// Name, labels and ports.
    pub facts: ServiceFacts,
    /// Address inside the cluster; `None` for a headless Service.
    pub cluster_ip: Option<IpAddr>,
}

/// Where the kubelet of a node listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeAddress {
    /// How the change came about.
    pub change: ChangeKind,
    /// The node.
    pub node: String,
    /// Its internal address, else an external one.
    pub address: Option<IpAddr>,
    /// Port of the kubelet, 10250 where the node does not say.
    pub port: u16,
}

/// A pod that runs and carries the annotation `prometheus.io/scrape: "true"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScrapeTarget {
    /// How the change came about; `Deleted` also when it no longer asks or runs.
    pub change: ChangeKind,
    /// Namespace of the pod.
    pub namespace: String,
    /// Name of the pod.
    pub pod: String,
    /// Uid of the pod.
    pub uid: String,
    /// Value of `app.kubernetes.io/name`, `app` or `k8s-app`.
    pub app: Option<String>,
    /// Address of the pod.
    pub address: Option<IpAddr>,
    /// Port of `prometheus.io/port`, else the TCP ports that its containers declare.
    pub ports: Vec<u16>,
    /// `prometheus.io/path`, else `/metrics`.
    pub path: String,
    /// Whether `prometheus.io/scheme` is `https`.
    pub https: bool,
}

/// An object of a kind that judgement does not read, by metadata only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataChange {
    /// When it was observed.
    pub observed_at: Timestamp,
    /// How the change came about.
    pub change: ChangeKind,
    /// Plural name of the kind, such as `namespaces`.
    pub resource: &'static str,
    /// Namespace; empty for objects of the cluster.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Uid.
    pub uid: String,
    /// When deletion was asked for.
    pub deletion_requested_at: Option<Timestamp>,
}

/// Kind of an object of the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// A pod.
    Pod,
    /// A workload object.
    Workload(WorkloadKind),
    /// A node.
    Node,
    /// A Service.
    Service,
    /// A ConfigMap.
    ConfigMap,
    /// A persistent volume claim.
    Claim,
    /// A ResourceQuota, with all its resources.
    Quota,
    /// A PodDisruptionBudget.
    DisruptionBudget,
}

/// Names an object, for telling what was known before a restart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// Its kind.
    pub kind: ObjectKind,
    /// Namespace; empty for nodes.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Uid where the core keeps one (pods, workloads): a successor of the same name is another one.
    pub uid: Option<String>,
    /// Resource of a quota, such as `requests.cpu`.
    pub part: Option<String>,
}

// === impl ObjectKey ===

impl ObjectKey {
    /// The key of an object.
    #[must_use]
    pub fn of(object: &Object) -> Self {
        let key = |kind, namespace: &str, name: &str| Self {
            kind,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            uid: None,
            part: None,
        };
        match object {
            Object::Pod(pod) => Self {
                uid: Some(pod.uid.clone()),
                ..key(ObjectKind::Pod, &pod.namespace, &pod.name)
            },
            Object::Workload(workload) => Self {
                uid: workload.uid.clone(),
                ..key(ObjectKind::Workload(workload.kind), &workload.namespace, &workload.name)
            },
            Object::Node(node) => key(ObjectKind::Node, "", &node.name),
            Object::Service(item) => key(ObjectKind::Service, &item.namespace, &item.name),
            Object::ConfigMap(item) => key(ObjectKind::ConfigMap, &item.namespace, &item.name),
            Object::Claim(item) => key(ObjectKind::Claim, &item.namespace, &item.name),
            Object::Quota(item) => Self {
                part: Some(item.resource.clone()),
                ..key(ObjectKind::Quota, &item.namespace, &item.name)
            },
            Object::DisruptionBudget(item) => {
                key(ObjectKind::DisruptionBudget, &item.namespace, &item.name)
            }
        }
    }
}
