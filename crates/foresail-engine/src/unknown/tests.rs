use foresail_core::{PlatformDuration, TimeScale, WorkloadKind};

use super::*;

fn unit(name: &str) -> WorkloadId {
    let (namespace, name) = ("shop".to_owned(), name.to_owned());
    WorkloadId { namespace, kind: WorkloadKind::Deployment, name }
}

fn settings() -> Settings {
    Settings {
        cluster: "c".to_owned(),
        time_scale: TimeScale::ONE,
        scrape_interval: PlatformDuration::from_seconds(15),
    }
}

/// Looks once a quarter minute; `latency` is the latency trend of `cart` at each tick.
fn run(latency: impl Fn(usize) -> f32, ticks: usize) -> (Unknowns, Vec<Unusual>) {
    let (cart, quiet) = (unit("cart"), unit("quiet"));
    let (mut unknowns, mut last) = (Unknowns::default(), Vec::new());
    for tick in 0..ticks {
        let at = Timestamp::from_millis(15_000 * tick as i64);
        let wobble = ((tick * 7) % 11) as f32 / 50.0;
        let row = |unit, value| PodFeatures::for_tests(unit, &[(Feature::LatencyTrend, value)]);
        let mut rows = [row(&cart, latency(tick) + wobble), row(&quiet, wobble)];
        last = unknowns.observe(&mut rows, (&[vec![0], vec![1]], at, &settings()));
    }
    (unknowns, last)
}

#[test]
fn a_workload_that_becomes_unlike_itself_is_listed_with_its_reason() {
    let (_, unusual) = run(|tick| if tick < 1_600 { 0.0 } else { 3.0 }, 1_700);
    assert_eq!(unusual.len(), 1, "{unusual:?}");
    assert_eq!(unusual[0].unit, unit("cart"));
    assert_eq!(unusual[0].reasons[0].0, "latency_trend");
    assert!(unusual[0].reasons[0].1 > 4.0);
}

#[test]
fn a_workload_that_stays_itself_is_not_listed() {
    assert!(run(|_| 0.0, 1_700).1.is_empty());
}

#[test]
fn a_workload_that_is_gone_is_forgotten() {
    let (mut unknowns, _) = run(|_| 0.0, 100);
    let at = Timestamp::from_millis(15_000 * 200);
    unknowns.observe(&mut [], (&[], at, &settings()));
    assert_eq!(unknowns, Unknowns::default());
}
