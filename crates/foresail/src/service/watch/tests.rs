//! The loop over a recording, into a real store.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};

use foresail_api::Source;
use foresail_collect::{OpenOptions, Recording, ReplayOptions, Verify};
use foresail_core::store::{AlarmFilter, Archive, BoxFuture, ClusterName, Retention, TimeSpan};
use foresail_core::{Alarm, Batch, Outcome};
use foresail_engine::paging::PagingSettings;
use foresail_engine::{Settings, State};
use foresail_evaluate::replay;
use foresail_store::{Access, Store, StoreOptions};

use super::super::config::Models as Wanted;
use super::super::desk::Memory;
use super::super::judge::{Judge, Judging};
use super::super::{models, restart};
use super::*;

/// Ticks that are replayed: enough for alarms and outcomes.
const TICKS: usize = 540;

/// A clock that is always there.
#[derive(Debug, Default)]
struct Leap(AtomicI64);

impl Clock for Leap {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }

    fn reach(&self, at: Timestamp) -> BoxFuture<'_, ()> {
        self.0.fetch_max(at.as_millis(), Ordering::Relaxed);
        Box::pin(std::future::ready(()))
    }
}

/// Batches by their tick.
struct Recorded(BTreeMap<Timestamp, Batch>);

impl Feed for Recorded {
    fn batch(&mut self, at: Timestamp) -> BoxFuture<'_, (Batch, FeedReport)> {
        let batch = self.0.remove(&at).unwrap_or_else(|| Batch { until: at, ..Batch::default() });
        Box::pin(std::future::ready((batch, FeedReport::default())))
    }
}

struct Lab {
    settings: Settings,
    batches: Vec<(Timestamp, Batch)>,
}

fn lab() -> Lab {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/lab-1");
    let recording = Recording::open(&dir, &OpenOptions { verify: Verify::Nothing }).unwrap();
    let replay = recording.replay(ReplayOptions::default());
    let settings = Settings {
        cluster: recording.cluster().to_owned(),
        time_scale: recording.time_scale(),
        scrape_interval: replay.scrape_interval(),
    };
    Lab { settings, batches: replay.take(TICKS).collect() }
}

fn judging() -> Judging {
    models::judging(models::FIRST_PASSAGE, &BTreeMap::new(), &Wanted::default()).unwrap()
}

fn chosen() -> Chosen {
    Chosen {
        service: judging(),
        shadows: Vec::new(),
        loaded: BTreeMap::new(),
        refused: Vec::new(),
        entries: Vec::new(),
    }
}

async fn open(folder: &Path) -> Arc<Store> {
    let url = folder.join("foresail.db").display().to_string();
    Arc::new(foresail_store::open(&StoreOptions::new(&url, Access::Service)).await.unwrap())
}

/// One life of the service, until the batches end.
async fn live(lab: &Lab, store: &Arc<Store>, desk: Desk, ticks: &[(Timestamp, Batch)]) -> Desk {
    let cluster = ClusterName::try_from(lab.settings.cluster.as_str()).unwrap();
    let keeper = Arc::new(Keeper::default());
    let kept =
        tokio::spawn(keeper.clone().run(store.clone(), (cluster.clone(), Retention::default())));
    let clock: Arc<dyn Clock> = Arc::new(Leap::default());
    let shown = Some((keeper.clone(), store.clone()));
    let board = Arc::new(Board::new(cluster, clock.clone(), shown));
    let watch = Watch {
        clock,
        interval: lab.settings.scrape_interval,
        board: board.clone(),
        keeper: keeper.clone(),
        models: signal::channel(Arc::new(chosen())).1,
        depth: Depth::Everyone,
    };
    let (first, last) = (ticks[0].0, ticks[ticks.len() - 1].0);
    let feed = Box::new(Recorded(ticks.iter().cloned().collect()));
    let ended = async {
        while Source::status(&*board).last_tick.is_none_or(|at| at < last) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let desk = watch.run((desk, feed), first, ended).await;
    keeper.close();
    kept.await.unwrap();
    desk
}

fn fresh(lab: &Lab) -> Desk {
    let judge = Judge::new(lab.settings.clone(), judging());
    let memory = Memory::new(judge.state());
    Desk::new(judge, memory, PagingSettings::default())
}

async fn kept(lab: &Lab, store: &Store) -> (Vec<Alarm>, Vec<Outcome>) {
    let cluster = ClusterName::try_from(lab.settings.cluster.as_str()).unwrap();
    let ever = TimeSpan { from: Timestamp::default(), until: Timestamp::from_millis(i64::MAX) };
    let alarms = store.alarms(&cluster, AlarmFilter::Raised(ever)).await.unwrap();
    (alarms, store.outcomes(&cluster, ever).await.unwrap())
}

/// What of alarms a person would compare.
fn said(alarms: &[Alarm], until: Timestamp) -> Vec<(Timestamp, String, &'static str)> {
    let raised = alarms.iter().filter(|alarm| alarm.raised_at <= until);
    let mut said: Vec<_> = raised
        .map(|alarm| (alarm.raised_at, alarm.unit.to_string(), alarm.kind.as_str()))
        .collect();
    said.sort();
    said
}

fn expected(lab: &Lab) -> (Vec<Alarm>, State) {
    let judging = judging();
    let mut state = State::new(lab.settings.clone());
    let alarms = replay::alarms(
        (&lab.settings, &judging.models, &judging.policy),
        lab.batches.iter().cloned(),
        |now, _, _| state = now.clone(),
    );
    (alarms, state)
}

#[tokio::test]
async fn the_service_says_what_the_back_test_says_and_keeps_it_over_a_restart() {
    let lab = lab();
    let (alarms, state) = expected(&lab);
    let last = lab.batches[TICKS - 1].0;
    assert!(alarms.len() > 2, "{}", alarms.len());

    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    live(&lab, &store, fresh(&lab), &lab.batches).await;
    let (kept_alarms, kept_outcomes) = kept(&lab, &store).await;
    assert_eq!(said(&kept_alarms, last), said(&alarms, last));
    assert_eq!(kept_outcomes.len(), state.outcomes().len());

    // A life that ends in the middle, and one that goes on from its restart point.
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let (first, second) = lab.batches.split_at(TICKS / 2);
    live(&lab, &store, fresh(&lab), first).await;
    let cluster = ClusterName::try_from(lab.settings.cluster.as_str()).unwrap();
    let point = store.restart_point(&cluster).await.unwrap().unwrap();
    assert_eq!(point.at, first[first.len() - 1].0);
    let (state_then, last_said, memory) = restart::read::<Memory>(&point, &lab.settings).unwrap();
    let judge = Judge::resumed(state_then, last_said, judging());
    let desk = Desk::new(judge, memory, PagingSettings::default());
    live(&lab, &store, desk, second).await;
    let (kept_alarms, kept_outcomes) = kept(&lab, &store).await;
    assert_eq!(said(&kept_alarms, last), said(&alarms, last));
    assert_eq!(kept_outcomes.len(), state.outcomes().len());
}
