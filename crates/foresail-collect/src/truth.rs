//! `truth.jsonl`: what was injected. For the analysis of results only.

use std::collections::BTreeMap;
use std::path::Path;

use foresail_core::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::error::RecordingError;
use crate::lines::read_lines;

/// Whether an episode was meant to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EpisodeClass {
    /// A fault.
    Fault,
    /// A look-alike.
    Benign,
}

/// One injected episode: its start, end and everything between merged.
#[derive(Clone, Debug, PartialEq)]
pub struct Episode {
    /// Id in the recording.
    pub id: String,
    /// What it was meant to be.
    pub class: EpisodeClass,
    /// What it turned out to be, where the recording says so; trust this one.
    pub observed_class: Option<EpisodeClass>,
    /// Such as `mem_leak`.
    pub kind: String,
    /// Family of indicators, such as `memory`.
    pub signature: Option<String>,
    /// `pod` or `workload`.
    pub scope: Option<String>,
    /// Namespace of the target.
    pub namespace: String,
    /// Name of the target workload.
    pub workload: String,
    /// Pods of the target.
    pub pods: Vec<String>,
    /// When it began.
    pub start: Timestamp,
    /// When it ended.
    pub end: Option<Timestamp>,
    /// When it was to end.
    pub planned_end: Option<Timestamp>,
    /// Whether it develops slowly, where the recording says so.
    pub slow: Option<bool>,
    /// Seconds of warning before a crash or deadlock (`params.warn`).
    pub warn: Option<f64>,
    /// When its target first failed.
    pub failed_at: Option<Timestamp>,
    /// As what.
    pub failed_as: Option<String>,
    /// When an operator undid it.
    pub undone_at: Option<Timestamp>,
    /// Whether that was before it failed.
    pub undone_before_failure: Option<bool>,
    /// How it ended, in words.
    pub resolution: Option<String>,
}

#[derive(Debug, Deserialize)]
struct TruthLine {
    event: String,
    id: String,
    t: f64,
    cls: Option<String>,
    cls_observed: Option<String>,
    kind: Option<String>,
    signature: Option<String>,
    scope: Option<String>,
    ns: Option<String>,
    deployment: Option<String>,
    pods: Option<Vec<String>>,
    params: Option<Value>,
    planned_end: Option<f64>,
    slow: Option<bool>,
    failure: Option<FailurePart>,
    first_failure: Option<FailurePart>,
    before_failure: Option<bool>,
    undone_before_failure: Option<bool>,
    observed: Option<BTreeMap<String, Value>>,
    resolution: Option<String>,
}

#[derive(Debug, Deserialize)]
struct FailurePart {
    t: Option<f64>,
    kind: Option<String>,
}

/// Reads the episodes in order of their start; `None` if there is no such file.
pub(crate) fn read_truth(path: &Path) -> Result<Option<Vec<Episode>>, RecordingError> {
    if !path.exists() {
        return Ok(None);
    }
    let mut episodes: BTreeMap<String, Episode> = BTreeMap::new();
    read_lines(path, |line: TruthLine| {
        if line.event == "start" {
            let episode = start(line)?;
            episodes.insert(episode.id.clone(), episode);
        } else if let Some(episode) = episodes.get_mut(&line.id) {
            episode.add(line)?;
        } else {
            return Err(format!("episode `{}` has `{}` before its start", line.id, line.event));
        }
        Ok(())
    })?;
    let mut episodes: Vec<Episode> = episodes.into_values().collect();
    episodes.sort_by(|a, b| (a.start, &a.id).cmp(&(b.start, &b.id)));
    Ok(Some(episodes))
}

fn start(line: TruthLine) -> Result<Episode, String> {
    let missing = |field: &str| format!("episode `{}` lacks `{field}`", line.id);
    let class = line.cls.as_deref().ok_or_else(|| missing("cls"))?;
    Ok(Episode {
        class: class_of(class)?,
        observed_class: None,
        kind: line.kind.clone().ok_or_else(|| missing("kind"))?,
        signature: line.signature.clone(),
        scope: line.scope.clone(),
        namespace: line.ns.clone().ok_or_else(|| missing("ns"))?,
        workload: line.deployment.clone().ok_or_else(|| missing("deployment"))?,
        pods: line.pods.clone().unwrap_or_default(),
        start: seconds(line.t)?,
        end: None,
        planned_end: line.planned_end.map(seconds).transpose()?,
        slow: line.slow,
        warn: line.params.as_ref().and_then(|params| params.get("warn")).and_then(Value::as_f64),
        failed_at: None,
        failed_as: None,
        undone_at: None,
        undone_before_failure: None,
        resolution: None,
        id: line.id,
    })
}

// === impl Episode ===

impl Episode {
    fn add(&mut self, line: TruthLine) -> Result<(), String> {
        if let Some(class) = line.cls_observed.as_deref() {
            self.observed_class = Some(class_of(class)?);
        }
        match line.event.as_str() {
            "end" => {
                // The first version has no `cls_observed`: a look-alike after which something was
                // observed to fail has killed after all.
                let killed = line.observed.is_some_and(|observed| !observed.is_empty());
                if killed && self.class == EpisodeClass::Benign {
                    self.observed_class.get_or_insert(EpisodeClass::Fault);
                }
                self.end = Some(seconds(line.t)?);
                self.resolution = line.resolution;
                self.undone_before_failure =
                    line.undone_before_failure.or(self.undone_before_failure);
            }
            "undone" => {
                self.undone_at = Some(seconds(line.t)?);
                self.undone_before_failure = line.before_failure;
            }
            _ => {}
        }
        if let Some(failure) = line.failure.or(line.first_failure)
            && self.failed_at.is_none()
        {
            self.failed_at = failure.t.map(seconds).transpose()?;
            self.failed_as = failure.kind;
        }
        for pod in line.pods.into_iter().flatten() {
            if !self.pods.contains(&pod) {
                self.pods.push(pod);
            }
        }
        Ok(())
    }
}

fn class_of(text: &str) -> Result<EpisodeClass, String> {
    match text {
        "fault" => Ok(EpisodeClass::Fault),
        "benign" => Ok(EpisodeClass::Benign),
        other => Err(format!("class `{other}` is neither `fault` nor `benign`")),
    }
}

fn seconds(value: f64) -> Result<Timestamp, String> {
    Timestamp::from_epoch_seconds(value)
        .ok_or_else(|| format!("`{value}` is not a time in seconds"))
}
