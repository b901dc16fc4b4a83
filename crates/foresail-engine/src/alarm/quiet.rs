//! Alarms that go nowhere: when one closes because its level stands still, and how long a unit then
//! stays silent.
//!
//! ```text
//!  open ──┬── no nearer to its limit for a while ──> closed ─┐
//!         └── its horizon passes without a failure ──────────┴──> Silence { furthest, until }
//!                                                                   broken by coming nearer than ever
//! ```

use foresail_core::{
    Alarm, Basis, FailureKind, FaultDuration, PlatformDuration, Prediction, TimeScale, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::book::{Entry, Open};
use super::{Group, Step};

/// A time that grows with how far an alarm looks ahead.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Patience {
    /// At least this long.
    pub least: FaultDuration,
    /// Share of the alarm's horizon.
    pub share: f64,
}

/// How an alarm ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Its horizon passed without a failure.
    Horizon,
    /// Its level came no nearer to the limit.
    Stalled,
    /// The unit failed.
    Failed,
    /// The score stayed low, or the fact is gone.
    Low,
}

/// How far a forecast came while its alarm was open.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Furthest {
    score: f64,
    /// Nearness to the limit; `None` where no model sees one.
    nearness: Option<f64>,
    /// When it last came nearer.
    at: Timestamp,
}

/// What keeps a unit silent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Silence {
    furthest: Furthest,
    until: Timestamp,
}

// === impl Patience ===

impl Patience {
    /// The time for an alarm with this horizon.
    #[must_use]
    pub fn of(&self, horizon: PlatformDuration, scale: TimeScale) -> PlatformDuration {
        let share = PlatformDuration::from_millis((horizon.as_millis() as f64 * self.share) as i64);
        share.max(scale.to_platform(self.least))
    }
}

// === impl Ending ===

impl Ending {
    /// Whether the forecast was wrong so far, so that saying it again needs something new.
    pub(super) const fn silences(self) -> bool {
        match self {
            Self::Horizon | Self::Stalled => true,
            Self::Failed | Self::Low => false,
        }
    }
}

// === impl Furthest ===

impl Furthest {
    /// Where an alarm stood when it was raised.
    pub(super) fn said(alarm: &Alarm) -> Self {
        let nearness = alarm.basis.as_ref().map(Basis::nearness);
        Self { score: alarm.score, nearness, at: alarm.raised_at }
    }

    /// Where `kind` stands in `group` at `at`.
    pub(super) fn now(group: &Group<'_>, kind: FailureKind, at: Timestamp) -> Self {
        let own = || group.iter().filter(|prediction| prediction.kind == kind);
        let near = |prediction: &&Prediction| prediction.basis.as_ref().map(|b| b.nearness());
        Self {
            score: own().map(|prediction| prediction.score).fold(0.0, f64::max),
            nearness: own().filter_map(near).reduce(f64::max),
            at,
        }
    }

    /// Whether this is further than `before`: nearer to the limit where both see one, else by score.
    fn exceeds(&self, before: &Self) -> bool {
        match (self.nearness, before.nearness) {
            (Some(now), Some(before)) => now > before,
            (Some(_) | None, Some(_) | None) => self.score > before.score,
        }
    }

    /// Takes in where the forecast stands now.
    fn follow(&mut self, now: &Self) {
        if now.nearness > self.nearness {
            (self.nearness, self.at) = (now.nearness, now.at);
        }
        self.score = self.score.max(now.score);
    }
}

// === impl Step ===

impl Step<'_> {
    /// Follows an open alarm, and says whether it stands still: no nearer to its limit for a while,
    /// and its score not at its highest either. Without a limit nobody can tell.
    pub(super) fn is_stalled(&self, open: &mut Open, group: &Group<'_>) -> bool {
        let now = Furthest::now(group, open.alarm.kind, self.context.at);
        open.furthest.follow(&now);
        let patience =
            self.policy.stall_after.of(open.alarm.horizon, self.context.settings.time_scale);
        open.furthest.nearness.is_some()
            && self.context.at.since(open.furthest.at) >= patience
            && now.score < open.furthest.score
    }

    /// The silence after an alarm that ended so.
    pub(super) fn silence(
        &self,
        open: &Open,
        (ended, ending): (Timestamp, Ending),
    ) -> Option<Silence> {
        let length = self.policy.silence.of(open.alarm.horizon, self.context.settings.time_scale);
        ending.silences().then(|| Silence { furthest: open.furthest, until: ended + length })
    }

    /// Ends a silence that has lasted long enough, or whose unit has failed since: what follows is
    /// another story.
    pub(super) fn lift_silence(&self, entry: &mut Entry) {
        let at = self.context.at;
        let over = entry.silence.is_some_and(|silence| at >= silence.until);
        if over || (entry.silence.is_some() && self.context.ledger.in_blackout(&entry.unit, at)) {
            entry.silence = None;
        }
    }

    /// Whether the entry is silent about what leads `group`: whatever its kind, it has to come further
    /// than what was wrong. A model that names several kinds would else say the same again by another name.
    pub(super) fn is_silent(&self, entry: &Entry, group: &Group<'_>) -> bool {
        let (Some(silence), Some(best)) = (entry.silence, group.first()) else { return false };
        let now = Furthest::now(group, best.kind, self.context.at);
        !now.exceeds(&silence.furthest)
    }
}
