//! Storage: the ports of `foresail_core::store` on SQLite (embedded) and PostgreSQL.
//!
//! ```text
//!  Tick · Minute · …  ──> statements (pure: rows and SQL) ──> Backend::apply   one transaction
//!  question           ──> SQL ─────────────────────────────> Backend::query   ──> rows ──> core types
//!                                                              ├─ sqlite:   multi-row inserts, WAL
//!                                                              └─ postgres: COPY, session lock
//! ```
//!
//! Tables, statements and questions are the same for both databases; a backend only moves rows.
//! `docs/store.md` describes the tables for people who query them.

#![deny(missing_docs)]

mod backend;
mod blob;
mod cell;
mod fault;
mod label;
mod minute;
mod read;
mod registry;
mod retention;
mod schema;
mod statement;
mod store;
mod text;
mod tick;

pub use store::{Access, Store, StoreOptions, open};
