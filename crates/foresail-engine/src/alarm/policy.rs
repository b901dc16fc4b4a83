//! The settings of the alarm policy and the tier they give.

use foresail_core::{
    FailureKind, FaultDuration, KindClass, PlatformDuration, Probability, Tier, TimeScale,
    TimeToEvent,
};
use serde::{Deserialize, Serialize};

use super::quiet::Patience;

/// When an alarm is raised, how loud, and when it closes.
///
/// Durations develop with the fault (fault time), except those that say platform time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AlarmPolicy {
    /// Score at or above which a forecast counts toward an alarm.
    pub threshold: f64,
    /// How long the score has to be at or above the threshold …
    pub raise_for: FaultDuration,
    /// … within this window, for the alarm to be raised.
    pub raise_window: FaultDuration,
    /// Score that raises at once, without waiting; never below the threshold. Above 1 it never does.
    pub raise_at_once: f64,
    /// Share of the threshold below which the score is low.
    pub close_ratio: f64,
    /// How long the score has to stay low until the alarm closes. Real leaks pause while a
    /// collector gives memory back, then kill; 30 min bridges the pause.
    pub close_after: FaultDuration,
    /// How long the level may come no nearer to its limit until the alarm closes: 30 of 100 min.
    /// Chosen on the training recordings; `docs/alarms.md` gives the numbers.
    pub stall_after: Patience,
    /// How long a unit is silent after an alarm that passed its horizon or stalled, whatever the kind,
    /// unless it comes nearer than ever.
    pub silence: Patience,
    /// Platform time from the start of a source in which nothing is raised: everything starts then.
    pub warm_up: PlatformDuration,
    /// Score at or above which a failed change is said. Apart from `threshold`, so that tuning the
    /// forecasts leaves the checks alone.
    pub change_threshold: f64,
    /// Platform time after which the alarm of a change closes once its fact is gone.
    pub change_close_after: PlatformDuration,
    /// Least time to event at which a halving is said again.
    pub renew_above: FaultDuration,
    /// Probability from which an alarm with a near event is a page.
    pub page_probability: f64,
    /// How near the event (median) has to be for a page.
    pub page_within: FaultDuration,
    /// Probability from which an alarm is a ticket; below it is a watch.
    pub ticket_probability: f64,
}

impl Default for AlarmPolicy {
    fn default() -> Self {
        Self {
            threshold: 0.5,
            raise_for: FaultDuration::from_minutes(3.0),
            raise_window: FaultDuration::from_minutes(5.0),
            raise_at_once: 0.95,
            close_ratio: 0.25,
            close_after: FaultDuration::from_minutes(30.0),
            stall_after: Patience { least: FaultDuration::from_minutes(30.0), share: 0.3 },
            silence: Patience { least: FaultDuration::from_minutes(30.0), share: 1.0 },
            warm_up: PlatformDuration::from_seconds(120),
            change_threshold: 0.5,
            change_close_after: PlatformDuration::from_seconds(60),
            renew_above: FaultDuration::from_minutes(10.0),
            page_probability: 0.8,
            page_within: FaultDuration::from_minutes(60.0),
            ticket_probability: 0.5,
        }
    }
}

// === impl AlarmPolicy ===

impl AlarmPolicy {
    /// Score below which a prediction changes nothing.
    pub(super) fn floor(&self, kind: FailureKind) -> f64 {
        self.threshold_of(kind) * self.close_ratio
    }

    /// Score that counts toward an alarm of this kind.
    pub(super) const fn threshold_of(&self, kind: FailureKind) -> f64 {
        if is_change(kind) { self.change_threshold } else { self.threshold }
    }

    /// How loud a forecast with this probability and time is.
    pub(super) fn tier(
        &self,
        (probability, time): (Option<Probability>, Option<TimeToEvent>),
        scale: TimeScale,
    ) -> Tier {
        let probability = probability.map_or(0.0, Probability::get);
        let near = time.is_some_and(|time| {
            scale.to_fault(time.p50).as_seconds() < self.page_within.as_seconds()
        });
        if probability >= self.page_probability && near {
            Tier::Page
        } else if probability >= self.ticket_probability {
            Tier::Ticket
        } else {
            Tier::Watch
        }
    }
}

/// Whether alarms of this kind are about a change that cannot work, not about a forecast.
pub(super) const fn is_change(kind: FailureKind) -> bool {
    matches!(kind.class(), KindClass::Change)
}
