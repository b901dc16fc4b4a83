//! Everything that `result.json` holds: the report and the tables are drawn from this and nothing else.
//!
//! Times inside are the recordings' own wall time; fields that end in `_production_minutes` are fault
//! time. A number that is not defined is `None`, never 0, and where a reader would ask why, the reason
//! stands beside it.
//!
//! ```text
//!  BacktestResult ─┬─ provenance, recordings          what was judged, with which data, code and seeds
//!                  ├─ rows (method × scope × budget)   the headline, with intervals  (result/row.rs)
//!                  ├─ curves                           event-PR, lead time, reliability (result/curve.rs)
//!                  └─ incidents, alarms, timelines     one by one (result/example.rs)
//! ```

use std::collections::BTreeMap;

use foresail_core::Timestamp;
use serde::{Deserialize, Serialize};

mod curve;
mod example;
mod fired;
mod row;

pub use curve::{
    Curves, EventPrCurve, LeadCurve, LeadPoint, PairSet, PrPoint, ProbabilityRow, ReliabilityBin,
    ReliabilityCurve, TimeToEventRow,
};
pub use example::{
    AlarmFate, Annotation, AnnotationSource, IncidentFate, JudgedAlarm, JudgedIncident,
    LevelSeries, Precursor, SeriesPoint, Timeline, TimelineStory,
};
pub use fired::{FamilySource, Fired, FiredName, FitSource, HistorySource, KindSource, Seen};
pub use row::{
    CheckRow, Counts, Estimate, KindRow, Method, MethodKind, Paired, Prevalence, Row, RowReading,
    Scope, Split, Variant,
};

/// Version of the layout of `result.json`; fields may be added without raising it.
pub const RESULT_FORMAT: u32 = 1;

/// The result of one back-test or benchmark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BacktestResult {
    /// [`RESULT_FORMAT`].
    pub format: u32,
    /// Code, seeds and settings.
    pub provenance: Provenance,
    /// Every recording that took part, judged ones first.
    pub recordings: Vec<RecordingSummary>,
    /// Name of the recording whose incidents, alarms and timelines are shown.
    pub shown: String,
    /// The budget (false alarms per pod-day) whose alarms are shown.
    pub shown_budget: f64,
    /// One row per method, variant, reading, budget and scope. The main method comes first.
    pub rows: Vec<Row>,
    /// The main method by failure kind of the primary outcome.
    pub kinds: Vec<KindRow>,
    /// Change-time checks, judged apart.
    pub checks: Vec<CheckRow>,
    /// Stock rules that the data at hand cannot feed, and kinds without an outcome.
    pub not_in_data: Vec<Absent>,
    /// The curves.
    pub curves: Curves,
    /// Probabilities of the main method, per horizon.
    pub probabilities: Vec<ProbabilityRow>,
    /// Announced times of the main method.
    pub time_to_event: Vec<TimeToEventRow>,
    /// Every incident of the shown recording.
    pub incidents: Vec<JudgedIncident>,
    /// Every alarm of the main method on the shown recording.
    pub alarms: Vec<JudgedAlarm>,
    /// Up to one incident each: caught, late, missed, false.
    pub timelines: Vec<Timeline>,
    /// Gates of the alarm trains and, where run, of leakage.
    pub gates: Vec<Gate>,
    /// The result with scrapes thinned out, where measured.
    pub thinning: Vec<ThinningRow>,
    /// Time and memory of one tick, where measured.
    pub cost: Vec<CostRow>,
    /// Wall seconds per step, measured by the caller.
    pub runtimes: Vec<Runtime>,
    /// The alerts that really fired there, where a metrics server was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fired: Option<Fired>,
    /// What that server holds; added by the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<HistorySource>,
}

/// What produced a result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Version of the program.
    pub program_version: String,
    /// Revision of the source, where known.
    pub git_revision: Option<String>,
    /// The command line that made it.
    pub command: String,
    /// The main method.
    pub model: String,
    /// Settings of the main method, as one line of text.
    pub settings: String,
    /// Budgets, in false alarms per observed pod-day.
    pub budgets: Vec<f64>,
    /// Seeds and repetitions.
    pub seeds: Seeds,
}

/// Seeds and repetitions of everything random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seeds {
    /// Seed of the bootstrap.
    pub bootstrap: u64,
    /// Bootstrap repetitions.
    pub bootstrap_repetitions: u32,
    /// Seed of the circular shifts.
    pub shifts: u64,
    /// Number of circular shifts.
    pub shift_repetitions: u32,
    /// Seed of the random baseline.
    pub random_baseline: u64,
}

/// The role of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Thresholds and settings are chosen on it.
    Training,
    /// Judged, never chosen on.
    Judged,
}

/// What one recording holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordingSummary {
    /// Its name.
    pub name: String,
    /// Its role here.
    pub role: Role,
    /// Cluster it was taken from.
    pub cluster: String,
    /// First instant.
    pub started_at: Timestamp,
    /// Last instant.
    pub ended_at: Timestamp,
    /// Fault time over wall time.
    pub time_scale: f64,
    /// Between two scrapes.
    pub scrape_interval_seconds: f64,
    /// Ticks judged.
    pub ticks: usize,
    /// Units seen.
    pub units: usize,
    /// Pods seen.
    pub pods: usize,
    /// Observed pod time outside blackouts, in days of fault time.
    pub pod_days: f64,
    /// The part of it with no episode on the unit; `None` without truth.
    pub quiet_pod_days: Option<f64>,
    /// Benign episodes; `None` without truth.
    pub look_alikes: Option<usize>,
    /// Whether the recording carries truth; without it there are no groups and nothing is "reachable".
    pub truth: bool,
    /// Incidents, by their primary outcome.
    pub incidents: usize,
    /// Of them with a change kind as primary outcome; judged as checks, not in the headline.
    pub change_incidents: usize,
    /// Of them bearing a precursor.
    pub precursor: usize,
    /// Of them reachable: the headline's denominator.
    pub reachable: usize,
    /// Of them on a workload with an episode that gives no warning.
    pub no_precursor: usize,
    /// Of them without any episode on their workload.
    pub unknown: usize,
    /// Outcomes by kind, with primaries.
    pub outcomes: Vec<OutcomeCount>,
    /// SHA-256 per file.
    pub sha256: BTreeMap<String, String>,
}

/// How often a kind occurred.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomeCount {
    /// Stable name of the kind.
    pub kind: String,
    /// Outcomes.
    pub outcomes: usize,
    /// Of them the first of their incident.
    pub primary: usize,
}

/// Something that cannot be judged on this data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absent {
    /// Rule id or kind.
    pub name: String,
    /// What it is called.
    pub title: String,
    /// What is missing.
    pub reason: String,
}

/// A gate and how it came out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// What must hold, as a sentence.
    pub name: String,
    /// Whether it holds.
    pub passed: bool,
    /// Numbers that say so.
    pub detail: String,
}

/// The operating point with scrapes thinned out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThinningRow {
    /// Seconds between scrapes.
    pub scrape_interval_seconds: f64,
    /// Share of reachable incidents caught.
    pub recall: Option<f64>,
    /// False alarms per pod-day.
    pub false_per_pod_day: Option<f64>,
    /// Precision.
    pub precision: Option<f64>,
}

/// The cost of one tick for a number of pods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CostRow {
    /// Pods.
    pub pods: usize,
    /// Median milliseconds of taking in one batch, one core.
    pub observe_ms: f64,
    /// Median milliseconds of one assessment, one core.
    pub assess_ms: f64,
    /// Bytes of state per pod.
    pub bytes_per_pod: f64,
}

/// Wall seconds of one step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Runtime {
    /// What was done.
    pub step: String,
    /// How long it took.
    pub seconds: f64,
}
