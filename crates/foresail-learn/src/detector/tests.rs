//! Tests of the detectors.
