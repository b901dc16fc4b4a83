//! Numbers as words: every one with its unit, an undefined one as a dash.

use std::fmt::Write as _;

use crate::result::Estimate;

/// Stands for a number that is not defined.
pub(crate) const UNDEFINED: &str = "\u{2013}";

/// At most `most` characters of a text, with an ellipsis in place of the rest.
pub(crate) fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(most.saturating_sub(1)).collect();
    cut.push('\u{2026}');
    cut
}

/// A share as a percentage: `33 %`, with a space that does not break.
pub(crate) fn percent(share: f64) -> String {
    format!("{}\u{a0}%", percent_number(share))
}

fn percent_number(share: f64) -> String {
    let value = share * 100.0;
    // A rare event must not read as an impossible one.
    if value > 0.0 && value < 9.95 { format!("{value:.1}") } else { format!("{value:.0}") }
}

/// A share that may be undefined.
pub(crate) fn percent_or(share: Option<f64>) -> String {
    share.map_or_else(|| UNDEFINED.to_owned(), percent)
}

/// The 95 % interval of a share: `17–52 %`.
pub(crate) fn percent_interval(estimate: &Estimate) -> Option<String> {
    let (low, high) = estimate.low.zip(estimate.high)?;
    Some(format!("{}\u{2013}{}\u{a0}%", percent_number(low), percent_number(high)))
}

/// A rate: `0.61`.
pub(crate) fn rate(value: f64) -> String {
    format!("{value:.2}")
}

/// The 95 % interval of a rate: `0.41–0.88`.
pub(crate) fn rate_interval(estimate: &Estimate) -> Option<String> {
    let (low, high) = estimate.low.zip(estimate.high)?;
    Some(format!("{}\u{2013}{}", rate(low), rate(high)))
}

/// A difference of shares in percentage points, with its sign: `+4`, `−12`.
pub(crate) fn points(difference: f64) -> String {
    let value = (difference * 100.0).round();
    if value < 0.0 {
        format!("\u{2212}{:.0}", -value)
    } else if value > 0.0 {
        format!("+{value:.0}")
    } else {
        "0".to_owned()
    }
}

/// The 95 % interval of such a difference: `−12 to +4`.
pub(crate) fn points_interval(estimate: &Estimate) -> Option<String> {
    let (low, high) = estimate.low.zip(estimate.high)?;
    Some(format!("{}\u{a0}to\u{a0}{}", points(low), points(high)))
}

/// A difference with its interval where there is one: `+4 [−12 to +20]`.
pub(crate) fn points_with_interval(estimate: &Estimate) -> String {
    let interval = points_interval(estimate);
    let interval = interval.map_or_else(String::new, |text| format!(" [{text}]"));
    format!("{}{interval}", points(estimate.value))
}

/// Minutes: `28` or `2.4`.
pub(crate) fn minutes(value: f64) -> String {
    if value.abs() < 9.95 { format!("{value:.1}") } else { format!("{value:.0}") }
}

/// A count with its noun: `1 incident`, `2 incidents`.
pub(crate) fn counted(n: usize, noun: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", thousands(n))
}

/// A count with thin spaces between thousands.
pub(crate) fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// A length of wall time in words: `17 s`, `2 min 48 s`, `3 h 4 min`.
pub(crate) fn span(seconds: f64) -> String {
    let whole = seconds.round().max(0.0) as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    let mut out = String::new();
    let _ = match (hours, minutes) {
        (0, 0) => write!(out, "{seconds} s"),
        (0, _) => write!(out, "{minutes} min {seconds} s"),
        (_, _) => write!(out, "{hours} h {minutes} min"),
    };
    out
}

/// A stable name for people: `memory_working_set` becomes `memory working set`.
pub(crate) fn spaced(name: &str) -> String {
    name.replace('_', " ")
}
