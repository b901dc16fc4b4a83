//! What happened to the workload of each row, from the outcomes of the ledger alone.
//!
//! ```text
//!        alert                bad            good, or the next alert
//!  ├──────────────────┼─────────────────┼────────────────────────────
//!  t_e − 60 min      t_e             recovery
//! ```

use std::collections::BTreeMap;

use foresail_core::store::RowLabel;
use foresail_core::{
    FailureKind, FaultDuration, Outcome, PlatformDuration, TimeScale, Timestamp, Unit, WorkloadId,
};

/// How far a label looks ahead, in fault time.
pub const HORIZON: FaultDuration = FaultDuration::from_minutes(60.0);

/// Minutes end on whole milliseconds.
const ROUNDING: PlatformDuration = PlatformDuration::from_millis(1);

/// What a row is told of the future.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Verdict {
    pub(super) label: Option<RowLabel>,
    /// The kind of the outcome behind it.
    pub(super) kind: Option<FailureKind>,
    /// Production minutes until it begins; 0 while it is open.
    pub(super) minutes: Option<f64>,
    /// When that is.
    pub(super) occurred_at: Option<Timestamp>,
    /// Its incident.
    pub(super) incident: Option<u32>,
}

/// A row, as far as its label needs it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    pub(super) at: Timestamp,
    pub(super) unit: &'a WorkloadId,
    pub(super) pod: &'a str,
    /// The last row of the same pod.
    pub(super) last_row: Timestamp,
}

/// Everything that labels rest on.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    outcomes: BTreeMap<&'a WorkloadId, Vec<&'a Outcome>>,
    gaps: &'a [(Timestamp, Timestamp)],
    until: Timestamp,
    /// Between two rows.
    step: PlatformDuration,
    scale: TimeScale,
}

// === impl Verdict ===

impl Verdict {
    fn failing(label: RowLabel, outcome: &Outcome, minutes: f64) -> Self {
        Self {
            label: Some(label),
            kind: Some(outcome.kind),
            minutes: Some(minutes),
            occurred_at: Some(outcome.occurred_at),
            incident: Some(outcome.incident),
        }
    }
}

// === impl Facts ===

impl<'a> Facts<'a> {
    /// Facts observed until `until`, with rows `step` apart.
    pub(super) fn new(
        outcomes: &'a [Outcome],
        gaps: &'a [(Timestamp, Timestamp)],
        (until, step, scale): (Timestamp, PlatformDuration, TimeScale),
    ) -> Self {
        let mut by_unit: BTreeMap<&WorkloadId, Vec<&Outcome>> = BTreeMap::new();
        for outcome in outcomes {
            if let Unit::Workload(unit) = &outcome.unit {
                by_unit.entry(unit).or_default().push(outcome);
            }
        }
        for outcomes in by_unit.values_mut() {
            outcomes.sort_by_key(|outcome| (outcome.occurred_at, outcome.kind));
        }
        Self { outcomes: by_unit, gaps, until, step, scale }
    }

    /// What `row` is told.
    pub(super) fn judge(&self, row: Row<'_>) -> Verdict {
        let end = row.at + self.scale.to_platform(HORIZON);
        // Whether a row has a label never depends on which one: all of the last hour have none.
        if end > self.until + ROUNDING || self.is_cut(row.at, end) {
            return Verdict::default();
        }
        let outcomes = self.outcomes.get(row.unit).map_or(&[][..], Vec::as_slice);
        let is_open = |outcome: &&&Outcome| {
            outcome.occurred_at <= row.at && outcome.recovered_at.is_none_or(|at| row.at < at)
        };
        if let Some(open) = outcomes.iter().find(is_open) {
            return Verdict::failing(RowLabel::Bad, open, 0.0);
        }
        // An outcome that had recovered when it began was never open between two rows.
        let next = outcomes.iter().find(|outcome| outcome.occurred_at > row.at);
        let gone = row.last_row + self.step;
        match next.filter(|next| next.occurred_at <= end) {
            Some(next) if next.occurred_at <= gone || next.pod.as_deref() == Some(row.pod) => {
                let wall = next.occurred_at.since(row.at);
                Verdict::failing(RowLabel::Alert, next, self.scale.to_fault(wall).as_minutes())
            }
            None if row.last_row + ROUNDING >= end => {
                Verdict { label: Some(RowLabel::Good), ..Verdict::default() }
            }
            // The pod went before: what would have become of it is not known.
            Some(_) | None => Verdict::default(),
        }
    }

    fn is_cut(&self, from: Timestamp, to: Timestamp) -> bool {
        self.gaps.iter().any(|gap| gap.0 < to && from < gap.1)
    }
}
