//! Base rates: a failure that is rarer here than in training is less likely here, whatever its
//! features look like.
//!
//! ```text
//!  State ──> Prevalence (incidents by kind, pod-days) ──┐
//!  Pipeline::base_rates (the same in training) ─────────┴─> KindRates ──> probability said here
//! ```
//!
//! Only what is said moves; the score that ranks stays.
//!
//! # Source
//! `evaluation.md` section 3, prevalence; the prior and the shift are those of
//! [`foresail_learn::calibration`].

use std::collections::BTreeMap;

use foresail_core::FailureKind;
use foresail_learn::calibration::{BaseRates, LocalRate, shift};

use super::{LearnedModel, RowScore};
use crate::state::State;

const MINUTES_PER_DAY: f64 = 1_440.0;

/// How often each kind of failure came on one cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prevalence {
    /// Incidents by the kind of their primary outcome.
    pub incidents: BTreeMap<FailureKind, u32>,
    /// What they were seen in, in days of fault time summed over pods.
    pub pod_days: f64,
}

/// What a model's probabilities are moved by on one cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct KindRates(Vec<Option<BaseRates>>);

// === impl Prevalence ===

impl Prevalence {
    /// What `state` has seen.
    #[must_use]
    pub fn of(state: &State) -> Self {
        let wall = state.graph().pod_time(state.until());
        let minutes = state.settings().time_scale.to_fault(wall).as_minutes();
        Self { incidents: state.ledger().incidents_by_kind(), pod_days: minutes / MINUTES_PER_DAY }
    }

    /// Incidents of `kind` per pod-day; `None` when no pod was observed.
    #[must_use]
    pub fn rate(&self, kind: FailureKind) -> Option<f64> {
        (self.pod_days > 0.0).then(|| self.events(kind) / self.pod_days)
    }

    /// By how much this cluster moves what `model` says.
    #[must_use]
    pub fn base_rates(&self, model: &LearnedModel) -> KindRates {
        let pipeline = model.pipeline();
        self.against((&pipeline.kinds, &pipeline.base_rates), model.horizon_minutes())
    }

    /// The share of pods that fail within a horizon, in training and here, by kind. The training
    /// rates count as [`foresail_learn::calibration::PRIOR_EVENTS`] events of each kind.
    #[must_use]
    pub fn against(
        &self,
        (kinds, training_rates): (&[FailureKind], &[f64]),
        horizon_minutes: f64,
    ) -> KindRates {
        let days = horizon_minutes / MINUTES_PER_DAY;
        let rates = kinds.iter().enumerate().map(|(number, kind)| {
            let trained = *training_rates.get(number)?;
            let seen = LocalRate {
                events: self.events(*kind),
                exposure: self.pod_days,
                ..LocalRate::unseen()
            };
            // Incidents of a pod as a Poisson stream: at least one within the horizon.
            let share = -libm::expm1(-trained * days);
            Some(BaseRates::scaled(share, seen.ratio(trained)?))
        });
        KindRates(rates.collect())
    }

    fn events(&self, kind: FailureKind) -> f64 {
        f64::from(self.incidents.get(&kind).copied().unwrap_or_default())
    }
}

// === impl KindRates ===

impl KindRates {
    /// The probability of the kind with this number, moved; as it is where a rate is not known.
    #[must_use]
    pub fn apply(&self, number: usize, probability: f64) -> f64 {
        let rates = self.0.get(number).copied().flatten();
        rates.and_then(|rates| shift(probability, rates)).unwrap_or(probability)
    }

    /// Moves the probabilities of a row.
    pub(super) fn shift(&self, row: &mut RowScore) {
        for (number, kind) in row.kinds.iter_mut().enumerate() {
            kind.probability = self.apply(number, kind.probability);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [FailureKind; 2] = [FailureKind::OomKilled, FailureKind::Evicted];

    fn seen(oom_kills: u32, pod_days: f64) -> KindRates {
        let incidents = BTreeMap::from([(FailureKind::OomKilled, oom_kills)]);
        Prevalence { incidents, pod_days }.against((&KINDS, &[2.0, 0.0]), 100.0)
    }

    #[test]
    fn a_cluster_that_has_shown_nothing_is_taken_for_the_one_in_training() {
        assert!((seen(0, 0.0).apply(0, 0.4) - 0.4).abs() < 1e-12);
    }

    #[test]
    fn the_prior_is_worth_twenty_events() {
        // Twenty events take ten pod-days in training; as many without one here halve the rate.
        let rates = seen(0, 10.0);
        let days = 100.0 / 1_440.0;
        let odds = |rate: f64| libm::expm1(rate * days);
        let expected = odds(1.0) / odds(2.0);
        let said = rates.apply(0, 0.5);
        assert!((said / (1.0 - said) - expected).abs() < 1e-12, "{said}");
    }

    #[test]
    fn a_kind_that_is_rarer_here_is_said_with_less_probability_and_one_that_is_not_with_more() {
        assert!(seen(10, 100.0).apply(0, 0.4) < 0.2);
        assert!(seen(1_000, 100.0).apply(0, 0.4) > 0.6);
        // Near certainty stays near certainty: evidence outweighs the rate.
        assert!(seen(0, 1_000.0).apply(0, 0.9999) > 0.98);
    }

    #[test]
    fn a_kind_without_a_rate_in_training_stays_as_it_is() {
        let rates = seen(3, 100.0);
        assert!((rates.apply(1, 0.3) - 0.3).abs() < 1e-12);
        assert!((rates.apply(7, 0.3) - 0.3).abs() < 1e-12);
    }
}
