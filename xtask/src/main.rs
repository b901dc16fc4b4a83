//! Chores of the workspace: `cargo xtask layers`, `gen`, `model` and `image`.
//!
//! Light on purpose: it links none of the workspace's crates, so it builds in seconds and its
//! answer does not depend on them compiling.

mod generate;
mod image;
mod layers;
mod model;

use std::path::PathBuf;
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
    /// Builds the program and writes it as a container image: an archive for `docker load` and `ctr image import`.
    Image {
        /// Where the archive is written [default: image/foresail.tar in the target directory].
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let result = match Arguments::parse().chore {
        Chore::Layers => layers::run(),
        Chore::Gen => generate::run(),
        Chore::Model => model::run(),
        Chore::Image { out } => image::run(out),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
