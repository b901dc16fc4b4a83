//! The exceptions, and how an error of the libraries becomes one.

use std::error::Error;

use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

create_exception!(
    foresail,
    ForesailError,
    PyValueError,
    "Anything that foresail refuses; the base of its other exceptions."
);
create_exception!(
    foresail,
    InputError,
    ForesailError,
    "Rows, labels, recordings or settings that cannot be used; the text names the place."
);
create_exception!(
    foresail,
    ModelFileError,
    ForesailError,
    "A model file that cannot be read or written: missing, cut short, changed, of another kind."
);
create_exception!(
    foresail,
    NotReadyError,
    ForesailError,
    "A method was called before the one that it needs."
);
create_exception!(
    foresail,
    InternalError,
    ForesailError,
    "A defect of foresail itself; please report it with the text."
);

/// Of the input.
pub(crate) fn input(error: impl Error) -> PyErr {
    InputError::new_err(chain(&error))
}

/// Of a model file.
pub(crate) fn model_file(error: impl Error) -> PyErr {
    ModelFileError::new_err(chain(&error))
}

/// An error with its causes, each said once.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        source = cause.source();
    }
    text
}
