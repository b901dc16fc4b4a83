//! Series: rings, rates, cuts.

use foresail_core::{PlatformDuration, TimeScale};

use super::*;
use crate::pods::bare_pod;

fn store() -> SeriesStore {
    let settings = Settings {
        cluster: "test".into(),
        time_scale: TimeScale::ONE,
        scrape_interval: PlatformDuration::from_seconds(15),
    };
    let mut store = SeriesStore::new(&settings);
    let entity = Entity::Container {
        namespace: "shop".into(),
        pod: "cart-0".into(),
        container: "app".into(),
    };
    store.declare(&[(EntityId::new(0), entity)]);
    store
}

fn sample(quantity: Quantity, second: i64, value: f64) -> Sample {
    Sample {
        at: Timestamp::from_millis(1_000_000_000 + second * 1_000),
        entity: EntityId::new(0),
        quantity,
        value,
    }
}

#[test]
fn a_counter_that_resets_counts_what_it_shows() {
    let mut store = store();
    for (second, value) in [(0, 100.0), (15, 130.0), (30, 15.0)] {
        store.observe_samples(&[sample(Quantity::Requests, second, value)]);
    }
    let flow = store.get(EntityId::new(0)).unwrap().flow(Quantity::Requests).unwrap();
    let fast = flow.rate(0).unwrap();
    assert!(fast < 2.0 && fast > 1.0, "{fast}");
}

#[test]
fn a_quantity_never_sampled_is_missing() {
    let store = store();
    assert!(store.get(EntityId::new(0)).unwrap().level(Quantity::MemoryWorkingSet).is_none());
}

#[test]
fn a_late_sample_finds_its_place_and_an_old_one_is_dropped_and_counted() {
    let mut store = store();
    for (second, value) in [(0, 1.0), (30, 3.0), (15, 2.0), (300, 9.0), (60, 4.0)] {
        store.observe_samples(&[sample(Quantity::MemoryWorkingSet, second, value)]);
    }
    let level = store.get(EntityId::new(0)).unwrap().level(Quantity::MemoryWorkingSet).unwrap();
    let values: Vec<f64> = level.raw().map(|(_, value)| value).collect();
    assert_eq!(values, [1.0, 2.0, 3.0, 9.0]);
    assert_eq!(store.dropped_late(), 1);
}

#[test]
fn a_gap_in_scraping_leaves_missing_minutes() {
    let mut store = store();
    for second in [0, 15, 600] {
        store.observe_samples(&[sample(Quantity::MemoryWorkingSet, second, 5.0)]);
    }
    let level = store.get(EntityId::new(0)).unwrap().level(Quantity::MemoryWorkingSet).unwrap();
    let mut means = Vec::new();
    level.fill_means(&mut means);
    let missing = means.iter().filter(|mean| mean.is_nan()).count();
    assert_eq!(missing, 9);
}

#[test]
fn a_container_start_cuts_its_series() {
    let mut store = store();
    for second in [0, 15, 30] {
        store.observe_samples(&[sample(Quantity::ContainerStart, second, 50.0)]);
        store.observe_samples(&[sample(Quantity::MemoryWorkingSet, second, 5.0)]);
    }
    store.observe_samples(&[sample(Quantity::ContainerStart, 45, 99.0)]);
    store.observe_samples(&[sample(Quantity::MemoryWorkingSet, 45, 1.0)]);
    let level = store.get(EntityId::new(0)).unwrap().level(Quantity::MemoryWorkingSet).unwrap();
    assert_eq!(level.raw().map(|(_, value)| value).collect::<Vec<_>>(), [1.0]);
}

#[test]
fn pods_that_come_and_go_leave_nothing_behind_but_a_pointer() {
    let mut store = store();
    for number in 0..2_000_u32 {
        let pod = format!("job-{number}");
        let at = Timestamp::from_millis(1_000_000_000 + i64::from(number) * 10_000);
        let entity = Entity::Container {
            namespace: "batch".into(),
            pod: pod.clone(),
            container: "app".into(),
        };
        store.declare(&[(EntityId::new(number + 1), entity)]);
        let sample = Sample {
            at,
            entity: EntityId::new(number + 1),
            quantity: Quantity::MemoryWorkingSet,
            value: 1.0,
        };
        store.observe_samples(&[sample]);
        store.observe_object(&deleted(&pod, at));
    }
    assert!(store.entities().count() < 70, "{}", store.entities().count());
}

#[test]
fn a_name_that_returns_under_a_new_id_is_one_entity() {
    let mut store = store();
    let entity = store.get(EntityId::new(0)).unwrap().entity.clone();
    store.observe_samples(&[sample(Quantity::MemoryWorkingSet, 0, 5.0)]);
    store.declare(&[(EntityId::new(1), entity.clone())]);
    let next = Sample { entity: EntityId::new(1), ..sample(Quantity::MemoryWorkingSet, 15, 6.0) };
    store.observe_samples(&[next]);
    assert_eq!(store.known().collect::<Vec<_>>(), [(EntityId::new(1), &entity)]);
    assert_eq!(store.next_id(), EntityId::new(2));
    let (_, ids) = store.pods().next().unwrap();
    assert_eq!(ids, [EntityId::new(1)]);
}

fn deleted(name: &str, at: Timestamp) -> ObjectChange {
    let pod = PodObject {
        namespace: "batch".into(),
        phase: foresail_core::PodPhase::Succeeded,
        ..bare_pod(name)
    };
    ObjectChange {
        observed_at: at,
        change: ChangeKind::Deleted,
        object: Object::Pod(Box::new(pod)),
    }
}

#[test]
fn the_extremes_are_those_of_the_minutes_through_gaps_and_cuts() {
    let mut clock = SeriesClock::new(TimeScale::ONE, PlatformDuration::from_seconds(17));
    let mut level = LevelSeries::new();
    let start = Timestamp::from_millis(1_700_000_000_000);
    for step in 0..1_500_i64 {
        if step % 97 > 90 {
            continue;
        }
        let at = clock.start(start + PlatformDuration::from_seconds(15 * step));
        level.push(((step * step * 31) % 1_009) as f64, &Moment::new(&clock, at));
        if step % 401 == 400 {
            level.cut(at, &clock);
        }
        let mut means = Vec::new();
        level.fill_means(&mut means);
        let low = means.iter().copied().fold(f32::INFINITY, f32::min);
        let high = means.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        assert_eq!(level.extremes(), Some((low, high, *means.last().unwrap())), "step {step}");
    }
}
