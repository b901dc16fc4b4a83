//! Reads recordings and resolves their series to quantities.
//!
//! In: a folder in the recording format, version 1. Out: [`Batch`](foresail_core::Batch)es as they
//! would have arrived live. Metric, job and label names stop here: behind this crate there are only
//! entities and quantities.

mod amount;
pub mod capture;
pub mod coverage;
mod error;
mod inspect;
mod inventory;
pub mod kubernetes;
mod lines;
pub mod live;
mod manifest;
mod objects;
mod pages;
pub mod prometheus;
mod recording;
mod replay;
mod report;
mod resolve;
pub mod scores;
mod steered_clock;
mod stream;
pub mod table;
mod tls;
mod trim;
mod truth;
pub mod write;

pub use amount::{AmountError, parse_amount};
pub use error::RecordingError;
pub use inspect::{Inspection, QuantitySources};
pub use manifest::Manifest;
pub use pages::{format_page, metrics_page};
pub use recording::{NotedFailure, OpenOptions, Recording, Verify};
pub use replay::{Replay, ReplayClock, ReplayOptions};
pub use report::{Gap, ReadReport, Repair, RepairKind};
pub use steered_clock::{SteeredClock, SteeredClockError};
pub use trim::{TrimSummary, trim};
pub use truth::{Episode, EpisodeClass};
