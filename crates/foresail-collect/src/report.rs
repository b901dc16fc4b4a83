//! What reading a recording found, repaired and left out. Nothing is dropped silently.

use std::collections::BTreeMap;

use foresail_core::Timestamp;
use serde::{Deserialize, Serialize};

/// What was wrong with a sample or line, and what was done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepairKind {
    /// A value that is NaN or infinite was dropped.
    NotFinite,
    /// A second value of a series at the same time was dropped; the first one counts.
    Duplicate,
    /// A series or file ran backwards in time; it was put in order.
    Backwards,
    /// A time more than an hour outside the recording was dropped.
    OutsideSpan,
    /// A sample of a container's earlier run, after samples of its next run, was dropped.
    EarlierRun,
    /// A log line without a readable time was dropped.
    UnreadableTime,
}

/// How often one repair was made, and where first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repair {
    /// How often.
    pub count: u64,
    /// File of the first one.
    pub file: String,
    /// Series or object of the first one.
    pub series: String,
    /// Time of the first one, where it has one.
    pub at: Option<Timestamp>,
}

/// A span in which nothing was scraped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Last sample before it.
    pub from: Timestamp,
    /// First sample after it.
    pub to: Timestamp,
}

/// What reading a recording found, repaired and left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReadReport {
    /// Rows in the sample files.
    pub samples_found: u64,
    /// Rows of series that something reads.
    pub samples_read: u64,
    /// Resolved samples that remained.
    pub samples_resolved: u64,
    /// Resolved samples left out because a better source of the quantity was there.
    pub other_source: u64,
    /// Resolved samples left out because another target already gives the quantity.
    pub other_target: u64,
    /// Limits that mean "no limit" (zero, negative or absurdly large) and were left missing.
    pub no_limit: u64,
    /// Repairs made, by kind.
    pub repairs: BTreeMap<RepairKind, Repair>,
    /// Spans of more than three scrape intervals without a sample.
    pub gaps: Vec<Gap>,
    /// Rows per metric family, read or not.
    pub families: BTreeMap<String, u64>,
}

// === impl ReadReport ===

impl ReadReport {
    /// Counts a repair; the first one of a kind is kept as its example.
    pub(crate) fn repair(&mut self, kind: RepairKind, example: Repair) {
        if example.count == 0 {
            return;
        }
        self.repairs
            .entry(kind)
            .and_modify(|known| known.count += example.count)
            .or_insert(example);
    }
}
