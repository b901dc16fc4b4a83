//! Series: rings, rates, cuts.

use foresail_core::{PlatformDuration, TimeScale};

use super::*;

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
        store.observe_sample(&sample(Quantity::Requests, second, value));
    }
    let flow = store.entities()[0].flow(Quantity::Requests).unwrap();
    let fast = flow.rate(0).unwrap();
    assert!(fast < 2.0 && fast > 1.0, "{fast}");
}

#[test]
fn a_quantity_never_sampled_is_missing() {
    let store = store();
    assert!(store.entities()[0].level(Quantity::MemoryWorkingSet).is_none());
}

#[test]
fn a_late_sample_finds_its_place_and_an_old_one_is_dropped_and_counted() {
    let mut store = store();
    for (second, value) in [(0, 1.0), (30, 3.0), (15, 2.0), (300, 9.0), (60, 4.0)] {
        store.observe_sample(&sample(Quantity::MemoryWorkingSet, second, value));
    }
    let level = store.entities()[0].level(Quantity::MemoryWorkingSet).unwrap();
    let values: Vec<f64> = level.raw().map(|(_, value)| value).collect();
    assert_eq!(values, [1.0, 2.0, 3.0, 9.0]);
    assert_eq!(store.dropped_late(), 1);
}

#[test]
fn a_gap_in_scraping_leaves_missing_minutes() {
    let mut store = store();
    for second in [0, 15, 600] {
        store.observe_sample(&sample(Quantity::MemoryWorkingSet, second, 5.0));
    }
    let level = store.entities()[0].level(Quantity::MemoryWorkingSet).unwrap();
    let (_, minutes) = level.minutes().unwrap();
    let missing = minutes.filter(|minute| minute.mean.is_nan()).count();
    assert_eq!(missing, 9);
}

#[test]
fn a_container_start_cuts_its_series() {
    let mut store = store();
    for second in [0, 15, 30] {
        store.observe_sample(&sample(Quantity::ContainerStart, second, 50.0));
        store.observe_sample(&sample(Quantity::MemoryWorkingSet, second, 5.0));
    }
    store.observe_sample(&sample(Quantity::ContainerStart, 45, 99.0));
    store.observe_sample(&sample(Quantity::MemoryWorkingSet, 45, 1.0));
    let level = store.entities()[0].level(Quantity::MemoryWorkingSet).unwrap();
    assert_eq!(level.raw().map(|(_, value)| value).collect::<Vec<_>>(), [1.0]);
}
