//! What can be predicted on a cluster, and what would mend the rest.
//!
//! ```text
//!  metrics server ──> families, hours of history ──┐
//!  Kubernetes API ──> rights (AccessReport) ───────┼─> judge ──> Coverage { kinds, fixes }
//!  kubelets ────────> who answers ─────────────────┘      ^
//!                                                  NEEDS ─┘ one table: what each failure kind needs
//! ```
//!
//! [`judge`] is pure; [`server`] and [`cluster`] look, read only and bounded.

mod fixes;
mod judge;
mod look;
mod needs;
#[cfg(test)]
mod tests;

pub use fixes::{Fix, FixKind};
pub use judge::{Coverage, KindCoverage, Predictable, Reason, SourceReport, judge};
pub use look::{ClusterSeen, KubeletsSeen, Seen, ServerSeen, Source, cluster, server};
