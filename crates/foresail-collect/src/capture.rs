//! A running cluster becomes a recording.
//!
//! ```text
//!  Kubernetes API ──watch──> objects, events, logs ──────> *.jsonl.gz, logs.parquet
//!  kubelets, kube-state-metrics, pods ──scrape──> pages ─> samples/scraped.parquet, volumes.parquet
//!  metrics server ──at the end, the same span──> samples ─> samples/<family>.parquet
//! ```
//! Everything is written as it comes, so memory does not grow with time. What is there at the end is
//! read again by the strict reader.

mod files;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use foresail_core::{Clock, Object, PlatformDuration, TimeScale, Timestamp};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::error::RecordingError;
use crate::kubernetes::{Cluster, Observation, WatchState, WatchStatus};
use crate::live::ScrapeSettings;
use crate::live::raw::{RawRound, RawScraper};
use crate::manifest::Manifest;
use crate::prometheus::history::families;
use crate::prometheus::{Client, History, HistoryError, HistoryOptions, record_samples};
use crate::recording::{OpenOptions, Recording};
use crate::write::write_manifest;
use files::Files;

/// Observations on their way: some megabytes at most.
const UNDER_WAY: usize = 1_024;

/// A cluster that shows no pod for this long is not recorded.
const FIRST_PODS: PlatformDuration = PlatformDuration::from_seconds(60);

/// How long one last round of pages may take after the end.
const LAST_ROUND: Duration = Duration::from_secs(10);

/// What to record.
#[derive(Clone, Debug)]
pub struct CaptureOptions {
    /// Name of the recording.
    pub name: String,
    /// Name of the cluster.
    pub cluster: String,
    /// For how long.
    pub length: PlatformDuration,
    /// Between two scrapes.
    pub interval: PlatformDuration,
    /// How much faster than in production faults develop there.
    pub time_scale: TimeScale,
    /// The metrics server to read samples from, and the matchers of every query.
    pub server: Option<(Client, String)>,
    /// What is scraped besides.
    pub scraping: ScrapeSettings,
}

/// What was recorded.
#[derive(Clone, Debug, Default)]
pub struct Captured {
    /// First and last instant.
    pub span: (Timestamp, Timestamp),
    /// Pods, workloads and nodes seen.
    pub objects: [usize; 3],
    /// Lines of objects.
    pub changes: u64,
    /// Events.
    pub events: u64,
    /// Log lines, and those left out because their pod wrote too many.
    pub log_lines: (u64, u64),
    /// Rounds of scraping, and the most targets of one.
    pub rounds: (u64, usize),
    /// Samples scraped.
    pub samples: u64,
    /// What the metrics server gave.
    pub history: Option<History>,
    /// By source, what was wrong last.
    pub problems: BTreeMap<String, String>,
}

/// Why there is no recording.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// The cluster shows no pod.
    #[error("`{host}` shows no pod: {reason}")]
    NoPods {
        /// Its address.
        host: String,
        /// Why, as far as is known.
        reason: String,
    },
    /// The metrics server did not answer.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// A file could not be written, or does not read back.
    #[error(transparent)]
    Recording(#[from] RecordingError),
}

// === impl CaptureOptions ===

impl CaptureOptions {
    /// What to ask the metrics server for.
    fn history(&self, selector: &str, span: (Timestamp, Timestamp)) -> HistoryOptions {
        HistoryOptions {
            selector: selector.to_owned(),
            span,
            time_scale: self.time_scale,
            name: self.name.clone(),
            cluster: self.cluster.clone(),
        }
    }
}

// === impl CaptureError ===

impl CaptureError {
    /// Whether the environment is at fault (network, permission, disk) and not what was asked for.
    #[must_use]
    pub fn is_environment(&self) -> bool {
        match self {
            Self::NoPods { .. } => true,
            Self::History(error) => error.is_environment(),
            Self::Recording(error) => error.is_environment(),
        }
    }
}

/// How far the work is: what is under way, seconds done, seconds in all.
pub type OnCapture<'a> = &'a (dyn Fn(&str, usize, usize) + Sync);

/// Records `cluster` into `dir`, an empty folder, until the length is over or `stop` ends; both give a
/// whole recording.
///
/// # Errors
/// Why there is none.
pub async fn capture(
    (cluster, clock): (&Cluster, Arc<dyn Clock>),
    options: &CaptureOptions,
    dir: &Path,
    (stop, on_progress): (impl Future<Output = ()>, OnCapture<'_>),
) -> Result<Captured, CaptureError> {
    let version = cluster.version().await.ok();
    let started = clock.now();
    let given = match &options.server {
        Some((client, selector)) => {
            let before = (started - PlatformDuration::from_seconds(900), started);
            let options = options.history(selector, before);
            Some(families(client, &options).await.map_err(HistoryError::from)?)
        }
        None => None,
    };
    let mut taker = Taker {
        files: Files::create(dir)?,
        scraper: RawScraper::new(options.scraping.clone(), given),
        captured: Captured { span: (started, started), ..Captured::default() },
        seen: [const { BTreeSet::new() }; 3],
    };
    taker.watch((cluster, &clock), options, (stop, on_progress)).await?;
    let ended = clock.now();
    taker.captured.span.1 = ended;
    let Taker { files, mut captured, .. } = taker;
    files.finish()?;
    let mut interval = options.interval;
    if let Some((client, selector)) = &options.server {
        let span = options.history(selector, (started, ended));
        match record_samples(client, &span, dir, on_progress).await {
            Ok(history) => {
                interval = history.scrape_interval;
                captured.history = Some(history);
            }
            // What the cluster itself showed cannot be had again: it is kept.
            Err(error) => {
                drop_samples(dir)?;
                captured.problems.insert("metrics server".to_owned(), error.to_string());
            }
        }
    }
    let manifest = Manifest {
        format: 1,
        name: options.name.clone(),
        cluster: options.cluster.clone(),
        kubernetes_version: version,
        started_at: started,
        ended_at: ended,
        scrape_interval_seconds: interval.as_seconds(),
        time_scale: options.time_scale,
        sha256: BTreeMap::new(),
    };
    write_manifest(dir, &manifest)?;
    // Whatever is wrong is found now and not when somebody needs the recording.
    Recording::open(dir, &OpenOptions::default())?;
    Ok(captured)
}

/// Removes what was read of a metrics server that broke off: a file may be half written.
fn drop_samples(dir: &Path) -> Result<(), RecordingError> {
    let samples = dir.join("samples");
    let failed = |source| RecordingError::write(&samples, source);
    for entry in std::fs::read_dir(&samples).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.file_name().is_some_and(|name| name != files::SCRAPED) {
            std::fs::remove_file(&path).map_err(failed)?;
        }
    }
    Ok(())
}

/// Takes in what comes.
struct Taker {
    files: Files,
    scraper: RawScraper,
    captured: Captured,
    seen: [BTreeSet<String>; 3],
}

// === impl Taker ===

impl Taker {
    async fn watch(
        &mut self,
        (cluster, clock): (&Cluster, &Arc<dyn Clock>),
        options: &CaptureOptions,
        (stop, on_progress): (impl Future<Output = ()>, OnCapture<'_>),
    ) -> Result<(), CaptureError> {
        let (news, mut read) = mpsc::channel(UNDER_WAY);
        let watches = cluster.watch(Arc::clone(clock), Vec::new(), news);
        let started = clock.now();
        let (end, total) = (started + options.length, options.length.as_seconds() as usize);
        let mut next = (started + PlatformDuration::from_millis(1)).round_up(options.interval);
        let mut round: Option<JoinHandle<RawRound>> = None;
        let mut stop = std::pin::pin!(stop);
        loop {
            let tick = next.min(end);
            tokio::select! {
                Some(observation) = read.recv() => self.take(&observation)?,
                () = clock.reach(tick) => {
                    let now = clock.now();
                    on_progress("recording", now.since(started).as_seconds() as usize, total);
                    let waited = now.since(started) > FIRST_PODS.min(options.length);
                    if self.seen[0].is_empty() && (waited || now >= end) {
                        let host = cluster.host().to_owned();
                        return Err(CaptureError::NoPods { host, reason: reason(&watches.status()) });
                    }
                    self.end(&mut round, Duration::ZERO).await?;
                    if now >= end {
                        break;
                    }
                    let plan = self.scraper.plan(Arc::clone(clock), options.interval);
                    if round.is_none() && !plan.is_empty() {
                        round = Some(tokio::spawn(plan.run()));
                    }
                    next = (now + PlatformDuration::from_millis(1)).round_up(options.interval);
                }
                () = &mut stop => break,
            }
        }
        self.end(&mut round, LAST_ROUND).await?;
        let ill = watches.status().into_iter().filter(|one| one.state != WatchState::Watching);
        for one in ill {
            let problem = one.error.unwrap_or_else(|| "nothing was listed".to_owned());
            self.captured.problems.insert(one.resource.to_owned(), problem);
        }
        drop(watches);
        while let Ok(observation) = read.try_recv() {
            self.take(&observation)?;
        }
        if self.seen[0].is_empty() {
            let host = cluster.host().to_owned();
            let reason = "it was stopped before one was listed".to_owned();
            return Err(CaptureError::NoPods { host, reason });
        }
        Ok(())
    }

    fn take(&mut self, observation: &Observation) -> Result<(), RecordingError> {
        self.scraper.observe(observation);
        let captured = &mut self.captured;
        match observation {
            Observation::Object(change) => {
                let (place, name) = match &change.object {
                    Object::Pod(pod) => (0, pod.uid.clone()),
                    Object::Workload(workload) => {
                        let (kind, namespace) = (workload.kind, &workload.namespace);
                        (1, format!("{kind}/{namespace}/{}", workload.name))
                    }
                    Object::Node(node) => (2, node.name.clone()),
                    Object::Service(_)
                    | Object::ConfigMap(_)
                    | Object::Claim(_)
                    | Object::Quota(_)
                    | Object::DisruptionBudget(_) => return Ok(()),
                };
                self.seen[place].insert(name);
                captured.objects = [0, 1, 2].map(|at| self.seen[at].len());
                captured.changes += 1;
                self.files.object(change)
            }
            Observation::Event(event) => {
                captured.events += 1;
                self.files.event(event)
            }
            Observation::Log(line) => {
                captured.log_lines.0 += 1;
                self.files.log(line)
            }
            Observation::LogsDropped(count) => {
                captured.log_lines.1 += count;
                Ok(())
            }
            Observation::Service(_)
            | Observation::Node(_)
            | Observation::Scrape(_)
            | Observation::Metadata(_) => Ok(()),
        }
    }

    /// Writes what a round brought, if it is over within `wait`; a longer one goes on.
    async fn end(
        &mut self,
        round: &mut Option<JoinHandle<RawRound>>,
        wait: Duration,
    ) -> Result<(), RecordingError> {
        let Some(mut running) = round.take() else { return Ok(()) };
        let found = match tokio::time::timeout(wait, &mut running).await {
            Ok(Ok(found)) => found,
            // A round that broke off brought nothing.
            Ok(Err(_)) => return Ok(()),
            Err(_) if wait.is_zero() => {
                *round = Some(running);
                return Ok(());
            }
            Err(_) => {
                running.abort();
                return Ok(());
            }
        };
        let captured = &mut self.captured;
        captured.rounds = (captured.rounds.0 + 1, captured.rounds.1.max(found.targets));
        captured.samples += found.series.len() as u64;
        captured.problems.extend(found.problems);
        self.files.samples(&found.series)?;
        self.files.storage(&found.storage)
    }
}

/// Why no pod was seen.
fn reason(status: &[WatchStatus]) -> String {
    let pods = status.iter().find(|one| one.resource == "pods");
    let error = pods.and_then(|pods| pods.error.clone());
    error.unwrap_or_else(|| "it lists none".to_owned())
}
