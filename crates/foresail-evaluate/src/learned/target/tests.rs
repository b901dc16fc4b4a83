use foresail_core::Outcome;
use foresail_engine::features::Feature;

use super::*;
use crate::sample::{at, outcome, trace, unit};
use crate::summary::Frame;

/// One pod of `cart` for so many seconds, with what happened.
fn lived(seconds: i64, outcomes: Vec<Outcome>) -> (Rows, Vec<Option<Target>>) {
    let mut trace = trace(seconds);
    trace.outcomes = outcomes;
    let cart = unit("cart").workload().unwrap().clone();
    let n = trace.ticks.len();
    let rows = Rows {
        ticks: trace.ticks.clone(),
        ends: (1..=n).collect(),
        units: vec![cart],
        pods: vec![("shop".to_owned(), "cart-0".to_owned())],
        unit: vec![0; n],
        pod: vec![0; n],
        values: vec![[f32::NAN; Feature::COUNT]; n],
        plans: Vec::new(),
    };
    let ground = Ground::new(&trace, None);
    let frame = Frame::new(&ground);
    let targets = targets(&rows, &Replayed { trace, ground, frame });
    (rows, targets)
}

/// The target of the row at a second.
fn target_at((rows, targets): &(Rows, Vec<Option<Target>>), second: i64) -> Option<Target> {
    let row = rows.ticks.iter().position(|tick| *tick == at(second)).unwrap();
    targets[row]
}

const OOM: FailureKind = FailureKind::OomKilled;

#[test]
fn what_a_recording_ends_before_is_neither_a_failure_nor_the_lack_of_one() {
    // At scale 10 the horizon is 600 s; the recording ends at 2,000 s.
    let quiet = lived(2_000, Vec::new());
    assert_eq!(target_at(&quiet, 1_395).unwrap().came(OOM), Some(false));
    let late = target_at(&quiet, 1_405).unwrap();
    assert_eq!((late.failure, late.came(OOM)), (None, None));
    assert!(late.seen_minutes < HORIZON_MINUTES);
    // Nor is it one to fit on: the last whole bin that was seen is all that a hazard learns.
    let last = target_at(&quiet, 1_995).unwrap().hazard(&[OOM], 1.0);
    assert_eq!((last.until_bin, last.event), (0, None));
}

#[test]
fn a_failure_that_is_settled_after_the_end_changes_nothing_seen_before() {
    let quiet = lived(2_000, Vec::new());
    // A replay of more of the same would know of a failure at 2,100 s.
    let longer = lived(2_400, vec![outcome("cart", OOM, 2_100, 0)]);
    assert_eq!(target_at(&longer, 1_600).unwrap().came(OOM), Some(true));
    assert_eq!(target_at(&quiet, 1_600).unwrap().came(OOM), None);
    // What was decided by the end of the shorter one is the same in both.
    for second in (200..=1_395).step_by(5) {
        let (short, long) =
            (target_at(&quiet, second).unwrap(), target_at(&longer, second).unwrap());
        assert_eq!((short.came(OOM), long.came(OOM)), (Some(false), Some(false)), "{second}");
    }
}

#[test]
fn a_failure_of_a_kind_that_no_model_knows_is_no_quiet_row() {
    let failed = lived(2_000, vec![outcome("cart", FailureKind::SloBurn, 1_000, 0)]);
    let target = target_at(&failed, 900).unwrap();
    assert_eq!(target.came(OOM), None);
    assert_eq!(target.hazard(&[OOM], 1.0).event, None);
    assert!(target.hazard(&[OOM], 1.0).until_bin < 7, "lost from sight when it failed");
}
