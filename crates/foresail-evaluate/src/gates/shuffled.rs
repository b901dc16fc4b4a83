//! Gate 4: what is learned from shuffled labels must be worth nothing on rows held out.

use foresail_engine::learned::LearnedModel;
use foresail_learn::hazard::Scratch;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::rows::{any_came, auc, ranks};
use crate::learned::{FitSettings, Lesson, Part, TrainError, fit};
use crate::result::Gate;

/// Where the AUC has to lie.
const WITHIN: std::ops::RangeInclusive<f64> = 0.45..=0.55;

/// Learns from some lessons and scores every row of another.
pub trait Learner: Sync {
    /// The scores of `judged`, one a row.
    ///
    /// # Errors
    /// [`TrainError`] when there is nothing to learn.
    fn scores(&self, training: &[&Lesson], judged: &Lesson) -> Result<Vec<f64>, TrainError>;
}

/// The default model under some settings.
impl Learner for FitSettings {
    fn scores(&self, training: &[&Lesson], judged: &Lesson) -> Result<Vec<f64>, TrainError> {
        let model = fit(Part { lessons: training, without: &[] }, self)?;
        Ok(scores(&model, judged))
    }
}

/// What `model` says of every row: the probability of any failure late enough to act.
#[must_use]
pub fn scores(model: &LearnedModel, lesson: &Lesson) -> Vec<f64> {
    let rows = lesson.rows.values.par_chunks(1_024);
    rows.flat_map_iter(|chunk| {
        let (mut row, mut scratch) = (Vec::new(), Scratch::default());
        let said = chunk.iter().map(|values| model.any(values, (&mut row, &mut scratch)));
        said.collect::<Vec<_>>()
    })
    .collect()
}

/// What `learner` says of each lesson after learning from the others.
///
/// # Errors
/// [`TrainError`] when there is nothing to learn in one of the parts.
pub fn out_of_fold(
    lessons: &[&Lesson],
    learner: &dyn Learner,
) -> Result<Vec<Vec<f64>>, TrainError> {
    let judge = |held_out: usize| {
        let mut training = lessons.to_vec();
        let judged = training.remove(held_out);
        learner.scores(&training, judged)
    };
    (0..lessons.len()).into_par_iter().map(judge).collect()
}

/// The lesson with its targets dealt anew among the rows that have one.
#[must_use]
pub fn shuffled(lesson: &Lesson, seed: u64) -> Lesson {
    let mut targets: Vec<_> = lesson.targets.iter().flatten().copied().collect();
    targets.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let mut dealt = targets.into_iter();
    let mut lesson = lesson.clone();
    for target in lesson.targets.iter_mut().filter(|target| target.is_some()) {
        *target = dealt.next();
    }
    lesson
}

/// Whether a learner finds nothing in labels shuffled within each recording.
///
/// # Errors
/// [`TrainError`] when there is nothing to learn in one of the parts.
pub fn shuffled_labels_are_worth_nothing(
    lessons: &[&Lesson],
    learner: &dyn Learner,
    seed: u64,
) -> Result<Gate, TrainError> {
    let dealt: Vec<Lesson> = lessons.iter().map(|lesson| shuffled(lesson, seed)).collect();
    let dealt: Vec<&Lesson> = dealt.iter().collect();
    let said = out_of_fold(&dealt, learner)?;
    let (mut values, mut happened) = (Vec::new(), Vec::new());
    for (lesson, said) in dealt.iter().zip(&said) {
        for (target, said) in lesson.targets.iter().zip(said) {
            if let Some(came) = target.as_ref().and_then(any_came) {
                values.push(*said);
                happened.push(came);
            }
        }
    }
    let area = auc(&ranks(&values), &happened);
    Ok(Gate {
        name: "shuffled labels give an AUC between .45 and .55 on rows held out".to_owned(),
        passed: area.is_some_and(|area| WITHIN.contains(&area)),
        detail: match area {
            Some(area) => format!("AUC {area:.3} over {} rows", values.len()),
            None => "no failure, or nothing else, among the rows".to_owned(),
        },
    })
}
