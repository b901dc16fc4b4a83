//! The HTTP API: reads what the service published, and says how the service itself is.

#![deny(missing_docs)]
