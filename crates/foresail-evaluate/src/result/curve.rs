//! Curves and what is said about probabilities and times.

use serde::{Deserialize, Serialize};

use super::row::{Estimate, Scope};

/// All curves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Curves {
    /// Event precision-recall, per method and scope.
    pub event_pr: Vec<EventPrCurve>,
    /// Recall over lead time, per method and scope.
    pub lead: Vec<LeadCurve>,
    /// Reliability of the main method, per horizon.
    pub reliability: Vec<ReliabilityCurve>,
}

/// Precision against recall while the threshold falls. Descriptive: thresholds are not chosen from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventPrCurve {
    /// Stable name of the method.
    pub method: String,
    /// Which data.
    pub scope: Scope,
    /// Area over the points within the limits; `None` when there is no point.
    pub auc: Option<f64>,
    /// Points, from high to low threshold.
    pub points: Vec<PrPoint>,
}

/// One threshold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrPoint {
    /// The threshold.
    pub threshold: f64,
    /// Share of reachable incidents caught.
    pub recall: f64,
    /// Hits over hits and false alarms; `None` without either.
    pub precision: Option<f64>,
    /// False alarms per pod-day.
    pub false_per_pod_day: f64,
    /// Share of unit time under alarms that announced nothing.
    pub time_in_warning: f64,
    /// Whether the point is within false alarms ≤ 1 per pod-day and time in warning ≤ 10 %.
    pub within_limits: bool,
}

/// Share of reachable incidents caught with at least a lead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeadCurve {
    /// Stable name of the method.
    pub method: String,
    /// Whether it was tuned, as text (`tuned`, `as_shipped`).
    pub variant: String,
    /// Which data.
    pub scope: Scope,
    /// Budget; `None` for methods as shipped.
    pub budget: Option<f64>,
    /// Points by lead.
    pub points: Vec<LeadPoint>,
}

/// One lead.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeadPoint {
    /// Lead in production minutes.
    pub lead_production_minutes: f64,
    /// Share of reachable incidents caught at least so early.
    pub recall: f64,
}

/// What happened against what was said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityCurve {
    /// Which data.
    pub scope: Scope,
    /// Horizon in production minutes.
    pub horizon_production_minutes: f64,
    /// Bins of equal mass, from low to high.
    pub bins: Vec<ReliabilityBin>,
}

/// One bin of predictions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Mean probability said.
    pub said: f64,
    /// Share that happened.
    pub happened: f64,
    /// Predictions in the bin.
    pub n: u32,
}

impl ReliabilityBin {
    /// The bin of a metric over pairs of one weight each.
    pub(crate) fn of(bin: &foresail_learn::metrics::ReliabilityBin) -> Self {
        Self { said: bin.said, happened: bin.happened, n: bin.mass.round() as u32 }
    }
}

/// Which pairs of a unit, a kind and a tick probabilities are judged on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PairSet {
    /// Every pair; where nothing was said, that counts as probability 0.
    All,
    /// Only those for which a probability was given.
    Given,
}

/// Probabilities at one horizon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProbabilityRow {
    /// Which data.
    pub scope: Scope,
    /// Horizon in production minutes.
    pub horizon_production_minutes: f64,
    /// Which pairs.
    pub pairs: PairSet,
    /// Pairs.
    pub n: u32,
    /// Of them followed by the outcome within the horizon.
    pub happened: u32,
    /// Share of predictions followed by the outcome.
    pub base_rate: Option<f64>,
    /// Mean squared error.
    pub brier: Option<f64>,
    /// Skill against the per-kind rate that the same sort of pair has in the training recordings.
    pub brier_skill: Option<f64>,
    /// Expected calibration error over 15 bins; only with a skill above 0.
    pub ece: Option<f64>,
    /// The same over the top 1 % of probabilities.
    pub ece_top_percent: Option<f64>,
    /// Why no calibration error is given.
    pub ece_withheld: Option<String>,
}

/// Announced times against true ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimeToEventRow {
    /// Which data.
    pub scope: Scope,
    /// Forecasts that gave times and were followed by their outcome within `H_max`.
    pub n: u32,
    /// Incidents they belong to.
    pub incidents: u32,
    /// Mean pinball loss at .1, .5 and .9, in production minutes.
    pub pinball_production_minutes: [Option<f64>; 3],
    /// Share of true times within the 80 % interval.
    pub coverage: Option<Estimate>,
    /// Median of |log(q50 / true)|.
    pub median_log_ratio: Option<f64>,
}
