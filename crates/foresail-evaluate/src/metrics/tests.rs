use super::*;
use crate::incident::Ground;
use crate::result::MethodKind;
use crate::sample::{alarm, benign, episode, judged, leak, outcome, trace};
use crate::shift::chance;
use foresail_core::FailureKind;

fn label() -> RowLabel {
    RowLabel {
        method: Method {
            name: "test".to_owned(),
            title: "Test".to_owned(),
            kind: MethodKind::Engine,
            variant: Variant::Tuned,
        },
        settings: String::new(),
        reading: RowReading::OperatingPoint,
        split: Split::LeaveOneRecordingOut,
        budget: Some(1.0),
        threshold: None,
    }
}

fn row(ground: &Ground, alarms: &[crate::matching::Raised]) -> Row {
    let (judgement, frame, summary) = judged(ground, alarms);
    let scope = ScopeData::new(Scope::Recording("test".to_owned()), vec![0], &[&frame], (1, 500));
    let chance = chance(ground, &judgement, 1, 200);
    scope.row(label(), &[&summary], Some(chance))
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

#[test]
fn one_hit_and_one_false_alarm_are_counted_by_hand() {
    let row = row(&leak(), &[alarm(0, 1_200, None), alarm(1, 1_200, Some(1_300))]);
    assert!(close(row.recall.unwrap().value, 1.0));
    assert!(close(row.precision.unwrap().value, 0.5));
    let days = 1_186.0 * 50.0 / 86_400.0;
    assert!(close(row.false_per_pod_day.unwrap().value, 1.0 / days));
    // A lead of 300 s is 50 production minutes: five times L_min.
    assert_eq!(row.lead_median_production_minutes, Some(50.0));
    let multiples = row.recall_at_lead_multiples.map(|one| one.unwrap().value);
    assert_eq!(multiples, [1.0, 1.0, 0.0]);
    // 20 of 1,186 ticks stand under the false alarm; the hit's own time does not count.
    assert!(close(row.time_in_warning.unwrap(), 20.0 / 1_186.0));
    assert_eq!(row.counts.false_on_quiet, 1);
}

#[test]
fn silence_has_recall_zero_and_no_precision() {
    let row = row(&leak(), &[]);
    assert!(close(row.recall.unwrap().value, 0.0));
    assert_eq!(row.precision, None);
    assert_eq!(row.lead_median_production_minutes, None);
    let rate = row.false_per_pod_day.unwrap();
    // The rule of three.
    assert!(close(rate.high.unwrap(), 3.0 / row.pod_days));
}

#[test]
fn without_incidents_recall_is_undefined() {
    let ground = Ground::new(&trace(3_000), Some(&[]));
    let row = row(&ground, &[alarm(0, 1_200, None)]);
    assert_eq!(row.recall, None);
    assert_eq!(row.skill, None);
    assert!(close(row.precision.unwrap().value, 0.0));
}

#[test]
fn false_alarms_on_look_alikes_are_counted_per_look_alike() {
    let ground =
        Ground::new(&trace(3_000), Some(&[benign("cart", 600, 900), benign("search", 600, 900)]));
    let row = row(&ground, &[alarm(0, 700, Some(800))]);
    assert!(close(row.false_per_look_alike.unwrap(), 0.5));
    assert_eq!(row.counts.false_on_quiet, 0);
}

#[test]
fn skill_takes_chance_away() {
    let row = row(&leak(), &[alarm(0, 1_200, None)]);
    // The alarm stands 300 s and looks 600 s ahead: shifted, it hits when raised 60 to 600 s before
    // and still open at 60 s, that is raised 60 to 360 s before, of 3,000 s in all.
    let by_chance = row.recall_of_shifted_alarms.unwrap();
    assert!((by_chance - 0.1).abs() < 0.06, "{by_chance}");
    assert!(close(row.skill.unwrap(), (1.0 - by_chance) / (1.0 - by_chance)));
}

#[test]
fn precision_falls_with_prevalence_while_false_alarms_stay() {
    assert!(close(precision_at(0.5, 0.5, 1.0).unwrap(), 0.5));
    assert!(close(precision_at(0.5, 0.5, 0.1).unwrap(), 0.05 / 0.55));
    assert_eq!(precision_at(0.0, 0.0, 0.1), None);
}

#[test]
fn the_area_uses_interpolated_precision_of_admitted_points() {
    let point = |recall: f64, precision: f64, within_limits: bool| PrPoint {
        threshold: 0.5,
        recall,
        precision: Some(precision),
        false_per_pod_day: 0.5,
        time_in_warning: 0.01,
        within_limits,
    };
    let points = [point(0.2, 0.5, true), point(0.4, 0.8, true), point(0.9, 0.9, false)];
    // The precision of 0.8 at recall 0.4 also holds below it.
    assert!(close(event_pr_auc(&points).unwrap(), 0.4 * 0.8));
    assert_eq!(event_pr_auc(&[point(0.9, 0.9, false)]), None);
}

#[test]
fn paired_differences_exclude_zero_only_when_one_is_better() {
    let mut trace = trace(3_000);
    let mut episodes = Vec::new();
    for number in 0..10_u32 {
        let second = 400 + i64::from(number) * 250;
        let name = if number % 2 == 0 { "cart" } else { "search" };
        trace.outcomes.push(outcome(name, FailureKind::OomKilled, second, number));
        episodes.push(episode(name, "mem_leak", second - 100, second + 5));
    }
    let ground = Ground::new(&trace, Some(&episodes));
    let all: Vec<_> = ground
        .incidents
        .iter()
        .map(|one| crate::matching::Raised {
            unit: one.unit,
            at: one.at - foresail_core::PlatformDuration::from_seconds(60),
            ..alarm(0, 0, None)
        })
        .collect();
    let (_, frame, sure) = judged(&ground, &all);
    let (_, _, half) = judged(&ground, &all[..5]);
    let scope = ScopeData::new(Scope::PooledTraining, vec![0], &[&frame], (1, 2_000));
    let method = label().method;
    let better = scope.paired(&[&sure], (&method, &[&half])).unwrap().difference;
    assert!(close(better.value, 0.5));
    assert!(better.low.unwrap() > 0.0);
    let same = scope.paired(&[&half], (&method, &[&half])).unwrap().difference;
    assert_eq!((same.low, same.high), (Some(0.0), Some(0.0)));
}

#[test]
fn the_same_seed_gives_the_same_intervals() {
    let alarms = [alarm(0, 1_200, None), alarm(1, 1_200, Some(1_300))];
    assert_eq!(row(&leak(), &alarms), row(&leak(), &alarms));
}
