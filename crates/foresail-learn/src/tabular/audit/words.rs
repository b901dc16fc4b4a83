//! How names and numbers are said.

/// Most names that one sentence lists.
const MOST: usize = 4;

/// A share as a percentage: whole, but never 0 or 100 where it is not.
pub(super) fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if percent > 99.0 && percent < 100.0 {
        // Down, so that nothing is called whole that is not.
        format!("{:.1} %", (percent * 10.0).floor() / 10.0)
    } else if percent < 1.0 && percent > 0.0 {
        format!("{percent:.1} %")
    } else {
        format!("{percent:.0} %")
    }
}

/// Names in backticks, joined by commas; from the fifth on only their number.
pub(super) fn list(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(MOST).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(MOST) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// `class` or `classes` before their names.
pub(super) fn classes(names: &[String]) -> String {
    let noun = if names.len() == 1 { "class" } else { "classes" };
    format!("{noun} {}", list(names))
}

/// The roundest number from `low` to below `high`.
pub(super) fn roundest(low: f64, high: f64) -> f64 {
    let width = high - low;
    if !(width > 0.0 && width.is_finite()) {
        return low;
    }
    let power = libm::floor(libm::log10(width)) as i32 + 1;
    for power in (power - 2..=power).rev() {
        for factor in [10.0, 5.0, 2.0, 1.0] {
            let step = factor * libm::pow(10.0, f64::from(power - 1));
            let number = libm::ceil(low / step) * step;
            if number >= low && number < high {
                return tidy(number, power - 1);
            }
        }
    }
    low
}

/// Without the dust that multiplying by a power of ten leaves.
fn tidy(number: f64, power: i32) -> f64 {
    let decimals = usize::try_from(-power).unwrap_or(0);
    format!("{number:.decimals$}").parse().unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_roundest_number_between_two_is_found() {
        assert_eq!(roundest(79.91, 80.3), 80.0);
        assert_eq!(roundest(0.0, 1.0), 0.0);
        assert_eq!(roundest(0.4512, 0.4533), 0.452);
        assert_eq!(roundest(-3.2, -2.7), -3.0);
        assert_eq!(roundest(1.9, 3.0), 2.0);
        assert_eq!(roundest(5.0, 5.0), 5.0);
        assert_eq!(roundest(1_234.0, 9_876.0), 5_000.0);
    }

    #[test]
    fn nothing_but_the_whole_is_called_100_percent() {
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(percent(0.9999), "99.9 %");
        assert_eq!(percent(0.004), "0.4 %");
        assert_eq!(percent(0.25), "25 %");
    }
}
