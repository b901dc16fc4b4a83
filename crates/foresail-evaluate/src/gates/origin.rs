//! Gate 7, a probe: from which recording a quiet row comes. Reported, not required: recordings with
//! other services are told apart by what these do.

use std::collections::BTreeSet;

use foresail_engine::features::Feature;
use foresail_learn::estimator::LabelledFrame;
use foresail_learn::forest::{self, ForestParams, RandomForest};
use foresail_learn::frame::{Column, Frame, Schema};

use super::rows::{any_came, sample};
use crate::learned::Lesson;

/// Quiet rows of a recording that are taken.
const SAMPLE: usize = 1_500;
/// Features that are named, and left out the second time.
const NAMED: usize = 5;

/// How well quiet rows of workloads never seen are put to their recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// Share put right; the recordings have equal weight.
    pub accuracy: f64,
    /// The share that guessing gets.
    pub chance: f64,
    /// The features that tell most, the strongest first.
    pub features: Vec<Feature>,
    /// The share put right without them.
    pub accuracy_without: f64,
}

/// Probes the rows with a small forest; `None` where there are too few recordings or quiet rows.
///
/// Workloads are dealt into those that are learned from and those that are judged, the same one of
/// two recordings to the same side.
#[must_use]
pub fn origin(features: &[Feature], lessons: &[&Lesson], seed: u64) -> Option<Origin> {
    let names: BTreeSet<_> = lessons.iter().flat_map(|lesson| &lesson.rows.units).collect();
    let learned_from: BTreeSet<_> = names.into_iter().step_by(2).collect();
    let mut sides = [Vec::new(), Vec::new()];
    for (class, lesson) in lessons.iter().enumerate() {
        let quiet: Vec<usize> = (0..lesson.rows.len())
            .filter(|row| lesson.targets[*row].as_ref().and_then(any_came) == Some(false))
            .collect();
        for place in sample(quiet.len(), SAMPLE) {
            let row = quiet[place];
            let unit = &lesson.rows.units[lesson.rows.unit[row] as usize];
            let side = usize::from(!learned_from.contains(unit));
            sides[side].push((class as u32, &lesson.rows.values[row]));
        }
    }
    let (accuracy, importances) = judge(&sides, features, (lessons.len(), seed))?;
    let mut order: Vec<usize> = (0..features.len()).collect();
    order.sort_by(|a, b| importances[*b].total_cmp(&importances[*a]).then(a.cmp(b)));
    let strongest: Vec<Feature> = order.iter().take(NAMED).map(|place| features[*place]).collect();
    let rest: Vec<Feature> =
        features.iter().copied().filter(|feature| !strongest.contains(feature)).collect();
    let (accuracy_without, _) = judge(&sides, &rest, (lessons.len(), seed))?;
    Some(Origin {
        accuracy,
        chance: 1.0 / lessons.len() as f64,
        features: strongest,
        accuracy_without,
    })
}

type Side<'a> = Vec<(u32, &'a [f32; Feature::COUNT])>;

/// Balanced accuracy on the second side and the importances of a forest of the first.
fn judge(
    [learned_from, judged]: &[Side<'_>; 2],
    features: &[Feature],
    (n_classes, seed): (usize, u64),
) -> Option<(f64, Vec<f64>)> {
    let forest = fit(learned_from, features, (n_classes, seed))?;
    let (mut right, mut all) = (vec![0.0; n_classes], vec![0.0; n_classes]);
    let (mut row, mut said) = (Vec::new(), Vec::new());
    for (class, values) in judged {
        row.clear();
        row.extend(features.iter().map(|feature| values[*feature as usize]));
        forest.predict_into(&row, &mut said).ok()?;
        let best = (0..n_classes).max_by(|a, b| said[*a].total_cmp(&said[*b]))?;
        all[*class as usize] += 1.0;
        right[*class as usize] += f64::from(u8::from(best == *class as usize));
    }
    let shares = right.iter().zip(&all).map(|(right, all)| right / all);
    let accuracy = shares.sum::<f64>() / n_classes as f64;
    accuracy.is_finite().then(|| (accuracy, forest.importances()))
}

fn fit(
    rows: &Side<'_>,
    features: &[Feature],
    (n_classes, seed): (usize, u64),
) -> Option<RandomForest> {
    let names: Vec<&str> = features.iter().map(|feature| feature.as_str()).collect();
    let column = |feature: &Feature| {
        Column::Number(rows.iter().map(|(_, values)| values[*feature as usize]).collect())
    };
    let frame = Frame::new(Schema::numbers(&names).ok()?, features.iter().map(column).collect());
    let classes: Vec<u32> = rows.iter().map(|(class, _)| *class).collect();
    let frame = frame.ok()?;
    let labelled = LabelledFrame { frame: &frame, classes: &classes, n_classes, weights: None };
    let params =
        ForestParams { n_trees: 20, max_depth: 8, min_rows: 5.0, seed, ..ForestParams::default() };
    forest::fit(&params.check().ok()?, &labelled).ok()
}
