//! `foresail run`: the service.

pub(crate) mod config;
