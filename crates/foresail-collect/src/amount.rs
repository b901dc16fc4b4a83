//! Kubernetes amounts such as `250m`, `64Mi` or `1e9`.

/// A text that is not a Kubernetes amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a Kubernetes amount such as `250m`, `64Mi` or `1e9`")]
pub struct AmountError {
    text: String,
}

/// The number that a Kubernetes amount stands for, in base units (cores, bytes, pods).
///
/// # Errors
/// [`AmountError`] if the text is not a decimal number with an optional suffix of the API
/// (`n u m k M G T P E`, `Ki Mi Gi Ti Pi Ei`, or an exponent).
pub fn parse_amount(text: &str) -> Result<f64, AmountError> {
    let trimmed = text.trim();
    let split = trimmed.rfind(|c: char| c.is_ascii_digit() || c == '.').map_or(0, |last| last + 1);
    let (number, suffix) = trimmed.split_at(split);
    let refused = || AmountError { text: text.to_owned() };
    // `inf` and `nan` parse as f64 but hold no digit at their end, so `number` is empty for them.
    let value: f64 = number.parse().map_err(|_| refused())?;
    let factor = factor(suffix).ok_or_else(refused)?;
    let amount = value * factor;
    if amount.is_finite() { Ok(amount) } else { Err(refused()) }
}

fn factor(suffix: &str) -> Option<f64> {
    Some(match suffix {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1024.0 * 1024.0,
        "Gi" => 1024.0 * 1024.0 * 1024.0,
        "Ti" => 1024f64.powi(4),
        "Pi" => 1024f64.powi(5),
        "Ei" => 1024f64.powi(6),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_api_is_understood() {
        for (text, value) in [
            ("250m", 0.25),
            ("64Mi", 67_108_864.0),
            ("1e9", 1e9),
            ("1E3", 1e3),
            ("2E", 2e18),
            ("262436578977", 262_436_578_977.0),
            ("1500m", 1.5),
            ("0", 0.0),
            ("0.5", 0.5),
            ("17880200Ki", 17_880_200.0 * 1024.0),
            ("100k", 1e5),
            ("-1", -1.0),
        ] {
            assert_eq!(parse_amount(text).unwrap(), value, "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_text() {
        for text in ["", "Mi", "12 apples", "1.2.3", "nan", "inf", "5mi", "1e999"] {
            let error = parse_amount(text).unwrap_err();
            assert!(error.to_string().contains(text));
        }
    }
}
