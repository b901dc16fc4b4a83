//! The loop: tick after tick, each under its own time.
//!
//! ```text
//!  clock ──> feed.batch(at) ──> desk.turn (a thread of its own) ──┬─> keeper: tick, minute, restart point
//!                                                                 └─> board: snapshot, status, changes
//! ```

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use foresail_api::{Change, ObjectCounts, OpenAlarm, Snapshot, SourceState, TickHealth, What};
use foresail_core::store::Minute;
use foresail_core::{AlarmChange, Clock, PlatformDuration, Timestamp};
use tokio::sync::watch as signal;

use super::board::Board;
use super::desk::{Desk, Turn};
use super::feed::{Feed, FeedReport};
use super::judge::Depth;
use super::keeper::{Item, Keeper};
use super::models::Chosen;
use crate::clock::Stopwatch;

/// Between two restart points.
const RESTART_EVERY: PlatformDuration = PlatformDuration::from_seconds(300);
/// The longest time that is made up for tick by tick.
const LONGEST_LAG: PlatformDuration = PlatformDuration::from_seconds(7_200);

/// What the loop works with.
pub(crate) struct Watch {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) interval: PlatformDuration,
    pub(crate) board: Arc<Board>,
    pub(crate) keeper: Arc<Keeper>,
    /// The models that judge, whenever others are chosen.
    pub(crate) models: signal::Receiver<Arc<Chosen>>,
    pub(crate) depth: Depth,
}

/// What the loop remembers of its own pace.
struct Pace {
    ticks: TickHealth,
    /// When the last restart point was kept; `None` before the first, which the first tick keeps: a life
    /// that is killed early must not begin anew for ever.
    last_restart: Option<Timestamp>,
    minute: Option<Arc<Minute>>,
}

// === impl Watch ===

impl Watch {
    /// Ticks until `stop` is ready; gives the desk back, with what it knows.
    pub(crate) async fn run(
        mut self,
        (mut desk, mut feed): (Desk, Box<dyn Feed>),
        first: Timestamp,
        stop: impl Future<Output = ()>,
    ) -> Desk {
        tokio::pin!(stop);
        let mut at = first.round_up(self.interval);
        let mut pace = self.pace();
        loop {
            tokio::select! {
                () = &mut stop => return self.end(desk),
                () = self.clock.reach(at) => {}
            }
            let late = self.clock.now().since(at);
            if late > LONGEST_LAG {
                tracing::warn!("{:.0} s behind: the time between is left out", late.as_seconds());
                at = (self.clock.now() - LONGEST_LAG).round_up(self.interval);
                continue;
            }
            let watch = Stopwatch::start();
            let (batch, report) = tokio::select! {
                () = &mut stop => return self.end(desk),
                read = feed.batch(at) => read,
            };
            self.follow_models(&mut desk);
            let depth = self.depth;
            let turned = tokio::task::spawn_blocking(move || {
                let turn = desk.turn(at, &batch, depth);
                (desk, turn)
            });
            let turn = match turned.await {
                Ok((back, turn)) => {
                    desk = back;
                    turn
                }
                // A defect of ours: better a restart from the last point than silence.
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            };
            self.keep(&desk, &turn, &mut pace);
            pace.note(watch.elapsed(), self.clock.now().since(at), self.interval);
            self.show(turn, report, &pace);
            tokio::select! {
                () = &mut stop => return self.end(desk),
                () = self.keeper.settled() => {}
            }
            at = at + self.interval;
        }
    }

    fn pace(&self) -> Pace {
        let interval_seconds = self.interval.as_seconds();
        let ticks = TickHealth { interval_seconds, ..TickHealth::default() };
        Pace { ticks, last_restart: None, minute: None }
    }

    /// Lets other models judge, if others were chosen.
    fn follow_models(&mut self, desk: &mut Desk) {
        if self.models.has_changed().unwrap_or(false) {
            let chosen = self.models.borrow_and_update().clone();
            tracing::info!("model `{}` is in service", chosen.service.name);
            desk.set_models(&chosen);
            self.board.set_models(&chosen);
        }
    }

    /// Hands what is kept to the store.
    fn keep(&self, desk: &Desk, turn: &Turn, pace: &mut Pace) {
        let at = turn.judged.at;
        turn.keep(&self.keeper);
        if let Some(minute) = &turn.minute {
            pace.minute = Some(Arc::new(minute.clone()));
        }
        if pace.last_restart.is_none_or(|last| at.since(last) >= RESTART_EVERY) {
            pace.last_restart = Some(at);
            self.keep_restart_point(desk);
        }
    }

    /// The last word: from where a later life goes on.
    fn end(&self, desk: Desk) -> Desk {
        self.keep_restart_point(&desk);
        desk
    }

    /// Hands over from where a later life can go on.
    fn keep_restart_point(&self, desk: &Desk) {
        match desk.restart_point() {
            Ok(Some(point)) => self.keeper.put(Item::Restart(Box::new(point))),
            Ok(None) => {}
            Err(error) => tracing::error!("no restart point: {error}"),
        }
    }

    /// Shows what the tick said.
    fn show(&self, turn: Turn, report: FeedReport, pace: &Pace) {
        let at = turn.judged.at;
        self.board.update(|status| {
            status.last_tick = Some(at);
            status.ticks = pace.ticks;
            status.mode = turn.mode;
            status.mode_reason.clone_from(&turn.mode_reason);
            status.objects = turn.objects;
            status.scorecard.clone_from(&turn.scorecard);
            status.outcomes.clone_from(&turn.outcomes);
            for (reason, count) in turn.skipped.iter().chain(&report.skipped) {
                add(&mut status.skipped, reason, *count);
            }
            status.not_ready_because = report
                .sources
                .iter()
                .filter(|source| source.state == SourceState::Down)
                .map(|source| {
                    let reason = source.reason.as_deref().unwrap_or("it does not answer");
                    format!("`{}` is down: {reason}", source.name)
                })
                .collect();
            status.sources = report.sources;
            status.ready = status.not_ready_because.is_empty();
        });
        self.tell(&turn);
        let Turn { judged, alarms, drift, .. } = turn;
        let minute = pace.minute.clone();
        let predictions = judged.predictions;
        self.board.show(Snapshot { at, predictions, alarms, minute, drift });
    }

    fn tell(&self, turn: &Turn) {
        let at = turn.judged.at;
        for change in &turn.judged.tick.alarms {
            let open = open_of(change, &turn.alarms);
            self.board.tell(Change {
                at,
                what: What::Alarm {
                    change: change.clone(),
                    pages: open.is_some_and(|open| open.pages),
                    muted_because: open.and_then(|open| open.muted_because.clone()),
                },
            });
        }
        for outcome in &turn.judged.tick.outcomes {
            self.board.tell(Change { at, what: What::Outcome(outcome.clone()) });
        }
        let predictions = turn.judged.predictions.len();
        self.board.tell(Change { at, what: What::Tick { predictions } });
    }
}

// === impl Pace ===

impl Pace {
    fn note(&mut self, took: Duration, lateness: PlatformDuration, interval: PlatformDuration) {
        let ticks = &mut self.ticks;
        ticks.count += 1;
        ticks.late += u64::from(lateness > interval);
        ticks.last_lateness_seconds = Some(lateness.as_seconds());
        ticks.last_duration_seconds = Some(took.as_secs_f64());
        ticks.total_duration_seconds += took.as_secs_f64();
    }
}

/// The open alarm that a change is about.
fn open_of<'a>(change: &AlarmChange, open: &'a [OpenAlarm]) -> Option<&'a OpenAlarm> {
    let id = match change {
        AlarmChange::Raised(alarm) | AlarmChange::Renewed { alarm, .. } => alarm.id,
        AlarmChange::Folded { .. } | AlarmChange::Cleared { .. } => return None,
    };
    open.iter().find(|open| open.alarm.id == id)
}

fn add(skipped: &mut Vec<foresail_api::Skipped>, reason: &str, count: u64) {
    match skipped.iter_mut().find(|known| known.reason == reason) {
        Some(known) => known.count += count,
        None => skipped.push(foresail_api::Skipped { reason: reason.to_owned(), count }),
    }
}

/// Objects that the judge knows.
pub(super) fn objects(graph: &foresail_engine::graph::Graph) -> ObjectCounts {
    let count = |n: usize| n as u64;
    ObjectCounts {
        pods: count(graph.pods().filter(|record| !record.object.is_finished()).count()),
        workloads: count(graph.workloads().count()),
        nodes: count(graph.nodes().count()),
        volumes: count(graph.inventory().claims().count()),
    }
}

#[cfg(test)]
mod tests;
