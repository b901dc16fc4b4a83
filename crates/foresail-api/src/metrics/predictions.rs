//! Predictions as metrics, so that alert rules and dashboards need nothing else.
//!
//! Which predictions: those of an object and kind with an open alarm, then the highest scores above
//! a floor, up to a bound; how many were left out is a metric too.

use foresail_core::Prediction;

use super::text::{Kind, Page};
use crate::api::Api;
use crate::body::{OpenAlarms, Place};
use crate::source::Snapshot;

/// Less probable failures are not worth a series, unless an alarm is open.
const FLOOR: f64 = 0.1;

/// What one prediction is shown under.
struct Labels<'a> {
    cluster: &'a str,
    horizon: String,
    prediction: &'a Prediction,
}

/// Writes the metrics of predictions.
pub(super) fn write(page: &mut Page, api: &Api, snapshot: &Snapshot) {
    let (shown, mut left_out) = chosen(snapshot, api.settings.metric_predictions);
    let labels: Vec<_> = shown.iter().map(|one| Labels::new(api.cluster(), one)).collect();
    page.metric(
        "foresail_failure_probability",
        Kind::Gauge,
        "Probability that the failure happens within the horizon.",
    );
    for labels in &labels {
        let probability = labels.prediction.probability();
        if let Some(probability) = probability
            && !labels.with(None, |labels| page.sample(labels, probability.get()))
        {
            left_out += 1;
        }
    }
    page.metric(
        "foresail_time_to_failure_seconds",
        Kind::Summary,
        "When the failure is expected, from the last tick, by quantile.",
    );
    for labels in &labels {
        let Some(time) = labels.prediction.time_to_event() else { continue };
        for (quantile, time) in [("0.1", time.p10), ("0.5", time.p50), ("0.9", time.p90)] {
            labels.with(Some(quantile), |labels| page.sample(labels, time.as_seconds()));
        }
    }
    page.metric(
        "foresail_predictions_left_out",
        Kind::Gauge,
        "Predictions that are worth a series and were left out of this page.",
    );
    page.sample(&[], left_out as f64);
}

/// The predictions that are shown, at most `most`, and how many are not.
fn chosen(snapshot: &Snapshot, most: usize) -> (Vec<&Prediction>, usize) {
    let alarms = OpenAlarms::new(snapshot);
    let likely = snapshot.predictions.iter().filter(|one| one.probability().is_some());
    let (mut shown, others): (Vec<_>, Vec<_>) = likely.partition(|one| alarms.concern(one));
    shown.extend(
        others
            .into_iter()
            .filter(|one| one.probability().is_some_and(|probability| probability.get() >= FLOOR)),
    );
    let left_out = shown.len().saturating_sub(most);
    shown.truncate(most);
    (shown, left_out)
}

// === impl Labels ===

impl<'a> Labels<'a> {
    fn new(cluster: &'a str, prediction: &'a Prediction) -> Self {
        Self { cluster, horizon: prediction.horizon.as_seconds().to_string(), prediction }
    }

    /// Gives the labels to `write`, with a quantile where there is one.
    fn with(&self, quantile: Option<&str>, write: impl FnOnce(&[(&str, &str)]) -> bool) -> bool {
        let unit = &self.prediction.unit;
        let mut labels = vec![
            ("cluster", self.cluster),
            ("namespace", Place::namespace(unit).unwrap_or_default()),
            ("object_kind", unit.object_kind()),
            ("object", Place::name(unit)),
            ("pod", self.prediction.pod.as_deref().unwrap_or_default()),
            ("failure_kind", self.prediction.kind.as_str()),
            ("horizon_seconds", &self.horizon),
        ];
        labels.extend(quantile.map(|quantile| ("quantile", quantile)));
        write(&labels)
    }
}
