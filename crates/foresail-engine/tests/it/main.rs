//! Integration tests of the engine.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

mod churn;
mod first_passage;
mod history;
mod ledger;
mod ledger_splits;
mod pods;
mod prevalence;
