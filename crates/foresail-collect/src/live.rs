//! A running cluster, tick by tick: samples, objects, events and log lines as one batch.

mod assembler;

pub use assembler::{Held, Losses, SeriesLimits};
