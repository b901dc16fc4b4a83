//! Features: what can be said of a pod at one time, free of scale and of names.
//!
//! ```text
//!  Survey (first passage) ─┐
//!  series · logs           ├─> pod ──> siblings ──> one row of [Feature::COUNT] numbers per pod
//!  graph · ledger ─────────┘     upstream
//! ```
//!
//! NaN means missing and nothing else. The same path serves training and service. Levels enter as
//! shares of a limit or against their own past, counts within fixed windows, ages only up to 120 s:
//! nothing here tells one cluster, workload or hour from another by its size.

mod catalogue;
mod page;
mod pod;
mod siblings;
mod upstream;
mod view;

use foresail_core::WorkloadId;

pub use catalogue::{Direction, Feature, FeatureGroup};
pub use page::features_page;

use crate::first_passage::{Survey, SurveyedPod};
use crate::graph::call_memory;
use crate::state::State;
use crate::unknown::{Unknowns, Unusual};

/// The row of one pod.
#[derive(Clone, Debug)]
pub struct PodFeatures<'a> {
    /// Namespace of the pod.
    pub namespace: &'a str,
    /// Name of the pod.
    pub pod: &'a str,
    /// Node that it runs on.
    pub node: Option<&'a str>,
    /// Its workload.
    pub unit: &'a WorkloadId,
    /// Name of its direct owner, such as its ReplicaSet.
    set_name: Option<&'a str>,
    /// The values in the order of [`Feature::ALL`].
    pub values: [f32; Feature::COUNT],
}

impl PodFeatures<'_> {
    /// One value.
    #[must_use]
    pub const fn get(&self, feature: Feature) -> f32 {
        self.values[feature as usize]
    }

    pub(crate) const fn set(&mut self, feature: Feature, value: f64) {
        self.values[feature as usize] = value as f32;
    }
}

#[cfg(test)]
impl<'a> PodFeatures<'a> {
    /// A row of which only these values are known.
    pub(crate) fn for_tests(unit: &'a WorkloadId, values: &[(Feature, f32)]) -> Self {
        let mut row = Self {
            namespace: &unit.namespace,
            pod: "pod",
            node: None,
            unit,
            set_name: None,
            values: [f32::NAN; Feature::COUNT],
        };
        for (feature, value) in values {
            row.set(*feature, f64::from(*value));
        }
        row
    }
}

/// The rows of every pod of a survey that runs, in its order, and the workloads that are unlike
/// themselves; `unknowns` is what was remembered of them at the tick before.
#[must_use]
pub fn compute<'a>(
    state: &'a State,
    survey: &Survey<'a>,
    unknowns: &mut Unknowns,
) -> (Vec<PodFeatures<'a>>, Vec<Unusual>) {
    let nodes = pod::NodeLoads::new(state);
    let (mut rows, latencies): (Vec<_>, Vec<_>) =
        survey.pods().filter(runs).map(|pod| pod::features(state, survey, (&pod, &nodes))).unzip();
    siblings::fill(&mut rows, &latencies);
    let memory = call_memory(state.settings().time_scale);
    upstream::fill(&mut rows, state.graph().calls(survey.at(), memory));
    let unusual = unknowns.observe(&mut rows, (survey.at(), state.settings()));
    (rows, unusual)
}

/// Whether a pod can still fail: it is neither finished nor being deleted.
fn runs(pod: &SurveyedPod<'_, '_>) -> bool {
    !pod.record.object.is_finished() && pod.record.object.deletion_requested_at.is_none()
}

#[cfg(test)]
mod tests;
