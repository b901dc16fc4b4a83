//! Models on what they were not fitted on, in the union that the service uses.

use std::collections::BTreeSet;

use foresail_core::{Batch, Prediction, Timestamp};
use foresail_engine::features::{self, PodFeatures};
use foresail_engine::first_passage::{FirstPassageSettings, Survey};
use foresail_engine::learned::{self, LearnedModel};
use foresail_engine::unknown::Unknowns;
use foresail_engine::{State, checks};

use crate::replay::Scorer;

/// Name of out-of-fold scores among scorers.
pub const OUT_OF_FOLD: &str = "out_of_fold";

/// A model and what it may score.
#[derive(Clone, Debug)]
pub struct Fold {
    /// The model.
    pub model: LearnedModel,
    /// Namespaces that it was not fitted on; `None` where it knows nothing of the recording.
    pub namespaces: Option<BTreeSet<String>>,
}

/// Scores each namespace of a recording by the model that was not fitted on it.
#[derive(Clone, Debug)]
pub struct FoldScorer<'a> {
    first_passage: &'a FirstPassageSettings,
    folds: &'a [Fold],
    unknowns: Unknowns,
}

// === impl Fold ===

impl Fold {
    fn scores(&self, row: &PodFeatures<'_>) -> bool {
        self.namespaces.as_ref().is_none_or(|own| own.contains(row.namespace))
    }
}

// === impl FoldScorer ===

impl<'a> FoldScorer<'a> {
    /// A scorer of these folds.
    #[must_use]
    pub fn new(first_passage: &'a FirstPassageSettings, folds: &'a [Fold]) -> Self {
        Self { first_passage, folds, unknowns: Unknowns::default() }
    }
}

impl Scorer for FoldScorer<'_> {
    fn names(&self) -> Vec<String> {
        vec![OUT_OF_FOLD.to_owned()]
    }

    fn step(&mut self, state: &State, _: &Batch, at: Timestamp) -> Vec<Vec<Prediction>> {
        let survey = Survey::new(state, at, self.first_passage);
        let rows = features::compute(state, &survey, (&state.calls(at), &mut self.unknowns)).0;
        let said = self.folds.iter().flat_map(|fold| {
            let own: Vec<_> = rows.iter().filter(|row| fold.scores(row)).cloned().collect();
            learned::predict(state, &own, &fold.model)
        });
        let said = said.collect();
        let mut predictions = match self.folds.first() {
            Some(fold) => learned::union(&survey, said, (&rows, &fold.model)),
            None => survey.predictions(),
        };
        predictions.extend(checks::predict(state, at));
        predictions.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.unit.cmp(&b.unit)));
        vec![predictions]
    }
}
