//! Gates 2 to 8 on the shipped training recordings, and each of them failing on a planted violation.

use std::sync::LazyLock;

use foresail_core::{Timestamp, WorkloadId};
use foresail_engine::features::Feature;
use foresail_evaluate::gates::{
    Described, Injection, Learner, Lived, against_own_usual, clocks, described, injections,
    near_duplicates, near_duplicates_are_counted, no_identity_and_no_clock,
    no_single_feature_tells_all, no_thresholded_definition, no_window_at_or_after_a_failure,
    origin, out_of_fold, shuffled_labels_are_worth_nothing, single_features,
    targets_are_not_known_before, the_start_is_not_learned_from,
};
use foresail_evaluate::learned::{FitSettings, HORIZON_MINUTES, Lesson, Target, TrainError};
use foresail_evaluate::result::Gate;

use crate::recorded::{OUT_OF_FOLD, RECORDED, learned_from, lessons, lived};

/// Rows of a recording that are compared for near duplicates.
const COMPARED: usize = 400;

fn holds(gate: &Gate) {
    println!("{}: {}", gate.name, gate.detail);
    assert!(gate.passed, "{}: {}", gate.name, gate.detail);
}

fn fails(gate: &Gate) {
    assert!(!gate.passed, "{}: {}", gate.name, gate.detail);
}

/// The features that enter the default model.
fn entering() -> Vec<Feature> {
    FitSettings::default().features
}

/// The feature that is overwritten with what nobody can know.
const LEAK: Feature = Feature::NewTemplates;

/// A copy of the recordings in which one feature tells how soon the workload fails, however far
/// ahead: what a column computed from labels would.
static LEAKING: LazyLock<Vec<Lesson>> = LazyLock::new(|| {
    let leak = |lived: &Lived<'_>| {
        let mut lesson = lived.lesson.clone();
        for (tick, at) in lived.lesson.rows.ticks.iter().enumerate() {
            for row in lived.lesson.rows.at(tick) {
                let unit = &lived.lesson.rows.units[lived.lesson.rows.unit[row] as usize];
                let next = lived.ground.units.iter().find(|one| one.unit.workload() == Some(unit));
                let next = next.into_iter().flat_map(|one| &one.incidents);
                let next = next.map(|place| lived.ground.incidents[*place].at).find(|t| t > at);
                let minutes =
                    next.map_or(1e4, |t| lived.ground.scale.to_fault(t.since(*at)).as_minutes());
                lesson.rows.values[row][LEAK as usize] = (-minutes) as f32;
            }
        }
        lesson
    };
    lived().iter().map(leak).collect()
});

#[test]
fn no_feature_is_the_threshold_of_a_definition() {
    if RECORDED.is_empty() {
        return;
    }
    let mut features = described(&entering(), &lessons());
    holds(&no_thresholded_definition(&features));
    features.push(Described {
        name: "budget_burns".to_owned(),
        needs: "request_errors, requests".to_owned(),
        is_two_valued: true,
    });
    fails(&no_thresholded_definition(&features));
}

#[test]
fn no_feature_tells_all_by_itself_and_a_planted_leak_is_seen() {
    if RECORDED.is_empty() {
        return;
    }
    holds(&no_single_feature_tells_all(&entering(), &lessons()));
    let leaking: Vec<&Lesson> = LEAKING.iter().collect();
    let gate = no_single_feature_tells_all(&entering(), &leaking);
    fails(&gate);
    assert!(gate.detail.contains(LEAK.as_str()), "{}", gate.detail);
    assert_eq!(single_features(&entering(), &leaking)[0].feature, LEAK);
}

/// Says what it has seen in the rows that it judges.
struct Peeks;

impl Learner for Peeks {
    fn scores(&self, _: &[&Lesson], judged: &Lesson) -> Result<Vec<f64>, TrainError> {
        let failed = |target: &Option<Target>| {
            let failed = target.as_ref().is_some_and(|target| target.failure.is_some());
            f64::from(u8::from(failed))
        };
        Ok(judged.targets.iter().map(failed).collect())
    }
}

#[test]
fn shuffled_labels_teach_nothing() {
    if RECORDED.is_empty() {
        return;
    }
    let settings = FitSettings::default();
    holds(&shuffled_labels_are_worth_nothing(&learned_from(), &settings, 1).unwrap());
    fails(&shuffled_labels_are_worth_nothing(&learned_from(), &Peeks, 1).unwrap());
}

fn all_injections(scores: &[Vec<f64>]) -> [Vec<Injection>; 2] {
    let each = || lived().into_iter().zip(scores);
    let plain = each().flat_map(|(lived, scores)| injections(lived, scores));
    let own =
        each().flat_map(|(lived, scores)| injections(lived, &against_own_usual(lived, scores)));
    [plain.collect(), own.collect()]
}

#[test]
fn a_target_is_not_known_before_its_injection_unless_labels_leak() {
    let Some(folds) = OUT_OF_FOLD.as_ref() else { return };
    for found in all_injections(&folds.scores) {
        holds(&targets_are_not_known_before(&found, 1));
    }
    let thinned = |(leaking, plain): (&Lesson, &Lesson)| Lesson {
        targets: plain.targets.clone(),
        ..leaking.clone()
    };
    let learned: Vec<Lesson> = LEAKING.iter().zip(learned_from()).map(thinned).collect();
    let features = vec![LEAK, Feature::MemoryShare, Feature::ErrorShare, Feature::ProbeLatency];
    let settings = FitSettings { features, ..FitSettings::default() };
    let learned: Vec<&Lesson> = learned.iter().collect();
    for found in all_injections(&out_of_fold(&learned, &settings).unwrap()) {
        fails(&targets_are_not_known_before(&found, 1));
    }
}

#[test]
fn nothing_is_learned_at_or_after_a_failure() {
    if RECORDED.is_empty() {
        return;
    }
    holds(&no_window_at_or_after_a_failure(&lived()));
    // A target in the blackout of the first incident.
    let Lived { lesson, ground } = lived()[0];
    let planted = planted(lesson, |at, unit| {
        let unit = ground.units.iter().find(|one| one.unit.workload() == Some(unit));
        unit.is_some_and(|unit| unit.in_blackout(at))
    });
    fails(&no_window_at_or_after_a_failure(&[Lived { lesson: &planted, ground }]));
}

/// The lesson with a quiet target at the first row that `there` accepts.
fn planted(lesson: &Lesson, there: impl Fn(Timestamp, &WorkloadId) -> bool) -> Lesson {
    let mut planted = lesson.clone();
    let target = Target { failure: None, seen_minutes: HORIZON_MINUTES, incident: None };
    for (tick, at) in lesson.rows.ticks.iter().enumerate() {
        for row in lesson.rows.at(tick) {
            if there(*at, &lesson.rows.units[lesson.rows.unit[row] as usize]) {
                planted.targets[row] = Some(target);
                return planted;
            }
        }
    }
    planted
}

#[test]
fn no_feature_is_an_identity_or_a_clock_and_the_start_is_left_out() {
    if RECORDED.is_empty() {
        return;
    }
    holds(&no_identity_and_no_clock(&entering(), &lessons()));
    holds(&the_start_is_not_learned_from(&lessons()));
    let lesson = lessons()[0];
    fails(&the_start_is_not_learned_from(&[&planted(lesson, |_, _| true)]));
    let with = |value: &dyn Fn(usize) -> f32, feature: Feature| {
        let mut lesson = lesson.clone();
        for tick in 0..lesson.rows.ticks.len() {
            for row in lesson.rows.at(tick) {
                lesson.rows.values[row][feature as usize] = value(tick);
            }
        }
        lesson
    };
    let started = lesson.rows.ticks[0].as_epoch_seconds() as f32;
    fails(&no_identity_and_no_clock(&entering(), &[&with(&|_| started, Feature::ErrorLines)]));
    fails(&no_identity_and_no_clock(&[Feature::Age], &[&with(&|_| 121.0, Feature::Age)]));
    let clock = with(&|tick| tick as f32 / 100.0, Feature::ErrorLines);
    fails(&no_identity_and_no_clock(&entering(), &[&clock]));
    assert_eq!(clocks(&entering(), &clock)[0].0, Feature::ErrorLines);
}

#[test]
fn the_recording_of_a_quiet_row_is_told_and_by_what() {
    let lessons = lessons();
    let Some(origin) = origin(&entering(), &lessons, 1) else { return };
    println!("{origin:?}");
    assert!(origin.accuracy_without <= origin.accuracy);
}

#[test]
fn near_duplicates_across_recordings_are_counted_and_a_copied_recording_stands_out() {
    if RECORDED.is_empty() {
        return;
    }
    let lessons = lessons();
    holds(&near_duplicates_are_counted(&lessons, COMPARED));
    let honest = near_duplicates(&lessons[..2], lessons[2], COMPARED);
    assert!(honest.near * 4 < honest.rows, "{honest:?}");
    let copied = near_duplicates(&[lessons[0], lessons[2]], lessons[2], COMPARED);
    assert_eq!(copied.near, copied.rows);
    fails(&near_duplicates_are_counted(&lessons[..1], COMPARED));
}
