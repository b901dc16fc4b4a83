//! What the series of one pod and its containers say together.

use foresail_core::{EntityId, Quantity};

use crate::series::{EntitySeries, FlowSeries, Instant, LevelSeries};
use crate::state::State;

/// Position of the half-life of two minutes.
pub(super) const SHORT: usize = 0;
/// Position of the half-life of ten minutes.
pub(super) const MIDDLE: usize = 1;
/// Position of the half-life of an hour.
pub(super) const LONG: usize = 2;

/// One mebibyte.
const MEBIBYTE: f64 = 1_048_576.0;
const N_QUANTITIES: usize = Quantity::ALL.len();

/// Levels whose newest sample says how fresh a pod's data is.
const FRESH: [Quantity; 6] = [
    Quantity::MemoryWorkingSet,
    Quantity::MemoryRss,
    Quantity::HeapInUse,
    Quantity::FileDescriptors,
    Quantity::RuntimeTasks,
    Quantity::RequestsInFlight,
];

/// Levels that are compared with their own past.
const COMPARED: [(Quantity, Past); 9] = [
    (Quantity::MemoryWorkingSet, Past { added: MEBIBYTE, recent: true }),
    (Quantity::HeapInUse, Past { added: MEBIBYTE, recent: false }),
    (Quantity::FileDescriptors, Past { added: 1.0, recent: true }),
    (Quantity::Threads, Past { added: 1.0, recent: true }),
    (Quantity::RuntimeTasks, Past { added: 1.0, recent: true }),
    (Quantity::RequestsInFlight, Past { added: 1.0, recent: false }),
    (Quantity::PoolInUse, Past { added: 1.0, recent: false }),
    (Quantity::EphemeralStorage, Past { added: MEBIBYTE, recent: true }),
    (Quantity::EmptyDirUsed, Past { added: MEBIBYTE, recent: true }),
];

/// How a level is compared with its own past.
#[derive(Clone, Copy)]
struct Past {
    /// What is added to both, so that next to nothing against nothing is no growth.
    added: f64,
    /// Whether ten minutes ago counts too.
    recent: bool,
}

/// What the level of one quantity is read for.
#[derive(Clone, Copy)]
struct Role {
    fresh: bool,
    past: Option<Past>,
}

/// Roles by quantity, so that nobody searches for one.
const ROLES: [Role; N_QUANTITIES] = roles();

/// The series of one pod, read in one walk; a buffer, used again for the next pod.
#[derive(Debug)]
pub(super) struct PodView<'a> {
    series: Vec<&'a EntitySeries>,
    /// Rates of every flow per fault minute, summed over the pod; NaN where nothing has one.
    rates: [[f64; 3]; N_QUANTITIES],
    /// The largest growth of each of [`COMPARED`], over its least of two hours and over ten minutes.
    growths: [(f64, f64); N_QUANTITIES],
    newest: Option<Instant>,
    seconds_per_minute: f64,
}

// === impl PodView ===

impl<'a> PodView<'a> {
    /// A buffer.
    pub(super) const fn new(seconds_per_minute: f64) -> Self {
        Self {
            series: Vec::new(),
            rates: [[f64::NAN; 3]; N_QUANTITIES],
            growths: [(f64::NAN, f64::NAN); N_QUANTITIES],
            newest: None,
            seconds_per_minute,
        }
    }

    /// Reads the series of a pod and its containers.
    pub(super) fn read(&mut self, state: &'a State, entities: &[EntityId]) {
        self.series.clear();
        self.series.extend(entities.iter().filter_map(|id| state.series().get(*id)));
        self.rates.fill([f64::NAN; 3]);
        self.growths.fill((f64::NAN, f64::NAN));
        self.newest = None;
        for place in 0..self.series.len() {
            let series = self.series[place];
            series.levels().for_each(|(quantity, level)| self.read_level(quantity, level));
            series.flows().for_each(|(quantity, flow)| self.read_flow(quantity, flow));
        }
    }

    fn read_level(&mut self, quantity: Quantity, level: &LevelSeries) {
        let role = ROLES[quantity.index()];
        if role.fresh {
            self.newest = self.newest.max(level.last().map(|(at, _)| at));
        }
        let Some(past) = role.past else { return };
        let Some((low, _, now)) = level.extremes() else { return };
        let over = |before: f32| ln_ratio(f64::from(now), f64::from(before), past.added);
        let growth = &mut self.growths[quantity.index()];
        growth.0 = growth.0.max(over(low));
        if let Some(before) = level.mean_before(10).filter(|_| past.recent) {
            growth.1 = growth.1.max(over(before));
        }
    }

    fn read_flow(&mut self, quantity: Quantity, flow: &FlowSeries) {
        let Some(own) = flow.rates() else { return };
        for (sum, rate) in self.rates[quantity.index()].iter_mut().zip(own) {
            let rate = f64::from(rate) * self.seconds_per_minute;
            *sum = if sum.is_nan() { rate } else { *sum + rate };
        }
    }

    /// Wall seconds of a fault minute.
    pub(super) const fn seconds_per_minute(&self) -> f64 {
        self.seconds_per_minute
    }

    /// Rate of a flow per fault minute, summed over the pod; NaN where nothing has one.
    pub(super) const fn rate(&self, quantity: Quantity, half_life: usize) -> f64 {
        self.rates[quantity.index()][half_life]
    }

    /// A setting summed over the pod; NaN where nothing has one.
    pub(super) fn setting(&self, quantity: Quantity) -> f64 {
        sum(self.series.iter().filter_map(|series| Some(series.state(quantity)?.value)))
    }

    /// The newest sample of any level that the pod has.
    pub(super) const fn newest(&self) -> Option<Instant> {
        self.newest
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
    /// ten minutes where that counts.
    pub(super) const fn level_growth(&self, quantity: Quantity) -> (f64, f64) {
        self.growths[quantity.index()]
    }
}

const fn roles() -> [Role; N_QUANTITIES] {
    let mut roles = [Role { fresh: false, past: None }; N_QUANTITIES];
    let mut place = 0;
    while place < FRESH.len() {
        roles[FRESH[place].index()].fresh = true;
        place += 1;
    }
    place = 0;
    while place < COMPARED.len() {
        roles[COMPARED[place].0.index()].past = Some(COMPARED[place].1);
        place += 1;
    }
    roles
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
