//! What is counted over one production minute: log lines and events.

use std::collections::HashMap;

use foresail_core::{Batch, ChangeKind, LogSeverity, WorkloadId, WorkloadKind};
use foresail_engine::graph::WorkloadRecord;
use foresail_engine::logs::severity;

use super::columns::REASONS;

/// Counts since the last row.
#[derive(Debug, Default)]
pub(super) struct Counts {
    logs: HashMap<(String, String), LogCounts>,
    pods: HashMap<(String, String), EventCounts>,
    nodes: HashMap<String, Warnings>,
    workloads: HashMap<(WorkloadKind, String, String), Warnings>,
}

/// Lines that a pod wrote.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LogCounts {
    pub(super) lines: f64,
    pub(super) warnings: f64,
    pub(super) errors: f64,
}

/// Events about a pod.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct EventCounts {
    /// By reason, as in [`REASONS`].
    pub(super) reasons: [f64; REASONS.len()],
    pub(super) other: f64,
    pub(super) warnings: f64,
}

/// Events about a node or workload.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Warnings {
    pub(super) events: f64,
    pub(super) warnings: f64,
}

// === impl Counts ===

impl Counts {
    /// Counts what a batch shows. Events found when watching began are older than it and do not count.
    pub(super) fn note(&mut self, batch: &Batch) {
        for line in &batch.logs {
            let key = (line.namespace.clone(), line.pod.clone());
            let counts = self.logs.entry(key).or_default();
            counts.lines += 1.0;
            match severity(&line.text) {
                LogSeverity::Error => counts.errors += 1.0,
                LogSeverity::Warning => counts.warnings += 1.0,
                LogSeverity::Info | LogSeverity::Debug => {}
            }
        }
        let seen = |change| matches!(change, ChangeKind::Added | ChangeKind::Modified);
        for event in batch.events.iter().filter(|event| seen(event.change)) {
            let warning = f64::from(u8::from(event.event_type == "Warning"));
            let (namespace, name) = (event.namespace.clone(), event.name.clone());
            match event.object_kind.as_str() {
                "Pod" => {
                    let counts = self.pods.entry((namespace, name)).or_default();
                    counts.warnings += warning;
                    match REASONS.iter().position(|(reason, _)| *reason == event.reason) {
                        Some(place) => counts.reasons[place] += 1.0,
                        None => counts.other += 1.0,
                    }
                }
                "Node" => self.nodes.entry(name).or_default().add(warning),
                kind => {
                    let key = (WorkloadKind::from_name(kind), namespace, name);
                    self.workloads.entry(key).or_default().add(warning);
                }
            }
        }
    }

    /// Starts the next minute.
    pub(super) fn clear(&mut self) {
        self.logs.clear();
        self.pods.clear();
        self.nodes.clear();
        self.workloads.clear();
    }

    pub(super) fn logs(&self, pod: &(String, String)) -> LogCounts {
        self.logs.get(pod).copied().unwrap_or_default()
    }

    pub(super) fn events(&self, pod: &(String, String)) -> EventCounts {
        self.pods.get(pod).copied().unwrap_or_default()
    }

    pub(super) fn node(&self, node: &str) -> Warnings {
        self.nodes.get(node).copied().unwrap_or_default()
    }

    /// Events about a workload and its ReplicaSets.
    pub(super) fn workload(&self, id: &WorkloadId, record: Option<&WorkloadRecord>) -> Warnings {
        let of = |kind: WorkloadKind, name: &String| {
            let key = (kind, id.namespace.clone(), name.clone());
            self.workloads.get(&key).copied().unwrap_or_default()
        };
        let mut sum = of(id.kind, &id.name);
        for name in record.into_iter().flat_map(|record| record.replica_sets.keys()) {
            let one = of(WorkloadKind::ReplicaSet, name);
            sum.events += one.events;
            sum.warnings += one.warnings;
        }
        sum
    }
}

// === impl Warnings ===

impl Warnings {
    fn add(&mut self, warning: f64) {
        self.events += 1.0;
        self.warnings += warning;
    }
}
