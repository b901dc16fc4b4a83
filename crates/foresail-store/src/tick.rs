//! What one tick leaves behind, as statements of one transaction.

use foresail_core::store::{ClusterName, Tick};
use foresail_core::{
    Alarm, AlarmChange, AlarmId, KubernetesEvent, Outcome, Prediction, Timestamp, Unit,
};
use sha2::{Digest, Sha256};

use crate::cell::{Cell, pack};
use crate::label;
use crate::statement::{Insert, Present, Statement, Target};
use crate::text::hex;

static TICKS: Target = Target {
    name: "ticks",
    columns: &["cluster", "at_ms", "outcomes", "alarm_changes", "predictions", "events"],
    key: 2,
    present: Present::Replaced,
};

static OUTCOMES: Target = Target {
    name: "outcomes",
    columns: &[
        "cluster",
        "occurred_at_ms",
        "failure_kind",
        "object_kind",
        "namespace",
        "workload_kind",
        "object",
        "pod",
        "node",
        "settled_at_ms",
        "recovered_at_ms",
        "incident",
        "is_primary",
        "detail",
    ],
    key: 8,
    present: Present::Replaced,
};

static PREDICTIONS: Target = Target {
    name: "predictions",
    columns: &[
        "cluster",
        "at_ms",
        "position",
        "object_kind",
        "namespace",
        "workload_kind",
        "object",
        "pod",
        "node",
        "failure_kind",
        "horizon_ms",
        "probability",
        "score",
        "time_to_event_p50_ms",
        "model",
        "sentence",
        "detail",
    ],
    key: 3,
    present: Present::Never,
};

static ALARMS: Target = Target {
    name: "alarms",
    columns: &[
        "cluster",
        "raised_at_ms",
        "alarm_id",
        "cleared_at_ms",
        "object_kind",
        "namespace",
        "workload_kind",
        "object",
        "pod",
        "node",
        "failure_kind",
        "tier",
        "score",
        "probability",
        "horizon_ms",
        "model",
        "sentence",
        "kubectl",
        "detail",
    ],
    key: 3,
    present: Present::Replaced,
};

static ALARM_CHANGES: Target = Target {
    name: "alarm_changes",
    columns: &["cluster", "at_ms", "position", "alarm_id", "change", "detail"],
    key: 3,
    present: Present::Never,
};

static EVENTS: Target = Target {
    name: "events",
    columns: &[
        "cluster",
        "id",
        "observed_at_ms",
        "occurred_at_ms",
        "type",
        "reason",
        "message",
        "object_kind",
        "namespace",
        "object",
        "count",
        "detail",
    ],
    key: 2,
    present: Present::Stays,
};

/// Numbers of alarms begin anew where the engine lost its memory: the newest of a number is meant.
const CLEAR: &str = "UPDATE alarms SET cleared_at_ms = $1 \
    WHERE cluster = $2 AND alarm_id = $3 AND cleared_at_ms IS NULL AND raised_at_ms = \
    (SELECT MAX(raised_at_ms) FROM alarms WHERE cluster = $2 AND alarm_id = $3 AND raised_at_ms <= $1)";

/// What keeps `tick`. The same tick again replaces what it said the first time.
pub(crate) fn statements(cluster: &ClusterName, tick: &Tick) -> Vec<Statement> {
    let this = vec![Cell::text(cluster.as_str()), Cell::time(tick.at)];
    let count = vec![
        Cell::len(tick.outcomes.len()),
        Cell::len(tick.alarms.len()),
        Cell::len(tick.predictions.len()),
        Cell::len(tick.events.len()),
    ];
    let mut statements = vec![
        Statement::Execute(
            "DELETE FROM predictions WHERE cluster = $1 AND at_ms = $2",
            this.clone(),
        ),
        Statement::Execute(
            "DELETE FROM alarm_changes WHERE cluster = $1 AND at_ms = $2",
            this.clone(),
        ),
        rows(&TICKS, vec![[this.clone(), count].concat()]),
        rows(&OUTCOMES, tick.outcomes.iter().map(|one| outcome(cluster, one)).collect()),
        rows(&EVENTS, tick.events.iter().map(|one| event(cluster, one)).collect()),
    ];
    for (position, change) in tick.alarms.iter().enumerate() {
        statements.extend(alarm_change(cluster, tick.at, (position, change)));
    }
    let ranked = tick.predictions.iter().enumerate();
    let ranked = ranked.map(|(position, one)| prediction(&this, position, one)).collect();
    statements.push(rows(&PREDICTIONS, ranked));
    statements.extend(label::statements(cluster, &tick.labels));
    statements
}

fn rows(table: &'static Target, rows: Vec<Vec<Cell>>) -> Statement {
    Statement::Insert(Insert::new(table, rows))
}

/// Kind, namespace, kind of workload and name of a unit; empty where it has none.
fn unit(unit: &Unit) -> [Cell; 4] {
    let (namespace, kind, name) = match unit {
        Unit::Workload(id) => (id.namespace.as_str(), id.kind.as_str(), id.name.as_str()),
        Unit::Node(name) | Unit::Component(name) => ("", "", name.as_str()),
        Unit::Volume { namespace, claim } => (namespace.as_str(), "", claim.as_str()),
    };
    [Cell::text(unit.object_kind()), Cell::key(namespace), Cell::text(kind), Cell::key(name)]
}

fn outcome(cluster: &ClusterName, outcome: &Outcome) -> Vec<Cell> {
    let mut row = vec![
        Cell::text(cluster.as_str()),
        Cell::time(outcome.occurred_at),
        Cell::text(outcome.kind.as_str()),
    ];
    row.extend(unit(&outcome.unit));
    row.extend([
        Cell::key(outcome.pod.as_deref().unwrap_or_default()),
        Cell::some_key(outcome.node.as_deref()),
        Cell::time(outcome.settled_at),
        Cell::some_time(outcome.recovered_at),
        Cell::int(outcome.incident.into()),
        Cell::int(outcome.primary.into()),
        Cell::detail(outcome),
    ]);
    row
}

fn prediction(this: &[Cell], position: usize, prediction: &Prediction) -> Vec<Cell> {
    let mut row = this.to_vec();
    row.push(Cell::len(position));
    row.extend(unit(&prediction.unit));
    let half = prediction.time_to_event().map(|time| time.p50.as_millis());
    row.extend([
        Cell::some_key(prediction.pod.as_deref()),
        Cell::some_key(prediction.node.as_deref()),
        Cell::text(prediction.kind.as_str()),
        Cell::int(prediction.horizon.as_millis()),
        Cell::real(prediction.probability().map_or(f64::NAN, |probability| probability.get())),
        Cell::real(prediction.score),
        Cell::Int(half),
        Cell::text(&prediction.model.0),
        Cell::text(&prediction.sentence),
        Cell::detail(prediction),
    ]);
    row
}

fn alarm(cluster: &ClusterName, alarm: &Alarm) -> Vec<Cell> {
    let mut row = vec![
        Cell::text(cluster.as_str()),
        Cell::time(alarm.raised_at),
        Cell::count(alarm.id.0),
        Cell::some_time(alarm.cleared_at),
    ];
    row.extend(unit(&alarm.unit));
    row.extend([
        Cell::some_key(alarm.pod.as_deref()),
        Cell::some_key(alarm.node.as_deref()),
        Cell::text(alarm.kind.as_str()),
        Cell::text(alarm.tier.as_str()),
        Cell::real(alarm.score),
        Cell::real(alarm.probability.map_or(f64::NAN, |probability| probability.get())),
        Cell::int(alarm.horizon.as_millis()),
        Cell::text(&alarm.model.0),
        Cell::text(&alarm.sentence),
        Cell::text(&alarm.kubectl),
        Cell::detail(alarm),
    ]);
    row
}

fn alarm_change(
    cluster: &ClusterName,
    at: Timestamp,
    (position, change): (usize, &AlarmChange),
) -> Vec<Statement> {
    let said = |alarm_id: AlarmId, word: &str| {
        let row = vec![
            Cell::text(cluster.as_str()),
            Cell::time(at),
            Cell::len(position),
            Cell::count(alarm_id.0),
            Cell::text(word),
            Cell::detail(change),
        ];
        rows(&ALARM_CHANGES, vec![row])
    };
    match change {
        AlarmChange::Raised(one) => {
            vec![rows(&ALARMS, vec![alarm(cluster, one)]), said(one.id, "raised")]
        }
        AlarmChange::Renewed { alarm: one, .. } => {
            vec![rows(&ALARMS, vec![alarm(cluster, one)]), said(one.id, "renewed")]
        }
        AlarmChange::Folded { root, .. } => vec![said(*root, "folded")],
        AlarmChange::Cleared { id, at } => {
            let values = vec![Cell::time(*at), Cell::text(cluster.as_str()), Cell::count(id.0)];
            vec![Statement::Execute(CLEAR, values), said(*id, "cleared")]
        }
    }
}

/// Kubernetes counts repeats in the same Event: each count is a row, each row is kept once, however
/// often it is listed.
fn event(cluster: &ClusterName, event: &KubernetesEvent) -> Vec<Cell> {
    let identity = (
        (&event.object_kind, &event.namespace, &event.name, &event.uid, &event.field),
        (&event.event_type, &event.reason, &event.message, &event.source),
        (event.count, event.first, event.last, event.event_time),
    );
    vec![
        Cell::text(cluster.as_str()),
        Cell::text(&hex(&Sha256::digest(pack(&identity))[..16])),
        Cell::time(event.observed_at),
        Cell::time(event.occurred_at()),
        Cell::text(&event.event_type),
        Cell::text(&event.reason),
        Cell::text(&event.message),
        Cell::text(&event.object_kind),
        Cell::key(&event.namespace),
        Cell::key(&event.name),
        event.count.map_or(Cell::Int(None), Cell::count),
        Cell::detail(event),
    ]
}
