//! Chores of the workspace: `cargo xtask layers`, `cargo xtask gen` and `cargo xtask model`.
//!
//! Light on purpose: it links none of the workspace's crates, so it builds in seconds and its
//! answer does not depend on them compiling.

mod generate;
mod layers;
mod model;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Chores of the Foresail workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Fails when a crate depends on something that its layer must not see.
    Layers,
    /// Writes the generated pages of `docs/`.
    Gen,
    /// Trains the model that is built into the program.
    Model,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().chore {
        Chore::Layers => layers::run(),
        Chore::Gen => generate::run(),
        Chore::Model => model::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
