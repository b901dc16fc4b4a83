//! The workloads that a pod's workload calls, as their own pods show them.

use std::collections::BTreeMap;

use foresail_core::WorkloadId;

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
pub(super) fn fill(pods: &mut [PodFeatures<'_>], calls: CallView<'_>) {
    let mut faces: BTreeMap<&WorkloadId, Face> = BTreeMap::new();
    for pod in pods.iter() {
        let face = faces
            .entry(pod.unit)
            .or_insert(Face { worst: [f32::NAN; 3], ready_share: pod.get(Feature::ReadyShare) });
        for (worst, (_, from)) in face.worst.iter_mut().zip(WORST) {
            *worst = worst.max(pod.get(from));
        }
    }
    let callers: BTreeMap<&WorkloadId, Face> = calls
        .edges()
        .filter_map(|(caller, callees)| {
            let known = callees.iter().filter_map(|callee| faces.get(callee).copied());
            Some((caller, known.reduce(Face::worse)?))
        })
        .collect();
    for pod in pods {
        let Some(face) = callers.get(pod.unit) else { continue };
        for ((feature, _), worst) in WORST.into_iter().zip(face.worst) {
            pod.set(feature, f64::from(worst));
        }
        pod.set(Feature::CalleeReady, f64::from(face.ready_share));
    }
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
