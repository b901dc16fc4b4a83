//! A book that is older than what a store kept.

use foresail_core::AlarmId;

use super::*;

fn raised(changes: &[AlarmChange]) -> Vec<AlarmId> {
    let id = |change: &AlarmChange| match change {
        AlarmChange::Raised(alarm) => Some(alarm.id),
        AlarmChange::Renewed { .. } | AlarmChange::Folded { .. } | AlarmChange::Cleared { .. } => {
            None
        }
    };
    changes.iter().filter_map(id).collect()
}

#[test]
fn what_was_raised_since_is_not_raised_again() {
    let mut bench = Bench::new();
    let high = [says(FailureKind::OomKilled, 0.97)];
    let older = bench.book.clone();
    assert_eq!(raised(&bench.ticks(3, &high)), [AlarmId(0)]);
    let kept: Vec<Alarm> = bench.book.open().cloned().collect();
    bench.book = older;
    bench.book.reconcile(kept.clone(), 1);
    assert_eq!(bench.book.open().cloned().collect::<Vec<_>>(), kept);
    assert_eq!(raised(&bench.ticks(20, &high)), []);
    let other = Prediction { unit: unit("pay"), ..says(FailureKind::OomKilled, 0.97) };
    assert_eq!(raised(&bench.ticks(3, &[high[0].clone(), other])), [AlarmId(1)]);
}

#[test]
fn what_was_cleared_since_is_open_no_more() {
    let mut bench = Bench::new();
    bench.ticks(3, &[says(FailureKind::OomKilled, 0.97)]);
    assert_eq!(bench.book.open().count(), 1);
    bench.book.reconcile(Vec::new(), 5);
    assert_eq!(bench.book.open().count(), 0);
    assert_eq!(raised(&bench.ticks(3, &[says(FailureKind::OomKilled, 0.97)])), [AlarmId(5)]);
}

#[test]
fn a_kept_alarm_ends_at_its_horizon() {
    let mut bench = Bench::new();
    bench.ticks(3, &[says(FailureKind::OomKilled, 0.97)]);
    let kept: Vec<Alarm> = bench.book.open().cloned().collect();
    let mut fresh = Bench { at: bench.at, ..Bench::new() };
    fresh.book.reconcile(kept, 1);
    let changes = fresh.ticks(200, &[]);
    assert!(matches!(changes[..], [AlarmChange::Cleared { id: AlarmId(0), .. }]), "{changes:?}");
}
