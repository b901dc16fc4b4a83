//! The program as a script sees it: exit codes, standard output, standard error, files.

#![expect(clippy::unwrap_used, reason = "a helper of a test may panic as the test may")]

mod bench;
mod dataset;
mod default_model;
mod doctor;
mod help;
mod inputs;
mod outputs;
mod program;
mod real_prometheus;
mod record;
mod recordings;
mod simulate;
mod tables;
mod top;
mod train;
