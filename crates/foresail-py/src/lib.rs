//! The native half of the Python package `foresail`: tables, the encoding for other learners, the
//! model, the simulator, data sets and back-tests.
//!
//! ```text
//!  pandas, polars ──Arrow stream──> Rows ──┬─ Encoding ──> frames of numbers for any learner
//!  CSV, Parquet, recordings, simulator ──> │  Model     ──> labels, probabilities, scores
//!                                          └──Arrow stream──> pandas, polars
//! ```
//!
//! `python/foresail` puts origin A's classes on top. Nothing is decided here: rows, roles, splits,
//! models and scores are those of the command line. Every failure is a named exception.

use pyo3::prelude::*;

mod capsule;
mod encoding;
mod exceptions;
mod model;
mod parted;
mod progress;
mod rows;
mod sets;
mod work;

/// The native half of `foresail`; use the package.
#[pymodule]
mod _foresail {
    #[pymodule_export]
    use super::encoding::Encoding;
    #[pymodule_export]
    use super::exceptions::{
        ForesailError, InputError, InternalError, ModelFileError, NotReadyError,
    };
    #[pymodule_export]
    use super::model::Model;
    #[pymodule_export]
    use super::parted::Parted;
    #[pymodule_export]
    use super::rows::Rows;
    #[pymodule_export]
    use super::sets::{backtest_rows, issue_types, recording_rows, simulate};
}
