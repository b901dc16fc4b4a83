//! The row of one kind of failure.

use foresail_core::FailureKind;

use super::ScopeData;
use crate::result::{Estimate, KindRow};
use crate::summary::Summary;

/// What one recording adds to the row of a kind.
#[derive(Clone, Copy, Debug)]
pub struct KindPart<'a> {
    /// How the method did on the recording.
    pub summary: &'a Summary,
    /// Alarms of the kind.
    pub alarms: u32,
    /// Of them false.
    pub false_alarms: u32,
}

impl ScopeData<'_> {
    /// The row of `kind` at `budget`; one part per recording of the scope, in its order.
    #[must_use]
    pub fn kind_row(&self, (kind, budget): (FailureKind, f64), parts: &[KindPart<'_>]) -> KindRow {
        let mut row = KindRow {
            scope: self.scope.clone(),
            budget,
            kind: kind.as_str().to_owned(),
            incidents: 0,
            reachable: 0,
            caught: 0,
            caught_right_kind: 0,
            alarms: 0,
            false_alarms: 0,
            recall: None,
        };
        for (frame, part) in self.frames.iter().zip(parts) {
            let of_kind = frame.incidents.iter().enumerate().filter(|(_, one)| one.kind == kind);
            for (number, incident) in of_kind {
                row.incidents += 1;
                if incident.reachable {
                    row.reachable += 1;
                    row.caught += u32::from(part.summary.matched[number].is_some());
                    row.caught_right_kind +=
                        u32::from(part.summary.matched_right_kind[number].is_some());
                }
            }
            row.alarms += part.alarms;
            row.false_alarms += part.false_alarms;
        }
        let is_kind =
            |recording: usize, number: usize| self.frames[recording].incidents[number].kind == kind;
        let caught = |recording: usize, number: usize| {
            is_kind(recording, number) && parts[recording].summary.matched[number].is_some()
        };
        let bounds = self.resampler.share(&self.frames, is_kind, caught);
        row.recall = (row.reachable > 0).then(|| Estimate {
            value: f64::from(row.caught) / f64::from(row.reachable),
            low: bounds.map(|(low, _)| low),
            high: bounds.map(|(_, high)| high),
            n: f64::from(row.reachable),
        });
        row
    }
}
