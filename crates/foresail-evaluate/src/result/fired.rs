//! What is said of a metrics server whose history was judged: its own alerts, and what it holds.

use foresail_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::Row;

/// The alerts that really fired there, judged as every other method.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Fired {
    /// Seconds between two evaluations of the rules; `None` where nothing fired twice.
    pub evaluation_interval_seconds: Option<f64>,
    /// Why there is no history of alerts.
    pub problem: Option<String>,
    /// Why expressions and holds of the rules are not known.
    pub rules_problem: Option<String>,
    /// Alerting rules in force there.
    pub rules: usize,
    /// Of them those whose alert did not fire in this time.
    pub silent_rules: usize,
    /// Every alert that fired, by name.
    pub alerts: Vec<FiredName>,
}

/// One alert by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FiredName {
    /// Name of the alert.
    pub name: String,
    /// Its severity, where it has one.
    pub severity: Option<String>,
    /// The expression of its rule, where known.
    pub expression: Option<String>,
    /// How long that must hold, where known.
    pub hold_seconds: Option<f64>,
    /// Whether it fires all the time, as a watchdog does, and is left out for it.
    pub always: bool,
    /// Times that it began to fire, on any object.
    pub spells: usize,
    /// Of them already firing when the judged time began: neither right nor false.
    pub already_firing: usize,
    /// Of them on no object: their labels name none.
    pub without_object: usize,
    /// Of them on an object that the recording does not hold.
    pub unknown_object: usize,
    /// How the rest came out; `None` where nothing is left.
    pub row: Option<Row>,
}

/// What a metrics server holds, and what of it can be judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistorySource {
    /// Its address.
    pub server: String,
    /// First instant that was asked for.
    pub from: Timestamp,
    /// Last instant.
    pub to: Timestamp,
    /// Between two scrapes of containers.
    pub scrape_interval_seconds: f64,
    /// Between two scrapes of kube-state-metrics: what is shorter may be missing.
    pub object_interval_seconds: f64,
    /// Ends of containers that were seen: there may be more.
    pub terminations_at_least: u64,
    /// Restarts whose end was not seen.
    pub terminations_unseen: u64,
    /// Every metric family that was found.
    pub families: Vec<FamilySource>,
    /// Families about objects that kube-state-metrics does not export there.
    pub missing_object_families: Vec<String>,
    /// Which failures it can show.
    pub kinds: Vec<KindSource>,
    /// What the server warned of.
    pub warnings: Vec<String>,
    /// The part that a model was trained on, where one was.
    pub fit: Option<FitSource>,
}

/// One metric family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FamilySource {
    /// The family.
    pub family: String,
    /// Series at once.
    pub series: usize,
    /// Samples.
    pub samples: u64,
    /// From the first to the last sample.
    pub hours: f64,
    /// Series left out.
    pub left_out: u64,
    /// Why it is missing or incomplete.
    pub problem: Option<String>,
}

/// How far a failure kind can be told there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// What is counted happened; there may be more.
    AtLeast,
    /// Some forms of it are not seen at all.
    Partly,
    /// It cannot be judged.
    Not,
}

/// One failure kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindSource {
    /// Stable name of the kind.
    pub kind: String,
    /// How far it is seen.
    pub seen: Seen,
    /// Why.
    pub reason: String,
}

/// The earlier part, on which the model was trained; nothing of it is judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FitSource {
    /// Share of the time that it takes.
    pub share: f64,
    /// Its first instant.
    pub from: Timestamp,
    /// Its last instant.
    pub to: Timestamp,
    /// Between it and the judged part, in production minutes: used by neither.
    pub embargo_production_minutes: f64,
    /// First instant of the judged part.
    pub judged_from: Timestamp,
    /// Incidents that were learned from.
    pub incidents: usize,
    /// Of them not over at the end of the earlier part.
    pub unfinished: usize,
    /// What a reader should know of the model, in sentences.
    pub warnings: Vec<String>,
}
