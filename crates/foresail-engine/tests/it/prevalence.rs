//! What a state says about how often failures come: from its batches alone.

use foresail_core::{ChangeKind, FailureKind};
use foresail_engine::learned::Prevalence;

use crate::history::{History, ended, pod, restarted};

fn days(seconds: f64) -> f64 {
    seconds / 86_400.0
}

#[test]
fn incidents_count_once_by_their_first_kind_and_pods_as_long_as_they_are_there() {
    let mut history = History::of_a_ready_pod();
    history.pod(100.0, ChangeKind::Modified, restarted(1, ended(137, "OOMKilled", 100.0)));
    history.pod(200.0, ChangeKind::Added, pod("cart-1-b", "u2"));
    history.pod(300.0, ChangeKind::Deleted, pod("cart-1-b", "u2"));
    let state = history.state(&[], 1_000.0);
    let seen = Prevalence::of(&state);
    assert_eq!(seen.incidents.get(&FailureKind::OomKilled), Some(&1));
    assert_eq!(seen.incidents.values().sum::<u32>(), 1);
    let scale = state.settings().time_scale.get();
    assert!((seen.pod_days - scale * days(1_100.0)).abs() < 1e-9, "{}", seen.pod_days);
    assert_eq!(Prevalence::of(&history.state(&[50.0, 250.0, 251.0], 1_000.0)), seen);
}

#[test]
fn a_state_that_has_seen_nothing_has_no_rate() {
    let seen = Prevalence::of(&History::default().state(&[], 10.0));
    assert_eq!(seen.rate(FailureKind::OomKilled), None);
}
