//! Tables as people bring them: named columns of numbers and texts, before any model has seen them.
//!
//! ```text
//! CSV, Parquet, Arrow, simulator ──> Table ──roles──> split ──> preprocessing (fit on the training
//!                                      │                        part alone) ──> Frame ──> model file
//!                                      └──> audit: which columns, rows and groups give labels away
//! ```

pub use self::audit::{AuditError, AuditPlan, Finding, FindingKind, Forecast, Severity, audit};
pub use self::card::TableCard;
pub use self::encode::{Cell, EncodeError, UnknownLevels, WrongKind};
pub use self::error::TableError;
pub use self::estimator::{BoostingOptions, Estimator, EstimatorParams};
pub use self::labels::{LabelError, Labels, MISSING_CLASS, MOST_CLASSES, MissingTarget};
pub use self::model::{
    ColumnContribution, ColumnImportance, ContributionScale, Explanation, JudgeError, NoModel,
    Predictions, TabularModel,
};
pub use self::profile::{ColumnProfile, Content, Frequent, profile};
pub use self::roles::{
    DATASET_BALANCE, DATASET_COLUMNS, DATASET_TARGET, LeaveReason, LeftOut, RoleError, RoleOptions,
    Roles, SIMULATED_COLUMNS, is_dataset,
};
pub use self::scores::{
    Baseline, Baselines, ClassRow, Interval, Intervals, Judged, ScoreError, Scores,
};
pub use self::split::{Split, SplitBy, SplitError, SplitOptions};
pub use self::table::{Table, TableColumn, Text, Values};
pub use self::train::{
    ClassWeights, FitOptions, TrainError, TrainOptions, Trained, TrainingEvent, train,
};

mod audit;
mod balance;
mod card;
pub mod csv;
mod encode;
mod error;
mod estimator;
mod explain;
mod labels;
mod model;
mod profile;
mod roles;
mod scores;
mod seen;
mod split;
mod table;
mod train;
