//! The contenders, and what each says of a part of a recording.

use foresail_core::{FailureKind, KindClass};
use foresail_engine::features::{Feature, FeatureGroup};
use foresail_engine::learned::LearnedModel;
use foresail_learn::calibration::Calibrator;
use rayon::prelude::*;
use std::collections::BTreeSet;

use super::BenchError;
use super::judge::{Cut, Train, train};
use super::learner::{Fitted, Learner, units_of, with_rows};
use super::load::Course;
use crate::baseline::{
    FIRST_PASSAGE, HORIZONS_HOURS, MAD, MEMORY_TTL, SIGNATURE, STATIC, STOCK, WINDOWS_MINUTES,
    linear_name,
};
use crate::learned::{FitSettings, ModelKind, Scored, push_scores};
use crate::replay::ENGINE;
use crate::result::{Method, MethodKind, Role, Variant};
use crate::trace::{Said, ScoreTrace, Trace, UnitIndex};
use crate::tune::{Replayed, candidates};

/// Stable name of the program's own answer.
pub const FORESAIL: &str = "foresail";
/// Stable name of the same with one kind for everything.
pub const ALWAYS_OOM: &str = "always_oom_killed";
/// Level gates of the `predict_linear` grid; the first one gates nothing.
const GATES: [f64; 10] = [0.001, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95];
/// Thresholds tried of learned scores, in log odds from high to low: first, last and step. Fixed, so
/// that no data chooses them; coarser above, where only scores without calibration ever are.
const LOG_ODDS: [(f64, f64, f64); 2] = [(10.0, 3.9, 0.5), (3.4, -4.5, 0.17)];

/// A method under comparison.
#[derive(Clone, Debug)]
pub(super) struct Contender {
    pub(super) method: Method,
    pub(super) how: How,
}

/// How a method comes to its alarms.
#[derive(Clone, Debug)]
pub(super) enum How {
    /// By scores that nothing is fitted for: every setting with its alarms on every recording.
    Tried(Vec<Setting>),
    /// By a fitted model.
    Learned(Learner, Form),
}

/// One setting of an opponent.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub(super) scorer: String,
    pub(super) threshold: f64,
    /// Per recording.
    pub(super) trains: Vec<Train>,
}

/// What is done with a model's scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// With first passage for units that the model has no rows of, and the change checks.
    Union,
    /// The same, with the rule that model files choose their operating points by.
    Bounded,
    /// The same, every failure called `oom_killed`.
    AlwaysOom,
    /// The model alone.
    Alone,
}

/// What a model says of a part of a recording.
pub(super) struct Spoken {
    pub(super) scores: ScoreTrace,
    /// The same by row, of the hazard model.
    pub(super) rows: Option<Scored>,
}

/// Thresholds tried of learned scores, from high to low.
pub(super) fn thresholds() -> Vec<f64> {
    let steps = LOG_ODDS.iter().flat_map(|(first, last, step)| {
        let count = ((first - last) / step + 1e-9) as usize;
        (0..=count).map(move |number| first - step * number as f64)
    });
    steps.map(|odds| 1.0 / (1.0 + libm::exp(-odds))).collect()
}

/// The contenders that fit models, in groups that share them.
pub(super) fn learned() -> Vec<Vec<Contender>> {
    let hazard = || Learner::of(ModelKind::Hazard);
    let plain = |name: &str, title: &str, learner| {
        vec![contender(name, title, (MethodKind::Baseline, learner, Form::Alone))]
    };
    vec![
        vec![
            contender(FORESAIL, "Foresail", (MethodKind::Engine, hazard(), Form::Union)),
            contender(
                "foresail_bounded",
                "Foresail, thresholds as in model files",
                (MethodKind::Reference, hazard(), Form::Bounded),
            ),
            contender(
                ALWAYS_OOM,
                "Foresail, always `oom_killed`",
                (MethodKind::Reference, hazard(), Form::AlwaysOom),
            ),
        ],
        plain("logistic", "Logistic regression", Learner::Logistic),
        plain("random_forest", "Random forest", Learner::of(ModelKind::RandomForest)),
        plain("gradient_boosting", "Gradient boosting", Learner::of(ModelKind::GradientBoosting)),
    ]
}

/// Foresail without some of its features.
pub(super) fn without(name: &str, title: &str, gone: &dyn Fn(Feature) -> bool) -> Contender {
    let mut settings = FitSettings::default();
    settings.features.retain(|feature| !gone(*feature));
    let learner = Learner::Model(Box::new(settings));
    contender(name, title, (MethodKind::Reference, learner, Form::Union))
}

/// The ablations of the issue, under leave one recording out.
pub(super) fn ablations() -> Vec<Contender> {
    let group = |groups: &'static [FeatureGroup]| move |one: Feature| groups.contains(&one.group());
    let mut bare = without(
        "without_first_passage",
        "first passage (features, starting odds, union)",
        &group(&[FeatureGroup::FirstPassage]),
    );
    if let How::Learned(Learner::Model(settings), form) = &mut bare.how {
        settings.from_first_passage = false;
        *form = Form::Alone;
    }
    let changes = [FeatureGroup::Siblings, FeatureGroup::Change];
    vec![
        bare,
        without("without_siblings_and_change", "sibling and change features", &move |one| {
            changes.contains(&one.group())
        }),
        without(
            "without_application",
            "every feature that needs application metrics",
            &of_application,
        ),
        without("without_logs", "log features", &group(&[FeatureGroup::Logs])),
        without("without_growth", "growth features", &group(&[FeatureGroup::Growth])),
        without("without_probes", "probe features", &group(&[FeatureGroup::Probes])),
    ]
}

/// Whether a cluster whose applications export no metrics lacks it.
fn of_application(feature: Feature) -> bool {
    const MARKS: [&str; 6] =
        ["request", "upstream", "latency histogram", "pool", "runtime", "heap"];
    let needs = feature.needs();
    matches!(feature.group(), FeatureGroup::Application | FeatureGroup::Upstream)
        || (MARKS.iter().any(|mark| needs.contains(mark)) && !needs.contains("any level"))
        || needs == "log_errors"
}

fn contender(
    name: &str,
    title: &str,
    (kind, learner, form): (MethodKind, Learner, Form),
) -> Contender {
    Contender {
        method: Method {
            name: name.to_owned(),
            title: title.to_owned(),
            kind,
            variant: Variant::Tuned,
        },
        how: How::Learned(learner, form),
    }
}

/// The opponents, with their alarms at every setting. Settings that scores propose come from training
/// recordings.
pub(super) fn opponents(courses: &[Course]) -> Vec<Contender> {
    let training: Vec<&Replayed> = (courses.iter())
        .filter(|course| course.loaded.role == Role::Training)
        .map(Course::replayed)
        .collect();
    let number = |name: &str| {
        let scores = &courses[0].replayed().trace.scores;
        scores.iter().position(|one| one.name == name)
    };
    let tried = |name: &str, thresholds: Option<&[f64]>| -> Vec<Setting> {
        let Some(scorer) = number(name) else { return Vec::new() };
        let proposed = || candidates(&training, scorer);
        let thresholds = thresholds.map_or_else(proposed, <[f64]>::to_vec);
        settings(courses, (name, scorer), &thresholds)
    };
    let mut grid = Vec::new();
    for window in WINDOWS_MINUTES {
        for horizon in HORIZONS_HOURS {
            grid.extend(tried(&linear_name(window, horizon), Some(&GATES)));
        }
    }
    let opponent =
        |name: &str, title: &str, (variant, settings): (Variant, Vec<Setting>)| Contender {
            method: Method {
                name: name.to_owned(),
                title: title.to_owned(),
                kind: MethodKind::Baseline,
                variant,
            },
            how: How::Tried(settings),
        };
    let tuned = |name: &str| (Variant::Tuned, tried(name, None));
    let shipped = |name: &str, at: f64| (Variant::AsShipped, tried(name, Some(&[at])));
    vec![
        opponent(FIRST_PASSAGE, "First passage only", tuned(ENGINE)),
        opponent("predict_linear", "predict_linear, tuned", (Variant::Tuned, grid)),
        opponent(MEMORY_TTL, "Memory 1/TTL, sticky", tuned(MEMORY_TTL)),
        opponent(MAD, "Robust z-score", tuned(MAD)),
        opponent(SIGNATURE, "Signature", tuned(SIGNATURE)),
        opponent(STATIC, "CPU or memory > 90 %", shipped(STATIC, 0.9)),
        opponent(STOCK, "Stock alert rules", shipped(STOCK, 0.5)),
        opponent("never", "Never", (Variant::AsShipped, vec![never(courses.len())])),
    ]
}

fn never(recordings: usize) -> Setting {
    let trains = vec![Train::new(); recordings];
    Setting { scorer: "never".to_owned(), threshold: 1.0, trains }
}

fn settings(courses: &[Course], (name, scorer): (&str, usize), thresholds: &[f64]) -> Vec<Setting> {
    let per_course: Vec<Vec<Train>> = courses
        .par_iter()
        .map(|course| {
            let trace = &course.replayed().trace;
            let predictions = trace.scores[scorer].predictions(trace);
            thresholds.iter().map(|one| train(course, &predictions, *one)).collect()
        })
        .collect();
    let setting = |(number, threshold): (usize, &f64)| Setting {
        scorer: name.to_owned(),
        threshold: *threshold,
        trains: per_course.iter().map(|trains| trains[number].clone()).collect(),
    };
    thresholds.iter().enumerate().map(setting).collect()
}

// === impl Setting ===

impl Setting {
    /// What was chosen, in words.
    pub(super) fn words(&self) -> String {
        for window in WINDOWS_MINUTES {
            for horizon in HORIZONS_HOURS {
                if self.scorer == linear_name(window, horizon) {
                    let gate = if self.threshold <= GATES[0] {
                        "no gate".to_owned()
                    } else {
                        format!("level ≥ {:.0} %", self.threshold * 100.0)
                    };
                    return format!("window {window:.0} min, horizon {horizon:.0} h, {gate}");
                }
            }
        }
        format!("threshold {:.4}", self.threshold)
    }
}

// === impl Fitted ===

impl Fitted {
    /// What it says of a part.
    pub(super) fn speak(
        &self,
        course: &Course,
        (part, form): (&Cut, Form),
    ) -> Result<Spoken, BenchError> {
        let trace = &course.replayed().trace;
        let model = match self {
            Self::Logistic(model) => {
                let scores = score_trace(trace, model.said(course, &part.wanted)?);
                return Ok(Spoken { scores, rows: None });
            }
            Self::Model(model) => model,
        };
        let scored = self::rows(course, part, model);
        let mut shell = trace.clone();
        let identity = vec![Calibrator::Identity; model.pipeline().kinds.len()];
        push_scores(&mut shell, (FORESAIL, &course.lesson.rows), (&scored, (model, &identity)));
        let alone = shell.scores.pop().unwrap_or_default();
        let scores = match form {
            Form::Union | Form::Bounded => united(course, &alone, model),
            Form::AlwaysOom => always_oom(trace, &united(course, &alone, model)),
            Form::Alone => alone,
        };
        Ok(Spoken { scores, rows: Some(scored) })
    }
}

// === free functions ===

/// What a model says of the rows of a part.
fn rows(course: &Course, part: &Cut, model: &LearnedModel) -> Scored {
    let units = &course.replayed().trace.units;
    let namespaces: BTreeSet<&str> = units
        .iter()
        .zip(&part.wanted)
        .filter(|(_, wanted)| **wanted)
        .filter_map(|(unit, _)| unit.unit.workload())
        .map(|id| id.namespace.as_str())
        .collect();
    Scored::new(model, &course.lesson.rows, &|namespace| namespaces.contains(namespace))
}

fn score_trace(like: &Trace, said: Vec<Vec<Said>>) -> ScoreTrace {
    let mut shell = Trace::new(like.settings.clone(), &[]);
    shell.push_scores(FORESAIL, said);
    shell.scores.pop().unwrap_or_default()
}

/// As the engine unites them: checks stay what they are; of forecasts the model ranks those that it has
/// rows of, and first passage the others, on its scale.
fn united(course: &Course, hazard: &ScoreTrace, model: &LearnedModel) -> ScoreTrace {
    let trace = &course.replayed().trace;
    let engine = &trace.scores[0];
    let units = units_of(course);
    let tick = |tick: usize| {
        let with_rows = with_rows(course, &units, tick);
        let checks = course.checks.at(tick);
        let forecasts = engine.at(tick).iter().filter(|one| !checks.contains(one));
        let rescaled = forecasts.filter(|one| !with_rows.contains(&one.unit)).map(|one| {
            let score = model.rescale(f64::from(one.score)) as f32;
            Said { score, ..*one }
        });
        let mut said = hazard.at(tick).to_vec();
        said.extend(rescaled);
        said.extend_from_slice(checks);
        said
    };
    score_trace(trace, (0..trace.ticks.len()).into_par_iter().map(tick).collect())
}

/// The strongest score of each unit, called `oom_killed`.
fn always_oom(trace: &Trace, scores: &ScoreTrace) -> ScoreTrace {
    let tick = |tick: usize| {
        let mut best: Vec<Said> = Vec::new();
        let forecasts = scores.at(tick).iter();
        let mut sorted: Vec<Said> = forecasts
            .filter(|said| !matches!(said.kind.class(), KindClass::Change))
            .copied()
            .collect();
        sorted.sort_by(|a, b| a.unit.cmp(&b.unit).then(b.score.total_cmp(&a.score)));
        let mut last: Option<UnitIndex> = None;
        for said in sorted {
            if last != Some(said.unit) {
                last = Some(said.unit);
                best.push(Said { kind: FailureKind::OomKilled, basis: None, ..said });
            }
        }
        best
    };
    score_trace(trace, (0..trace.ticks.len()).map(tick).collect())
}

#[cfg(test)]
mod tests;
