//! Tests of the simulator from outside.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper of a test may panic as the test may"
)]

mod acceptance;
mod metrics_table;
