//! Base rates: what changes when a model meets a cluster where its event is rarer or more frequent.

use serde::{Deserialize, Serialize};

use super::PRIOR_EVENTS;

/// The share of rows in which something happens, where the model was fitted and where it is used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BaseRates {
    /// Share in training.
    pub training: f64,
    /// Share here.
    pub local: f64,
}

/// What a cluster has shown so far, weighed against the rate in training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LocalRate {
    /// Events seen here.
    pub events: f64,
    /// What they were seen in, such as pod-days; the unit of the rates.
    pub exposure: f64,
    /// Events that the rate in training is worth.
    pub prior_events: f64,
}

// === impl BaseRates ===

impl BaseRates {
    /// The share here when events come `ratio` times as often as in training: with events in a
    /// Poisson stream, `1 − (1 − training)^ratio`.
    #[must_use]
    pub fn scaled(training: f64, ratio: f64) -> Self {
        let local = -libm::expm1(ratio * libm::log1p(-training));
        Self { training, local }
    }
}

// === impl LocalRate ===

impl LocalRate {
    /// A cluster that has shown nothing yet.
    #[must_use]
    pub const fn unseen() -> Self {
        Self { events: 0.0, exposure: 0.0, prior_events: PRIOR_EVENTS }
    }

    /// Posterior mean of the rate here, events per exposure. `None` when an amount is negative or not
    /// finite, or the rate in training is not above 0.
    ///
    /// # Source
    /// Gamma prior of shape `prior_events` and mean `training_rate` on a Poisson rate.
    #[must_use]
    pub fn posterior_mean(&self, training_rate: f64) -> Option<f64> {
        let amounts = [self.events, self.exposure, self.prior_events];
        let usable = amounts.iter().all(|amount| amount.is_finite() && *amount >= 0.0)
            && self.prior_events > 0.0
            && training_rate.is_finite()
            && training_rate > 0.0;
        let prior_exposure = self.prior_events / training_rate;
        usable.then(|| (self.prior_events + self.events) / (prior_exposure + self.exposure))
    }

    /// How many times as often events come here as in training; see [`BaseRates::scaled`].
    #[must_use]
    pub fn ratio(&self, training_rate: f64) -> Option<f64> {
        self.posterior_mean(training_rate).map(|rate| rate / training_rate)
    }
}

// === free functions ===

/// Moves a probability on the logit by the difference of the two base rates.
///
/// Right where events are rarer but look alike: the features of rows with and without the event are
/// distributed as in training. 0 and 1 stay. `None` when `p` is no probability, or a rate is not
/// strictly between 0 and 1.
///
/// # Source
/// Bayes' rule; Saerens, Latinne and Decaestecker 2002, equation 4, for two classes. In odds, which
/// equals the shift of the logit and is exact at 0 and 1.
#[must_use]
pub fn shift(p: f64, rates: BaseRates) -> Option<f64> {
    let inner = |rate: f64| rate > 0.0 && rate < 1.0;
    if !(0.0..=1.0).contains(&p) || !inner(rates.training) || !inner(rates.local) {
        return None;
    }
    // Divided first: the product of two small rates would lose digits.
    let factor = (rates.local / rates.training) * ((1.0 - rates.training) / (1.0 - rates.local));
    let (for_it, against) = (p * factor, 1.0 - p);
    // A factor too large for a double leaves certainty, not a NaN.
    Some(if for_it.is_finite() { for_it / (for_it + against) } else { 1.0 })
}
