//! What can be scraped in a cluster, and with which labels.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

use foresail_core::ChangeKind;

use super::status::SourceKind;
use crate::kubernetes::{NodeAddress, ScrapeTarget, ServiceChange};

/// Ports of one pod that are tried, where none is named.
const PORTS: usize = 4;

/// Whether targets of one kind are scraped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// For what the metrics server lacks; for everything where there is none.
    #[default]
    Missing,
    /// For everything.
    Always,
    /// Not at all.
    Never,
}

/// What is scraped beside a metrics server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scraping {
    /// Each kubelet at its own port.
    pub kubelets: Wanted,
    /// kube-state-metrics.
    pub state_metrics: Wanted,
    /// Pods that ask by annotation.
    pub pods: Wanted,
}

/// What kind of page it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PageKind {
    Metrics,
    Summary,
}

/// A page of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TargetPage {
    pub(super) path: String,
    pub(super) kind: PageKind,
    /// That it is not there is no problem.
    pub(super) may_lack: bool,
}

/// A target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) kind: SourceKind,
    /// Whose it is, for reports.
    pub(super) name: String,
    /// Address before the path.
    pub(super) base: String,
    pub(super) pages: Vec<TargetPage>,
    /// Labels that a server would attach.
    pub(super) labels: Vec<(String, String)>,
    /// Whether labels of the page come before those (`honor_labels`).
    honors: Honors,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Honors {
    /// The page speaks of others: its labels are right.
    Page,
    /// The page speaks of itself: what it calls by a name of the target's is renamed.
    Target,
}

/// All that can be scraped.
#[derive(Debug, Default)]
pub(super) struct Targets {
    nodes: BTreeMap<String, (IpAddr, u16)>,
    state_metrics: BTreeMap<(String, String), String>,
    pods: BTreeMap<(String, String), ScrapeTarget>,
}

/// What a target is asked for.
pub(super) struct Wish<'a> {
    pub(super) scraping: Scraping,
    /// Whether a metrics server gives the family; `None` where there is no server.
    pub(super) given: Option<&'a dyn Fn(&str) -> bool>,
    /// `https`, but for tests and read-only ports.
    pub(super) kubelet_scheme: &'a str,
}

// === impl Wish ===

impl Wish<'_> {
    fn lacks(&self, wanted: Wanted, families: &[&str]) -> bool {
        match (wanted, self.given) {
            (Wanted::Never, _) => false,
            (Wanted::Always, _) | (Wanted::Missing, None) => true,
            (Wanted::Missing, Some(given)) => !families.iter().any(|family| given(family)),
        }
    }
}

// === impl Target ===

impl Target {
    /// How a label of the page is called beside the target's own.
    pub(super) fn own_name<'a>(&self, name: &'a str) -> Cow<'a, str> {
        // The node is attached for those that do not know it.
        let clashes = name != "node" && self.labels.iter().any(|(known, _)| known == name);
        if clashes && self.honors == Honors::Target {
            Cow::Owned(format!("exported_{name}"))
        } else {
            Cow::Borrowed(name)
        }
    }
}

// === impl Targets ===

impl Targets {
    pub(super) fn observe_node(&mut self, node: &NodeAddress) {
        match node.address.filter(|_| node.change != ChangeKind::Deleted) {
            Some(address) => {
                self.nodes.insert(node.node.clone(), (address, node.port));
            }
            None => {
                self.nodes.remove(&node.node);
            }
        }
    }

    pub(super) fn observe_service(&mut self, service: &ServiceChange) {
        let facts = &service.facts;
        let key = (facts.namespace.clone(), facts.name.clone());
        self.state_metrics.remove(&key);
        let named = ["app.kubernetes.io/name", "app", "k8s-app"]
            .iter()
            .any(|label| facts.labels.get(*label).is_some_and(|v| v == "kube-state-metrics"));
        let is_ours = named || facts.name.ends_with("kube-state-metrics");
        if !is_ours || service.change == ChangeKind::Deleted {
            return;
        }
        let usual = |(name, number): &&(Option<String>, u16)| {
            let named =
                name.as_deref().is_some_and(|name| ["http", "http-metrics"].contains(&name));
            named || *number == 8080
        };
        let port = facts.ports.iter().find(usual).or_else(|| facts.ports.first());
        let Some((_, port)) = port else { return };
        let host = match service.cluster_ip {
            Some(address) => host(address),
            None => format!("{}.{}.svc", facts.name, facts.namespace),
        };
        self.state_metrics.insert(key, format!("http://{host}:{port}"));
    }

    pub(super) fn observe_pod(&mut self, pod: ScrapeTarget) {
        let key = (pod.namespace.clone(), pod.pod.clone());
        let other = self.pods.get(&key).is_some_and(|known| known.uid != pod.uid);
        if pod.change != ChangeKind::Deleted {
            self.pods.insert(key, pod);
        } else if !other {
            self.pods.remove(&key);
        }
    }

    /// The targets of a round. `node_of` tells on which node a pod runs.
    pub(super) fn list(
        &self,
        wish: &Wish<'_>,
        node_of: &dyn Fn(&str, &str) -> Option<String>,
    ) -> Vec<Target> {
        let mut targets = Vec::new();
        let pages = kubelet_pages(wish);
        for (node, (address, port)) in self.nodes.iter().filter(|_| !pages.is_empty()) {
            targets.push(kubelet(node, (*address, *port), (wish.kubelet_scheme, &pages)));
        }
        let needs_state = ["kube_pod_info", "kube_pod_container_resource_limits"];
        if wish.lacks(wish.scraping.state_metrics, &needs_state) {
            // One of several copies is enough.
            targets.extend(self.state_metrics.iter().take(1).map(state_metrics));
        }
        let pods_too = match wish.scraping.pods {
            Wanted::Always => true,
            Wanted::Missing => wish.given.is_none(),
            Wanted::Never => false,
        };
        if pods_too {
            let pods = self.pods.values().filter(|pod| {
                let state_metrics = pod.app.as_deref() == Some("kube-state-metrics");
                !state_metrics || self.state_metrics.is_empty()
            });
            targets.extend(pods.flat_map(|pod| annotated(pod, node_of(&pod.namespace, &pod.pod))));
        }
        targets
    }
}

fn host(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

/// The pages of a kubelet that nothing else gives.
fn kubelet_pages(wish: &Wish<'_>) -> Vec<TargetPage> {
    let mut pages = Vec::new();
    let mut page = |path: &str, kind: PageKind, may_lack: bool, wanted: bool| {
        if wanted {
            pages.push(TargetPage { path: path.to_owned(), kind, may_lack });
        }
    };
    let wanted = wish.scraping.kubelets;
    let memory = wish.lacks(wanted, &["container_memory_working_set_bytes"]);
    page("/metrics/cadvisor", PageKind::Metrics, false, memory);
    page("/metrics/resource", PageKind::Metrics, true, memory);
    page("/metrics/probes", PageKind::Metrics, true, wish.lacks(wanted, &["prober_probe_total"]));
    let own = ["kubelet_running_pods", "kubelet_volume_stats_used_bytes"];
    page("/metrics", PageKind::Metrics, false, wish.lacks(wanted, &own));
    // No metric of the kubelet tells the local storage of a pod.
    page("/stats/summary", PageKind::Summary, false, wanted != Wanted::Never);
    pages
}

fn kubelet(
    node: &str,
    (address, port): (IpAddr, u16),
    (scheme, pages): (&str, &[TargetPage]),
) -> Target {
    let instance = format!("{}:{port}", host(address));
    let labels = [("job", "kubelet"), ("instance", &instance), ("node", node)];
    Target {
        kind: SourceKind::Kubelet,
        name: node.to_owned(),
        base: format!("{scheme}://{instance}"),
        pages: pages.to_vec(),
        labels: labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        honors: Honors::Page,
    }
}

fn metrics(path: &str) -> TargetPage {
    TargetPage { path: path.to_owned(), kind: PageKind::Metrics, may_lack: false }
}

fn state_metrics(((namespace, name), base): (&(String, String), &String)) -> Target {
    let instance = base.trim_start_matches("http://");
    let labels = [("job", "kube-state-metrics"), ("instance", instance)];
    Target {
        kind: SourceKind::KubeStateMetrics,
        name: format!("{namespace}/{name}"),
        base: base.clone(),
        pages: vec![metrics("/metrics")],
        labels: labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        honors: Honors::Page,
    }
}

fn annotated(pod: &ScrapeTarget, node: Option<String>) -> Vec<Target> {
    let Some(address) = pod.address.map(host) else { return Vec::new() };
    let scheme = if pod.https { "https" } else { "http" };
    let name = format!("{}/{}", pod.namespace, pod.pod);
    let path = if pod.path.starts_with('/') { pod.path.clone() } else { format!("/{}", pod.path) };
    let target = |port: &u16| {
        let instance = format!("{address}:{port}");
        let mut labels = vec![
            ("job".to_owned(), pod.app.clone().unwrap_or_else(|| name.clone())),
            ("instance".to_owned(), instance.clone()),
            ("namespace".to_owned(), pod.namespace.clone()),
            ("pod".to_owned(), pod.pod.clone()),
        ];
        labels.extend(node.clone().map(|node| ("node".to_owned(), node)));
        Target {
            kind: SourceKind::Pods,
            name: name.clone(),
            base: format!("{scheme}://{instance}"),
            pages: vec![metrics(&path)],
            labels,
            honors: Honors::Target,
        }
    };
    pod.ports.iter().take(PORTS).map(target).collect()
}
