//! First passage on hand-made pods: what is said, and when nothing is.

use foresail_core::{
    Batch, ChangeKind, ContainerSpec, Entity, EntityId, FailureKind, Object, ObjectChange,
    PlatformDuration, PodObject, Prediction, Quantity, Resources, Sample, TimeScale, Timestamp,
    Verdict,
};
use foresail_engine::first_passage::{FirstPassageSettings, predict};
use foresail_engine::{Settings, State};

use crate::pods::bare_pod;

const MIB: f64 = 1_048_576.0;
const START: i64 = 1_800_000_000_000;

fn at(minute: f64) -> Timestamp {
    Timestamp::from_millis(START + (minute * 60_000.0) as i64)
}

fn state() -> State {
    State::new(Settings {
        cluster: "test".into(),
        time_scale: TimeScale::ONE,
        scrape_interval: PlatformDuration::from_seconds(30),
    })
}

fn pod(memory_limit: Option<f64>) -> PodObject {
    PodObject {
        uid: "u1".into(),
        node: Some("n1".into()),
        created_at: Some(at(0.0)),
        spec: vec![ContainerSpec {
            name: "app".into(),
            image: None,
            resources: Resources { memory_limit, ..Resources::default() },
            liveness: None,
            readiness: None,
            startup: None,
        }],
        ..bare_pod("cart-0")
    }
}

/// A batch that shows the pod and its memory over `minutes`, every 30 s.
fn history(memory_limit: Option<f64>, minutes: i32, memory: impl Fn(f64) -> f64) -> Batch {
    let entity = Entity::Container {
        namespace: "shop".into(),
        pod: "cart-0".into(),
        container: "app".into(),
    };
    let samples = (0..=minutes * 2).map(|step| {
        let minute = f64::from(step) / 2.0;
        Sample {
            at: at(minute),
            entity: EntityId::new(0),
            quantity: Quantity::MemoryWorkingSet,
            value: memory(minute),
        }
    });
    Batch {
        entities: vec![(EntityId::new(0), entity)],
        samples: samples.collect(),
        objects: vec![ObjectChange {
            observed_at: at(0.0),
            change: ChangeKind::Added,
            object: Object::Pod(Box::new(pod(memory_limit))),
        }],
        until: at(f64::from(minutes) + 1.0),
        ..Batch::default()
    }
}

fn said(batch: &Batch) -> Vec<Prediction> {
    let mut state = state();
    state.observe(batch);
    predict(&state, batch.until, &FirstPassageSettings::default())
}

#[test]
fn a_leak_is_announced_with_its_limit_slope_and_time() {
    let batch = history(Some(256.0 * MIB), 60, |minute| (100.0 + 2.0 * minute) * MIB);
    let predictions = said(&batch);
    let [leak] = predictions.as_slice() else { panic!("{predictions:?}") };
    assert_eq!(leak.kind, FailureKind::OomKilled);
    let basis = leak.basis.as_ref().unwrap();
    assert!((basis.slope_per_second * 60.0 / MIB - 2.0).abs() < 0.05, "{basis:?}");
    assert_eq!(basis.limit, 256.0 * MIB);
    let p50 = leak.time_to_event().unwrap().p50.as_seconds() / 60.0;
    assert!((p50 - 18.0).abs() < 2.0, "{p50}");
    assert!(leak.probability().unwrap().get() > 0.5);
    assert!(leak.sentence.contains("218 MiB of 256 MiB"), "{}", leak.sentence);
}

#[test]
fn a_pod_without_a_limit_gets_no_guess_but_a_reason() {
    let predictions = said(&history(None, 60, |minute| (100.0 + 2.0 * minute) * MIB));
    let [blind] = predictions.as_slice() else { panic!("{predictions:?}") };
    assert!(
        matches!(&blind.verdict, Verdict::NotEnoughData { missing } if missing.contains("known limit"))
    );
    assert_eq!(blind.score, 0.0);
}

#[test]
fn a_workload_seen_for_two_minutes_gets_no_guess() {
    let predictions = said(&history(Some(256.0 * MIB), 2, |minute| (100.0 + 40.0 * minute) * MIB));
    let [blind] = predictions.as_slice() else { panic!("{predictions:?}") };
    assert!(
        matches!(&blind.verdict, Verdict::NotEnoughData { missing } if missing.contains("5 min"))
    );
}

#[test]
fn samples_that_stopped_are_no_longer_judged() {
    let mut batch = history(Some(256.0 * MIB), 60, |minute| (100.0 + 2.0 * minute) * MIB);
    batch.until = at(75.0);
    let predictions = said(&batch);
    assert!(
        matches!(&predictions[0].verdict, Verdict::NotEnoughData { missing } if missing.contains("fresh"))
    );
}

#[test]
fn a_resize_moves_the_limit_and_starts_the_history_anew() {
    let mut batch = history(Some(256.0 * MIB), 60, |minute| (100.0 + 2.0 * minute) * MIB);
    let mut resized = batch.objects[0].clone();
    resized.observed_at = at(58.0);
    resized.change = ChangeKind::Modified;
    let mut bigger = pod(Some(2048.0 * MIB));
    bigger.containers = vec![running()];
    let mut first = pod(Some(256.0 * MIB));
    first.containers = vec![running()];
    batch.objects[0].object = Object::Pod(Box::new(first));
    resized.object = Object::Pod(Box::new(bigger));
    batch.objects.push(resized);
    let predictions = said(&batch);
    assert!(predictions.iter().all(|prediction| prediction.score < 0.1), "{predictions:?}");
}

fn running() -> foresail_core::ContainerStatus {
    foresail_core::ContainerStatus {
        name: "app".into(),
        init: false,
        ready: true,
        restarts: 0,
        started: Some(true),
        image: "cart:1".into(),
        state: Some(foresail_core::ContainerState::Running { started_at: Some(at(0.0)) }),
        last_state: None,
        container_id: Some("c1".into()),
    }
}

#[test]
fn a_pod_keeps_within_sixteen_kibibytes() {
    let mut state = state();
    let mut batch = history(Some(256.0 * MIB), 300, |minute| (100.0 + minute / 10.0) * MIB);
    let container = Quantity::ALL
        .iter()
        .filter(|quantity| matches!(quantity.scope(), foresail_core::QuantityScope::Container));
    let steps = batch.samples.clone();
    batch.samples = steps
        .iter()
        .flat_map(|sample| {
            container.clone().map(|quantity| Sample { quantity: *quantity, ..*sample })
        })
        .collect();
    state.observe(&batch);
    let (bytes, pods) = state.series().pod_bytes();
    assert_eq!(pods, 1);
    assert!(bytes <= 16 * 1024, "{bytes} bytes a pod");
}

#[test]
fn replicas_that_run_the_same_way_are_counted_as_evidence() {
    let leak = |minute: f64| (100.0 + 2.0 * minute) * MIB;
    let mut batch = history(Some(256.0 * MIB), 60, leak);
    let second = Entity::Container {
        namespace: "shop".into(),
        pod: "cart-1".into(),
        container: "app".into(),
    };
    batch.entities.push((EntityId::new(1), second));
    let twins = batch
        .samples
        .iter()
        .flat_map(|sample| [*sample, Sample { entity: EntityId::new(1), ..*sample }]);
    batch.samples = twins.collect();
    let owner = foresail_core::OwnerRef {
        kind: foresail_core::WorkloadKind::StatefulSet,
        name: "cart".into(),
        uid: None,
    };
    batch.objects = ["cart-0", "cart-1"]
        .map(|name| {
            let mut pod = pod(Some(256.0 * MIB));
            (pod.name, pod.uid, pod.owner) = (name.into(), name.into(), Some(owner.clone()));
            ObjectChange {
                observed_at: at(0.0),
                change: ChangeKind::Added,
                object: Object::Pod(Box::new(pod)),
            }
        })
        .to_vec();
    let predictions = said(&batch);
    let [leak] = predictions.as_slice() else { panic!("{predictions:?}") };
    assert!(leak.evidence.contains(&"2 pods of the workload run the same way".to_owned()));
}

#[test]
fn a_volume_is_watched_for_twelve_hours() {
    let entity = Entity::Claim { namespace: "shop".into(), claim: "data".into() };
    let steps = (0..=240).flat_map(|step| {
        let minute = f64::from(step) / 2.0;
        let sample =
            |quantity, value| Sample { at: at(minute), entity: EntityId::new(0), quantity, value };
        [
            sample(Quantity::ClaimUsed, (500.0 + 2.0 * minute) * MIB),
            sample(Quantity::ClaimCapacity, 1_000.0 * MIB),
        ]
    });
    let batch = Batch {
        entities: vec![(EntityId::new(0), entity)],
        samples: steps.collect(),
        until: at(121.0),
        ..Batch::default()
    };
    let predictions = said(&batch);
    let [full] = predictions.as_slice() else { panic!("{predictions:?}") };
    assert_eq!(full.kind, FailureKind::VolumeFull);
    assert_eq!(full.horizon, PlatformDuration::from_seconds(12 * 3_600));
    let p50 = full.time_to_event().unwrap().p50.as_seconds() / 60.0;
    assert!((p50 - 130.0).abs() < 5.0, "{p50}");
}
