//! Deletes what is older than it is to be kept.

use foresail_core::store::{ClusterName, Pruned, Retention, StoreError};
use foresail_core::{PlatformDuration, Timestamp};

use crate::backend::Backend;
use crate::blob;
use crate::cell::{About, Cell, Fields};
use crate::statement::Statement;

/// How much time one transaction deletes: after weeks without pruning none is long.
const STEP: PlatformDuration = PlatformDuration::from_seconds(6 * 3_600);

/// How the rows of a table grow old.
struct Aging {
    kept: fn(&Retention) -> PlatformDuration,
    /// The oldest row that may go, before `$2`.
    oldest: &'static str,
    /// Deletes those before `$2`.
    delete: &'static str,
}

macro_rules! aging {
    ($table:literal, $time:literal, $kept:ident, $only:literal) => {
        Aging {
            kept: |retention| retention.$kept,
            oldest: concat!(
                "SELECT MIN(",
                $time,
                ") FROM ",
                $table,
                " WHERE cluster = $1 AND ",
                $time,
                " < $2",
                $only
            ),
            delete: concat!(
                "DELETE FROM ",
                $table,
                " WHERE cluster = $1 AND ",
                $time,
                " < $2",
                $only
            ),
        }
    };
}

const TABLES: [Aging; 10] = [
    aging!("nodes", "at_ms", minutes, ""),
    aging!("pods", "at_ms", minutes, ""),
    aging!("workloads", "at_ms", minutes, ""),
    aging!("ticks", "at_ms", predictions, ""),
    aging!("predictions", "at_ms", predictions, ""),
    aging!("events", "observed_at_ms", events, ""),
    aging!("outcomes", "occurred_at_ms", incidents, ""),
    aging!("alarm_changes", "at_ms", incidents, ""),
    // An open alarm stays, and so does its evidence.
    aging!(
        "evidence",
        "since_ms",
        incidents,
        " AND NOT (subject = 'alarm' AND EXISTS (SELECT 1 FROM alarms WHERE alarms.cluster = evidence.cluster \
         AND alarms.raised_at_ms = evidence.since_ms AND alarms.alarm_id = evidence.number \
         AND alarms.cleared_at_ms IS NULL))"
    ),
    aging!("alarms", "raised_at_ms", incidents, " AND cleared_at_ms IS NOT NULL"),
];

/// Deletes what `retention` no longer keeps at `now`.
pub(crate) async fn prune(
    backend: &dyn Backend,
    cluster: &ClusterName,
    (now, retention): (Timestamp, &Retention),
) -> Result<Pruned, StoreError> {
    let mut rows = 0;
    for table in &TABLES {
        let end = now - (table.kept)(retention);
        let values = |until| vec![Cell::text(cluster.as_str()), Cell::time(until)];
        while let Some(row) = backend.query(table.oldest, values(end)).await?.into_iter().next() {
            let oldest = Fields::new(row, About(backend.place(), "times")).some_int()?;
            let Some(oldest) = oldest.map(Timestamp::from_millis) else { break };
            let until = end.min(oldest + STEP);
            rows += backend.apply(vec![Statement::Execute(table.delete, values(until))]).await?;
        }
    }
    if rows > 0 {
        backend.apply(vec![Statement::Execute(blob::SWEEP, Vec::new())]).await?;
    }
    Ok(Pruned { rows })
}
