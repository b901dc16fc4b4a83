//! The collector of a running service against a real Prometheus with the samples of a recording.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::Duration;

use foresail_collect::kubernetes::{Observation, ScrapeTarget};
use foresail_collect::live::{
    CollectReport, Collector, CollectorSettings, PrometheusSettings, ScrapeSettings, Scraping,
    SeriesLimits, SourceState, WebClient, WebSettings,
};
use foresail_collect::prometheus::{Client, Limits, Settings};
use foresail_collect::{OpenOptions, Recording, ReplayOptions};
use foresail_core::{
    Batch, ChangeKind, Entity, Object, ObjectChange, PlatformDuration, PodObject, Quantity,
    Timestamp,
};

use tokio::time::Instant;

use super::{Running, Store, data, samples, serve};
use crate::live::pods::{change, pod};

/// Ticks that are compared: 20 minutes of the recording. All of it was, by hand.
const TICKS: usize = 240;

/// A sample by what it is of.
type Key = (Timestamp, Entity, Quantity);

/// Everything of `lab-1` in a Prometheus, and the recording itself.
struct Laboratory {
    recording: Recording,
    url: String,
    _running: Running,
    _dir: tempfile::TempDir,
}

impl Laboratory {
    fn start() -> Self {
        let mut store = Store::new();
        for entry in std::fs::read_dir(data()).unwrap() {
            samples(entry.unwrap().file_name().to_str().unwrap(), &mut store);
        }
        let dir = tempfile::tempdir().unwrap();
        let (running, url) = serve(&store, dir.path());
        let limits = Limits { retries: 0, ..Limits::default() };
        let client = Client::new(&Settings { url: url.clone(), limits, ..Settings::default() });
        let client = client.unwrap();
        let up = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(200));
            block_on(client.build_info()).is_ok()
        });
        assert!(up, "prometheus did not start");
        let folder = data().parent().unwrap().to_owned();
        let recording = Recording::open(&folder, &OpenOptions::default()).unwrap();
        Self { recording, url, _running: running, _dir: dir }
    }

    fn collector(&self) -> Collector {
        let server = Settings { url: self.url.clone(), ..Settings::default() };
        Collector::new(&CollectorSettings {
            interval: self.recording.scrape_interval(),
            prometheus: Some(PrometheusSettings { server, selector: String::new() }),
            scraping: None,
            limits: SeriesLimits::default(),
        })
        .unwrap()
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn is_read_from_the_api(change: &ObjectChange) -> bool {
    matches!(change.object, Object::Pod(_) | Object::Workload(_) | Object::Node(_))
}

/// The samples of a batch; `known` follows the entities. What the kubelet's summary gives is left out.
fn named(batch: &Batch, known: &mut Vec<Entity>) -> BTreeMap<Key, f64> {
    known.extend(batch.entities.iter().map(|(_, entity)| entity.clone()));
    let side = [Quantity::EphemeralStorage, Quantity::EmptyDirUsed];
    let own = batch.samples.iter().filter(|sample| !side.contains(&sample.quantity));
    own.map(|one| ((one.at, known[one.entity.index()].clone(), one.quantity), one.value)).collect()
}

fn pod_of(entity: &Entity) -> Option<(String, String)> {
    match entity {
        Entity::Container { namespace, pod, .. } | Entity::Pod { namespace, pod } => {
            Some((namespace.clone(), pod.clone()))
        }
        Entity::Node { .. } | Entity::Claim { .. } => None,
    }
}

fn is_well(report: &CollectReport) -> bool {
    report.sources.iter().all(|source| source.state == SourceState::Ok)
}

#[test]
#[ignore = "needs Debian's prometheus: scripts/test-prometheus"]
fn ticks_from_a_real_prometheus_are_those_of_the_replay() {
    let laboratory = Laboratory::start();
    let mut collector = laboratory.collector();
    let (mut ours_known, mut theirs_known) = (Vec::new(), Vec::new());
    let mut pods = BTreeSet::new();
    let (mut equal, mut polls) = (0, Duration::ZERO);
    let interval = laboratory.recording.scrape_interval();
    // The first scrapes lie before what the collector asks for at its start.
    let begin = laboratory.recording.started_at() + interval + interval;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut ticks = 0;
    for (tick, batch) in laboratory.recording.replay(ReplayOptions::default()).take(TICKS) {
        for change in batch.objects.iter().filter(|change| is_read_from_the_api(change)) {
            if let Object::Pod(pod) = &change.object {
                pods.insert((pod.namespace.clone(), pod.name.clone()));
            }
            collector.observe(Observation::Object(change.clone()));
        }
        let begun = Instant::now();
        let (ours, report) = runtime.block_on(collector.batch(tick));
        polls += begun.elapsed();
        ticks += 1;
        assert!(is_well(&report), "{tick}: {:?}", report.sources);
        let mut ours = named(&ours, &mut ours_known);
        let mut theirs = named(&batch, &mut theirs_known);
        ours.retain(|(at, ..), _| *at > begin);
        theirs.retain(|(at, entity, _), _| {
            *at > begin && pod_of(entity).is_none_or(|pod| pods.contains(&pod))
        });
        for (key, value) in &theirs {
            assert!(ours.contains_key(key), "{tick}: {key:?} is missing");
            let found = ours[key];
            assert!((found - value).abs() <= 1e-12 * value.abs(), "{key:?} {found} {value}");
        }
        assert_eq!(ours.len(), theirs.len(), "{tick}");
        equal += theirs.len();
    }
    assert!(equal > 100_000, "{equal}");
    println!("{equal} samples equal; {:?} a tick", polls / ticks);
}

#[test]
#[ignore = "needs Debian's prometheus: scripts/test-prometheus"]
fn back_fill_gives_the_ticks_that_were_missed() {
    let laboratory = Laboratory::start();
    let recording = &laboratory.recording;
    let minutes = |n: i64| PlatformDuration::from_seconds(60 * n);
    let now = recording.ended_at().round_up(recording.scrape_interval()) - minutes(2);
    let from = now - minutes(15);
    let mut collector = laboratory.collector();
    let mut last: BTreeMap<(String, String), ObjectChange> = BTreeMap::new();
    let mut theirs = BTreeMap::new();
    let mut known = Vec::new();
    for (tick, batch) in recording.replay(ReplayOptions::default()) {
        if tick > now {
            break;
        }
        for change in &batch.objects {
            if let Object::Pod(pod) = &change.object {
                let key = (pod.namespace.clone(), pod.name.clone());
                last.insert(key, change.clone());
            }
        }
        let found = named(&batch, &mut known);
        if tick > from + minutes(1) {
            theirs.extend(found);
        }
    }
    last.retain(|_, change| change.change != ChangeKind::Deleted);
    for change in last.values().cloned() {
        let listed = ObjectChange { observed_at: now, change: ChangeKind::Listed, ..change };
        collector.observe(Observation::Object(listed));
    }
    let mut ours = BTreeMap::new();
    let (mut known, mut listed) = (Vec::new(), Vec::new());
    let begun = Instant::now();
    block_on(async {
        let mut backfill = collector.backfill(from, now);
        let ticks = backfill.left();
        let mut seen = 0;
        while let Some((tick, batch, report)) = backfill.next().await {
            assert!(is_well(&report), "{tick}: {:?}", report.sources);
            ours.extend(named(&batch, &mut known));
            listed.extend(batch.objects.iter().map(|change| change.observed_at));
            seen += 1;
        }
        assert_eq!(seen, ticks);
    });
    println!("{} ticks' samples, {} in {:?}", theirs.len(), ours.len(), begun.elapsed());
    let pods = listed.len();
    assert!(pods >= last.len(), "every pod is placed: {pods} of {}", last.len());
    assert!(listed.iter().any(|at| *at > from), "some pods are younger than the window");
    let of_listed = |entity: &Entity| pod_of(entity).is_none_or(|pod| last.contains_key(&pod));
    theirs.retain(|(_, entity, _), _| of_listed(entity));
    let missing = theirs.keys().filter(|key| !ours.contains_key(*key)).count();
    assert!(missing * 1_000 < theirs.len(), "{missing} of {} are missing", theirs.len());
    // The live ticks go on where the back-fill ended.
    let next = now + recording.scrape_interval();
    let (batch, report) = block_on(collector.batch(next));
    assert!(!batch.samples.is_empty() && is_well(&report), "{:?}", report.sources);
}

#[test]
#[ignore = "needs Debian's prometheus-node-exporter: scripts/test-prometheus"]
fn a_real_node_exporter_is_scraped_as_an_annotated_pod() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let child = Command::new("prometheus-node-exporter")
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .stderr(Stdio::null())
        .spawn()
        .expect("it is not installed: apt-get install prometheus-node-exporter");
    let _running = Running(child);
    let interval = PlatformDuration::from_seconds(5);
    let others = WebClient::new(&WebSettings::default()).unwrap();
    let scraping = ScrapeSettings {
        scraping: Scraping::default(),
        kubelets: None,
        kubelet_scheme: "https".to_owned(),
        others,
    };
    let limits = SeriesLimits::default();
    let settings =
        CollectorSettings { interval, prometheus: None, scraping: Some(scraping), limits };
    let mut collector = Collector::new(&settings).unwrap();
    let start = Timestamp::from_millis(1_800_000_000_000);
    let exporter = PodObject { node: Some("node-7".to_owned()), ..pod("exporter", start) };
    collector.observe(change(exporter, ChangeKind::Listed, start));
    collector.observe(Observation::Scrape(ScrapeTarget {
        change: ChangeKind::Listed,
        namespace: "shop".to_owned(),
        pod: "exporter".to_owned(),
        uid: "u".to_owned(),
        app: Some("node-exporter".to_owned()),
        address: Some([127, 0, 0, 1].into()),
        ports: vec![port],
        path: "/metrics".to_owned(),
        https: false,
    }));
    let mut found = BTreeMap::new();
    let mut known = Vec::new();
    let mut last = CollectReport::default();
    block_on(async {
        for number in 1..10 {
            let at = start + PlatformDuration::from_seconds(5 * number);
            let (batch, report) = collector.batch(at).await;
            found.extend(named(&batch, &mut known));
            last = report;
            tokio::time::sleep(Duration::from_millis(400)).await;
        }
    });
    assert!(is_well(&last) && last.sources.len() == 1, "{:?}", last.sources);
    let node = Entity::Node { node: "node-7".to_owned() };
    let given: BTreeSet<Quantity> =
        found.keys().filter(|(_, entity, _)| *entity == node).map(|key| key.2).collect();
    for quantity in [
        Quantity::NodeMemoryAvailable,
        Quantity::NodeMemoryTotal,
        Quantity::NodeCpuTotal,
        Quantity::NodeCpuIdle,
        Quantity::NodeLoad,
        Quantity::NodeBoot,
        Quantity::NodeFileDescriptors,
        Quantity::NodeOomKills,
    ] {
        assert!(given.contains(&quantity), "no {quantity:?} in {given:?}");
    }
}
