//! From a configuration to a running service, and back to a clean end.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use foresail_api::{ServeSettings, Source};
use foresail_collect::SteeredClock;
use foresail_core::store::{AlarmFilter, Archive, ClusterName, Journal, Registry, TimeSpan};
use foresail_core::{Alarm, AlarmId, Clock, Timestamp};
use foresail_engine::Settings;
use foresail_engine::paging::{EarlyFirstPassage, PageBudget, PagingMode, PagingSettings};
use foresail_store::{Access, Store};
use tokio::sync::watch as signal;

use super::board::Board;
use super::clock::SystemClock;
use super::config::{self, Config, Role};
use super::desk::{Desk, Memory};
use super::judge::Judge;
use super::keeper::Keeper;
use super::models::{self, Chosen, Loaded};
use super::{connect, logging, restart};
use crate::arguments::RunArguments;
use crate::failure::{Failure, Result};
use crate::stdout::Output;

/// Time for the store to take what is still to be kept at the end.
const FAREWELL: Duration = Duration::from_secs(10);

/// Everything that lives as long as the service.
pub(super) struct Room {
    pub(super) config: Config,
    pub(super) cluster: ClusterName,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) store: Option<Arc<Store>>,
    pub(super) keeper: Arc<Keeper>,
    pub(super) board: Arc<Board>,
    pub(super) chosen: Chosen,
    /// Models of this process's files, which need no registry.
    pub(super) given: BTreeMap<String, Loaded>,
    /// Turns true when the service is asked to end.
    pub(super) ends: signal::Receiver<bool>,
}

/// Runs the service until it is asked to end.
pub(crate) fn run(arguments: &RunArguments) -> Result<()> {
    let flags = arguments.overrides().map_err(Failure::input)?;
    let file =
        arguments.config.clone().or_else(|| config::environment("FORESAIL_CONFIG").map(Into::into));
    let config = config::load(file.as_deref(), &config::environment, flags)?;
    if arguments.print_config {
        let mut output = Output::new();
        output.text(&config::rendered(&config))?;
        return output.flush();
    }
    logging::start(&config.log);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::writing(error, "failed to start the service"))?;
    let ended = runtime.block_on(serve(config, arguments.clock.as_deref()));
    // A hung connection must not hold up the end.
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

async fn serve(config: Config, replay: Option<&str>) -> Result<()> {
    let api = config.has(Role::Serve).then(|| connect::api(&config.api)).transpose()?;
    let listener = api.is_some().then(|| crate::serve::bind(config.api.listen)).transpose()?;
    let clock = clock(replay).await?;
    let ends = asked_to_end()?;
    let room = furnish(config, clock, ends).await?;
    let kept = tokio::spawn(keep(&room));
    let served = api.zip(listener).map(|(settings, listener)| answer(&room, settings, listener));
    let served = served.transpose()?.map(tokio::spawn);
    let ended = if room.config.has(Role::Collect) {
        super::cluster::watch(&room).await
    } else {
        until(room.ends.clone()).await;
        Ok(())
    };
    room.keeper.close();
    if tokio::time::timeout(FAREWELL, kept).await.is_err() {
        tracing::error!("the store did not take everything before the end");
    }
    if let Some(served) = served {
        // Streams of changes never end by themselves.
        served.abort();
    }
    ended
}

/// The clock of the machine, or of a replay.
async fn clock(replay: Option<&str>) -> Result<Arc<dyn Clock>> {
    let Some(url) = replay else { return Ok(Arc::new(SystemClock)) };
    let clock = SteeredClock::connect(url).await;
    Ok(Arc::new(clock.map_err(|error| Failure::Environment(error.into()))?))
}

/// Opens the store, reads the models and hangs up the board.
async fn furnish(
    config: Config,
    clock: Arc<dyn Clock>,
    ends: signal::Receiver<bool>,
) -> Result<Room> {
    let cluster = super::cluster::name(&config).await?;
    let collects = config.has(Role::Collect);
    let store = if collects { Some(Arc::new(open(&config).await?)) } else { None };
    let mut given = BTreeMap::new();
    for file in &config.models.files {
        let (new, loaded) = models::from_file(file, clock.now())?;
        if let Some(store) = &store {
            store.add_model(&cluster, &new).await.map_err(refused)?;
        }
        given.insert(new.name, loaded);
    }
    let registry = store.as_deref().map(|store| store as &dyn Registry);
    let chosen = models::choose(&config.models, registry.map(|one| (one, &cluster)), &given);
    let chosen = chosen.await.map_err(Failure::input)?;
    for (name, reason) in &chosen.refused {
        tracing::warn!("model `{name}` of the registry is not used: {reason}");
    }
    let keeper = Arc::new(Keeper::default());
    let shown = store.clone().map(|store| (keeper.clone(), store));
    let board = Arc::new(Board::new(cluster.clone(), clock.clone(), shown));
    board.set_models(&chosen);
    if !collects {
        board.update(|status| {
            status.mode_reason = "no cluster is watched: the role is `serve` alone".to_owned();
            status.ready = true;
            status.not_ready_because.clear();
        });
    }
    Ok(Room { config, cluster, clock, store, keeper, board, chosen, given, ends })
}

async fn open(config: &Config) -> Result<Store> {
    let options = connect::store(&config.store, Access::Service)?;
    foresail_store::open(&options).await.map_err(refused)
}

/// A store that refuses at the start: wrong use where nobody but the caller can mend it.
pub(crate) fn refused(error: foresail_core::store::StoreError) -> Failure {
    use foresail_core::store::StoreError;
    let input = matches!(
        error,
        StoreError::Address { .. } | StoreError::Newer { .. } | StoreError::UnknownModel { .. }
    );
    if input { Failure::Input(error.into()) } else { Failure::Environment(error.into()) }
}

/// Keeps what is put until the keeper is closed.
fn keep(room: &Room) -> impl Future<Output = ()> + Send + 'static {
    let keeper = room.keeper.clone();
    let journal = room.store.clone().map(|store| store as Arc<dyn Journal>);
    let what = (room.cluster.clone(), connect::retention(&room.config.store));
    async move {
        if let Some(journal) = journal {
            keeper.run(journal, what).await;
        }
    }
}

/// Serves the API until the service ends.
fn answer(
    room: &Room,
    settings: ServeSettings,
    listener: TcpListener,
) -> Result<impl Future<Output = ()> + Send + 'static> {
    let failed = |error| Failure::writing(error, "failed to serve the API");
    listener.set_nonblocking(true).map_err(failed)?;
    let listener = tokio::net::TcpListener::from_std(listener).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    tracing::info!("the API is at http://{address}/api/v1");
    let (source, ends) = (room.board.clone() as Arc<dyn Source>, room.ends.clone());
    Ok(async move {
        if let Err(error) = foresail_api::serve(listener, source, settings, until(ends)).await {
            tracing::error!("the API is not served: {error}");
        }
    })
}

/// Ready when the service is asked to end.
pub(super) async fn until(mut ends: signal::Receiver<bool>) {
    // A sender that is gone asks for the end too.
    let _ = ends.wait_for(|asked| *asked).await;
}

/// Listens for Ctrl-C and SIGTERM.
fn asked_to_end() -> Result<signal::Receiver<bool>> {
    use tokio::signal::unix::{SignalKind, signal};
    let failed = |error| Failure::writing(error, "failed to listen for signals");
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let (sender, receiver) = signal::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        tracing::info!("ending");
        // Nobody may be waiting.
        let _ = sender.send(true);
    });
    Ok(receiver)
}

// === what an earlier life left ===

/// Goes on from where an earlier life stood, or begins.
pub(super) async fn desk(room: &Room, settings: &Settings) -> Desk {
    let service = room.chosen.service.clone();
    let archive = room.store.as_deref();
    let point = match archive {
        Some(archive) => archive.restart_point(&room.cluster).await.unwrap_or_else(|error| {
            tracing::warn!("no restart point can be read: {error}");
            None
        }),
        None => None,
    };
    let resumed = point.map(|point| (point.at, restart::read::<Memory>(&point, settings)));
    let (judge, memory) = match resumed {
        Some((at, Ok((state, last, memory)))) => {
            tracing::info!("going on from {at}");
            (Judge::resumed(state, last, service), Some(memory))
        }
        Some((at, Err(error))) => {
            tracing::warn!("the restart point of {at} is not used: {error}");
            (Judge::new(settings.clone(), service), None)
        }
        None => (Judge::new(settings.clone(), service), None),
    };
    let floor = room.config.models.watch_floor;
    let mut judge = judge.with_watch_floor(floor).with_shadows(room.chosen.shadows.clone());
    if let Some(archive) = archive {
        let (open, next) = alarms(archive, &room.cluster).await;
        judge.take_over(open, next);
    }
    let memory = memory.unwrap_or_else(|| Memory::new(judge.state()));
    Desk::new(judge, memory, paging(&room.config.paging))
}

/// The alarms that the store has as open, and the number of the next one.
async fn alarms(archive: &dyn Archive, cluster: &ClusterName) -> (Vec<Alarm>, AlarmId) {
    let ever = TimeSpan { from: Timestamp::default(), until: Timestamp::from_millis(i64::MAX) };
    let kept = archive.alarms(cluster, AlarmFilter::Raised(ever)).await;
    let kept = kept.unwrap_or_else(|error| {
        tracing::warn!("the alarms that were kept cannot be read: {error}");
        Vec::new()
    });
    let next = kept.iter().map(|alarm| alarm.id.0 + 1).max().unwrap_or(0);
    let open = kept.into_iter().filter(|alarm| alarm.cleared_at.is_none()).collect();
    (open, AlarmId(next))
}

fn paging(wanted: &config::Paging) -> PagingSettings {
    PagingSettings {
        mode: match wanted.mode {
            config::PagingMode::Auto => PagingMode::Auto,
            config::PagingMode::Observe => PagingMode::Observe,
            config::PagingMode::On => PagingMode::On,
        },
        observe_for: wanted.observe_for.platform(),
        observe_outcomes: wanted.observe_outcomes,
        early_first_passage: if wanted.early_first_passage {
            EarlyFirstPassage::Yes
        } else {
            EarlyFirstPassage::No
        },
        budget: PageBudget {
            false_pages: wanted.false_pages,
            within: wanted.false_pages_within.platform(),
        },
    }
}
