//! What mends a gap, to be copied: scrape configuration, flags, rules of a role.

use foresail_core::Quantity;
use serde::Serialize;

use super::needs::Right;
use crate::kubernetes::PERMISSIONS;
use crate::resolve::{Origin, RULES, Rule};

/// Where a fix is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FixKind {
    /// Options of this command.
    Option,
    /// The account's role.
    Role,
    /// Configuration of the metrics server.
    ScrapeConfig,
    /// A flag or the deployment of an exporter.
    Exporter,
    /// The program itself.
    Application,
    /// Retention of the metrics server, or patience.
    History,
}

/// One change that mends something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fix {
    /// Where it is applied.
    pub kind: FixKind,
    /// What to do, in a sentence.
    pub text: String,
    /// What to copy, where there is something.
    pub snippet: Option<String>,
}

// === impl Fix ===

impl Fix {
    pub(super) fn new(kind: FixKind, text: impl Into<String>, snippet: Option<String>) -> Self {
        Self { kind, text: text.into(), snippet }
    }

    /// A rule for the account's role.
    pub(super) fn role((group, resource): Right) -> Self {
        let right =
            PERMISSIONS.iter().find(|right| (right.group, right.resource) == (group, resource));
        let verbs =
            right.map_or_else(|| "get, list, watch".to_owned(), |right| right.verbs.join(", "));
        let text = format!("let the account read `{resource}`: add this rule to its ClusterRole");
        let snippet = format!(
            "- apiGroups: [\"{group}\"]\n  resources: [\"{resource}\"]\n  verbs: [{verbs}]"
        );
        Self::new(FixKind::Role, text, Some(snippet))
    }

    pub(super) fn server() -> Self {
        Self::new(
            FixKind::Option,
            "name a metrics server: `--prometheus URL`, and `--header 'X-Scope-OrgID: …'` or \
             `--token-file` where it asks for one",
            None,
        )
    }

    pub(super) fn cluster() -> Self {
        Self::new(
            FixKind::Option,
            "name a cluster: `--kubeconfig FILE` and `--context NAME`, or run inside it",
            None,
        )
    }

    pub(super) fn kubelets(reason: &str) -> Self {
        Self::new(
            FixKind::Role,
            format!("let the account and the network reach port 10250 of each node ({reason})"),
            None,
        )
    }

    pub(super) fn history(hours: f64) -> Self {
        Self::new(
            FixKind::History,
            format!(
                "wait until {hours:.0} h are there, or keep more: `--storage.tsdb.retention.time=15d` of \
                 Prometheus"
            ),
            None,
        )
    }

    /// What brings a quantity to a metrics server: by its best source.
    pub(super) fn quantity(quantity: Quantity) -> Self {
        if matches!(quantity, Quantity::EmptyDirUsed | Quantity::EphemeralStorage) {
            let Self { kind, text, snippet } = Self::role(("", "nodes/stats"));
            let text = format!("{text}; Foresail then reads the kubelets' own summary");
            return Self { kind, text, snippet };
        }
        match RULES.iter().find(|rule| rule.quantity == quantity) {
            Some(rule) => of_rule(rule),
            // It comes from the buckets of a latency histogram.
            None => application(quantity),
        }
    }
}

fn of_rule(rule: &Rule) -> Fix {
    match rule.origin {
        Origin::Cadvisor => scraped("/metrics/cadvisor", &dropped(rule)),
        Origin::KubeletResource => scraped("/metrics/resource", ""),
        Origin::Kubelet => scraped("/metrics", ""),
        Origin::Prober => scraped("/metrics/probes", ""),
        Origin::KubeStateMetrics => state_metrics(rule),
        Origin::NodeExporter => node_exporter(rule),
        Origin::Application => application(rule.quantity),
        Origin::EphemeralStorage => Fix::role(("", "nodes/stats")),
    }
}

/// A job that scrapes one path of every kubelet.
fn scraped(path: &str, remark: &str) -> Fix {
    let job = path.trim_matches('/').replace('/', "-");
    let job =
        if job == "metrics" { "kubelet".to_owned() } else { job.replace("metrics", "kubelet") };
    let snippet = format!(
        "scrape_configs:\n  - job_name: {job}\n    scheme: https\n    metrics_path: {path}\n    \
         authorization:\n      credentials_file: /var/run/secrets/kubernetes.io/serviceaccount/token\n    \
         tls_config:\n      ca_file: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt\n      \
         insecure_skip_verify: true\n    kubernetes_sd_configs:\n      - role: node"
    );
    let text = format!("scrape `{path}` of every kubelet{remark}");
    Fix::new(FixKind::ScrapeConfig, text, Some(snippet))
}

/// Families that the usual charts drop on the way.
fn dropped(rule: &Rule) -> String {
    let names: Vec<String> = rule.metrics.iter().map(|name| format!("`{name}`")).collect();
    let is_often_dropped = matches!(
        rule.quantity,
        Quantity::FileDescriptors | Quantity::Threads | Quantity::ThreadLimit
    );
    if !is_often_dropped {
        return String::new();
    }
    format!(
        "; where that is done already, take {} out of `metric_relabel_configs` \
         (`kubelet.serviceMonitor.cAdvisorMetricRelabelings` of kube-prometheus-stack), which drop it",
        names.join(" and ")
    )
}

fn state_metrics(rule: &Rule) -> Fix {
    let names: Vec<String> = rule.metrics.iter().map(|name| format!("`{name}`")).collect();
    Fix::new(
        FixKind::Exporter,
        format!("let kube-state-metrics export {}: its resources have to hold `pods` and `nodes`", names.join(" and ")),
        Some("kube-state-metrics --resources=configmaps,daemonsets,deployments,endpointslices,jobs,nodes,persistentvolumeclaims,poddisruptionbudgets,pods,replicasets,resourcequotas,services,statefulsets".to_owned()),
    )
}

fn node_exporter(rule: &Rule) -> Fix {
    let has = |start: &str| rule.metrics.iter().any(|name| name.starts_with(start));
    let collector = if has("node_processes_") {
        Some("processes")
    } else if has("node_nf_conntrack_") {
        Some("conntrack")
    } else if has("node_filefd_") {
        Some("filefd")
    } else {
        None
    };
    match collector {
        Some(collector) => Fix::new(
            FixKind::Exporter,
            format!("run node-exporter on every node with its collector `{collector}`"),
            Some(format!("node_exporter --collector.{collector}")),
        ),
        None => Fix::new(
            FixKind::Exporter,
            "run node-exporter on every node and scrape it; its series need a label that names the node",
            Some(
                "scrape_configs:\n  - job_name: node-exporter\n    kubernetes_sd_configs:\n      - role: endpoints\n    \
                 relabel_configs:\n      - source_labels: [__meta_kubernetes_endpoints_name]\n        regex: .*node-exporter\n        action: keep\n      \
                 - source_labels: [__meta_kubernetes_pod_node_name]\n        target_label: node"
                    .to_owned(),
            ),
        ),
    }
}

/// What programs have to tell, by topic.
const OF_PROGRAMS: &[(&[Quantity], &str)] = &[
    (
        &[Quantity::FileDescriptors, Quantity::FileDescriptorLimit],
        "let programs export `process_open_fds` and `process_max_fds` (the client libraries of Prometheus \
         do), or keep cAdvisor's `container_file_descriptors` and `container_ulimits_soft`: the usual \
         charts drop them by `metric_relabel_configs`",
    ),
    (
        &[Quantity::PoolInUse, Quantity::PoolLimit],
        "let programs export their connection pools: `hikaricp_connections_active` and `…_max`, \
         `go_sql_in_use_connections` and `go_sql_max_open_connections`, or another pair of docs/metrics.md",
    ),
    (
        &[Quantity::LogErrors],
        "let programs count log messages by level: `log_messages_total`, `logback_events_total` or \
         `log4j2_events_total`",
    ),
    (
        &[Quantity::HeapInUse],
        "let programs export their heap: `go_memstats_heap_inuse_bytes`, `jvm_memory_used_bytes` or \
         `nodejs_heap_size_used_bytes`",
    ),
    (
        &[Quantity::UpstreamRequests, Quantity::UpstreamErrors, Quantity::UpstreamRetries],
        "let programs or the mesh count requests to others: `http_client_requests_seconds_count`, \
         `grpc_client_handled_total` or `istio_requests_total`",
    ),
];

/// Everything else that programs tell is about requests.
const OF_REQUESTS: &str = "let programs or the mesh count and time requests with their codes: `http_requests_total` and the \
     histogram `http_request_duration_seconds`, `istio_requests_total`, or others of docs/metrics.md";

/// The program has to tell: one fix for all quantities of a topic.
fn application(quantity: Quantity) -> Fix {
    let topic = OF_PROGRAMS.iter().find(|(quantities, _)| quantities.contains(&quantity));
    let text = topic.map_or(OF_REQUESTS, |(_, text)| text);
    let snippet = "metadata:\n  annotations:\n    prometheus.io/scrape: \"true\"\n    \
                   prometheus.io/port: \"8080\"\n    prometheus.io/path: /metrics";
    Fix::new(FixKind::Application, text, Some(snippet.to_owned()))
}
