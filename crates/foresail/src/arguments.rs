//! The command line: every command, its options and an example.

mod backtest;
mod dataset;
mod doctor;
mod models;
mod record;
mod run;
mod simulate;
mod tables;
mod top;
mod train;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use backtest::BacktestArguments;
pub(crate) use dataset::{BalanceArgument, DatasetArguments};
pub(crate) use doctor::DoctorArguments;
pub(crate) use models::ModelsArguments;
pub(crate) use record::{PrometheusArguments, RecordArguments};
pub(crate) use run::RunArguments;
pub(crate) use simulate::SimulateArguments;
pub(crate) use tables::{DataCommand, DataInspectArguments, EvaluateArguments, PredictArguments};
pub(crate) use top::TopArguments;
pub(crate) use train::{
    ClassWeightsArgument, MissingTargetArgument, ModelArgument, SplitArgument, TrainArguments,
};

/// Sees Kubernetes failures before they happen.
#[derive(Debug, Parser)]
#[command(
    name = "foresail",
    version,
    after_help = "\
Exit codes: 0 done, 1 a required result was not met, 2 wrong use or input, 3 the environment refused.

Example:
  foresail demo --once"
)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Back-test on a shipped recording and show the report; needs no cluster
    Demo(DemoArguments),
    /// Look at recordings
    #[command(subcommand)]
    Recording(RecordingCommand),
    /// List the failures that really happened in a recording, with the facts that made them
    Outcomes(OutcomesArguments),
    /// Replay a recording or a Prometheus' history causally: the alarms it would have raised, beside the
    /// stock rules
    Backtest(BacktestArguments),
    /// Write a running cluster, or what a metrics server holds of the last hours, as a recording
    Record(RecordArguments),
    /// Write simulated rows of metrics with the issue that each belongs to, as CSV
    Simulate(SimulateArguments),
    /// Write recordings as labelled rows, one a pod and production minute, as CSV or Parquet
    Dataset(DatasetArguments),
    /// Look at tables
    #[command(subcommand)]
    Data(DataCommand),
    /// Train a model on recordings or on a table, and print its card
    Train(TrainArguments),
    /// Judge a model of a table on rows with their classes: scores, pictures, a page
    Evaluate(EvaluateArguments),
    /// Say the class of every row of a table, with its probability and its reasons
    Predict(PredictArguments),
    /// Show the models at hand; add them to a service's registry and give them roles
    Models(ModelsArguments),
    /// Watch a cluster: collect, predict, raise alarms, answer over HTTP
    Run(RunArguments),
    /// Say what can be predicted here, what is missing, and what mends it
    Doctor(DoctorArguments),
    /// Show what may fail, as a running service says it, until Ctrl-C
    Top(TopArguments),
    /// Judge every method on recordings and applications that it was not fitted on
    Bench(BenchArguments),
    /// Print a generated page of the documentation
    #[command(hide = true)]
    Reference {
        /// Which page.
        page: Page,
    },
}

/// Looks at recordings.
#[derive(Debug, Subcommand)]
pub(crate) enum RecordingCommand {
    /// Show what is in a recording: time span, objects, metrics, gaps, repairs, outcomes by kind
    Inspect(InspectArguments),
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// Pages of the documentation that are drawn from code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Page {
    /// Commands and options
    Cli,
    /// Files and fields of a recording
    Recording,
    /// From which metrics each quantity is resolved
    Metrics,
    /// What the learned predictor sees of a pod
    Features,
    /// Columns and issue types of a simulated CSV
    SimulatedColumns,
    /// Settings of the service
    Config,
    /// Rules of the chart's roles
    Rules,
    /// What may be read, and what each missing right costs
    Rights,
    /// The HTTP API as OpenAPI
    Openapi,
}

/// How many false alarms may be spent, per pod-day of fault time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BudgetArgument {
    /// One false alarm in ten pod-days
    #[value(name = "0.1")]
    Tenth,
    /// One in two pod-days
    #[value(name = "0.5")]
    Half,
    /// One a pod-day
    #[value(name = "1")]
    One,
}

/// Options of `demo`.
#[derive(Args, Debug)]
#[command(after_help = "\
The model that is built in was trained on the shipped training recordings; the demo recording is only
back-tested.

Example:
  foresail demo --once --out out/demo")]
pub(crate) struct DemoArguments {
    /// Stop after the results instead of serving the report
    #[arg(long)]
    pub(crate) once: bool,
    /// Folder for the report
    #[arg(long, value_name = "DIR", default_value = "out/demo")]
    pub(crate) out: PathBuf,
    /// Address on which the report is served
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7780", conflicts_with = "once")]
    pub(crate) listen: SocketAddr,
    /// Folder with the shipped recordings [default: searched]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// Options of `recording inspect`.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  foresail recording inspect data/lab-4")]
pub(crate) struct InspectArguments {
    /// Folder of the recording
    #[arg(value_name = "DIR")]
    pub(crate) recording: PathBuf,
    /// How to print the results
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// Options of `outcomes`.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  foresail outcomes --recording data/lab-4 --format json | head")]
pub(crate) struct OutcomesArguments {
    /// Folder of the recording
    #[arg(long, value_name = "DIR")]
    pub(crate) recording: PathBuf,
    /// How to print the results
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// Options of `bench`.
#[derive(Args, Debug)]
#[command(after_help = "\
Every recording is judged by what the others give, then every namespace, then the demo by all of them;
a folder with roles.json stands for the recordings that it names. A run that was cut short goes on
where it stopped when it is called again with the same folder for results.

Example:
  foresail bench --recording data --out out/bench --check docs/results.json")]
pub(crate) struct BenchArguments {
    /// Recordings, or a folder with roles.json
    #[arg(long, value_name = "DIR", num_args = 1.., required = true)]
    pub(crate) recording: Vec<PathBuf>,
    /// Folder for index.html, bench.json, tables.md, results.json and the results of folds
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Only one fold, few draws, no plain classifier and no ablation
    #[arg(long, conflicts_with = "check")]
    pub(crate) reduced: bool,
    /// Exit with 1 where Foresail falls out of the intervals of these committed results
    #[arg(long, value_name = "FILE")]
    pub(crate) check: Option<PathBuf>,
}
