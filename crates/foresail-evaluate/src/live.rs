//! Scores of the running service, tick by tick, in bounded memory.
//!
//! ```text
//!  alarm changes ─┐                      ┌─> what became of each alarm (the rules of `matching`)
//!  ledger ────────┼─> Scorecard::observe ┼─> recall · precision · false alarms a pod-day · lead
//!  pods ──────────┤                      └─> per model: said against happened, drift ──> Card
//!  predictions ───┘
//! ```
//!
//! Everything is over a sliding window of wall time. Leads and pod-days are fault time, as in the
//! protocol (`evaluation.md`). `docs/live-scores.md` says in words what a card shows.

mod calibration;
mod card;
mod drift;
mod kept;
mod reading;
mod scorecard;
#[cfg(test)]
mod tests;

pub use calibration::BIN_EDGES;
pub use card::{
    AlarmCounts, CalibrationBin, Card, CheckCounts, Drift, HorizonCard, ModelCard, Reading,
};
pub use scorecard::{LiveTick, Scorecard};
