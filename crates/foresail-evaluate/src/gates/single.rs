//! Gate 3: single features that say almost everything are listed; nothing so good is expected.

use foresail_core::FailureKind;
use foresail_engine::features::Feature;
use rayon::prelude::*;

use super::rows::{any_came, auc, ranks, sample};
use crate::learned::Lesson;
use crate::result::Gate;

/// Above this a feature is listed for review.
const MOST: f64 = 0.98;
/// Rows of a recording that are looked at.
const SAMPLE: usize = 8_000;
/// A kind with fewer incidents is not judged by itself: a few incidents are told apart by chance.
const LEAST_INCIDENTS: usize = 5;

/// How well one feature ranks one kind of failure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SingleFeature {
    /// The feature.
    pub feature: Feature,
    /// The kind; `None` for any failure.
    pub kind: Option<FailureKind>,
    /// Area under the ROC curve, at least .5: in the better direction, missing values put at the
    /// better end.
    pub auc: f64,
}

/// Each of `features` with each kind, the best first.
#[must_use]
pub fn single_features(features: &[Feature], lessons: &[&Lesson]) -> Vec<SingleFeature> {
    let mut rows = Vec::new();
    for lesson in lessons {
        for row in sample(lesson.rows.len(), SAMPLE) {
            let target = lesson.targets[row].as_ref().and_then(|t| Some((t, any_came(t)?)));
            if let Some((target, _)) = target {
                rows.push((&lesson.rows.values[row], target.failure.map(|(kind, _)| kind)));
            }
        }
    }
    let kinds = judged_kinds(lessons);
    let mut found: Vec<SingleFeature> = features
        .par_iter()
        .flat_map_iter(|feature| {
            let ends = [f64::NEG_INFINITY, f64::INFINITY].map(|missing| {
                let of = |values: &[f32; Feature::COUNT]| {
                    let value = f64::from(values[*feature as usize]);
                    if value.is_nan() { missing } else { value }
                };
                ranks(&rows.iter().map(|(values, _)| of(values)).collect::<Vec<_>>())
            });
            let best = |kind: Option<FailureKind>| {
                let happened: Vec<bool> = (rows.iter())
                    .map(|(_, failed)| failed.is_some() && kind.is_none_or(|k| *failed == Some(k)))
                    .collect();
                let areas = ends.iter().filter_map(|ranks| auc(ranks, &happened));
                areas.map(|area| area.max(1.0 - area)).reduce(f64::max)
            };
            let judge = |kind| best(kind).map(|auc| SingleFeature { feature: *feature, kind, auc });
            kinds.iter().filter_map(|kind| judge(*kind)).collect::<Vec<_>>()
        })
        .collect();
    found.sort_by(|a, b| b.auc.total_cmp(&a.auc).then(a.feature.cmp(&b.feature)));
    found
}

/// Any failure, and each kind with enough incidents.
fn judged_kinds(lessons: &[&Lesson]) -> Vec<Option<FailureKind>> {
    let incidents_of = |kind: FailureKind| {
        let mut incidents: Vec<_> = (lessons.iter().enumerate())
            .flat_map(|(number, lesson)| {
                let targets = lesson.targets.iter().flatten();
                targets
                    .filter(move |target| target.failure.is_some_and(|(k, _)| k == kind))
                    .map(move |target| (number, target.incident))
            })
            .collect();
        incidents.sort_unstable();
        incidents.dedup();
        incidents.len()
    };
    let kinds = FailureKind::ALL.iter().copied();
    let enough = kinds.filter(|kind| incidents_of(*kind) >= LEAST_INCIDENTS).map(Some);
    std::iter::once(None).chain(enough).collect()
}

/// Whether none of `features` says almost everything by itself.
#[must_use]
pub fn no_single_feature_tells_all(features: &[Feature], lessons: &[&Lesson]) -> Gate {
    let all = single_features(features, lessons);
    let say = |one: &SingleFeature| {
        let kind = one.kind.map_or("any failure", FailureKind::as_str);
        format!("`{}` for {kind}: {:.3}", one.feature.as_str(), one.auc)
    };
    let listed: Vec<_> = all.iter().filter(|one| one.auc > MOST).map(say).collect();
    let best: Vec<_> = all.iter().take(3).map(say).collect();
    Gate {
        name: format!("no single feature has an AUC above {MOST}"),
        passed: listed.is_empty() && !all.is_empty(),
        detail: if listed.is_empty() {
            format!("best: {}", best.join(", "))
        } else {
            listed.join(", ")
        },
    }
}
