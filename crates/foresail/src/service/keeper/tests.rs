//! A store that is away, full, or refuses for ever.

use std::collections::VecDeque;

use foresail_core::store::{Pruned, StoreFuture};

use super::*;

const SOON: Duration = Duration::from_millis(20);

/// A journal that answers as it is told, then takes everything.
#[derive(Default)]
struct Fickle {
    answers: Mutex<VecDeque<fn() -> StoreError>>,
    kept: Mutex<Vec<Timestamp>>,
}

impl Fickle {
    fn that(answers: &[fn() -> StoreError]) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(answers.iter().copied().collect()), ..Self::default() })
    }

    fn kept(&self) -> Vec<i64> {
        self.kept.lock().unwrap().iter().map(|at| at.as_millis()).collect()
    }

    fn answer(&self) -> Result<(), StoreError> {
        self.answers.lock().unwrap().pop_front().map_or(Ok(()), |error| Err(error()))
    }
}

impl Journal for Fickle {
    fn commit_tick<'a>(&'a self, _: &'a ClusterName, tick: &'a Tick) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.answer()?;
            self.kept.lock().unwrap().push(tick.at);
            Ok(())
        })
    }

    fn commit_minute<'a>(&'a self, _: &'a ClusterName, _: &'a Minute) -> StoreFuture<'a, ()> {
        Box::pin(async move { self.answer() })
    }

    fn keep_evidence<'a>(&'a self, _: &'a ClusterName, _: &'a Evidence) -> StoreFuture<'a, ()> {
        Box::pin(async move { self.answer() })
    }

    fn keep_restart_point<'a>(
        &'a self,
        _: &'a ClusterName,
        _: &'a RestartPoint,
    ) -> StoreFuture<'a, ()> {
        Box::pin(async move { self.answer() })
    }

    fn prune<'a>(
        &'a self,
        _: &'a ClusterName,
        _: Timestamp,
        _: &'a Retention,
    ) -> StoreFuture<'a, Pruned> {
        Box::pin(async move { self.answer().map(|()| Pruned::default()) })
    }
}

fn full() -> StoreError {
    StoreError::Full { place: "a".into(), source: "no room".into() }
}

fn away() -> StoreError {
    StoreError::Unreachable { place: "a".into(), source: "gone".into() }
}

fn odd() -> StoreError {
    StoreError::Failed { place: "a".into(), source: "odd".into() }
}

fn tick(at: i64) -> Item {
    Item::Tick(Box::new(Tick { at: Timestamp::from_millis(at), ..Tick::default() }))
}

fn started(journal: &Arc<Fickle>) -> (Arc<Keeper>, tokio::task::JoinHandle<()>) {
    let keeper = Arc::new(Keeper::new(SOON));
    let what = (ClusterName::try_from("a").unwrap(), Retention::default());
    let running = tokio::spawn(keeper.clone().run(journal.clone(), what));
    (keeper, running)
}

/// Waits until the store has kept these ticks.
async fn until(journal: &Fickle, ticks: &[i64]) {
    let kept = async {
        while journal.kept() != ticks {
            tokio::time::sleep(SOON / 4).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), kept).await.expect("the store is back");
}

#[tokio::test]
async fn ticks_wait_in_order_while_the_store_is_away() {
    let journal = Fickle::that(&[away, away, full]);
    let (keeper, running) = started(&journal);
    for at in 1..=3 {
        keeper.put(tick(at));
    }
    // The loop goes on although nothing is kept.
    keeper.settled().await;
    assert_eq!(keeper.status().state, StoreState::Failing);
    assert_eq!(keeper.status().waiting, 3);
    until(&journal, &[1, 2, 3]).await;
    keeper.settled().await;
    let status = keeper.status();
    assert_eq!((status.state, status.waiting, status.lost), (StoreState::Ok, 0, 0));
    assert_eq!(status.last_kept, Some(Timestamp::from_millis(3)));
    keeper.close();
    running.await.unwrap();
}

#[tokio::test]
async fn nothing_more_is_taken_in_once_too_much_waits() {
    let journal = Fickle::that(&vec![full as fn() -> StoreError; 3_000]);
    let (keeper, _running) = started(&journal);
    for at in 0..MOST_TICKS as i64 {
        keeper.put(tick(at));
    }
    let waits = tokio::time::timeout(20 * SOON, keeper.settled()).await;
    assert!(waits.is_err(), "the loop must wait");
    assert!(keeper.status().reason.unwrap().contains("nothing more is taken in"));
}

#[tokio::test]
async fn what_is_refused_for_ever_is_lost_and_counted_and_the_rest_goes_on() {
    let journal = Fickle::that(&vec![odd as fn() -> StoreError; MOST_ATTEMPTS as usize]);
    let (keeper, running) = started(&journal);
    keeper.put(tick(1));
    keeper.put(tick(2));
    until(&journal, &[2]).await;
    keeper.settled().await;
    assert_eq!(keeper.status().lost, 1);
    keeper.close();
    running.await.unwrap();
}

#[tokio::test]
async fn a_restart_point_is_kept_after_the_ticks_before_it_or_not_at_all() {
    let journal = Fickle::that(&[away]);
    let (keeper, running) = started(&journal);
    keeper.put(tick(1));
    let point = RestartPoint {
        at: Timestamp::from_millis(1),
        format: String::new(),
        state: Vec::new(),
        assessment: Vec::new(),
    };
    keeper.put(Item::Restart(Box::new(point)));
    until(&journal, &[1]).await;
    keeper.settled().await;
    assert_eq!(keeper.status().waiting, 0);
    keeper.close();
    running.await.unwrap();
}
