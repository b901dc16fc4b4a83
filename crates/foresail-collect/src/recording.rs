//! A recording, read strictly and held compactly.
//!
//! ```text
//!  samples/*.parquet ──> series that something reads ──> resolved samples ─┐
//!  pods, workloads, nodes, events, logs, volumes ──────────────────────────┼──> Replay ──> Batch per tick
//!  recording.json (format, span, hashes) ──> checked first                 ┘
//! ```

mod assemble;
mod calls;
mod parquet;
mod samples;
mod tables;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use foresail_core::{
    KubernetesEvent, Object, ObjectChange, PlatformDuration, TimeScale, Timestamp,
};

use assemble::{Assembled, Span};
pub(crate) use calls::{Pause, counts_requests_to_others};
pub(crate) use parquet::{ParquetFile, is_text, text_dictionary, utc_millis};
pub(crate) use samples::{COLUMNS, TextColumns, in_format, sample_files};
use tables::Logs;
pub use tables::NotedFailure;
#[cfg(test)]
pub(crate) use {assemble::SideSeries, samples::read_samples, tables::read_volumes};

use crate::error::RecordingError;
use crate::manifest::Manifest;
use crate::objects::{Observed, read_events, read_nodes, read_pods, read_workloads};
use crate::replay::{Replay, ReplayOptions};
use crate::report::{ReadReport, Repair, RepairKind};
use crate::resolve::{Resolver, Sole, SoleContainers};
use crate::truth::{Episode, read_truth};

/// How to open a recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenOptions {
    /// What to check before reading.
    pub verify: Verify,
}

/// What to check before reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verify {
    /// Every file against the hash in the manifest.
    #[default]
    Hashes,
    /// Nothing, when the caller has just done so.
    Nothing,
}

/// A recording: resolved samples, object changes, events and log lines.
#[derive(Debug)]
pub struct Recording {
    pub(crate) manifest: Manifest,
    pub(crate) span: Span,
    pub(crate) assembled: Assembled,
    /// Pods, workloads and nodes, by observation.
    pub(crate) objects: Vec<ObjectChange>,
    pub(crate) events: Vec<KubernetesEvent>,
    pub(crate) logs: Logs,
    pub(crate) episodes: Option<Vec<Episode>>,
    pub(crate) failures: Option<Vec<NotedFailure>>,
    pub(crate) report: ReadReport,
}

// === impl Recording ===

impl Recording {
    /// Opens the recording in `dir`.
    ///
    /// # Errors
    /// Whatever is missing, damaged, of another format or changed since it was written; the error
    /// names file, place and reason. A recording without pods is refused; one without samples is not.
    pub fn open(dir: &Path, options: &OpenOptions) -> Result<Self, RecordingError> {
        let manifest = Manifest::read(dir)?;
        if options.verify == Verify::Hashes {
            manifest.verify(dir)?;
        }
        let span = Span {
            started_at: manifest.started_at,
            ended_at: manifest.ended_at,
            interval: manifest.scrape_interval(),
        };
        let mut report = ReadReport::default();
        let pods_path = dir.join("pods.jsonl.gz");
        if !pods_path.exists() {
            let reason = "a recording needs its pods";
            return Err(RecordingError::MissingFile { path: pods_path, reason });
        }
        let mut objects = read_pods(&pods_path, &mut report)?;
        let Some(first) = objects.first().map(|change| change.observed_at) else {
            return Err(RecordingError::NoPods { path: pods_path });
        };
        within(&mut objects, "pods.jsonl.gz", &span, &mut report);
        if objects.is_empty() {
            let (started_at, ended_at) = (span.started_at, span.ended_at);
            let path = pods_path;
            return Err(RecordingError::OtherTime { path, first, started_at, ended_at });
        }
        let resolver = Arc::new(Resolver::new(sole_containers(&objects)));
        let files = sample_files(dir)?;
        let groups = samples::read_samples(&files, &resolver)?;
        let side = tables::read_volumes(&dir.join("volumes.parquet"), &span, &mut report)?;
        let assembled = assemble::assemble(groups, side, &span, &mut report);
        let mut workloads = read_workloads(&dir.join("workloads.jsonl.gz"), &mut report)?;
        within(&mut workloads, "workloads.jsonl.gz", &span, &mut report);
        let mut nodes = read_nodes(&dir.join("nodes.jsonl.gz"), &mut report)?;
        within(&mut nodes, "nodes.jsonl.gz", &span, &mut report);
        objects.extend(workloads.into_iter().chain(nodes));
        objects.sort_by_key(|change| change.observed_at);
        let mut events = read_events(&dir.join("events.jsonl.gz"), &mut report)?;
        within(&mut events, "events.jsonl.gz", &span, &mut report);
        Ok(Self {
            events,
            logs: tables::read_logs(&dir.join("logs.parquet"), &mut report)?,
            episodes: read_truth(&dir.join("truth.jsonl"))?,
            failures: tables::read_failures(&dir.join("failures.parquet"))?,
            manifest,
            span,
            assembled,
            objects,
            report,
        })
    }

    /// Name of the recording.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.manifest.name
    }

    /// The cluster that was recorded.
    #[must_use]
    pub fn cluster(&self) -> &str {
        &self.manifest.cluster
    }

    /// All that the recording says about itself.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// How much faster than in production faults develop.
    #[must_use]
    pub const fn time_scale(&self) -> TimeScale {
        self.manifest.time_scale
    }

    /// Between two scrapes.
    #[must_use]
    pub const fn scrape_interval(&self) -> PlatformDuration {
        self.span.interval
    }

    /// When recording began.
    #[must_use]
    pub const fn started_at(&self) -> Timestamp {
        self.span.started_at
    }

    /// When it ended.
    #[must_use]
    pub const fn ended_at(&self) -> Timestamp {
        self.span.ended_at
    }

    /// SHA-256 of each file, by its path in the recording.
    #[must_use]
    pub const fn hashes(&self) -> &BTreeMap<String, String> {
        &self.manifest.sha256
    }

    /// What reading found, repaired and left out.
    #[must_use]
    pub const fn report(&self) -> &ReadReport {
        &self.report
    }

    /// Injected episodes; `None` without `truth.jsonl`. Never an input of judgement.
    #[must_use]
    pub fn episodes(&self) -> Option<&[Episode]> {
        self.episodes.as_deref()
    }

    /// Failures as the recording script noted them; `None` without `failures.parquet`.
    #[must_use]
    pub fn noted_failures(&self) -> Option<&[NotedFailure]> {
        self.failures.as_deref()
    }

    /// The recording as it would have arrived live, tick by tick.
    #[must_use]
    pub fn replay(&self, options: ReplayOptions) -> Replay<'_> {
        Replay::new(self, options)
    }
}

/// The container of each pod that has just one, for series that name only the pod: from when that
/// was observed on. `pods` are in order of observation.
pub(crate) fn sole_containers(pods: &[ObjectChange]) -> SoleContainers {
    let mut sole = SoleContainers::new();
    for change in pods {
        let Object::Pod(pod) = &change.object else { continue };
        let mut main = pod.containers.iter().filter(|container| !container.init);
        let Some(first) = main.next() else { continue };
        let container = main.next().is_none().then(|| first.name.clone());
        let known = sole.entry((pod.namespace.clone(), pod.name.clone())).or_default();
        if known.last().is_none_or(|last| last.container != container) {
            known.push(Sole { since: change.observed_at.as_millis(), container });
        }
    }
    sole
}

/// Drops what was observed too far outside the recording to belong to it, and counts it.
fn within<T: Observed>(items: &mut Vec<T>, file: &str, span: &Span, report: &mut ReadReport) {
    items.retain(|item| {
        let at = item.observed_at();
        let inside = span.offset(at.as_millis()).is_some();
        if !inside {
            let (file, series) = (file.to_owned(), "lines".to_owned());
            report.repair(RepairKind::OutsideSpan, Repair { count: 1, file, series, at: Some(at) });
        }
        inside
    });
}
