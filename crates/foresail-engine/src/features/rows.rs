//! Rows in the making: pod by pod what the pod itself shows, in the end what others show.
//!
//! Pods come while first passage looks at them, so that their series are read from near memory.

use foresail_core::Timestamp;

use super::nodes::NodeLoads;
use super::units::UnitNumbers;
use super::view::PodView;
use super::{PodFeatures, by_unit, pod, siblings, upstream};
use crate::first_passage::SurveyedPod;
use crate::graph::CallView;
use crate::logs::LogLook;
use crate::state::State;
use crate::unknown::{Unknowns, Unusual};

/// The rows of the pods seen until now.
#[derive(Debug)]
pub struct Rows<'a> {
    state: &'a State,
    at: Timestamp,
    rows: Vec<PodFeatures<'a>>,
    /// ln of each row's mean request time.
    latencies: Vec<f32>,
    units: UnitNumbers<'a>,
    nodes: NodeLoads<'a>,
    logs: LogLook<'a>,
    /// Buffers, used again for the next pod.
    view: PodView<'a>,
}

impl<'a> Rows<'a> {
    /// No rows yet.
    pub fn new(state: &'a State, at: Timestamp) -> Self {
        Self {
            state,
            at,
            rows: Vec::with_capacity(state.series().n_pods()),
            latencies: Vec::new(),
            units: UnitNumbers::default(),
            nodes: NodeLoads::new(state),
            logs: state.logs().look(at),
            view: PodView::new(state.series().clock().seconds_per_minute()),
        }
    }

    /// Adds the row of a pod that runs; pods come in the order of a survey, none twice.
    pub fn add(&mut self, pod: &SurveyedPod<'_, 'a>) {
        let object = &pod.record.object;
        let unit_number = self.units.count(pod.record);
        let node = object.node.as_deref();
        let node_number = node.map(|node| self.nodes.count((node, pod.record)));
        if !runs(pod) {
            return;
        }
        self.view.read(self.state, pod.entities);
        let numbers = (unit_number, node_number);
        let row = self.rows.push_mut(PodFeatures::empty(pod.record, numbers));
        let latency = pod::fill(row, pod, (&self.view, self.state, self.at));
        pod::fill_logs(row, (&self.view, &mut self.logs));
        self.latencies.push(latency);
    }

    /// Adds what the pods show together; `calls` is who calls whom, `unknowns` what was remembered at
    /// the tick before.
    pub fn finish(
        mut self,
        calls: &CallView<'_>,
        unknowns: &mut Unknowns,
    ) -> (Vec<PodFeatures<'a>>, Vec<Unusual>) {
        let facts = self.units.facts(self.state, self.at);
        for row in &mut self.rows {
            facts[row.unit_number].fill(row);
            self.nodes.fill(row);
        }
        let by_unit = by_unit(&self.rows, facts.len());
        siblings::fill(&mut self.rows, (&by_unit, &self.latencies));
        upstream::fill(&mut self.rows, (&by_unit, &self.units), calls);
        let settings = self.state.settings();
        let unusual = unknowns.observe(&mut self.rows, (&by_unit, self.at, settings));
        (self.rows, unusual)
    }
}

/// Whether a pod can still fail: it is neither finished nor being deleted.
fn runs(pod: &SurveyedPod<'_, '_>) -> bool {
    !pod.record.object.is_finished() && pod.record.object.deletion_requested_at.is_none()
}
