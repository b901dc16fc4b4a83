//! The features of every pod at every tick of a replay.

use std::collections::BTreeMap;

use foresail_core::{Batch, FailureKind, Prediction, Timestamp, WorkloadId};
use foresail_engine::State;
use foresail_engine::alarm::is_planned;
use foresail_engine::features::{self, Feature, PodFeatures};
use foresail_engine::first_passage::{FirstPassageSettings, Survey};
use foresail_engine::graph::Graph;
use foresail_engine::unknown::Unknowns;

use crate::replay::Scorer;

/// Rows, tick by tick.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// Ticks, in order.
    pub ticks: Vec<Timestamp>,
    /// Where the rows of each tick end.
    pub ends: Vec<usize>,
    /// Workloads, in order of first sight.
    pub units: Vec<WorkloadId>,
    /// Pods (namespace and name), in order of first sight.
    pub pods: Vec<(String, String)>,
    /// Workload of each row.
    pub unit: Vec<u32>,
    /// Pod of each row.
    pub pod: Vec<u32>,
    /// Values of each row.
    pub values: Vec<[f32; Feature::COUNT]>,
    /// What somebody has planned for the pod of each row.
    pub plans: Vec<Plan>,
}

/// Which failures of a pod are no news, because somebody is taking it away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Plan {
    /// None: it is to stay.
    #[default]
    Stays,
    /// That it will not answer.
    StopsAnswering,
    /// Every failure.
    Goes,
}

/// Collects rows beside a replay.
#[derive(Debug)]
pub struct RowCollector {
    settings: FirstPassageSettings,
    rows: Rows,
    unknowns: Unknowns,
    units: BTreeMap<WorkloadId, u32>,
    pods: BTreeMap<(String, String), u32>,
}

// === impl Rows ===

impl Rows {
    /// Rows in all.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The rows of one tick.
    #[must_use]
    pub fn at(&self, tick: usize) -> std::ops::Range<usize> {
        let start = tick.checked_sub(1).map_or(0, |before| self.ends[before]);
        start..self.ends[tick]
    }
}

// === impl Plan ===

impl Plan {
    fn of(graph: &Graph, row: &PodFeatures<'_>) -> Self {
        let planned = |kind| is_planned(graph, row.unit, (row.pod, kind));
        if planned(FailureKind::OomKilled) {
            Self::Goes
        } else if planned(FailureKind::NotReady) {
            Self::StopsAnswering
        } else {
            Self::Stays
        }
    }

    /// Whether a failure is no news.
    #[must_use]
    pub const fn explains(self, kind: FailureKind) -> bool {
        match self {
            Self::Stays => false,
            Self::StopsAnswering => {
                matches!(kind, FailureKind::NotReady | FailureKind::LivenessKill)
            }
            Self::Goes => true,
        }
    }
}

// === impl RowCollector ===

impl RowCollector {
    /// An empty collector.
    #[must_use]
    pub fn new(settings: FirstPassageSettings) -> Self {
        Self {
            settings,
            rows: Rows::default(),
            unknowns: Unknowns::default(),
            units: BTreeMap::new(),
            pods: BTreeMap::new(),
        }
    }

    /// What was collected.
    #[must_use]
    pub fn finish(self) -> Rows {
        self.rows
    }
}

impl Scorer for RowCollector {
    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn step(&mut self, state: &State, _: &Batch, at: Timestamp) -> Vec<Vec<Prediction>> {
        let survey = Survey::new(state, at, &self.settings);
        self.rows.ticks.push(at);
        let memory = (&state.calls(at), &mut self.unknowns);
        for row in features::compute(state, &survey, memory).0 {
            let unit = *self.units.entry(row.unit.clone()).or_insert_with(|| {
                self.rows.units.push(row.unit.clone());
                self.rows.units.len() as u32 - 1
            });
            let key = (row.namespace.to_owned(), row.pod.to_owned());
            let pod = *self.pods.entry(key).or_insert_with_key(|key| {
                self.rows.pods.push(key.clone());
                self.rows.pods.len() as u32 - 1
            });
            self.rows.unit.push(unit);
            self.rows.pod.push(pod);
            self.rows.values.push(row.values);
            self.rows.plans.push(Plan::of(state.graph(), &row));
        }
        self.rows.ends.push(self.rows.values.len());
        Vec::new()
    }
}
