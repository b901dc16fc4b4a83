//! Alarms that stand still or pass their horizon, and the silence after them.

use super::*;

/// Ticks of five seconds in so many minutes of fault time.
const fn minutes(n: usize) -> usize {
    n * 60 / 50
}

#[test]
fn an_alarm_ends_at_its_horizon_and_is_raised_anew_only_at_a_new_high() {
    let mut bench = Bench::new();
    bench.tick(&[oom(0.96)]);
    let start = bench.at;
    assert!(bench.ticks(119, &[oom(0.96)]).is_empty());
    let changes = bench.tick(&[oom(0.96)]);
    assert_eq!(cleared(&changes), [start + 600_000]);
    assert!(raised(&changes).is_empty());
    assert!(bench.ticks(minutes(50), &[oom(0.96)]).is_empty());
    assert_eq!(raised(&bench.tick(&[oom(0.97)])).len(), 1, "a new high");
}

#[test]
fn silence_lasts_as_long_as_the_alarm_looked_ahead() {
    let mut bench = Bench::new();
    bench.tick(&[oom(0.96)]);
    bench.ticks(minutes(100), &[oom(0.96)]);
    assert!(bench.book.open().next().is_none());
    assert!(bench.ticks(minutes(100) - 1, &[oom(0.96)]).is_empty());
    assert_eq!(raised(&bench.tick(&[oom(0.96)])).len(), 1);
}

#[test]
fn another_kind_is_no_news_unless_it_comes_further_than_what_was_wrong() {
    let mut bench = Bench::new();
    bench.tick(&[oom(0.96)]);
    bench.ticks(minutes(100), &[oom(0.96)]);
    let other = says(FailureKind::Evicted, 0.96);
    assert!(bench.tick(&[oom(0.9), other.clone()]).is_empty());
    assert!(bench.tick(&[oom(0.9), near(other, 0.8)]).is_empty());
    let further = says(FailureKind::Evicted, 0.97);
    let changes = bench.tick(&[oom(0.9), near(further, 0.8)]);
    assert_eq!(raised(&changes)[0].kind, FailureKind::Evicted);
}

#[test]
fn a_failure_ends_the_silence() {
    let mut bench = Bench::new();
    bench.tick(&[oom(0.96)]);
    bench.ticks(minutes(100), &[oom(0.96)]);
    let fell = bench.at + 5_000;
    bench.outcomes.0.push((unit("cart"), fell, fell, fell + 60_000));
    assert!(bench.ticks(12, &[oom(0.96)]).is_empty());
    assert_eq!(raised(&bench.tick(&[oom(0.96)])).len(), 1);
}

#[test]
fn a_level_that_stands_still_for_half_an_hour_closes_its_alarm() {
    let mut bench = Bench::new();
    bench.tick(&[near(oom(0.96), 0.8)]);
    assert!(bench.ticks(minutes(30) - 1, &[near(oom(0.7), 0.8)]).is_empty());
    let changes = bench.tick(&[near(oom(0.7), 0.8)]);
    assert_eq!(cleared(&changes), [bench.at]);
    assert!(bench.ticks(minutes(30), &[near(oom(0.96), 0.79)]).is_empty(), "not nearer than ever");
    assert_eq!(raised(&bench.tick(&[near(oom(0.96), 0.81)])).len(), 1);
}

#[test]
fn a_level_that_comes_nearer_keeps_its_alarm_open() {
    let mut bench = Bench::new();
    bench.tick(&[near(oom(0.96), 0.5)]);
    for step in 0..minutes(99) {
        assert!(bench.tick(&[near(oom(0.7), 0.5 + step as f64 * 1e-3)]).is_empty());
    }
}

#[test]
fn without_a_limit_nobody_can_tell_that_it_stands_still() {
    let mut bench = Bench::new();
    bench.tick(&[oom(0.96)]);
    assert!(bench.ticks(minutes(99), &[oom(0.7)]).is_empty());
}

#[test]
fn patience_grows_with_how_far_an_alarm_looks_ahead() {
    let scale = TimeScale::try_from(10.0).unwrap();
    let patience = AlarmPolicy::default().stall_after;
    let hours = |hours: f64| scale.to_platform(FaultDuration::from_minutes(hours * 60.0));
    assert_eq!(patience.of(hours(12.0), scale), hours(3.6));
    assert_eq!(patience.of(hours(0.1), scale), hours(0.5));
}
