use std::path::Path;
use std::sync::Arc;

use foresail_core::{Object, PlatformDuration};

use super::*;
use crate::recording::{SideSeries, read_samples, read_volumes, sample_files, sole_containers};
use crate::report::ReadReport;
use crate::{OpenOptions, Recording, ReplayOptions};

/// Between a scrape and its samples being visible, besides the interval.
const DELAY: PlatformDuration = PlatformDuration::from_seconds(2);

struct OneSeries {
    family: String,
    labels: BTreeMap<String, String>,
    points: Vec<(Timestamp, f64)>,
    next: usize,
}

/// The series of a recording that anything reads, with all their labels.
fn raw_series(dir: &Path, recording: &Recording) -> Vec<OneSeries> {
    let resolver = Arc::new(Resolver::new(sole_containers(&recording.objects)));
    let groups = read_samples(&sample_files(dir).unwrap(), &resolver).unwrap();
    let mut all: BTreeMap<String, OneSeries> = BTreeMap::new();
    for series in groups.into_iter().flat_map(|group| group.series) {
        let family = series.identity.split('\u{1f}').next().unwrap().to_owned();
        let Labels { job, namespace, pod, container, rest } = series.labels;
        let mut labels: BTreeMap<String, String> = rest.into_iter().collect();
        let columns =
            [("job", job), ("namespace", namespace), ("pod", pod), ("container", container)];
        labels.extend(columns.map(|(name, value)| (name.to_owned(), value)));
        labels.insert("prometheus_replica".to_owned(), "a".to_owned());
        let points = series.times.into_iter().map(Timestamp::from_millis).zip(series.values);
        let empty = OneSeries { family, labels, points: Vec::new(), next: 0 };
        all.entry(series.identity).or_insert(empty).points.extend(points);
    }
    let mut all: Vec<OneSeries> = all.into_values().collect();
    all.iter_mut().for_each(|series| series.points.sort_by_key(|point| point.0));
    all
}

fn feed(assembler: &mut Assembler, series: &mut [OneSeries], latest: Timestamp) {
    let mut staged = Staged::default();
    for one in series {
        let rest = &one.points[one.next..];
        let n = rest.partition_point(|(at, _)| *at <= latest);
        one.next += n;
        if n > 0 {
            let points = rest[..n].iter().copied();
            assembler.stage((&one.family, &one.labels), points, &mut staged);
        }
    }
    assembler.accept(staged, latest);
}

fn feed_side(
    assembler: &mut Assembler,
    side: &mut [SideSeries],
    (recording, latest): (&Recording, Timestamp),
) {
    for one in side {
        let until = one.points.partition_point(|(at, _)| recording.span.time(*at) <= latest);
        for (at, value) in one.points.drain(..until) {
            let stream = (one.stream.entity.clone(), one.stream.quantity);
            assembler.observe_side(stream, recording.span.time(at), value);
        }
    }
}

fn is_inventory(object: &Object) -> bool {
    match object {
        Object::Pod(_) | Object::Workload(_) | Object::Node(_) => false,
        Object::Service(_)
        | Object::ConfigMap(_)
        | Object::Claim(_)
        | Object::Quota(_)
        | Object::DisruptionBudget(_) => true,
    }
}

/// The pod of an entity.
fn pod_of(entity: &Entity) -> Option<(&str, &str)> {
    match entity {
        Entity::Container { namespace, pod, .. } | Entity::Pod { namespace, pod } => {
            Some((namespace, pod))
        }
        Entity::Node { .. } | Entity::Claim { .. } => None,
    }
}

/// Samples by entity; `known` takes the entities of the batch in.
fn by_entity(
    (entities, samples): (&[(EntityId, Entity)], &[Sample]),
    known: &mut Vec<Entity>,
) -> Vec<(Timestamp, Entity, Quantity, f64)> {
    for (id, entity) in entities {
        assert_eq!(id.index(), known.len(), "ids are consecutive");
        known.push(entity.clone());
    }
    let entity = |id: EntityId| known[id.index()].clone();
    let named = |one: &Sample| (one.at, entity(one.entity), one.quantity, one.value);
    let mut samples: Vec<_> = samples.iter().map(named).collect();
    samples.sort_by(|a, b| (a.0, &a.1, a.2).cmp(&(b.0, &b.1, b.2)));
    samples
}

/// Every batch of the replay against what the assembler gives for the same tick. Samples of pods
/// that no object shows are left out of the replay's.
fn compare(name: &str, ticks: usize) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data").join(name);
    let recording = Recording::open(&dir, &OpenOptions::default()).unwrap();
    let mut series = raw_series(&dir, &recording);
    let volumes = dir.join("volumes.parquet");
    let mut side = read_volumes(&volumes, &recording.span, &mut ReadReport::default()).unwrap();
    let interval = recording.scrape_interval();
    let mut assembler = Assembler::new(interval, SeriesLimits::default());
    let (mut ours_known, mut theirs_known) = (Vec::new(), Vec::new());
    let mut pods = BTreeSet::new();
    let (mut samples, mut calls, mut objects) = (0, 0, 0);
    for (tick, batch) in recording.replay(ReplayOptions::default()).take(ticks) {
        let latest = tick - interval - DELAY;
        for change in batch.objects.iter().filter(|change| !is_inventory(&change.object)) {
            assembler.observe_object(change);
            if let Object::Pod(pod) = &change.object {
                pods.insert((pod.namespace.clone(), pod.name.clone()));
            }
        }
        feed(&mut assembler, &mut series, latest);
        feed_side(&mut assembler, &mut side, (&recording, latest));
        let drained = assembler.drain(latest);
        let ours = by_entity((&drained.entities, &drained.samples), &mut ours_known);
        let mut theirs = by_entity((&batch.entities, &batch.samples), &mut theirs_known);
        theirs.retain(|(_, entity, ..)| {
            let pod = pod_of(entity).map(|(a, b)| (a.to_owned(), b.to_owned()));
            pod.is_none_or(|pod| pods.contains(&pod))
        });
        assert_eq!(ours.len(), theirs.len(), "{name} at {tick}");
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!((ours.0, &ours.1, ours.2), (theirs.0, &theirs.1, theirs.2), "{tick}");
            // Sums of many series are added in another order.
            assert!((ours.3 - theirs.3).abs() <= 1e-12 * theirs.3.abs(), "{ours:?} {theirs:?}");
        }
        assert_eq!(drained.calls, batch.calls, "{name} at {tick}");
        let theirs = batch.objects.iter().map(|change| &change.object);
        let theirs: Vec<&Object> = theirs.filter(|object| is_inventory(object)).collect();
        let ours: Vec<&Object> = drained.inventory.iter().map(|(.., object)| object).collect();
        assert_eq!(ours, theirs, "{name} at {tick}");
        samples += drained.samples.len();
        calls += drained.calls.len();
        objects += ours.len();
    }
    assert!(samples > 10_000 && calls > 0 && objects > 0, "{samples} {calls} {objects}");
}

#[test]
fn a_recording_gives_the_same_tick_by_tick_as_when_it_is_read_whole() {
    compare("lab-1", usize::MAX);
}

#[test]
fn so_does_the_beginning_of_another_one() {
    compare("lab-3", 120);
}

const SCRAPE: i64 = 15_000;

fn at(scrape: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + scrape * SCRAPE)
}

fn assembler() -> Assembler {
    let interval = PlatformDuration::from_millis(SCRAPE);
    Assembler::new(interval, SeriesLimits { per_family: 1_000, total: 10_000 })
}

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A memory series of a container of `shop`.
fn memory(pod: &str) -> BTreeMap<String, String> {
    labels(&[("namespace", "shop"), ("pod", pod), ("container", "app"), ("id", "/a")])
}

const MEMORY: &str = "container_memory_working_set_bytes";

fn give(
    assembler: &mut Assembler,
    (family, labels): (&str, &BTreeMap<String, String>),
    points: &[(i64, f64)],
) -> Drained {
    let mut staged = Staged::default();
    let points = points.iter().map(|(scrape, value)| (at(*scrape), *value));
    let latest = points.clone().map(|(at, _)| at).max().unwrap();
    assembler.stage((family, labels), points, &mut staged);
    assembler.accept(staged, latest);
    assembler.drain(latest)
}

fn pod_change(pod: PodObject, change: ChangeKind, scrape: i64) -> ObjectChange {
    ObjectChange { observed_at: at(scrape), change, object: Object::Pod(Box::new(pod)) }
}

fn values(drained: &Drained) -> Vec<(i64, usize, f64)> {
    let scrape = |one: &Sample| one.at.since(at(0)).as_millis() / SCRAPE;
    drained.samples.iter().map(|one| (scrape(one), one.entity.index(), one.value)).collect()
}

#[test]
fn points_that_come_twice_or_are_no_numbers_count_once_or_not() {
    let mut assembler = assembler();
    assembler.observe_object(&pod_change(test_pod("shop", "a"), ChangeKind::Added, 0));
    let series = (MEMORY, &memory("a"));
    let drained = give(&mut assembler, series, &[(1, 5.0), (1, 6.0), (2, f64::NAN), (3, 7.0)]);
    assert_eq!(values(&drained), [(1, 0, 5.0), (3, 0, 7.0)]);
    assert_eq!(drained.losses.not_finite, 1);
    let drained = give(&mut assembler, series, &[(1, 5.0), (3, 7.0), (4, 8.0)]);
    assert_eq!(values(&drained), [(4, 0, 8.0)]);
}

#[test]
fn of_two_stores_copies_one_counts_until_it_ceases() {
    let mut assembler = assembler();
    assembler.observe_object(&pod_change(test_pod("shop", "a"), ChangeKind::Added, 0));
    let copy = |name: &str| {
        let mut labels = memory("a");
        labels.insert("prometheus_replica".to_owned(), name.to_owned());
        labels
    };
    for scrape in 1..4 {
        let first = give(&mut assembler, (MEMORY, &copy("one")), &[(scrape, 1.0)]);
        let second = give(&mut assembler, (MEMORY, &copy("two")), &[(scrape, 2.0)]);
        assert_eq!(values(&first), [(scrape, 0, 1.0)]);
        assert!(second.samples.is_empty());
    }
    let later = give(&mut assembler, (MEMORY, &copy("two")), &[(6, 2.0), (7, 2.0), (8, 2.0)]);
    assert_eq!(values(&later), [(7, 0, 2.0), (8, 0, 2.0)]);
}

#[test]
fn a_name_that_returns_keeps_its_samples_and_gets_a_new_id_once_it_was_forgotten() {
    let mut assembler = assembler();
    let (pod, series) = (test_pod("shop", "db-0"), memory("db-0"));
    assembler.observe_object(&pod_change(pod.clone(), ChangeKind::Added, 0));
    assert_eq!(values(&give(&mut assembler, (MEMORY, &series), &[(1, 1.0)])), [(1, 0, 1.0)]);
    // It returns at once, as the next pod of a StatefulSet does.
    assembler.observe_object(&pod_change(pod.clone(), ChangeKind::Deleted, 2));
    let next = PodObject { uid: "second".to_owned(), ..pod.clone() };
    assembler.observe_object(&pod_change(next.clone(), ChangeKind::Added, 3));
    assert_eq!(values(&give(&mut assembler, (MEMORY, &series), &[(4, 2.0)])), [(4, 0, 2.0)]);
    // A deletion of the first one that is told late changes nothing.
    assembler.observe_object(&pod_change(pod, ChangeKind::Deleted, 5));
    assembler.drain(at(60));
    assert_eq!(assembler.held().entities, 1);
    // Gone for minutes, then back.
    assembler.observe_object(&pod_change(next.clone(), ChangeKind::Deleted, 61));
    assembler.drain(at(120));
    assert_eq!(assembler.held(), Held::default());
    let third = PodObject { uid: "third".to_owned(), ..next };
    assembler.observe_object(&pod_change(third, ChangeKind::Added, 121));
    let drained = give(&mut assembler, (MEMORY, &series), &[(122, 3.0)]);
    assert_eq!(drained.entities[0].0, EntityId::new(1));
    assert_eq!(values(&drained), [(122, 1, 3.0)]);
}

#[test]
fn pods_that_come_and_go_leave_nothing_behind() {
    let mut assembler = assembler();
    for n in 0..400 {
        let name = format!("job-{n}");
        assembler.observe_object(&pod_change(test_pod("shop", &name), ChangeKind::Added, 10 * n));
        give(&mut assembler, (MEMORY, &memory(&name)), &[(10 * n + 1, 1.0)]);
        assembler.observe_object(&pod_change(
            test_pod("shop", &name),
            ChangeKind::Deleted,
            10 * n + 2,
        ));
        // Whose pod nobody knows is followed for a while only.
        give(&mut assembler, (MEMORY, &memory(&format!("ghost-{n}"))), &[(10 * n + 1, 1.0)]);
    }
    let held = assembler.held();
    assert!(held.entities < 40 && held.series < 40 && held.streams < 40, "{held:?}");
}

#[test]
fn after_a_restart_known_entities_keep_their_ids() {
    let mut assembler = assembler();
    let known = Entity::Container {
        namespace: "shop".to_owned(),
        pod: "a".to_owned(),
        container: "app".to_owned(),
    };
    assembler.resume([(EntityId::new(7), known)], EntityId::new(12));
    for name in ["a", "b"] {
        assembler.observe_object(&pod_change(test_pod("shop", name), ChangeKind::Listed, 0));
    }
    assert_eq!(values(&give(&mut assembler, (MEMORY, &memory("a")), &[(1, 1.0)])), [(1, 7, 1.0)]);
    let drained = give(&mut assembler, (MEMORY, &memory("b")), &[(1, 2.0)]);
    assert_eq!(drained.entities[0].0, EntityId::new(12));
}

#[test]
fn a_series_that_names_only_the_pod_follows_its_only_container() {
    let mut assembler = assembler();
    let series = labels(&[("namespace", "shop"), ("pod", "a"), ("job", "shop/a")]);
    let none = give(&mut assembler, ("go_goroutines", &series), &[(1, 3.0)]);
    assert!(none.samples.is_empty());
    let container = foresail_core::ContainerStatus {
        name: "app".to_owned(),
        init: false,
        ready: true,
        restarts: 0,
        started: None,
        image: String::new(),
        state: None,
        last_state: None,
        container_id: None,
    };
    let pod = PodObject { containers: vec![container.clone()], ..test_pod("shop", "a") };
    assembler.observe_object(&pod_change(pod.clone(), ChangeKind::Added, 2));
    let drained = give(&mut assembler, ("go_goroutines", &series), &[(3, 4.0)]);
    assert_eq!(values(&drained), [(3, 0, 4.0)]);
    let second = foresail_core::ContainerStatus { name: "side".to_owned(), ..container.clone() };
    let pod = PodObject { containers: vec![container, second], ..pod };
    assembler.observe_object(&pod_change(pod, ChangeKind::Modified, 4));
    let drained = give(&mut assembler, ("go_goroutines", &series), &[(5, 4.0)]);
    assert!(drained.samples.is_empty(), "nobody knows whose it is");
}

#[test]
fn series_over_the_limit_are_left_out_and_told() {
    let mut assembler = assembler();
    let mut staged = Staged::default();
    for n in 0..1_500 {
        assembler.stage((MEMORY, &memory(&format!("p{n}"))), [(at(1), 1.0)], &mut staged);
    }
    assembler.accept(staged, at(1));
    let drained = assembler.drain(at(1));
    assert_eq!(drained.losses.series_left_out[MEMORY], 500);
    assert_eq!(assembler.held().series, 1_000);
}

/// Resident memory of the process in MiB.
fn resident() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: f64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4_096.0 / f64::from(1 << 20)
}

/// Series of `lab-3` under the names of `pods` pods, as a metrics server answers them.
fn fan_out(pods: usize) -> (Vec<(String, String)>, Vec<Arc<str>>) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/lab-3");
    let recording = Recording::open(&dir, &OpenOptions::default()).unwrap();
    let series = raw_series(&dir, &recording);
    let of_pods = series.iter().filter(|one| !one.labels["pod"].is_empty());
    let names: BTreeSet<&str> = of_pods.clone().map(|one| one.labels["pod"].as_str()).collect();
    let (mut all, mut metrics) = (BTreeSet::new(), Vec::new());
    for copy in 0..pods.div_ceil(names.len()) {
        for one in of_pods.clone() {
            let mut labels = one.labels.clone();
            labels.insert("__name__".to_owned(), one.family.clone());
            for name in ["pod", "instance", "id"] {
                if let Some(value) = labels.get_mut(name) {
                    value.push_str(&format!("-{copy}"));
                }
            }
            labels.retain(|_, value| !value.is_empty());
            all.insert((one.labels["namespace"].clone(), labels["pod"].clone()));
            metrics.push(Arc::from(serde_json::to_string(&labels).unwrap()));
        }
    }
    (all.into_iter().collect(), metrics)
}

#[test]
#[ignore = "measures: run alone, in release"]
fn cost_of_a_thousand_pods() {
    use tokio::time::Instant;
    let (pods, metrics) = fan_out(1_000);
    let interval = PlatformDuration::from_seconds(15);
    let before = resident();
    let mut assembler = Assembler::new(interval, SeriesLimits::default());
    for (namespace, name) in &pods {
        assembler.entities.pod_exists(&test_pod(namespace, name));
    }
    for tick in 1..=40_i64 {
        let at = |n: i64| Timestamp::from_millis((tick + n) * 15_000);
        let (mut parse, mut stage) = (std::time::Duration::ZERO, std::time::Duration::ZERO);
        let mut staged = Staged::default();
        for (n, metric) in metrics.iter().enumerate() {
            let values = [at(-1), at(0)]
                .map(|at| format!("[{},\"{}\"]", at.as_epoch_seconds(), tick as usize * 3 + n));
            let text = format!("{{\"metric\":{metric},\"values\":[{}]}}", values.join(","));
            let begun = Instant::now();
            let series = crate::prometheus::answer::series(text.as_bytes()).unwrap().unwrap();
            parse += begun.elapsed();
            let begun = Instant::now();
            let family = &series.labels["__name__"];
            assembler.stage((family, &series.labels), series.points.iter().copied(), &mut staged);
            stage += begun.elapsed();
        }
        let begun = Instant::now();
        assembler.accept(staged, at(0));
        let drained = assembler.drain(at(0));
        let rest = begun.elapsed();
        if tick % 13 == 1 {
            let (held, mib) = (assembler.held(), resident() - before);
            println!(
                "{} pods, {} points: parse {parse:?}, stage {stage:?}, accept and drain {rest:?}, {} samples, {mib:.1} MiB, {held:?}",
                pods.len(),
                2 * metrics.len(),
                drained.samples.len()
            );
        }
    }
}

fn test_pod(namespace: &str, name: &str) -> PodObject {
    PodObject {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        uid: "u".to_owned(),
        owner: None,
        phase: foresail_core::PodPhase::Running,
        reason: None,
        message: None,
        node: None,
        created_at: None,
        deletion_requested_at: None,
        grace: None,
        conditions: Vec::new(),
        containers: Vec::new(),
        spec: Vec::new(),
        volumes: Vec::new(),
        references: Vec::new(),
        node_selector: BTreeMap::new(),
    }
}
