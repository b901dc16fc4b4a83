use foresail_core::{FailureKind, PlatformDuration};

use super::*;
use crate::incident::Ground;
use crate::sample::{alarm, at, benign, episode, judged, leak, outcome, trace};

fn fate_of(ground: &Ground, raised: Raised) -> AlarmFate {
    judge(ground, &[raised]).alarms[0].fate
}

#[test]
fn an_alarm_between_the_least_lead_and_its_horizon_is_a_hit() {
    let ground = leak();
    assert_eq!(fate_of(&ground, alarm(0, 1_440, None)), AlarmFate::Hit);
    assert_eq!(fate_of(&ground, alarm(0, 900, None)), AlarmFate::Hit);
}

#[test]
fn an_alarm_in_the_last_least_lead_is_late() {
    assert_eq!(fate_of(&leak(), alarm(0, 1_445, None)), AlarmFate::Late);
}

#[test]
fn an_alarm_that_closed_before_the_least_lead_is_no_hit() {
    let ground = leak();
    assert_eq!(fate_of(&ground, alarm(0, 1_200, Some(1_435))), AlarmFate::False);
    assert_eq!(fate_of(&ground, alarm(0, 1_200, Some(1_440))), AlarmFate::Hit);
}

#[test]
fn an_alarm_whose_horizon_ends_before_the_slow_fault_does_is_early() {
    assert_eq!(fate_of(&leak(), alarm(0, 895, None)), AlarmFate::Early);
}

#[test]
fn a_horizon_beyond_the_longest_counts_as_the_longest() {
    let raised = Raised { horizon: PlatformDuration::from_seconds(86_400), ..alarm(0, 895, None) };
    assert_eq!(fate_of(&leak(), raised), AlarmFate::Early);
}

#[test]
fn an_alarm_before_anything_was_under_way_is_false() {
    assert_eq!(fate_of(&leak(), alarm(0, 500, None)), AlarmFate::False);
    assert_eq!(fate_of(&leak(), alarm(1, 1_300, None)), AlarmFate::False);
}

#[test]
fn an_alarm_during_failure_or_within_ten_minutes_of_recovery_is_in_the_blackout() {
    let ground = leak();
    assert_eq!(fate_of(&ground, alarm(0, 1_505, None)), AlarmFate::Blackout);
    assert_eq!(fate_of(&ground, alarm(0, 1_565, None)), AlarmFate::Blackout);
    assert_eq!(fate_of(&ground, alarm(0, 1_570, None)), AlarmFate::False);
}

#[test]
fn a_second_alarm_for_a_matched_incident_is_a_nuisance() {
    let (judgement, _, summary) =
        judged(&leak(), &[alarm(0, 1_000, Some(1_450)), alarm(0, 1_400, None)]);
    assert_eq!(judgement.alarms[0].fate, AlarmFate::Hit);
    assert_eq!(judgement.alarms[1].fate, AlarmFate::Nuisance);
    assert_eq!((summary.counts.hits, summary.counts.nuisance), (1, 1));
}

#[test]
fn somebody_acting_before_anything_happens_makes_an_alarm_neither_right_nor_wrong() {
    let mut trace = trace(3_000);
    let cart = trace.find(&crate::sample::unit("cart")).unwrap();
    trace.units[cart.0 as usize].changed_at.push(at(800));
    let ground = Ground::new(&trace, Some(&[benign("cart", 600, 900)]));
    assert_eq!(fate_of(&ground, alarm(0, 700, None)), AlarmFate::Intervened);
    assert_eq!(fate_of(&ground, alarm(0, 800, None)), AlarmFate::False);
}

#[test]
fn another_kind_is_a_hit_but_not_of_the_right_kind() {
    let raised = Raised { kind: FailureKind::ErrorExit, ..alarm(0, 1_200, None) };
    let (judgement, _, summary) = judged(&leak(), &[raised]);
    assert_eq!(judgement.alarms[0].fate, AlarmFate::Hit);
    assert!(!judgement.alarms[0].right_kind);
    assert_eq!(summary.counts.reachable_matched, 1);
    assert_eq!(summary.counts.reachable_matched_right_kind, 0);
}

#[test]
fn a_change_outcome_is_never_matched_by_a_forecast() {
    let mut trace = trace(3_000);
    trace.outcomes = vec![outcome("cart", FailureKind::StartFailure, 1_500, 0)];
    let ground = Ground::new(&trace, Some(&[]));
    let (judgement, frame, _) = judged(&ground, &[alarm(0, 1_400, None)]);
    assert_eq!(judgement.alarms[0].fate, AlarmFate::False);
    assert!(frame.incidents.is_empty());
}

#[test]
fn an_alarm_matches_only_the_next_incident_of_its_unit() {
    let mut trace = trace(3_000);
    trace.outcomes = vec![
        outcome("cart", FailureKind::OomKilled, 1_000, 0),
        outcome("cart", FailureKind::OomKilled, 1_300, 1),
    ];
    let ground = Ground::new(&trace, Some(&[episode("cart", "mem_leak", 100, 1_310)]));
    let (judgement, ..) = judged(&ground, &[alarm(0, 800, None)]);
    assert!(judgement.matched[0].is_some());
    assert!(judgement.matched[1].is_none());
}
