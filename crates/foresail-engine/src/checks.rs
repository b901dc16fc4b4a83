//! Change-time checks: deterministic facts that a change cannot work.

use foresail_core::{Prediction, Timestamp};

use crate::state::State;

/// What a change has broken, for every object, at `at`.
#[must_use]
pub fn predict(_state: &State, _at: Timestamp) -> Vec<Prediction> {
    Vec::new()
}
