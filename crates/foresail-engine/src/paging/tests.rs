use foresail_core::{FailureKind, ModelId, Probability, WorkloadId, WorkloadKind};

use super::*;

const HOUR: i64 = 3_600;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000) + PlatformDuration::from_seconds(seconds)
}

fn alarm(id: u64, seconds: i64) -> Alarm {
    Alarm {
        id: AlarmId(id),
        raised_at: at(seconds),
        cleared_at: None,
        unit: Unit::Workload(WorkloadId {
            namespace: "shop".to_owned(),
            kind: WorkloadKind::Deployment,
            name: format!("cart-{id}"),
        }),
        pod: None,
        node: None,
        kind: FailureKind::OomKilled,
        tier: Tier::Page,
        score: 0.9,
        probability: Probability::saturating(0.75),
        horizon: PlatformDuration::from_seconds(HOUR),
        time_to_event: None,
        basis: None,
        sentence: String::new(),
        kubectl: String::new(),
        causes: Vec::new(),
        affected: Vec::new(),
        model: ModelId(first_passage::MODEL.to_owned()),
    }
}

fn raised(alarm: Alarm) -> [AlarmChange; 1] {
    [AlarmChange::Raised(Box::new(alarm))]
}

fn scored(outcomes: u64, fate: &dyn Fn(AlarmKey) -> PageFate) -> Scored<'_> {
    Scored { outcomes, fate }
}

fn pending(_: AlarmKey) -> PageFate {
    PageFate::Pending
}

const ON: PagingSettings = PagingSettings {
    mode: PagingMode::On,
    observe_for: PlatformDuration::from_seconds(7 * 86_400),
    observe_outcomes: 20,
    early_first_passage: EarlyFirstPassage::No,
    budget: PageBudget { false_pages: 2, within: PlatformDuration::from_seconds(12 * HOUR) },
};

fn verdict(decisions: &[Decision]) -> String {
    match &decisions[0].verdict {
        PageVerdict::Page => "page".to_owned(),
        PageVerdict::Hold(reason) => reason.to_string(),
    }
}

#[test]
fn a_new_cluster_observes_and_says_how_far_it_is() {
    let mut state = PagingState::default();
    let settings = PagingSettings::default();
    assert!(decide(&mut state, &settings, (&[], at(0)), scored(0, &pending)).is_empty());
    let changes = raised(alarm(1, 30 * HOUR));
    let said = decide(&mut state, &settings, (&changes, at(30 * HOUR)), scored(3, &pending));
    assert_eq!(verdict(&said), "observing: 3 of 20 outcomes scored, day 2 of 7");
}

#[test]
fn observing_ends_after_seven_days_or_twenty_outcomes_and_does_not_begin_again() {
    for (later, outcomes) in [(7 * 24 * HOUR, 0), (HOUR, 20)] {
        let mut state = PagingState::default();
        let settings = PagingSettings::default();
        decide(&mut state, &settings, (&[], at(0)), scored(0, &pending));
        let changes = raised(alarm(1, later));
        let said = decide(&mut state, &settings, (&changes, at(later)), scored(outcomes, &pending));
        assert_eq!(verdict(&said), "page");
        let status = state.status(&settings, (scored(0, &pending), at(later + 5)));
        assert_eq!(status, PagingStatus::Paging);
    }
}

#[test]
fn first_passage_may_page_while_the_rest_is_observed() {
    let early =
        PagingSettings { early_first_passage: EarlyFirstPassage::Yes, ..PagingSettings::default() };
    let learned = Alarm { model: ModelId("hazard".to_owned()), ..alarm(2, 0) };
    let changes =
        [AlarmChange::Raised(Box::new(alarm(1, 0))), AlarmChange::Raised(Box::new(learned))];
    let mut state = PagingState::default();
    let said = decide(&mut state, &early, (&changes, at(0)), scored(0, &pending));
    assert_eq!(said[0].verdict, PageVerdict::Page);
    assert!(matches!(said[1].verdict, PageVerdict::Hold(HoldReason::Observing { .. })));
    let person = PagingSettings { mode: PagingMode::Observe, ..early };
    let said =
        decide(&mut PagingState::default(), &person, (&changes, at(0)), scored(50, &pending));
    assert_eq!(verdict(&said), "observing: paging is set to `observe`");
}

#[test]
fn two_false_pages_use_the_budget_up_until_they_leave_its_time() {
    let mut state = PagingState::default();
    let all_false = |_: AlarmKey| PageFate::False;
    for (id, seconds) in [(1, 0), (2, HOUR)] {
        let changes = raised(alarm(id, seconds));
        let said = decide(&mut state, &ON, (&changes, at(seconds)), scored(0, &all_false));
        assert_eq!(verdict(&said), "page");
    }
    let changes = raised(alarm(3, 2 * HOUR));
    let said = decide(&mut state, &ON, (&changes, at(2 * HOUR)), scored(0, &all_false));
    assert_eq!(
        verdict(&said),
        "page budget of 2 false pages in 12 h is used up: 2 were false, 0 not judged yet"
    );
    let changes = raised(alarm(4, 12 * HOUR));
    let said = decide(&mut state, &ON, (&changes, at(12 * HOUR)), scored(0, &all_false));
    assert_eq!(verdict(&said), "page");
}

#[test]
fn pages_that_hit_cost_nothing() {
    let mut state = PagingState::default();
    let hit = |_: AlarmKey| PageFate::NotFalse;
    for id in 0..50 {
        let seconds = id as i64 * 60;
        let changes = raised(alarm(id, seconds));
        let said = decide(&mut state, &ON, (&changes, at(seconds)), scored(0, &hit));
        assert_eq!(verdict(&said), "page");
    }
}

#[test]
fn a_storm_of_pages_that_nobody_can_judge_yet_is_bounded_by_their_doubt() {
    let mut state = PagingState::default();
    let pages = (0..50)
        .filter(|id| {
            let changes = raised(alarm(*id, 0));
            let said = decide(&mut state, &ON, (&changes, at(0)), scored(0, &pending));
            said[0].verdict == PageVerdict::Page
        })
        .count();
    // Each is false with 1 − 0.75.
    assert_eq!(pages, 8);
}

#[test]
fn a_quiet_alarm_pages_when_its_tier_rises_and_only_once() {
    let mut state = PagingState::default();
    let ticket = Alarm { tier: Tier::Ticket, ..alarm(1, 0) };
    let said = decide(&mut state, &ON, (&raised(ticket), at(0)), scored(0, &pending));
    assert_eq!(verdict(&said), "its tier is `ticket`, not `page`");
    let louder = [AlarmChange::Renewed {
        alarm: Box::new(alarm(1, 0)),
        reason: foresail_core::RenewalReason::TierRose,
    }];
    let said = decide(&mut state, &ON, (&louder, at(60)), scored(0, &pending));
    assert_eq!(verdict(&said), "page");
    let said = decide(&mut state, &ON, (&louder, at(120)), scored(0, &pending));
    assert_eq!(verdict(&said), "it has paged before");
}

#[test]
fn the_state_survives_a_restart() {
    let mut state = PagingState::default();
    decide(&mut state, &ON, (&raised(alarm(1, 0)), at(0)), scored(0, &pending));
    let text = serde_json::to_string(&state).unwrap();
    assert_eq!(serde_json::from_str::<PagingState>(&text).unwrap(), state);
    let kept = rmp_serde::to_vec_named(&state).unwrap();
    assert_eq!(rmp_serde::from_slice::<PagingState>(&kept).unwrap(), state);
}
