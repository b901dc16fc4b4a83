//! Options of `simulate`.

use std::path::PathBuf;

use clap::Args;
use foresail_sim::metrics_table::{IssueType, Settings};

use super::Format;

/// Options of `simulate`.
#[derive(Args, Debug)]
#[command(after_help = "\
Rows of one object form a time series, one row each half hour; an issue grows from nothing, and harmless
events look like its beginning. The columns stand in docs/simulated-columns.md, what models reach on
them in docs/simulated-csv.md.

Example:
  foresail simulate --samples 1000 --hours 48 --issues pod_crash,memory_leak,network_latency,normal \\
      --out metrics.csv --truth truth.csv
  foresail train --data metrics.csv --target issue_type --out my.model")]
pub(crate) struct SimulateArguments {
    /// Rows
    #[arg(long, value_name = "N", default_value_t = Settings::default().samples)]
    pub(crate) samples: usize,
    /// Simulated time in hours
    #[arg(long, value_name = "H", default_value_t = Settings::default().hours)]
    pub(crate) hours: u32,
    /// Issue types that occur, with `normal` for the healthy rows; `all` for every one
    #[arg(long, value_name = "ISSUES", default_value_t = default_issues())]
    pub(crate) issues: String,
    /// Seed of all chance
    #[arg(long, value_name = "S", default_value_t = Settings::default().seed)]
    pub(crate) seed: u64,
    /// File for the rows, as CSV
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// File for what nobody can measure, row by row: severity, minutes since and to onset
    #[arg(long, value_name = "FILE")]
    pub(crate) truth: Option<PathBuf>,
    /// How to print what was written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

fn default_issues() -> String {
    let issues = Settings::default().issue_types;
    issues.into_iter().map(IssueType::as_str).collect::<Vec<_>>().join(",")
}
