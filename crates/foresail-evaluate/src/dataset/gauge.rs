//! The values of every object at the end of a minute: one measurement for recordings and live rows.
//!
//! ```text
//!  Batch ──> Gauge::note (last samples, counts)  ─┐
//!  State ─────────────────────────────────────────┴─> Gauge::read ──> pods · nodes · workloads
//! ```

use std::collections::{BTreeMap, HashMap};

use foresail_core::{Batch, Entity, EntityId, FaultDuration, Timestamp, WorkloadId, WorkloadKind};
use foresail_engine::State;
use foresail_engine::graph::{PodRecord, WorkloadRecord};

use super::columns::{DEPLOYMENT_PODS, Fold, NODE, POD, pod_names};
use super::counts::Counts;
use super::measure::{Freshness, View};

/// Spans over which restarts are counted, in fault time (`evaluation.md` section 5, gate 7: never
/// since the pod began, which would be a clock).
const RESTARTS_WITHIN: [FaultDuration; 2] =
    [FaultDuration::from_minutes(10.0), FaultDuration::from_minutes(60.0)];

/// What a minute needs beside the engine's state.
#[derive(Debug, Default)]
pub(super) struct Gauge {
    counts: Counts,
    /// Time of the last sample of each entity.
    last_samples: Vec<Option<Timestamp>>,
}

/// Values at a time; in the order of the columns, NaN where missing.
#[derive(Debug)]
pub(super) struct Taken<'s> {
    /// Pods that are not finished, by namespace and name.
    pub(super) pods: Vec<(&'s PodRecord, Vec<f64>)>,
    /// Nodes that are there or that a pod names.
    pub(super) nodes: BTreeMap<&'s str, Vec<f64>>,
    /// Workloads with pods, and those that are kept without.
    pub(super) workloads: BTreeMap<&'s WorkloadId, Vec<f64>>,
}

// === impl Gauge ===

impl Gauge {
    /// Notes a batch that the state takes in, too.
    pub(super) fn note(&mut self, batch: &Batch) {
        for sample in &batch.samples {
            let place = sample.entity.index();
            if self.last_samples.len() <= place {
                self.last_samples.resize(place + 1, None);
            }
            let last = &mut self.last_samples[place];
            *last = (*last).max(Some(sample.at));
        }
        self.counts.note(batch);
    }

    /// Starts the next minute.
    pub(super) fn clear(&mut self) {
        self.counts.clear();
    }

    /// The values of every object as of `at`.
    pub(super) fn read<'s>(&'s self, state: &'s State, at: Timestamp) -> Taken<'s> {
        let freshness = Freshness::new(state, at, &self.last_samples);
        let entities: HashMap<&(String, String), &[EntityId]> = state.series().pods().collect();
        let live = state.graph().pods().filter(|pod| !pod.object.is_finished());
        let pods: Vec<(&PodRecord, Vec<f64>)> = live
            .map(|record| {
                let key = (record.object.namespace.clone(), record.object.name.clone());
                let entities = entities.get(&key).copied().unwrap_or_default();
                let view = View::new(entities, &record.object.spec, freshness);
                let mut values: Vec<f64> = POD.iter().map(|(_, how)| view.value(*how)).collect();
                self.add_counts(&mut values, (&key, record, at), state);
                (record, values)
            })
            .collect();
        let named = pods.iter().filter_map(|(record, _)| record.object.node.as_deref());
        let there = state.graph().nodes().map(|node| node.name.as_str());
        let measured = node_entities(state);
        let mut nodes: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for node in named.chain(there) {
            let entities = measured.get(node).map_or(&[][..], Vec::as_slice);
            nodes.entry(node).or_insert_with(|| self.of_node((node, entities), freshness));
        }
        let mut by_unit: BTreeMap<&WorkloadId, Vec<&[f64]>> = BTreeMap::new();
        for (record, own) in &pods {
            by_unit.entry(&record.unit).or_default().push(own);
        }
        for (id, _) in state.graph().workloads().filter(|(id, record)| is_kept(id, record)) {
            by_unit.entry(id).or_default();
        }
        let of_unit = |(unit, pods): (&'s WorkloadId, Vec<&[f64]>)| {
            (unit, self.of_workload(unit, &pods, state))
        };
        let workloads = by_unit.into_iter().map(of_unit).collect();
        Taken { pods, nodes, workloads }
    }

    /// The counted columns of a pod, in their order.
    fn add_counts(
        &self,
        values: &mut Vec<f64>,
        (key, record, at): (&(String, String), &PodRecord, Timestamp),
        state: &State,
    ) {
        let scale = state.settings().time_scale;
        let logs = self.counts.logs(key);
        let events = self.counts.events(key);
        values.extend([logs.lines, logs.warnings, logs.errors]);
        values.extend(RESTARTS_WITHIN.map(|span| {
            let since = at - scale.to_platform(span);
            record.restarts.iter().filter(|restart| **restart > since).count() as f64
        }));
        values.extend([events.warnings, events.other]);
        values.extend(events.reasons);
    }

    fn of_node(&self, (node, entities): (&str, &[EntityId]), freshness: Freshness<'_>) -> Vec<f64> {
        let view = View::new(entities, &[], freshness);
        let counted = self.counts.node(node);
        let measured = NODE.iter().map(|(_, how)| view.value(*how));
        measured.chain([counted.events, counted.warnings]).collect()
    }

    fn of_workload(&self, unit: &WorkloadId, pods: &[&[f64]], state: &State) -> Vec<f64> {
        let record = state.graph().workload(unit);
        let object = record.and_then(|record| record.object.as_ref());
        // The API leaves a zero out of a status that is there.
        let status = |count: Option<u32>| {
            let there = object.and_then(|object| object.status_replicas);
            count.or(there.map(|_| 0))
        };
        let replicas = [
            object.and_then(|object| object.replicas),
            status(object.and_then(|object| object.ready_replicas)),
            status(object.and_then(|object| object.available_replicas)),
            status(object.and_then(|object| object.updated_replicas)),
        ];
        let events = self.counts.workload(unit, record);
        let mut values: Vec<f64> = replicas.map(|count| count.map_or(f64::NAN, f64::from)).to_vec();
        values.extend([events.events, events.warnings, pods.len() as f64]);
        values.extend(DEPLOYMENT_PODS.map(|(_, from, fold)| {
            let place = pod_names().position(|name| name == from);
            let of_pods = pods.iter().filter_map(|own| own.get(place?).copied());
            let there = of_pods.filter(|value| !value.is_nan());
            let folded = match fold {
                Fold::Sum => there.reduce(|a, b| a + b),
                Fold::Greatest => there.reduce(f64::max),
            };
            folded.unwrap_or(f64::NAN)
        }));
        values
    }
}

// === free functions ===

fn node_entities(state: &State) -> BTreeMap<&str, Vec<EntityId>> {
    let mut entities: BTreeMap<&str, Vec<EntityId>> = BTreeMap::new();
    for id in state.series().cluster_ids() {
        let series = state.series().get(*id);
        if let Some(Entity::Node { node }) = series.map(|series| &series.entity) {
            entities.entry(node).or_default().push(*id);
        }
    }
    entities
}

/// Whether a workload has values without pods: one that is meant to have some. Old Jobs and
/// ReplicaSets without pods are history.
const fn is_kept(id: &WorkloadId, record: &WorkloadRecord) -> bool {
    record.object.is_some()
        && match id.kind {
            WorkloadKind::Deployment | WorkloadKind::StatefulSet | WorkloadKind::DaemonSet => true,
            WorkloadKind::ReplicaSet
            | WorkloadKind::Job
            | WorkloadKind::CronJob
            | WorkloadKind::Pod
            | WorkloadKind::Other => false,
        }
}
