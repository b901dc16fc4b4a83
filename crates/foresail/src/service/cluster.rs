//! The watched cluster: how it is called, what is read of it, and the loop over that.

use std::sync::Arc;
use std::time::Duration;

use foresail_collect::kubernetes::{
    self, Cluster, KubeletTrust, KubernetesError, ObjectKey, ObjectKind, Observation, Watches,
};
use foresail_collect::live::{
    Collector, CollectorSettings, PageClient, PrometheusSettings, ScrapeSettings, Scraping,
    SeriesLimits, Wanted, WebClient, WebSettings,
};
use foresail_collect::prometheus::{Client, ServiceFacts, candidates};
use foresail_core::store::{Archive, ClusterName, Registry};
use foresail_core::{FaultDuration, PlatformDuration, Timestamp};
use foresail_engine::{Settings, State};
use tokio::sync::{mpsc, watch as signal};

use super::config::{Config, Role, When};
use super::desk::Desk;
use super::feed::ClusterFeed;
use super::judge::Depth;
use super::keeper::Item;
use super::models::{self, Chosen};
use super::start::{self, Room};
use super::watch::Watch;
use super::{connect, restart};
use crate::failure::{Failure, Result};

/// Where nothing says how the cluster is called.
const UNNAMED: &str = "default";
/// Between two ticks where nothing says how often targets are scraped.
const INTERVAL: PlatformDuration = PlatformDuration::from_seconds(30);
/// What predictions rest on reaches so far back.
const LONGEST_WINDOW: FaultDuration = FaultDuration::from_minutes(120.0);
/// The end of the past that alarms are raised on: as far back as their policy looks, twice.
const JUDGED_PAST: FaultDuration = FaultDuration::from_minutes(10.0);
/// Until everything is listed; what comes later comes with the ticks.
const SYNC: Duration = Duration::from_secs(60);
/// Observations on their way from the watches to the loop.
const OBSERVATIONS: usize = 20_000;
/// Until a Service that may be a metrics server has answered.
const PROBE: Duration = Duration::from_secs(5);
/// Services that are tried.
const PROBES: usize = 8;
/// Between two looks at the registry.
const REGISTRY: Duration = Duration::from_secs(30);

/// What the cluster is called in every identity: as it is set, else by the context of the kubeconfig,
/// else by the uid of the cluster.
pub(crate) async fn name(config: &Config) -> Result<ClusterName> {
    let name = match &config.cluster {
        Some(name) => name.clone(),
        None if config.has(Role::Collect) => {
            let cluster = open(config).await?;
            let in_pod = cluster.name() == kubernetes::IN_CLUSTER;
            let uid = if in_pod { cluster.uid().await.ok().flatten() } else { None };
            uid.unwrap_or_else(|| cluster.name().to_owned())
        }
        None => UNNAMED.to_owned(),
    };
    ClusterName::try_from(name.as_str()).map_err(|error| Failure::Input(error.into()))
}

async fn open(config: &Config) -> Result<Cluster> {
    let opened = kubernetes::open(&connect::kubernetes(config)).await;
    opened.map_err(|error| Failure::of(error, KubernetesError::is_environment))
}

/// Watches the cluster until the service is asked to end.
pub(super) async fn watch(room: &Room) -> Result<()> {
    let cluster = open(&room.config).await?;
    let earlier = earlier_settings(room).await;
    let server = server(room, &cluster).await?;
    let interval = interval(room, server.as_ref(), earlier.as_ref()).await?;
    let settings = Settings {
        cluster: room.cluster.to_string(),
        time_scale: room.config.time_scale,
        scrape_interval: interval,
    };
    let mut desk = start::desk(room, &settings).await;
    let mut feed = feed(room, (&cluster, server), (&desk, interval))?;
    if !feed.sync(SYNC).await {
        tracing::warn!("the cluster is not listed whole yet: what is missing comes later");
    }
    feed.drain().await;
    let begun = catch_up(room, (&mut desk, &mut feed), &settings).await;
    let depth = if room.config.has(Role::Assess) { Depth::Everyone } else { Depth::Observe };
    let watch = Watch {
        clock: room.clock.clone(),
        interval,
        board: room.board.clone(),
        keeper: room.keeper.clone(),
        models: follow_registry(room),
        depth,
    };
    tracing::info!("watching `{}`, a tick every {} s", room.cluster, interval.as_seconds());
    let ends = start::until(room.ends.clone());
    watch.run((desk, Box::new(feed)), begun + interval, ends).await;
    Ok(())
}

/// The settings of an earlier life, if it left a restart point.
async fn earlier_settings(room: &Room) -> Option<Settings> {
    let point = room.store.as_deref()?.restart_point(&room.cluster).await.ok()??;
    restart::settings(&point)
}

/// How the metrics server is reached: as it is set, else the first Service that answers as one.
async fn server(room: &Room, cluster: &Cluster) -> Result<Option<PrometheusSettings>> {
    let wanted = &room.config.prometheus;
    let found = match &wanted.url {
        Some(url) => Some(url.clone()),
        None => look_for_server(room, cluster).await?,
    };
    let Some(url) = found else { return Ok(None) };
    let server = connect::prometheus(wanted, &url)?;
    // What of the settings cannot be used is said now, not at the first tick.
    Client::new(&server).map_err(|error| Failure::Input(error.into()))?;
    Ok(Some(PrometheusSettings { server, selector: wanted.selector.clone() }))
}

async fn look_for_server(room: &Room, cluster: &Cluster) -> Result<Option<String>> {
    let services: Vec<ServiceFacts> = match cluster.services().await {
        Ok(services) => services,
        Err(error) => {
            tracing::warn!("no metrics server is looked for among the Services: {error}");
            return Ok(None);
        }
    };
    for candidate in candidates(&services).into_iter().take(PROBES) {
        let settings = connect::prometheus(&room.config.prometheus, &candidate.url)?;
        let Ok(client) = Client::new(&settings) else { continue };
        if let Ok(Ok(_)) = tokio::time::timeout(PROBE, client.build_info()).await {
            tracing::info!("found {} at {}", candidate.product, candidate.url);
            return Ok(Some(candidate.url));
        }
    }
    tracing::info!("no metrics server among the Services: kubelets and annotated pods are read");
    Ok(None)
}

/// Between two ticks: as it is set, else as the metrics server scrapes, else as in an earlier life.
async fn interval(
    room: &Room,
    server: Option<&PrometheusSettings>,
    earlier: Option<&Settings>,
) -> Result<PlatformDuration> {
    if let Some(interval) = room.config.scrape_interval {
        return Ok(interval.platform());
    }
    let otherwise = earlier.map_or(INTERVAL, |settings| settings.scrape_interval);
    let Some(server) = server else { return Ok(otherwise) };
    let settings = CollectorSettings {
        interval: otherwise,
        prometheus: Some(server.clone()),
        scraping: None,
        limits: SeriesLimits::default(),
    };
    let mut probe = collector(&settings)?;
    let at = room.clock.now().round_up(otherwise);
    let (_, report) = probe.batch(at).await;
    Ok(report.scrape_interval.unwrap_or(otherwise))
}

fn collector(settings: &CollectorSettings) -> Result<Collector> {
    Collector::new(settings).map_err(|error| Failure::Input(error.into()))
}

/// The collector with its watches, where the desk left off.
fn feed(
    room: &Room,
    (cluster, prometheus): (&Cluster, Option<PrometheusSettings>),
    (desk, interval): (&Desk, PlatformDuration),
) -> Result<ClusterFeed> {
    let scraping = scraping(&room.config, cluster)?;
    let limits = SeriesLimits::default();
    let mut collector = collector(&CollectorSettings { interval, prometheus, scraping, limits })?;
    let state = desk.state();
    let series = state.series();
    collector.resume(series.known().map(|(id, entity)| (id, entity.clone())), series.next_id());
    let (out, observations) = mpsc::channel::<Observation>(OBSERVATIONS);
    let watches: Watches = cluster.watch(room.clock.clone(), known(state), out);
    Ok(ClusterFeed::new(collector, observations, watches))
}

fn scraping(config: &Config, cluster: &Cluster) -> Result<Option<ScrapeSettings>> {
    let wanted = &config.scrape;
    let all = [wanted.kubelets, wanted.kube_state_metrics, wanted.annotated_pods];
    if all.iter().all(|when| *when == When::Never) {
        return Ok(None);
    }
    let trust = match &wanted.kubelet_ca_file {
        Some(file) => KubeletTrust::File(file.clone()),
        None => KubeletTrust::Anyone,
    };
    let kubelets = match wanted.kubelets {
        When::Never => None,
        When::Auto | When::Always => {
            let client = cluster.node_http(&trust, wanted.timeout.wait());
            Some(PageClient::Cluster(client.map_err(|error| Failure::Input(error.into()))?))
        }
    };
    let [kubelet, state_metrics, pods] = all.map(|when| match when {
        When::Auto => Wanted::Missing,
        When::Always => Wanted::Always,
        When::Never => Wanted::Never,
    });
    Ok(Some(ScrapeSettings {
        scraping: Scraping { kubelets: kubelet, state_metrics, pods },
        kubelets,
        kubelet_scheme: "https".to_owned(),
        others: WebClient::new(&WebSettings::default()).map_err(Failure::input)?,
    }))
}

/// What is known from before: what of it is gone has to be told.
fn known(state: &State) -> Vec<ObjectKey> {
    let graph = state.graph();
    let key = |kind, namespace: &str, name: &str, uid| ObjectKey {
        kind,
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        uid,
        part: None,
    };
    let pods = graph.pods().map(|record| {
        let pod = &record.object;
        key(ObjectKind::Pod, &pod.namespace, &pod.name, Some(pod.uid.clone()))
    });
    let nodes = graph.nodes().map(|node| key(ObjectKind::Node, "", &node.name, None));
    let workloads = graph.workloads().filter_map(|(id, record)| {
        let object = record.object.as_ref()?;
        Some(key(ObjectKind::Workload(id.kind), &id.namespace, &id.name, object.uid.clone()))
    });
    let claims = graph.inventory().claims();
    let claims = claims.map(|claim| key(ObjectKind::Claim, &claim.namespace, &claim.name, None));
    pods.chain(nodes).chain(workloads).chain(claims).collect()
}

/// Reads the past that predictions rest on, or what an earlier life missed; gives the last tick of it.
async fn catch_up(
    room: &Room,
    (desk, feed): (&mut Desk, &mut ClusterFeed),
    settings: &Settings,
) -> Timestamp {
    let interval = settings.scrape_interval;
    // The last tick that is over.
    let now = room.clock.now() - interval;
    let to = now.round_up(interval);
    let window = settings.time_scale.to_platform(LONGEST_WINDOW);
    let from = desk.last_tick().map_or(to - window, |last| (last + interval).max(to - window));
    if !room.config.prometheus.back_fill || from > to {
        return to;
    }
    let judged_from = match desk.last_tick() {
        // Alarms are open: none of its ticks may be left out.
        Some(_) => from,
        None => to - settings.time_scale.to_platform(JUDGED_PAST),
    };
    let mut past = feed.collector.backfill(from, to);
    let ticks = past.left();
    tracing::info!("reading the past from {from} on: {ticks} ticks");
    let mut ends = room.ends.clone();
    while let Some((at, batch, _)) = past.next().await {
        let done = ticks - past.left();
        room.board.update(|status| {
            status.not_ready_because = vec![format!("reading the past: {done} of {ticks} ticks")];
        });
        tokio::task::block_in_place(|| {
            if at < judged_from {
                room.keeper.put(Item::Tick(Box::new(desk.observe(at, &batch).tick)));
            } else {
                desk.turn(at, &batch, Depth::Judge).keep(&room.keeper);
            }
        });
        room.keeper.settled().await;
        if ends.has_changed().unwrap_or(true) && *ends.borrow_and_update() {
            break;
        }
    }
    to
}

/// Looks at the registry from time to time, and tells when other models are chosen.
fn follow_registry(room: &Room) -> signal::Receiver<Arc<Chosen>> {
    let (sender, receiver) = signal::channel(Arc::new(room.chosen.clone()));
    let Some(store) = room.store.clone() else { return receiver };
    let (wanted, cluster, given) =
        (room.config.models.clone(), room.cluster.clone(), room.given.clone());
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(REGISTRY).await;
            if sender.is_closed() {
                return;
            }
            let known = sender.borrow().entries.clone();
            if Registry::models(&*store, &cluster).await.is_ok_and(|entries| entries == known) {
                continue;
            }
            match models::choose(&wanted, Some((&*store, &cluster)), &given).await {
                Ok(chosen) => {
                    sender.send_replace(Arc::new(chosen));
                }
                Err(error) => tracing::warn!("the models stay as they are: {error}"),
            }
        }
    });
    receiver
}
