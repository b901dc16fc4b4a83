//! Compact time inside series: tenths of a second since the first sample of the state.

use foresail_core::{FaultDuration, PlatformDuration, TimeScale, Timestamp};
use serde::{Deserialize, Serialize};

use super::flow::kept;

/// A time in tenths of a second since the clock's origin; good for 13 years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(u32);

/// Converts between wall time and the compact time of series.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeriesClock {
    origin: Option<Timestamp>,
    scale: TimeScale,
    lag: u32,
}

/// One time of samples: what all its samples share is worked out once.
#[derive(Debug)]
pub struct Moment<'c> {
    /// The clock that it is of.
    pub(super) clock: &'c SeriesClock,
    /// The time.
    pub(super) at: Instant,
    /// Its fault minute.
    pub(super) minute: u32,
    /// What is left of rates, and since when: the flows of a process mostly have one time.
    kept: Option<(Instant, [f64; 3])>,
}

impl<'c> Moment<'c> {
    /// The time `at` by `clock`.
    #[must_use]
    pub fn new(clock: &'c SeriesClock, at: Instant) -> Self {
        Self { clock, at, minute: clock.minute(at), kept: None }
    }

    /// What is left by now of rates decayed since `earlier`.
    pub(super) fn kept_since(&mut self, earlier: Instant) -> [f64; 3] {
        if let Some((since, kept)) = self.kept
            && since == earlier
        {
            return kept;
        }
        let kept = kept(self.clock.fault_minutes(self.at, earlier));
        self.kept = Some((earlier, kept));
        kept
    }
}

impl Instant {
    /// Tenths of a second from `earlier` to `self`; zero when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u32 {
        self.0.saturating_sub(earlier.0)
    }

    /// Wall seconds from `earlier` to `self`; negative when `earlier` is later.
    #[must_use]
    pub fn seconds_since(self, earlier: Self) -> f64 {
        (f64::from(self.0) - f64::from(earlier.0)) / 10.0
    }
}

impl SeriesClock {
    /// A clock whose origin is the first time it sees.
    #[must_use]
    pub const fn new(scale: TimeScale, lag: PlatformDuration) -> Self {
        Self { origin: None, scale, lag: (lag.as_millis() / 100) as u32 }
    }

    /// The compact time of `at`; the first call fixes the origin a day before it, so that container
    /// starts before the first sample can be told apart.
    pub fn start(&mut self, at: Timestamp) -> Instant {
        let day = PlatformDuration::from_seconds(86_400);
        let origin = *self.origin.get_or_insert(at - day);
        Self::compact(origin, at)
    }

    /// The compact time of `at`; `None` before the first sample.
    #[must_use]
    pub fn instant(&self, at: Timestamp) -> Option<Instant> {
        self.origin.map(|origin| Self::compact(origin, at))
    }

    fn compact(origin: Timestamp, at: Timestamp) -> Instant {
        let tenths = at.since(origin).as_millis().div_euclid(100);
        Instant(tenths.clamp(0, i64::from(u32::MAX)) as u32)
    }

    /// Number of the fault minute that `at` falls in.
    #[must_use]
    pub fn minute(&self, at: Instant) -> u32 {
        (f64::from(at.0) / 10.0 * self.scale.get() / 60.0) as u32
    }

    /// Fault minutes from `earlier` to `later`.
    #[must_use]
    pub fn fault_minutes(&self, later: Instant, earlier: Instant) -> f64 {
        later.seconds_since(earlier) * self.scale.get() / 60.0
    }

    /// How late a sample may come, in tenths of a second.
    #[must_use]
    pub const fn lag(&self) -> u32 {
        self.lag
    }

    /// Wall seconds of one fault minute.
    #[must_use]
    pub fn seconds_per_minute(&self) -> f64 {
        self.scale.to_platform(FaultDuration::from_minutes(1.0)).as_seconds()
    }
}
