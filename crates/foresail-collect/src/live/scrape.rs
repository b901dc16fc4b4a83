//! Scrapes what no metrics server gives: kubelets, kube-state-metrics, pods that ask for it.
//!
//! ```text
//!  nodes, Services, annotated pods ──> targets ──> pages, some at once ──> lines ──> staged ──> accepted
//!                                                  (time, bytes bounded)             a page whole or not
//! ```
//! A round runs beside the ticks: what it brings is visible when its time comes, as with a server.
//! Labels are those that a server would attach, so that the resolver needs no other rules.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use foresail_core::{PlatformDuration, Timestamp};
use futures_util::StreamExt;
use futures_util::stream;
use tokio::time::Instant;

use super::assembler::{Assembler, Staged};
use super::exposition::{Format, Line, Page, Sink};
use super::pages::{PageClient, Refusal};
use super::status::{SourceKind, SourceReport, SourceState};
use super::summary::Summary;
use super::targets::{PageKind, Target};

/// Targets scraped at once.
const AT_ONCE: usize = 16;

/// Bytes of one page that are read.
const PAGE_BYTES: u64 = 128 << 20;

/// The longest that a page may keep us waiting between two parts.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Problems of one kind of target that are told.
const EXAMPLES: usize = 3;

/// Clients for the targets.
#[derive(Clone, Debug)]
pub(super) struct Clients {
    pub(super) kubelets: Option<PageClient>,
    pub(super) others: PageClient,
}

/// The emptyDir volumes of each pod.
pub(super) type EmptyDirs = BTreeMap<(String, String), Vec<String>>;

/// One round over all targets.
pub(super) struct Round {
    pub(super) clients: Clients,
    pub(super) assembler: Arc<Mutex<Assembler>>,
    pub(super) targets: Vec<Target>,
    pub(super) empty_dirs: EmptyDirs,
    pub(super) at: Timestamp,
    pub(super) interval: PlatformDuration,
}

/// What one target gave.
struct Scraped {
    kind: SourceKind,
    name: String,
    samples: u64,
    left_out: u64,
    pages: usize,
    problems: Vec<Refusal>,
}

/// Stages the lines of a page.
struct Stager<'a> {
    assembler: &'a mut Assembler,
    staged: &'a mut Staged,
    target: &'a Target,
    at: Timestamp,
}

// === impl Stager ===

impl Sink for Stager<'_> {
    fn wants(&self, name: &str) -> bool {
        self.assembler.reads(name)
    }

    fn take(&mut self, line: Line<'_>) {
        let mut labels: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in line.labels {
            let name = self.target.own_name(name);
            labels.insert(name.into_owned(), value.into_owned());
        }
        for (name, value) in &self.target.labels {
            labels.entry(name.clone()).or_insert_with(|| value.clone());
        }
        let point = (line.at.unwrap_or(self.at), line.value);
        self.assembler.stage((line.name, &labels), [point], self.staged);
    }
}

// === impl Round ===

impl Round {
    /// Scrapes all targets; gives one report a kind.
    pub(super) async fn run(mut self) -> Vec<SourceReport> {
        let begun = Instant::now();
        let targets = std::mem::take(&mut self.targets);
        let round = Arc::new(self);
        let scraped: Vec<Scraped> = stream::iter(targets)
            .map(|target| {
                let round = Arc::clone(&round);
                async move { round.scrape(&target, begun).await }
            })
            .buffered(AT_ONCE)
            .collect()
            .await;
        summarize(&scraped)
    }

    fn wait(&self) -> Duration {
        let half = Duration::from_millis(self.interval.as_millis().max(1_000) as u64 / 2);
        half.min(LONGEST_WAIT)
    }

    async fn scrape(&self, target: &Target, begun: Instant) -> Scraped {
        let mut scraped = Scraped {
            kind: target.kind,
            name: target.name.clone(),
            samples: 0,
            left_out: 0,
            pages: 0,
            problems: Vec::new(),
        };
        let client = match target.kind {
            SourceKind::Kubelet => self.clients.kubelets.as_ref(),
            SourceKind::KubeStateMetrics | SourceKind::Pods | SourceKind::Prometheus => {
                Some(&self.clients.others)
            }
        };
        let Some(client) = client else { return scraped };
        // The clock of the service moves with the ticks; within a round the machine's own tells.
        let elapsed = PlatformDuration::from_millis(begun.elapsed().as_millis() as i64);
        let at = self.at + elapsed;
        for page in &target.pages {
            let url = format!("{}{}", target.base, page.path);
            let found = match page.kind {
                PageKind::Metrics => self.metrics(client, (target, &url), at).await,
                PageKind::Summary => self.summary(client, &url, at).await,
            };
            match found {
                Ok((samples, left_out)) => {
                    scraped.pages += 1;
                    scraped.samples += samples;
                    scraped.left_out += left_out;
                }
                // Older kubelets lack some pages.
                Err(problem) if page.may_lack && problem.ends_with("status 404") => {}
                Err(problem) => scraped.problems.push(problem),
            }
        }
        scraped
    }

    async fn metrics(
        &self,
        client: &PageClient,
        (target, url): (&Target, &str),
        at: Timestamp,
    ) -> Result<(u64, u64), Refusal> {
        let mut answer = client.get(url, self.wait()).await?;
        let kind = answer.content_type();
        if kind.to_ascii_lowercase().contains("html") {
            return Err(format!("`{url}` answered with `{kind}`: it is no metrics page"));
        }
        let mut page = Page::new(Format::of(&kind));
        let mut staged = Staged::default();
        let mut bytes = 0u64;
        while let Some(chunk) = answer.chunk().await.map_err(|error| format!("`{url}`: {error}"))? {
            if bytes == 0 && chunk.trim_ascii_start().first() == Some(&b'<') {
                return Err(format!("`{url}` answered with a page for people"));
            }
            bytes += chunk.len() as u64;
            if bytes > PAGE_BYTES {
                return Err(format!("`{url}` sent more than {PAGE_BYTES} bytes"));
            }
            let mut assembler = self.assembler.lock().unwrap_or_else(PoisonError::into_inner);
            let mut stager = Stager { assembler: &mut assembler, staged: &mut staged, target, at };
            page.push(&chunk, &mut stager);
        }
        let mut assembler = self.assembler.lock().unwrap_or_else(PoisonError::into_inner);
        page.finish(&mut Stager { assembler: &mut assembler, staged: &mut staged, target, at });
        if page.samples == 0 && page.left_out > 0 {
            let example = page.example.unwrap_or_default();
            return Err(format!("`{url}` is no metrics page: it begins `{example}`"));
        }
        let samples = assembler.accept(staged, at);
        Ok((samples, page.left_out))
    }

    async fn summary(
        &self,
        client: &PageClient,
        url: &str,
        at: Timestamp,
    ) -> Result<(u64, u64), Refusal> {
        let mut answer = client.get(url, self.wait()).await?;
        let mut summary = Summary::new();
        let mut bytes = 0u64;
        while let Some(chunk) = answer.chunk().await.map_err(|error| format!("`{url}`: {error}"))? {
            bytes += chunk.len() as u64;
            if bytes > PAGE_BYTES {
                return Err(format!("`{url}` sent more than {PAGE_BYTES} bytes"));
            }
            summary.push(&chunk).map_err(|error| format!("`{url}`: {error}"))?;
        }
        summary.finish().map_err(|error| format!("`{url}`: {error}"))?;
        let mut samples = 0;
        let mut assembler = self.assembler.lock().unwrap_or_else(PoisonError::into_inner);
        for pod in &summary.pods {
            let name = (pod.namespace.clone(), pod.pod.clone());
            let empty_dirs = self.empty_dirs.get(&name).map(Vec::as_slice).unwrap_or_default();
            for (entity, quantity, at, value) in pod.quantities(empty_dirs, at) {
                assembler.observe_side((entity, quantity), at, value);
                samples += 1;
            }
        }
        Ok((samples, summary.left_out))
    }
}

/// One report a kind: how many of its targets are well, and what is wrong with the first others.
fn summarize(scraped: &[Scraped]) -> Vec<SourceReport> {
    let mut kinds: BTreeMap<SourceKind, Vec<&Scraped>> = BTreeMap::new();
    for one in scraped {
        kinds.entry(one.kind).or_default().push(one);
    }
    let report = |(kind, all): (SourceKind, Vec<&Scraped>)| {
        let ill: Vec<&&Scraped> = all.iter().filter(|one| !one.problems.is_empty()).collect();
        let dead = ill.iter().filter(|one| one.pages == 0).count();
        let mut report = SourceReport::new(kind, format!("{} targets", all.len()));
        report.samples = all.iter().map(|one| one.samples).sum();
        report.left_out = all.iter().map(|one| one.left_out).sum();
        if !ill.is_empty() {
            let told = ill.iter().take(EXAMPLES);
            let told: Vec<String> = told
                .map(|one| format!("{}: {}", one.name, one.problems.first().map_or("", |p| p)))
                .collect();
            let text = format!("{} of {} have problems: {}", ill.len(), all.len(), told.join("; "));
            let state = if dead == all.len() { SourceState::Failed } else { SourceState::Degraded };
            report.problem(state, text);
        } else if report.left_out > 0 {
            let text = format!("{} lines or pods could not be read", report.left_out);
            report.problem(SourceState::Degraded, text);
        }
        report
    };
    kinds.into_iter().map(report).collect()
}
