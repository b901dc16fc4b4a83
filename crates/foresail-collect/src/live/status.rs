//! How the sources of a running service are: what they gave, and why not more.

use std::collections::BTreeMap;

use foresail_core::{PlatformDuration, Quantity, Timestamp};

use super::assembler::{Held, Losses};

/// How well a source works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SourceState {
    /// It gives all that it is asked for.
    #[default]
    Ok,
    /// It gives a part.
    Degraded,
    /// It gives nothing.
    Failed,
}

/// What kind of source it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SourceKind {
    /// A Prometheus-compatible API.
    Prometheus,
    /// A kubelet at its own port.
    Kubelet,
    /// kube-state-metrics, asked directly.
    KubeStateMetrics,
    /// Pods that ask by annotation to be scraped.
    Pods,
}

/// How one source is.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceReport {
    /// What kind of source it is.
    pub kind: SourceKind,
    /// Its address, or whose it is. Untrusted.
    pub name: String,
    /// How well it works.
    pub state: SourceState,
    /// Why it does not give everything. Untrusted.
    pub reason: Option<String>,
    /// New points that it gave in this tick.
    pub samples: u64,
    /// Series or lines that could not be read or were too many, in this tick.
    pub left_out: u64,
    /// How far its newest point lies behind what was asked for.
    pub lag: Option<PlatformDuration>,
    /// Everything up to this time was had.
    pub complete_to: Option<Timestamp>,
}

/// What collecting one tick brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CollectReport {
    /// Every source; scrape targets of one kind stand for all those that are well.
    pub sources: Vec<SourceReport>,
    /// Samples in the batch.
    pub samples: u64,
    /// What was left out of it, and why.
    pub losses: Losses,
    /// What is held in memory.
    pub held: Held,
    /// Quantities that no source here gives.
    pub missing: Vec<Quantity>,
    /// Series of each family that some source has.
    pub families: BTreeMap<String, u64>,
    /// Between two scrapes of containers, where that could be told.
    pub scrape_interval: Option<PlatformDuration>,
    /// Log lines left out because their pod wrote too many.
    pub log_lines_dropped: u64,
}

// === impl SourceState ===

impl SourceState {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
        }
    }
}

// === impl SourceKind ===

impl SourceKind {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prometheus => "prometheus",
            Self::Kubelet => "kubelet",
            Self::KubeStateMetrics => "kube_state_metrics",
            Self::Pods => "pods",
        }
    }
}

impl SourceReport {
    pub(crate) fn new(kind: SourceKind, name: String) -> Self {
        Self {
            kind,
            name,
            state: SourceState::Ok,
            reason: None,
            samples: 0,
            left_out: 0,
            lag: None,
            complete_to: None,
        }
    }

    /// Notes a problem; the first one of the worst state is told.
    pub(crate) fn problem(&mut self, state: SourceState, reason: impl Into<String>) {
        if state > self.state || self.reason.is_none() {
            self.state = self.state.max(state);
            self.reason = Some(reason.into());
        }
    }
}
