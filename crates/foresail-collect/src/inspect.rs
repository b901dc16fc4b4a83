//! What is in a recording, for people and for scripts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use foresail_core::{Object, Quantity, Timestamp, WorkloadKind};
use serde::Serialize;

use crate::recording::Recording;
use crate::report::ReadReport;

/// What is in a recording.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inspection {
    /// Name of the recording.
    pub name: String,
    /// The cluster that was recorded.
    pub cluster: String,
    /// Version of its Kubernetes.
    pub kubernetes_version: Option<String>,
    /// When recording began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Between two scrapes, in seconds.
    pub scrape_interval_seconds: f64,
    /// How much faster than in production faults develop.
    pub time_scale: f64,
    /// Namespaces that have pods.
    pub namespaces: Vec<String>,
    /// Pods, by uid.
    pub pods: usize,
    /// Workload objects by kind.
    pub workloads: BTreeMap<String, usize>,
    /// Nodes.
    pub nodes: usize,
    /// Observed changes of pods, workloads and nodes.
    pub object_changes: usize,
    /// Observed changes of objects known by kube-state-metrics only.
    pub inventory_changes: usize,
    /// Kubernetes Events.
    pub events: usize,
    /// Log lines.
    pub log_lines: usize,
    /// Injected episodes, where the recording says them.
    pub episodes: Option<usize>,
    /// Every quantity of the catalogue and what it was resolved from.
    pub quantities: Vec<QuantitySources>,
    /// Repairs, gaps, counts and metric families.
    pub report: ReadReport,
}

/// What one quantity was resolved from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QuantitySources {
    /// The quantity.
    pub quantity: Quantity,
    /// Its unit.
    pub unit: &'static str,
    /// Entities that have it; 0 means that it is missing here.
    pub entities: u64,
    /// Metric family or file → entities that it gave it to.
    pub sources: BTreeMap<String, u64>,
}

impl Recording {
    /// What is in the recording.
    #[must_use]
    pub fn inspect(&self) -> Inspection {
        let mut namespaces = BTreeSet::new();
        let (mut pods, mut nodes) = (BTreeSet::new(), BTreeSet::new());
        let mut workloads: BTreeSet<(WorkloadKind, &str, &str)> = BTreeSet::new();
        for change in &self.objects {
            match &change.object {
                Object::Pod(pod) => {
                    namespaces.insert(pod.namespace.clone());
                    pods.insert(&pod.uid);
                }
                Object::Workload(workload) => {
                    workloads.insert((workload.kind, &workload.namespace, &workload.name));
                }
                Object::Node(node) => {
                    nodes.insert(&node.name);
                }
                Object::Service(_)
                | Object::ConfigMap(_)
                | Object::Claim(_)
                | Object::Quota(_)
                | Object::DisruptionBudget(_) => {}
            }
        }
        let mut by_kind: BTreeMap<String, usize> = BTreeMap::new();
        for (kind, _, _) in workloads {
            *by_kind.entry(kind.to_string()).or_default() += 1;
        }
        Inspection {
            name: self.manifest.name.clone(),
            cluster: self.manifest.cluster.clone(),
            kubernetes_version: self.manifest.kubernetes_version.clone(),
            started_at: self.started_at(),
            ended_at: self.ended_at(),
            scrape_interval_seconds: self.scrape_interval().as_seconds(),
            time_scale: self.time_scale().get(),
            namespaces: namespaces.into_iter().collect(),
            pods: pods.len(),
            workloads: by_kind,
            nodes: nodes.len(),
            object_changes: self.objects.len(),
            inventory_changes: self.assembled.inventory.len(),
            events: self.events.len(),
            log_lines: self.logs.lines.len(),
            episodes: self.episodes.as_ref().map(Vec::len),
            quantities: self.quantity_sources(),
            report: self.report.clone(),
        }
    }

    fn quantity_sources(&self) -> Vec<QuantitySources> {
        let mut entities = vec![0u64; Quantity::ALL.len()];
        for stream in &self.assembled.streams {
            entities[stream.quantity.index()] += 1;
        }
        let sources = |quantity: Quantity| {
            self.assembled
                .sources
                .iter()
                .filter(|((of, _), _)| *of == quantity)
                .map(|((_, source), entities)| (source.clone(), *entities))
                .collect()
        };
        Quantity::ALL
            .iter()
            .map(|quantity| QuantitySources {
                quantity: *quantity,
                unit: quantity.unit(),
                entities: entities[quantity.index()],
                sources: sources(*quantity),
            })
            .collect()
    }
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.ended_at.since(self.started_at).as_seconds() / 60.0;
        writeln!(f, "{} (cluster {})", self.name, self.cluster)?;
        writeln!(
            f,
            "{} to {}, {minutes:.1} minutes, a scrape every {} s, time scale {}",
            self.started_at, self.ended_at, self.scrape_interval_seconds, self.time_scale
        )?;
        writeln!(
            f,
            "{} pods in {} namespaces, {} nodes, {} events, {} log lines",
            self.pods,
            self.namespaces.len(),
            self.nodes,
            self.events,
            self.log_lines
        )?;
        writeln!(
            f,
            "{} sample rows, {} of series that something reads, {} resolved samples",
            self.report.samples_found, self.report.samples_read, self.report.samples_resolved
        )?;
        for known in self.quantities.iter().filter(|known| known.entities > 0) {
            let from: Vec<String> =
                known.sources.iter().map(|(name, n)| format!("{name} ({n})")).collect();
            writeln!(
                f,
                "  {}: {} from {}",
                known.quantity.as_str(),
                known.entities,
                from.join(", ")
            )?;
        }
        Ok(())
    }
}
