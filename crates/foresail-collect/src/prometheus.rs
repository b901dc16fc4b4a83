//! Reads any Prometheus-compatible API: Prometheus, Thanos, Mimir, VictoriaMetrics.

mod answer;
mod client;
mod error;
mod settings;
mod split;

pub use answer::{Answer, BuildInfo, Receive, Rule, RuleGroup, Series};
pub use client::{Client, Steps};
pub use error::PrometheusError;
pub use settings::{Auth, ClientIdentity, Limits, Secret, Settings};
