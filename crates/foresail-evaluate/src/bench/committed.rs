//! The results that a repository keeps, and whether a new run still reaches them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::methods::FORESAIL;
use super::result::{BenchResult, Extent};
use super::tables::{pooled, split_words};
use crate::result::{Estimate, Row, Split};

/// Splits that claim something.
const SPLITS: [Split; 3] =
    [Split::LeaveOneRecordingOut, Split::LeaveOneApplicationOut, Split::TrainingToJudged];

/// What is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Committed {
    /// Version of the program that made it.
    pub program_version: String,
    /// The command line.
    pub command: String,
    /// Per recording the SHA-256 over the hashes of its files.
    pub recordings: BTreeMap<String, String>,
    /// The methods over everything that a split judges.
    pub rows: Vec<CommittedRow>,
}

/// One method at one budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CommittedRow {
    /// The split.
    pub split: Split,
    /// Stable name of the method.
    pub method: String,
    /// Budget; `None` as shipped.
    pub budget: Option<f64>,
    /// Reachable incidents.
    pub reachable: u32,
    /// Of them caught.
    pub caught: u32,
    /// Of them caught by name.
    pub caught_right_kind: u32,
    /// Share caught.
    pub recall: Estimate,
    /// False alarms per pod-day.
    pub false_per_pod_day: Estimate,
}

// === impl Committed ===

impl Committed {
    /// What of a result is kept.
    #[must_use]
    pub fn of(result: &BenchResult) -> Self {
        let recordings =
            result.recordings.iter().map(|one| (one.name.clone(), whole(&one.sha256))).collect();
        let rows = SPLITS.iter().flat_map(|split| {
            pooled(result, *split).filter_map(|row| CommittedRow::of(row, *split))
        });
        Self {
            program_version: result.provenance.program_version.clone(),
            command: result.provenance.command.clone(),
            recordings,
            rows: rows.collect(),
        }
    }

    /// What of this a new result no longer reaches, in sentences; empty when it reaches all.
    ///
    /// Foresail may catch as little as the lower end of the kept interval and raise as many false
    /// alarms as the upper end: less is a regression, the rest is chance.
    #[must_use]
    pub fn regressions(&self, result: &BenchResult) -> Vec<String> {
        if result.extent == Extent::Reduced {
            return vec!["a reduced run cannot be compared with committed results".to_owned()];
        }
        let now = Self::of(result);
        if now.recordings != self.recordings {
            return vec!["the committed results are of other recordings".to_owned()];
        }
        let own = self.rows.iter().filter(|row| row.method == FORESAIL);
        own.flat_map(|kept| kept.regressions(&now.rows)).collect()
    }
}

// === impl CommittedRow ===

impl CommittedRow {
    fn of(row: &Row, split: Split) -> Option<Self> {
        Some(Self {
            split,
            method: row.method.name.clone(),
            budget: row.budget,
            reachable: row.counts.reachable,
            caught: row.counts.reachable_matched,
            caught_right_kind: row.counts.reachable_matched_right_kind,
            recall: row.recall?,
            false_per_pod_day: row.false_per_pod_day?,
        })
    }

    fn regressions(&self, rows: &[Self]) -> Vec<String> {
        let place =
            format!("{} at budget {}", split_words(self.split), self.budget.unwrap_or_default());
        let same = |row: &&Self| {
            row.split == self.split && row.method == self.method && row.budget == self.budget
        };
        let Some(now) = rows.iter().find(same) else {
            return vec![format!("nothing was measured for {place}")];
        };
        let mut worse = Vec::new();
        if let Some(low) = self.recall.low
            && now.recall.value < low
        {
            worse.push(format!(
                "{place}: caught {:.2}, the committed interval begins at {low:.2}",
                now.recall.value
            ));
        }
        if let Some(high) = self.false_per_pod_day.high
            && now.false_per_pod_day.value > high
        {
            worse.push(format!(
                "{place}: {:.2} false alarms a pod-day, the committed interval ends at {high:.2}",
                now.false_per_pod_day.value
            ));
        }
        worse
    }
}

/// One hash over the hashes of files.
fn whole(files: &BTreeMap<String, String>) -> String {
    let mut hasher = Sha256::new();
    for (file, hash) in files {
        hasher.update(format!("{hash}  {file}\n").as_bytes());
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(value: f64, low: f64, high: f64) -> Estimate {
        Estimate { value, low: Some(low), high: Some(high), n: 100.0 }
    }

    fn row(caught: f64, wrong: f64) -> CommittedRow {
        CommittedRow {
            split: Split::LeaveOneRecordingOut,
            method: FORESAIL.to_owned(),
            budget: Some(0.5),
            reachable: 100,
            caught: (caught * 100.0) as u32,
            caught_right_kind: 0,
            recall: estimate(caught, caught - 0.1, caught + 0.1),
            false_per_pod_day: estimate(wrong, wrong - 0.2, wrong + 0.2),
        }
    }

    #[test]
    fn what_stays_within_the_interval_is_no_regression() {
        assert_eq!(row(0.5, 0.5).regressions(&[row(0.41, 0.69)]), Vec::<String>::new());
        assert_eq!(row(0.5, 0.5).regressions(&[row(0.9, 0.0)]), Vec::<String>::new());
    }

    #[test]
    fn fewer_caught_and_more_false_alarms_are_each_told() {
        let worse = row(0.5, 0.5).regressions(&[row(0.39, 0.71)]);
        assert_eq!(worse.len(), 2);
        assert!(worse[0].contains("caught 0.39") && worse[0].contains("leave one recording out"));
        assert!(worse[1].contains("0.71 false alarms"), "{worse:?}");
    }

    #[test]
    fn a_row_that_is_gone_is_a_regression() {
        let other = CommittedRow { budget: Some(1.0), ..row(0.5, 0.5) };
        assert_eq!(row(0.5, 0.5).regressions(&[other]).len(), 1);
    }
}
