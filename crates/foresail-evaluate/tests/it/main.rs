//! Gate 1 of the evaluation protocol and the stretch test, on a small synthetic recording and, where
//! one is shipped, on a slice of a real one.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

mod causality;
mod dataset;
mod gates;
mod live;
mod prevalence;
mod recorded;
mod renamed;
mod shipped;
mod silenced;
mod stretch;
mod synthetic;
