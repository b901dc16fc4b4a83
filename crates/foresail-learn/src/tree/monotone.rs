//! Monotone constraints: which outputs may only rise or only fall with a feature.

use serde::{Deserialize, Serialize};

use super::error::FitError;
use super::histogram::Layout;
use crate::frame::{ColumnKind, Schema};

/// The way a score may move when a feature rises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Never down.
    Increasing,
    /// Never up.
    Decreasing,
}

/// Which outputs a constraint holds for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outputs {
    /// All of them.
    All,
    /// One class, or all time bins of one kind.
    One(u16),
}

/// A constraint on the scores of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Monotone {
    /// The name of a column of numbers.
    pub column: String,
    /// The outputs.
    pub outputs: Outputs,
    /// The way.
    pub direction: Direction,
}

/// The signs of the constraints, per feature and output of one tree: 1, -1 or 0.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signs {
    features: Vec<Option<Vec<f32>>>,
}

/// Least and greatest value of each output in a subtree.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    pub low: Vec<f32>,
    pub high: Vec<f32>,
}

// === impl Monotone ===

impl Monotone {
    /// The position of the column, checked.
    pub(crate) fn position(&self, schema: &Schema) -> Result<usize, FitError> {
        let position = schema.position(&self.column).ok_or_else(|| FitError::NoColumn {
            parameter: "monotone",
            column: self.column.clone(),
        })?;
        match schema.columns().get(position).map(|column| &column.kind) {
            Some(ColumnKind::Category { .. }) => {
                Err(FitError::MonotoneCategory { column: self.column.clone() })
            }
            Some(ColumnKind::Number) | None => Ok(position),
        }
    }

    /// Checks that the outputs are among `n`.
    pub(crate) fn check_outputs(&self, n: usize) -> Result<(), FitError> {
        match self.outputs {
            Outputs::One(output) if usize::from(output) >= n => {
                Err(FitError::NoOutput { output: usize::from(output), n })
            }
            Outputs::All | Outputs::One(_) => Ok(()),
        }
    }

    /// Whether the constraint holds for this class or kind.
    pub(crate) fn holds_for(&self, output: usize) -> bool {
        match self.outputs {
            Outputs::All => true,
            Outputs::One(only) => usize::from(only) == output,
        }
    }

    pub(crate) const fn sign(&self) -> f32 {
        match self.direction {
            Direction::Increasing => 1.0,
            Direction::Decreasing => -1.0,
        }
    }
}

// === impl Signs ===

impl Signs {
    /// The signs of a feature, to be set; all free at first.
    pub fn of_mut(&mut self, feature: usize, layout: Layout) -> &mut [f32] {
        if self.features.len() <= feature {
            self.features.resize(feature + 1, None);
        }
        self.features[feature].get_or_insert_with(|| vec![0.0; layout.padded()])
    }

    /// The signs of a feature, `None` where it is free.
    pub fn of(&self, feature: usize) -> Option<&[f32]> {
        self.features.get(feature).and_then(Option::as_deref)
    }
}

// === impl Bounds ===

impl Bounds {
    pub fn unlimited(layout: Layout) -> Self {
        Self {
            low: vec![f32::NEG_INFINITY; layout.padded()],
            high: vec![f32::INFINITY; layout.padded()],
        }
    }
}
