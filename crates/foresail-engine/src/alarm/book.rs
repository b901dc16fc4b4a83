//! What the alarm policy remembers of one unit: how long its score was high, and its open alarm.

use foresail_core::{Alarm, FailureKind, PlatformDuration, Timestamp, Unit};
use serde::{Deserialize, Serialize};

use super::policy::is_change;
use super::quiet::{Furthest, Silence};

/// Memory of the alarm policy between ticks.
///
/// Bounded: it holds a unit only while its score is high or was so within the window, while its
/// alarm is open, or while it is silent after one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AlarmBook {
    pub(super) next_id: u64,
    pub(super) last_tick: Option<Timestamp>,
    /// In order of unit, the forecast alarm of a unit before its changes.
    pub(super) entries: Vec<Entry>,
}

/// One alarm that may be raised or is open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) unit: Unit,
    /// The kind of a failed change; `None` for the one forecast alarm of the unit.
    pub(super) change: Option<FailureKind>,
    pub(super) high: Vec<Spell>,
    pub(super) open: Option<Open>,
    /// What the unit is silent about.
    pub(super) silence: Option<Silence>,
}

/// A span of ticks at or above the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Spell {
    from: Timestamp,
    to: Timestamp,
}

/// An open alarm with what was last said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Open {
    pub(super) alarm: Box<Alarm>,
    pub(super) ends_at: Option<Timestamp>,
    pub(super) low_since: Option<Timestamp>,
    pub(super) told: Option<PlatformDuration>,
    pub(super) furthest: Furthest,
    /// When the event is expected, as of the last tick that could tell.
    pub(super) expected_at: Option<Timestamp>,
}

// === impl AlarmBook ===

impl AlarmBook {
    /// The open alarms as last said, in order of their units.
    pub fn open(&self) -> impl Iterator<Item = &Alarm> {
        self.entries.iter().filter_map(|entry| entry.open.as_ref().map(|open| &*open.alarm))
    }

    /// Makes `open` the open alarms: those that a store kept as open, where this book is older than it.
    ///
    /// What was raised since is open and is not raised again, what was cleared since is forgotten, and
    /// later alarms are numbered from `next_id` on.
    pub fn reconcile(&mut self, open: Vec<Alarm>, next_id: u64) {
        self.next_id = self.next_id.max(next_id);
        for entry in &mut self.entries {
            entry.open.take_if(|own| !open.iter().any(|kept| is_same(&own.alarm, kept)));
        }
        for alarm in open {
            let change = is_change(alarm.kind).then_some(alarm.kind);
            let key = |entry: &Entry| (&entry.unit, entry.change).cmp(&(&alarm.unit, change));
            let at = self.entries.binary_search_by(key).unwrap_or_else(|at| {
                self.entries.insert(at, Entry::new(alarm.unit.clone(), change));
                at
            });
            self.entries[at].open.get_or_insert_with(|| Open::kept(alarm));
        }
        self.entries.retain(|entry| !entry.is_idle());
    }
}

// === impl Open ===

impl Open {
    /// An alarm of which nothing but its own words is known.
    fn kept(alarm: Alarm) -> Self {
        let told = alarm.time_to_event.map(|time| time.p50);
        Self {
            told,
            ends_at: (!is_change(alarm.kind)).then(|| alarm.raised_at + alarm.horizon),
            low_since: None,
            furthest: Furthest::said(&alarm),
            expected_at: told.map(|time| alarm.raised_at + time),
            alarm: Box::new(alarm),
        }
    }
}

/// Whether two are one alarm: numbers alone begin again where a state was lost.
fn is_same(a: &Alarm, b: &Alarm) -> bool {
    (a.id, a.raised_at) == (b.id, b.raised_at)
}

// === impl Entry ===

impl Entry {
    /// An entry of which nothing is known yet.
    pub(super) const fn new(unit: Unit, change: Option<FailureKind>) -> Self {
        Self { unit, change, high: Vec::new(), open: None, silence: None }
    }

    /// Notes a tick at or above the threshold. `previous` is the tick before, if it is near enough
    /// for the time between the two to count.
    pub(super) fn note_high(&mut self, at: Timestamp, previous: Option<Timestamp>) {
        match self.high.last_mut() {
            Some(spell) if Some(spell.to) == previous => spell.to = at,
            Some(_) | None => self.high.push(Spell { from: at, to: at }),
        }
    }

    /// Forgets what lies before `since`.
    pub(super) fn forget_before(&mut self, since: Timestamp) {
        self.high.retain(|spell| spell.to >= since);
    }

    /// How long the score was high since `since`.
    pub(super) fn time_high(&self, since: Timestamp) -> PlatformDuration {
        self.high
            .iter()
            .fold(PlatformDuration::ZERO, |sum, spell| sum + spell.to.since(spell.from.max(since)))
    }

    /// Whether there is nothing to remember.
    pub(super) const fn is_idle(&self) -> bool {
        self.high.is_empty() && self.open.is_none() && self.silence.is_none()
    }
}
