//! First passage with the change-time checks: the engine without a learned model.

use foresail_core::{Prediction, Timestamp};
use foresail_engine::first_passage::{self, FirstPassageSettings};
use foresail_engine::{State, checks};

/// Name of first passage beside a learned model.
pub const FIRST_PASSAGE: &str = "first_passage";

/// What the engine would say without a learned model.
pub(super) fn predict(
    state: &State,
    at: Timestamp,
    settings: &FirstPassageSettings,
) -> Vec<Prediction> {
    let mut predictions = first_passage::predict(state, at, settings);
    predictions.extend(checks::predict(state, at));
    predictions
}
