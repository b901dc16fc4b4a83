//! What is kept beside ticks and minutes: evidence, restart points, models, and for how long.

use serde::{Deserialize, Serialize};

use crate::alarm::AlarmId;
use crate::event::KubernetesEvent;
use crate::quantity::Quantity;
use crate::time::{PlatformDuration, Timestamp};

/// What evidence belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceOf {
    /// An alarm.
    Alarm {
        /// Its number.
        id: AlarmId,
        /// When it was raised.
        raised_at: Timestamp,
    },
    /// An incident of the outcome ledger, announced or not.
    Incident {
        /// Its number.
        number: u32,
        /// When its first outcome occurred.
        occurred_at: Timestamp,
    },
}

/// Copies of what was seen around an alarm or incident; they outlive the rows they come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What it belongs to.
    pub of: EvidenceOf,
    /// When it was copied.
    pub copied_at: Timestamp,
    /// Series of the objects concerned.
    pub series: Vec<EvidenceSeries>,
    /// Events about them.
    pub events: Vec<KubernetesEvent>,
    /// Log templates of their containers.
    pub logs: Vec<LogEvidence>,
}

/// One series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvidenceSeries {
    /// Container, pod, node or claim.
    pub object: String,
    /// What was measured.
    pub quantity: Quantity,
    /// Times and values, oldest first.
    pub points: Vec<(Timestamp, f64)>,
}

/// What a container logged, as a template with one masked line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEvidence {
    /// The container, such as `shop/cart-0 app`.
    pub container: String,
    /// The template. Untrusted text.
    pub template: String,
    /// One line of it, masked. Untrusted text.
    pub line: String,
    /// How often it was seen.
    pub count: u64,
}

/// From where the engine can go on: its state and the last assessment, as the engine wrote them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestartPoint {
    /// The time that was assessed.
    pub at: Timestamp,
    /// The form of the bytes, such as a version of the engine's state.
    pub format: String,
    /// The state.
    pub state: Vec<u8>,
    /// The last assessment.
    pub assessment: Vec<u8>,
}

/// What a model of the registry does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelRole {
    /// It speaks.
    InService,
    /// It predicts and is scored, but never speaks.
    Shadow,
    /// It is only kept.
    Idle,
}

/// A model to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewModel {
    /// Its name.
    pub name: String,
    /// Its kind, such as `hazard`.
    pub kind: String,
    /// The schema of the features it takes.
    pub schema: String,
    /// The file.
    pub file: Vec<u8>,
    /// When it was added.
    pub added_at: Timestamp,
}

/// A model of the registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelEntry {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// The schema of the features it takes.
    pub schema: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// Length of the file.
    pub bytes: u64,
    /// When it was added.
    pub added_at: Timestamp,
    /// What it does.
    pub role: ModelRole,
}

/// How long things are kept, in wall time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// Rows of `nodes`, `pods` and `workloads`.
    pub minutes: PlatformDuration,
    /// Predictions, and the list of ticks.
    pub predictions: PlatformDuration,
    /// Events.
    pub events: PlatformDuration,
    /// Outcomes, closed alarms, and evidence.
    pub incidents: PlatformDuration,
}

/// How many rows were deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Rows of all tables.
    pub rows: u64,
}

/// How large the store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreSize {
    /// Bytes of all of it, free pages included.
    pub bytes: u64,
    /// Tables with their indexes, by name.
    pub tables: Vec<TableSize>,
}

/// How large one table is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSize {
    /// Its name.
    pub table: String,
    /// Bytes of its pages and those of its indexes.
    pub bytes: u64,
}

// === impl ModelRole ===

impl ModelRole {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::InService, Self::Shadow, Self::Idle];

    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InService => "in_service",
            Self::Shadow => "shadow",
            Self::Idle => "idle",
        }
    }
}

// === impl Retention ===

const DAY_SECONDS: i64 = 86_400;

impl Default for Retention {
    /// Seven days of rows, as origin B's users asked for; incidents for a year and a month, so that
    /// the same season of last year can be looked at.
    fn default() -> Self {
        let days = |days: i64| PlatformDuration::from_seconds(days * DAY_SECONDS);
        Self { minutes: days(7), predictions: days(7), events: days(7), incidents: days(396) }
    }
}
