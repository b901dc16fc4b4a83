//! What `bench.json` holds. Its names are stable; fields may be added.

use serde::{Deserialize, Serialize};

use crate::result::{
    CheckRow, Estimate, EventPrCurve, Gate, KindRow, Provenance, RecordingSummary, ReliabilityBin,
    Row, Runtime, Split, TimeToEventRow,
};

/// Version of the layout of `bench.json`.
pub const BENCH_FORMAT: u32 = 1;

/// The whole of a benchmark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BenchResult {
    /// [`BENCH_FORMAT`].
    pub format: u32,
    /// Code, seeds and settings.
    pub provenance: Provenance,
    /// How much was done.
    pub extent: Extent,
    /// Every recording, training ones first.
    pub recordings: Vec<RecordingSummary>,
    /// What a reader has to know of these data, in sentences.
    pub notes: Vec<String>,
    /// Methods by split, scope and budget, operating points only.
    pub rows: Vec<Row>,
    /// Foresail by application, under leave one application out.
    pub applications: Vec<ApplicationRow>,
    /// Foresail by kind of the primary outcome.
    pub kinds: Vec<SplitKind>,
    /// Change kinds, judged as checks.
    pub checks: Vec<CheckRow>,
    /// Precision against recall, by split.
    pub curves: Vec<SplitCurve>,
    /// What probabilities are worth.
    pub probabilities: Vec<ProbabilityRow>,
    /// What announced times are worth.
    pub times: Vec<TimesRow>,
    /// Foresail without a part of it, under leave one recording out.
    pub ablations: Vec<AblationRow>,
    /// Foresail without single features.
    pub single_features: Vec<AblationRow>,
    /// How well each feature alone tells what fails within the horizon, best first.
    pub feature_ranking: Vec<FeatureRow>,
    /// Gates of alarm trains and of what models learn from.
    pub gates: Vec<Gate>,
    /// What the model takes.
    pub cost: Cost,
    /// Wall seconds of the steps.
    pub runtimes: Vec<Runtime>,
}

/// How much a benchmark does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    /// Every split, every contender, every ablation.
    Full,
    /// One fold, few draws, no ablation: for continuous integration.
    Reduced,
}

/// Foresail on one application that it knew nothing of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApplicationRow {
    /// The namespace.
    pub application: String,
    /// Budget.
    pub budget: f64,
    /// Reachable incidents.
    pub reachable: u32,
    /// Of them caught.
    pub caught: u32,
    /// Of them caught by name.
    pub caught_right_kind: u32,
    /// False alarms.
    pub false_alarms: u32,
    /// Observed pod-days.
    pub pod_days: f64,
}

/// A kind under a split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitKind {
    /// The split.
    pub split: Split,
    /// The row.
    #[serde(flatten)]
    pub row: KindRow,
}

/// A curve under a split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitCurve {
    /// The split.
    pub split: Split,
    /// The curve.
    #[serde(flatten)]
    pub curve: EventPrCurve,
}

/// What probabilities are worth, in numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProbabilityReading {
    /// Pairs of a pod, a kind and a tick.
    pub pairs: u64,
    /// Of them followed by the failure within the horizon.
    pub happened: u64,
    /// Mean squared error.
    pub brier: Option<f64>,
    /// The same of each kind's training rate.
    pub brier_of_rates: Option<f64>,
    /// Skill against those rates.
    pub brier_skill: Option<Estimate>,
    /// Expected calibration error over 15 bins of equal mass; only with a skill above 0.
    pub ece: Option<Estimate>,
    /// The same over the top 1 %.
    pub ece_top_percent: Option<Estimate>,
    /// The bins; only with a skill above 0.
    pub reliability: Vec<ReliabilityBin>,
}

/// Probabilities under a split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProbabilityRow {
    /// The split.
    pub split: Split,
    /// Whether calibrated.
    pub calibrated: bool,
    /// The numbers.
    #[serde(flatten)]
    pub reading: ProbabilityReading,
}

/// Announced times under a split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimesRow {
    /// The split.
    pub split: Split,
    /// Only forecasts with at least this probability.
    pub least_probability: f64,
    /// The numbers.
    #[serde(flatten)]
    pub row: TimeToEventRow,
}

/// Foresail without something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AblationRow {
    /// Stable name.
    pub name: String,
    /// What is left out.
    pub title: String,
    /// Budget.
    pub budget: f64,
    /// Reachable incidents.
    pub reachable: u32,
    /// Of them caught.
    pub caught: u32,
    /// Of them caught by name.
    pub caught_right_kind: u32,
    /// False alarms per pod-day.
    pub false_per_pod_day: Option<f64>,
    /// Time in warning.
    pub time_in_warning: Option<f64>,
    /// Recall of Foresail less recall without it, on the same incidents.
    pub lost: Option<Estimate>,
}

/// One feature alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureRow {
    /// The feature.
    pub feature: String,
    /// Area under the ROC curve over rows that have it; below .5 where less of it is worse.
    pub auc: f64,
    /// Share of rows that have it.
    pub present: f64,
    /// Above .98 either way: to be looked at.
    pub suspicious: bool,
}

/// What the model on all training recordings takes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Wall seconds of the fit.
    pub fit_seconds: Option<f64>,
    /// Rows with a known future.
    pub rows: Option<u64>,
    /// Bytes of the model, encoded.
    pub model_bytes: Option<u64>,
    /// To observe and judge one tick with it.
    #[serde(default)]
    pub tick: Option<TickCost>,
}

/// Wall time of single ticks of one recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TickCost {
    /// The recording.
    pub recording: String,
    /// Its ticks.
    pub ticks: u64,
    /// Seconds that half of them stay below.
    pub seconds_p50: f64,
    /// Seconds that 99 % of them stay below.
    pub seconds_p99: f64,
}
