//! History that a metrics server already holds becomes a recording.
//!
//! ```text
//!  names that are there ──> family by family, window by window: `family{selector}[window]`
//!                               │ raw samples, at their own times
//!               ┌───────────────┴────────────────┐
//!               v                                v
//!       samples/<family>.parquet     runs of kube-state-metrics ──> pods, workloads, nodes
//! ```
//! A window is as long as a series' points and all samples of one query allow; where the server says
//! that it is too much, it is halved. A family that cannot be had is named, and the rest goes on.

pub(crate) mod columns;
mod samples;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use foresail_core::{PlatformDuration, TimeScale, Timestamp};

use super::answer::{Answer, Receive, Series};
use super::catalogue::{Known, NEEDED, OBJECT_FAMILIES, sample_families};
use super::client::Client;
use super::error::PrometheusError;
use super::objects::{self, ObjectCounts, ObjectLines};
use super::runs::ObjectStore;
use crate::error::RecordingError;
use crate::manifest::Manifest;
use crate::write::{SampleFile, write_lines, write_manifest};
use columns::Window;

pub use samples::record_samples;

/// Samples that one query may give; Prometheus refuses 50 million, and each takes 16 bytes here.
const SAMPLES_A_QUERY: f64 = 2_000_000.0;

/// Longest window of one query, so that a scrape each second stays below 11,000 points.
const LONGEST_WINDOW: PlatformDuration = PlatformDuration::from_seconds(3 * 3_600);

/// A family that gives too much even in this time is left out.
const SHORTEST_WINDOW: PlatformDuration = PlatformDuration::from_seconds(60);

/// Families that tell how often containers are scraped. cAdvisor puts its own, later times on the
/// samples of most others.
pub(crate) const SCRAPED_CONTAINERS: [&str; 3] = [
    "container_start_time_seconds",
    "container_spec_memory_limit_bytes",
    "container_memory_working_set_bytes",
];

/// Series from which the scrape interval is told.
const INTERVAL_SERIES: usize = 50;

/// Labels by which servers tell clusters apart.
const CLUSTER_LABELS: [&str; 2] = ["cluster", "k8s_cluster_name"];

/// What to record.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryOptions {
    /// Matchers that every query holds, such as `cluster="a"`; empty for all series.
    pub selector: String,
    /// First and last instant.
    pub span: (Timestamp, Timestamp),
    /// How much faster than in production faults develop there.
    pub time_scale: TimeScale,
    /// Name of the recording.
    pub name: String,
    /// Name of the cluster.
    pub cluster: String,
}

/// What was had of one metric family.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FamilyHistory {
    /// The family.
    pub family: String,
    /// Series in the window that had most.
    pub series: usize,
    /// Samples.
    pub samples: u64,
    /// First and last sample.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Series left out, because they are too long or cannot be read.
    pub left_out: u64,
    /// Why it is missing or incomplete.
    pub problem: Option<String>,
}

/// What a recording of history holds, and what it cannot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Families that the server has, in order of name.
    pub families: Vec<FamilyHistory>,
    /// Families that tell about objects and that the server lacks.
    pub missing_object_families: Vec<&'static str>,
    /// Objects that were put together.
    pub objects: ObjectCounts,
    /// Between two scrapes of containers.
    pub scrape_interval: PlatformDuration,
    /// Between two scrapes of kube-state-metrics: what is shorter may be missing.
    pub object_interval: PlatformDuration,
    /// What the server warned of.
    pub warnings: Vec<String>,
}

/// Why there is no recording.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The server did not answer.
    #[error(transparent)]
    Prometheus(#[from] PrometheusError),
    /// A file could not be written.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// Nothing tells which pods there were.
    #[error(
        "`{url}` has no `{family}` from {start} to {end}: kube-state-metrics is not scraped there, was not yet, or `--selector` leaves it out"
    )]
    NoObjects {
        /// The server.
        url: String,
        /// A family without which there are no pods.
        family: &'static str,
        /// Begin of the span.
        start: Timestamp,
        /// End of the span.
        end: Timestamp,
    },
    /// Pods of several clusters cannot be told apart.
    #[error(
        "`{url}` holds several clusters: choose one by `--selector '{label}=\"{first}\"'` (also there: {others})"
    )]
    SeveralClusters {
        /// The server.
        url: String,
        /// Label that tells them apart.
        label: &'static str,
        /// One of them.
        first: String,
        /// Some of the others.
        others: String,
    },
    /// The folder holds something.
    #[error("`{dir}` is not empty: a recording needs a folder of its own", dir = dir.display())]
    NotEmpty {
        /// The folder.
        dir: PathBuf,
    },
}

// === impl HistoryError ===

impl HistoryError {
    /// Whether the environment is at fault (network, permission, disk) and not what was asked for.
    #[must_use]
    pub fn is_environment(&self) -> bool {
        match self {
            Self::Prometheus(error) => error.is_environment(),
            Self::Recording(error) => error.is_environment(),
            Self::NoObjects { .. } | Self::SeveralClusters { .. } | Self::NotEmpty { .. } => false,
        }
    }
}

/// Step of the work, for a progress line: family, families done, families in all.
pub type OnFamily<'a> = &'a (dyn Fn(&str, usize, usize) + Sync);

/// Writes what the server holds of the span as a recording into `dir`, a new or empty folder.
///
/// # Errors
/// Why there is none. A family that cannot be had is no error but stands in the answer.
pub async fn record_history(
    client: &Client,
    options: &HistoryOptions,
    dir: &Path,
    on_family: OnFamily<'_>,
) -> Result<History, HistoryError> {
    prepare(dir)?;
    let (start, end) = options.span;
    let known = families(client, options).await?;
    let absent = |family: &&&str| !known.contains(**family);
    if let Some(family) = NEEDED.iter().find(absent) {
        return Err(HistoryError::NoObjects { url: client.base(), family, start, end });
    }
    one_cluster(client, options).await?;
    let mut history = intervals(client, options, &known).await?;
    history.missing_object_families = OBJECT_FAMILIES.iter().filter(absent).copied().collect();
    let mut store = ObjectStore::new(history.object_interval);
    for (done, family) in known.iter().enumerate() {
        on_family(family, done, known.len());
        let mut reader = FamilyReader { client, options, history: &mut history, family };
        let found = reader.read(dir, &mut store).await?;
        history.families.push(found);
    }
    on_family("objects", known.len(), known.len());
    let (series, scrapes) = store.finish();
    let lines = objects::put_together(&series, &scrapes);
    history.objects = lines.counts;
    write_objects(dir, &lines)?;
    let manifest = Manifest {
        format: 1,
        name: options.name.clone(),
        cluster: options.cluster.clone(),
        kubernetes_version: lines.kubernetes_version,
        started_at: start,
        ended_at: end,
        scrape_interval_seconds: history.scrape_interval.as_seconds(),
        time_scale: options.time_scale,
        sha256: Default::default(),
    };
    write_manifest(dir, &manifest)?;
    Ok(history)
}

/// A history of nothing yet, with how often things are scraped.
async fn intervals(
    client: &Client,
    options: &HistoryOptions,
    known: &BTreeSet<&'static str>,
) -> Result<History, PrometheusError> {
    let object_interval = interval(client, options, "kube_pod_info").await?;
    let object_interval = object_interval.unwrap_or(PlatformDuration::from_seconds(30));
    let mut scrape_interval = None;
    for family in SCRAPED_CONTAINERS {
        if scrape_interval.is_none() && known.contains(family) {
            scrape_interval = interval(client, options, family).await?;
        }
    }
    let scrape_interval = scrape_interval.unwrap_or(object_interval);
    Ok(History { scrape_interval, object_interval, ..History::default() })
}

/// Makes the folder; one that holds something is refused.
fn prepare(dir: &Path) -> Result<(), HistoryError> {
    let samples = dir.join("samples");
    if dir.exists() {
        let mut entries =
            std::fs::read_dir(dir).map_err(|source| RecordingError::read(dir, source))?;
        if entries.next().is_some() {
            return Err(HistoryError::NotEmpty { dir: dir.to_owned() });
        }
    }
    let written = std::fs::create_dir_all(&samples);
    Ok(written.map_err(|source| RecordingError::write(&samples, source))?)
}

fn write_objects(dir: &Path, lines: &ObjectLines) -> Result<(), RecordingError> {
    write_lines(&dir.join("pods.jsonl.gz"), &lines.pods)?;
    write_lines(&dir.join("workloads.jsonl.gz"), &lines.workloads)?;
    write_lines(&dir.join("nodes.jsonl.gz"), &lines.nodes)
}

/// The families of the catalogue that the server has.
pub(crate) async fn families(
    client: &Client,
    options: &HistoryOptions,
) -> Result<BTreeSet<&'static str>, PrometheusError> {
    let mut known = Known::new();
    let matching = (!options.selector.is_empty()).then(|| format!("{{{}}}", options.selector));
    client.metric_names(matching.as_deref(), options.span, &mut known).await?;
    Ok(known.found)
}

/// Refuses several clusters at once: their pods may have the same names.
pub(crate) async fn one_cluster(
    client: &Client,
    options: &HistoryOptions,
) -> Result<(), HistoryError> {
    for label in CLUSTER_LABELS {
        let query = format!("count by ({label}) (kube_pod_info{{{}}})", options.selector);
        let mut found: Vec<Series> = Vec::new();
        client.instant(&query, options.span.1, &mut found).await?;
        let mut names: Vec<String> =
            found.into_iter().filter_map(|mut series| series.labels.remove(label)).collect();
        if names.len() > 1 {
            let first = names.remove(0);
            names.truncate(5);
            let (url, others) = (client.base(), names.join(", "));
            return Err(HistoryError::SeveralClusters { url, label, first, others });
        }
    }
    Ok(())
}

/// Takes the first series and no more.
struct Some50(Vec<Series>);

impl Receive<Series> for Some50 {
    fn restart(&mut self) {
        self.0.clear();
    }

    fn take(&mut self, series: Series) -> ControlFlow<()> {
        self.0.push(series);
        if self.0.len() < INTERVAL_SERIES {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }
}

/// The usual time between two samples of a family near the end of the span.
pub(crate) async fn interval(
    client: &Client,
    options: &HistoryOptions,
    family: &str,
) -> Result<Option<PlatformDuration>, PrometheusError> {
    // The middle and the begin help where scraping ended early or the last hour is quiet.
    let (start, end) = options.span;
    let span = end.since(start);
    let window = span.min(PlatformDuration::from_seconds(900));
    let middle = start + PlatformDuration::from_millis(span.as_millis() / 2);
    for at in [end, middle, start + window] {
        let mut some = Some50(Vec::new());
        match client.instant(&raw(family, options, window), at, &mut some).await {
            Ok(_) => {}
            Err(error) if error.asks_for_less() => return Ok(None),
            Err(error) => return Err(error),
        }
        let mut steps: Vec<i64> = some
            .0
            .iter()
            .flat_map(|series| series.points.windows(2))
            .map(|pair| pair[1].0.since(pair[0].0).as_millis())
            .collect();
        steps.sort_unstable();
        if let Some(step) = steps.get(steps.len() / 2).filter(|step| **step > 0) {
            // Scrapes jitter by milliseconds; intervals are set in whole seconds.
            let whole = (step + 500) / 1_000 * 1_000;
            let near = whole > 0 && (step - whole).abs() * 20 <= whole;
            return Ok(Some(PlatformDuration::from_millis(if near { whole } else { *step })));
        }
    }
    Ok(None)
}

/// The query for the raw samples of a family in a window.
fn raw(family: &str, options: &HistoryOptions, window: PlatformDuration) -> String {
    format!("{family}{{{}}}[{}ms]", options.selector, window.as_millis().max(1))
}

/// Reads one family.
struct FamilyReader<'a> {
    client: &'a Client,
    options: &'a HistoryOptions,
    history: &'a mut History,
    family: &'static str,
}

// === impl FamilyReader ===

impl FamilyReader<'_> {
    async fn read(
        &mut self,
        dir: &Path,
        store: &mut ObjectStore,
    ) -> Result<FamilyHistory, HistoryError> {
        let family = self.family;
        let mut found = FamilyHistory { family: family.to_owned(), ..FamilyHistory::default() };
        let is_sample = sample_families().contains(family);
        let path = dir.join("samples").join(format!("{family}.parquet"));
        let mut file = is_sample.then(|| SampleFile::create_quickly(&path)).transpose()?;
        let (start, end) = self.options.span;
        // Range selectors leave out their first instant in newer versions and hold it in older ones:
        // it is left out here, so the span begins one millisecond earlier.
        let mut from = start - PlatformDuration::from_millis(1);
        let mut length = self.window().await;
        while from < end {
            let to = (from + length).min(end);
            let mut window = Window::new(family);
            let query = raw(family, self.options, to.since(from));
            let answer = match self.client.instant(&query, to, &mut window).await {
                Ok(answer) => answer,
                Err(error) if error.asks_for_less() && length > SHORTEST_WINDOW => {
                    let half = PlatformDuration::from_millis(length.as_millis() / 2);
                    length = half.max(SHORTEST_WINDOW);
                    continue;
                }
                Err(error) if error.asks_for_less() => {
                    found.problem = Some(error.to_string());
                    break;
                }
                Err(error) => return Err(error.into()),
            };
            self.note(answer, &mut found);
            let series = window.series_after(from);
            found.note(&series);
            if OBJECT_FAMILIES.contains(&family) {
                for one in &series {
                    store.add(family, (&one.identity, &one.labels), &one.sample.points);
                }
            }
            if let Some(file) = &mut file {
                let samples: Vec<_> = series.iter().map(|one| &one.sample).collect();
                file.write_series(&samples)?;
            }
            from = to;
        }
        if let Some(file) = file {
            file.finish()?;
        }
        Ok(found)
    }

    /// How long a window may be, by how many series there are at some instants of the span.
    async fn window(&self) -> PlatformDuration {
        let (start, end) = self.options.span;
        let span = end.since(start).as_millis();
        let mut most = 1.0f64;
        for part in [1, 2, 4] {
            let at = start + PlatformDuration::from_millis(span / 4 * part);
            let query = format!("count({}{{{}}})", self.family, self.options.selector);
            let mut count: Vec<Series> = Vec::new();
            // A server that cannot count will say more when it is asked for the samples.
            if self.client.instant(&query, at, &mut count).await.is_ok() {
                let found = count.iter().flat_map(|series| &series.points);
                most = found.fold(most, |most, (_, value)| most.max(*value));
            }
        }
        let step = self.history.scrape_interval.min(self.history.object_interval).as_seconds();
        let seconds = SAMPLES_A_QUERY / most * step.max(0.1);
        let points = f64::from(self.client.limits().points) * step.max(0.1);
        PlatformDuration::from_seconds_f64(seconds.min(points))
            .min(LONGEST_WINDOW)
            .max(SHORTEST_WINDOW)
    }

    fn note(&mut self, answer: Answer, found: &mut FamilyHistory) {
        found.left_out += answer.too_long + answer.malformed;
        if let Some(example) = answer.example {
            found.problem.get_or_insert_with(|| format!("series left out, such as {example}"));
        }
        if answer.histograms > 0 {
            let text = "native histograms are not read: keep the classic ones too";
            found.problem.get_or_insert_with(|| text.to_owned());
        }
        for warning in answer.warnings {
            if self.history.warnings.len() < 20 && !self.history.warnings.contains(&warning) {
                self.history.warnings.push(warning);
            }
        }
    }
}

// === impl FamilyHistory ===

impl FamilyHistory {
    fn note(&mut self, series: &[columns::WindowSeries]) {
        self.series = self.series.max(series.len());
        for points in series.iter().map(|one| &one.sample.points) {
            self.samples += points.len() as u64;
            if let (Some((first, _)), Some((last, _))) = (points.first(), points.last()) {
                let (from, to) = self.span.unwrap_or((*first, *last));
                self.span = Some((from.min(*first), to.max(*last)));
            }
        }
    }

    /// From the first to the last sample, in hours.
    #[must_use]
    pub fn hours(&self) -> f64 {
        self.span.map_or(0.0, |(first, last)| last.since(first).as_seconds() / 3_600.0)
    }
}
