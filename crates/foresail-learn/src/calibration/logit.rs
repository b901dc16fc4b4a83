//! Calibration by few coefficients on the logit: Platt's line and beta calibration.

use serde::{Deserialize, Serialize};

use super::CalibrationError;
use crate::logistic::newton::{Prior, Problem, maximise};
use crate::metrics::Probabilities;
use crate::numeric::sigmoid;

/// Distance of a probability from 0 and 1 before its logit is taken. A model that says 0 has not seen
/// ten million rows that prove it; unbounded, one such row would carry the fit.
const LEAST: f64 = 1e-7;

/// `logit(q) = slope · logit(p) + intercept`.
///
/// # Source
/// Platt 1999, on the logit instead of a margin; Newton's method with a ridge towards slope 1 and
/// intercept 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StoredPlatt", into = "StoredPlatt")]
pub struct Platt {
    slope: f64,
    intercept: f64,
}

/// `logit(q) = rise · ln p − fall · ln(1 − p) + intercept`.
///
/// # Source
/// Kull, Silva Filho and Flach 2017 (beta calibration), with a ridge towards 1, 1 and 0; a negative
/// coefficient is fixed at 0 and the others are fitted again, as there.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StoredBeta", into = "StoredBeta")]
pub struct Beta {
    rise: f64,
    fall: f64,
    intercept: f64,
}

/// A [`Platt`] as it is read, before its checks.
#[derive(Clone, Serialize, Deserialize)]
struct StoredPlatt {
    slope: f64,
    intercept: f64,
}

/// A [`Beta`] as it is read, before its checks.
#[derive(Clone, Serialize, Deserialize)]
struct StoredBeta {
    rise: f64,
    fall: f64,
    intercept: f64,
}

// === impl Platt ===

impl Platt {
    /// Fits both coefficients; without rows they stay at "no change".
    ///
    /// # Errors
    /// [`CalibrationError::PriorEvents`].
    pub fn fit(rows: &Probabilities<'_>, prior_events: f64) -> Result<Self, CalibrationError> {
        check_prior(prior_events)?;
        let logit = |p: f64| ln_p(p) - ln_rest(p);
        let [slope, intercept] = monotone(rows, prior_events, [logit]);
        Ok(Self { slope, intercept })
    }

    /// The calibrated probability; NaN stays NaN.
    #[must_use]
    pub fn apply(&self, p: f64) -> f64 {
        sigmoid(self.slope * (ln_p(p) - ln_rest(p)) + self.intercept)
    }

    /// The factor on the logit: below 1 where the probabilities were too sure.
    #[must_use]
    pub const fn slope(&self) -> f64 {
        self.slope
    }

    /// What is added to the logit.
    #[must_use]
    pub const fn intercept(&self) -> f64 {
        self.intercept
    }
}

impl TryFrom<StoredPlatt> for Platt {
    type Error = CalibrationError;

    fn try_from(stored: StoredPlatt) -> Result<Self, CalibrationError> {
        check_stored(&[stored.slope], stored.intercept)?;
        Ok(Self { slope: stored.slope, intercept: stored.intercept })
    }
}

impl From<Platt> for StoredPlatt {
    fn from(platt: Platt) -> Self {
        Self { slope: platt.slope, intercept: platt.intercept }
    }
}

// === impl Beta ===

impl Beta {
    /// Fits the three coefficients; without rows they stay at "no change".
    ///
    /// # Errors
    /// [`CalibrationError::PriorEvents`].
    pub fn fit(rows: &Probabilities<'_>, prior_events: f64) -> Result<Self, CalibrationError> {
        check_prior(prior_events)?;
        let [rise, fall, intercept] = monotone(rows, prior_events, [ln_p, |p| -ln_rest(p)]);
        Ok(Self { rise, fall, intercept })
    }

    /// The calibrated probability; NaN stays NaN.
    #[must_use]
    pub fn apply(&self, p: f64) -> f64 {
        sigmoid(self.rise * ln_p(p) - self.fall * ln_rest(p) + self.intercept)
    }
}

impl TryFrom<StoredBeta> for Beta {
    type Error = CalibrationError;

    fn try_from(stored: StoredBeta) -> Result<Self, CalibrationError> {
        check_stored(&[stored.rise, stored.fall], stored.intercept)?;
        Ok(Self { rise: stored.rise, fall: stored.fall, intercept: stored.intercept })
    }
}

impl From<Beta> for StoredBeta {
    fn from(beta: Beta) -> Self {
        Self { rise: beta.rise, fall: beta.fall, intercept: beta.intercept }
    }
}

// === free functions ===

fn ln_p(p: f64) -> f64 {
    libm::log(p.clamp(LEAST, 1.0 - LEAST))
}

fn ln_rest(p: f64) -> f64 {
    libm::log1p(-p.clamp(LEAST, 1.0 - LEAST))
}

fn check_prior(prior_events: f64) -> Result<(), CalibrationError> {
    let good = prior_events.is_finite() && prior_events > 0.0;
    if good { Ok(()) } else { Err(CalibrationError::PriorEvents { found: prior_events }) }
}

fn check_stored(slopes: &[f64], intercept: f64) -> Result<(), CalibrationError> {
    let rising = slopes.iter().all(|slope| slope.is_finite() && *slope >= 0.0);
    if rising && intercept.is_finite() {
        Ok(())
    } else {
        Err(CalibrationError::Stored { reason: "a slope is negative or a coefficient not finite" })
    }
}

/// Fits slopes of at least 0 on `terms` and, last, an intercept. `OUT` is one more than `N`.
///
/// The ridge has precision `prior_events` on each coefficient: near a rare event an intercept has the
/// information of one event per event, and logits spread by about one around it.
fn monotone<const N: usize, const OUT: usize>(
    rows: &Probabilities<'_>,
    prior_events: f64,
    terms: [fn(f64) -> f64; N],
) -> [f64; OUT] {
    const { assert!(OUT == N + 1, "an intercept follows the slopes") };
    let mut free: Vec<usize> = (0..N).collect();
    loop {
        let mut design = Vec::with_capacity(rows.values().len() * (free.len() + 1));
        for p in rows.values() {
            design.extend(free.iter().map(|term| terms[*term](*p)));
            design.push(1.0);
        }
        let mut prior = vec![Prior { mean: 1.0, precision: prior_events }; free.len()];
        prior.push(Prior { mean: 0.0, precision: prior_events });
        let found = maximise(&Problem {
            design: &design,
            happened: rows.happened(),
            weights: rows.weights(),
            prior: &prior,
        });
        let lowest = (0..free.len()).min_by(|a, b| found[*a].total_cmp(&found[*b]));
        match lowest.filter(|position| found[*position] < 0.0) {
            Some(position) => drop(free.remove(position)),
            None => {
                let mut all = [0.0; OUT];
                free.iter().zip(&found).for_each(|(term, value)| all[*term] = *value);
                all[N] = found[free.len()];
                return all;
            }
        }
    }
}
