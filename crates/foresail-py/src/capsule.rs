//! Data frames in and out without a copy: Arrow's C stream in a capsule.
//!
//! # Source
//! The Arrow PyCapsule Interface, <https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html>.

use std::ffi::CStr;

use arrow_array::ffi_stream::{ArrowArrayStreamReader, FFI_ArrowArrayStream};
use arrow_array::{RecordBatch, RecordBatchIterator};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::exceptions::{InputError, input};

/// The name that the interface gives such a capsule.
const STREAM: &CStr = c"arrow_array_stream";

/// The batches of anything that speaks the interface.
pub(crate) fn import(frame: &Bound<'_, PyAny>) -> PyResult<ArrowArrayStreamReader> {
    if !frame.hasattr("__arrow_c_stream__")? {
        let kind = frame.get_type().qualname()?;
        return Err(InputError::new_err(format!(
            "`{kind}` is no data frame: it has no `__arrow_c_stream__`, as those of pandas and polars do"
        )));
    }
    let capsule = frame.call_method0("__arrow_c_stream__")?;
    let capsule = capsule.cast::<PyCapsule>()?;
    let pointer = capsule.pointer_checked(Some(STREAM))?.cast::<FFI_ArrowArrayStream>();
    #[expect(unsafe_code, reason = "Arrow hands its stream over as a pointer")]
    // SAFETY: the capsule has the name that the interface reserves for a pointer to such a stream,
    // it is alive, and `from_raw` leaves an empty stream behind, which its destructor skips.
    let stream = unsafe { FFI_ArrowArrayStream::from_raw(pointer.as_ptr()) };
    ArrowArrayStreamReader::try_new(stream).map_err(input)
}

/// A capsule that yields one batch.
pub(crate) fn export(py: Python<'_>, batch: RecordBatch) -> PyResult<Bound<'_, PyCapsule>> {
    let schema = batch.schema();
    let reader = RecordBatchIterator::new([Ok(batch)], schema);
    PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(Box::new(reader)), STREAM)
}
