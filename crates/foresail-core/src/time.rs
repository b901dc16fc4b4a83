//! The two clocks.
//!
//! *Platform time* is wall time: back-off, probe periods, holds. *Fault time* is wall time times the
//! [`TimeScale`]: how fast faults develop. A duration carries its clock in its type, so the two
//! cannot be added; only a [`TimeScale`] converts between them.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant of wall time, in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A span of platform (wall) time, in milliseconds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct PlatformDuration(i64);

/// A span of fault time (wall time × `time_scale`), in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FaultDuration(f64);

/// How much faster than in production faults develop: 10 in the laboratory, 1 on a real cluster.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct TimeScale(f64);

/// A time scale that is not a finite number above zero.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("time scale must be a finite number above zero, found `{0}`")]
pub struct InvalidTimeScale(f64);

/// A text that is not an RFC 3339 instant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an RFC 3339 time such as `2026-11-24T07:15:00Z`")]
pub struct TimeParseError {
    text: String,
}

// === impl Timestamp ===

impl Timestamp {
    /// The instant `millis` milliseconds after the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// The instant nearest to `seconds` after the Unix epoch, or `None` if it is not finite.
    #[must_use]
    pub fn from_epoch_seconds(seconds: f64) -> Option<Self> {
        let millis = seconds * 1_000.0;
        (millis.is_finite() && millis.abs() < 9.0e15).then(|| Self(millis.round() as i64))
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Seconds since the Unix epoch.
    #[must_use]
    pub fn as_epoch_seconds(self) -> f64 {
        self.0 as f64 / 1_000.0
    }

    /// Wall time from `earlier` to `self`; negative when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> PlatformDuration {
        PlatformDuration(self.0 - earlier.0)
    }

    /// The earliest multiple of `step` (counted from the epoch) that is not before `self`.
    #[must_use]
    pub const fn round_up(self, step: PlatformDuration) -> Self {
        let rest = self.0.rem_euclid(step.0);
        if rest == 0 { self } else { Self(self.0 + step.0 - rest) }
    }
}

impl Add<PlatformDuration> for Timestamp {
    type Output = Self;
    fn add(self, duration: PlatformDuration) -> Self {
        Self(self.0.saturating_add(duration.0))
    }
}

impl Sub<PlatformDuration> for Timestamp {
    type Output = Self;
    fn sub(self, duration: PlatformDuration) -> Self {
        Self(self.0.saturating_sub(duration.0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DateTime::<Utc>::from_timestamp_millis(self.0) {
            Some(time) => f.write_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true)),
            None => write!(f, "{} ms", self.0),
        }
    }
}

impl FromStr for Timestamp {
    type Err = TimeParseError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        DateTime::parse_from_rfc3339(text)
            .map(|time| Self(time.timestamp_millis()))
            .map_err(|_| TimeParseError { text: text.to_owned() })
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
            text.parse().map_err(serde::de::Error::custom)
        } else {
            i64::deserialize(deserializer).map(Self)
        }
    }
}

// === impl PlatformDuration ===

impl PlatformDuration {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A span of `millis` milliseconds.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// A span of whole seconds.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds * 1_000)
    }

    /// A span of `seconds`, rounded to a millisecond; non-finite input gives the longest span.
    #[must_use]
    pub fn from_seconds_f64(seconds: f64) -> Self {
        Self((seconds * 1_000.0).round() as i64)
    }

    /// The span in milliseconds.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The span in seconds.
    #[must_use]
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / 1_000.0
    }
}

impl Add for PlatformDuration {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for PlatformDuration {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

// === impl FaultDuration ===

impl FaultDuration {
    /// A span of `seconds` of fault time.
    #[must_use]
    pub const fn from_seconds(seconds: f64) -> Self {
        Self(seconds)
    }

    /// A span of `minutes` of fault time (production minutes).
    #[must_use]
    pub const fn from_minutes(minutes: f64) -> Self {
        Self(minutes * 60.0)
    }

    /// The span in seconds of fault time.
    #[must_use]
    pub const fn as_seconds(self) -> f64 {
        self.0
    }

    /// The span in minutes of fault time (production minutes).
    #[must_use]
    pub const fn as_minutes(self) -> f64 {
        self.0 / 60.0
    }
}

// === impl TimeScale ===

impl TimeScale {
    /// Production speed.
    pub const ONE: Self = Self(1.0);

    /// The factor.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }

    /// How long `fault` lasts on the wall clock.
    #[must_use]
    pub fn to_platform(self, fault: FaultDuration) -> PlatformDuration {
        PlatformDuration::from_seconds_f64(fault.0 / self.0)
    }

    /// How much fault time passes in `wall`.
    #[must_use]
    pub fn to_fault(self, wall: PlatformDuration) -> FaultDuration {
        FaultDuration(wall.as_seconds() * self.0)
    }
}

impl TryFrom<f64> for TimeScale {
    type Error = InvalidTimeScale;
    fn try_from(value: f64) -> Result<Self, Self::Error> {
        if value.is_finite() && value > 0.0 {
            Ok(Self(value))
        } else {
            Err(InvalidTimeScale(value))
        }
    }
}

impl From<TimeScale> for f64 {
    fn from(scale: TimeScale) -> Self {
        scale.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_round_trips_to_the_millisecond() {
        let text = "2026-11-24T06:57:00.770Z";
        let time: Timestamp = text.parse().unwrap();
        assert_eq!(time.to_string(), text);
        assert_eq!(serde_json::to_string(&time).unwrap(), format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<Timestamp>(&format!("\"{text}\"")).unwrap(), time);
    }

    #[test]
    fn a_tick_is_the_next_multiple_of_the_step() {
        let step = PlatformDuration::from_seconds(5);
        assert_eq!(Timestamp::from_millis(10_001).round_up(step), Timestamp::from_millis(15_000));
        assert_eq!(Timestamp::from_millis(15_000).round_up(step), Timestamp::from_millis(15_000));
    }

    #[test]
    fn ten_minutes_of_fault_time_are_one_wall_minute_at_scale_ten() {
        let scale = TimeScale::try_from(10.0).unwrap();
        let wall = scale.to_platform(FaultDuration::from_minutes(10.0));
        assert_eq!(wall, PlatformDuration::from_seconds(60));
        assert_eq!(scale.to_fault(wall).as_minutes(), 10.0);
    }

    #[test]
    fn a_time_scale_of_zero_or_nan_is_refused() {
        assert!(TimeScale::try_from(0.0).is_err());
        assert!(TimeScale::try_from(f64::NAN).is_err());
    }
}
