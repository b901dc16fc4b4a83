//! Gate 2: no metric in a kind's definition enters as its own thresholded value.

use std::collections::BTreeSet;

use foresail_core::{FailureKind, Quantity};
use foresail_engine::features::Feature;

use super::rows::sample;
use crate::learned::Lesson;
use crate::result::Gate;

/// Rows of a recording that are looked at.
const SAMPLE: usize = 20_000;

/// What a feature is, as far as this gate asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its name.
    pub name: String,
    /// What it is computed from, as the table of features says it.
    pub needs: String,
    /// Whether it only ever takes two values: something compared with a threshold.
    pub is_two_valued: bool,
}

/// The quantities whose thresholds define a kind. Kinds that are facts of the API have none.
#[must_use]
pub const fn defining_quantities(kind: FailureKind) -> &'static [Quantity] {
    match kind {
        FailureKind::SloBurn => &[Quantity::Requests, Quantity::RequestErrors],
        FailureKind::VolumeFull => &[
            Quantity::ClaimUsed,
            Quantity::ClaimCapacity,
            Quantity::ClaimInodesUsed,
            Quantity::ClaimInodes,
        ],
        FailureKind::Expiry => &[Quantity::NodeConntrack, Quantity::NodeConntrackLimit],
        // The metrics of the API server and of etcd are no quantities: they cannot enter.
        FailureKind::ControlPlane
        | FailureKind::OomKilled
        | FailureKind::Evicted
        | FailureKind::LivenessKill
        | FailureKind::ErrorExit
        | FailureKind::StartFailure
        | FailureKind::Unschedulable
        | FailureKind::JobFailed
        | FailureKind::CrashLoop
        | FailureKind::NotReady
        | FailureKind::RolloutStuck
        | FailureKind::NodeNotReady
        | FailureKind::NodePressure
        | FailureKind::Network => &[],
    }
}

/// What `features` are: two-valued by their unit, or because `lessons` show no third value.
#[must_use]
pub fn described(features: &[Feature], lessons: &[&Lesson]) -> Vec<Described> {
    let two_valued = |feature: Feature| {
        let mut seen = BTreeSet::new();
        for lesson in lessons {
            for row in sample(lesson.rows.len(), SAMPLE) {
                let value = lesson.rows.values[row][feature as usize];
                if value.is_finite() && seen.len() < 3 {
                    seen.insert(value.to_bits());
                }
            }
        }
        seen.len() == 2
    };
    let describe = |feature: &Feature| Described {
        name: feature.as_str().to_owned(),
        needs: feature.needs().to_owned(),
        is_two_valued: feature.unit() == "0 or 1" || two_valued(*feature),
    };
    features.iter().map(describe).collect()
}

/// Whether no feature is a defining metric of a kind, compared with a threshold.
#[must_use]
pub fn no_thresholded_definition(features: &[Described]) -> Gate {
    let mut found = Vec::new();
    let two_valued: Vec<_> = features.iter().filter(|feature| feature.is_two_valued).collect();
    for feature in &two_valued {
        let needs: BTreeSet<&str> = feature.needs.split(',').map(str::trim).collect();
        for kind in FailureKind::ALL {
            let mut quantities = defining_quantities(*kind).iter();
            if let Some(own) = quantities.find(|quantity| needs.contains(quantity.as_str())) {
                found.push(format!(
                    "`{}` compares `{}`, which defines `{kind}`",
                    feature.name,
                    own.as_str()
                ));
            }
        }
    }
    let names: Vec<_> = two_valued.iter().map(|feature| format!("`{}`", feature.name)).collect();
    Gate {
        name: "no metric that defines a kind enters as its own thresholded value".to_owned(),
        passed: found.is_empty(),
        detail: if found.is_empty() {
            format!("of {} features these have two values: {}", features.len(), names.join(", "))
        } else {
            found.join("; ")
        },
    }
}
