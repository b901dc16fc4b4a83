//! Bytes by their SHA-256: restart points, evidence, and the files of models.
//!
//! They are kept in parts, so that no statement grows with them, once each, and are checked when they
//! are read. A transaction that lets go of some deletes those that nothing names any more.

use foresail_core::store::{ClusterName, Evidence, EvidenceOf, RestartPoint, StoreError};
use sha2::{Digest, Sha256};

use crate::backend::Backend;
use crate::cell::{About, Cell, Fields, pack, unpack};
use crate::statement::{Insert, Present, Statement, Target};
use crate::text::hex;

static BLOBS: Target = Target {
    name: "blobs",
    columns: &["sha256", "part", "bytes"],
    key: 2,
    present: Present::Stays,
};

static EVIDENCE: Target = Target {
    name: "evidence",
    columns: &[
        "cluster",
        "subject",
        "since_ms",
        "number",
        "copied_at_ms",
        "series",
        "events",
        "logs",
        "sha256",
    ],
    key: 4,
    present: Present::Replaced,
};

static SNAPSHOTS: Target = Target {
    name: "snapshots",
    columns: &["cluster", "at_ms", "format", "state_sha256", "assessment_sha256"],
    key: 2,
    present: Present::Replaced,
};

/// Length of a part.
const PART: usize = 1 << 20;

/// Parts of one statement: what a connection holds in memory beside the bytes themselves.
const PARTS_AT_ONCE: usize = 8;

/// Deletes what nothing names any more.
pub(crate) const SWEEP: &str = "DELETE FROM blobs WHERE sha256 NOT IN (SELECT sha256 FROM models \
    UNION SELECT sha256 FROM evidence UNION SELECT state_sha256 FROM snapshots \
    UNION SELECT assessment_sha256 FROM snapshots)";

/// Of a cluster's restart points, this and the newest before it stay.
const FORGET_SNAPSHOTS: &str = "DELETE FROM snapshots WHERE cluster = $1 AND at_ms <> $2 \
    AND at_ms < (SELECT MAX(at_ms) FROM snapshots WHERE cluster = $1 AND at_ms < $2)";

/// What keeps `bytes`, and the name they are kept under.
pub(crate) fn put(bytes: &[u8]) -> (String, Vec<Statement>) {
    let sha256 = hex(&Sha256::digest(bytes));
    let mut rows: Vec<Vec<Cell>> = bytes
        .chunks(PART)
        .enumerate()
        .map(|(part, bytes)| {
            vec![Cell::text(&sha256), Cell::len(part), Cell::Bytes(bytes.to_vec())]
        })
        .collect();
    let mut statements = Vec::new();
    while !rows.is_empty() {
        let rest = rows.split_off(rows.len().min(PARTS_AT_ONCE));
        statements.push(Statement::Insert(Insert::new(&BLOBS, rows)));
        rows = rest;
    }
    (sha256, statements)
}

/// The bytes kept under `sha256`.
pub(crate) async fn get(
    backend: &dyn Backend,
    sha256: &str,
    what: &'static str,
) -> Result<Vec<u8>, StoreError> {
    let about = About(backend.place(), what);
    let sql = "SELECT bytes FROM blobs WHERE sha256 = $1 ORDER BY part";
    let mut all = Vec::new();
    for row in backend.query(sql, vec![Cell::text(sha256)]).await? {
        all.append(&mut Fields::new(row, about).bytes()?);
    }
    if hex(&Sha256::digest(&all)) == sha256 {
        Ok(all)
    } else {
        Err(about.damaged("its bytes are not those that were written"))
    }
}

/// What keeps a restart point.
pub(crate) fn keep_restart_point(cluster: &ClusterName, point: &RestartPoint) -> Vec<Statement> {
    let (state, mut statements) = put(&point.state);
    let (assessment, more) = put(&point.assessment);
    statements.extend(more);
    let this = [Cell::text(cluster.as_str()), Cell::time(point.at)];
    let names = [Cell::text(&point.format), Cell::text(&state), Cell::text(&assessment)];
    let row = [this.as_slice(), &names].concat();
    statements.push(Statement::Insert(Insert::new(&SNAPSHOTS, vec![row])));
    statements.push(Statement::Execute(FORGET_SNAPSHOTS, this.to_vec()));
    statements.push(Statement::Execute(SWEEP, Vec::new()));
    statements
}

/// The newest restart point whose bytes are whole.
pub(crate) async fn restart_point(
    backend: &dyn Backend,
    cluster: &ClusterName,
) -> Result<Option<RestartPoint>, StoreError> {
    let what = "restart point";
    let sql = "SELECT at_ms, format, state_sha256, assessment_sha256 FROM snapshots \
        WHERE cluster = $1 ORDER BY at_ms DESC";
    let mut damaged = None;
    for row in backend.query(sql, vec![Cell::text(cluster.as_str())]).await? {
        let mut fields = Fields::new(row, About(backend.place(), what));
        let (at, format) = (fields.time()?, fields.text()?);
        let (state, assessment) = (fields.text()?, fields.text()?);
        match (get(backend, &state, what).await, get(backend, &assessment, what).await) {
            (Ok(state), Ok(assessment)) => {
                return Ok(Some(RestartPoint { at, format, state, assessment }));
            }
            (Err(error @ StoreError::Corrupt { .. }), _)
            | (_, Err(error @ StoreError::Corrupt { .. })) => damaged = Some(error),
            (Err(error), _) | (_, Err(error)) => return Err(error),
        }
    }
    damaged.map_or(Ok(None), Err)
}

/// Subject, time and number of what evidence belongs to.
fn subject(of: EvidenceOf) -> [Cell; 3] {
    match of {
        EvidenceOf::Alarm { id, raised_at } => {
            [Cell::text("alarm"), Cell::time(raised_at), Cell::count(id.0)]
        }
        EvidenceOf::Incident { number, occurred_at } => {
            [Cell::text("incident"), Cell::time(occurred_at), Cell::int(number.into())]
        }
    }
}

/// What keeps evidence.
pub(crate) fn keep_evidence(cluster: &ClusterName, evidence: &Evidence) -> Vec<Statement> {
    let (sha256, mut statements) = put(&pack(evidence));
    let mut row = vec![Cell::text(cluster.as_str())];
    row.extend(subject(evidence.of));
    row.extend([
        Cell::time(evidence.copied_at),
        Cell::len(evidence.series.len()),
        Cell::len(evidence.events.len()),
        Cell::len(evidence.logs.len()),
        Cell::text(&sha256),
    ]);
    statements.push(Statement::Insert(Insert::new(&EVIDENCE, vec![row])));
    statements.push(Statement::Execute(SWEEP, Vec::new()));
    statements
}

/// The evidence of an alarm or incident.
pub(crate) async fn evidence(
    backend: &dyn Backend,
    cluster: &ClusterName,
    of: EvidenceOf,
) -> Result<Option<Evidence>, StoreError> {
    let sql = "SELECT sha256 FROM evidence \
        WHERE cluster = $1 AND subject = $2 AND since_ms = $3 AND number = $4";
    let mut values = vec![Cell::text(cluster.as_str())];
    values.extend(subject(of));
    let Some(row) = backend.query(sql, values).await?.into_iter().next() else { return Ok(None) };
    let about = About(backend.place(), "evidence");
    let sha256 = Fields::new(row, about).text()?;
    let bytes = get(backend, &sha256, "evidence").await?;
    unpack(&bytes, about).map(Some)
}
