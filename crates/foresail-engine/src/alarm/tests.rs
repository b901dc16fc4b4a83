//! Every rule of the policy on a fake ledger, and its invariants on random trains.

mod fold;
mod kept;
mod planned;
mod quiet;
mod union;

use std::collections::BTreeMap;

use foresail_core::{
    Alarm, Basis, FaultDuration, ModelId, Probability, Quantity, RenewalReason, Tier, TimeScale,
    TimeToEvent, WorkloadId, WorkloadKind,
};
use proptest::prelude::*;

use super::*;

/// Outcomes made up by a test: unit, occurred, settled, and when the blackout ends.
#[derive(Debug, Default)]
struct Outcomes(Vec<(Unit, i64, i64, i64)>);

impl KnownOutcomes for Outcomes {
    fn in_blackout(&self, unit: &Unit, at: Timestamp) -> bool {
        let at = at.as_millis();
        self.0.iter().any(|(of, _, settled, until)| of == unit && *settled <= at && at < *until)
    }

    fn last_outcome(&self, unit: &Unit) -> Option<(Timestamp, Timestamp)> {
        self.0
            .iter()
            .filter(|(of, ..)| of == unit)
            .map(|(_, occurred, settled, _)| {
                (Timestamp::from_millis(*occurred), Timestamp::from_millis(*settled))
            })
            .max()
    }
}

/// Calls made up by a test: caller, callee.
#[derive(Debug, Default)]
struct Calls(Vec<(Unit, Unit)>);

impl KnownCalls for Calls {
    fn callees(&self, unit: &Unit) -> Vec<Unit> {
        self.0.iter().filter(|(from, _)| from == unit).map(|(_, to)| to.clone()).collect()
    }
}

/// A policy that runs tick by tick over made-up scores, at scale ten with five-second ticks.
struct Bench {
    book: AlarmBook,
    policy: AlarmPolicy,
    settings: Settings,
    outcomes: Outcomes,
    calls: Calls,
    at: i64,
}

impl Bench {
    fn new() -> Self {
        Self::at_scale(10.0, 5)
    }

    fn at_scale(scale: f64, interval: i64) -> Self {
        Self {
            book: AlarmBook::default(),
            policy: AlarmPolicy::default(),
            settings: Settings {
                cluster: "lab".to_owned(),
                time_scale: TimeScale::try_from(scale).unwrap(),
                scrape_interval: PlatformDuration::from_seconds(interval),
            },
            outcomes: Outcomes::default(),
            calls: Calls::default(),
            at: 600_000,
        }
    }

    fn tick(&mut self, predictions: &[Prediction]) -> Vec<AlarmChange> {
        self.at += self.settings.scrape_interval.as_millis();
        let context = AlarmContext {
            settings: &self.settings,
            ledger: &self.outcomes,
            graph: None,
            calls: Some(&self.calls),
            started_at: Timestamp::from_millis(0),
            at: Timestamp::from_millis(self.at),
        };
        let (book, changes) = advance(&self.book, predictions, &self.policy, context);
        self.book = book;
        changes
    }

    /// `n` ticks with the same predictions.
    fn ticks(&mut self, n: usize, predictions: &[Prediction]) -> Vec<AlarmChange> {
        (0..n).flat_map(|_| self.tick(predictions)).collect()
    }
}

fn unit(name: &str) -> Unit {
    Unit::Workload(WorkloadId {
        namespace: "shop".to_owned(),
        kind: WorkloadKind::Deployment,
        name: name.to_owned(),
    })
}

fn says(kind: FailureKind, score: f64) -> Prediction {
    Prediction {
        at: Timestamp::from_millis(0),
        unit: unit("cart"),
        pod: Some("cart-0".to_owned()),
        node: None,
        kind,
        horizon: PlatformDuration::from_seconds(600),
        verdict: Verdict::Likely {
            probability: Probability::saturating(score).unwrap(),
            time_to_event: None,
        },
        score,
        basis: None,
        sentence: format!("cart {}", kind.phrase()),
        evidence: Vec::new(),
        model: ModelId("test".to_owned()),
    }
}

fn oom(score: f64) -> Prediction {
    says(FailureKind::OomKilled, score)
}

fn in_minutes(mut prediction: Prediction, fault_minutes: i64) -> Prediction {
    let p50 = PlatformDuration::from_seconds(fault_minutes * 6);
    let time = TimeToEvent { p10: p50, p50, p90: p50 };
    if let Verdict::Likely { time_to_event, .. } = &mut prediction.verdict {
        *time_to_event = Some(time);
    }
    prediction
}

/// A prediction that rests on a level between 0 and 1.
fn near(mut prediction: Prediction, level: f64) -> Prediction {
    prediction.basis = Some(Basis {
        quantity: Quantity::MemoryWorkingSet,
        object: "shop/cart-0 container app".to_owned(),
        level,
        limit: 1.0,
        slope_per_second: 0.001,
    });
    prediction
}

fn of(name: &str, mut prediction: Prediction) -> Prediction {
    prediction.unit = unit(name);
    prediction
}

fn raised(changes: &[AlarmChange]) -> Vec<&Alarm> {
    changes
        .iter()
        .filter_map(|change| match change {
            AlarmChange::Raised(alarm) => Some(&**alarm),
            AlarmChange::Renewed { .. }
            | AlarmChange::Folded { .. }
            | AlarmChange::Cleared { .. } => None,
        })
        .collect()
}

fn cleared(changes: &[AlarmChange]) -> Vec<i64> {
    changes
        .iter()
        .filter_map(|change| match change {
            AlarmChange::Cleared { at, .. } => Some(at.as_millis()),
            AlarmChange::Raised(_) | AlarmChange::Renewed { .. } | AlarmChange::Folded { .. } => {
                None
            }
        })
        .collect()
}

fn renewed(changes: &[AlarmChange]) -> Vec<&Alarm> {
    changes
        .iter()
        .filter_map(|change| match change {
            AlarmChange::Renewed { alarm, .. } => Some(&**alarm),
            AlarmChange::Raised(_) | AlarmChange::Folded { .. } | AlarmChange::Cleared { .. } => {
                None
            }
        })
        .collect()
}

#[test]
fn a_score_has_to_stay_high_for_three_fault_minutes() {
    let mut bench = Bench::new();
    assert!(bench.ticks(4, &[oom(0.6)]).is_empty());
    assert_eq!(raised(&bench.tick(&[oom(0.6)])).len(), 1);
}

#[test]
fn a_dip_within_the_window_does_not_start_again() {
    let mut bench = Bench::new();
    assert!(bench.ticks(4, &[oom(0.6)]).is_empty());
    assert!(bench.tick(&[oom(0.4)]).is_empty());
    assert!(bench.tick(&[oom(0.6)]).is_empty());
    assert_eq!(raised(&bench.tick(&[oom(0.6)])).len(), 1);
}

#[test]
fn a_blip_never_raises() {
    let mut bench = Bench::new();
    for _ in 0..50 {
        assert!(bench.ticks(2, &[oom(0.7)]).is_empty());
        assert!(bench.ticks(4, &[oom(0.1)]).is_empty());
    }
}

#[test]
fn ten_times_slower_ticks_at_scale_one_raise_at_the_same_tick() {
    let mut bench = Bench::at_scale(1.0, 50);
    assert!(bench.ticks(4, &[oom(0.6)]).is_empty());
    assert_eq!(raised(&bench.tick(&[oom(0.6)])).len(), 1);
}

#[test]
fn the_very_confident_raises_at_once_and_the_threshold_still_binds() {
    let mut bench = Bench::new();
    assert_eq!(raised(&bench.tick(&[oom(0.96)])).len(), 1);
    let mut bench = Bench::new();
    bench.policy.threshold = 0.99;
    assert!(bench.ticks(20, &[oom(0.96)]).is_empty());
}

#[test]
fn time_over_a_gap_of_ticks_does_not_count_as_high() {
    let mut bench = Bench::new();
    bench.tick(&[oom(0.6)]);
    bench.at += 25_000;
    assert!(bench.tick(&[oom(0.6)]).is_empty());
}

#[test]
fn an_alarm_outlives_a_pause_of_the_leak_and_closes_after_half_an_hour() {
    let mut bench = Bench::new();
    bench.tick(&[oom(0.96)]);
    let start = bench.at;
    assert!(bench.ticks(36, &[oom(0.1)]).is_empty());
    assert!(bench.tick(&[oom(0.13)]).is_empty(), "above a quarter of the threshold");
    assert!(bench.ticks(36, &[]).is_empty());
    let changes = bench.tick(&[]);
    assert_eq!(cleared(&changes), [start + (36 + 1 + 37) * 5_000]);
    assert!(bench.book.open().next().is_none());
    assert!(bench.book.entries.is_empty(), "a closed unit without predictions is forgotten");
}

#[test]
fn a_horizon_passed_in_a_gap_ends_at_its_own_time() {
    let mut bench = Bench::new();
    bench.tick(&[oom(0.96)]);
    let start = bench.at;
    bench.at += 3_600_000;
    assert_eq!(cleared(&bench.tick(&[])), [start + 600_000]);
}

#[test]
fn a_horizon_is_capped_in_fault_time() {
    let mut bench = Bench::new();
    let mut far = oom(0.96);
    far.horizon = PlatformDuration::from_seconds(999_999);
    let mut full = far.clone();
    full.kind = FailureKind::VolumeFull;
    full.unit = Unit::Volume { namespace: "db".to_owned(), claim: "data".to_owned() };
    let changes = bench.tick(&[far, full]);
    let horizons: Vec<_> = raised(&changes).iter().map(|a| a.horizon.as_seconds()).collect();
    assert_eq!(horizons, [600.0, 4_320.0]);
}

#[test]
fn an_alarm_ends_at_the_first_known_outcome_and_stays_silent_in_the_blackout() {
    let mut bench = Bench::new();
    bench.tick(&[oom(0.96)]);
    let fell = bench.at + 5_000;
    bench.outcomes.0.push((unit("cart"), fell - 1_000, fell, fell + 60_000));
    let changes = bench.ticks(12, &[oom(0.99)]);
    assert_eq!(cleared(&changes), [fell]);
    assert!(raised(&changes).is_empty());
    assert_eq!(raised(&bench.tick(&[oom(0.99)])).len(), 1);
}

#[test]
fn an_outcome_of_another_unit_ends_nothing() {
    let mut bench = Bench::new();
    bench.tick(&[oom(0.96)]);
    bench.outcomes.0.push((unit("pay"), bench.at, bench.at, i64::MAX));
    assert!(bench.ticks(5, &[oom(0.96)]).is_empty());
}

#[test]
fn nothing_is_raised_in_the_first_two_minutes_of_a_source() {
    let mut bench = Bench::new();
    bench.at = 0;
    assert!(bench.ticks(23, &[oom(0.99)]).is_empty());
    assert_eq!(raised(&bench.tick(&[oom(0.99)])).len(), 1);
}

#[test]
fn kinds_of_one_unit_make_one_alarm_led_by_the_best() {
    let mut bench = Bench::new();
    let weaker = says(FailureKind::NotReady, 0.7);
    let changes = bench.tick(&[weaker.clone(), oom(0.96)]);
    let alarms = raised(&changes);
    assert_eq!(alarms.len(), 1);
    assert_eq!(alarms[0].kind, FailureKind::OomKilled);
    let causes: Vec<_> = alarms[0].causes.iter().map(|c| c.cause.as_str()).collect();
    assert_eq!(causes, ["oom_killed", "not_ready"]);
    assert_eq!(alarms[0].causes[1].evidence, [weaker.sentence]);
}

#[test]
fn a_kind_that_overtakes_renews_at_most_and_never_renames() {
    let mut bench = Bench::new();
    bench.tick(&[says(FailureKind::NotReady, 0.96)]);
    let changes = bench.tick(&[says(FailureKind::NotReady, 0.6), in_minutes(oom(0.99), 20)]);
    let again = renewed(&changes);
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].kind, FailureKind::NotReady);
    assert_eq!(again[0].tier, Tier::Page);
    assert_eq!(again[0].causes[0].cause, "oom_killed");
}

#[test]
fn an_alarm_is_said_again_when_its_time_halves_and_not_before() {
    let mut bench = Bench::new();
    bench.tick(&[in_minutes(oom(0.96), 50)]);
    assert!(bench.tick(&[in_minutes(oom(0.96), 26)]).is_empty());
    let changes = bench.tick(&[in_minutes(oom(0.96), 25)]);
    assert_eq!(renewed(&changes)[0].time_to_event.unwrap().p50.as_seconds(), 150.0);
    assert!(bench.tick(&[in_minutes(oom(0.96), 13)]).is_empty());
    assert_eq!(renewed(&bench.tick(&[in_minutes(oom(0.96), 9)])).len(), 1);
    assert!(bench.tick(&[in_minutes(oom(0.96), 2)]).is_empty(), "minutes are not worth halving");
}

#[test]
fn tiers_follow_probability_and_nearness() {
    let tier = |prediction: Prediction| {
        let policy = AlarmPolicy::default();
        let said = (prediction.probability(), prediction.time_to_event());
        policy.tier(said, TimeScale::try_from(10.0).unwrap())
    };
    assert_eq!(tier(in_minutes(oom(0.8), 59)), Tier::Page);
    assert_eq!(tier(in_minutes(oom(0.8), 60)), Tier::Ticket);
    assert_eq!(tier(oom(0.99)), Tier::Ticket);
    assert_eq!(tier(oom(0.5)), Tier::Ticket);
    assert_eq!(tier(in_minutes(oom(0.49), 5)), Tier::Watch);
}

#[test]
fn not_enough_data_never_raises() {
    let mut bench = Bench::new();
    let mut prediction = oom(1.0);
    prediction.verdict = Verdict::NotEnoughData { missing: "no limit".to_owned() };
    assert!(bench.ticks(20, &[prediction]).is_empty());
    assert!(bench.book.entries.is_empty());
}

#[test]
fn a_failed_change_stands_beside_the_forecast_and_is_said_even_after_its_outcome() {
    let mut bench = Bench::new();
    bench.tick(&[oom(0.96)]);
    bench.outcomes.0.push((unit("cart"), bench.at, bench.at + 1, i64::MAX));
    let changes = bench.tick(&[says(FailureKind::StartFailure, 1.0), oom(0.96)]);
    assert_eq!(cleared(&changes).len(), 1, "the forecast ends at the outcome");
    let alarms = raised(&changes);
    assert_eq!(alarms.len(), 1);
    assert_eq!((alarms[0].kind, alarms[0].tier), (FailureKind::StartFailure, Tier::Ticket));
}

#[test]
fn the_alarm_of_a_failed_change_closes_a_minute_after_its_fact_is_gone() {
    let mut bench = Bench::new();
    bench.tick(&[says(FailureKind::Unschedulable, 1.0)]);
    assert!(bench.ticks(300, &[says(FailureKind::Unschedulable, 1.0)]).is_empty());
    assert!(bench.ticks(12, &[]).is_empty());
    assert_eq!(cleared(&bench.tick(&[])).len(), 1);
}

#[test]
fn a_failed_change_pages_when_no_pod_is_ready() {
    let mut bench = Bench::new();
    let graph = Graph::new();
    bench.at += 5_000;
    let context = AlarmContext {
        settings: &bench.settings,
        ledger: &bench.outcomes,
        graph: Some(&graph),
        calls: None,
        started_at: Timestamp::from_millis(0),
        at: Timestamp::from_millis(bench.at),
    };
    let failed = [says(FailureKind::StartFailure, 1.0)];
    let (_, changes) = advance(&bench.book, &failed, &bench.policy, context);
    assert_eq!(raised(&changes)[0].tier, Tier::Page);
}

#[test]
fn a_tick_that_does_not_advance_changes_nothing() {
    let mut bench = Bench::new();
    bench.tick(&[oom(0.96)]);
    let before = bench.book.clone();
    bench.at -= 10_000;
    assert!(bench.tick(&[]).is_empty());
    assert_eq!(bench.book, before);
}

#[test]
fn the_longest_window_stays_bounded() {
    let mut bench = Bench::new();
    bench.policy.raise_for = FaultDuration::from_minutes(60.0);
    for _ in 0..500 {
        bench.tick(&[oom(0.6)]);
        bench.tick(&[oom(0.2)]);
    }
    assert!(bench.book.entries[0].high.len() <= 4);
}

/// Scores of three units over time, two forecast kinds and one change kind each.
fn trains() -> impl Strategy<Value = Vec<Vec<Prediction>>> {
    let kinds = [FailureKind::OomKilled, FailureKind::NotReady, FailureKind::StartFailure];
    let one = (0_usize..3, 0_usize..3, 0.0..=1.0_f64, 1_i64..120).prop_map(
        move |(name, kind, score, minutes)| {
            let mut prediction = in_minutes(says(kinds[kind], score), minutes);
            prediction.unit = unit(["cart", "pay", "web"][name]);
            prediction
        },
    );
    prop::collection::vec(prop::collection::vec(one, 0..6), 1..120)
}

proptest! {
    #[test]
    fn invariants_hold_on_any_train(
        train in trains(),
        gaps in prop::collection::vec(0_i64..8, 120),
        blackouts in prop::collection::vec((0_usize..3, 0_i64..600, 1_i64..120), 0..4),
    ) {
        let mut bench = Bench::new();
        for (name, start, length) in blackouts {
            let start = 600_000 + start * 1_000;
            let of = unit(["cart", "pay", "web"][name]);
            bench.outcomes.0.push((of, start - 1, start, start + length * 1_000));
        }
        bench.calls.0 = vec![(unit("web"), unit("cart")), (unit("cart"), unit("pay"))];
        let mut in_place = AlarmBook::default();
        let mut open: BTreeMap<u64, Unit> = BTreeMap::new();
        for (predictions, gap) in train.iter().zip(gaps) {
            bench.at += (gap - 6).max(0) * 20_000;
            // The book survives being stored and read back.
            let packed = rmp_serde::to_vec_named(&bench.book).unwrap();
            bench.book = rmp_serde::from_slice(&packed).unwrap();
            let changes = bench.tick(predictions);
            let context = AlarmContext {
                settings: &bench.settings,
                ledger: &bench.outcomes,
                graph: None,
                calls: Some(&bench.calls),
                started_at: Timestamp::from_millis(0),
                at: Timestamp::from_millis(bench.at),
            };
            let direct = advance_in_place(&mut in_place, predictions, &bench.policy, context);
            prop_assert_eq!(&direct, &changes);
            prop_assert_eq!(&in_place, &bench.book);
            for change in &changes {
                match change {
                    AlarmChange::Raised(alarm) if !policy::is_change(alarm.kind) => {
                        prop_assert!(!bench.outcomes.in_blackout(&alarm.unit, alarm.raised_at));
                        prop_assert!(!open.values().any(|unit| *unit == alarm.unit));
                        open.insert(alarm.id.0, alarm.unit.clone());
                    }
                    AlarmChange::Raised(_)
                    | AlarmChange::Renewed { .. }
                    | AlarmChange::Folded { .. } => {}
                    AlarmChange::Cleared { id, .. } => {
                        open.remove(&id.0);
                    }
                }
            }
        }
    }

    #[test]
    fn the_order_of_predictions_changes_nothing(train in trains()) {
        let (mut forward, mut backward) = (Bench::new(), Bench::new());
        for predictions in &train {
            let reversed: Vec<_> = predictions.iter().rev().cloned().collect();
            prop_assert_eq!(forward.tick(predictions), backward.tick(&reversed));
        }
    }
}
