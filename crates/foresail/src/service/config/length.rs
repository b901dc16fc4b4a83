//! A length of time in the configuration: `30s`, `12h`, `7d`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use foresail_core::PlatformDuration;
use serde::{Deserialize, Serialize};

/// Units, the largest first, in milliseconds.
const UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// The longest: ten years.
const LONGEST_MS: f64 = 3_650.0 * 86_400_000.0;

/// A positive length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Length(u64);

// === impl Length ===

impl Length {
    pub(crate) const fn seconds(seconds: u64) -> Self {
        Self(seconds * 1_000)
    }

    pub(crate) const fn hours(hours: u64) -> Self {
        Self::seconds(hours * 3_600)
    }

    pub(crate) const fn days(days: u64) -> Self {
        Self::hours(days * 24)
    }

    /// For waiting.
    pub(crate) const fn wait(self) -> Duration {
        Duration::from_millis(self.0)
    }

    /// For judgement.
    pub(crate) const fn platform(self) -> PlatformDuration {
        PlatformDuration::from_millis(self.0 as i64)
    }
}

impl FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let known = UNITS.iter().find(|(name, _)| *name == unit);
        let (number, Some((_, factor))) = (number.trim().parse::<f64>(), known) else {
            return Err(format!("`{text}` is no length of time such as `30s`, `12h` or `7d`"));
        };
        let millis = number.unwrap_or(f64::NAN) * *factor as f64;
        if !(1.0..=LONGEST_MS).contains(&millis) {
            return Err(format!("`{text}` is not between 1 ms and 3650 days"));
        }
        Ok(Self(millis.round() as u64))
    }
}

impl TryFrom<String> for Length {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Length> for String {
    fn from(length: Length) -> Self {
        length.to_string()
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = UNITS.iter().find(|(_, factor)| self.0.is_multiple_of(*factor));
        let (unit, factor) = whole.copied().unwrap_or(("ms", 1));
        write!(f, "{}{unit}", self.0 / factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_written_in_their_units() {
        for text in ["30s", "12h", "7d", "90m", "250ms"] {
            assert_eq!(
                text.parse::<Length>().map(|length| length.to_string()),
                Ok(text.to_owned())
            );
        }
        assert_eq!("1.5h".parse(), Ok(Length::seconds(5_400)));
        for wrong in ["", "5", "h", "0s", "-1h", "9w", "nan", "infs", "4000d"] {
            assert!(wrong.parse::<Length>().is_err(), "{wrong}");
        }
    }
}
