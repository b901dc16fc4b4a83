//! `foresail run`: the service.
//!
//! ```text
//!  config ──> start: store, models, board, API
//!                │
//!  cluster ──> feed ──> watch: one turn of the desk a tick ──┬─> keeper ──> store
//!                         desk: judge · scores · paging      └─> board ──> API
//! ```

mod board;
mod clock;
mod cluster;
pub(crate) mod config;
pub(crate) mod connect;
mod desk;
mod feed;
mod judge;
mod keeper;
mod logging;
pub(crate) mod models;
mod predict;
mod restart;
mod scores;
mod series;
mod sources;
mod start;
mod watch;

pub(crate) use clock::SystemClock;
pub(crate) use cluster::name as cluster_name;
pub(crate) use start::{refused, run};
