//! The page of `foresail top`: lines of text, no wider than the terminal, without anything that a
//! terminal would take for a command.

use std::time::Duration;

use foresail_api::{
    Mode, PredictionBody, PredictionsBody, SourceState, SourceStatus, Status, StoreState,
};

use crate::table::{Align, Table};

/// Lines above the first prediction: three of the header, some for problems, and the table's own.
const HEADER_LINES: usize = 8;
/// Longest name of an object.
const LONGEST_NAME: usize = 48;

/// How much fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    /// Characters a line.
    pub(super) width: usize,
    /// Lines, where that is known.
    pub(super) height: Option<usize>,
}

// === impl Size ===

impl Size {
    /// How many predictions fit, or `default`.
    pub(super) fn rows(self, default: usize) -> usize {
        self.height.map_or(default, |height| height.saturating_sub(HEADER_LINES).max(1))
    }
}

/// What the service says of itself, in a few lines.
pub(super) fn header(status: &Status, body: Option<&PredictionsBody>, size: Size) -> Vec<String> {
    let mode = match status.mode {
        Mode::Observe => "observing",
        Mode::Paging => "paging",
    };
    let tick = match status.last_tick {
        None => "no tick yet".to_owned(),
        Some(at) => format!("last tick {} ago", span(status.now.since(at).as_seconds())),
    };
    let objects = &status.objects;
    let sources: Vec<String> = (status.sources.iter())
        .filter(|source| source.state != SourceState::Off)
        .map(source)
        .collect();
    let matching = body.map_or(0, |body| body.matching);
    let model = status.model.as_ref().map_or("no model", |model| model.name.as_str());
    let mut lines = vec![
        format!(
            "foresail {}   cluster {}   {mode}: {}   {tick}",
            status.version, status.cluster, status.mode_reason
        ),
        format!(
            "{}, {}, {}, {}   {} by {model}   store {}",
            count(objects.pods, "pod"),
            count(objects.workloads, "workload"),
            count(objects.nodes, "node"),
            count(objects.volumes, "volume"),
            count(matching as u64, "prediction"),
            store(status.store.state),
        ),
        format!(
            "sources: {}",
            if sources.is_empty() { "none".to_owned() } else { sources.join(", ") }
        ),
    ];
    if !status.ready {
        lines.push(format!("not ready: {}", status.not_ready_because.join("; ")));
    }
    lines.iter().map(|text| line(text, size)).collect()
}

/// A line for each prediction, below a line of headings.
pub(super) fn rows(predictions: &[PredictionBody], size: Size) -> Vec<String> {
    if predictions.is_empty() {
        return vec!["no failure is foreseen".to_owned()];
    }
    let mut table = Table::new(&[
        ("OBJECT", Align::Left),
        ("FAILURE", Align::Left),
        ("PROB", Align::Right),
        ("IN (P10–P50–P90)", Align::Left),
        ("ALARM", Align::Left),
        ("REASON", Align::Left),
    ]);
    for one in predictions {
        let probability = one.probability.map_or("-".to_owned(), |p| format!("{:.0} %", p * 100.0));
        let alarm = match one.pages {
            None => "",
            Some(true) => "pages",
            Some(false) => "open",
        };
        table.row([
            cut(&printable(&object(one)), LONGEST_NAME),
            printable(&one.kind),
            probability,
            times(one),
            alarm.to_owned(),
            printable(&one.sentence),
        ]);
    }
    table.to_string().lines().map(|text| line(text, size)).collect()
}

/// One line that fits.
pub(super) fn line(text: &str, size: Size) -> String {
    cut(&printable(text), size.width)
}

/// How old what is shown is, in front of why there is nothing newer.
pub(super) fn age(age: Duration) -> String {
    format!("as of {} ago: ", span(age.as_secs_f64()))
}

/// Namespace and name; of a pod that leads, what it is called beyond its workload.
fn object(one: &PredictionBody) -> String {
    let name = [&one.workload, &one.volume, &one.component, &one.node]
        .into_iter()
        .find_map(Option::as_deref)
        .unwrap_or("?");
    let kind = match one.workload {
        Some(_) => String::new(),
        None => format!("{} ", one.object_kind.to_lowercase()),
    };
    let namespace = one.namespace.as_ref().map_or_else(String::new, |name| format!("{name}/"));
    let place = format!("{kind}{namespace}");
    match one.pod.as_deref() {
        Some(pod) if pod != name => match pod.strip_prefix(name) {
            Some(rest) => format!("{place}{name} [{}]", rest.trim_start_matches('-')),
            None => format!("{place}{name} [{pod}]"),
        },
        Some(_) | None => format!("{place}{name}"),
    }
}

fn times(one: &PredictionBody) -> String {
    match (one.tte_p10_seconds, one.tte_p50_seconds, one.tte_p90_seconds) {
        (Some(p10), Some(p50), Some(p90)) => format!("{}–{}–{}", span(p10), span(p50), span(p90)),
        (_, _, _) => format!("within {}", span(one.horizon_seconds)),
    }
}

fn source(source: &SourceStatus) -> String {
    let state = match source.state {
        SourceState::Off => "off",
        SourceState::Starting => "starting",
        SourceState::Ok => "ok",
        SourceState::Degraded => "degraded",
        SourceState::Down => "DOWN",
    };
    let reason = source.reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
    format!("{} {state}{reason}", source.name)
}

const fn store(state: StoreState) -> &'static str {
    match state {
        StoreState::Off => "off",
        StoreState::Ok => "ok",
        StoreState::Full => "FULL",
        StoreState::Failing => "FAILING",
    }
}

fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A length of time in at most four characters where that is honest.
fn span(seconds: f64) -> String {
    let seconds = seconds.max(0.0).round();
    let (minutes, hours, days) = (seconds / 60.0, seconds / 3_600.0, seconds / 86_400.0);
    if seconds < 100.0 {
        format!("{seconds:.0}s")
    } else if minutes < 100.0 {
        format!("{minutes:.0}m")
    } else if hours < 48.0 {
        format!("{hours:.0}h")
    } else {
        format!("{days:.0}d")
    }
}

/// Names come from the cluster: control characters, and those that turn or hide what follows, are
/// replaced.
fn printable(text: &str) -> String {
    text.chars().map(|letter| if is_unsafe(letter) { '·' } else { letter }).collect()
}

/// Controls, and the format characters of Unicode's bidirectional algorithm (UAX 9) and zero width.
fn is_unsafe(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        )
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().nth(width).is_none() {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Size = Size { width: 100, height: None };

    #[test]
    fn a_length_of_time_is_short() {
        let all = [0.4, 99.0, 100.0, 5_940.0, 6_000.0, 170_000.0, 200_000.0].map(span);
        assert_eq!(all, ["0s", "99s", "2m", "99m", "2h", "47h", "2d"]);
    }

    #[test]
    fn nothing_of_the_cluster_commands_the_terminal() {
        let text = line("a\u{1b}[2J\u{9b}\r\n\u{202e}b\u{200b}", WIDE);
        assert_eq!(text, "a·[2J····b·");
    }

    #[test]
    fn a_line_is_as_wide_as_the_terminal() {
        let size = Size { width: 5, height: Some(24) };
        assert_eq!(line("ééééé", size), "ééééé");
        assert_eq!(line("éééééé", size), "éééé…");
        assert_eq!(size.rows(20), 16);
        assert_eq!(WIDE.rows(20), 20);
    }
}
