//! The workloads that a pod's workload calls, as their own pods show them.

use super::units::UnitNumbers;
use super::{Feature, PodFeatures};
use crate::graph::CallView;

/// What is filled from the worst of the callees' pods.
const WORST: [(Feature, Feature); 3] = [
    (Feature::CalleeErrors, Feature::ErrorShareLong),
    (Feature::CalleeLatency, Feature::LatencyTrend),
    (Feature::CalleeProbeLatency, Feature::ProbeLatency),
];

/// What a workload looks like to its callers.
#[derive(Clone, Copy)]
struct Face {
    /// In the order of [`WORST`].
    worst: [f32; 3],
    ready_share: f32,
}

/// Fills the features of called workloads; workloads without known calls keep them missing.
pub(super) fn fill(
    pods: &mut [PodFeatures<'_>],
    (by_unit, units): (&[Vec<usize>], &UnitNumbers<'_>),
    calls: &CallView<'_>,
) {
    let mut edges = calls.edges().peekable();
    if edges.peek().is_none() {
        return;
    }
    let faces: Vec<Option<Face>> = by_unit.iter().map(|places| face(pods, places)).collect();
    for (caller, callees) in edges {
        let Some(places) = units.of(caller).map(|number| &by_unit[number]) else { continue };
        let known = callees.iter().filter_map(|callee| faces[units.of(callee)?]);
        let Some(face) = known.reduce(Face::worse) else { continue };
        for place in places {
            for ((feature, _), worst) in WORST.into_iter().zip(face.worst) {
                pods[*place].set(feature, f64::from(worst));
            }
            pods[*place].set(Feature::CalleeReady, f64::from(face.ready_share));
        }
    }
}

/// What the pods at `places`, all of one workload, look like together.
fn face(pods: &[PodFeatures<'_>], places: &[usize]) -> Option<Face> {
    let first = &pods[*places.first()?];
    let mut face = Face { worst: [f32::NAN; 3], ready_share: first.get(Feature::ReadyShare) };
    for place in places {
        for (worst, (_, from)) in face.worst.iter_mut().zip(WORST) {
            *worst = worst.max(pods[*place].get(from));
        }
    }
    Some(face)
}

// === impl Face ===

impl Face {
    fn worse(self, other: Self) -> Self {
        Self {
            worst: std::array::from_fn(|i| self.worst[i].max(other.worst[i])),
            ready_share: self.ready_share.min(other.ready_share),
        }
    }
}
