//! Options of `backtest`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::{BudgetArgument, Format, PrometheusArguments};
use crate::requirement::{Metric, Requirement};

/// Options of `backtest`.
#[derive(Args, Debug)]
#[command(
    group = ArgGroup::new("judged").required(true).args(["recording", "prometheus"]),
    mut_arg("time_scale", |argument| argument.requires("prometheus")),
    after_help = backtest_help(),
    after_long_help = backtest_long_help()
)]
pub(crate) struct BacktestArguments {
    /// Folder of the recording to replay
    #[arg(long, value_name = "DIR")]
    pub(crate) recording: Option<PathBuf>,
    /// A trained model, judged at its own operating point [default: first passage, untrained; with
    /// --prometheus the built-in model]
    #[arg(long, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,
    /// Recordings to choose thresholds and the baselines' settings on [default: as shipped]
    #[arg(long, value_name = "DIR", num_args = 1..)]
    pub(crate) train: Vec<PathBuf>,
    /// False alarms per pod-day of fault time that the threshold is for: the model's, else chosen on
    /// --train, else as shipped (chosen on the shipped training recordings)
    #[arg(long, value_enum, default_value = "0.5")]
    pub(crate) budget: BudgetArgument,
    /// Write the alarms, one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub(crate) alarms: Option<PathBuf>,
    /// Write the probabilities of every tick as Parquet
    #[arg(long, value_name = "FILE")]
    pub(crate) scores: Option<PathBuf>,
    /// Write report.html, result.json and pictures into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Exit with 1 unless these hold, such as 'er>=0.2,fa<=1'
    #[arg(long, value_name = "CONDITIONS")]
    pub(crate) require: Option<Requirement>,
    /// How to print the results
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// The metrics server whose history is judged, and how it is reached
    #[command(flatten)]
    pub(crate) server: PrometheusArguments,
    /// Judge first passage to known limits, without a trained model
    #[arg(long, requires = "prometheus", conflicts_with = "model")]
    pub(crate) first_passage: bool,
    /// Train on the first 60 % of the time and judge only what comes two production hours later
    #[arg(long, requires = "prometheus", conflicts_with_all = ["model", "first_passage", "train"])]
    pub(crate) fit: bool,
    /// Keep what was recorded in this new folder [default: removed]
    #[arg(long, value_name = "DIR", requires = "prometheus")]
    pub(crate) keep: Option<PathBuf>,
}

/// What `backtest` does without a trained model.
const UNTRAINED: &str = "Without --model it uses first passage to known limits and change-time checks: no \
     training.

With --prometheus the history that a metrics server already holds is recorded and judged by the model that
is built in, beside the stock rules and the alerts that really fired there (ALERTS). It only reads, two
queries at once at most; docs/prometheus.md says what such history cannot show.";

const BACKTEST_EXAMPLE: &str = "Example:
  foresail backtest --recording data/lab-4 --train data/lab-1 data/lab-2 data/lab-3 \\
      --budget 0.5 --out out/backtest --require 'er>=0.2,fa<=1'
  foresail backtest --prometheus http://prometheus:9090 --since 24h --out out/backtest";

/// The short help's closing text.
fn backtest_help() -> String {
    format!("{UNTRAINED}\n\n{BACKTEST_EXAMPLE}")
}

/// The same with everything that can be required.
fn backtest_long_help() -> String {
    let metrics: String = Metric::ALL
        .iter()
        .map(|metric| format!("  {:<15}{}\n", metric.as_str(), metric.meaning()))
        .collect();
    format!(
        "{UNTRAINED}\n\nConditions for --require, joined by commas, are one of these, then >=, <=, > or <, \
         then a number:\n{metrics}\n{BACKTEST_EXAMPLE}"
    )
}
