//! The API over real connections, in front of a service that is made up.

mod body;
mod fixture;
mod guard;
mod metrics;
mod openapi;
mod predict;
mod problem;
mod schema;
mod stream;
