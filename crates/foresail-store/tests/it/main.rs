//! The store on real databases: SQLite in a temporary folder, PostgreSQL started by the test.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic as tests do")]

mod kill;
mod place;
mod postgres;
mod same;
mod sample;
mod sqlite;
#[macro_use]
mod suite;

store_suite!(on_sqlite, crate::place::Place::file());
store_suite!(on_postgres, crate::place::Place::server());
