//! What a field says: a number, nothing, or something else.

/// What stands for a missing value.
const MISSING: [&str; 9] = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "<NA>"];
/// The longest of them.
const LONGEST_MISSING: usize = 4;

/// What a field says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Said {
    /// A finite number.
    Number(f64),
    /// A number without end, by name or by size.
    Infinite,
    /// Nothing.
    Missing,
    /// Anything else.
    Text,
}

/// Reads a field of what may be a column of numbers.
pub(super) fn read(field: &str) -> Said {
    let field = field.trim_ascii();
    match field.as_bytes().first() {
        None => return Said::Missing,
        Some(b'0'..=b'9' | b'-' | b'+' | b'.') => {}
        Some(_) if is_missing(field) => return Said::Missing,
        // The names of infinity, which Rust reads as Python does.
        Some(b'i' | b'I') => {}
        Some(_) => return Said::Text,
    }
    match field.parse::<f64>() {
        Ok(number) if number.is_finite() => Said::Number(number),
        Ok(number) if number.is_nan() => Said::Missing,
        Ok(_) => Said::Infinite,
        Err(_) => Said::Text,
    }
}

/// Whether a field, without the spaces around it, stands for a missing value.
pub(super) fn is_missing(field: &str) -> bool {
    let field = field.trim_ascii();
    field.len() <= LONGEST_MISSING && MISSING.contains(&field)
}

/// The number without its separators, where a text is a number with a comma before every three
/// digits.
pub(super) fn without_thousands(text: &str) -> Option<String> {
    let text = text.trim_ascii();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let mut groups = whole.split(',');
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let first = groups.next()?;
    if !(1..=3).contains(&first.len()) || !is_digits(first) || !is_digits(part) {
        return None;
    }
    let mut n_groups = 0;
    for group in groups {
        if group.len() != 3 || !is_digits(group) {
            return None;
        }
        n_groups += 1;
    }
    (n_groups > 0).then(|| text.replace(',', ""))
}
