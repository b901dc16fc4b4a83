//! A small synthetic recording: three leaks at different speeds beside a steady neighbour.

use std::collections::BTreeMap;

use foresail_core::{
    Batch, ChangeKind, Condition, ConditionStatus, ContainerSpec, ContainerState, ContainerStatus,
    Entity, EntityId, Object, ObjectChange, OwnerRef, PlatformDuration, PodObject, PodPhase,
    Quantity, Resources, Sample, TimeScale, Timestamp, WorkloadKind,
};
use foresail_engine::Settings;

/// Wall time between two ticks before stretching.
const STEP_SECONDS: i64 = 5;
/// Ticks of the recording: 40 min of wall time, 400 min of fault time.
pub const TICKS: i64 = 480;
/// Memory limit of every container.
const LIMIT: f64 = 512.0 * 1024.0 * 1024.0;

/// How a recording is made.
#[derive(Clone, Copy)]
pub struct Shape {
    /// Fault time over wall time.
    pub scale: f64,
    /// Every time stamp times this.
    pub stretch: i64,
}

pub const LABORATORY: Shape = Shape { scale: 10.0, stretch: 1 };
pub const STRETCHED: Shape = Shape { scale: 1.0, stretch: 10 };

/// Pods: name, the tick at which the leak begins, and share of the limit gained per tick.
const PODS: [(&str, i64, f64); 4] =
    [("cart", 120, 0.0022), ("search", 160, 0.0015), ("store", 200, 0.0011), ("calm", 0, 0.0)];

pub fn settings(shape: Shape) -> Settings {
    Settings {
        cluster: "synthetic".to_owned(),
        time_scale: TimeScale::try_from(shape.scale).unwrap(),
        scrape_interval: PlatformDuration::from_seconds(STEP_SECONDS * shape.stretch),
    }
}

/// When tick `number` is.
pub fn tick(shape: Shape, number: i64) -> Timestamp {
    // An hour after a multiple of every step, so that ticks stay multiples when stretched.
    Timestamp::from_millis((1_800_000_000 + number * STEP_SECONDS * shape.stretch) * 1_000)
}

/// Every batch with its tick.
pub fn batches(shape: Shape) -> Vec<(Timestamp, Batch)> {
    (0..TICKS).map(|number| (tick(shape, number), batch(shape, number))).collect()
}

fn batch(shape: Shape, number: i64) -> Batch {
    let at = tick(shape, number);
    let mut batch = Batch { until: at, ..Batch::default() };
    if number == 0 {
        for (index, (name, ..)) in PODS.iter().enumerate() {
            batch.entities.push((EntityId::new(index as u32), container(name)));
            batch.objects.push(pod(name, at));
        }
    }
    // A sample is visible one scrape interval and two seconds after its time.
    let seen = number - 2;
    if seen < 0 {
        return batch;
    }
    for (index, (_, from, speed)) in PODS.iter().enumerate() {
        let entity = EntityId::new(index as u32);
        let wobble = ((seen * 7 + index as i64 * 3) % 11) as f64 * 0.0006;
        let share = 0.45 + wobble + (seen - from).max(0) as f64 * speed;
        let sample_at = tick(shape, seen);
        let sample = |quantity, value| Sample { at: sample_at, entity, quantity, value };
        batch.samples.push(sample(Quantity::MemoryLimit, LIMIT));
        batch.samples.push(sample(Quantity::MemoryWorkingSet, LIMIT * share.min(0.999)));
        batch.samples.push(sample(Quantity::FileDescriptorLimit, 1_024.0));
        let open = if index == 3 { 60.0 + (seen - 150).max(0) as f64 * 2.6 } else { 60.0 };
        batch.samples.push(sample(Quantity::FileDescriptors, open.min(1_020.0)));
    }
    batch
}

fn container(name: &str) -> Entity {
    Entity::Container {
        namespace: "shop".to_owned(),
        pod: format!("{name}-0"),
        container: "app".to_owned(),
    }
}

fn pod(name: &str, at: Timestamp) -> ObjectChange {
    let pod = PodObject {
        namespace: "shop".to_owned(),
        name: format!("{name}-0"),
        uid: format!("uid-{name}"),
        owner: Some(OwnerRef { kind: WorkloadKind::StatefulSet, name: name.to_owned(), uid: None }),
        phase: PodPhase::Running,
        reason: None,
        message: None,
        node: Some("node-a".to_owned()),
        created_at: Some(at - PlatformDuration::from_seconds(86_400)),
        deletion_requested_at: None,
        grace: None,
        conditions: vec![Condition {
            kind: "Ready".to_owned(),
            status: ConditionStatus::True,
            reason: None,
            message: None,
            last_transition: Some(at - PlatformDuration::from_seconds(86_000)),
        }],
        containers: vec![ContainerStatus {
            name: "app".to_owned(),
            init: false,
            ready: true,
            restarts: 0,
            started: Some(true),
            image: "shop:1".to_owned(),
            state: Some(ContainerState::Running { started_at: None }),
            last_state: None,
            container_id: Some(format!("containerd://{name}")),
        }],
        spec: vec![ContainerSpec {
            name: "app".to_owned(),
            image: Some("shop:1".to_owned()),
            resources: Resources { memory_limit: Some(LIMIT), ..Resources::default() },
            liveness: None,
            readiness: None,
            startup: None,
        }],
        volumes: Vec::new(),
        references: Vec::new(),
        node_selector: BTreeMap::new(),
    };
    ObjectChange { observed_at: at, change: ChangeKind::Listed, object: Object::Pod(Box::new(pod)) }
}
