//! Options of `train`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};

use super::{BalanceArgument, Format};

/// What can be trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModelArgument {
    /// Hazards by failure and time on boosted trees, starting from first passage (recordings only)
    Hazard,
    /// A random forest; on recordings, of what fails within 100 production minutes
    RandomForest,
    /// Gradient boosting of the same
    GradientBoosting,
}

/// What training and test rows must not share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SplitArgument {
    /// Rows; every class has its share in both parts
    Stratified,
    /// Values of the first column of --groups
    Grouped,
    /// Time: the last rows by the column of --time are the test
    Time,
}

/// How classes of different frequency count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClassWeightsArgument {
    /// Every row counts the same
    None,
    /// Every class counts the same
    Balanced,
}

/// What becomes of rows without a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MissingTargetArgument {
    /// They are an error
    Refuse,
    /// They are left out
    Drop,
    /// They are a class of their own
    Class,
}

/// Options of `train`.
#[derive(Args, Debug)]
#[command(
    group = ArgGroup::new("source").required(true).args(["recording", "data"]),
    after_help = "\
Recordings: thresholds and calibration come from scores of recordings that the model was not fitted on
(of one recording: from parts of its namespaces). Keep at least one recording back to judge the model on.

Tables: a part of the rows is kept back and judged; the audit looks for what makes the score too good.
See docs/csv.md.

Example:
  foresail train --recording data/lab-1 data/lab-2 data/lab-3 --model hazard --out my.model
  foresail train --data metrics.csv --target issue_type --out my.model"
)]
pub(crate) struct TrainArguments {
    /// Folders of the recordings to learn from
    #[arg(long, value_name = "DIR", num_args = 1.., requires = "model")]
    pub(crate) recording: Vec<PathBuf>,
    /// Table to learn from: .csv or .parquet
    #[arg(long, value_name = "FILE", requires = "target")]
    pub(crate) data: Option<PathBuf>,
    /// What to train [default with --data: random-forest]
    #[arg(long, value_enum)]
    pub(crate) model: Option<ModelArgument>,
    /// Column of the classes
    #[arg(long, value_name = "COLUMN", conflicts_with = "recording")]
    pub(crate) target: Option<String>,
    /// Columns that name what rows belong to, such as an object or a recording; they are no features
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', conflicts_with = "recording")]
    pub(crate) groups: Vec<String>,
    /// Column of time; it is no feature
    #[arg(long, value_name = "COLUMN", conflicts_with = "recording")]
    pub(crate) time: Option<String>,
    /// Columns to leave out
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', conflicts_with = "recording")]
    pub(crate) ignore: Vec<String>,
    /// What training and test rows must not share [default: stratified]
    #[arg(long, value_enum, conflicts_with = "recording")]
    pub(crate) split: Option<SplitArgument>,
    /// Share of the rows that are kept back for the test [default: 0.2]
    #[arg(long, value_name = "SHARE", conflicts_with = "recording")]
    pub(crate) test_size: Option<f64>,
    /// Seed of split and model [default: 42]
    #[arg(long, value_name = "N", conflicts_with = "recording")]
    pub(crate) seed: Option<u64>,
    /// How classes of different frequency count in training [default: none]
    #[arg(long, value_enum, conflicts_with_all = ["recording", "balance"])]
    pub(crate) class_weights: Option<ClassWeightsArgument>,
    /// The same, or by leaving out training rows; the test part stays as it is [default: none]
    #[arg(long, value_enum, conflicts_with = "recording")]
    pub(crate) balance: Option<BalanceArgument>,
    /// What becomes of rows without a class [default: refuse]
    #[arg(long, value_enum, conflicts_with = "recording")]
    pub(crate) missing_target: Option<MissingTargetArgument>,
    /// File for the model
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Write the training log, one JSON object a line
    #[arg(long, value_name = "FILE", conflicts_with = "recording")]
    pub(crate) log: Option<PathBuf>,
    /// How to print the model card
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}
