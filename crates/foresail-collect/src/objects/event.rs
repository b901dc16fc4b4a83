//! `events.jsonl.gz`.

use std::path::Path;

use foresail_core::KubernetesEvent;
use serde::Deserialize;

use super::{change_of, in_order, observed, time};
use crate::error::RecordingError;
use crate::report::ReadReport;

#[derive(Debug, Deserialize)]
struct EventLine {
    t: f64,
    #[serde(rename = "type")]
    change: String,
    etype: Option<String>,
    reason: Option<String>,
    message: Option<String>,
    kind: Option<String>,
    ns: Option<String>,
    name: Option<String>,
    uid: Option<String>,
    field: Option<String>,
    count: Option<u64>,
    first: Option<String>,
    last: Option<String>,
    event_time: Option<String>,
    source: Option<String>,
}

/// Reads the events, in order of observation.
pub(crate) fn read_events(
    path: &Path,
    report: &mut ReadReport,
) -> Result<Vec<KubernetesEvent>, RecordingError> {
    let mut events = Vec::new();
    crate::lines::read_lines(path, |line: EventLine| {
        events.push(event(line)?);
        Ok(())
    })?;
    Ok(in_order(events, path, report))
}

fn event(line: EventLine) -> Result<KubernetesEvent, String> {
    Ok(KubernetesEvent {
        observed_at: observed(line.t)?,
        change: change_of(&line.change)?,
        event_type: line.etype.unwrap_or_default(),
        reason: line.reason.unwrap_or_default(),
        message: line.message.unwrap_or_default(),
        object_kind: line.kind.unwrap_or_default(),
        namespace: line.ns.unwrap_or_default(),
        name: line.name.unwrap_or_default(),
        uid: line.uid,
        field: line.field,
        count: line.count,
        first: time(line.first.as_deref())?,
        last: time(line.last.as_deref())?,
        event_time: time(line.event_time.as_deref())?,
        source: line.source,
    })
}
