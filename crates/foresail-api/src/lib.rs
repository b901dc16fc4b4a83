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

mod api;
mod body;
pub mod client;
mod guard;
mod metrics;
mod patient;
mod predict;
mod problem;
mod route;
mod server;
mod settings;
mod source;
mod status;
mod stream;

pub use body::{
    AffectedBody, AlarmBody, CauseBody, ChangeBody, ChangeType, FactBody, IncidentsBody,
    ModelsBody, ObjectBody, OutcomeBody, PredictBody, PredictionBody, PredictionsBody,
    RegisteredModel,
};
pub use predict::{
    Contribution, PredictAnswer, PredictError, PredictInput, PredictRequest, PredictedRow, Series,
    SeriesInput,
};
pub use problem::{Code, Problem};
pub use route::openapi;
pub use server::serve;
pub use settings::{MetricsAccess, Secret, ServeError, ServeSettings};
pub use source::{Change, Drift, OpenAlarm, Snapshot, Source, What};
pub use status::{
    CalibrationBin, Estimate, Mode, ModelScore, ModelStatus, ObjectCounts, OutcomeCount, Scorecard,
    Skipped, SourceState, SourceStatus, Status, StoreState, StoreStatus, TickHealth,
};
