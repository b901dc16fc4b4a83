//! A running cluster, tick by tick: samples, objects, events and log lines as one batch.
//!
//! ```text
//!  Kubernetes API ──> Observation ──observe──┐
//!  metrics server ──> raw samples ──┐        v
//!  kubelets, pods ──> pages ────────┴─> assembler ──> batch(tick) ──> Batch, CollectReport
//! ```
//! A batch holds what a recording of the cluster would give at that tick: a sample is visible at its
//! time plus one scrape interval and 2 s, an object or event when it was observed, a log line 2 s
//! after it was written.

mod assembler;
mod backfill;
mod collector;
mod discovery;
mod exposition;
mod given;
mod pages;
mod poll;
pub(crate) mod raw;
mod scrape;
mod status;
mod summary;
mod targets;
mod waiting;

pub use assembler::{Held, Losses, SeriesLimits};
pub use backfill::Backfill;
pub use collector::{
    CollectError, Collector, CollectorSettings, PrometheusSettings, ScrapeSettings,
};
pub use given::{Given, GivenSeries, given};
pub use pages::{PageClient, Trust, WebClient, WebSettings};
pub use status::{CollectReport, SourceKind, SourceReport, SourceState};
pub use targets::{Scraping, Wanted};
