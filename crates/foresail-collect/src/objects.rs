//! Lines of the object files become core objects.
//!
//! Older recordings lack most of the spec: what is missing stays `None` or empty. What a line leaves
//! out because it did not change (`null`) is carried on from the object's earlier lines.

mod event;
pub(crate) mod pod;
pub(crate) mod spec;
mod workload;

use std::path::Path;

use foresail_core::{
    ChangeKind, Condition, ConditionStatus, KubernetesEvent, ObjectChange, Timestamp,
};
use serde::Deserialize;

use crate::error::RecordingError;
use crate::report::{ReadReport, Repair, RepairKind};

pub(crate) use event::read_events;
pub(crate) use pod::read_pods;
pub(crate) use workload::{read_nodes, read_workloads};

/// A condition as the API writes it.
#[derive(Debug, Deserialize)]
pub(crate) struct ConditionLine {
    #[serde(rename = "type")]
    kind: String,
    status: Option<String>,
    reason: Option<String>,
    message: Option<String>,
    #[serde(rename = "lastTransitionTime")]
    last_transition: Option<String>,
}

// === impl ConditionLine ===

impl ConditionLine {
    pub(crate) fn condition(self) -> Result<Condition, String> {
        Ok(Condition {
            status: status_of(self.status.as_deref()),
            kind: self.kind,
            reason: self.reason,
            message: self.message,
            last_transition: time(self.last_transition.as_deref())?,
        })
    }
}

fn status_of(text: Option<&str>) -> ConditionStatus {
    match text {
        Some("True") => ConditionStatus::True,
        Some("False") => ConditionStatus::False,
        Some(_) | None => ConditionStatus::Unknown,
    }
}

fn change_of(text: &str) -> Result<ChangeKind, String> {
    Ok(match text {
        "LIST" => ChangeKind::Listed,
        "ADDED" => ChangeKind::Added,
        "MODIFIED" => ChangeKind::Modified,
        "DELETED" => ChangeKind::Deleted,
        other => {
            return Err(format!("field `type` is `{other}`, not LIST, ADDED, MODIFIED or DELETED"));
        }
    })
}

/// An instant in RFC 3339, if there is one.
pub(crate) fn time(text: Option<&str>) -> Result<Option<Timestamp>, String> {
    text.filter(|text| !text.is_empty())
        .map(|text| text.parse::<Timestamp>().map_err(|error| error.to_string()))
        .transpose()
}

/// When a line was observed.
fn observed(seconds: f64) -> Result<Timestamp, String> {
    Timestamp::from_epoch_seconds(seconds)
        .ok_or_else(|| format!("field `t` is `{seconds}`, not a time in seconds"))
}

/// Something with a time of observation.
pub(crate) trait Observed {
    /// When it was observed.
    fn observed_at(&self) -> Timestamp;
}

impl Observed for ObjectChange {
    fn observed_at(&self) -> Timestamp {
        self.observed_at
    }
}

impl Observed for KubernetesEvent {
    fn observed_at(&self) -> Timestamp {
        self.observed_at
    }
}

/// Puts observations in order of time; lines that run backwards are counted.
pub(crate) fn in_order<T: Observed>(
    mut items: Vec<T>,
    path: &Path,
    report: &mut ReadReport,
) -> Vec<T> {
    let backwards: Vec<Timestamp> = items
        .windows(2)
        .filter(|pair| pair[1].observed_at() < pair[0].observed_at())
        .map(|pair| pair[1].observed_at())
        .collect();
    if let Some(first) = backwards.first() {
        let file = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let example = Repair {
            count: backwards.len() as u64,
            file,
            series: "lines".to_owned(),
            at: Some(*first),
        };
        report.repair(RepairKind::Backwards, example);
        items.sort_by_key(Observed::observed_at);
    }
    items
}

/// Reads a file of objects into changes in order of observation.
fn read_changes<T: serde::de::DeserializeOwned>(
    path: &Path,
    report: &mut ReadReport,
    mut each: impl FnMut(T) -> Result<ObjectChange, String>,
) -> Result<Vec<ObjectChange>, RecordingError> {
    let mut changes = Vec::new();
    crate::lines::read_lines(path, |line: T| {
        changes.push(each(line)?);
        Ok(())
    })?;
    Ok(in_order(changes, path, report))
}
