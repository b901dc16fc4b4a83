//! Values of an object at a time, out of the engine's series.
//!
//! What was not scraped for five scrapes is missing, never the last value that was seen.

use foresail_core::{ContainerSpec, Entity, EntityId, Quantity, Timestamp};
use foresail_engine::State;
use foresail_engine::series::EntitySeries;

/// Scrapes after which a value is out of date.
const STALE_SCRAPES: f64 = 5.0;
/// The rate decayed with a half-life of two production minutes.
const FAST: usize = 0;

/// How a column comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// A level, summed.
    Level(Quantity),
    /// A setting, summed; from the spec where it has one.
    Setting(Quantity),
    /// A counter's growth a wall second, summed.
    Rate(Quantity),
    /// The growth of one counter over that of another.
    Ratio(Quantity, Quantity),
    /// What is left of one counter's growth in that of another.
    Rest(Quantity, Quantity),
    /// A level over its limit: the container that is nearest to it.
    Nearest(Quantity, Quantity),
    /// A rate over its limit: the container that is nearest to it.
    NearestRate(Quantity, Quantity),
}

/// The series of one object.
#[derive(Debug)]
pub(super) struct View<'a> {
    series: Vec<&'a EntitySeries>,
    spec: &'a [ContainerSpec],
    freshness: Freshness<'a>,
}

/// When a value is out of date.
#[derive(Clone, Copy, Debug)]
pub(super) struct Freshness<'a> {
    state: &'a State,
    at: Timestamp,
    /// Time of the last sample of each entity.
    last: &'a [Option<Timestamp>],
    seconds: f64,
}

// === impl Freshness ===

impl<'a> Freshness<'a> {
    pub(super) fn new(state: &'a State, at: Timestamp, last: &'a [Option<Timestamp>]) -> Self {
        let settings = state.settings();
        let seconds = settings.scrape_interval.as_seconds() * STALE_SCRAPES
            + settings.sample_lag().as_seconds();
        Self { state, at, last, seconds }
    }

    fn has(&self, entity: EntityId) -> bool {
        let last = self.last.get(entity.index()).copied().flatten();
        last.is_some_and(|last| self.at.since(last).as_seconds() <= self.seconds)
    }
}

// === impl View ===

impl<'a> View<'a> {
    /// The entities of one object, and the spec of its containers.
    pub(super) fn new(
        entities: &[EntityId],
        spec: &'a [ContainerSpec],
        freshness: Freshness<'a>,
    ) -> Self {
        let fresh = entities.iter().filter(|entity| freshness.has(**entity));
        let series = fresh.filter_map(|entity| freshness.state.series().get(*entity)).collect();
        Self { series, spec, freshness }
    }

    /// The value; NaN where it is missing.
    pub(super) fn value(&self, measure: Measure) -> f64 {
        match measure {
            Measure::Level(quantity) => self.sum(|one| self.level(one, quantity)),
            Measure::Setting(quantity) => self.setting(quantity),
            Measure::Rate(quantity) => self.sum(|one| rate(one, quantity)),
            Measure::Ratio(part, whole) => self.share(part, whole),
            Measure::Rest(part, whole) => 1.0 - self.share(part, whole),
            Measure::Nearest(level, limit) => self.nearest(limit, |one| self.level(one, level)),
            Measure::NearestRate(flow, limit) => self.nearest(limit, |one| rate(one, flow)),
        }
    }

    fn sum(&self, value: impl Fn(&EntitySeries) -> Option<f64>) -> f64 {
        let values = self.series.iter().filter_map(|one| value(one));
        values.reduce(|a, b| a + b).unwrap_or(f64::NAN)
    }

    fn level(&self, one: &EntitySeries, quantity: Quantity) -> Option<f64> {
        let (seen, value) = one.level(quantity)?.last()?;
        let now = self.freshness.state.series().clock().instant(self.freshness.at)?;
        (now.seconds_since(seen) <= self.freshness.seconds).then_some(value)
    }

    fn share(&self, part: Quantity, whole: Quantity) -> f64 {
        let part = self.sum(|one| rate(one, part));
        let whole = self.sum(|one| rate(one, whole));
        if whole > 0.0 { part / whole } else { f64::NAN }
    }

    fn setting(&self, quantity: Quantity) -> f64 {
        let own = self.spec.iter().filter_map(|spec| of_spec(spec, quantity));
        own.reduce(|a, b| a + b)
            .unwrap_or_else(|| self.sum(|one| one.state(quantity).map(|state| state.value)))
    }

    fn nearest(&self, limit: Quantity, value: impl Fn(&EntitySeries) -> Option<f64>) -> f64 {
        let share = |one: &&EntitySeries| {
            let limit = self.limit_of(one, limit).filter(|limit| *limit > 0.0)?;
            Some(value(one)? / limit)
        };
        self.series.iter().filter_map(share).reduce(f64::max).unwrap_or(f64::NAN)
    }

    fn limit_of(&self, one: &EntitySeries, limit: Quantity) -> Option<f64> {
        let stated = match &one.entity {
            Entity::Container { container, .. } => self
                .spec
                .iter()
                .find(|spec| spec.name == *container)
                .and_then(|spec| of_spec(spec, limit)),
            Entity::Pod { .. } | Entity::Node { .. } | Entity::Claim { .. } => None,
        };
        stated.or_else(|| one.state(limit).map(|state| state.value))
    }
}

fn rate(one: &EntitySeries, quantity: Quantity) -> Option<f64> {
    one.flow(quantity)?.rate(FAST)
}

fn of_spec(spec: &ContainerSpec, quantity: Quantity) -> Option<f64> {
    let resources = &spec.resources;
    let stated = [
        (Quantity::MemoryLimit, resources.memory_limit),
        (Quantity::MemoryRequest, resources.memory_request),
        (Quantity::CpuLimit, resources.cpu_limit),
        (Quantity::CpuRequest, resources.cpu_request),
        (Quantity::EphemeralStorageLimit, resources.ephemeral_storage_limit),
    ];
    stated.into_iter().find(|(known, _)| *known == quantity).and_then(|(_, value)| value)
}
