//! A pod against the other pods of its workload.

use super::{Feature, PodFeatures};

/// Differences to the median of the others: what is filled, from what.
const DIFFERENCES: [(Feature, Feature); 5] = [
    (Feature::SiblingMemory, Feature::MemoryShare),
    (Feature::SiblingCpu, Feature::CpuOfLimit),
    (Feature::SiblingErrors, Feature::ErrorShare),
    (Feature::SiblingTasks, Feature::TaskGrowth),
    (Feature::SiblingDescriptors, Feature::DescriptorGrowth),
];

/// Differences to the median of the pods of other ReplicaSets.
const AGAINST_OLD: [(Feature, Feature); 2] =
    [(Feature::OldSetMemory, Feature::MemoryShare), (Feature::OldSetErrors, Feature::ErrorShare)];

/// A first-passage score above this counts as running toward a limit.
const RUNS: f32 = 0.2;

/// Which pods of the workload a pod is compared with.
#[derive(Clone, Copy)]
enum Others {
    /// All but itself.
    All,
    /// Those that another ReplicaSet owns.
    OfOtherSets,
}

/// Fills the sibling features of `pods`; `latency` holds ln of each pod's mean request time.
pub(super) fn fill(pods: &mut [PodFeatures<'_>], (by_unit, latency): (&[Vec<usize>], &[f32])) {
    for places in by_unit.iter().filter(|places| places.len() > 1) {
        for (to, from) in DIFFERENCES {
            let values: Vec<f32> = places.iter().map(|place| pods[*place].get(from)).collect();
            set_differences(pods, places, (to, &values), Others::All);
        }
        for (to, from) in AGAINST_OLD {
            let values: Vec<f32> = places.iter().map(|place| pods[*place].get(from)).collect();
            set_differences(pods, places, (to, &values), Others::OfOtherSets);
        }
        let values: Vec<f32> = places.iter().map(|place| latency[*place]).collect();
        set_differences(pods, places, (Feature::SiblingLatency, &values), Others::All);
        set_differences(pods, places, (Feature::OldSetLatency, &values), Others::OfOtherSets);
        set_alike(pods, places);
    }
}

fn set_differences(
    pods: &mut [PodFeatures<'_>],
    places: &[usize],
    (feature, values): (Feature, &[f32]),
    others: Others,
) {
    for (own, place) in places.iter().enumerate() {
        let counts = |i: &usize| match others {
            Others::All => *i != own,
            Others::OfOtherSets => pods[places[*i]].set_name != pods[*place].set_name,
        };
        let mut others: Vec<f32> = (0..values.len()).filter(counts).map(|i| values[i]).collect();
        others.retain(|value| value.is_finite());
        others.sort_by(f32::total_cmp);
        if let Some(median) = others.get(others.len() / 2) {
            pods[*place].set(feature, f64::from(values[own] - median));
        }
    }
}

fn set_alike(pods: &mut [PodFeatures<'_>], places: &[usize]) {
    let runs: Vec<bool> = places.iter().map(|place| strongest(&pods[*place]) > RUNS).collect();
    let all = runs.iter().filter(|runs| **runs).count();
    for (own, place) in places.iter().enumerate() {
        let others = all - usize::from(runs[own]);
        pods[*place].set(Feature::Alike, others as f64 / (places.len() - 1) as f64);
    }
}

fn strongest(pod: &PodFeatures<'_>) -> f32 {
    [
        Feature::MemoryScore,
        Feature::DescriptorScore,
        Feature::ThreadScore,
        Feature::PoolScore,
        Feature::StorageScore,
    ]
    .into_iter()
    .map(|feature| pod.get(feature))
    .fold(0.0, f32::max)
}
