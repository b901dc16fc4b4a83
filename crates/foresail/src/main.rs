//! The `foresail` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    foresail::run()
}
