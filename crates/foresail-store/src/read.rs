//! Questions about ticks: predictions, alarms, outcomes, events.

use foresail_core::store::{AlarmFilter, ClusterName, StoreError, TimeSpan};
use foresail_core::{Alarm, Outcome, Timestamp};
use serde::de::DeserializeOwned;

use crate::backend::Backend;
use crate::cell::{About, Cell, Fields};
use crate::minute::within;

/// A question for `detail`, and what it is about.
pub(crate) type Question = (&'static str, &'static str);

/// Predictions made in a span.
pub(crate) const PREDICTIONS: Question = (
    "SELECT detail FROM predictions WHERE cluster = $1 AND at_ms >= $2 AND at_ms < $3 ORDER BY at_ms, position",
    "predictions",
);

/// Events observed in a span.
pub(crate) const EVENTS: Question = (
    "SELECT detail FROM events WHERE cluster = $1 AND observed_at_ms >= $2 AND observed_at_ms < $3 ORDER BY observed_at_ms, id",
    "events",
);

const OUTCOMES: Question = (
    "SELECT detail FROM outcomes WHERE cluster = $1 AND occurred_at_ms >= $2 AND occurred_at_ms < $3",
    "outcomes",
);

const OPEN_ALARMS: &str = "SELECT detail, cleared_at_ms FROM alarms \
    WHERE cluster = $1 AND cleared_at_ms IS NULL ORDER BY raised_at_ms, alarm_id";

const RAISED_ALARMS: &str = "SELECT detail, cleared_at_ms FROM alarms \
    WHERE cluster = $1 AND raised_at_ms >= $2 AND raised_at_ms < $3 ORDER BY raised_at_ms, alarm_id";

/// What `question` says of a span.
pub(crate) async fn details<T: DeserializeOwned>(
    backend: &dyn Backend,
    (sql, about): Question,
    place: (&ClusterName, TimeSpan),
) -> Result<Vec<T>, StoreError> {
    let rows = backend.query(sql, within(place)).await?;
    let read = |row| Fields::new(row, About(backend.place(), about)).detail();
    rows.into_iter().map(read).collect()
}

/// Outcomes of a span, by time, kind and unit. Databases sort texts in many ways; this is one.
pub(crate) async fn outcomes(
    backend: &dyn Backend,
    cluster: &ClusterName,
    span: TimeSpan,
) -> Result<Vec<Outcome>, StoreError> {
    let mut found: Vec<Outcome> = details(backend, OUTCOMES, (cluster, span)).await?;
    found.sort_by(|a, b| {
        (a.occurred_at, a.kind, &a.unit, &a.pod).cmp(&(b.occurred_at, b.kind, &b.unit, &b.pod))
    });
    Ok(found)
}

/// Alarms as they were last said.
pub(crate) async fn alarms(
    backend: &dyn Backend,
    cluster: &ClusterName,
    filter: AlarmFilter,
) -> Result<Vec<Alarm>, StoreError> {
    let rows = match filter {
        AlarmFilter::Open => backend.query(OPEN_ALARMS, vec![Cell::text(cluster.as_str())]).await?,
        AlarmFilter::Raised(span) => backend.query(RAISED_ALARMS, within((cluster, span))).await?,
    };
    let read = |row| {
        let mut fields = Fields::new(row, About(backend.place(), "alarms"));
        let mut alarm: Alarm = fields.detail()?;
        alarm.cleared_at = fields.some_int()?.map(Timestamp::from_millis);
        Ok(alarm)
    };
    rows.into_iter().map(read).collect()
}

/// Time of the last tick.
pub(crate) async fn last_tick(
    backend: &dyn Backend,
    cluster: &ClusterName,
) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT MAX(at_ms) FROM ticks WHERE cluster = $1";
    let rows = backend.query(sql, vec![Cell::text(cluster.as_str())]).await?;
    match rows.into_iter().next() {
        None => Ok(None),
        Some(row) => {
            let last = Fields::new(row, About(backend.place(), "ticks")).some_int()?;
            Ok(last.map(Timestamp::from_millis))
        }
    }
}
