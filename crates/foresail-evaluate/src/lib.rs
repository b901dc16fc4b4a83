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

pub mod result;
