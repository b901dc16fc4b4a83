//! Learning on plain frames: trees, hazards, calibration, detectors, metrics and the model file.
//!
//! Nothing here knows that pods exist.

#![deny(missing_docs)]

pub mod boosting;
pub mod calibration;
pub mod detector;
pub mod estimator;
pub mod forest;
pub mod frame;
pub mod hazard;
pub mod logistic;
pub mod metrics;
pub mod model_file;
mod numeric;
pub mod tabular;
pub mod tree;
pub mod vus;
