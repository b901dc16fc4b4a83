//! The text formats of metrics: that of Prometheus (0.0.4), and OpenMetrics 1.0.
//!
//! Source: prometheus.io, "Exposition formats"; OpenMetrics 1.0 (`# EOF`, counters named without
//! `_total` in their description).

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Longest value of a label, in characters; a name of Kubernetes has at most 253.
const LONGEST_LABEL: usize = 256;

/// Which format is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Prometheus,
    OpenMetrics,
}

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Only grows; its name ends in `_total`.
    Counter,
    Gauge,
    /// Quantiles, without sum and count.
    Summary,
}

/// A page of metrics: all samples of a metric follow its description.
pub(super) struct Page {
    format: Format,
    text: String,
    name: &'static str,
    /// Labels of the samples of this metric: a page with one twice is refused as a whole.
    labels: BTreeSet<String>,
}

// === impl Format ===

impl Format {
    /// What a client that sent `accept` takes.
    pub(crate) fn accepted(accept: &str) -> Self {
        if accept.contains("application/openmetrics-text") {
            Self::OpenMetrics
        } else {
            Self::Prometheus
        }
    }

    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

// === impl Page ===

impl Page {
    pub(super) fn new(format: Format) -> Self {
        Self { format, text: String::with_capacity(16 << 10), name: "", labels: BTreeSet::new() }
    }

    /// Begins a metric.
    pub(super) fn metric(&mut self, name: &'static str, kind: Kind, help: &str) {
        let family = match (self.format, kind) {
            (Format::OpenMetrics, Kind::Counter) => name.strip_suffix("_total").unwrap_or(name),
            (Format::OpenMetrics, Kind::Gauge | Kind::Summary) | (Format::Prometheus, _) => name,
        };
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Summary => "summary",
        };
        // Writing to a text cannot fail.
        let _ = write!(self.text, "# HELP {family} {help}\n# TYPE {family} {kind}\n");
        self.name = name;
        self.labels.clear();
    }

    /// Adds a sample of the metric that was begun last; false where it has one with these labels.
    pub(super) fn sample(&mut self, labels: &[(&str, &str)], value: f64) -> bool {
        let mut text = String::new();
        for (name, value) in labels {
            let gap = if text.is_empty() { "" } else { "," };
            let _ = write!(text, "{gap}{name}=\"");
            escape(value, &mut text);
            text.push('"');
        }
        if self.labels.contains(&text) {
            return false;
        }
        self.text.push_str(self.name);
        if !text.is_empty() {
            let _ = write!(self.text, "{{{text}}}");
        }
        self.text.push(' ');
        write_number(value, &mut self.text);
        self.text.push('\n');
        self.labels.insert(text)
    }

    /// Adds a sample without labels, where there is a value.
    pub(super) fn optional(&mut self, value: Option<f64>) {
        self.labelled_optional(&[], value);
    }

    /// Adds a sample, where there is a value.
    pub(super) fn labelled_optional(&mut self, labels: &[(&str, &str)], value: Option<f64>) {
        if let Some(value) = value {
            self.sample(labels, value);
        }
    }

    /// The page.
    pub(super) fn finish(mut self) -> String {
        match self.format {
            Format::OpenMetrics => self.text.push_str("# EOF\n"),
            Format::Prometheus => {}
        }
        self.text
    }
}

/// Backslashes, quotes and line ends are escaped, other control characters replaced: names come
/// from the cluster.
fn escape(value: &str, out: &mut String) {
    for letter in value.chars().take(LONGEST_LABEL) {
        match letter {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            letter if letter.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            letter => out.push(letter),
        }
    }
    if value.chars().nth(LONGEST_LABEL).is_some() {
        out.push('…');
    }
}

fn write_number(value: f64, out: &mut String) {
    if value.is_nan() {
        out.push_str("NaN");
    } else if value.is_infinite() {
        out.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
    } else {
        let _ = write!(out, "{value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(format: Format) -> String {
        let mut page = Page::new(format);
        page.metric("foresail_x_total", Kind::Counter, "Some.");
        page.sample(&[("a", "1"), ("b", "\u{1b}[31m\\ \"\n")], 2.0);
        page.metric("foresail_y", Kind::Gauge, "Other.");
        page.sample(&[], f64::NAN);
        page.metric("foresail_z", Kind::Gauge, "Third.");
        page.optional(None);
        page.finish()
    }

    #[test]
    fn labels_are_escaped() {
        assert_eq!(
            page(Format::Prometheus),
            "# HELP foresail_x_total Some.\n# TYPE foresail_x_total counter\n\
             foresail_x_total{a=\"1\",b=\"\u{fffd}[31m\\\\ \\\"\\n\"} 2\n\
             # HELP foresail_y Other.\n# TYPE foresail_y gauge\nforesail_y NaN\n\
             # HELP foresail_z Third.\n# TYPE foresail_z gauge\n"
        );
    }

    #[test]
    fn open_metrics_ends_and_names_counters_without_total() {
        let page = page(Format::OpenMetrics);
        assert!(page.contains("# TYPE foresail_x counter\nforesail_x_total{"), "{page}");
        assert!(page.ends_with("# EOF\n"));
    }

    #[test]
    fn a_sample_stands_once() {
        let mut page = Page::new(Format::Prometheus);
        page.metric("foresail_y", Kind::Gauge, "Other.");
        assert!(page.sample(&[("a", "x")], 1.0));
        assert!(!page.sample(&[("a", "x")], 2.0));
        assert!(!page.finish().contains(" 2"));
    }

    #[test]
    fn a_long_label_is_cut() {
        let mut page = Page::new(Format::Prometheus);
        page.metric("foresail_y", Kind::Gauge, "Other.");
        page.sample(&[("a", &"é".repeat(100_000))], 1.0);
        assert!(page.finish().len() < 1_000);
    }
}
