//! The collector: owns the sources, gives one batch per tick.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foresail_core::{
    Batch, ChangeKind, Entity, EntityId, Object, ObjectChange, PlatformDuration, Quantity,
    Timestamp, VolumeSource,
};
use tokio::task::JoinHandle;

use super::assembler::{Assembler, Drained, SeriesLimits};
use super::backfill::Backfill;
use super::pages::{PageClient, WebClient};
use super::poll::PrometheusSource;
use super::scrape::{Clients, EmptyDirs, Round};
use super::status::{CollectReport, SourceKind, SourceReport, SourceState};
use super::targets::{Scraping, Targets, Wish};
use super::waiting::Waiting;
use crate::kubernetes::Observation;
use crate::prometheus::{PrometheusError, Settings};
use crate::replay::DELAY;
use crate::resolve::{BOUNDS, HISTOGRAMS, RULES};

/// What to collect, and from where.
#[derive(Clone, Debug)]
pub struct CollectorSettings {
    /// Between two scrapes of a target; also the tick.
    pub interval: PlatformDuration,
    /// The metrics server, if there is one.
    pub prometheus: Option<PrometheusSettings>,
    /// What to scrape; nothing where `None`.
    pub scraping: Option<ScrapeSettings>,
    /// The most series that are followed.
    pub limits: SeriesLimits,
}

/// How to ask a metrics server.
#[derive(Clone, Debug)]
pub struct PrometheusSettings {
    /// How it is reached. Time limits are cut to the tick.
    pub server: Settings,
    /// Matchers that every query holds, such as `cluster="a"`; empty for all series.
    pub selector: String,
}

/// How to scrape.
#[derive(Clone, Debug)]
pub struct ScrapeSettings {
    /// What is scraped.
    pub scraping: Scraping,
    /// Client for kubelets; none are asked where `None`.
    pub kubelets: Option<PageClient>,
    /// `https`, or `http` for read-only ports.
    pub kubelet_scheme: String,
    /// Client for kube-state-metrics and annotated pods.
    pub others: WebClient,
}

/// Why nothing can be collected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectError {
    /// Settings of the metrics server cannot be used.
    #[error(transparent)]
    Prometheus(#[from] PrometheusError),
    /// The tick is none.
    #[error("a scrape interval of `{} s` is too short: at least 1 s", interval.as_seconds())]
    Interval {
        /// The interval.
        interval: PlatformDuration,
    },
}

/// Collects a running cluster, tick by tick.
#[derive(Debug)]
pub struct Collector {
    interval: PlatformDuration,
    assembler: Arc<Mutex<Assembler>>,
    waiting: Waiting,
    prometheus: Option<PrometheusSource>,
    scraping: Option<ScrapeSettings>,
    targets: Targets,
    /// Node and emptyDir volumes of each pod.
    pods: BTreeMap<(String, String), PodFacts>,
    round: Option<JoinHandle<Vec<SourceReport>>>,
    /// How the latest round that ended went.
    scraped: Vec<SourceReport>,
}

#[derive(Debug)]
struct PodFacts {
    uid: String,
    node: Option<String>,
    empty_dirs: Vec<String>,
}

// === impl Collector ===

impl Collector {
    /// Checks the settings; nothing is asked yet.
    ///
    /// # Errors
    /// [`CollectError`]: what of the settings cannot be used.
    pub fn new(settings: &CollectorSettings) -> Result<Self, CollectError> {
        let CollectorSettings { interval, limits, .. } = *settings;
        if interval < PlatformDuration::from_seconds(1) {
            return Err(CollectError::Interval { interval });
        }
        let source = settings
            .prometheus
            .as_ref()
            .map(|given| PrometheusSource::new(&given.server, &given.selector, (interval, limits)));
        Ok(Self {
            interval,
            assembler: Arc::new(Mutex::new(Assembler::new(interval, limits))),
            waiting: Waiting::default(),
            prometheus: source.transpose()?,
            scraping: settings.scraping.clone(),
            targets: Targets::default(),
            pods: BTreeMap::new(),
            round: None,
            scraped: Vec::new(),
        })
    }

    /// Goes on after a restart: takes over the entities that the engine knows; `next` is the first id
    /// that is free.
    pub fn resume(&mut self, known: impl IntoIterator<Item = (EntityId, Entity)>, next: EntityId) {
        self.assembler().resume(known, next);
    }

    /// Takes in what the reader of the Kubernetes API saw; it is in the batch of its tick.
    pub fn observe(&mut self, observation: Observation) {
        match observation {
            Observation::Object(change) => {
                self.note_pod(&change);
                self.waiting.object(change);
            }
            Observation::Event(event) => self.waiting.event(event),
            Observation::Log(line) => self.waiting.line(line),
            Observation::LogsDropped(count) => self.waiting.lines_dropped(count),
            Observation::Service(service) => self.targets.observe_service(&service),
            Observation::Node(node) => self.targets.observe_node(&node),
            Observation::Scrape(pod) => self.targets.observe_pod(pod),
            Observation::Metadata(_) => {}
        }
    }

    fn note_pod(&mut self, change: &ObjectChange) {
        let Object::Pod(pod) = &change.object else { return };
        if self.scraping.is_none() {
            return;
        }
        let key = (pod.namespace.clone(), pod.name.clone());
        if change.change == ChangeKind::Deleted {
            if self.pods.get(&key).is_some_and(|known| known.uid == pod.uid) {
                self.pods.remove(&key);
            }
            return;
        }
        let empty = pod.volumes.iter().filter_map(|volume| match volume.source {
            VolumeSource::EmptyDir { .. } => Some(volume.name.clone()),
            VolumeSource::Claim { .. } | VolumeSource::Other => None,
        });
        let (uid, node, empty_dirs) = (pod.uid.clone(), pod.node.clone(), empty.collect());
        self.pods.insert(key, PodFacts { uid, node, empty_dirs });
    }

    /// Everything that became visible by `at`, a multiple of the interval. Ticks come in order; what
    /// a source could not give in time comes with a later one.
    pub async fn batch(&mut self, at: Timestamp) -> (Batch, CollectReport) {
        let mut report = CollectReport::default();
        self.scrape(at, &mut report).await;
        let latest = self.latest(at);
        if let Some(source) = &mut self.prometheus {
            report.sources.push(source.poll(&self.assembler, latest, at).await);
        }
        let batch = self.assemble(at, &mut report);
        (batch, report)
    }

    /// The ticks from `from` to `to` again, from what the metrics server holds. Objects listed so far
    /// are put at the times that they tell themselves.
    pub fn backfill(&mut self, from: Timestamp, to: Timestamp) -> Backfill<'_> {
        let begin = self.latest(from);
        for pod in self.waiting.place_listed(from) {
            self.assembler().observe_object(&pod);
        }
        if let Some(source) = &mut self.prometheus {
            source.begin_at(begin);
        }
        Backfill::new(self, (from.round_up(self.interval), to))
    }

    /// The latest time whose samples are visible at a tick.
    pub(super) fn latest(&self, tick: Timestamp) -> Timestamp {
        tick - self.interval - DELAY
    }

    pub(super) const fn interval(&self) -> PlatformDuration {
        self.interval
    }

    /// Fetches ahead for the ticks up to `last`, if the one at `tick` needs it.
    pub(super) async fn fetch_ahead(
        &mut self,
        tick: Timestamp,
        last: Timestamp,
    ) -> Option<SourceReport> {
        let (needed, end) = (self.latest(tick), self.latest(last));
        let source = self.prometheus.as_mut()?;
        if source.had_to().is_some_and(|had| had >= needed) {
            return None;
        }
        let to = (needed + source.stride()).min(end);
        Some(source.poll(&self.assembler, to, last).await)
    }

    /// The batch of a tick out of what is there.
    pub(super) fn assemble(&mut self, at: Timestamp, report: &mut CollectReport) -> Batch {
        let mut batch = Batch { until: at, ..Batch::default() };
        self.waiting.release(at, &mut batch);
        let latest = self.latest(at);
        let mut assembler = self.assembler.lock().unwrap_or_else(PoisonError::into_inner);
        for change in &batch.objects {
            assembler.observe_object(change);
        }
        let drained = assembler.drain(latest);
        report.held = assembler.held();
        report.families = assembler.families();
        report.missing = missing(&report.families, &assembler);
        drop(assembler);
        let Drained { entities, samples, calls, inventory, losses } = drained;
        let seen = inventory.into_iter().filter(|(.., object)| !self.waiting.gives(object));
        let from_metrics = seen.map(|(scraped_at, change, object)| ObjectChange {
            observed_at: scraped_at + self.interval + DELAY,
            change,
            object,
        });
        batch.objects.extend(from_metrics);
        batch.objects.sort_by_key(|change| change.observed_at);
        (batch.entities, batch.samples, batch.calls) = (entities, samples, calls);
        report.samples = batch.samples.len() as u64;
        report.losses = losses;
        report.log_lines_dropped = batch.logs_dropped;
        report.scrape_interval =
            self.prometheus.as_ref().and_then(|source| source.found().scrape_interval);
        batch
    }

    /// Notes how the last round went, and starts the next one.
    async fn scrape(&mut self, at: Timestamp, report: &mut CollectReport) {
        if let Some(round) = self.round.take_if(|round| round.is_finished()) {
            self.scraped = round.await.unwrap_or_default();
            report.sources.extend(self.scraped.iter().cloned());
        } else if self.round.is_some() {
            report.sources.extend(self.scraped.iter().cloned().map(|mut source| {
                (source.samples, source.left_out) = (0, 0);
                source.problem(SourceState::Degraded, "the last round takes longer than a tick");
                source
            }));
        }
        if self.round.is_some() {
            return;
        }
        let Some(round) = self.next_round(at) else { return };
        self.round = Some(tokio::spawn(round.run()));
    }

    fn next_round(&self, at: Timestamp) -> Option<Round> {
        let settings = self.scraping.as_ref()?;
        let found = self.prometheus.as_ref().map(PrometheusSource::found);
        if found.is_some_and(|found| found.series.is_empty()) {
            // What it has is not known yet: everything would come twice.
            return None;
        }
        let given = |family: &str| found.is_some_and(|found| found.series.contains_key(family));
        let wish = Wish {
            scraping: settings.scraping,
            given: found.is_some().then_some(&given),
            kubelet_scheme: &settings.kubelet_scheme,
        };
        let node_of = |namespace: &str, pod: &str| {
            self.pods.get(&(namespace.to_owned(), pod.to_owned()))?.node.clone()
        };
        let mut targets = self.targets.list(&wish, &node_of);
        if settings.kubelets.is_none() {
            targets.retain(|target| target.kind != SourceKind::Kubelet);
        }
        if targets.is_empty() {
            return None;
        }
        let own = self.pods.iter().filter(|(_, facts)| !facts.empty_dirs.is_empty());
        let empty_dirs: EmptyDirs =
            own.map(|(name, facts)| (name.clone(), facts.empty_dirs.clone())).collect();
        let clients = Clients {
            kubelets: settings.kubelets.clone(),
            others: PageClient::Web(settings.others.clone()),
        };
        let (assembler, interval) = (Arc::clone(&self.assembler), self.interval);
        Some(Round { clients, assembler, targets, empty_dirs, at, interval })
    }

    fn assembler(&self) -> MutexGuard<'_, Assembler> {
        self.assembler.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        if let Some(round) = &self.round {
            round.abort();
        }
    }
}

/// Quantities that nothing here gives.
fn missing(families: &BTreeMap<String, u64>, assembler: &Assembler) -> Vec<Quantity> {
    let has = |family: &str| families.contains_key(family);
    let ruled = RULES.iter().filter(|rule| rule.metrics.iter().any(|metric| has(metric)));
    let mut given: Vec<Quantity> = ruled.map(|rule| rule.quantity).collect();
    if HISTOGRAMS.iter().any(|histogram| has(histogram.metric)) {
        given.extend(BOUNDS.iter().map(|(_, quantity)| *quantity));
    }
    given.extend(assembler.side_quantities());
    Quantity::ALL.iter().copied().filter(|quantity| !given.contains(quantity)).collect()
}
