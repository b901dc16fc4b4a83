//! What the service says of itself. These are the shapes of `GET /api/v1/status`.

use foresail_core::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the service says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Version of the program.
    pub version: String,
    /// Name of the cluster.
    pub cluster: String,
    /// Whether alarms may page.
    pub mode: Mode,
    /// Why, in words.
    pub mode_reason: String,
    /// Now, as the service takes it.
    #[schema(value_type = String, format = DateTime)]
    pub now: Timestamp,
    /// When the service started.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// The time that was last assessed; null before the first tick.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_tick: Option<Timestamp>,
    /// Ticks and how they keep their time.
    pub ticks: TickHealth,
    /// Whether predictions can be relied on now.
    pub ready: bool,
    /// Why not, in words; empty when ready.
    pub not_ready_because: Vec<String>,
    /// What the service reads.
    pub sources: Vec<SourceStatus>,
    /// The model in service; null before one is.
    pub model: Option<ModelStatus>,
    /// Models that predict and are scored, but never speak.
    pub shadows: Vec<ModelStatus>,
    /// Where things are kept.
    pub store: StoreStatus,
    /// Objects known.
    pub objects: ObjectCounts,
    /// What was left out since the start, by reason.
    pub skipped: Vec<Skipped>,
    /// Failures that occurred since the start, by kind.
    pub outcomes: Vec<OutcomeCount>,
    /// How good the predictions were here; null before anything was scored.
    pub scorecard: Option<Scorecard>,
}

/// Whether alarms may page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Everything is predicted, scored and shown; nothing pages.
    Observe,
    /// Alarms page within their budget.
    Paging,
}

/// Ticks and how they keep their time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TickHealth {
    /// Time between two ticks.
    pub interval_seconds: f64,
    /// Ticks since the start.
    pub count: u64,
    /// Ticks that were assessed after the next one was due.
    pub late: u64,
    /// How long after its time the last one was done; null before the first.
    pub last_lateness_seconds: Option<f64>,
    /// How long the last one took; null before the first.
    pub last_duration_seconds: Option<f64>,
    /// How long all together took.
    pub total_duration_seconds: f64,
}

/// One thing that the service reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SourceStatus {
    /// What, such as `kubernetes`, `prometheus`, `kubelets`: a name of a closed list.
    pub name: String,
    /// How it is.
    pub state: SourceState,
    /// Why, in words; null where there is nothing to say.
    pub reason: Option<String>,
    /// How old its newest data are; null where there are none.
    pub lag_seconds: Option<f64>,
    /// Failures since the start.
    pub failures: u64,
}

/// How a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// Not asked for.
    Off,
    /// No answer yet.
    Starting,
    /// It answers.
    Ok,
    /// It answers in part.
    Degraded,
    /// It does not answer.
    Down,
}

/// A model at work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ModelStatus {
    /// Its name.
    pub name: String,
    /// Its kind, such as `hazard`.
    pub kind: String,
    /// When it was trained; null where it does not say.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub trained_at: Option<Timestamp>,
    /// How long ago that is.
    pub age_seconds: Option<f64>,
}

/// Where things are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StoreStatus {
    /// How it is.
    pub state: StoreState,
    /// Why, in words; null where there is nothing to say.
    pub reason: Option<String>,
    /// Its size; null where it is not known.
    pub bytes: Option<u64>,
    /// The last tick that is kept; null where none is.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_kept: Option<Timestamp>,
    /// Ticks and minutes that wait to be kept.
    pub waiting: u64,
    /// Ticks and minutes that were lost since the start.
    pub lost: u64,
}

/// How the store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StoreState {
    /// There is none.
    Off,
    /// It keeps what it is given.
    Ok,
    /// It has no space left.
    Full,
    /// It does not answer or fails.
    Failing,
}

/// Objects known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ObjectCounts {
    /// Pods.
    pub pods: u64,
    /// Workloads.
    pub workloads: u64,
    /// Nodes.
    pub nodes: u64,
    /// Persistent volume claims.
    pub volumes: u64,
}

/// What was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Skipped {
    /// Why: a name of a closed list.
    pub reason: String,
    /// How often.
    pub count: u64,
}

/// Failures of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OutcomeCount {
    /// The named failure.
    pub kind: String,
    /// How many.
    pub count: u64,
}

/// How good the predictions were on this cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Scorecard {
    /// What is scored began then.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// What is scored ended then.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
    /// A card a model, the one in service first.
    pub models: Vec<ModelScore>,
}

/// How good one model was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ModelScore {
    /// The model.
    pub model: String,
    /// Whether it is the one in service.
    pub in_service: bool,
    /// Incidents that count.
    pub incidents: u64,
    /// Those that were announced early enough.
    pub caught: u64,
    /// Alarms whose horizon is over.
    pub alarms: u64,
    /// Those that nothing followed.
    pub false_alarms: u64,
    /// Share of incidents that were announced early enough.
    pub recall: Estimate,
    /// Share of alarms that came true.
    pub precision: Estimate,
    /// Median time from alarm to failure.
    pub lead_seconds: Estimate,
    /// Mean distance between probabilities and frequencies.
    pub calibration_error: Estimate,
    /// Probabilities beside frequencies.
    pub calibration: Vec<CalibrationBin>,
}

/// A number with its 95 % interval, or that there is too little to give one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Estimate {
    /// A number.
    Measured {
        /// The number.
        value: f64,
        /// Lower end of its interval.
        low: f64,
        /// Upper end of its interval.
        high: f64,
        /// On how many observations it rests.
        count: u64,
    },
    /// Too few observations.
    TooFew {
        /// How many there are.
        have: u64,
        /// How many are needed.
        need: u64,
    },
}

/// Predictions of nearly one probability, and how often they came true.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CalibrationBin {
    /// Lower end of the probabilities.
    pub from: f64,
    /// Upper end.
    pub until: f64,
    /// Mean of the probabilities.
    pub predicted: f64,
    /// How often they came true.
    pub observed: Estimate,
}
