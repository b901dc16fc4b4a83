//! Long calls: other threads of Python go on meanwhile, a terminal sees progress, and a defect
//! becomes an exception.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::prelude::*;

use crate::exceptions::InternalError;
use crate::progress::Progress;

/// Does the work without the interpreter's lock.
pub(crate) fn detached<T: Send>(
    py: Python<'_>,
    name: &str,
    work: impl FnOnce(&Progress) -> PyResult<T> + Send,
) -> PyResult<T> {
    py.detach(|| {
        let progress = Progress::start(name);
        // What the work has touched is dropped with it: nothing half-done is seen again.
        catch_unwind(AssertUnwindSafe(|| work(&progress)))
            .unwrap_or_else(|panic| Err(InternalError::new_err(said(panic.as_ref()))))
    })
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no text").to_owned()
}
