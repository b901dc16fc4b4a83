//! The rows of a minute, to and from the tables `nodes`, `pods` and `workloads`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use foresail_core::store::{
    ClusterName, Minute, NODE_COLUMNS, NodeRow, NodeValues, POD_COLUMNS, PodRow, PodValues,
    RowLabel, StoreError, StoredPodRow, TimeSpan, WORKLOAD_COLUMNS, WorkloadRow, WorkloadValues,
};
use foresail_core::{FailureKind, Timestamp, WorkloadId, WorkloadKind};

use crate::backend::Backend;
use crate::cell::{About, Cell, Fields};
use crate::statement::{Insert, Present, Statement, Target};

/// Columns of `pods` before its values; the first four are its key.
const POD_IDENTITY: [&str; 10] = [
    "cluster",
    "at_ms",
    "namespace",
    "pod",
    "node",
    "workload",
    "deployment_kind",
    "label",
    "failure_kind",
    "failure_at_ms",
];

static NODES: LazyLock<Target> =
    LazyLock::new(|| target("nodes", (&["cluster", "at_ms", "node"], 3), &[&NODE_COLUMNS]));

static PODS: LazyLock<Target> = LazyLock::new(|| {
    target("pods", (&POD_IDENTITY, 4), &[&POD_COLUMNS, &NODE_COLUMNS, &WORKLOAD_COLUMNS])
});

static WORKLOADS: LazyLock<Target> = LazyLock::new(|| {
    let identity = ["cluster", "at_ms", "namespace", "kind", "workload"];
    target("workloads", (&identity, 5), &[&WORKLOAD_COLUMNS])
});

static READ_NODES: LazyLock<String> = LazyLock::new(|| {
    let columns = NODE_COLUMNS.join(", ");
    format!("SELECT at_ms, node, {columns} FROM nodes WHERE {SPAN} AND node = $4 ORDER BY at_ms")
});

static READ_PODS: LazyLock<String> = LazyLock::new(|| {
    let columns = [&POD_COLUMNS[..], &NODE_COLUMNS, &WORKLOAD_COLUMNS].concat().join(", ");
    format!(
        "SELECT at_ms, namespace, pod, node, workload, deployment_kind, label, failure_kind, failure_at_ms, {columns} \
         FROM pods WHERE {SPAN} AND namespace = $4 AND pod = $5 ORDER BY at_ms"
    )
});

static READ_WORKLOADS: LazyLock<String> = LazyLock::new(|| {
    let columns = WORKLOAD_COLUMNS.join(", ");
    format!(
        "SELECT at_ms, namespace, kind, workload, {columns} \
         FROM workloads WHERE {SPAN} AND namespace = $4 AND kind = $5 AND workload = $6 ORDER BY at_ms"
    )
});

const SPAN: &str = "cluster = $1 AND at_ms >= $2 AND at_ms < $3";

fn target(
    name: &'static str,
    (identity, key): (&[&'static str], usize),
    values: &[&[&'static str]],
) -> Target {
    let columns = [identity, &values.concat()].concat();
    Target { name, columns: Vec::leak(columns), key, present: Present::Never }
}

/// What keeps `minute`. The same minute again replaces its rows.
pub(crate) fn statements(cluster: &ClusterName, minute: &Minute) -> Vec<Statement> {
    let this = vec![Cell::text(cluster.as_str()), Cell::time(minute.at)];
    let gone = |sql| Statement::Execute(sql, this.clone());
    vec![
        gone("DELETE FROM nodes WHERE cluster = $1 AND at_ms = $2"),
        gone("DELETE FROM pods WHERE cluster = $1 AND at_ms = $2"),
        gone("DELETE FROM workloads WHERE cluster = $1 AND at_ms = $2"),
        Statement::Insert(Insert::new(&NODES, node_cells(&this, minute))),
        Statement::Insert(Insert::new(&WORKLOADS, workload_cells(&this, minute))),
        Statement::Insert(Insert::new(&PODS, pod_cells(&this, minute))),
    ]
}

fn node_cells(this: &[Cell], minute: &Minute) -> Vec<Vec<Cell>> {
    let cells = |row: &NodeRow| {
        let mut cells = this.to_vec();
        cells.push(Cell::key(&row.node));
        cells.extend(row.values.iter().map(|value| measured(*value)));
        cells
    };
    minute.nodes.iter().map(cells).collect()
}

fn workload_cells(this: &[Cell], minute: &Minute) -> Vec<Vec<Cell>> {
    let cells = |row: &WorkloadRow| {
        let mut cells = this.to_vec();
        cells.extend([
            Cell::key(&row.workload.namespace),
            Cell::text(row.workload.kind.as_str()),
            Cell::key(&row.workload.name),
        ]);
        cells.extend(row.values.iter().map(|value| measured(*value)));
        cells
    };
    minute.workloads.iter().map(cells).collect()
}

fn pod_cells(this: &[Cell], minute: &Minute) -> Vec<Vec<Cell>> {
    let nodes: BTreeMap<&str, &NodeValues> =
        minute.nodes.iter().map(|row| (row.node.as_str(), &row.values)).collect();
    let workloads: BTreeMap<&WorkloadId, &WorkloadValues> =
        minute.workloads.iter().map(|row| (&row.workload, &row.values)).collect();
    let (no_node, no_workload) =
        ([f32::NAN; NODE_COLUMNS.len()], [f32::NAN; WORKLOAD_COLUMNS.len()]);
    let cells = |row: &PodRow| {
        let node = row.node.as_deref().and_then(|node| nodes.get(node).copied());
        let workload = workloads.get(&row.workload).copied();
        let mut cells = Vec::with_capacity(PODS.columns.len());
        cells.extend_from_slice(this);
        cells.extend([
            Cell::key(&row.workload.namespace),
            Cell::key(&row.pod),
            Cell::some_key(row.node.as_deref()),
            Cell::key(&row.workload.name),
            Cell::text(row.workload.kind.as_str()),
            Cell::Text(None),
            Cell::Text(None),
            Cell::Int(None),
        ]);
        let values = row.values.iter().chain(node.unwrap_or(&no_node));
        let values = values.chain(workload.unwrap_or(&no_workload));
        cells.extend(values.map(|value| measured(*value)));
        cells
    };
    minute.pods.iter().map(cells).collect()
}

/// A measurement as the shortest decimal that means it, so that people read `0.3` on SQLite too, whose
/// numbers have 64 bits.
fn measured(value: f32) -> Cell {
    if !value.is_finite() {
        return Cell::Real(None);
    }
    if value.fract() == 0.0 {
        return Cell::Real(Some(value.into()));
    }
    Cell::Real(value.to_string().parse().ok())
}

/// A cluster and a span of time, as values.
pub(crate) fn within((cluster, span): (&ClusterName, TimeSpan)) -> Vec<Cell> {
    vec![Cell::text(cluster.as_str()), Cell::time(span.from), Cell::time(span.until)]
}

/// Rows of one node.
pub(crate) async fn node_rows(
    backend: &dyn Backend,
    place: (&ClusterName, TimeSpan),
    node: &str,
) -> Result<Vec<(Timestamp, NodeRow)>, StoreError> {
    let mut values = within(place);
    values.push(Cell::key(node));
    let rows = backend.query(&READ_NODES, values).await?;
    let read = |row| {
        let mut fields = Fields::new(row, About(backend.place(), "nodes"));
        let at = fields.time()?;
        Ok((at, NodeRow { node: fields.text()?, values: measurements(&mut fields)? }))
    };
    rows.into_iter().map(read).collect()
}

/// Rows of one workload.
pub(crate) async fn workload_rows(
    backend: &dyn Backend,
    place: (&ClusterName, TimeSpan),
    workload: &WorkloadId,
) -> Result<Vec<(Timestamp, WorkloadRow)>, StoreError> {
    let mut values = within(place);
    values.push(Cell::key(&workload.namespace));
    values.push(Cell::text(workload.kind.as_str()));
    values.push(Cell::key(&workload.name));
    let rows = backend.query(&READ_WORKLOADS, values).await?;
    let read = |row| {
        let mut fields = Fields::new(row, About(backend.place(), "workloads"));
        let at = fields.time()?;
        let namespace = fields.text()?;
        let kind = WorkloadKind::from_name(&fields.text()?);
        let workload = WorkloadId { namespace, kind, name: fields.text()? };
        Ok((at, WorkloadRow { workload, values: measurements(&mut fields)? }))
    };
    rows.into_iter().map(read).collect()
}

/// Rows of one pod.
pub(crate) async fn pod_rows(
    backend: &dyn Backend,
    place: (&ClusterName, TimeSpan),
    (namespace, pod): (&str, &str),
) -> Result<Vec<(Timestamp, StoredPodRow)>, StoreError> {
    let mut values = within(place);
    values.push(Cell::key(namespace));
    values.push(Cell::key(pod));
    let rows = backend.query(&READ_PODS, values).await?;
    rows.into_iter().map(|row| pod_row(row, About(backend.place(), "pods"))).collect()
}

fn pod_row(row: Vec<Cell>, about: About<'_>) -> Result<(Timestamp, StoredPodRow), StoreError> {
    let mut fields = Fields::new(row, about);
    let at = fields.time()?;
    let (namespace, pod, node, name) =
        (fields.text()?, fields.text()?, fields.some_text()?, fields.text()?);
    let kind = WorkloadKind::from_name(&fields.text()?);
    let known = |found: Option<RowLabel>, text: &str| {
        found.ok_or_else(|| about.damaged(&format!("`{text}` is no label")))
    };
    let label = match fields.some_text()? {
        None => None,
        Some(text) => {
            let found = RowLabel::ALL.into_iter().find(|label| label.as_str() == text);
            Some(known(found, &text)?)
        }
    };
    let kind_of_failure = match fields.some_text()? {
        None => None,
        Some(text) => {
            Some(text.parse::<FailureKind>().map_err(|error| about.damaged(&error.to_string()))?)
        }
    };
    let failed_at = fields.some_int()?.map(Timestamp::from_millis);
    let values: PodValues = measurements(&mut fields)?;
    let workload = WorkloadId { namespace, kind, name };
    let stored = StoredPodRow {
        row: PodRow { pod, node, workload, values },
        node_values: measurements(&mut fields)?,
        workload_values: measurements(&mut fields)?,
        label,
        failure: kind_of_failure.zip(failed_at),
    };
    Ok((at, stored))
}

fn measurements<const N: usize>(fields: &mut Fields<'_>) -> Result<[f32; N], StoreError> {
    let mut values = [f32::NAN; N];
    for value in &mut values {
        *value = fields.value()?;
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The columns of `table` in a migration, without those that databases make themselves.
    fn columns_of(sql: &str, table: &str) -> Vec<String> {
        let start = format!("CREATE TABLE {table} (");
        let body = sql.split_once(&start).unwrap().1.split_once("PRIMARY KEY").unwrap().0;
        body.lines()
            .filter(|line| !line.trim().is_empty() && !line.contains("GENERATED"))
            .map(|line| line.split_whitespace().next().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn the_tables_have_the_columns_that_are_written() {
        for (_, sql) in [crate::schema::SQLITE[0], crate::schema::POSTGRES[0]] {
            for target in [&*NODES, &*PODS, &*WORKLOADS] {
                assert_eq!(columns_of(sql, target.name), target.columns, "{}", target.name);
            }
        }
    }

    #[test]
    fn a_measurement_is_kept_as_people_write_it() {
        assert_eq!(measured(0.3), Cell::Real(Some(0.3)));
        assert_eq!(measured(2_147_483_648.0), Cell::Real(Some(2_147_483_648.0)));
        assert_eq!(measured(f32::NAN), Cell::Real(None));
    }
}
