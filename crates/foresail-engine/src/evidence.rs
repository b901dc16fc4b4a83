//! Copies of what was seen around an alarm, for those who look at it later.

use foresail_core::store::EvidenceSeries;
use foresail_core::{Entity, PlatformDuration, Quantity, QuantityClass, Timestamp, Unit};

use crate::series::EntitySeries;
use crate::state::State;

/// Pods of a workload that are copied: the one that leads and others to hold it against.
const PODS: usize = 4;
/// Series of one alarm.
const SERIES: usize = 64;

/// The levels of a unit's objects over the time that the state holds (two hours of fault time), a
/// point a fault minute; of a workload the pod that leads first.
#[must_use]
pub fn series(
    state: &State,
    (unit, leading): (&Unit, Option<&str>),
    at: Timestamp,
) -> Vec<EvidenceSeries> {
    let mut found = Vec::new();
    for entity in entities(state, (unit, leading)) {
        let levels = Quantity::ALL.iter().filter(|one| one.class() == QuantityClass::Level);
        for quantity in levels {
            let points = points(state, (entity, *quantity), at);
            if points.len() > 1 && found.len() < SERIES {
                let object = entity.entity.to_string();
                found.push(EvidenceSeries { object, quantity: *quantity, points });
            }
        }
    }
    found
}

/// The series of everything that belongs to a unit.
fn entities<'a>(state: &'a State, (unit, leading): (&Unit, Option<&str>)) -> Vec<&'a EntitySeries> {
    let store = state.series();
    match unit {
        Unit::Workload(id) => {
            let mut pods: Vec<&str> = state
                .graph()
                .pods_of(id)
                .filter(|record| !record.object.is_finished())
                .map(|record| record.object.name.as_str())
                .collect();
            pods.sort_by_key(|name| (leading != Some(*name), *name));
            pods.truncate(PODS);
            let ids = pods.iter().flat_map(|pod| store.entities_of((&id.namespace, pod)));
            ids.filter_map(|id| store.get(*id)).collect()
        }
        Unit::Node(name) => {
            let of =
                |one: &&EntitySeries| matches!(&one.entity, Entity::Node { node } if node == name);
            store.cluster_objects().filter(of).collect()
        }
        Unit::Volume { namespace, claim } => {
            let of = |one: &&EntitySeries| {
                matches!(&one.entity, Entity::Claim { namespace: space, claim: name }
                    if space == namespace && name == claim)
            };
            store.cluster_objects().filter(of).collect()
        }
        Unit::Component(_) => Vec::new(),
    }
}

/// Means of the fault minutes, each at its end.
fn points(
    state: &State,
    (entity, quantity): (&EntitySeries, Quantity),
    at: Timestamp,
) -> Vec<(Timestamp, f64)> {
    let clock = state.series().clock();
    let level = entity.level(quantity);
    let newest = level.and_then(|level| level.newest_minute()).zip(clock.instant(at));
    let (Some(level), Some((newest, now))) = (level, newest) else { return Vec::new() };
    let mut means = Vec::new();
    level.fill_means(&mut means);
    let current = i64::from(clock.minute(now));
    let first = i64::from(newest) + 1 - means.len() as i64;
    let time = |index: i64| {
        let minutes_ago = (current - index).max(0) as f64;
        at - PlatformDuration::from_seconds_f64(minutes_ago * clock.seconds_per_minute())
    };
    let known = means.iter().enumerate().filter(|(_, mean)| mean.is_finite());
    known.map(|(place, mean)| (time(first + place as i64), f64::from(*mean))).collect()
}
