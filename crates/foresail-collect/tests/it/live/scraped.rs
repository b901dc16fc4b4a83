//! Kubelets, kube-state-metrics and annotated pods, scraped.

use std::net::IpAddr;
use std::time::Duration;

use foresail_collect::kubernetes::{NodeAddress, Observation, ScrapeTarget, ServiceChange};
use foresail_collect::live::{
    CollectReport, Collector, CollectorSettings, PageClient, ScrapeSettings, Scraping,
    SeriesLimits, SourceKind, SourceState, Trust, WebClient, WebSettings,
};
use foresail_collect::prometheus::ServiceFacts;
use foresail_core::{Batch, ChangeKind, Entity, PlatformDuration, Quantity};

use super::pods::listed;
use super::world::block_on;
use super::{INTERVAL, tick};
use crate::server::{Reply, Request, Server};

const CADVISOR: &str = r#"# TYPE container_memory_rss gauge
container_memory_rss{container="app",id="/kubepods/a",namespace="shop",pod="web-0"} 4096
container_memory_rss{container="",id="/kubepods",namespace="shop",pod="web-0"} 9
nothing_reads_this{a="b"} 1
"#;
const SUMMARY: &str = r#"{"pods":[{"podRef":{"name":"web-0","namespace":"shop"},
    "volume":[{"usedBytes":70,"name":"cache"}],"ephemeral-storage":{"usedBytes":300}}]}"#;
const STATE: &str = r#"kube_pod_container_resource_limits{namespace="shop",pod="web-0",container="app",resource="memory",unit="byte"} 8192
kube_configmap_info{namespace="shop",configmap="settings"} 1
"#;
const POD: &str =
    "go_goroutines 12\nnode_load1 0.5\nhttp_requests_total{code=\"200\",pod=\"mine\"} 5\n";

fn port(server: &Server) -> (IpAddr, u16) {
    let address = server.url.trim_start_matches("http://");
    let (host, port) = address.split_once(':').unwrap();
    (host.parse().unwrap(), port.parse().unwrap())
}

fn collector() -> Collector {
    let others = WebClient::new(&WebSettings { trust: Trust::Anyone, token_file: None }).unwrap();
    let scraping = ScrapeSettings {
        scraping: Scraping::default(),
        kubelets: Some(PageClient::Web(others.clone())),
        kubelet_scheme: "http".to_owned(),
        others,
    };
    let mut collector = Collector::new(&CollectorSettings {
        interval: PlatformDuration::from_seconds(INTERVAL),
        prometheus: None,
        scraping: Some(scraping),
        limits: SeriesLimits::default(),
    })
    .unwrap();
    collector.observe(listed("web-0", tick(0)));
    collector
}

fn node(server: &Server) -> Observation {
    let (address, port) = port(server);
    let (change, node) = (ChangeKind::Listed, "node-1".to_owned());
    Observation::Node(NodeAddress { change, node, address: Some(address), port })
}

fn state_metrics(server: &Server) -> Observation {
    let (address, port) = port(server);
    let facts = ServiceFacts {
        namespace: "monitoring".to_owned(),
        name: "my-kube-state-metrics".to_owned(),
        labels: [("app.kubernetes.io/name".to_owned(), "kube-state-metrics".to_owned())].into(),
        ports: vec![(Some("http".to_owned()), port)],
    };
    let change = ChangeKind::Listed;
    Observation::Service(ServiceChange { change, facts, cluster_ip: Some(address) })
}

fn annotated(server: &Server) -> Observation {
    let (address, port) = port(server);
    Observation::Scrape(ScrapeTarget {
        change: ChangeKind::Listed,
        namespace: "shop".to_owned(),
        pod: "web-0".to_owned(),
        uid: "u".to_owned(),
        app: None,
        address: Some(address),
        ports: vec![port],
        path: "/metrics".to_owned(),
        https: false,
    })
}

/// Some ticks with time for the rounds to end; the last batch with samples and the last report.
fn ticks(collector: &mut Collector, numbers: std::ops::Range<i64>) -> (Vec<Batch>, CollectReport) {
    block_on(async {
        let (mut batches, mut last) = (Vec::new(), CollectReport::default());
        for number in numbers {
            let (batch, report) = collector.batch(tick(number)).await;
            batches.push(batch);
            last = report;
            tokio::time::sleep(Duration::from_millis(400)).await;
        }
        (batches, last)
    })
}

fn values(batches: &[Batch], known: &mut Vec<Entity>) -> Vec<(Quantity, Entity, f64)> {
    let mut found = Vec::new();
    for batch in batches {
        known.extend(batch.entities.iter().map(|(_, entity)| entity.clone()));
        found.extend(
            batch
                .samples
                .iter()
                .map(|one| (one.quantity, known[one.entity.index()].clone(), one.value)),
        );
    }
    found
}

fn kubelet(request: &Request) -> Reply {
    match request.target.as_str() {
        "/metrics/cadvisor" => Reply::new("200 OK", "text/plain; version=0.0.4", CADVISOR),
        "/stats/summary" => Reply::json(SUMMARY),
        "/metrics" => Reply::new("200 OK", "text/plain", "kubelet_running_pods 7\n"),
        _ => Reply::new("404 Not Found", "text/plain", "404"),
    }
}

#[test]
fn kubelets_state_metrics_and_annotated_pods_give_what_a_server_would() {
    let node_server = Server::start(|request, _| kubelet(request));
    let state_server = Server::always(Reply::new("200 OK", "text/plain", STATE));
    let pod_server = Server::always(Reply::new("200 OK", "text/plain", POD));
    let mut collector = collector();
    collector.observe(node(&node_server));
    collector.observe(state_metrics(&state_server));
    collector.observe(annotated(&pod_server));
    // What a better source may still give is waited for, three scrapes long.
    let (batches, report) = ticks(&mut collector, 1..8);
    let found = values(&batches, &mut Vec::new());
    let value = |quantity| {
        let one = found.iter().find(|(found, ..)| *found == quantity);
        assert!(one.is_some(), "no {quantity:?} in {found:?}");
        one.unwrap().clone()
    };
    let app = Entity::Container {
        namespace: "shop".to_owned(),
        pod: "web-0".to_owned(),
        container: "app".to_owned(),
    };
    let node = Entity::Node { node: "node-1".to_owned() };
    assert_eq!(value(Quantity::MemoryRss), (Quantity::MemoryRss, app.clone(), 4096.0));
    assert_eq!(value(Quantity::MemoryLimit).2, 8192.0);
    assert_eq!(value(Quantity::RuntimeTasks), (Quantity::RuntimeTasks, app, 12.0));
    assert_eq!(value(Quantity::NodeLoad), (Quantity::NodeLoad, node.clone(), 0.5));
    assert_eq!(value(Quantity::NodePods), (Quantity::NodePods, node, 7.0));
    assert_eq!(value(Quantity::EphemeralStorage).2, 300.0);
    assert_eq!(value(Quantity::EmptyDirUsed).2, 70.0);
    assert!(batches.iter().flat_map(|batch| &batch.objects).count() > 1, "the ConfigMap");
    let kinds: Vec<_> = report.sources.iter().map(|one| (one.kind, one.state)).collect();
    let well = SourceState::Ok;
    assert_eq!(
        kinds,
        [
            (SourceKind::Kubelet, well),
            (SourceKind::KubeStateMetrics, well),
            (SourceKind::Pods, well)
        ],
        "{:?}",
        report.sources
    );
    assert!(!report.missing.contains(&Quantity::EphemeralStorage));
}

#[test]
fn pages_that_are_none_are_told_and_give_nothing() {
    let long = format!("go_goroutines{{a=\"{}\"}} 1\n", "x".repeat(5 << 20));
    for (reply, reason) in [
        (Reply::new("403 Forbidden", "text/plain", "no"), "status 403"),
        (Reply::new("200 OK", "text/html", "<html>"), "no metrics page"),
        (Reply::new("200 OK", "text/plain", "<!doctype html>"), "page for people"),
        (Reply::with_length("200 OK", "text/plain", (POD.as_bytes(), 999)), "broke off"),
        (Reply::new("200 OK", "text/plain", b"\xff\xfe\n"), "no metrics page"),
        (
            Reply::new("200 OK", "text/plain", format!("{long}go_goroutines 1\n")),
            "could not be read",
        ),
    ] {
        let server = Server::always(reply);
        let mut collector = collector();
        collector.observe(annotated(&server));
        let (batches, report) = ticks(&mut collector, 1..4);
        let source = &report.sources[0];
        let text = source.reason.clone().unwrap_or_default();
        assert!(text.contains(reason), "{text}");
        let partly = reason == "could not be read";
        let expected = if partly { SourceState::Degraded } else { SourceState::Failed };
        assert_eq!(source.state, expected, "{text}");
        let samples: usize = batches.iter().map(|batch| batch.samples.len()).sum();
        assert_eq!(samples > 0, partly, "{text}");
    }
}

#[test]
fn a_target_that_hangs_does_not_hold_up_the_ticks() {
    let hung =
        Server::always(Reply::new("200 OK", "text/plain", POD).after(Duration::from_secs(60)));
    let mut collector = collector();
    collector.observe(annotated(&hung));
    let begun = tokio::time::Instant::now();
    let (_, report) = ticks(&mut collector, 1..4);
    assert!(begun.elapsed() < Duration::from_secs(3));
    assert!(report.sources.is_empty(), "the first round is under way: {:?}", report.sources);
}
