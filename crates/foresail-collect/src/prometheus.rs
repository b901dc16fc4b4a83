//! Reads any Prometheus-compatible API: Prometheus, Thanos, Mimir, VictoriaMetrics.
//!
//! ```text
//!  settings ──> client ──> answers, element by element ──> history ──> samples/*.parquet
//!                                        │                    │
//!  services of a cluster ──> candidates  └── rules, ALERTS    └─> runs ──> objects ──> pods, workloads, nodes
//! ```

mod alerts;
pub(crate) mod answer;
pub(crate) mod catalogue;
mod client;
mod coverage;
mod elements;
mod error;
pub(crate) mod history;
mod objects;
mod runs;
mod services;
mod settings;
pub(crate) mod split;
mod steps;

pub use alerts::{AlertRule, FiredAlert, FiredAlerts, Spell, fired_alerts};
pub use answer::{Answer, BuildInfo, Receive, Rule, RuleGroup, Series};
pub use client::Client;
pub use coverage::{Cover, KindCover, covers};
pub use error::PrometheusError;
pub use history::{
    FamilyHistory, History, HistoryError, HistoryOptions, OnFamily, record_history, record_samples,
};
pub use objects::ObjectCounts;
pub use services::{Candidate, ServiceFacts, candidates};
pub use settings::{Auth, ClientIdentity, Limits, Secret, Settings};
pub use steps::Steps;
