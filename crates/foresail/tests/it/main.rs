//! The program as a script sees it: exit codes, standard output, standard error, files.

mod help;
mod inputs;
mod outputs;
mod program;
mod recordings;
