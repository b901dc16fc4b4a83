//! Tests of the tree core.
