//! Options of `top`.

use std::path::PathBuf;

use clap::Args;

use super::Format;

/// Options of `top`.
#[derive(Args, Debug)]
#[command(after_help = "\
Ctrl-C ends it. Where standard output is no terminal it prints once. A service in a cluster is reached
through `kubectl -n foresail port-forward service/foresail 7780`.

Example:
  foresail top --token-file token")]
pub(crate) struct TopArguments {
    /// Base address of the service
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7780")]
    pub(crate) server: String,
    /// File with the bearer token that the service wants
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Print once and stop
    #[arg(long)]
    pub(crate) once: bool,
    /// Seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) interval: u64,
    /// Only this failure kind, such as oom_killed
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<String>,
    /// Only objects in this namespace
    #[arg(long, short = 'n', value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// Predictions to show [default: as many as fit, 20 where that is not known]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: Option<u32>,
    /// How to print: as JSON it prints once, an object with `status` and `predictions`
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}
