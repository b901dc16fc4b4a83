//! Several models about one unit.

use super::*;

fn by(model: &str, mut prediction: Prediction) -> Prediction {
    prediction.model = ModelId(model.to_owned());
    prediction.sentence = format!("{model} says so");
    prediction.evidence = vec![format!("evidence of {model}")];
    prediction
}

#[test]
fn two_models_of_one_kind_make_one_alarm_with_the_evidence_of_both() {
    let mut bench = Bench::new();
    let learned = by("hazard", oom(0.97));
    let passage = by("first_passage", in_minutes(near(oom(0.4), 0.8), 30));
    let changes = bench.tick(&[passage, learned]);
    let alarms = raised(&changes);
    assert_eq!(alarms.len(), 1);
    let alarm = alarms[0];
    assert_eq!(alarm.model.0, "hazard");
    assert_eq!(alarm.probability.unwrap().get(), 0.97);
    assert_eq!(alarm.time_to_event.unwrap().p50.as_seconds(), 180.0, "from whoever has one");
    assert_eq!(alarm.basis.as_ref().unwrap().level, 0.8);
    assert_eq!(alarm.tier, Tier::Page, "likely by the one, near by the other");
    assert_eq!(alarm.causes.len(), 1);
    assert_eq!(alarm.causes[0].cause, "memory_working_set_growth");
    let told = [
        "hazard: hazard says so",
        "evidence of hazard",
        "first_passage: first_passage says so",
        "evidence of first_passage",
    ];
    assert_eq!(alarm.causes[0].evidence, told);
}

#[test]
fn a_model_alone_is_not_named_in_its_evidence() {
    let mut bench = Bench::new();
    let changes = bench.tick(&[by("hazard", oom(0.97))]);
    assert_eq!(raised(&changes)[0].causes[0].evidence[0], "hazard says so");
}

#[test]
fn models_that_point_at_different_pods_stay_apart() {
    let mut bench = Bench::new();
    let mut other = by("first_passage", near(oom(0.4), 0.8));
    other.pod = Some("cart-1".to_owned());
    let changes = bench.tick(&[by("hazard", oom(0.97)), other]);
    assert_eq!(raised(&changes)[0].causes.len(), 2);
}

#[test]
fn a_change_of_the_leading_model_is_no_halving() {
    let mut bench = Bench::new();
    let passage = |score| by("first_passage", in_minutes(near(oom(score), 0.8), 50));
    let learned = |score| by("hazard", in_minutes(oom(score), 20));
    bench.tick(&[passage(0.96), learned(0.5)]);
    assert!(bench.tick(&[passage(0.5), learned(0.7)]).is_empty());
}

#[test]
fn a_renewal_says_why() {
    let mut bench = Bench::new();
    bench.tick(&[in_minutes(oom(0.79), 90)]);
    bench.ticks(4, &[in_minutes(oom(0.79), 90)]);
    let reason = |changes: &[AlarmChange]| match changes {
        [AlarmChange::Renewed { reason, .. }] => *reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(reason(&bench.tick(&[in_minutes(oom(0.79), 45)])), RenewalReason::TimeHalved);
    assert_eq!(reason(&bench.tick(&[in_minutes(oom(0.85), 40)])), RenewalReason::TierRose);
}
