//! Integration tests of the strict reader and the replay.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails by panicking")]

mod alerts;
mod capture;
mod causal;
mod cluster;
mod cluster_access;
mod cluster_mock;
mod coverage;
mod damaged;
mod foreign;
mod history;
mod inventory;
mod live;
mod prometheus;
mod real_prometheus;
mod replayed;
mod server;
mod small;
