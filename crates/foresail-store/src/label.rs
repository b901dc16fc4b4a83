//! Labels of rows of `pods`, which become known an hour after the rows.
//!
//! Rows lie in the order of time, so a label by label would read each span once for every workload.
//! Labels of one span go into a table of their own instead, and the span is read once.

use std::collections::BTreeMap;

use foresail_core::Timestamp;
use foresail_core::store::{ClusterName, LabelSpan};

use crate::cell::Cell;
use crate::statement::{Insert, Present, Statement, Target};

static LABEL_SPANS: Target = Target {
    name: "label_spans",
    columns: &[
        "position",
        "namespace",
        "kind",
        "workload",
        "pod",
        "label",
        "failure_kind",
        "failure_at_ms",
    ],
    key: 1,
    present: Present::Never,
};

const EMPTY: &str = "DELETE FROM label_spans";

/// Of labels that meet on a row the last one counts.
const LABEL: &str = "UPDATE pods SET (label, failure_kind, failure_at_ms) = \
    (SELECT l.label, l.failure_kind, l.failure_at_ms FROM label_spans l \
    WHERE l.namespace = pods.namespace AND l.kind = pods.deployment_kind AND l.workload = pods.workload \
    AND (l.pod IS NULL OR l.pod = pods.pod) ORDER BY l.position DESC LIMIT 1) \
    WHERE cluster = $1 AND at_ms >= $2 AND at_ms < $3 AND EXISTS (SELECT 1 FROM label_spans l \
    WHERE l.namespace = pods.namespace AND l.kind = pods.deployment_kind AND l.workload = pods.workload \
    AND (l.pod IS NULL OR l.pod = pods.pod))";

/// What writes `labels`.
pub(crate) fn statements(cluster: &ClusterName, labels: &[LabelSpan]) -> Vec<Statement> {
    let mut spans: BTreeMap<(Timestamp, Timestamp), Vec<Vec<Cell>>> = BTreeMap::new();
    for (position, label) in labels.iter().enumerate() {
        spans.entry((label.from, label.until)).or_default().push(row(position, label));
    }
    let mut statements = Vec::new();
    for ((from, until), rows) in spans {
        let span = vec![Cell::text(cluster.as_str()), Cell::time(from), Cell::time(until)];
        statements.extend([
            Statement::Insert(Insert::new(&LABEL_SPANS, rows)),
            Statement::Execute(LABEL, span),
            Statement::Execute(EMPTY, Vec::new()),
        ]);
    }
    statements
}

fn row(position: usize, span: &LabelSpan) -> Vec<Cell> {
    vec![
        Cell::len(position),
        Cell::key(&span.workload.namespace),
        Cell::text(span.workload.kind.as_str()),
        Cell::key(&span.workload.name),
        Cell::some_key(span.pod.as_deref()),
        Cell::text(span.label.as_str()),
        Cell::some_text(span.failure.map(|(kind, _)| kind.as_str())),
        Cell::some_time(span.failure.map(|(_, at)| at)),
    ]
}
