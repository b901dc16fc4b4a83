//! One method in one fold: choose on the inner folds, judge once on what was held out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use super::honesty::{self, Honesty};
use super::judge::{Count, Cut, Train, choose, choose_bounded, count, counts, outcome, train};
use super::learner::{Fitted, Learner};
use super::load::Course;
use super::methods::{Contender, Form, How, Setting, Spoken, thresholds};
use super::parts::{Chosen, FoldPart};
use super::split::{Fold, Source};
use super::{BenchError, Clock};
use crate::learned::{Lesson, Part, calibrators};
use crate::result::{Seeds, Variant};

/// Words where no setting keeps a budget.
const SILENT: &str = "no setting keeps the budget on training: silent";

/// What every fold is judged with.
#[derive(Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) courses: &'a [Course],
    pub(super) budgets: &'a [f64],
    pub(super) seeds: Seeds,
    pub(super) clock: Clock<'a>,
}

/// A model with what its fit took.
struct Made {
    fitted: Option<Fitted>,
    seconds: f64,
    rows: u64,
}

/// Fits models once each, for contenders that share a learner.
pub(super) struct Foundry<'a> {
    ground: Ground<'a>,
    known: Mutex<BTreeMap<Source, Arc<Made>>>,
}

// === impl Foundry ===

impl<'a> Foundry<'a> {
    pub(super) const fn new(ground: Ground<'a>) -> Self {
        Self { ground, known: Mutex::new(BTreeMap::new()) }
    }

    fn get(&self, learner: &Learner, source: &Source) -> Result<Arc<Made>, BenchError> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = known().get(source) {
            return Ok(Arc::clone(made));
        }
        let courses = self.ground.courses;
        let lessons: Vec<&Lesson> =
            source.courses.iter().map(|number| &courses[*number].lesson).collect();
        let without: Vec<&str> = source.without.iter().map(String::as_str).collect();
        let part = Part { lessons: &lessons, without: &without };
        let start = (self.ground.clock)();
        let fitted = learner.fit(part)?;
        let seconds = (self.ground.clock)() - start;
        let made = Arc::new(Made { fitted, seconds, rows: part.rows().count() as u64 });
        known().insert(source.clone(), Arc::clone(&made));
        Ok(made)
    }

    /// What a contender does in a fold.
    pub(super) fn run(&self, contender: &Contender, fold: &Fold) -> Result<FoldPart, BenchError> {
        match &contender.how {
            How::Tried(settings) => Ok(tried(self.ground, (contender, settings), fold)),
            How::Learned(learner, form) => self.learned((contender, learner, *form), fold),
        }
    }

    fn learned(
        &self,
        (contender, learner, form): (&Contender, &Learner, Form),
        fold: &Fold,
    ) -> Result<FoldPart, BenchError> {
        let Ground { courses, budgets, seeds, .. } = self.ground;
        let thresholds = thresholds();
        let speak = |source: &Source, part: &Cut| -> Result<Option<Spoken>, BenchError> {
            let made = self.get(learner, source)?;
            let spoken =
                made.fitted.as_ref().map(|one| one.speak(&courses[part.course], (part, form)));
            spoken.transpose()
        };
        let inner: Vec<Option<Spoken>> = (fold.inner.par_iter())
            .map(|inner| speak(&inner.source, &inner.part))
            .collect::<Result<_, _>>()?;
        let try_all = |part: &Cut, spoken: Option<&Spoken>| -> Vec<Count> {
            let Some(spoken) = spoken else { return vec![Count::default(); thresholds.len()] };
            let course = &courses[part.course];
            counts(course, &part.predictions(course, &spoken.scores), &thresholds)
        };
        let per_part: Vec<Vec<Count>> = (fold.inner.iter().zip(&inner))
            .map(|(inner, spoken)| try_all(&inner.part, spoken.as_ref()))
            .collect();
        let outer = self.get(learner, &fold.outer)?;
        let judged: Vec<Option<Spoken>> =
            (fold.judged.iter()).map(|part| speak(&fold.outer, part)).collect::<Result<_, _>>()?;
        let parts: Vec<Cut> = fold.inner.iter().map(|inner| inner.part.clone()).collect();
        let settings = transpose(&per_part, thresholds.len());
        let chosen = budgets.iter().map(|budget| {
            let number = match form {
                Form::Bounded => choose_bounded(&settings, &parts, *budget),
                Form::Union | Form::AlwaysOom | Form::Alone => choose(&settings, &parts, *budget),
            };
            let threshold = number.map(|number| thresholds[number]);
            let outcomes = fold.judged.iter().zip(&judged).map(|(part, spoken)| {
                let course = &courses[part.course];
                let alarms = match (threshold, spoken) {
                    (Some(threshold), Some(spoken)) => {
                        train(course, &part.predictions(course, &spoken.scores), threshold)
                    }
                    (_, _) => Train::new(),
                };
                outcome(course, &alarms, seeds)
            });
            Chosen {
                budget: Some(*budget),
                words: threshold.map_or_else(|| SILENT.to_owned(), |t| format!("threshold {t:.4}")),
                threshold,
                outcomes: outcomes.collect(),
            }
        });
        let chosen = chosen.collect();
        let curves: Vec<Vec<Count>> = (fold.judged.iter().zip(&judged))
            .map(|(part, spoken)| try_all(part, spoken.as_ref()))
            .collect();
        let curve = transpose(&curves, thresholds.len()).into_iter().map(|counts| sum(&counts));
        Ok(FoldPart {
            method: contender.method.name.clone(),
            fold: fold.name.clone(),
            chosen,
            curve: thresholds.iter().copied().zip(curve).collect(),
            fit_seconds: Some(outer.seconds),
            fit_rows: Some(outer.rows),
            honesty: self.honesty(&outer, fold, (&inner, &judged)),
        })
    }

    /// What calibrated probabilities of a model of the program are worth on what was held out.
    fn honesty(
        &self,
        outer: &Made,
        fold: &Fold,
        (inner, judged): (&[Option<Spoken>], &[Option<Spoken>]),
    ) -> Option<Honesty> {
        let Some(Fitted::Model(model)) = &outer.fitted else { return None };
        let courses = self.ground.courses;
        let kinds = &model.pipeline().kinds;
        let mut said = Vec::new();
        for (part, spoken) in fold.inner.iter().zip(inner) {
            let scored = spoken.as_ref()?.rows.as_ref()?;
            said.push((&courses[part.part.course].lesson, scored));
        }
        let calibrators = calibrators(kinds, &said);
        let parts: Vec<(&Course, &Cut)> =
            (fold.inner.iter()).map(|inner| (&courses[inner.part.course], &inner.part)).collect();
        let rates = honesty::rates(kinds, &parts);
        let spoken = honesty::Spoken { kinds, calibrators: &calibrators, rates: &rates };
        let measured = fold.judged.iter().zip(judged).filter_map(|(part, one)| {
            let scored = one.as_ref()?.rows.as_ref()?;
            Some(honesty::measure(&courses[part.course], part, (scored, &spoken)))
        });
        Some(Honesty::join(measured))
    }
}

// === free functions ===

/// An opponent: its alarms are known at every setting.
fn tried(
    ground: Ground<'_>,
    (contender, settings): (&Contender, &[Setting]),
    fold: &Fold,
) -> FoldPart {
    let Ground { courses, budgets, seeds, .. } = ground;
    let of = |setting: &Setting, part: &Cut| part.cut(&setting.trains[part.course]);
    let parts: Vec<Cut> = fold.inner.iter().map(|inner| inner.part.clone()).collect();
    let tuned = contender.method.variant == Variant::Tuned;
    let counted: Vec<Vec<Count>> = if tuned {
        let one = |setting: &Setting| {
            parts.iter().map(|part| count(&courses[part.course], &of(setting, part))).collect()
        };
        settings.par_iter().map(one).collect()
    } else {
        Vec::new()
    };
    let chosen_of = |budget: Option<f64>| -> Option<&Setting> {
        match budget {
            Some(budget) => {
                choose(&counted, &parts, budget).and_then(|number| settings.get(number))
            }
            None => settings.first(),
        }
    };
    let budgets: Vec<Option<f64>> =
        if tuned { budgets.iter().copied().map(Some).collect() } else { vec![None] };
    let chosen = budgets.iter().map(|budget| {
        let setting = chosen_of(*budget);
        let outcomes = fold.judged.iter().map(|part| {
            let alarms = setting.map_or_else(Train::new, |setting| of(setting, part));
            outcome(&courses[part.course], &alarms, seeds)
        });
        Chosen {
            budget: *budget,
            words: setting.map_or_else(|| SILENT.to_owned(), Setting::words),
            threshold: setting.map(|setting| setting.threshold),
            outcomes: outcomes.collect(),
        }
    });
    // A grid has one curve per pair; the pair chosen for the largest budget stands for it.
    let scorer = chosen_of(budgets.last().copied().flatten()).or(settings.first());
    let of_curve =
        settings.iter().filter(|one| tuned && Some(&one.scorer) == scorer.map(|s| &s.scorer));
    let mut curve: Vec<(f64, Count)> = of_curve
        .map(|setting| {
            let judged = fold.judged.iter();
            let counts: Vec<Count> =
                judged.map(|part| count(&courses[part.course], &of(setting, part))).collect();
            (setting.threshold, sum(&counts))
        })
        .collect();
    curve.sort_by(|a, b| b.0.total_cmp(&a.0));
    FoldPart {
        method: contender.method.name.clone(),
        fold: fold.name.clone(),
        chosen: chosen.collect(),
        curve,
        fit_seconds: None,
        fit_rows: None,
        honesty: None,
    }
}

/// From per part and setting to per setting and part.
fn transpose(per_part: &[Vec<Count>], settings: usize) -> Vec<Vec<Count>> {
    (0..settings).map(|one| per_part.iter().map(|part| part[one]).collect()).collect()
}

pub(super) fn sum(counts: &[Count]) -> Count {
    counts.iter().fold(Count::default(), |sum, one| Count {
        matched: sum.matched + one.matched,
        hits: sum.hits + one.hits,
        false_alarms: sum.false_alarms + one.false_alarms,
        warned_ticks: sum.warned_ticks + one.warned_ticks,
    })
}
