//! First passage and the learned model in one ranked answer.
//!
//! The model starts from what first passage says, so where it has a row its score ranks both: the
//! forecast toward a limit stays as evidence, with its limit and its time. What only first passage
//! can see (nodes, volumes, pods without features) is ranked as the model would rank a pod of which
//! nothing but that score is known.

use foresail_core::{FailureKind, Prediction, Unit};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{LearnedModel, can_be_judged};
use crate::features::PodFeatures;
use crate::first_passage::Survey;

/// What first passage sees in `survey` and what the model says, as one; scores are the model's, and a
/// forecast of the same unit and failure says the model's probability.
#[must_use]
pub fn union(
    survey: &Survey<'_>,
    learned: Vec<Prediction>,
    (rows, model): (&[PodFeatures<'_>], &LearnedModel),
) -> Vec<Prediction> {
    let scored: FxHashSet<_> =
        rows.iter().filter(|row| can_be_judged(&row.values)).map(|row| row.unit).collect();
    let known: FxHashMap<(&Unit, FailureKind), &Prediction> = learned
        .iter()
        .map(|prediction| ((&prediction.unit, prediction.kind), prediction))
        .collect();
    let mut predictions = survey
        .predictions_with(&|unit, kind| known.get(&(unit, kind)).and_then(|one| one.probability()));
    for prediction in &mut predictions {
        let has_rows = prediction.unit.workload().is_some_and(|unit| scored.contains(unit));
        let same = known.get(&(&prediction.unit, prediction.kind));
        prediction.score = match same {
            Some(same) => same.score,
            None if has_rows => 0.0,
            None => model.rescale(prediction.score),
        };
    }
    predictions.extend(learned);
    predictions
}
