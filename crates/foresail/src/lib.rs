//! The `foresail` program: command line, wiring and exit codes. Domain logic lives in the crates
//! below it.
//!
//! ```text
//!  arguments ──> demo · backtest · outcomes · inspect ──> collect · engine · evaluate
//!                     │ results                                │ errors
//!                     v                                        v
//!            stdout · staging (files, folders) · serve     failure ──> exit code, one `error:` line
//! ```

mod arguments;
mod backtest;
mod bench;
mod clock;
mod data_inspect;
mod dataset;
mod demo;
mod doctor;
mod evaluate;
mod failure;
mod inspect;
mod models;
mod outcomes;
mod predict;
mod progress;
mod record;
mod reference;
mod registry;
mod requirement;
mod rights;
mod rows;
mod serve;
mod service;
mod shipped;
mod simulate;
mod span;
mod staging;
mod stdout;
mod summary;
mod table;
mod table_card;
mod top;
mod train;
mod train_table;
mod unjudged;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command, DataCommand, RecordingCommand};
use crate::failure::Failure;

/// A tick makes and drops many small strings: the system's allocator takes a quarter longer over it and keeps half as
/// much memory again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs the program on the arguments of this process.
#[must_use]
pub fn run() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Recording(RecordingCommand::Inspect(arguments)) => inspect::run(&arguments),
        Command::Outcomes(arguments) => outcomes::run(&arguments),
        Command::Backtest(arguments) => backtest::run(&arguments),
        Command::Record(arguments) => record::run(&arguments),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Dataset(arguments) => dataset::run(&arguments),
        Command::Data(DataCommand::Inspect(arguments)) => data_inspect::run(&arguments),
        Command::Train(arguments) => train::run(&arguments),
        Command::Evaluate(arguments) => evaluate::run(&arguments),
        Command::Predict(arguments) => predict::run(&arguments),
        Command::Models(arguments) => models::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Top(arguments) => top::run(&arguments),
        Command::Run(arguments) => service::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Reference { page } => reference::run(page),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report(&failure),
    }
}

/// One line on standard error, and the exit code.
fn report(failure: &Failure) -> ExitCode {
    match failure {
        Failure::OutputClosed => {}
        Failure::NotMet(_) | Failure::Input(_) | Failure::Environment(_) => {
            // With standard error closed nobody is left to tell.
            let _ = writeln!(std::io::stderr(), "error: {failure}");
        }
    }
    ExitCode::from(failure.code())
}
