//! The data set of a hand-made recording: `cart` (a Deployment of two pods) loses a pod to an OOM kill at
//! minute 100 and recovers at minute 103; `calm` (a StatefulSet) never fails; both run on `node-a`.

use std::collections::BTreeMap;

use foresail_core::WorkloadId;
use foresail_core::store::{LabelSpan, Minute};
use foresail_core::{
    Batch, ChangeKind, Condition, ConditionStatus, ContainerSpec, ContainerState, ContainerStatus,
    Entity, EntityId, KubernetesEvent, LogLine, Object, ObjectChange, OwnerRef, PlatformDuration,
    PodObject, PodPhase, Quantity, Resources, Sample, TimeScale, Timestamp, WorkloadKind,
    WorkloadObject,
};
use foresail_engine::{Settings, State};
use foresail_evaluate::dataset::live::MinuteRows;
use foresail_evaluate::dataset::{self, Dataset, Source, feature_names, of_batches};
use foresail_learn::tabular::Values;

/// When `cart` fails and is well again, and when the recording ends, in production minutes.
const FAILS: f64 = 100.0;
const RECOVERS: f64 = 103.0;
const ENDS: f64 = 240.0;
const LIMIT: f64 = 512.0 * 1024.0 * 1024.0;

/// What varies between tests.
#[derive(Clone, Copy)]
struct Scene {
    scale: f64,
    /// Added to and multiplied with every sample.
    shift: (f64, f64),
    /// When the second pod of `cart` is deleted.
    deleted_at: Option<f64>,
    gap: Option<(f64, f64)>,
}

const SCENE: Scene = Scene { scale: 10.0, shift: (0.0, 1.0), deleted_at: None, gap: None };

// === impl Scene ===

impl Scene {
    fn at(self, minute: f64) -> Timestamp {
        let wall = minute * 60_000.0 / self.scale;
        Timestamp::from_millis(1_800_000_000_000 + wall.round() as i64)
    }

    fn source(self, name: &str) -> Source {
        Source {
            name: name.to_owned(),
            settings: Settings {
                cluster: "hand-made".to_owned(),
                time_scale: TimeScale::try_from(self.scale).unwrap(),
                scrape_interval: PlatformDuration::from_seconds(5),
            },
            started_at: self.at(0.0),
            gaps: self.gap.map(|(from, to)| (self.at(from), self.at(to))).into_iter().collect(),
        }
    }

    fn rows(self) -> Dataset {
        of_batches([(self.source("made"), self.batches().into_iter())])
    }

    /// One batch a scrape, with everything that became visible in it.
    fn batches(self) -> Vec<(Timestamp, Batch)> {
        let mut changes = self.changes();
        changes.sort_by_key(|change| change.observed_at);
        let mut batches = Vec::new();
        let mut tick = self.at(0.0);
        let mut before = tick - PlatformDuration::from_seconds(5);
        let entities = ENTITIES.iter().enumerate().map(|(id, of)| (EntityId::new(id as u32), of()));
        let mut entities: Vec<_> = entities.collect();
        while tick <= self.at(ENDS) {
            let is_new = |at: Timestamp| before < at && at <= tick;
            let of_scrape = tick - PlatformDuration::from_seconds(7);
            batches.push((
                tick,
                Batch {
                    entities: std::mem::take(&mut entities),
                    samples: self.samples(of_scrape),
                    objects: changes
                        .iter()
                        .filter(|one| is_new(one.observed_at))
                        .cloned()
                        .collect(),
                    events: self
                        .events()
                        .into_iter()
                        .filter(|one| is_new(one.observed_at))
                        .collect(),
                    logs: self
                        .logs()
                        .into_iter()
                        .filter(|line| is_new(line.at + PlatformDuration::from_seconds(2)))
                        .collect(),
                    until: tick,
                    ..Batch::default()
                },
            ));
            before = tick;
            tick = tick + PlatformDuration::from_seconds(5);
        }
        batches
    }

    fn changes(self) -> Vec<ObjectChange> {
        let seen =
            |minute, change, object| ObjectChange { observed_at: self.at(minute), change, object };
        let deployment = workload(WorkloadKind::Deployment, "cart", None);
        let owner = OwnerRef { kind: WorkloadKind::Deployment, name: "cart".to_owned(), uid: None };
        let set = workload(WorkloadKind::ReplicaSet, "cart-1", Some(owner));
        let listed = |object| seen(0.0, ChangeKind::Listed, object);
        let well = |name| self.pod(name, None);
        let mut changes = vec![
            // Pods come before the objects that tell whose they are.
            listed(well("cart-1-a")),
            listed(well("cart-1-b")),
            listed(well("calm-0")),
            listed(Object::Workload(Box::new(set))),
            listed(Object::Workload(Box::new(deployment))),
            seen(FAILS, ChangeKind::Modified, self.pod("cart-1-a", Some(ConditionStatus::False))),
            seen(RECOVERS, ChangeKind::Modified, self.pod("cart-1-a", Some(ConditionStatus::True))),
        ];
        if let Some(minute) = self.deleted_at {
            changes.push(seen(minute, ChangeKind::Deleted, well("cart-1-b")));
        }
        changes
    }

    /// A pod; `killed` says whether it is Ready again after its OOM kill.
    fn pod(self, name: &str, killed: Option<ConditionStatus>) -> Object {
        let ready = killed.unwrap_or(ConditionStatus::True);
        let ended = ContainerState::Terminated {
            exit_code: 137,
            reason: Some("OOMKilled".to_owned()),
            message: None,
            started_at: None,
            finished_at: Some(self.at(FAILS)),
            container_id: Some("containerd://first".to_owned()),
        };
        let (kind, owner) = match name.strip_prefix("cart") {
            Some(_) => (WorkloadKind::ReplicaSet, "cart-1"),
            None => (WorkloadKind::StatefulSet, "calm"),
        };
        let status = ContainerStatus {
            name: "app".to_owned(),
            init: false,
            ready: ready == ConditionStatus::True,
            restarts: u32::from(killed.is_some()),
            started: Some(true),
            image: "shop:1".to_owned(),
            state: Some(ContainerState::Running {
                started_at: Some(if killed.is_some() { self.at(FAILS) } else { self.at(-1_000.0) }),
            }),
            last_state: killed.map(|_| ended),
            container_id: Some(format!(
                "containerd://{}",
                if killed.is_some() { "second" } else { "first" }
            )),
        };
        let spec = ContainerSpec {
            name: "app".to_owned(),
            image: None,
            resources: Resources { memory_limit: Some(LIMIT), ..Resources::default() },
            liveness: None,
            readiness: None,
            startup: None,
        };
        Object::Pod(Box::new(PodObject {
            namespace: "shop".to_owned(),
            name: name.to_owned(),
            uid: format!("uid-{name}"),
            owner: Some(OwnerRef { kind, name: owner.to_owned(), uid: None }),
            phase: PodPhase::Running,
            reason: None,
            message: None,
            node: Some("node-a".to_owned()),
            created_at: Some(self.at(-1_000.0)),
            deletion_requested_at: None,
            grace: None,
            conditions: vec![Condition {
                kind: "Ready".to_owned(),
                status: ready,
                reason: None,
                message: None,
                last_transition: Some(self.at(if killed.is_some() { FAILS } else { -900.0 })),
            }],
            containers: vec![status],
            spec: vec![spec],
            volumes: Vec::new(),
            references: Vec::new(),
            node_selector: BTreeMap::new(),
        }))
    }

    fn samples(self, at: Timestamp) -> Vec<Sample> {
        let value = |plain: f64| plain * self.shift.1 + self.shift.0;
        let sample = |entity: u32, quantity, plain| Sample {
            at,
            entity: EntityId::new(entity),
            quantity,
            value: value(plain),
        };
        let seconds = at.since(self.at(-1_000.0)).as_seconds();
        vec![
            sample(0, Quantity::MemoryWorkingSet, 0.25 * LIMIT),
            sample(0, Quantity::CpuUsage, 0.5 * seconds),
            sample(1, Quantity::MemoryWorkingSet, 0.5 * LIMIT),
            sample(1, Quantity::CpuUsage, 0.25 * seconds),
            sample(2, Quantity::MemoryWorkingSet, 0.125 * LIMIT),
            sample(3, Quantity::NodeMemoryAvailable, 1e9),
            sample(3, Quantity::NodePids, 300.0),
        ]
    }

    fn events(self) -> Vec<KubernetesEvent> {
        let event = |minute: f64, (kind, name, reason): (&str, &str, &str)| KubernetesEvent {
            observed_at: self.at(minute),
            change: ChangeKind::Added,
            event_type: "Warning".to_owned(),
            reason: reason.to_owned(),
            message: String::new(),
            object_kind: kind.to_owned(),
            namespace: "shop".to_owned(),
            name: name.to_owned(),
            uid: None,
            field: None,
            count: None,
            first: None,
            last: None,
            event_time: None,
            source: None,
        };
        vec![
            event(50.5, ("Pod", "cart-1-a", "BackOff")),
            event(50.6, ("Pod", "cart-1-a", "BackOff")),
            event(50.7, ("Pod", "cart-1-a", "SomethingNew")),
            event(50.7, ("Node", "node-a", "Rebooted")),
            event(50.8, ("ReplicaSet", "cart-1", "FailedCreate")),
        ]
    }

    fn logs(self) -> Vec<LogLine> {
        let line = |minute: f64, text: &str| LogLine {
            at: self.at(minute) - PlatformDuration::from_seconds(2),
            namespace: "shop".to_owned(),
            pod: "cart-1-b".to_owned(),
            container: "app".to_owned(),
            text: text.to_owned(),
        };
        vec![line(70.2, "level=error x"), line(70.4, "level=info y"), line(71.0, "level=warn z")]
    }
}

/// Entities by id.
const ENTITIES: [fn() -> Entity; 4] = [
    || container("cart-1-a"),
    || container("cart-1-b"),
    || container("calm-0"),
    || Entity::Node { node: "node-a".to_owned() },
];

fn container(pod: &str) -> Entity {
    let (namespace, container) = ("shop".to_owned(), "app".to_owned());
    Entity::Container { namespace, pod: pod.to_owned(), container }
}

fn workload(kind: WorkloadKind, name: &str, owner: Option<OwnerRef>) -> WorkloadObject {
    WorkloadObject {
        namespace: "shop".to_owned(),
        kind,
        name: name.to_owned(),
        uid: None,
        owner,
        generation: None,
        revision: None,
        replicas: Some(2),
        template_hash: None,
        images: Vec::new(),
        template: Vec::new(),
        references: Vec::new(),
        selector: BTreeMap::new(),
        node_selector: BTreeMap::new(),
        progress_deadline: None,
        backoff_limit: None,
        paused: false,
        deletion_requested_at: None,
        status_replicas: Some(2),
        updated_replicas: Some(2),
        ready_replicas: Some(1),
        available_replicas: Some(2),
        failed: None,
        conditions: Vec::new(),
    }
}

/// Text of a cell; empty where missing.
fn cell(made: &Dataset, column: &str, row: usize) -> String {
    match made.table.column(column).unwrap() {
        Values::Number(numbers) if numbers[row].is_nan() => String::new(),
        Values::Number(numbers) => numbers[row].to_string(),
        Values::Text(text) => text.get(row).unwrap_or_default().to_owned(),
    }
}

/// Number of a cell; NaN where missing.
fn number(made: &Dataset, column: &str, row: usize) -> f64 {
    cell(made, column, row).parse().unwrap_or(f64::NAN)
}

/// The row of a pod at the end of a minute.
fn row(made: &Dataset, scene: Scene, (pod, minute): (&str, f64)) -> usize {
    let time = scene.at(minute).to_string();
    (0..made.table.n_rows())
        .find(|row| cell(made, "pod", *row) == pod && cell(made, "time", *row) == time)
        .unwrap()
}

fn label(made: &Dataset, scene: Scene, row_of: (&str, f64)) -> String {
    cell(made, "label", row(made, scene, row_of))
}

#[test]
fn labels_change_exactly_at_their_boundaries_whatever_the_time_scale() {
    for scale in [10.0, 1.0, 4.0] {
        let scene = Scene { scale, ..SCENE };
        let made = scene.rows();
        let of = |pod, minute| label(&made, scene, (pod, minute));
        for pod in ["cart-1-a", "cart-1-b"] {
            let said: Vec<String> =
                [1.0, 39.0, 40.0, 99.0, 100.0, 102.0, 103.0, 180.0, 181.0, 240.0]
                    .map(|minute| of(pod, minute))
                    .to_vec();
            let expected = ["good", "good", "alert", "alert", "bad", "bad", "good", "good", "", ""];
            assert_eq!(said, expected, "{pod} at scale {scale}");
        }
        assert_eq!(of("calm-0", 100.0), "good");
        assert_eq!(made.table.n_rows(), 3 * 240, "a row a pod and production minute");
    }
}

#[test]
fn a_row_names_the_failure_that_its_label_rests_on() {
    let made = SCENE.rows();
    let columns = ["failure_kind", "minutes_to_failure", "incident", "workload", "recording"];
    let of = |pod, minute| {
        let row = row(&made, SCENE, (pod, minute));
        columns.map(|column| cell(&made, column, row))
    };
    assert_eq!(of("cart-1-b", 40.0), ["oom_killed", "60", "made#1", "shop/cart", "made"]);
    assert_eq!(of("cart-1-b", 99.0), ["oom_killed", "1", "made#1", "shop/cart", "made"]);
    assert_eq!(of("cart-1-a", 101.0), ["oom_killed", "0", "made#1", "shop/cart", "made"]);
    assert_eq!(of("cart-1-a", 39.0), ["", "", "", "shop/cart", "made"]);
    assert_eq!(of("calm-0", 99.0), ["", "", "", "shop/calm", "made"]);
    let counts = &made.recordings[0];
    assert_eq!((counts.alert, counts.bad, counts.incidents), (2 * 60, 2 * 3, 1));
    assert_eq!(counts.unlabelled, 3 * 60);
}

#[test]
fn values_of_the_node_and_the_workload_stand_on_the_rows_of_their_pods() {
    let made = SCENE.rows();
    for pod in ["cart-1-a", "cart-1-b", "calm-0"] {
        let row = row(&made, SCENE, (pod, 60.0));
        assert_eq!(number(&made, "node_memory_available_bytes", row), 1e9);
        assert_eq!(number(&made, "node_pids", row), 300.0);
    }
    let a = row(&made, SCENE, ("cart-1-a", 60.0));
    assert_eq!(number(&made, "memory_working_set_bytes", a), 0.25 * LIMIT);
    assert_eq!(number(&made, "memory_limit_share", a), 0.25);
    assert!((number(&made, "cpu_usage_cores", a) - 0.5).abs() < 1e-6);
    for pod in ["cart-1-a", "cart-1-b"] {
        let row = row(&made, SCENE, (pod, 60.0));
        assert_eq!(cell(&made, "deployment_kind", row), "Deployment");
        assert_eq!(number(&made, "deployment_replicas", row), 2.0);
        assert_eq!(number(&made, "deployment_ready_replicas", row), 1.0);
        assert_eq!(number(&made, "deployment_pods", row), 2.0);
        assert_eq!(number(&made, "deployment_memory_working_set_bytes", row), 0.75 * LIMIT);
        assert_eq!(number(&made, "deployment_memory_limit_share", row), 0.5);
        assert!((number(&made, "deployment_cpu_usage_cores", row) - 0.75).abs() < 1e-6);
    }
    let calm = row(&made, SCENE, ("calm-0", 60.0));
    assert_eq!(cell(&made, "deployment_kind", calm), "StatefulSet");
    assert!(number(&made, "deployment_replicas", calm).is_nan(), "its object was never seen");
    assert_eq!(number(&made, "deployment_pods", calm), 1.0);
}

#[test]
fn lines_events_and_restarts_are_counted_in_their_minute() {
    let made = SCENE.rows();
    let of = |column, pod, minute| number(&made, column, row(&made, SCENE, (pod, minute)));
    assert_eq!(of("event_back_off", "cart-1-a", 50.0), 0.0);
    assert_eq!(of("event_back_off", "cart-1-a", 51.0), 2.0);
    assert_eq!(of("event_back_off", "cart-1-a", 52.0), 0.0);
    assert_eq!(of("event_other", "cart-1-a", 51.0), 1.0);
    assert_eq!(of("event_warnings", "cart-1-a", 51.0), 3.0);
    assert_eq!(of("event_back_off", "cart-1-b", 51.0), 0.0);
    assert_eq!(of("node_events", "calm-0", 51.0), 1.0);
    assert_eq!(of("deployment_events", "cart-1-b", 51.0), 1.0);
    assert_eq!(of("deployment_warnings", "calm-0", 51.0), 0.0);
    assert_eq!(of("log_lines", "cart-1-b", 71.0), 3.0);
    assert_eq!(of("log_errors", "cart-1-b", 71.0), 1.0);
    assert_eq!(of("log_warnings", "cart-1-b", 71.0), 1.0);
    assert_eq!(of("log_lines", "cart-1-b", 72.0), 0.0);
    assert_eq!(of("restarts_10m", "cart-1-a", 99.0), 0.0);
    assert_eq!(of("restarts_10m", "cart-1-a", 109.0), 1.0);
    assert_eq!(of("restarts_10m", "cart-1-a", 110.0), 0.0);
    assert_eq!(of("restarts_60m", "cart-1-a", 159.0), 1.0);
    assert_eq!(of("deployment_restarts_60m", "cart-1-b", 159.0), 1.0);
}

#[test]
fn a_pod_that_went_before_anything_happened_has_no_label() {
    let scene = Scene { deleted_at: Some(80.5), ..SCENE };
    let made = scene.rows();
    let of = |pod, minute| label(&made, scene, (pod, minute));
    assert_eq!(of("cart-1-b", 20.0), "good", "it was seen for 60 minutes more");
    assert_eq!(of("cart-1-b", 21.0), "", "it went before the hour was over");
    assert_eq!(of("cart-1-b", 60.0), "", "what failed later was another pod");
    assert_eq!(of("cart-1-a", 60.0), "alert");
}

#[test]
fn rows_whose_next_hour_lies_in_a_gap_have_no_label() {
    let scene = Scene { gap: Some((60.0, 62.0)), ..SCENE };
    let made = scene.rows();
    let of = |pod, minute| label(&made, scene, (pod, minute));
    assert_eq!(of("calm-0", 1.0), "");
    assert_eq!(of("cart-1-a", 61.0), "");
    assert_eq!(of("cart-1-a", 62.0), "alert");
    assert_eq!(of("calm-0", 62.0), "good");
}

#[test]
fn other_values_of_metrics_never_change_a_label() {
    let labels = |shift| {
        let made = Scene { shift, ..SCENE }.rows();
        let columns = ["label", "failure_kind", "minutes_to_failure", "incident"];
        (0..made.table.n_rows())
            .map(|row| columns.map(|column| cell(&made, column, row)))
            .collect::<Vec<_>>()
    };
    let plain = labels((0.0, 1.0));
    for shift in [(1e12, 1.0), (0.0, 0.0), (0.0, 3.0), (-5.0, 0.01)] {
        assert_eq!(labels(shift), plain, "{shift:?}");
    }
}

#[test]
fn what_comes_later_changes_no_feature() {
    let batches = SCENE.batches();
    let whole = of_batches([(SCENE.source("made"), batches.clone().into_iter())]);
    let half = batches.len() / 2;
    let cut = of_batches([(SCENE.source("made"), batches.into_iter().take(half))]);
    let n_rows = cut.table.n_rows();
    assert!(n_rows > 300, "{n_rows} rows");
    for name in dataset::feature_names() {
        for row in 0..n_rows {
            assert_eq!(cell(&cut, name, row), cell(&whole, name, row), "`{name}` in row {row}");
        }
    }
}

#[test]
fn another_split_into_batches_gives_the_same_rows() {
    let source = SCENE.source("made");
    let batches = SCENE.batches();
    let last = batches[batches.len() - 1].0;
    let mut all = Batch { until: last, ..Batch::default() };
    for (_, batch) in &batches {
        all.entities.extend(batch.entities.iter().cloned());
        all.samples.extend(batch.samples.iter().copied());
        all.objects.extend(batch.objects.iter().cloned());
        all.events.extend(batch.events.iter().cloned());
        all.logs.extend(batch.logs.iter().cloned());
    }
    let fine = of_batches([(source.clone(), batches.into_iter())]);
    let coarse = of_batches([(source, std::iter::once((last, all)))]);
    assert_eq!(format!("{:?}", fine.table), format!("{:?}", coarse.table));
}

#[test]
fn recordings_that_differ_stand_one_below_the_other_as_each_alone() {
    let slow = Scene { scale: 1.0, shift: (0.0, 3.0), deleted_at: Some(80.5), gap: None };
    let part = |scene: Scene, name| (scene.source(name), scene.batches().into_iter());
    let both = of_batches([part(SCENE, "first"), part(slow, "second")]);
    let alone = [of_batches([part(SCENE, "first")]), of_batches([part(slow, "second")])];
    let names: Vec<&str> = both.recordings.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["first", "second"]);
    assert_eq!(both.recordings, alone.each_ref().map(|one| one.recordings[0].clone()));
    let n_first = alone[0].table.n_rows();
    assert_ne!(n_first, alone[1].table.n_rows());
    assert_eq!(both.table.n_rows(), n_first + alone[1].table.n_rows());
    for column in both.table.columns() {
        for row in 0..both.table.n_rows() {
            let (of, at) =
                if row < n_first { (&alone[0], row) } else { (&alone[1], row - n_first) };
            let (name, found) = (&column.name, cell(&both, &column.name, row));
            assert_eq!(found, cell(of, name, at), "`{name}` in row {row}");
        }
    }
}

/// A production minute of one scrape: rows of recordings and live ones end at the same ticks then.
const LIVE: Scene = Scene { scale: 12.0, shift: (0.0, 1.0), deleted_at: Some(80.0), gap: None };

/// Minutes and labels of a service that sees the batches of a scene tick by tick.
fn live(scene: Scene) -> (Vec<Minute>, Vec<LabelSpan>) {
    let settings = scene.source("live").settings;
    let mut state = State::new(settings.clone());
    let mut rows = MinuteRows::new(&settings);
    let (mut minutes, mut labels) = (Vec::new(), Vec::new());
    for (tick, batch) in scene.batches() {
        rows.observe(&batch);
        state.observe(&batch);
        assert!(rows.is_due(tick));
        minutes.push(rows.minute(&state, tick));
        assert!(!rows.is_due(tick));
        labels.extend(rows.labels(&state, tick));
    }
    // The row at the very start is a live one's alone: recordings begin with a whole minute.
    (minutes.split_off(1), labels)
}

#[test]
fn live_minutes_hold_the_values_of_the_data_set() {
    let made = LIVE.rows();
    let (minutes, _) = live(LIVE);
    let mut compared = 0;
    for minute in &minutes {
        for pod in &minute.pods {
            let node = minute.nodes.iter().find(|one| Some(&one.node) == pod.node.as_ref());
            let own = minute.workloads.iter().find(|one| one.workload == pod.workload);
            let values = pod.values.iter().chain(&node.unwrap().values).chain(&own.unwrap().values);
            let row = compared;
            compared += 1;
            assert_eq!(cell(&made, "time", row), minute.at.to_string());
            assert_eq!(cell(&made, "pod", row), pod.pod);
            for (column, value) in feature_names().into_iter().skip(1).zip(values) {
                let kept = number(&made, column, row) as f32;
                assert_eq!(
                    kept.to_bits(),
                    value.to_bits(),
                    "{column} of {} at {}",
                    pod.pod,
                    minute.at
                );
            }
        }
    }
    assert_eq!(compared, made.table.n_rows());
}

#[test]
fn live_labels_are_those_of_the_data_set_an_hour_later() {
    let scene = LIVE;
    let made = scene.rows();
    let (minutes, labels) = live(scene);
    let span = |workload: &WorkloadId, pod: &str, at: Timestamp| {
        labels.iter().rev().find(|span| {
            span.workload == *workload
                && span.pod.as_deref().is_none_or(|name| name == pod)
                && (span.from..span.until).contains(&at)
        })
    };
    // What holds at the end is known 90 s later, 18 min of fault time.
    let last = scene.at(ENDS - 60.0 - 18.0 - 10.0);
    let (mut row, mut labelled) = (0, 0);
    for minute in &minutes {
        for pod in &minute.pods {
            let kept = span(&pod.workload, &pod.pod, minute.at);
            let label = kept.map_or("", |span| span.label.as_str());
            if minute.at <= last {
                assert_eq!(label, cell(&made, "label", row), "{} at {}", pod.pod, minute.at);
                labelled += usize::from(!label.is_empty());
            }
            if let Some((kind, at)) = kept.and_then(|span| span.failure) {
                assert_eq!(kind.as_str(), cell(&made, "failure_kind", row));
                assert_eq!(at, scene.at(FAILS));
            }
            row += 1;
        }
    }
    assert!(labelled > 300, "{labelled}");
}
