//! The HTTP API of Foresail: what the running service sees, says and thinks of itself.
//!
//! ```text
//!  service ── Source { status, snapshot, changes, archive, predict } ──> routes ──> JSON · SSE · metrics
//!                                                                          ^
//!                                             serve(listener, …): token, host, time-outs, limits
//! ```
//!
//! The service implements [`Source`] and calls [`serve`]. Nothing here reads a cluster or a database,
//! and nothing decides.

mod predict;
mod settings;
mod source;
mod status;

pub use predict::{
    Contribution, PredictAnswer, PredictError, PredictInput, PredictRequest, PredictedRow, Series,
    SeriesInput,
};
pub use settings::{MetricsAccess, Secret, ServeError, ServeSettings};
pub use source::{Change, Drift, OpenAlarm, Snapshot, Source, What};
pub use status::{
    CalibrationBin, Estimate, Mode, ModelScore, ModelStatus, ObjectCounts, OutcomeCount, Scorecard,
    Skipped, SourceState, SourceStatus, Status, StoreState, StoreStatus, TickHealth,
};
