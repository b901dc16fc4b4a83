//! Calibration: scores into probabilities, and probabilities of one cluster into those of another.
//!
//! ```text
//! out-of-fold scores ──> isotonic | Platt | beta ──> Calibrator ──> probability here
//! rate in training, rate there ──> BaseRates ────────> shift ─────> probability there
//! ```
//!
//! Fit on scores of rows that the model was not fitted on. A [`Calibrator`] is monotone: it never
//! changes the order of two rows, at most it ties them.

use serde::{Deserialize, Serialize};

mod base_rate;
mod isotonic;
mod logit;

pub use base_rate::{BaseRates, LocalRate, shift};
pub use isotonic::Isotonic;
pub use logit::{Beta, Platt};

use crate::metrics::{Probabilities, Scores};

/// Events that a belief of "no change" is worth, in base rates and in the coefficients of [`Platt`]
/// and [`Beta`] (`evaluation.md` section 3, prevalence).
pub const PRIOR_EVENTS: f64 = 20.0;

/// Turns a score into a probability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Calibrator {
    /// The score is the probability.
    Identity,
    /// Steps joined by lines; any finite score.
    Isotonic(Isotonic),
    /// A line on the logit; scores are probabilities.
    Platt(Platt),
    /// A line on each side of the logit; scores are probabilities.
    Beta(Beta),
}

/// Why no calibrator could be fitted or read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CalibrationError {
    /// There is no row of positive weight.
    #[error("no row of positive weight to calibrate on")]
    NoRows,
    /// The prior has no weight, or no number.
    #[error("`prior_events` is `{found}`, which is not a finite number above 0")]
    PriorEvents {
        /// What was given.
        found: f64,
    },
    /// A stored calibrator would not be monotone, finite or between 0 and 1.
    #[error("stored calibrator: {reason}")]
    Stored {
        /// What is wrong.
        reason: &'static str,
    },
}

// === impl Calibrator ===

impl Calibrator {
    /// Fits an [`Isotonic`].
    ///
    /// # Errors
    /// [`CalibrationError::NoRows`].
    pub fn isotonic(rows: &Scores<'_>) -> Result<Self, CalibrationError> {
        Isotonic::fit(rows).map(Self::Isotonic)
    }

    /// Fits a [`Platt`] whose belief in "no change" is worth `prior_events`.
    ///
    /// # Errors
    /// [`CalibrationError::PriorEvents`].
    pub fn platt(rows: &Probabilities<'_>, prior_events: f64) -> Result<Self, CalibrationError> {
        Platt::fit(rows, prior_events).map(Self::Platt)
    }

    /// Fits a [`Beta`] whose belief in "no change" is worth `prior_events`.
    ///
    /// # Errors
    /// [`CalibrationError::PriorEvents`].
    pub fn beta(rows: &Probabilities<'_>, prior_events: f64) -> Result<Self, CalibrationError> {
        Beta::fit(rows, prior_events).map(Self::Beta)
    }

    /// The probability of a score; NaN stays NaN.
    #[must_use]
    pub fn apply(&self, score: f64) -> f64 {
        match self {
            Self::Identity => score,
            Self::Isotonic(isotonic) => isotonic.apply(score),
            Self::Platt(platt) => platt.apply(score),
            Self::Beta(beta) => beta.apply(score),
        }
    }
}

#[cfg(test)]
mod tests;
