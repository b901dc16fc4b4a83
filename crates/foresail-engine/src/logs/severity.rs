//! How bad a log line says it is, in the formats that programs write.

use foresail_core::LogSeverity;

/// The level stands near the start of a line, in structured lines among the first fields.
const SEARCHED_BYTES: usize = 160;

/// Words that name a level, as whole words, whatever their case.
const WORDS: [(&str, LogSeverity); 14] = [
    ("error", LogSeverity::Error),
    ("err", LogSeverity::Error),
    ("fatal", LogSeverity::Error),
    ("panic", LogSeverity::Error),
    ("critical", LogSeverity::Error),
    ("crit", LogSeverity::Error),
    ("severe", LogSeverity::Error),
    ("emerg", LogSeverity::Error),
    ("warn", LogSeverity::Warning),
    ("warning", LogSeverity::Warning),
    ("info", LogSeverity::Info),
    ("notice", LogSeverity::Info),
    ("debug", LogSeverity::Debug),
    ("trace", LogSeverity::Debug),
];

/// The severity that a line states; `Info` where it states none.
///
/// Read are klog's letter (`E1124 06:43:34`) and the first word near the start that names a level.
#[must_use]
pub fn severity(text: &str) -> LogSeverity {
    let bytes = text.as_bytes();
    if let Some(level) = klog(bytes) {
        return level;
    }
    let head = &bytes[..bytes.len().min(SEARCHED_BYTES)];
    head.split(|byte| !byte.is_ascii_alphabetic())
        .filter(|word| (3..=8).contains(&word.len()))
        .find_map(level_of)
        .unwrap_or(LogSeverity::Info)
}

fn level_of(word: &[u8]) -> Option<LogSeverity> {
    let named = WORDS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes()));
    named.map(|(_, level)| *level)
}

fn klog(bytes: &[u8]) -> Option<LogSeverity> {
    let (letter, rest) = bytes.split_first()?;
    let dated = rest.len() > 4 && rest[..4].iter().all(u8::is_ascii_digit) && rest[4] == b' ';
    if !dated {
        return None;
    }
    match letter {
        b'E' | b'F' => Some(LogSeverity::Error),
        b'W' => Some(LogSeverity::Warning),
        b'I' => Some(LogSeverity::Info),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_of_common_formats_is_read() {
        for (text, level) in [
            ("ts=2026-11-22T14:50:11Z level=error svc=a msg=\"x\"", LogSeverity::Error),
            (
                r#"{"asctime": "2026", "levelname": "WARNING", "message": "y"}"#,
                LogSeverity::Warning,
            ),
            ("E1124 06:43:34.365499       1 main.go:70] get 500 7ms", LogSeverity::Error),
            ("I1124 06:43:34.365499       1 main.go:70] error count 0", LogSeverity::Info),
            ("INFO:     store - \"GET /error HTTP/1.1\" 200", LogSeverity::Info),
            ("[2026-11-24T06:46:20Z] [error] write failed", LogSeverity::Error),
            ("2026-11-22T15:04:13.100Z WARN  [ledger] slow", LogSeverity::Warning),
            ("\tmain.go:498 +0x14", LogSeverity::Info),
            ("", LogSeverity::Info),
        ] {
            assert_eq!(severity(text), level, "{text}");
        }
    }
}
