//! Work without the interpreter's lock: other threads of Python go on meanwhile, and a defect becomes an
//! exception.
//!
//! ```text
//!  detached       on the thread that calls
//!  interruptible  on a thread of its own; the thread that calls draws progress and looks for Ctrl-C,
//!                 which ends the work at its next report, or else drops what it gives
//! ```

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;

use pyo3::prelude::*;

use crate::exceptions::InternalError;
use crate::progress::Progress;

/// Does work that takes no time worth speaking of.
pub(crate) fn detached<T: Send>(
    py: Python<'_>,
    work: impl FnOnce() -> PyResult<T> + Send,
) -> PyResult<T> {
    py.detach(|| caught(work))
}

/// Does work of some length.
pub(crate) fn interruptible<T: Send>(
    py: Python<'_>,
    name: &str,
    work: impl FnOnce(&Progress) -> PyResult<T> + Send,
) -> PyResult<T> {
    let progress = &Progress::new(name);
    py.detach(|| {
        thread::scope(|scope| {
            let (working, ended) = mpsc::channel();
            let worker = scope.spawn(move || {
                let result = caught(|| work(progress));
                drop::<mpsc::Sender<()>>(working);
                result
            });
            let interrupt = progress.watch(&ended, || Python::attach(|py| py.check_signals()));
            let result = worker.join().unwrap_or_else(|panic| Err(defect(panic.as_ref())));
            interrupt.map_or(result, Err)
        })
    })
}

fn caught<T>(work: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    // What the work has touched is dropped with it: nothing half-done is seen again.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(defect(panic.as_ref())))
}

fn defect(panic: &(dyn Any + Send)) -> PyErr {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    InternalError::new_err(text.unwrap_or("no text").to_owned())
}
