//! The evaluation protocol: replay, matching, metrics, baselines, gates and report.
//!
//! ```text
//!  Recording ──> replay ──> Trace ──┬─> incident   what happened and could be foreseen
//!                (engine once,      ├─> tune       thresholds from training recordings
//!                 every scorer)     ├─> matching   alarm against incident
//!                                   └─> metrics    numbers with intervals ──> BacktestResult ──> report
//! ```
//!
//! Nothing here is used by the engine.

pub mod backtest;
pub mod baseline;
pub mod bench;
pub mod chart;
pub mod checks;
pub mod confidence;
pub mod dataset;
pub mod earlier;
pub mod fan_out;
pub mod gates;
pub mod incident;
pub mod learned;
pub mod live;
pub mod matching;
pub mod metrics;
mod probability;
pub mod replay;
pub mod report;
pub mod result;
#[cfg(test)]
pub(crate) mod sample;
pub mod shift;
pub mod summary;
pub mod tabular_report;
pub mod trace;
pub mod tune;
mod untrusted;
