//! The alarm policy: which predictions become alarms, and for how long.
//!
//! ```text
//!  predictions ── above the floor ──> grouped by unit ──> Entry { time above the threshold, open alarm }
//!                                      (a failed change: by unit and kind)      │
//!                                                                               v
//!                        a callee's open alarm explains it ──> Raised · Renewed · Folded · Cleared
//! ```
//!
//! [`advance`] is pure; [`advance_in_place`] is the same step on a book that the caller owns.
//! `docs/alarms.md` says the rules in words.

mod announce;
mod book;
mod fold;
mod kubectl;
mod line;
mod planned;
mod policy;
mod quiet;
#[cfg(test)]
mod tests;
mod voices;

use std::cmp::Ordering;
use std::fmt;

use foresail_core::{
    AlarmChange, FailureKind, PlatformDuration, Prediction, Timestamp, Unit, Verdict,
};

pub use book::AlarmBook;
pub use fold::KnownCalls;
pub use kubectl::kubectl;
pub use line::{AffectedLine, AlarmLine, CauseLine};
pub use planned::{is_planned, respect_plans};
pub use policy::AlarmPolicy;
pub use quiet::Patience;

use crate::graph::Graph;
use crate::ledger::Ledger;
use crate::settings::Settings;
use book::{Entry, Open};
use fold::Waiting;
use quiet::Ending;

/// What the policy asks about past failures. Answers may use only what was known by `at`.
pub trait KnownOutcomes: fmt::Debug {
    /// Whether `unit` has an outcome known by `at` that is open or recovered less than ten minutes
    /// of fault time before `at`.
    fn in_blackout(&self, unit: &Unit, at: Timestamp) -> bool;

    /// The latest outcome of `unit`: when it occurred and when that was settled.
    fn last_outcome(&self, unit: &Unit) -> Option<(Timestamp, Timestamp)>;
}

/// What an alarm decision may look at besides the predictions.
#[derive(Clone, Copy, Debug)]
pub struct AlarmContext<'a> {
    /// Facts about the source.
    pub settings: &'a Settings,
    /// Outcomes known so far.
    pub ledger: &'a dyn KnownOutcomes,
    /// The objects, to see whether a unit still has a ready pod; `None` where nothing asks.
    pub graph: Option<&'a Graph>,
    /// Who calls whom, to fold dependants; `None` where nothing is known of it.
    pub calls: Option<&'a dyn KnownCalls>,
    /// When the source started.
    pub started_at: Timestamp,
    /// The time of the tick.
    pub at: Timestamp,
}

/// The predictions of one entry at one tick, best first.
type Group<'p> = [&'p Prediction];

/// What became of one entry at one tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judged {
    /// Nothing is left to decide.
    Settled,
    /// It would be raised, unless an open alarm of a unit that it calls explains it.
    AsksItsCallees,
}

/// One step over one book.
struct Step<'a> {
    policy: &'a AlarmPolicy,
    context: AlarmContext<'a>,
    /// The tick before, if near enough for the time between to count.
    previous: Option<Timestamp>,
    /// Start of the window in which high scores count.
    window_start: Timestamp,
    close_after: PlatformDuration,
    raise_for: PlatformDuration,
    changes: Vec<AlarmChange>,
}

/// Time between two ticks that may pass unseen, in scrape intervals: one missed tick is bridged.
const BRIDGED_INTERVALS: i64 = 2;

// === impl KnownOutcomes ===

impl KnownOutcomes for Ledger {
    fn in_blackout(&self, unit: &Unit, at: Timestamp) -> bool {
        Self::in_blackout(self, unit, at)
    }

    fn last_outcome(&self, unit: &Unit) -> Option<(Timestamp, Timestamp)> {
        Self::last_outcome(self, unit)
    }
}

// === impl Step ===

impl<'a> Step<'a> {
    fn new(book: &AlarmBook, policy: &'a AlarmPolicy, context: AlarmContext<'a>) -> Self {
        let scale = context.settings.time_scale;
        let bridged = context.settings.scrape_interval.as_millis() * BRIDGED_INTERVALS;
        let previous = book.last_tick.filter(|last| context.at.since(*last).as_millis() <= bridged);
        Self {
            policy,
            context,
            previous,
            window_start: context.at - scale.to_platform(policy.raise_window),
            close_after: scale.to_platform(policy.close_after),
            raise_for: scale.to_platform(policy.raise_for),
            changes: Vec::new(),
        }
    }

    /// Judges one entry; `group` holds its predictions above the floor, best first.
    fn judge(&mut self, entry: &mut Entry, group: &Group<'_>, next_id: &mut u64) -> Judged {
        let at = self.context.at;
        let score = group.first().map_or(0.0, |best| best.score);
        if let Some(open) = entry.open.as_mut()
            && let Some((ended, ending)) = self.end(open, group)
        {
            let id = open.alarm.id;
            self.changes.push(AlarmChange::Cleared { id, at: ended });
            entry.silence = self.silence(open, (ended, ending)).or(entry.silence);
            entry.open = None;
            entry.high.clear();
        }
        entry.forget_before(self.window_start);
        self.lift_silence(entry);
        let Some(best) = group.first() else { return Judged::Settled };
        if score >= self.policy.threshold_of(best.kind) {
            entry.note_high(at, self.previous);
        }
        if let Some(open) = entry.open.as_mut() {
            self.renew(open, group);
        } else if self.may_raise(entry, group) {
            if self.is_echo(&entry.unit, group) {
                return Judged::AsksItsCallees;
            }
            self.raise(entry, group, next_id);
        }
        Judged::Settled
    }

    /// When and how the open alarm ended, if it has.
    fn end(&self, open: &mut Open, group: &Group<'_>) -> Option<(Timestamp, Ending)> {
        let at = self.context.at;
        let of_change = policy::is_change(open.alarm.kind);
        if let Some(deadline) = open.ends_at
            && deadline <= at
        {
            return Some((deadline, Ending::Horizon));
        }
        if !of_change && self.failed_since(&open.alarm.unit, open.alarm.raised_at) {
            return Some((at, Ending::Failed));
        }
        let score = group.first().map_or(0.0, |best| best.score);
        if score >= self.policy.floor(open.alarm.kind) {
            open.low_since = None;
        } else {
            let low_since = *open.low_since.get_or_insert(at);
            let patience =
                if of_change { self.policy.change_close_after } else { self.close_after };
            if at.since(low_since) >= patience {
                return Some((at, Ending::Low));
            }
        }
        (!of_change && self.is_stalled(open, group)).then_some((at, Ending::Stalled))
    }

    /// Whether an outcome of the unit became known after `raised_at`.
    fn failed_since(&self, unit: &Unit, raised_at: Timestamp) -> bool {
        let at = self.context.at;
        self.context
            .ledger
            .last_outcome(unit)
            .is_some_and(|(_, settled)| settled > raised_at && settled <= at)
            || self.context.ledger.in_blackout(unit, at)
    }

    fn may_raise(&self, entry: &Entry, group: &Group<'_>) -> bool {
        let Some(best) = group.first() else { return false };
        let threshold = self.policy.threshold_of(best.kind);
        let at = self.context.at;
        best.score >= threshold
            && at.since(self.context.started_at) >= self.policy.warm_up
            && (best.score >= self.policy.raise_at_once
                || entry.time_high(self.window_start) >= self.raise_for)
            // The fact behind a failed change is often itself the outcome; it has to be said all the same.
            && (entry.change.is_some() || !self.context.ledger.in_blackout(&entry.unit, at))
            && !self.is_silent(entry, group)
    }
}

// === free functions ===

/// One tick of the alarm policy.
#[must_use]
pub fn advance(
    book: &AlarmBook,
    predictions: &[Prediction],
    policy: &AlarmPolicy,
    context: AlarmContext<'_>,
) -> (AlarmBook, Vec<AlarmChange>) {
    let mut book = book.clone();
    let changes = advance_in_place(&mut book, predictions, policy, context);
    (book, changes)
}

/// One tick of the alarm policy on a book that the caller owns.
///
/// Call it for every tick, with or without predictions: time between two ticks further apart than
/// two scrape intervals does not count as time above the threshold. A tick not after the last one
/// changes nothing. Predictions below the floor (a quarter of the threshold) cost one comparison each.
pub fn advance_in_place(
    book: &mut AlarmBook,
    predictions: &[Prediction],
    policy: &AlarmPolicy,
    context: AlarmContext<'_>,
) -> Vec<AlarmChange> {
    if book.last_tick.is_some_and(|last| context.at <= last) {
        return Vec::new();
    }
    let ranked = ranked(predictions, policy);
    let mut step = Step::new(book, policy, context);
    book.last_tick = Some(context.at);
    if ranked.is_empty() && book.entries.is_empty() {
        return Vec::new();
    }
    let mut kept = Vec::with_capacity(book.entries.len());
    let mut waiting: Vec<Waiting<'_, '_>> = Vec::new();
    let mut old = std::mem::take(&mut book.entries).into_iter().peekable();
    for group in ranked.chunk_by(|a, b| key(a) == key(b)) {
        let wanted = key(group[0]);
        while let Some(mut entry) = old.next_if(|entry| entry_key(entry) < wanted) {
            step.judge(&mut entry, &[], &mut book.next_id);
            kept.push(entry);
        }
        let mut entry = old
            .next_if(|entry| entry_key(entry) == wanted)
            .unwrap_or_else(|| Entry::new(wanted.0.clone(), wanted.1));
        match step.judge(&mut entry, group, &mut book.next_id) {
            Judged::Settled => {}
            Judged::AsksItsCallees => waiting.push(Waiting { entry: kept.len(), group }),
        }
        kept.push(entry);
    }
    for mut entry in old {
        step.judge(&mut entry, &[], &mut book.next_id);
        kept.push(entry);
    }
    step.settle(&mut kept, &waiting, &mut book.next_id);
    kept.retain(|entry| !entry.is_idle());
    book.entries = kept;
    step.changes
}

/// The predictions that count, by entry, best first.
fn ranked<'p>(predictions: &'p [Prediction], policy: &AlarmPolicy) -> Vec<&'p Prediction> {
    let mut ranked: Vec<_> = predictions
        .iter()
        .filter(|prediction| {
            prediction.score > 0.0
                && prediction.score >= policy.floor(prediction.kind)
                && matches!(prediction.verdict, Verdict::Likely { .. })
        })
        .collect();
    ranked.sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| best_first(a, b)));
    ranked
}

fn best_first(a: &Prediction, b: &Prediction) -> Ordering {
    let soon = |prediction: &Prediction| {
        prediction.time_to_event().map_or(i64::MAX, |time| time.p50.as_millis())
    };
    b.score
        .total_cmp(&a.score)
        .then_with(|| soon(a).cmp(&soon(b)))
        .then_with(|| a.kind.cmp(&b.kind))
        .then_with(|| a.pod.cmp(&b.pod))
        .then_with(|| a.sentence.cmp(&b.sentence))
}

fn key(prediction: &Prediction) -> (&Unit, Option<FailureKind>) {
    (&prediction.unit, policy::is_change(prediction.kind).then_some(prediction.kind))
}

const fn entry_key(entry: &Entry) -> (&Unit, Option<FailureKind>) {
    (&entry.unit, entry.change)
}
