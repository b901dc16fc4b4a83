//! Rows of the tables: one method, one scope, one budget, with intervals.

use serde::{Deserialize, Serialize};

/// What a method is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MethodKind {
    /// The engine under test.
    Engine,
    /// What a user has today, or a simple opponent.
    Baseline,
    /// A reference that must score nothing (never, random).
    Reference,
}

/// Whether anything of a method was chosen on training recordings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Variant {
    /// As its authors give it; budgets do not apply.
    AsShipped,
    /// Threshold, window, horizon or gate chosen on training recordings for the budget.
    Tuned,
}

/// A method of prediction.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Method {
    /// Stable name, such as `first_passage` or `memory_ttl_sticky`.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// What it is.
    pub kind: MethodKind,
    /// Whether it was tuned.
    pub variant: Variant,
}

/// How the threshold came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowReading {
    /// Fixed before the judged recording was looked at: the result.
    OperatingPoint,
    /// The best threshold within the budget on the judged data themselves: describes, claims nothing.
    Curve,
}

/// How recordings were kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// Chosen on all training recordings, judged on another.
    TrainingToJudged,
    /// Each training recording judged with what the others chose.
    LeaveOneRecordingOut,
    /// Each namespace judged, in every training recording, with what all others chose.
    LeaveOneApplicationOut,
    /// Nothing was chosen on data.
    Untrained,
}

/// Which data a row stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One recording, by name.
    Recording(String),
    /// All training recordings together.
    PooledTraining,
    /// All judged recordings together, where there are several.
    PooledJudged,
}

/// A number with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// Lower end; `None` when it cannot be given.
    pub low: Option<f64>,
    /// Upper end; `None` when it cannot be given.
    pub high: Option<f64>,
    /// How many things (incidents, hits, pod-days …) it rests on.
    pub n: f64,
}

/// What became of the alarms and incidents of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Incidents of the headline kinds.
    pub incidents: u32,
    /// Of them reachable.
    pub reachable: u32,
    /// Of them bearing a precursor.
    pub precursor: u32,
    /// Of them on a workload with an episode that gives no warning.
    pub no_precursor: u32,
    /// Of them without an episode on their workload.
    pub unknown: u32,
    /// Alarms of headline kinds raised.
    pub alarms: u32,
    /// Alarms that match an incident.
    pub hits: u32,
    /// Alarms that match an incident of the same kind.
    pub hits_right_kind: u32,
    /// Reachable incidents matched.
    pub reachable_matched: u32,
    /// Reachable incidents matched by an alarm of the same kind.
    pub reachable_matched_right_kind: u32,
    /// Incidents without a warning that were matched.
    pub no_precursor_matched: u32,
    /// Incidents of unknown origin that were matched.
    pub unknown_matched: u32,
    /// False alarms.
    pub false_alarms: u32,
    /// Of them on a unit with a benign episode under way.
    pub false_on_look_alikes: u32,
    /// Of them on a unit with no episode at all.
    pub false_on_quiet: u32,
    /// Raised too late to help.
    pub late: u32,
    /// The fault was under way but ended beyond the horizon.
    pub early: u32,
    /// Somebody acted before anything happened.
    pub intervened: u32,
    /// Raised while the unit was still failing or had just recovered.
    pub blackout: u32,
    /// Further alarms for an incident already matched.
    pub nuisance: u32,
    /// Of the false alarms, those whose horizon reached beyond the end of the recording.
    pub false_unobserved: u32,
}

/// What a reading would be at other prevalences.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prevalence {
    /// Incidents per observed pod-day here.
    pub incidents_per_pod_day: f64,
    /// Look-alike episodes per observed pod-day here.
    pub look_alikes_per_pod_day: Option<f64>,
    /// Precision at 0.1 incidents per pod-day, false alarms kept at the rate found here.
    pub precision_at_0_1: Option<f64>,
    /// Precision at 0.01 incidents per pod-day, false alarms kept at the rate found here.
    pub precision_at_0_01: Option<f64>,
    /// False alarms a day in a quiet fleet of 100 pods.
    pub quiet_pages_per_day_100_pods: Option<f64>,
    /// False alarms a day in a quiet fleet of 1,000 pods.
    pub quiet_pages_per_day_1000_pods: Option<f64>,
}

/// A paired difference of recall: this row's method less another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Paired {
    /// Stable name of the other method.
    pub other: String,
    /// Its variant.
    pub other_variant: Variant,
    /// Recall of this method less recall of the other, on the same resampled incidents.
    pub difference: Estimate,
}

/// One method on one scope at one budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The method.
    pub method: Method,
    /// What was chosen, in words (window, gate, horizon).
    pub settings: String,
    /// How the threshold came about.
    pub reading: RowReading,
    /// How recordings were kept apart.
    pub split: Split,
    /// Which data.
    pub scope: Scope,
    /// Budget in false alarms per pod-day; `None` for methods as shipped.
    pub budget: Option<f64>,
    /// Why nothing stands here, such as too few pod-days for a budget.
    pub not_measurable: Option<String>,
    /// Threshold used; `None` where folds used different ones or there is none.
    pub threshold: Option<f64>,
    /// What became of everything.
    pub counts: Counts,
    /// Observed pod-days.
    pub pod_days: f64,
    /// ER: share of reachable incidents caught in time.
    pub recall: Option<Estimate>,
    /// The same, naming the right kind.
    pub recall_right_kind: Option<Estimate>,
    /// Recall with a lead of at least 2, 3 and 6 times `L_min`.
    pub recall_at_lead_multiples: [Option<Estimate>; 3],
    /// Hits over hits and false alarms.
    pub precision: Option<Estimate>,
    /// False alarms per observed pod-day.
    pub false_per_pod_day: Option<Estimate>,
    /// False alarms per look-alike episode.
    pub false_per_look_alike: Option<f64>,
    /// False alarms per quiet pod-day.
    pub false_per_quiet_pod_day: Option<Estimate>,
    /// Share of observed unit time under an open alarm that announced nothing.
    pub time_in_warning: Option<f64>,
    /// Median lead over hits.
    pub lead_median_production_minutes: Option<f64>,
    /// Lead that nine in ten hits exceed.
    pub lead_p10_production_minutes: Option<f64>,
    /// Area under the event precision-recall curve, over reachable incidents.
    pub event_pr_auc: Option<f64>,
    /// Recall beyond what shifted alarms reach by chance; `None` when refused.
    pub skill: Option<f64>,
    /// Recall over all incidents that shifted alarms reach.
    pub recall_of_shifted_alarms: Option<f64>,
    /// Why skill was refused.
    pub skill_refused: Option<String>,
    /// Prevalence here and elsewhere.
    pub prevalence: Option<Prevalence>,
    /// Differences to the baselines; filled on rows of the engine.
    pub paired: Vec<Paired>,
}

/// The main method on one kind of primary outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KindRow {
    /// Which data.
    pub scope: Scope,
    /// Budget in false alarms per pod-day.
    pub budget: f64,
    /// Stable name of the kind.
    pub kind: String,
    /// Incidents with this primary outcome.
    pub incidents: u32,
    /// Of them reachable.
    pub reachable: u32,
    /// Of them caught by an alarm of any kind.
    pub caught: u32,
    /// Of them caught by an alarm of this kind.
    pub caught_right_kind: u32,
    /// Alarms of this kind.
    pub alarms: u32,
    /// Of them false.
    pub false_alarms: u32,
    /// Share of reachable ones caught.
    pub recall: Option<Estimate>,
}

/// Change-time checks on one scope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckRow {
    /// Which data.
    pub scope: Scope,
    /// Stable name of the kind.
    pub kind: String,
    /// Outcomes of the kind.
    pub outcomes: u32,
    /// Of them named (the object and what is missing) from when the change was seen to 10 s after.
    pub named: u32,
    /// Share named.
    pub share_named: Option<Estimate>,
    /// Checks that fired without such an outcome.
    pub false_checks: u32,
    /// Changes of workloads seen.
    pub changes: u32,
    /// False checks per 100 changes.
    pub false_per_100_changes: Option<f64>,
}
