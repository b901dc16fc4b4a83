//! Streaming detectors for failures that nobody named: one small state per entity, one row a tick, one score a row.
//!
//! In: rows of plain features, oldest first; a missing value is NaN. Out: a score that grows with how far the entity is
//! from its own past, and for [`Watch`] also a p-value against its own recent scores. A score is a feature and a reason
//! to look, not an alarm.
//!
//! ```text
//! row ──> RobustScale per feature ──> deviations ──┬─ Deviation: the largest one ──────────┬──> Watch
//!              ^                                   └─ RobustPca: what correlations leave ──┘
//!              └── learns slower while the score is high
//! ```
//!
//! `docs/unknown-failures.md` has the comparison that chose the configuration and the results on outside sets.
//! [`IsolationForest`] is the batch model of the same family.

mod deviation;
mod isolation;
mod pca;
mod recent;
mod scale;
#[cfg(test)]
mod tests;
mod watch;

pub use deviation::Deviation;
pub use isolation::{IsolationError, IsolationForest, IsolationParams};
pub use pca::RobustPca;
pub use recent::RecentScores;
pub use scale::{Memory, RobustScale};
pub use watch::{Judgement, Smoother, Watch};

/// A detector that judges each row by the rows before it.
///
/// Same rows, same bytes: there is no clock and no randomness, and a state that was stored and read back goes on as if
/// nothing had happened.
pub trait Detector {
    /// Takes the next row and says how unusual it is; `None` while too few rows were seen.
    ///
    /// NaN and infinite values count as missing, as do features that a short row lacks; surplus values are not read.
    fn observe(&mut self, row: &[f32]) -> Option<f64>;
}
