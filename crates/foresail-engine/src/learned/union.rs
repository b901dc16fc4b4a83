//! First passage and the learned model in one ranked answer.
//!
//! The model starts from what first passage says, so where it has a row its score ranks both: the
//! forecast toward a limit stays as evidence, with its limit and its time. What only first passage
//! can see (nodes, volumes, pods without features) is ranked as the model would rank a pod of which
//! nothing but that score is known.

use std::collections::{BTreeMap, BTreeSet};

use foresail_core::{FailureKind, Prediction, Unit};

use super::LearnedModel;
use crate::features::PodFeatures;

/// Both lists as one; scores are the model's.
#[must_use]
pub fn union(
    mut first_passage: Vec<Prediction>,
    learned: Vec<Prediction>,
    (rows, model): (&[PodFeatures<'_>], &LearnedModel),
) -> Vec<Prediction> {
    let scored: BTreeSet<_> = rows.iter().map(|row| row.unit).collect();
    let scores: BTreeMap<(&Unit, FailureKind), f64> = learned
        .iter()
        .map(|prediction| ((&prediction.unit, prediction.kind), prediction.score))
        .collect();
    for prediction in &mut first_passage {
        let has_rows = prediction.unit.workload().is_some_and(|unit| scored.contains(unit));
        prediction.score = if has_rows {
            scores.get(&(&prediction.unit, prediction.kind)).copied().unwrap_or(0.0)
        } else {
            model.rescale(prediction.score)
        };
    }
    first_passage.extend(learned);
    first_passage
}
