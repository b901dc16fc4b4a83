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
