//! Tests of the simulator from outside.

mod acceptance;
mod metrics_table;
