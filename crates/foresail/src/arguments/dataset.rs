//! Options of `dataset`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Format;

/// How `train` is to weigh labels of different frequency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BalanceArgument {
    /// Every row counts the same
    None,
    /// Every label counts the same
    Weights,
    /// As many rows of each label as the rarest has
    Undersample,
}

/// Options of `dataset`.
#[derive(Args, Debug)]
#[command(after_help = "\
Labels are facts of the Kubernetes API: bad while an outcome of the workload is open, alert when one
begins within 60 production minutes, good when none does; the last 60 minutes carry none. The file goes
unchanged into train; --balance is written down in it and takes effect there, on training rows only.

Example:
  foresail dataset --recording data/lab-1 data/lab-2 data/lab-3 --out out/rows.csv
  foresail train --data out/rows.csv --target label --model random-forest --out my.model")]
pub(crate) struct DatasetArguments {
    /// Folders of the recordings
    #[arg(long, value_name = "DIR", num_args = 1.., required = true)]
    pub(crate) recording: Vec<PathBuf>,
    /// File for the rows: .csv or .parquet
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// How train is to balance the labels of its training rows
    #[arg(long, value_enum, default_value_t = BalanceArgument::None)]
    pub(crate) balance: BalanceArgument,
    /// How to print the counts
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}
