//! Options of `data inspect`, `evaluate` and `predict`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};

use super::Format;

/// Looks at tables.
#[derive(Debug, Subcommand)]
pub(crate) enum DataCommand {
    /// Show the columns of a table, and what would make a score on it too good to be true
    Inspect(DataInspectArguments),
}

/// Options of `data inspect`.
#[derive(Args, Debug)]
#[command(after_help = "\
With --target the table is audited: columns that alone tell a class, repeated rows, groups that give the
label away, labels that are thresholds on features, rows without order in time. See docs/csv.md.

Example:
  foresail data inspect metrics.csv --target issue_type --groups pod --time timestamp")]
pub(crate) struct DataInspectArguments {
    /// Table: .csv or .parquet
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Column of the classes
    #[arg(long, value_name = "COLUMN")]
    pub(crate) target: Option<String>,
    /// Columns that name what rows belong to, such as an object or a recording
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', requires = "target")]
    pub(crate) groups: Vec<String>,
    /// Column of time; a forecast is then asked
    #[arg(long, value_name = "COLUMN", requires = "target")]
    pub(crate) time: Option<String>,
    /// Audit as for a forecast even without a column of time
    #[arg(long, requires = "target")]
    pub(crate) forecast: bool,
    /// How to print the results
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// Options of `evaluate`.
#[derive(Args, Debug)]
#[command(
    group = ArgGroup::new("source").required(true).args(["recording", "data"]),
    after_help = "\
Of the very file that the model was trained on, only the test part of its split is judged. Models of
recordings are judged by `foresail backtest --model` and `foresail bench`.

Example:
  foresail evaluate --model my.model --data metrics.csv --out out/evaluate"
)]
pub(crate) struct EvaluateArguments {
    /// Model of `train --data`
    #[arg(long, value_name = "FILE")]
    pub(crate) model: PathBuf,
    /// Table with the target: .csv or .parquet
    #[arg(long, value_name = "FILE")]
    pub(crate) data: Option<PathBuf>,
    /// Not judged here: see `backtest --model` and `bench`
    #[arg(long, value_name = "DIR", num_args = 1.., hide = true)]
    pub(crate) recording: Vec<PathBuf>,
    /// Folder for report.html, result.json and pictures
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// How to print the results
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// Options of `predict`.
#[derive(Args, Debug)]
#[command(after_help = "\
Row 1 is the first row after the names. The target and columns that the model does not use are ignored;
categories that it does not know count as missing; both are counted on standard error.

Example:
  foresail predict --model my.model --data new.csv --out predicted.csv")]
pub(crate) struct PredictArguments {
    /// Model of `train --data`
    #[arg(long, value_name = "FILE")]
    pub(crate) model: PathBuf,
    /// Table: .csv or .parquet
    #[arg(long, value_name = "FILE")]
    pub(crate) data: PathBuf,
    /// File for the predictions: .csv, .parquet or .jsonl [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Contributions a row, the greatest first
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) top: usize,
    /// How to print predictions, or with --out their summary
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}
