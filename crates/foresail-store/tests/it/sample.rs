//! Ticks, minutes and the rest, with every field used.

use foresail_core::store::{
    ClusterName, Evidence, EvidenceOf, EvidenceSeries, LogEvidence, Minute, NODE_COLUMNS, NodeRow,
    POD_COLUMNS, PodRow, RestartPoint, Tick, TimeSpan, WORKLOAD_COLUMNS, WorkloadRow,
};
use foresail_core::{
    Alarm, AlarmChange, AlarmId, Basis, Cause, ChangeKind, Fact, FailureKind, KubernetesEvent,
    ModelId, Outcome, PlatformDuration, Prediction, Probability, Quantity, RenewalReason, Tier,
    TimeToEvent, Timestamp, Unit, Verdict, WorkloadId, WorkloadKind,
};

pub(crate) const START: Timestamp = Timestamp::from_millis(1_790_000_040_000);

pub(crate) const EVER: TimeSpan =
    TimeSpan { from: Timestamp::from_millis(0), until: Timestamp::from_millis(i64::MAX) };

pub(crate) fn cluster() -> ClusterName {
    ClusterName::try_from("lab").unwrap()
}

pub(crate) fn seconds(seconds: i64) -> PlatformDuration {
    PlatformDuration::from_seconds(seconds)
}

pub(crate) fn workload(name: &str) -> WorkloadId {
    WorkloadId {
        namespace: "shop".to_owned(),
        kind: WorkloadKind::Deployment,
        name: name.to_owned(),
    }
}

pub(crate) fn prediction(at: Timestamp, name: &str) -> Prediction {
    Prediction {
        at,
        unit: Unit::Workload(workload(name)),
        pod: Some(format!("{name}-0")),
        node: Some("node-1".to_owned()),
        kind: FailureKind::OomKilled,
        horizon: seconds(1_800),
        verdict: Verdict::Likely {
            probability: Probability::try_from(0.3).unwrap(),
            time_to_event: Some(TimeToEvent {
                p10: seconds(60),
                p50: seconds(600),
                p90: seconds(3_600),
            }),
        },
        score: 0.3,
        basis: Some(Basis {
            quantity: Quantity::MemoryWorkingSet,
            object: format!("shop/{name}-0 app"),
            level: 1.5e9,
            // What no JSON and no column can hold must come back all the same.
            limit: f64::INFINITY,
            slope_per_second: 1e6,
        }),
        sentence: format!("{name} will be OOM-killed"),
        evidence: vec!["memory grows".to_owned()],
        model: ModelId("first_passage".to_owned()),
    }
}

pub(crate) fn event(at: Timestamp, message: &str) -> KubernetesEvent {
    KubernetesEvent {
        observed_at: at,
        change: ChangeKind::Added,
        event_type: "Warning".to_owned(),
        reason: "BackOff".to_owned(),
        message: message.to_owned(),
        object_kind: "Pod".to_owned(),
        namespace: "shop".to_owned(),
        name: "cart-0".to_owned(),
        uid: Some("u-1".to_owned()),
        field: Some("spec.containers{app}".to_owned()),
        count: Some(3),
        first: Some(at - seconds(60)),
        last: Some(at - seconds(1)),
        event_time: None,
        source: Some("kubelet".to_owned()),
    }
}

pub(crate) fn outcome(at: Timestamp, name: &str) -> Outcome {
    Outcome {
        occurred_at: at,
        settled_at: at + seconds(2),
        recovered_at: None,
        kind: FailureKind::OomKilled,
        unit: Unit::Workload(workload(name)),
        pod: Some(format!("{name}-0")),
        node: Some("node-1".to_owned()),
        incident: 1,
        primary: true,
        facts: vec![Fact {
            at,
            source: "pod shop/cart-0".to_owned(),
            text: "OOMKilled".to_owned(),
        }],
    }
}

pub(crate) fn alarm(at: Timestamp, id: u64) -> Alarm {
    Alarm {
        id: AlarmId(id),
        raised_at: at,
        cleared_at: None,
        unit: Unit::Node("node-1".to_owned()),
        pod: None,
        node: Some("node-1".to_owned()),
        kind: FailureKind::NodePressure,
        tier: Tier::Ticket,
        score: 0.7,
        probability: None,
        horizon: seconds(1_800),
        time_to_event: None,
        basis: None,
        sentence: "node node-1 will come under pressure".to_owned(),
        kubectl: "kubectl describe node node-1".to_owned(),
        causes: vec![Cause {
            object: "shop/cart-0".to_owned(),
            cause: "memory_growth".to_owned(),
            confidence: 0.5,
            evidence: vec!["grew".to_owned()],
        }],
        affected: vec![Unit::Component("etcd".to_owned())],
        model: ModelId("first_passage".to_owned()),
    }
}

pub(crate) fn raised(alarm: Alarm) -> AlarmChange {
    AlarmChange::Raised(Box::new(alarm))
}

pub(crate) fn renewed(alarm: Alarm) -> AlarmChange {
    AlarmChange::Renewed { alarm: Box::new(alarm), reason: RenewalReason::TierRose }
}

/// Tick `number` of a run, with something of everything.
pub(crate) fn tick(number: i64) -> Tick {
    let at = START + seconds(15 * number);
    let folded = AlarmChange::Folded {
        root: AlarmId(number.unsigned_abs()),
        unit: Unit::Workload(workload("web")),
        kind: FailureKind::NotReady,
        at,
    };
    Tick {
        at,
        outcomes: vec![outcome(at, "cart")],
        alarms: vec![raised(alarm(at, number.unsigned_abs())), folded],
        predictions: (0..30).map(|place| prediction(at, &format!("cart-{place}"))).collect(),
        events: vec![event(at, &format!("back-off {number}"))],
        labels: Vec::new(),
    }
}

/// A minute with `pods` pods on two nodes, of one workload for every ten.
pub(crate) fn minute(at: Timestamp, pods: usize) -> Minute {
    let value = |column: usize| match column % 3 {
        0 => f32::NAN,
        1 => column as f32 * 1_048_576.0,
        _ => 1.0 / column as f32,
    };
    let node = |number: usize| {
        let mut values = [f32::NAN; NODE_COLUMNS.len()];
        (0..values.len()).for_each(|column| values[column] = value(column + number));
        NodeRow { node: format!("node-{number}"), values }
    };
    let row = |number: usize| {
        let mut values = [f32::NAN; WORKLOAD_COLUMNS.len()];
        (0..values.len()).for_each(|column| values[column] = value(column + number));
        WorkloadRow { workload: workload(&format!("w{number}")), values }
    };
    let pod = |number: usize| {
        let mut values = [f32::NAN; POD_COLUMNS.len()];
        (0..values.len()).for_each(|column| values[column] = value(column + number));
        PodRow {
            pod: format!("w{}-{number}", number / 10),
            node: (number != 1).then(|| format!("node-{}", number % 2)),
            workload: workload(&format!("w{}", number / 10)),
            values,
        }
    };
    Minute {
        at,
        nodes: (0..2).map(node).collect(),
        pods: (0..pods).map(pod).collect(),
        workloads: (0..pods.div_ceil(10)).map(row).collect(),
    }
}

pub(crate) fn evidence(of: EvidenceOf, at: Timestamp) -> Evidence {
    Evidence {
        of,
        copied_at: at,
        series: vec![EvidenceSeries {
            object: "shop/cart-0 app".to_owned(),
            quantity: Quantity::MemoryWorkingSet,
            points: (0..600).map(|step| (at + seconds(step), step as f64)).collect(),
        }],
        events: vec![event(at, "killed")],
        logs: vec![LogEvidence {
            container: "shop/cart-0 app".to_owned(),
            template: "out of <*>".to_owned(),
            line: "out of memory".to_owned(),
            count: 7,
        }],
    }
}

pub(crate) fn restart_point(at: Timestamp, seed: u8, bytes: usize) -> RestartPoint {
    RestartPoint {
        at,
        format: "state-1".to_owned(),
        state: (0..bytes).map(|place| (place % 251) as u8 ^ seed).collect(),
        assessment: vec![seed; 100],
    }
}
