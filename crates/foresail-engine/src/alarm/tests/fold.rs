//! Dependants under their root.

use super::*;

fn calling(edges: &[(&str, &str)]) -> Bench {
    let mut bench = Bench::new();
    bench.calls.0 = edges.iter().map(|(from, to)| (unit(from), unit(to))).collect();
    bench
}

fn slow(name: &str) -> Prediction {
    of(name, in_minutes(says(FailureKind::NotReady, 0.96), 40))
}

/// What the root says: it fails before its callers do.
fn root() -> Prediction {
    in_minutes(oom(0.96), 30)
}

fn folded(changes: &[AlarmChange]) -> Vec<String> {
    changes
        .iter()
        .filter_map(|change| match change {
            AlarmChange::Folded { unit, .. } => Some(unit.to_string()),
            AlarmChange::Raised(_) | AlarmChange::Renewed { .. } | AlarmChange::Cleared { .. } => {
                None
            }
        })
        .collect()
}

#[test]
fn a_caller_that_only_feels_its_callee_is_folded_under_it() {
    let mut bench = calling(&[("web", "cart")]);
    bench.tick(&[root()]);
    let changes = bench.tick(&[root(), slow("web")]);
    assert!(raised(&changes).is_empty());
    assert_eq!(folded(&changes), ["shop/web"]);
    assert_eq!(bench.book.open().next().unwrap().affected, [unit("web")]);
    assert!(bench.ticks(10, &[root(), slow("web")]).is_empty(), "said once");
}

#[test]
fn root_and_dependant_of_one_tick_make_one_alarm_through_three_calls() {
    let mut bench = calling(&[("web", "api"), ("api", "shop"), ("shop", "cart")]);
    let changes = bench.tick(&[slow("web"), slow("api"), slow("shop"), slow("cart")]);
    let alarms = raised(&changes);
    assert_eq!(alarms.len(), 1);
    assert_eq!(alarms[0].unit, unit("cart"));
    assert_eq!(folded(&changes), ["shop/shop", "shop/api", "shop/web"]);
}

#[test]
fn four_calls_away_is_too_far() {
    let mut bench = calling(&[("web", "a"), ("a", "b"), ("b", "c"), ("c", "cart")]);
    bench.tick(&[root()]);
    assert_eq!(raised(&bench.tick(&[root(), slow("web")])).len(), 1);
}

#[test]
fn what_a_caller_runs_into_by_itself_is_never_folded() {
    let mut bench = calling(&[("web", "cart")]);
    bench.tick(&[root()]);
    let own = of("web", near(says(FailureKind::NotReady, 0.96), 0.9));
    assert_eq!(raised(&bench.tick(&[root(), own])).len(), 1);
    let mut bench = calling(&[("web", "cart")]);
    bench.tick(&[root()]);
    let both = [root(), slow("web"), of("web", oom(0.6))];
    assert_eq!(raised(&bench.tick(&both)).len(), 1, "memory of its own counts too");
}

#[test]
fn an_effect_does_not_come_before_its_cause() {
    let mut bench = calling(&[("web", "cart")]);
    bench.tick(&[in_minutes(oom(0.96), 60)]);
    let changes = bench.tick(&[in_minutes(oom(0.96), 60), slow("web")]);
    assert_eq!(raised(&changes).len(), 1, "in 40 minutes, and the callee in 60");
}

#[test]
fn slowness_spreads_at_once() {
    let mut bench = calling(&[("web", "cart")]);
    let far = of("cart", in_minutes(says(FailureKind::LivenessKill, 0.96), 60));
    bench.tick(std::slice::from_ref(&far));
    assert_eq!(folded(&bench.tick(&[far, slow("web")])), ["shop/web"]);
}

#[test]
fn a_dependant_is_raised_once_its_root_is_cleared() {
    let mut bench = calling(&[("web", "cart")]);
    bench.tick(&[root()]);
    bench.tick(&[root(), slow("web")]);
    bench.outcomes.0.push((unit("cart"), bench.at, bench.at + 1, i64::MAX));
    let changes = bench.tick(&[root(), slow("web")]);
    assert_eq!(cleared(&changes).len(), 1);
    assert_eq!(raised(&changes)[0].unit, unit("web"));
}

#[test]
fn a_ring_of_callers_still_says_one_alarm() {
    let mut bench = calling(&[("web", "cart"), ("cart", "web")]);
    let changes = bench.tick(&[slow("web"), slow("cart")]);
    assert_eq!(raised(&changes).len(), 1);
    assert_eq!(folded(&changes).len(), 1);
}

#[test]
fn without_calls_nothing_folds() {
    let mut bench = Bench::new();
    bench.tick(&[root()]);
    assert_eq!(raised(&bench.tick(&[root(), slow("web")])).len(), 1);
}
