//! The stretch test: time stamps ten times as far apart with time scale 1 give the same alarms.

use foresail_core::{Alarm, Timestamp};
use foresail_engine::Models;
use foresail_evaluate::replay::alarms;

use crate::causality::policy;
use crate::synthetic::{LABORATORY, STRETCHED, Shape, TICKS, batches, settings, tick};

fn raised(shape: Shape) -> Vec<Alarm> {
    alarms(
        (&settings(shape), &Models::default(), &policy()),
        batches(shape).into_iter(),
        |_, _, _| {},
    )
}

/// Number of the tick at which something was said.
fn number(shape: Shape, at: Timestamp) -> i64 {
    let step = settings(shape).scrape_interval.as_millis();
    at.since(tick(shape, 0)).as_millis() / step
}

#[test]
fn stretched_time_at_scale_one_raises_the_same_alarms_within_two_ticks() {
    let (plain, stretched) = (raised(LABORATORY), raised(STRETCHED));
    assert!(!plain.is_empty());
    assert_eq!(plain.len(), stretched.len());
    for (one, other) in plain.iter().zip(&stretched) {
        assert_eq!((&one.unit, one.kind), (&other.unit, other.kind));
        let apart = number(LABORATORY, one.raised_at) - number(STRETCHED, other.raised_at);
        assert!(apart.abs() <= 2, "{} {apart} ticks apart of {TICKS}", one.unit);
    }
}
