//! Probability and time to pass a known limit; needs no training.

use foresail_core::{Prediction, Timestamp};
use serde::{Deserialize, Serialize};

use crate::state::State;

/// Settings of first passage, chosen on training recordings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FirstPassageSettings {}

/// What runs toward its limit, for every object, at `at`.
#[must_use]
pub fn predict(
    _state: &State,
    _at: Timestamp,
    _settings: &FirstPassageSettings,
) -> Vec<Prediction> {
    Vec::new()
}
