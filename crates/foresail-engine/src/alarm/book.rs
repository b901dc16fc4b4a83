//! What the alarm policy remembers of one unit: how long its score was high, and its open alarm.

use foresail_core::{Alarm, FailureKind, PlatformDuration, Timestamp, Unit};
use serde::{Deserialize, Serialize};

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
