//! Who is kept apart from whom: outer folds, and inside each the folds that choose and calibrate.
//!
//! ```text
//!  outer: one recording, one application or the demo is judged by a model of the rest
//!    inner: each training recording is scored by a model of the others, without what is judged
//!           └─> thresholds and calibrators of the outer fold
//! ```
//!
//! With one training recording left, the inner folds are its applications. An application is a
//! namespace; it is left out of every recording. Nodes belong to no application.

use std::collections::BTreeSet;

use super::Extent;
use super::judge::Cut;
use super::load::Course;
use crate::result::{Role, Split};

/// What a model is fitted on; also the key of the model.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Source {
    /// Positions of recordings.
    pub(super) courses: Vec<usize>,
    /// Namespaces left out of all of them.
    pub(super) without: Vec<String>,
}

/// A part of the training data with the model that may score it.
#[derive(Clone, Debug)]
pub(super) struct Inner {
    pub(super) source: Source,
    pub(super) part: Cut,
}

/// What is judged, by a model of what, with what chosen on what.
#[derive(Clone, Debug)]
pub(super) struct Fold {
    pub(super) split: Split,
    /// What is held out, as it stands in file names and tables.
    pub(super) name: String,
    pub(super) inner: Vec<Inner>,
    pub(super) outer: Source,
    pub(super) judged: Vec<Cut>,
}

/// Every outer fold that the recordings allow.
pub(super) fn folds(courses: &[Course], extent: Extent) -> Vec<Fold> {
    let of_role = |role: Role| -> Vec<usize> {
        (0..courses.len()).filter(|number| courses[*number].loaded.role == role).collect()
    };
    let (training, demo) = (of_role(Role::Training), of_role(Role::Judged));
    let mut folds = by_recording(courses, &training);
    match extent {
        Extent::Reduced => {
            let last = folds.split_off(folds.len().saturating_sub(1));
            return if last.is_empty() { by_application(courses, &training) } else { last };
        }
        Extent::Full => folds.extend(by_application(courses, &training)),
    }
    if !demo.is_empty() {
        let everything = |number: &usize| whole(courses, *number);
        folds.push(Fold {
            split: Split::TrainingToJudged,
            name: "demo".to_owned(),
            inner: inner(courses, &training, &[]),
            outer: Source { courses: training, without: Vec::new() },
            judged: demo.iter().map(everything).collect(),
        });
    }
    folds
}

fn by_recording(courses: &[Course], training: &[usize]) -> Vec<Fold> {
    if training.len() < 2 {
        return Vec::new();
    }
    let fold = |held: &usize| {
        let rest: Vec<usize> = training.iter().copied().filter(|one| one != held).collect();
        Fold {
            split: Split::LeaveOneRecordingOut,
            name: courses[*held].name().to_owned(),
            inner: inner(courses, &rest, &[]),
            outer: Source { courses: rest, without: Vec::new() },
            judged: vec![whole(courses, *held)],
        }
    };
    training.iter().map(fold).collect()
}

fn by_application(courses: &[Course], training: &[usize]) -> Vec<Fold> {
    let names: BTreeSet<&str> =
        training.iter().flat_map(|number| courses[*number].namespaces()).collect();
    if names.len() < 3 {
        // One is judged, and choosing takes two more.
        return Vec::new();
    }
    let fold = |held: &str| {
        let without = [held.to_owned()];
        let judged = training.iter().filter(|number| courses[**number].namespaces().contains(held));
        Fold {
            split: Split::LeaveOneApplicationOut,
            name: held.to_owned(),
            inner: inner(courses, training, &without),
            outer: Source { courses: training.to_vec(), without: without.to_vec() },
            judged: judged.map(|number| only(courses, *number, held)).collect(),
        }
    };
    names.into_iter().map(fold).collect()
}

fn inner(courses: &[Course], training: &[usize], without: &[String]) -> Vec<Inner> {
    let named = |namespace: Option<&str>| match namespace {
        Some(namespace) => !without.iter().any(|one| one == namespace),
        None => without.is_empty(),
    };
    if let [single] = training {
        let names = courses[*single].namespaces();
        return (names.into_iter().filter(|name| named(Some(name))))
            .map(|name| {
                let mut left_out = without.to_vec();
                left_out.push(name.to_owned());
                let source = Source { courses: vec![*single], without: left_out };
                Inner { source, part: only(courses, *single, name) }
            })
            .collect();
    }
    let one = |scored: &usize| {
        let others = training.iter().copied().filter(|one| one != scored).collect();
        let course = &courses[*scored];
        Inner {
            source: Source { courses: others, without: without.to_vec() },
            part: Cut::new(*scored, course, course.units_in(&named)),
        }
    };
    training.iter().map(one).collect()
}

fn whole(courses: &[Course], number: usize) -> Cut {
    let course = &courses[number];
    Cut::new(number, course, course.units_in(&|_| true))
}

fn only(courses: &[Course], number: usize, namespace: &str) -> Cut {
    let course = &courses[number];
    Cut::new(number, course, course.units_in(&|one| one == Some(namespace)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use foresail_core::{PlatformDuration, TimeScale, Unit, WorkloadId, WorkloadKind};
    use foresail_engine::Settings;

    use super::*;
    use crate::backtest::load::Loaded;
    use crate::incident::Ground;
    use crate::learned::{Lesson, Rows};
    use crate::sample::at;
    use crate::summary::Frame;
    use crate::trace::{ScoreTrace, Trace};
    use crate::tune::Replayed;

    /// A recording with a workload in each of these namespaces, and a node.
    fn course(name: &str, role: Role, namespaces: &[&str]) -> Course {
        let settings = Settings {
            cluster: "test".to_owned(),
            time_scale: TimeScale::try_from(10.0).unwrap(),
            scrape_interval: PlatformDuration::from_seconds(5),
        };
        let mut trace = Trace::new(settings, &["foresail".to_owned()]);
        trace.started_at = at(0);
        trace.ticks.push(at(0));
        for namespace in namespaces {
            let id = WorkloadId {
                namespace: (*namespace).to_owned(),
                kind: WorkloadKind::Deployment,
                name: "web".to_owned(),
            };
            let unit = trace.unit(&Unit::Workload(id));
            trace.note_presence(unit, 1);
        }
        let node = trace.unit(&Unit::Node("node-1".to_owned()));
        trace.note_presence(node, 0);
        trace.note_scores(0, &[]);
        let ground = Ground::new(&trace, None);
        let frame = Frame::new(&ground);
        let replayed = Replayed { trace, ground, frame };
        let lesson = Lesson::new(name, &replayed, Rows::default());
        let loaded = Loaded {
            path: name.into(),
            name: name.to_owned(),
            role,
            started_at: at(0),
            ended_at: at(5),
            sha256: BTreeMap::new(),
            replayed,
        };
        Course { loaded, lesson, checks: ScoreTrace::default() }
    }

    fn three() -> Vec<Course> {
        vec![
            course("one", Role::Training, &["a", "b"]),
            course("two", Role::Training, &["a", "b"]),
            course("three", Role::Training, &["c"]),
            course("shown", Role::Judged, &["a", "z"]),
        ]
    }

    /// Whether a model of `source` has seen a unit of `part`.
    fn has_seen(courses: &[Course], source: &Source, part: &Cut) -> bool {
        let units = &courses[part.course].replayed().ground.units;
        let wanted = units.iter().zip(&part.wanted).filter(|(_, wanted)| **wanted);
        wanted.filter_map(|(unit, _)| unit.unit.workload()).any(|id| {
            source.courses.contains(&part.course) && !source.without.contains(&id.namespace)
        })
    }

    #[test]
    fn nothing_that_fits_chooses_or_calibrates_has_seen_what_is_judged() {
        let courses = three();
        let folds = folds(&courses, Extent::Full);
        assert_eq!(folds.len(), 3 + 3 + 1);
        for fold in &folds {
            for judged in &fold.judged {
                assert!(!has_seen(&courses, &fold.outer, judged), "{}", fold.name);
                for inner in &fold.inner {
                    assert!(!has_seen(&courses, &inner.source, judged), "{}", fold.name);
                    let both = inner.part.course == judged.course
                        && inner.part.wanted.iter().zip(&judged.wanted).any(|(a, b)| *a && *b);
                    assert!(!both, "{} is judged and chosen on", fold.name);
                }
            }
            for inner in &fold.inner {
                assert!(!has_seen(&courses, &inner.source, &inner.part), "{}", fold.name);
            }
        }
    }

    #[test]
    fn an_application_is_left_out_of_every_recording_that_has_it() {
        let courses = three();
        let folds = folds(&courses, Extent::Full);
        let fold = folds.iter().find(|fold| fold.name == "a").unwrap();
        assert_eq!(fold.judged.len(), 2);
        assert_eq!(fold.outer.courses, [0, 1, 2]);
        assert!(fold.inner.iter().all(|inner| inner.source.without == ["a"]));
        // The demo is never learned from, whatever namespaces it shares.
        assert!(folds.iter().all(|fold| !fold.outer.courses.contains(&3)));
    }

    #[test]
    fn a_single_recording_is_judged_by_its_applications() {
        let courses = vec![course("one", Role::Training, &["a", "b", "c"])];
        let folds = folds(&courses, Extent::Full);
        assert_eq!(folds.len(), 3);
        assert!(folds.iter().all(|fold| fold.split == Split::LeaveOneApplicationOut));
        assert!(folds.iter().all(|fold| fold.inner.len() == 2));
    }

    #[test]
    fn too_little_to_hold_out_gives_no_fold() {
        let courses = vec![course("one", Role::Training, &["a", "b"])];
        assert!(folds(&courses, Extent::Full).is_empty());
    }

    #[test]
    fn a_reduced_run_has_one_fold() {
        assert_eq!(folds(&three(), Extent::Reduced).len(), 1);
    }
}
