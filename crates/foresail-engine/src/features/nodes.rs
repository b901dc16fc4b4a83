//! How loaded each node is, and how many of its pods are not Ready.

use foresail_core::{Entity, Quantity};
use rustc_hash::FxHashMap;

use super::view::{MIDDLE, over};
use super::{Feature, PodFeatures};
use crate::graph::PodRecord;
use crate::series::EntitySeries;
use crate::state::State;

/// Numbers of nodes, with what is known of each.
#[derive(Debug, Default)]
pub(super) struct NodeLoads<'a> {
    numbers: FxHashMap<&'a str, usize>,
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    load: Option<[f64; 3]>,
    unready: u32,
    pods: u32,
}

impl<'a> NodeLoads<'a> {
    pub(super) fn new(state: &'a State) -> Self {
        let mut loads = Self::default();
        for series in state.series().cluster_objects() {
            match &series.entity {
                Entity::Node { node } => {
                    let number = loads.number(node);
                    loads.nodes[number].load = Some(load(series));
                }
                Entity::Container { .. } | Entity::Pod { .. } | Entity::Claim { .. } => {}
            }
        }
        loads
    }

    fn number(&mut self, node: &'a str) -> usize {
        let next = self.nodes.len();
        let number = *self.numbers.entry(node).or_insert(next);
        if number == next {
            self.nodes.push(Node::default());
        }
        number
    }

    /// Counts a pod of a node; the node's number.
    pub(super) fn count(&mut self, (node, pod): (&'a str, &PodRecord)) -> usize {
        let number = self.number(node);
        let node = &mut self.nodes[number];
        node.unready += u32::from(!pod.is_ready());
        node.pods += 1;
        number
    }

    /// Fills what the node of a pod shows, once all pods are counted.
    pub(super) fn fill(&self, row: &mut PodFeatures<'_>) {
        let Some(node) = row.node_number.map(|number| &self.nodes[number]) else { return };
        if let Some(load) = node.load {
            row.set(Feature::NodeBusy, load[0]);
            row.set(Feature::NodeIoWait, load[1]);
            row.set(Feature::NodeMemoryUsed, load[2]);
        }
        let own = u32::from(row.get(Feature::IsReady) == 0.0);
        let others = node.unready.saturating_sub(own);
        let share = over(f64::from(others), f64::from(node.pods.saturating_sub(1)));
        row.set(Feature::NodeUnready, share);
    }
}

/// Share of CPU busy, share of CPU waiting for I/O, share of memory used.
fn load(series: &EntitySeries) -> [f64; 3] {
    let rate = |quantity| series.flow(quantity).and_then(|flow| flow.rate(MIDDLE));
    let total = rate(Quantity::NodeCpuTotal).unwrap_or(f64::NAN);
    let idle = rate(Quantity::NodeCpuIdle).unwrap_or(f64::NAN);
    let waiting = rate(Quantity::NodeIoWait).unwrap_or(f64::NAN);
    let left = series.level(Quantity::NodeMemoryAvailable).and_then(|level| Some(level.last()?.1));
    let memory = series.state(Quantity::NodeMemoryTotal).map_or(f64::NAN, |state| state.value);
    [1.0 - over(idle, total), over(waiting, total), 1.0 - over(left.unwrap_or(f64::NAN), memory)]
}
