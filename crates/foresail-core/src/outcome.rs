//! What really happened.

use serde::{Deserialize, Serialize};

use crate::failure::FailureKind;
use crate::time::Timestamp;
use crate::unit::Unit;

/// One fact of the Kubernetes API that an outcome rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// When the fact held by its own time stamp.
    pub at: Timestamp,
    /// Where it stands, such as `pod shop/cart-0 containers[app].state.terminated`.
    pub source: String,
    /// What it says. Untrusted text.
    pub text: String,
}

/// A failure that occurred, from API facts only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// First instant the fact held (`t_e`), by the object's own time.
    pub occurred_at: Timestamp,
    /// When that was known.
    pub settled_at: Timestamp,
    /// When the unit had recovered from this kind; `None` while it has not.
    pub recovered_at: Option<Timestamp>,
    /// The named failure.
    pub kind: FailureKind,
    /// What failed.
    pub unit: Unit,
    /// The pod it was seen on, where there is one.
    pub pod: Option<String>,
    /// The node it was seen on, where known.
    pub node: Option<String>,
    /// Number of the incident it belongs to.
    pub incident: u32,
    /// Whether it is the first outcome of its incident.
    pub primary: bool,
    /// The facts that made it, oldest first.
    pub facts: Vec<Fact>,
}
