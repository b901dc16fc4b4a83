//! The text format of metrics pages, read line by line while they arrive.
//!
//! Prometheus text format 0.0.4 and OpenMetrics 1.0 differ here in one thing only: the unit of time
//! stamps. A line that is too long, holds invalid UTF-8 or is none of the format is left out and
//! counted; the rest goes on. Labels are parsed only for families that are wanted.
//!
//! # Source
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>

use std::borrow::Cow;

use foresail_core::Timestamp;

/// Longest line that is read: a hundred labels of usual length.
const LINE_BYTES: usize = 1 << 15;

/// Most labels of one series.
const LABELS: usize = 128;

/// One sample line.
#[derive(Debug, PartialEq)]
pub(super) struct Line<'a> {
    pub(super) name: &'a str,
    pub(super) labels: Vec<(&'a str, Cow<'a, str>)>,
    pub(super) value: f64,
    pub(super) at: Option<Timestamp>,
}

/// The unit of time stamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Milliseconds.
    Prometheus,
    /// Seconds.
    OpenMetrics,
}

/// A page under way.
#[derive(Debug)]
pub(super) struct Page {
    format: Format,
    line: Vec<u8>,
    /// The line is longer than is read.
    skips: bool,
    /// Lines that were left out.
    pub(super) left_out: u64,
    /// How the first of them begins.
    pub(super) example: Option<String>,
    /// Sample lines.
    pub(super) samples: u64,
}

/// Whether a family is wanted, and what is done with its lines.
pub(super) trait Sink {
    fn wants(&self, name: &str) -> bool;
    fn take(&mut self, line: Line<'_>);
}

// === impl Format ===

impl Format {
    pub(super) fn of(content_type: &str) -> Self {
        let open = content_type.to_ascii_lowercase().contains("openmetrics");
        if open { Self::OpenMetrics } else { Self::Prometheus }
    }

    fn time(self, text: &str) -> Option<Timestamp> {
        match self {
            Self::Prometheus => text.parse().ok().map(Timestamp::from_millis),
            Self::OpenMetrics => Timestamp::from_epoch_seconds(text.parse().ok()?),
        }
    }
}

// === impl Page ===

impl Page {
    pub(super) const fn new(format: Format) -> Self {
        Self { format, line: Vec::new(), skips: false, left_out: 0, example: None, samples: 0 }
    }

    /// Takes the next bytes.
    pub(super) fn push(&mut self, mut bytes: &[u8], sink: &mut dyn Sink) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (rest, after) = bytes.split_at(end);
            bytes = &after[1..];
            if self.line.is_empty() && !self.skips {
                if rest.len() > LINE_BYTES {
                    self.leave_out(rest)
                } else {
                    self.read(rest, sink)
                }
                continue;
            }
            self.keep(rest);
            let line = std::mem::take(&mut self.line);
            if self.skips {
                self.leave_out(&line)
            } else {
                self.read(&line, sink)
            }
            self.skips = false;
        }
        self.keep(bytes);
    }

    /// Takes the last line, if no line break ended it.
    pub(super) fn finish(&mut self, sink: &mut dyn Sink) {
        self.push(b"\n", sink);
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LINE_BYTES - self.line.len().min(LINE_BYTES);
        self.skips |= bytes.len() > room;
        self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn leave_out(&mut self, line: &[u8]) {
        self.left_out += 1;
        if self.example.is_none() {
            let text = String::from_utf8_lossy(&line[..line.len().min(200)]);
            let clean = text.chars().take(80).map(|c| if c.is_control() { ' ' } else { c });
            self.example = Some(clean.collect());
        }
    }

    fn read(&mut self, bytes: &[u8], sink: &mut dyn Sink) {
        let bytes = bytes.trim_ascii();
        if bytes.is_empty() || bytes[0] == b'#' {
            return;
        }
        let Ok(text) = std::str::from_utf8(bytes) else { return self.leave_out(bytes) };
        let end = text.find(['{', ' ', '\t']).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        if !is_name(name) {
            return self.leave_out(bytes);
        }
        self.samples += 1;
        if !sink.wants(name) {
            return;
        }
        match self.sample(name, rest) {
            Some(line) => sink.take(line),
            None => self.leave_out(bytes),
        }
    }

    fn sample<'a>(&self, name: &'a str, rest: &'a str) -> Option<Line<'a>> {
        let (labels, rest) = match rest.strip_prefix('{') {
            Some(rest) => labels(rest)?,
            None => (Vec::new(), rest),
        };
        // What follows a `#` is an exemplar.
        let rest = rest.split('#').next()?;
        let mut words = rest.split_ascii_whitespace();
        let value = words.next()?.parse().ok()?;
        let at = match words.next() {
            Some(text) => Some(self.format.time(text)?),
            None => None,
        };
        words.next().is_none().then_some(Line { name, labels, value, at })
    }
}

/// Labels and their values.
type LabelList<'a> = Vec<(&'a str, Cow<'a, str>)>;

/// The labels up to the closing brace, and what follows it.
fn labels(mut rest: &str) -> Option<(LabelList<'_>, &str)> {
    let mut found = Vec::new();
    loop {
        rest = rest.trim_ascii_start();
        if let Some(after) = rest.strip_prefix('}') {
            return Some((found, after));
        }
        let (name, after) = rest.split_once('=')?;
        let name = name.trim_ascii();
        if !is_name(name) || found.len() == LABELS {
            return None;
        }
        let (value, after) = quoted(after.trim_ascii_start().strip_prefix('"')?)?;
        found.push((name, value));
        rest = after.trim_ascii_start();
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
}

/// The text up to the closing quote, and what follows it.
fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let end = text.find(['"', '\\'])?;
    if text.as_bytes()[end] == b'"' {
        return Some((Cow::Borrowed(&text[..end]), &text[end + 1..]));
    }
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, next)) = chars.next() {
        match next {
            '"' => return Some((Cow::Owned(value), &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':';
    !text.is_empty() && text.bytes().all(allowed) && !text.as_bytes()[0].is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Default)]
    struct All(Vec<String>);

    impl Sink for All {
        fn wants(&self, name: &str) -> bool {
            name != "other"
        }

        fn take(&mut self, line: Line<'_>) {
            let at = line.at.map(|at| at.as_millis());
            self.0.push(format!("{} {:?} {} {at:?}", line.name, line.labels, line.value));
        }
    }

    fn read(format: Format, text: &[u8], size: usize) -> (Vec<String>, Page) {
        let (mut page, mut all) = (Page::new(format), All::default());
        for chunk in text.chunks(size) {
            page.push(chunk, &mut all);
        }
        page.finish(&mut all);
        (all.0, page)
    }

    #[test]
    fn lines_are_read_wherever_the_pieces_end() {
        let text = b"# HELP a b\n# TYPE a counter\na 1\nother{x=\"} 7\nb{x=\"a \\\"b\\\" \\\\ } \\n\", y=\"2\",} NaN 1500\r\nc +Inf\n\nd{} -1e3 # {id=\"x\"} 5";
        let expected = [
            "a [] 1 None",
            "b [(\"x\", \"a \\\"b\\\" \\\\ } \\n\"), (\"y\", \"2\")] NaN Some(1500)",
            "c [] inf None",
            "d [] -1000 None",
        ];
        for size in [1, 2, 3, 7, 1_000] {
            let (lines, page) = read(Format::Prometheus, text, size);
            assert_eq!(lines, expected);
            assert_eq!((page.samples, page.left_out), (5, 0));
        }
    }

    #[test]
    fn time_stamps_of_openmetrics_are_seconds() {
        let (lines, _) = read(Format::OpenMetrics, b"a_total 3 1.5\n# EOF\n", 9);
        assert_eq!(lines, ["a_total [] 3 Some(1500)"]);
        assert_eq!(Format::of("application/openmetrics-text; version=1.0.0"), Format::OpenMetrics);
    }

    #[test]
    fn what_is_no_sample_is_left_out_and_the_rest_goes_on() {
        let long = format!("big{{x=\"{}\"}} 1\n", "y".repeat(1 << 20));
        for bad in [
            &b"x{a=\"\xff\"} 1\n"[..],
            b"x{a=1} 1\n",
            b"x{a=\"b} 1\n",
            b"x\n",
            b"x one\n",
            b"x 1 2 3\n",
            b"<html>\n",
            b"{\"quoted\"} 1\n",
            b"9x 1\n",
            long.as_bytes(),
        ] {
            let text = [b"a 1\n", bad, b"b 2\n"].concat();
            for size in [5, 4_096, 1 << 22] {
                let (lines, page) = read(Format::Prometheus, &text, size);
                assert_eq!(lines, ["a [] 1 None", "b [] 2 None"]);
                assert_eq!(page.left_out, 1, "{:?}", String::from_utf8_lossy(&bad[..5]));
                assert!(page.line.capacity() <= 2 * LINE_BYTES);
            }
        }
    }

    proptest! {
        #[test]
        fn bytes_that_are_no_page_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = read(Format::OpenMetrics, &bytes, 7);
        }

        #[test]
        fn any_label_value_comes_back(value in ".{0,40}", size in 1usize..50) {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let text = format!("m{{l=\"{escaped}\"}} 1\n");
            let (lines, page) = read(Format::Prometheus, text.as_bytes(), size);
            prop_assert_eq!(page.left_out, 0);
            prop_assert_eq!(&lines[0], &format!("m {:?} 1 None", [("l", value)]));
        }
    }
}
