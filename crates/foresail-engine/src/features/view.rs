//! What the series of one pod and its containers say together.

use foresail_core::Quantity;

use crate::first_passage::SurveyedPod;
use crate::series::{EntitySeries, Instant, LevelSeries};
use crate::state::State;

/// Position of the half-life of two minutes.
pub(super) const SHORT: usize = 0;
/// Position of the half-life of ten minutes.
pub(super) const MIDDLE: usize = 1;
/// Position of the half-life of an hour.
pub(super) const LONG: usize = 2;

/// Levels whose newest sample says how fresh a pod's data is.
const LEVELS: [Quantity; 6] = [
    Quantity::MemoryWorkingSet,
    Quantity::MemoryRss,
    Quantity::HeapInUse,
    Quantity::FileDescriptors,
    Quantity::RuntimeTasks,
    Quantity::RequestsInFlight,
];

/// Rates of every flow of a pod per fault minute, summed over it; NaN where nothing has one. A buffer,
/// used again for the next pod.
pub(super) struct Rates([[f64; 3]; Quantity::ALL.len()]);

/// The series of one pod.
pub(super) struct PodView<'a, 'r> {
    series: Vec<&'a EntitySeries>,
    rates: &'r Rates,
    seconds_per_minute: f64,
}

// === impl Rates ===

impl Rates {
    pub(super) const fn new() -> Self {
        Self([[f64::NAN; 3]; Quantity::ALL.len()])
    }

    fn fill(&mut self, series: &[&EntitySeries], seconds_per_minute: f64) {
        self.0.fill([f64::NAN; 3]);
        for (quantity, flow) in series.iter().flat_map(|series| series.flows()) {
            let Some(own) = flow.rates() else { continue };
            for (sum, rate) in self.0[quantity.index()].iter_mut().zip(own) {
                let rate = f64::from(rate) * seconds_per_minute;
                *sum = if sum.is_nan() { rate } else { *sum + rate };
            }
        }
    }
}

// === impl PodView ===

impl<'a, 'r> PodView<'a, 'r> {
    pub(super) fn new(state: &'a State, pod: &SurveyedPod<'_, 'a>, rates: &'r mut Rates) -> Self {
        let series: Vec<&EntitySeries> =
            pod.entities.iter().filter_map(|id| state.series().get(*id)).collect();
        let seconds_per_minute = state.series().clock().seconds_per_minute();
        rates.fill(&series, seconds_per_minute);
        Self { series, rates, seconds_per_minute }
    }

    /// Wall seconds of a fault minute.
    pub(super) const fn seconds_per_minute(&self) -> f64 {
        self.seconds_per_minute
    }

    /// Rate of a flow per fault minute, summed over the pod; NaN where nothing has one.
    pub(super) const fn rate(&self, quantity: Quantity, half_life: usize) -> f64 {
        self.rates.0[quantity.index()][half_life]
    }

    /// A setting summed over the pod; NaN where nothing has one.
    pub(super) fn setting(&self, quantity: Quantity) -> f64 {
        sum(self.series.iter().filter_map(|series| Some(series.state(quantity)?.value)))
    }

    /// Levels of a quantity in the pod.
    pub(super) fn levels(&self, quantity: Quantity) -> impl Iterator<Item = &'a LevelSeries> {
        self.series.iter().filter_map(move |series| series.level(quantity))
    }

    /// The newest sample of any level that the pod has.
    pub(super) fn newest(&self) -> Option<Instant> {
        LEVELS
            .iter()
            .flat_map(|quantity| self.levels(*quantity))
            .filter_map(|level| Some(level.last()?.0))
            .max()
    }

    /// One rate over another; NaN where the second is not above zero.
    pub(super) fn share(&self, part: Quantity, whole: Quantity, half_life: usize) -> f64 {
        over(self.rate(part, half_life), self.rate(whole, half_life))
    }

    /// ln of a flow's short rate over its long one.
    pub(super) fn flow_growth(&self, quantity: Quantity, floor_per_minute: f64) -> f64 {
        ln_ratio(self.rate(quantity, SHORT), self.rate(quantity, LONG), floor_per_minute)
    }

    /// The largest growth of a level among the containers: over its least of two hours, and over
    /// ten minutes.
    pub(super) fn level_growth(&self, quantity: Quantity, added: f64) -> (f64, f64) {
        let mut growth = (f64::NAN, f64::NAN);
        for level in self.levels(quantity) {
            let Some((low, _, now)) = level.extremes() else { continue };
            growth.0 = growth.0.max(ln_ratio(f64::from(now), f64::from(low), added));
            if let Some(before) = level.mean_before(10) {
                growth.1 = growth.1.max(ln_ratio(f64::from(now), f64::from(before), added));
            }
        }
        growth
    }
}

/// `part / whole`; NaN where `whole` is not above zero.
pub(super) fn over(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { f64::NAN }
}

/// ln of `(a + added) / (b + added)`, so that next to nothing against nothing is no growth.
pub(super) fn ln_ratio(a: f64, b: f64, added: f64) -> f64 {
    let ratio = (a + added) / (b + added);
    if ratio > 0.0 { libm::log(ratio) } else { f64::NAN }
}

fn sum(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::NAN, |sum, value| if sum.is_nan() { value } else { sum + value })
}
