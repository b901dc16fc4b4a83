//! `/metrics`: what the service says of itself and what it predicts.
//!
//! Every name of a metric stands in this module and those below it. Labels come from closed lists,
//! except those of the two metrics of predictions, whose number is bounded.

mod predictions;
mod process;
mod text;

use std::collections::BTreeMap;

use foresail_core::{FailureKind, Verdict};

pub(crate) use text::Format;
use text::{Kind, Page};

use crate::api::Api;
use crate::source::Snapshot;
use crate::status::{Estimate, Mode, ModelScore, SourceState, Status, StoreState, TickHealth};

/// The page of metrics.
pub(crate) fn page(api: &Api, format: Format) -> String {
    let status = api.source.status();
    let snapshot = api.source.snapshot();
    let mut page = Page::new(format);
    service(&mut page, &status);
    ticks(&mut page, &status);
    sources(&mut page, &status);
    models(&mut page, &status);
    store(&mut page, &status);
    counts(&mut page, &status);
    scorecard(&mut page, &status);
    requests(&mut page, api);
    process::write(&mut page);
    if let Some(snapshot) = snapshot {
        judgement(&mut page, &snapshot);
        predictions::write(&mut page, api, &snapshot);
    }
    page.finish()
}

fn service(page: &mut Page, status: &Status) {
    page.metric("foresail_build_info", Kind::Gauge, "Version of the program; always 1.");
    page.sample(&[("version", &status.version), ("cluster", &status.cluster)], 1.0);
    page.metric(
        "foresail_service_start_timestamp_seconds",
        Kind::Gauge,
        "When the service started.",
    );
    page.sample(&[], status.started_at.as_epoch_seconds());
    page.metric(
        "foresail_service_ready",
        Kind::Gauge,
        "Whether predictions can be relied on: 1 or 0.",
    );
    page.sample(&[], number(status.ready));
    page.metric(
        "foresail_paging_enabled",
        Kind::Gauge,
        "Whether alarms may page (1), or everything is only observed (0).",
    );
    page.sample(&[], number(status.mode == Mode::Paging));
}

fn ticks(page: &mut Page, status: &Status) {
    let TickHealth {
        interval_seconds,
        count,
        late,
        last_lateness_seconds,
        last_duration_seconds,
        total_duration_seconds,
    } = status.ticks;
    page.metric("foresail_tick_interval_seconds", Kind::Gauge, "Time between two ticks.");
    page.sample(&[], interval_seconds);
    page.metric("foresail_ticks_total", Kind::Counter, "Ticks that were assessed.");
    page.sample(&[], count as f64);
    page.metric(
        "foresail_ticks_late_total",
        Kind::Counter,
        "Ticks that were assessed after the next one was due.",
    );
    page.sample(&[], late as f64);
    page.metric(
        "foresail_tick_duration_seconds_total",
        Kind::Counter,
        "How long all ticks together took.",
    );
    page.sample(&[], total_duration_seconds);
    page.metric("foresail_tick_last_duration_seconds", Kind::Gauge, "How long the last tick took.");
    page.optional(last_duration_seconds);
    page.metric(
        "foresail_tick_last_lateness_seconds",
        Kind::Gauge,
        "How long after its time the last tick was done.",
    );
    page.optional(last_lateness_seconds);
    page.metric(
        "foresail_tick_last_timestamp_seconds",
        Kind::Gauge,
        "The time that was last assessed.",
    );
    page.optional(status.last_tick.map(foresail_core::Timestamp::as_epoch_seconds));
}

fn sources(page: &mut Page, status: &Status) {
    page.metric(
        "foresail_source_state",
        Kind::Gauge,
        "State of what the service reads: 1 for the state that it is in.",
    );
    for source in &status.sources {
        for (state, name) in SOURCE_STATES {
            let labels = [("source", source.name.as_str()), ("state", name)];
            page.sample(&labels, number(source.state == state));
        }
    }
    page.metric("foresail_source_lag_seconds", Kind::Gauge, "Age of the newest data of a source.");
    for source in &status.sources {
        page.labelled_optional(&[("source", &source.name)], source.lag_seconds);
    }
    page.metric(
        "foresail_source_failures_total",
        Kind::Counter,
        "Failures of what the service reads.",
    );
    for source in &status.sources {
        page.sample(&[("source", &source.name)], source.failures as f64);
    }
}

fn models(page: &mut Page, status: &Status) {
    let in_service = status.model.iter().map(|model| (model, "in_service"));
    let shadows = status.shadows.iter().map(|model| (model, "shadow"));
    let models: Vec<_> = in_service.chain(shadows).collect();
    page.metric("foresail_model_info", Kind::Gauge, "Models at work; always 1.");
    for (model, role) in &models {
        page.sample(&[("model", &model.name), ("model_kind", &model.kind), ("role", role)], 1.0);
    }
    page.metric("foresail_model_age_seconds", Kind::Gauge, "Time since a model was trained.");
    for (model, role) in &models {
        page.labelled_optional(&[("model", &model.name), ("role", role)], model.age_seconds);
    }
}

fn store(page: &mut Page, status: &Status) {
    let store = &status.store;
    page.metric(
        "foresail_store_state",
        Kind::Gauge,
        "State of the store: 1 for the state that it is in.",
    );
    for (state, name) in STORE_STATES {
        page.sample(&[("state", name)], number(store.state == state));
    }
    page.metric("foresail_store_size_bytes", Kind::Gauge, "Size of the store.");
    page.optional(store.bytes.map(|bytes| bytes as f64));
    page.metric(
        "foresail_store_last_kept_timestamp_seconds",
        Kind::Gauge,
        "The last tick that is kept.",
    );
    page.optional(store.last_kept.map(foresail_core::Timestamp::as_epoch_seconds));
    page.metric("foresail_store_waiting", Kind::Gauge, "Ticks and minutes that wait to be kept.");
    page.sample(&[], store.waiting as f64);
    page.metric("foresail_store_lost_total", Kind::Counter, "Ticks and minutes that were lost.");
    page.sample(&[], store.lost as f64);
}

fn counts(page: &mut Page, status: &Status) {
    let objects = &status.objects;
    page.metric("foresail_objects", Kind::Gauge, "Objects known, by kind.");
    for (kind, count) in [
        ("pod", objects.pods),
        ("workload", objects.workloads),
        ("node", objects.nodes),
        ("volume", objects.volumes),
    ] {
        page.sample(&[("object_kind", kind)], count as f64);
    }
    page.metric("foresail_outcomes_total", Kind::Counter, "Failures that occurred, by kind.");
    for outcome in &status.outcomes {
        page.sample(&[("failure_kind", &outcome.kind)], outcome.count as f64);
    }
    page.metric("foresail_skipped_total", Kind::Counter, "What was left out, by reason.");
    for skipped in &status.skipped {
        page.sample(&[("reason", &skipped.reason)], skipped.count as f64);
    }
}

fn scorecard(page: &mut Page, status: &Status) {
    let Some(card) = &status.scorecard else { return };
    type Count = (&'static str, &'static str, fn(&ModelScore) -> u64);
    type Number = (&'static str, &'static str, fn(&ModelScore) -> Estimate);
    const COUNTS: [Count; 4] = [
        ("foresail_scorecard_incidents", "Incidents that were scored.", |score| score.incidents),
        ("foresail_scorecard_caught", "Those announced early enough.", |score| score.caught),
        ("foresail_scorecard_alarms", "Alarms that were scored.", |score| score.alarms),
        ("foresail_scorecard_false_alarms", "Those that nothing followed.", |score| {
            score.false_alarms
        }),
    ];
    const NUMBERS: [Number; 4] = [
        ("foresail_scorecard_recall", "Share of incidents announced early enough.", |score| {
            score.recall
        }),
        ("foresail_scorecard_precision", "Share of alarms that came true.", |score| {
            score.precision
        }),
        ("foresail_scorecard_lead_seconds", "Median time from alarm to failure.", |score| {
            score.lead_seconds
        }),
        (
            "foresail_scorecard_calibration_error",
            "Mean distance between probabilities and frequencies.",
            |score| score.calibration_error,
        ),
    ];
    for (name, help, count) in COUNTS {
        page.metric(name, Kind::Gauge, help);
        for score in &card.models {
            page.sample(&[("model", &score.model)], count(score) as f64);
        }
    }
    for (name, help, estimate) in NUMBERS {
        page.metric(name, Kind::Gauge, &format!("{help} No sample where there are too few."));
        for score in &card.models {
            let Estimate::Measured { value, low, high, .. } = estimate(score) else { continue };
            for (bound, value) in [("value", value), ("low", low), ("high", high)] {
                page.sample(&[("model", &score.model), ("bound", bound)], value);
            }
        }
    }
}

fn requests(page: &mut Page, api: &Api) {
    page.metric(
        "foresail_api_requests_total",
        Kind::Counter,
        "Requests that were answered, by class of their status.",
    );
    for (class, count) in api.requests.counts() {
        page.sample(&[("class", class)], count as f64);
    }
    page.metric("foresail_api_streams", Kind::Gauge, "Streams of changes that are open.");
    page.sample(&[], api.open_streams() as f64);
}

fn judgement(page: &mut Page, snapshot: &Snapshot) {
    page.metric(
        "foresail_drift",
        Kind::Gauge,
        "How far the data have moved from what the model was trained on.",
    );
    for drift in &snapshot.drift {
        page.sample(&[("measure", &drift.measure)], drift.value);
    }
    let mut predictions: BTreeMap<(FailureKind, &str), u64> = BTreeMap::new();
    for prediction in &snapshot.predictions {
        let verdict = match prediction.verdict {
            Verdict::Likely { .. } => "probability",
            Verdict::NotEnoughData { .. } => "not_enough_data",
        };
        *predictions.entry((prediction.kind, verdict)).or_default() += 1;
    }
    page.metric(
        "foresail_predictions",
        Kind::Gauge,
        "Predictions of the last tick, by failure kind and what they have to say.",
    );
    for ((kind, verdict), count) in predictions {
        page.sample(&[("failure_kind", kind.as_str()), ("verdict", verdict)], count as f64);
    }
    let mut alarms: BTreeMap<(FailureKind, &str, &str), u64> = BTreeMap::new();
    for open in &snapshot.alarms {
        let pages = if open.pages { "true" } else { "false" };
        *alarms.entry((open.alarm.kind, open.alarm.tier.as_str(), pages)).or_default() += 1;
    }
    page.metric("foresail_alarms_open", Kind::Gauge, "Alarms that are open.");
    for ((kind, tier, pages), count) in alarms {
        let labels = [("failure_kind", kind.as_str()), ("tier", tier), ("pages", pages)];
        page.sample(&labels, count as f64);
    }
}

const SOURCE_STATES: [(SourceState, &str); 5] = [
    (SourceState::Off, "off"),
    (SourceState::Starting, "starting"),
    (SourceState::Ok, "ok"),
    (SourceState::Degraded, "degraded"),
    (SourceState::Down, "down"),
];

const STORE_STATES: [(StoreState, &str); 4] = [
    (StoreState::Off, "off"),
    (StoreState::Ok, "ok"),
    (StoreState::Full, "full"),
    (StoreState::Failing, "failing"),
];

fn number(truth: impl Into<bool>) -> f64 {
    if truth.into() { 1.0 } else { 0.0 }
}
