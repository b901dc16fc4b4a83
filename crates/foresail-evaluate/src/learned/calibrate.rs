//! From the model's probabilities to ones that mean what they say.

use foresail_core::FailureKind;
use foresail_learn::calibration::Calibrator;
use foresail_learn::metrics::Probabilities;

use super::{Lesson, Scored};

/// Rows of one incident say almost the same: each counts as this share of an independent one.
const ROW_WEIGHT: f64 = 0.02;
/// Events that hold a calibrator to the identity, so that few events change little.
const PRIOR_EVENTS: f64 = 5.0;

/// A calibrator per kind, from what a model said of rows that it was not fitted on.
#[must_use]
pub fn calibrators(kinds: &[FailureKind], said: &[(&Lesson, &Scored)]) -> Vec<Calibrator> {
    (0..kinds.len()).map(|number| calibrator((number, kinds[number]), said)).collect()
}

fn calibrator((number, kind): (usize, FailureKind), said: &[(&Lesson, &Scored)]) -> Calibrator {
    let (mut happened, mut values) = (Vec::new(), Vec::new());
    for (lesson, scored) in said {
        for (row, target) in lesson.targets.iter().enumerate() {
            let Some(came) = target.as_ref().and_then(|target| target.came(kind)) else { continue };
            if let Some(said) = scored.of(row) {
                happened.push(came);
                values.push(f64::from(said[number].probability));
            }
        }
    }
    let weights = vec![ROW_WEIGHT; values.len()];
    let rows = Probabilities::new(&happened, &values).and_then(|rows| rows.weighted(&weights));
    rows.ok()
        .and_then(|rows| Calibrator::platt(&rows, PRIOR_EVENTS).ok())
        .unwrap_or(Calibrator::Identity)
}
