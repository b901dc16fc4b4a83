//! Conditions on measured quantities of containers, claims and nodes.

use foresail_core::{Quantity, Unit};

use super::View;

/// Window of rates, fault minutes: the mixins' `[5m]`.
const RATE_MINUTES: f64 = 5.0;
/// Number of the six-hour window among the windows of a track.
const SIX_HOURS: usize = 3;

/// Units of limited levels of `quantity` that a condition on share in use and share after
/// `hours` holds for.
fn limited(
    view: &View<'_>,
    quantity: Quantity,
    (least_share, hours): (f64, Option<f64>),
) -> Vec<Unit> {
    let now = view.tracks.clock(view.at);
    let holds = |one: &super::super::tracks::Limited<'_>| {
        let level = one.track.last().map_or(f64::NAN, |(_, level)| level);
        let fills = |hours: f64| {
            let ahead = view.tracks.seconds(hours * 60.0);
            one.track
                .line(SIX_HOURS, now)
                .is_some_and(|(slope, value)| one.is_passed(value + slope * ahead))
        };
        one.share(level) > least_share && hours.is_none_or(fills)
    };
    view.tracks
        .limited()
        .iter()
        .filter(|one| one.quantity == quantity && holds(one))
        .map(|one| one.unit.clone())
        .collect()
}

/// Units of entities that a condition on rates holds for.
fn rates(
    view: &View<'_>,
    holds: impl Fn(&dyn Fn(Quantity) -> Option<f64>) -> Option<bool>,
) -> Vec<Unit> {
    let window = view.tracks.seconds(RATE_MINUTES);
    let mut units: Vec<Unit> = Vec::new();
    for record in view.tracks.entities() {
        let rate = |quantity| view.tracks.rate(record, quantity, window);
        if let Some(place) = &record.place
            && holds(&rate) == Some(true)
        {
            units.push(place.unit.clone());
        }
    }
    units
}

pub(super) fn throttled(view: &View<'_>) -> Vec<Unit> {
    rates(view, |rate| {
        let periods = rate(Quantity::CpuPeriods).filter(|periods| *periods > 0.0)?;
        Some(rate(Quantity::CpuThrottledPeriods)? / periods > 0.25)
    })
}

pub(super) fn claim_full(view: &View<'_>) -> Vec<Unit> {
    limited(view, Quantity::ClaimUsed, (0.97, None))
}

pub(super) fn claim_filling(view: &View<'_>) -> Vec<Unit> {
    limited(view, Quantity::ClaimUsed, (0.85, Some(96.0)))
}

pub(super) fn claim_inodes_full(view: &View<'_>) -> Vec<Unit> {
    limited(view, Quantity::ClaimInodesUsed, (0.97, None))
}

pub(super) fn claim_inodes_filling(view: &View<'_>) -> Vec<Unit> {
    limited(view, Quantity::ClaimInodesUsed, (0.85, Some(96.0)))
}

pub(super) fn too_many_pods(view: &View<'_>) -> Vec<Unit> {
    limited(view, Quantity::NodePods, (0.95, None))
}

pub(super) fn disk_filling_warning(view: &View<'_>) -> Vec<Unit> {
    limited(view, Quantity::NodeDiskAvailable, (0.6, Some(24.0)))
}

pub(super) fn disk_filling_critical(view: &View<'_>) -> Vec<Unit> {
    limited(view, Quantity::NodeDiskAvailable, (0.8, Some(4.0)))
}

pub(super) fn disk_below_5(view: &View<'_>) -> Vec<Unit> {
    limited(view, Quantity::NodeDiskAvailable, (0.95, None))
}

pub(super) fn disk_below_3(view: &View<'_>) -> Vec<Unit> {
    limited(view, Quantity::NodeDiskAvailable, (0.97, None))
}

pub(super) fn inodes_filling_warning(view: &View<'_>) -> Vec<Unit> {
    limited(view, Quantity::NodeInodesFree, (0.6, Some(24.0)))
}

pub(super) fn inodes_filling_critical(view: &View<'_>) -> Vec<Unit> {
    limited(view, Quantity::NodeInodesFree, (0.8, Some(4.0)))
}

/// N08 (below 3 %) implies N07 (below 5 %) with the same hold: one condition stands for both.
pub(super) fn inodes_below_5(view: &View<'_>) -> Vec<Unit> {
    limited(view, Quantity::NodeInodesFree, (0.95, None))
}

pub(super) fn conntrack(view: &View<'_>) -> Vec<Unit> {
    limited(view, Quantity::NodeConntrack, (0.75, None))
}

pub(super) fn descriptors_70(view: &View<'_>) -> Vec<Unit> {
    limited(view, Quantity::NodeFileDescriptors, (0.7, None))
}

pub(super) fn descriptors_90(view: &View<'_>) -> Vec<Unit> {
    limited(view, Quantity::NodeFileDescriptors, (0.9, None))
}

pub(super) fn memory_used(view: &View<'_>) -> Vec<Unit> {
    limited(view, Quantity::NodeMemoryAvailable, (0.9, None))
}

pub(super) fn cpu_busy(view: &View<'_>) -> Vec<Unit> {
    rates(view, |rate| {
        let total = rate(Quantity::NodeCpuTotal).filter(|total| *total > 0.0)?;
        Some(1.0 - rate(Quantity::NodeCpuIdle)? / total > 0.9)
    })
}

pub(super) fn major_faults(view: &View<'_>) -> Vec<Unit> {
    rates(view, |rate| Some(rate(Quantity::NodeMajorFaults)? > 500.0))
}

pub(super) fn load(view: &View<'_>) -> Vec<Unit> {
    let mut units = Vec::new();
    for record in view.tracks.entities() {
        let foresail_core::Entity::Node { node } = &record.entity else { continue };
        let cores = view.state.graph().node(node).and_then(|node| node.allocatable_cpu);
        let load = record.states.get(&Quantity::NodeLoad).copied();
        if let (Some(load), Some(cores)) = (load, cores)
            && cores > 0.0
            && load / cores > 2.0
        {
            units.push(Unit::Node(node.clone()));
        }
    }
    units
}
