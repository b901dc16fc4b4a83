//! Gate 7: no identity and no clock among the features, and nothing learned from the first two
//! minutes.

use std::collections::BTreeMap;

use foresail_engine::features::Feature;

use super::rows::{ranks, ticks};
use crate::learned::Lesson;
use crate::result::Gate;

/// Container age enters only up to this many seconds.
const MOST_AGE: f32 = 120.0;
/// Epochs, ids, addresses and sizes are larger; shares, counts of a window and logarithms are not.
const MOST_VALUE: f32 = 10_000.0;
/// The first seconds of a recording are not learned from.
const WARM_UP_SECONDS: f64 = 120.0;
/// Rank correlation with time above which a pod's feature runs like a clock.
const CLOCK: f64 = 0.95;
/// Share of the ticks that a pod must have been there for.
const WHOLE: f64 = 0.8;
/// Fewer pods say nothing.
const LEAST_PODS: usize = 5;

/// Whether none of `features` could be a name, an id, an address or a time, or runs like a clock.
#[must_use]
pub fn no_identity_and_no_clock(features: &[Feature], lessons: &[&Lesson]) -> Gate {
    let mut wrong: Vec<String> =
        lessons.iter().flat_map(|lesson| too_large(features, lesson)).collect();
    for lesson in lessons {
        let clocks = clocks(features, lesson).into_iter().map(|(feature, share)| {
            format!(
                "`{}` follows time in {:.0} % of the pods of {}",
                feature.as_str(),
                share * 100.0,
                lesson.name
            )
        });
        wrong.extend(clocks);
    }
    Gate {
        name: "no feature is an identity or a clock".to_owned(),
        passed: wrong.is_empty() && !lessons.is_empty(),
        detail: if wrong.is_empty() {
            format!("none of {} features", features.len())
        } else {
            wrong.join("; ")
        },
    }
}

/// Whether nothing is learned from the first two minutes of a recording.
#[must_use]
pub fn the_start_is_not_learned_from(lessons: &[&Lesson]) -> Gate {
    let mut early = 0;
    for lesson in lessons {
        let first = lesson.rows.ticks.first().copied().unwrap_or_default();
        early += ticks(lesson)
            .take_while(|(at, _)| at.since(first).as_seconds() < WARM_UP_SECONDS)
            .filter(|(_, row)| lesson.targets[*row].is_some())
            .count();
    }
    Gate {
        name: "the first 120 s of a recording are not learned from".to_owned(),
        passed: early == 0 && !lessons.is_empty(),
        detail: format!("{early} rows in {} recordings", lessons.len()),
    }
}

/// Features whose values are too large for a share, a count of a window or a logarithm.
fn too_large(features: &[Feature], lesson: &Lesson) -> Vec<String> {
    let largest = |feature: Feature| {
        let values = lesson.rows.values.iter().map(|values| values[feature as usize].abs());
        values.fold(0.0, f32::max)
    };
    let most = |feature| if feature == Feature::Age { MOST_AGE } else { MOST_VALUE };
    let all = features.iter().map(|feature| (*feature, largest(*feature)));
    all.filter(|(feature, value)| *value > most(*feature))
        .map(|(feature, value)| {
            format!("`{}` reaches {value} in {}", feature.as_str(), lesson.name)
        })
        .collect()
}

/// Those of `features` that follow time over a whole recording in more than half of its pods, with that share.
///
/// # Source
/// Spearman 1904: the correlation of ranks; constant values have none.
#[must_use]
pub fn clocks(features: &[Feature], lesson: &Lesson) -> Vec<(Feature, f64)> {
    let mut rows_of: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (_, row) in ticks(lesson) {
        rows_of.entry(lesson.rows.pod[row]).or_default().push(row);
    }
    let whole = lesson.rows.ticks.len() as f64 * WHOLE;
    rows_of.retain(|_, rows| rows.len() as f64 >= whole);
    if rows_of.len() < LEAST_PODS {
        return Vec::new();
    }
    let share = |feature: Feature| {
        let follows = rows_of.values().filter(|rows| {
            let column =
                rows.iter().map(|row| f64::from(lesson.rows.values[*row][feature as usize]));
            let values: Vec<f64> = column.filter(|value| value.is_finite()).collect();
            values.len() as f64 >= whole
                && time_correlation(&values).is_some_and(|r| r.abs() > CLOCK)
        });
        follows.count() as f64 / rows_of.len() as f64
    };
    let all = features.iter().map(|feature| (*feature, share(*feature)));
    all.filter(|(_, share)| *share > 0.5).collect()
}

/// Spearman's correlation of values in order of time with their place; `None` of constant ones.
fn time_correlation(values: &[f64]) -> Option<f64> {
    let middle = (values.len() as f64 + 1.0) / 2.0;
    let (mut both, mut own, mut time) = (0.0, 0.0, 0.0);
    for (place, rank) in ranks(values).into_iter().enumerate() {
        let (rank, place) = (rank - middle, place as f64 + 1.0 - middle);
        both += rank * place;
        own += rank * rank;
        time += place * place;
    }
    (own > 0.0 && time > 0.0).then(|| both / (own * time).sqrt())
}
