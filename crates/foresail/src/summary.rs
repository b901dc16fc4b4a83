//! A back-test's result in words: the table beside every baseline, and two incidents told.

use foresail_evaluate::result::{
    BacktestResult, Estimate, JudgedIncident, MethodKind, RecordingSummary, Row, RowReading, Scope,
    TimelineStory, Variant,
};

use crate::requirement::Metric;
use crate::table::{Align, Table};

/// What is printed of one result.
pub(crate) struct Summary<'a> {
    result: &'a BacktestResult,
    scope: Scope,
}

// === impl Summary ===

impl<'a> Summary<'a> {
    /// The summary of the shown recording.
    pub(crate) fn new(result: &'a BacktestResult) -> Self {
        Self { result, scope: Scope::Recording(result.shown.clone()) }
    }

    /// The judged recording.
    fn recording(&self) -> Option<&'a RecordingSummary> {
        self.result.recordings.iter().find(|recording| recording.name == self.result.shown)
    }

    /// One line: what was judged.
    pub(crate) fn subject(&self) -> String {
        let Some(recording) = self.recording() else { return String::new() };
        let mut text = format!(
            "{}: {:.1} pod-days of fault time (a minute on its clock stands for {} in production), {} \
             pods, {} incidents",
            recording.name,
            recording.pod_days,
            recording.time_scale,
            recording.pods,
            recording.incidents
        );
        if recording.change_incidents > 0 {
            let changes = recording.change_incidents;
            text.push_str(&format!(" ({changes} of them right after a change, judged apart)"));
        }
        if recording.truth {
            text.push_str(&format!(", {} foreseeable", recording.reachable));
        } else {
            text.push_str("; without truth.jsonl nobody knows which were foreseeable");
        }
        text
    }

    /// The rows at the shown budget and the methods as shipped, the engine first.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &'a Row> {
        let budget = self.result.shown_budget;
        let scope = self.scope.clone();
        self.result.rows.iter().filter(move |row| {
            row.scope == scope
                && row.reading == RowReading::OperatingPoint
                && row.budget.is_none_or(|of| (of - budget).abs() < 1e-9)
        })
    }

    /// Incidents, caught in time, median lead and false alarms, beside every baseline; the grid of
    /// `predict_linear` as shipped stands in the report only.
    pub(crate) fn table(&self) -> Table {
        let mut table = Table::new(&[
            ("method", Align::Left),
            ("", Align::Left),
            ("foreseeable", Align::Right),
            ("caught in time", Align::Right),
            ("right kind", Align::Right),
            ("median lead", Align::Right),
            ("false/pod-day", Align::Right),
            ("precision", Align::Right),
        ]);
        for row in self.rows().filter(|row| !is_grid(row)) {
            let variant = match row.method.variant {
                Variant::AsShipped => "as shipped",
                Variant::Tuned => "tuned",
            };
            let title = row.method.title.clone();
            if let Some(reason) = &row.not_measurable {
                table.row([title, variant.to_owned(), format!("not measurable: {reason}")]);
                continue;
            }
            let counts = &row.counts;
            table.row([
                title,
                variant.to_owned(),
                counts.reachable.to_string(),
                caught(counts.reachable_matched, row.recall),
                counts.reachable_matched_right_kind.to_string(),
                row.lead_median_production_minutes
                    .map_or("–".to_owned(), |lead| format!("{lead:.0} min")),
                with_interval(row.false_per_pod_day, 2),
                row.precision
                    .map_or("–".to_owned(), |precision| format!("{:.2}", precision.value)),
            ]);
        }
        table
    }

    /// The value of a metric for the engine's row; `None` where it is not measurable.
    pub(crate) fn metric(&self, metric: Metric) -> Option<f64> {
        let row = self.rows().find(|row| row.method.kind == MethodKind::Engine)?;
        let value = |estimate: Option<Estimate>| estimate.map(|estimate| estimate.value);
        match metric {
            Metric::EventRecall => value(row.recall),
            Metric::EventRecallRightKind => value(row.recall_right_kind),
            Metric::Precision => value(row.precision),
            Metric::FalseAlarms => value(row.false_per_pod_day),
            Metric::TimeInWarning => row.time_in_warning,
            Metric::MedianLead => row.lead_median_production_minutes,
        }
    }

    /// One caught and one missed incident with the reason, where there are any; the ones that the
    /// report draws.
    pub(crate) fn stories(&self) -> Vec<String> {
        [(TimelineStory::Caught, "caught"), (TimelineStory::Missed, "missed")]
            .into_iter()
            .filter_map(|(story, word)| {
                let timeline = self.result.timelines.iter().find(|one| one.story == story)?;
                timeline.incident.as_ref().map(|incident| told(word, incident))
            })
            .collect()
    }
}

/// Whether a row is one of the fixed settings of the `predict_linear` grid.
fn is_grid(row: &Row) -> bool {
    row.method.variant == Variant::AsShipped && row.method.name.starts_with("predict_linear_")
}

fn told(word: &str, incident: &JudgedIncident) -> String {
    let JudgedIncident { unit, kind, occurred_at, reason, .. } = incident;
    // Names are untrusted text: their control characters must not reach the terminal.
    format!("{word}: {unit}, {kind} at {occurred_at}: {reason}").replace(char::is_control, " ")
}

fn caught(matched: u32, recall: Option<Estimate>) -> String {
    match recall {
        Some(recall) => format!("{matched} ({:.0} %)", recall.value * 100.0),
        None => matched.to_string(),
    }
}

fn with_interval(estimate: Option<Estimate>, digits: usize) -> String {
    let Some(estimate) = estimate else { return "–".to_owned() };
    let value = estimate.value;
    match (estimate.low, estimate.high) {
        (Some(low), Some(high)) => format!("{value:.digits$} [{low:.digits$}–{high:.digits$}]"),
        _ => format!("{value:.digits$}"),
    }
}
