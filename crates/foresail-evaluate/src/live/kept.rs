//! Alarms that are kept to be judged.

use foresail_core::{Alarm, FailureKind, KindClass, PlatformDuration, TimeScale, Timestamp, Unit};
use foresail_engine::paging::AlarmKey;
use serde::{Deserialize, Serialize};

use crate::matching::Raised;
use crate::trace::UnitIndex;

/// An alarm, as far as its judgement needs it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) key: AlarmKey,
    pub(super) unit: Unit,
    pub(super) kind: FailureKind,
    pub(super) cleared_at: Option<Timestamp>,
    pub(super) horizon: PlatformDuration,
    /// The first time after it was raised that somebody acted on its unit; later ones decide nothing.
    pub(super) acted_at: Option<Timestamp>,
}

/// Who may judge an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Court {
    /// The rules of `matching`.
    Forecast,
    /// The rules of `checks`.
    Check,
    /// Nobody: the kind is defined by a metric, and no fact of the API shows it.
    None,
}

// === impl Kept ===

impl Kept {
    pub(super) fn new(alarm: &Alarm) -> Self {
        Self {
            key: AlarmKey::of(alarm),
            unit: alarm.unit.clone(),
            kind: alarm.kind,
            cleared_at: alarm.cleared_at,
            horizon: alarm.horizon,
            acted_at: None,
        }
    }

    pub(super) const fn court(&self) -> Court {
        match self.kind.class() {
            KindClass::ApiFact => Court::Forecast,
            KindClass::Change => Court::Check,
            KindClass::Metric => Court::None,
        }
    }

    pub(super) const fn raised(&self, unit: UnitIndex) -> Raised {
        Raised {
            unit,
            kind: self.kind,
            at: self.key.raised_at,
            cleared_at: self.cleared_at,
            horizon: self.horizon,
        }
    }

    /// From when on nothing that happens can concern it any more.
    pub(super) fn over_at(&self, scale: TimeScale) -> Timestamp {
        let reach = self.horizon.min(scale.to_platform(self.kind.longest_horizon()));
        let reached = self.key.raised_at + reach;
        match self.court() {
            Court::Forecast | Court::None => reached,
            Court::Check => self.cleared_at.map_or(reached, |cleared| cleared.max(reached)),
        }
    }

    pub(super) fn note_action(&mut self, at: Timestamp) {
        if at > self.key.raised_at {
            self.acted_at = Some(self.acted_at.map_or(at, |first| first.min(at)));
        }
    }
}
