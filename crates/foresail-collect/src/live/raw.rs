//! Pages of a running cluster as raw series, for a recording: what a metrics server would have stored.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use foresail_core::{
    ChangeKind, Clock, Object, PlatformDuration, Quantity, Timestamp, VolumeSource,
};
use futures_util::{StreamExt, stream};

use super::collector::ScrapeSettings;
use super::exposition::{Format, Line, Page, Sink};
use super::pages::{PageClient, Refusal};
use super::scrape::EmptyDirs;
use super::status::SourceKind;
use super::summary::Summary;
use super::targets::{PageKind, Target, Targets, Wish};
use crate::kubernetes::Observation;
use crate::prometheus::catalogue::sample_families;
use crate::prometheus::history::columns::take_columns;
use crate::write::SampleSeries;

/// Targets scraped at once.
const AT_ONCE: usize = 16;

/// Bytes of one page that are read.
const PAGE_BYTES: u64 = 128 << 20;

/// The longest that a page may keep us waiting between two parts.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Scrapes what the cluster has, page by page.
#[derive(Debug)]
pub(crate) struct RawScraper {
    settings: ScrapeSettings,
    /// Families that a metrics server gives; `None` where there is none.
    given: Option<BTreeSet<&'static str>>,
    wanted: Arc<BTreeSet<&'static str>>,
    targets: Targets,
    nodes: BTreeMap<(String, String), String>,
    empty_dirs: EmptyDirs,
}

/// What a pod's volumes took.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Storage {
    pub(crate) at: Timestamp,
    pub(crate) namespace: String,
    pub(crate) pod: String,
    pub(crate) ephemeral: Option<f64>,
    pub(crate) empty_dirs: Option<f64>,
}

/// One round over all targets.
#[derive(Debug, Default)]
pub(crate) struct RawRound {
    pub(crate) series: Vec<SampleSeries>,
    pub(crate) storage: Vec<Storage>,
    pub(crate) targets: usize,
    /// By target, what is wrong with it.
    pub(crate) problems: BTreeMap<String, String>,
}

/// A round before it runs.
pub(crate) struct Plan {
    targets: Vec<Target>,
    kubelets: Option<PageClient>,
    others: PageClient,
    wanted: Arc<BTreeSet<&'static str>>,
    empty_dirs: EmptyDirs,
    clock: Arc<dyn Clock>,
    wait: Duration,
}

/// Keeps the lines of a page as series.
struct Rows<'a> {
    target: &'a Target,
    wanted: &'a BTreeSet<&'static str>,
    at: Timestamp,
    series: Vec<SampleSeries>,
}

// === impl RawScraper ===

impl RawScraper {
    pub(crate) fn new(settings: ScrapeSettings, given: Option<BTreeSet<&'static str>>) -> Self {
        Self {
            settings,
            given,
            wanted: Arc::new(sample_families()),
            targets: Targets::default(),
            nodes: BTreeMap::new(),
            empty_dirs: EmptyDirs::new(),
        }
    }

    /// Learns where things are.
    pub(crate) fn observe(&mut self, observation: &Observation) {
        match observation {
            Observation::Object(change) => {
                let Object::Pod(pod) = &change.object else { return };
                let key = (pod.namespace.clone(), pod.name.clone());
                self.nodes.remove(&key);
                self.empty_dirs.remove(&key);
                if change.change == ChangeKind::Deleted {
                    return;
                }
                let empty = pod.volumes.iter().filter_map(|volume| match volume.source {
                    VolumeSource::EmptyDir { .. } => Some(volume.name.clone()),
                    VolumeSource::Claim { .. } | VolumeSource::Other => None,
                });
                let empty: Vec<String> = empty.collect();
                if let Some(node) = &pod.node {
                    self.nodes.insert(key.clone(), node.clone());
                }
                if !empty.is_empty() {
                    self.empty_dirs.insert(key, empty);
                }
            }
            Observation::Service(service) => self.targets.observe_service(service),
            Observation::Node(node) => self.targets.observe_node(node),
            Observation::Scrape(pod) => self.targets.observe_pod(pod.clone()),
            Observation::Event(_)
            | Observation::Log(_)
            | Observation::LogsDropped(_)
            | Observation::Metadata(_) => {}
        }
    }

    /// The next round; it runs on its own, and samples without a time of their own get the clock's.
    pub(crate) fn plan(&self, clock: Arc<dyn Clock>, interval: PlatformDuration) -> Plan {
        let given = |family: &str| self.given.as_ref().is_some_and(|given| given.contains(family));
        let wish = Wish {
            scraping: self.settings.scraping,
            given: self.given.is_some().then_some(&given),
            kubelet_scheme: &self.settings.kubelet_scheme,
        };
        let node_of = |namespace: &str, pod: &str| {
            self.nodes.get(&(namespace.to_owned(), pod.to_owned())).cloned()
        };
        let mut targets = self.targets.list(&wish, &node_of);
        if self.settings.kubelets.is_none() {
            targets.retain(|target| target.kind != SourceKind::Kubelet);
        }
        let half = Duration::from_millis(interval.as_millis().max(1_000) as u64 / 2);
        Plan {
            targets,
            kubelets: self.settings.kubelets.clone(),
            others: PageClient::Web(self.settings.others.clone()),
            wanted: Arc::clone(&self.wanted),
            empty_dirs: self.empty_dirs.clone(),
            clock,
            wait: half.min(LONGEST_WAIT),
        }
    }
}

// === impl Plan ===

impl Plan {
    pub(crate) fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// Scrapes every target; a page counts whole or not at all.
    pub(crate) async fn run(mut self) -> RawRound {
        let targets = std::mem::take(&mut self.targets);
        let (plan, count) = (&self, targets.len());
        let parts: Vec<RawRound> = stream::iter(targets)
            .map(|target| async move { plan.scrape(&target).await })
            .buffered(AT_ONCE)
            .collect()
            .await;
        let mut round = RawRound { targets: count, ..RawRound::default() };
        for part in parts {
            round.series.extend(part.series);
            round.storage.extend(part.storage);
            round.problems.extend(part.problems);
        }
        round
    }

    async fn scrape(&self, target: &Target) -> RawRound {
        let mut round = RawRound::default();
        let client = match target.kind {
            SourceKind::Kubelet => self.kubelets.as_ref(),
            SourceKind::KubeStateMetrics | SourceKind::Pods | SourceKind::Prometheus => {
                Some(&self.others)
            }
        };
        let Some(client) = client else { return round };
        for page in &target.pages {
            let (url, at) = (format!("{}{}", target.base, page.path), self.clock.now());
            let found = match page.kind {
                PageKind::Metrics => self.metrics(client, (target, &url), at).await,
                PageKind::Summary => self.summary(client, &url, at).await,
            };
            match found {
                Ok(part) => {
                    round.series.extend(part.series);
                    round.storage.extend(part.storage);
                }
                // Older kubelets lack some pages.
                Err(problem) if page.may_lack && problem.ends_with("status 404") => {}
                Err(problem) => {
                    round.problems.entry(target.name.clone()).or_insert(problem);
                }
            }
        }
        round
    }

    async fn metrics(
        &self,
        client: &PageClient,
        (target, url): (&Target, &str),
        at: Timestamp,
    ) -> Result<RawRound, Refusal> {
        let mut answer = client.get(url, self.wait).await?;
        let kind = answer.content_type();
        if kind.to_ascii_lowercase().contains("html") {
            return Err(format!("`{url}` answered with `{kind}`: it is no metrics page"));
        }
        let mut page = Page::new(Format::of(&kind));
        let mut rows = Rows { target, wanted: &self.wanted, at, series: Vec::new() };
        let mut bytes = 0u64;
        while let Some(chunk) = answer.chunk().await.map_err(|error| format!("`{url}`: {error}"))? {
            bytes += chunk.len() as u64;
            if bytes > PAGE_BYTES {
                return Err(format!("`{url}` sent more than {PAGE_BYTES} bytes"));
            }
            page.push(&chunk, &mut rows);
        }
        page.finish(&mut rows);
        if page.samples == 0 && page.left_out > 0 {
            let example = page.example.unwrap_or_default();
            return Err(format!("`{url}` is no metrics page: it begins `{example}`"));
        }
        Ok(RawRound { series: rows.series, ..RawRound::default() })
    }

    async fn summary(
        &self,
        client: &PageClient,
        url: &str,
        at: Timestamp,
    ) -> Result<RawRound, Refusal> {
        let mut answer = client.get(url, self.wait).await?;
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
        let mut round = RawRound::default();
        for pod in &summary.pods {
            let name = (pod.namespace.clone(), pod.pod.clone());
            let empty_dirs = self.empty_dirs.get(&name).map(Vec::as_slice).unwrap_or_default();
            for (_, quantity, at, value) in pod.quantities(empty_dirs, at) {
                let (namespace, pod) = name.clone();
                let mut row = Storage { at, namespace, pod, ephemeral: None, empty_dirs: None };
                if quantity == Quantity::EmptyDirUsed {
                    row.empty_dirs = Some(value);
                } else {
                    row.ephemeral = Some(value);
                }
                round.storage.push(row);
            }
        }
        Ok(round)
    }
}

// === impl Rows ===

impl Sink for Rows<'_> {
    fn wants(&self, name: &str) -> bool {
        self.wanted.contains(name)
    }

    fn take(&mut self, line: Line<'_>) {
        let mut labels: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in line.labels {
            labels.insert(self.target.own_name(name).into_owned(), value.into_owned());
        }
        for (name, value) in &self.target.labels {
            labels.entry(name.clone()).or_insert_with(|| value.clone());
        }
        let [job, namespace, pod, container] = take_columns(&mut labels);
        self.series.push(SampleSeries {
            metric: line.name.to_owned(),
            job: job.unwrap_or_default(),
            namespace,
            pod,
            container,
            labels: serde_json::to_string(&labels).expect("a map of texts is JSON"),
            points: vec![(line.at.unwrap_or(self.at), line.value)],
        });
    }
}
