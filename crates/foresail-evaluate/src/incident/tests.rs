use foresail_core::FailureKind;

use super::*;
use crate::sample::{at, benign, episode, leak, outcome, trace};

fn only(ground: &Ground) -> &Incident {
    assert_eq!(ground.incidents.len(), 1);
    &ground.incidents[0]
}

fn with(episodes: &[Episode], second: i64) -> Ground {
    let mut trace = trace(3_000);
    trace.outcomes = vec![outcome("cart", FailureKind::OomKilled, second, 0)];
    Ground::new(&trace, Some(episodes))
}

#[test]
fn a_leak_that_began_early_enough_is_reachable() {
    let ground = leak();
    assert_eq!(only(&ground).precursor, Precursor::Bearing);
    assert!(only(&ground).is_reachable());
}

#[test]
fn an_outcome_without_an_episode_on_its_workload_is_unknown() {
    let ground = with(&[episode("search", "mem_leak", 600, 1_510)], 1_500);
    assert_eq!(only(&ground).precursor, Precursor::Unknown);
    assert!(!only(&ground).is_reachable());
}

#[test]
fn a_sudden_fault_and_an_innocent_look_alike_give_no_warning() {
    for episode in [episode("cart", "crash", 600, 1_510), benign("cart", 600, 1_510)] {
        let ground = with(&[episode], 1_500);
        assert_eq!(only(&ground).precursor, Precursor::None);
    }
}

#[test]
fn a_look_alike_that_killed_gives_warning() {
    let killed =
        Episode { observed_class: Some(EpisodeClass::Fault), ..benign("cart", 600, 1_510) };
    assert_eq!(only(&with(&[killed], 1_500)).precursor, Precursor::Bearing);
}

#[test]
fn an_outcome_belongs_to_the_harmful_episode_that_started_last() {
    let episodes =
        [episode("cart", "mem_leak", 600, 1_510), episode("cart", "crash", 1_490, 1_510)];
    assert_eq!(only(&with(&episodes, 1_500)).precursor, Precursor::None);
}

#[test]
fn episodes_reach_two_seconds_before_and_a_minute_after() {
    for (second, precursor) in [
        (598, Precursor::Bearing),
        (597, Precursor::Unknown),
        (1_570, Precursor::Bearing),
        (1_571, Precursor::Unknown),
    ] {
        let ground = with(&[episode("cart", "mem_leak", 600, 1_510)], second);
        assert_eq!(only(&ground).precursor, precursor, "{second}");
    }
}

#[test]
fn a_fault_that_began_less_than_the_least_lead_before_is_out_of_reach() {
    assert!(!only(&with(&[episode("cart", "mem_leak", 1_441, 1_510)], 1_500)).is_reachable());
    assert!(only(&with(&[episode("cart", "mem_leak", 1_440, 1_510)], 1_500)).is_reachable());
}

#[test]
fn a_workload_that_had_just_failed_or_was_just_seen_is_out_of_reach() {
    let mut trace = trace(3_000);
    trace.outcomes = vec![
        outcome("cart", FailureKind::OomKilled, 1_380, 0),
        outcome("cart", FailureKind::OomKilled, 1_500, 1),
        outcome("search", FailureKind::OomKilled, 119, 2),
    ];
    let episodes = [episode("cart", "mem_leak", 600, 1_510), episode("search", "mem_leak", 1, 200)];
    let ground = Ground::new(&trace, Some(&episodes));
    let reach: Vec<bool> = ground.incidents.iter().map(Incident::is_reachable).collect();
    assert_eq!(reach, [false, true, false]);
}

#[test]
fn version_one_deadlocks_are_slow_only_when_they_warn() {
    for (warn, precursor) in [(None, Precursor::None), (Some(30.0), Precursor::Bearing)] {
        let deadlock = Episode { warn, ..episode("cart", "deadlock", 600, 1_510) };
        assert_eq!(only(&with(&[deadlock], 1_500)).precursor, precursor);
    }
}

#[test]
fn observed_pod_time_leaves_blackouts_out() {
    let ground = leak();
    // Two pods for 600 ticks, less 14 ticks from 1,500 to 1,570 s; a tick is 50 s of fault time.
    let expected = (1_200.0 - 14.0) * 50.0 / 86_400.0;
    assert!((ground.pod_days() - expected).abs() < 1e-9);
    assert!(ground.units[0].in_blackout(at(1_569)));
    assert!(!ground.units[0].in_blackout(at(1_570)));
}

#[test]
fn quiet_time_begins_ten_minutes_after_an_episode() {
    let ground = leak();
    let cart = &ground.units[0];
    assert!(ground.is_quiet(cart, at(599)));
    assert!(!ground.is_quiet(cart, at(1_570)));
    assert!(ground.is_quiet(cart, at(1_571)));
}

#[test]
fn without_truth_every_incident_is_asked_for_and_nothing_is_quiet() {
    let mut trace = trace(3_000);
    trace.outcomes = vec![outcome("cart", FailureKind::OomKilled, 1_500, 0)];
    let ground = Ground::new(&trace, None);
    assert!(only(&ground).is_reachable());
    assert_eq!(ground.quiet_pod_days(), None);
    assert_eq!(ground.look_alikes, None);
}
