//! What a model file says of a model of a table: how its rows were parted, how it did on the test
//! part, and what the audit found.

use serde::{Deserialize, Serialize};

use super::{ClassWeights, Finding, MissingTarget, Scores, SplitOptions};

/// What a model of a table was made of, and how it did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableCard {
    /// The column of the classes.
    pub target: String,
    /// Columns that name what rows belong to.
    pub groups: Vec<String>,
    /// The column of time.
    pub time: Option<String>,
    /// What became of rows without a class.
    pub missing_target: MissingTarget,
    /// How the rows were parted.
    pub split: SplitOptions,
    /// Rows of the training part.
    pub training_rows: u64,
    /// Rows of the test part.
    pub test_rows: u64,
    /// How classes counted, on the training part only.
    pub class_weights: ClassWeights,
    /// On the test part.
    pub scores: Scores,
    /// What the audit found, the most harmful first.
    pub findings: Vec<Finding>,
}
