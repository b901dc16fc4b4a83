//! `foresail run`: the service.

pub(crate) mod config;
mod judge;
mod restart;
