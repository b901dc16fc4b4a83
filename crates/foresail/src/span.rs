//! A span of time as people write it: `90m`, `6h`, `2d`.

use std::str::FromStr;

use foresail_core::PlatformDuration;

/// Longest span: what a recording may span.
const LONGEST_SECONDS: f64 = 45.0 * 86_400.0;

/// A span of time from a command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) PlatformDuration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let split = text.find(|c: char| c.is_alphabetic()).unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let seconds = match unit {
            "s" | "" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            _ => return Err(format!("`{unit}` is no unit of time: use s, m, h or d")),
        };
        let number: f64 =
            number.parse().map_err(|_| format!("`{text}` is no span of time such as `6h`"))?;
        let seconds = number * seconds;
        if !(60.0..=LONGEST_SECONDS).contains(&seconds) {
            return Err(format!("`{text}` is not within 1 minute to 45 days"));
        }
        Ok(Self(PlatformDuration::from_seconds_f64(seconds)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_in_their_units() {
        let seconds = |text: &str| text.parse::<Span>().map(|span| span.0.as_seconds());
        assert_eq!(seconds("90m"), Ok(5_400.0));
        assert_eq!(seconds("1.5h"), Ok(5_400.0));
        assert_eq!(seconds("300"), Ok(300.0));
        for wrong in ["", "h", "6w", "-6h", "1s", "99d", "nan", "6 h"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
