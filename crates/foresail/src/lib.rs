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
mod dataset;
mod demo;
mod failure;
mod inspect;
mod models;
mod outcomes;
mod progress;
mod reference;
mod requirement;
mod serve;
mod shipped;
mod simulate;
mod staging;
mod stdout;
mod summary;
mod table;
mod train;
mod unjudged;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command, RecordingCommand};
use crate::failure::Failure;

/// Runs the program on the arguments of this process.
#[must_use]
pub fn run() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Recording(RecordingCommand::Inspect(arguments)) => inspect::run(&arguments),
        Command::Outcomes(arguments) => outcomes::run(&arguments),
        Command::Backtest(arguments) => backtest::run(&arguments),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Dataset(arguments) => dataset::run(&arguments),
        Command::Train(arguments) => train::run(&arguments),
        Command::Models(arguments) => models::run(&arguments),
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
