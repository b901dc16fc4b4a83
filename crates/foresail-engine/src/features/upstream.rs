//! The workloads that a pod's workload calls, as their own pods show them.

use foresail_core::WorkloadId;
use rustc_hash::FxHashMap;

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
pub(super) fn fill(pods: &mut [PodFeatures<'_>], (by_unit, calls): (&[Vec<usize>], &CallView<'_>)) {
    let mut edges = calls.edges().peekable();
    if edges.peek().is_none() {
        return;
    }
    let faces: FxHashMap<&WorkloadId, Face> =
        by_unit.iter().filter_map(|places| face(pods, places)).collect();
    let callers: FxHashMap<&WorkloadId, Face> = edges
        .filter_map(|(caller, callees)| {
            let known = callees.iter().filter_map(|callee| faces.get(callee).copied());
            Some((caller, known.reduce(Face::worse)?))
        })
        .collect();
    for places in by_unit {
        let face = places.first().and_then(|first| callers.get(pods[*first].unit));
        let Some(face) = face else { continue };
        for place in places {
            for ((feature, _), worst) in WORST.into_iter().zip(face.worst) {
                pods[*place].set(feature, f64::from(worst));
            }
            pods[*place].set(Feature::CalleeReady, f64::from(face.ready_share));
        }
    }
}

/// What the pods at `places`, all of one workload, look like together.
fn face<'a>(pods: &[PodFeatures<'a>], places: &[usize]) -> Option<(&'a WorkloadId, Face)> {
    let first = &pods[*places.first()?];
    let mut face = Face { worst: [f32::NAN; 3], ready_share: first.get(Feature::ReadyShare) };
    for place in places {
        for (worst, (_, from)) in face.worst.iter_mut().zip(WORST) {
            *worst = worst.max(pods[*place].get(from));
        }
    }
    Some((first.unit, face))
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
