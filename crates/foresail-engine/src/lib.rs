//! Judgement as a pure state machine.
//!
//! ```text
//!  Batch ──> State::observe            graph · ledger · series      (what was seen, nothing else)
//!                 │
//!                 v
//!  assess(&State, &parent, at, &Models, &Policy) ──> Assessment     (pure: no clock, no I/O)
//!            first_passage ─┐
//!            checks ────────┴─> ranked predictions ──> alarm::advance ──> alarms + carry
//! ```
//!
//! Back-test, demo and the live service differ only in who calls.

#![deny(missing_docs)]

pub mod alarm;
pub mod assess;
mod by_name;
pub mod checks;
pub mod evidence;
pub mod features;
pub mod first_passage;
pub mod graph;
pub mod learned;
pub mod ledger;
pub mod logs;
pub mod paging;
#[cfg(test)]
#[path = "../tests/it/pods.rs"]
mod pods;
pub mod series;
mod settings;
mod state;
pub mod unknown;

pub use assess::{Carry, EngineAssessment, Models, Policy, assess};
pub use settings::Settings;
pub use state::State;
