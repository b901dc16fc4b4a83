//! Bounded series of every entity.

use foresail_core::{Entity, EntityId, ObjectChange, Sample};
use serde::{Deserialize, Serialize};

use crate::settings::Settings;

/// All series of a state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeriesStore {}

impl SeriesStore {
    /// An empty store.
    #[must_use]
    pub fn new(_settings: &Settings) -> Self {
        Self {}
    }

    /// Takes in entities with their ids.
    pub fn declare(&mut self, _entities: &[(EntityId, Entity)]) {}

    /// Takes in limits and cuts that an object change brings.
    pub fn observe_object(&mut self, _change: &ObjectChange) {}

    /// Takes in one sample.
    pub fn observe_sample(&mut self, _sample: &Sample) {}
}
