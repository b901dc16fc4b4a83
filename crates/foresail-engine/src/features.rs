//! Features: what can be said of a pod at one time, free of scale and of names.
//!
//! ```text
//!  Survey (first passage) ─┐
//!  series · logs           ├─> pod ──> siblings ──> one row of [Feature::COUNT] numbers per pod
//!  graph · ledger ─────────┘     upstream · units · nodes
//! ```
//!
//! NaN means missing and nothing else. The same path serves training and service. Levels enter as
//! shares of a limit or against their own past, counts within fixed windows, ages only up to 120 s:
//! nothing here tells one cluster, workload or hour from another by its size.

mod catalogue;
mod nodes;
mod page;
mod pod;
mod rows;
mod siblings;
mod units;
mod upstream;
mod view;

use foresail_core::WorkloadId;

pub use catalogue::{Direction, Feature, FeatureGroup};
pub use page::features_page;
pub(crate) use rows::Rows;

use crate::first_passage::Survey;
use crate::graph::{CallView, PodRecord};
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
    /// Number of its workload among those of the rows, by first appearance.
    pub(crate) unit_number: usize,
    /// Number of its node among those of the rows.
    node_number: Option<usize>,
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

impl<'a> PodFeatures<'a> {
    /// The row of a pod of which no value is known yet; with the numbers of its workload and node.
    fn empty(pod: &'a PodRecord, (unit_number, node_number): (usize, Option<usize>)) -> Self {
        let object = &pod.object;
        Self {
            namespace: &object.namespace,
            pod: &object.name,
            node: object.node.as_deref(),
            unit: &pod.unit,
            unit_number,
            node_number,
            set_name: object.owner.as_ref().map(|owner| owner.name.as_str()),
            values: [f32::NAN; Feature::COUNT],
        }
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
            unit_number: 0,
            node_number: None,
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
/// themselves; `calls` is who calls whom, `unknowns` what was remembered at the tick before.
#[must_use]
pub fn compute<'a>(
    state: &'a State,
    survey: &Survey<'a>,
    (calls, unknowns): (&CallView<'_>, &mut Unknowns),
) -> (Vec<PodFeatures<'a>>, Vec<Unusual>) {
    let mut rows = Rows::new(state, survey.at());
    survey.pods().for_each(|pod| rows.add(&pod));
    rows.finish(calls, unknowns)
}

/// Places of the rows of each workload, by its number.
pub(crate) fn by_unit(rows: &[PodFeatures<'_>], units: usize) -> Vec<Vec<usize>> {
    let mut places = vec![Vec::new(); units];
    for (place, row) in rows.iter().enumerate() {
        places[row.unit_number].push(place);
    }
    places
}

#[cfg(test)]
mod tests;
