//! What a model file says of its model.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::frame::Schema;
use crate::tabular::TableCard;

/// What stands beside the model: all of the header but what is computed when it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// What the body is, such as `hazard` or `random-forest`.
    pub kind: String,
    /// The columns that the model takes.
    pub schema: Schema,
    /// Where it comes from and how it did.
    pub card: Card,
    /// Rate of each event in training, by its name.
    pub base_rates: BTreeMap<String, f64>,
    /// Thresholds to choose from.
    pub operating_points: Vec<OperatingPoint>,
}

/// Where a model comes from and how it did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// When it was trained, RFC 3339; absent where the caller gives no time.
    pub trained_at: Option<String>,
    /// Version of the program that trained it.
    pub program_version: String,
    /// What it was trained on.
    pub recordings: Vec<TrainedOn>,
    /// Seed of all randomness.
    pub seed: u64,
    /// Rows fitted on.
    pub rows: u64,
    /// Events in these rows, by name.
    pub events: BTreeMap<String, u64>,
    /// How much faster than in production faults developed; absent for plain tables.
    pub time_scale: Option<f64>,
    /// Horizons in production minutes.
    pub horizons_minutes: Vec<f64>,
    /// Measured numbers by name; how each was measured is in the name.
    pub notes: BTreeMap<String, f64>,
    /// How its table was parted and judged; absent where it was trained on recordings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<Box<TableCard>>,
}

/// A recording or table that a model was trained on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainedOn {
    /// Its name.
    pub name: String,
    /// Its SHA-256 in hex digits.
    pub sha256: String,
}

/// A threshold and what it is expected to cost and bring, on out-of-fold scores.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperatingPoint {
    /// False alarms per pod-day that were allowed.
    pub budget: f64,
    /// Lowest score that alarms.
    pub threshold: f64,
    /// False alarms per pod-day to expect.
    pub false_alarms: f64,
    /// Upper bound of that.
    pub false_alarms_upper: f64,
    /// Share of reachable incidents to expect to be caught; absent without one.
    pub caught: Option<f64>,
}
