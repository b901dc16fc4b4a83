//! Clusters that fail on purpose: seeded, simulated time, true labels.
//!
//! Nothing here reads a clock or a cluster: the same settings give the same bytes.

#![deny(missing_docs)]

mod draw;
pub mod metrics_table;
