//! How well each feature alone tells what fails within the horizon.

use foresail_engine::features::Feature;
use foresail_learn::metrics::Scores;
use rayon::prelude::*;

use super::load::Course;
use super::result::FeatureRow;
use crate::learned::HORIZON_MINUTES;
use crate::result::Role;

/// Area beyond which a feature is looked at: nothing honest tells failures apart so well.
const SUSPICIOUS: f64 = 0.98;
/// Rows with a value below which no area is taken.
const FEWEST: usize = 200;

/// Every feature over the rows of training recordings whose next 100 minutes were seen, the most
/// telling first. Missing values are left out: how often a feature is there stands beside it.
pub(super) fn rank(courses: &[Course]) -> Vec<FeatureRow> {
    let mut rows = Vec::new();
    for course in courses.iter().filter(|one| one.loaded.role == Role::Training) {
        for (row, target) in course.lesson.targets.iter().enumerate() {
            let Some(target) = target else { continue };
            let failed = target.failure.is_some();
            if failed || target.seen_minutes >= HORIZON_MINUTES {
                rows.push((&course.lesson.rows.values[row], failed));
            }
        }
    }
    let one = |feature: &Feature| {
        let there = rows.iter().map(|(values, failed)| (values[*feature as usize], *failed));
        let (values, happened): (Vec<f64>, Vec<bool>) = there
            .filter(|(value, _)| value.is_finite())
            .map(|(value, failed)| (f64::from(value), failed))
            .unzip();
        if values.len() < FEWEST {
            return None;
        }
        let auc = Scores::new(&happened, &values).ok()?.roc_auc()?;
        Some(FeatureRow {
            feature: feature.as_str().to_owned(),
            auc,
            present: values.len() as f64 / rows.len() as f64,
            suspicious: auc.max(1.0 - auc) > SUSPICIOUS,
        })
    };
    let mut ranked: Vec<FeatureRow> = Feature::ALL.par_iter().filter_map(one).collect();
    let telling = |row: &FeatureRow| (row.auc - 0.5).abs();
    ranked
        .sort_by(|a, b| telling(b).total_cmp(&telling(a)).then_with(|| a.feature.cmp(&b.feature)));
    ranked
}
