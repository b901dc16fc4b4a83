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
use rustc_hash::FxHashMap;

pub use catalogue::{Direction, Feature, FeatureGroup};
pub use page::features_page;

use crate::first_passage::{Survey, SurveyedPod};
use crate::graph::CallView;
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
            unit_number: 0,
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
    let nodes = pod::NodeLoads::new(state);
    let (facts, numbers) = UnitNumbers::default().facts(state, survey);
    let (mut rows, mut latencies) = (Vec::new(), Vec::new());
    let mut rates = view::Rates::new();
    for (pod, number) in survey.pods().zip(numbers).filter(|(pod, _)| runs(pod)) {
        let (mut row, latency) =
            pod::features(state, survey, (&pod, facts[number]), (&nodes, &mut rates));
        row.unit_number = number;
        rows.push(row);
        latencies.push(latency);
    }
    let by_unit = by_unit(&rows, facts.len());
    siblings::fill(&mut rows, (&by_unit, &latencies));
    upstream::fill(&mut rows, (&by_unit, calls));
    let unusual = unknowns.observe(&mut rows, (&by_unit, survey.at(), state.settings()));
    (rows, unusual)
}

/// Numbers of workloads by first appearance. Pods come in the order of their names, so those of one
/// workload mostly follow each other.
#[derive(Default)]
struct UnitNumbers<'a> {
    last: Option<(&'a WorkloadId, usize)>,
    numbers: FxHashMap<&'a WorkloadId, usize>,
}

impl<'a> UnitNumbers<'a> {
    /// What the pods of each workload share, by its number, and the number of each pod's workload.
    fn facts(mut self, state: &State, survey: &Survey<'a>) -> (Vec<pod::UnitFacts>, Vec<usize>) {
        let mut counts: Vec<(&WorkloadId, (u32, u32))> = Vec::new();
        let mut numbers = Vec::new();
        for pod in survey.pods() {
            let number = self.number(&pod.record.unit);
            if number == counts.len() {
                counts.push((&pod.record.unit, (0, 0)));
            }
            let (ready, all) = &mut counts[number].1;
            *ready += u32::from(pod.record.is_ready());
            *all += 1;
            numbers.push(number);
        }
        let facts = |(unit, counts)| pod::UnitFacts::new((state, survey.at()), unit, counts);
        (counts.into_iter().map(facts).collect(), numbers)
    }

    fn number(&mut self, unit: &'a WorkloadId) -> usize {
        if let Some((last, number)) = self.last
            && last == unit
        {
            return number;
        }
        let next = self.numbers.len();
        let number = *self.numbers.entry(unit).or_insert(next);
        self.last = Some((unit, number));
        number
    }
}

/// Places of the rows of each workload, by its number.
pub(crate) fn by_unit(rows: &[PodFeatures<'_>], units: usize) -> Vec<Vec<usize>> {
    let mut places = vec![Vec::new(); units];
    for (place, row) in rows.iter().enumerate() {
        places[row.unit_number].push(place);
    }
    places
}

/// Whether a pod can still fail: it is neither finished nor being deleted.
fn runs(pod: &SurveyedPod<'_, '_>) -> bool {
    !pod.record.object.is_finished() && pod.record.object.deletion_requested_at.is_none()
}

#[cfg(test)]
mod tests;
