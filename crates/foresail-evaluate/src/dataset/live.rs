//! The rows of a running service: the tables `nodes`, `pods` and `workloads`, and their labels.
//!
//! ```text
//!  Batch ──> MinuteRows::observe ──┐
//!  State ──────────────────────────┴─> minute(at)  every object's row, when a production minute is over
//!                                 └──> labels(at)  what became of rows, an hour later
//! ```
//!
//! Values and labels are those of `docs/dataset.md` by the same code as for recordings. Values are
//! kept in single precision here.

mod labels;

use foresail_core::store::{LabelSpan, Minute, NodeRow, PodRow, WorkloadRow};
use foresail_core::{Batch, PlatformDuration, Timestamp};
use foresail_engine::{Settings, State};

use super::gauge::Gauge;
use super::minutes::Minutes;
use labels::Labels;

/// Makes the rows of minutes, and labels them once that is possible.
///
/// It needs no restart point: what it remembers is made of the last hour, and after a restart rows of
/// the hour before have no label, like those of a gap.
#[derive(Debug)]
pub struct MinuteRows {
    gauge: Gauge,
    step: PlatformDuration,
    /// Number of the last minute that has rows, counted from the epoch.
    last: Option<i64>,
    labels: Labels,
}

// === impl MinuteRows ===

impl MinuteRows {
    /// Rows of a cluster.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let step = Minutes::new(Timestamp::default(), settings).step();
        Self {
            gauge: Gauge::default(),
            step,
            last: None,
            labels: Labels::new((settings.time_scale, settings.scrape_interval, step)),
        }
    }

    /// Notes a batch; the state takes it in, too, before or after.
    pub fn observe(&mut self, batch: &Batch) {
        self.gauge.note(batch);
        self.labels.note(batch);
    }

    /// Whether a production minute has ended since the last rows: 60 s at `time_scale` 1.
    #[must_use]
    pub fn is_due(&self, at: Timestamp) -> bool {
        self.last.is_none_or(|last| self.number(at) > last)
    }

    /// The row of every pod that is not finished, of every node and of every workload. Counts begin
    /// anew: call it when [`Self::is_due`] says so.
    pub fn minute(&mut self, state: &State, at: Timestamp) -> Minute {
        let taken = self.gauge.read(state, at);
        let pods: Vec<PodRow> = taken
            .pods
            .iter()
            .map(|(record, values)| PodRow {
                pod: record.object.name.clone(),
                node: record.object.node.clone(),
                workload: record.unit.clone(),
                values: narrow(values),
            })
            .collect();
        let nodes = taken
            .nodes
            .iter()
            .map(|(node, values)| NodeRow { node: (*node).to_owned(), values: narrow(values) })
            .collect();
        let workloads = taken
            .workloads
            .iter()
            .map(|(id, values)| WorkloadRow { workload: (*id).clone(), values: narrow(values) })
            .collect();
        self.labels.note_rows(taken.pods.iter().map(|(record, _)| *record), at);
        self.gauge.clear();
        self.last = Some(self.number(at));
        Minute { at, nodes, pods, workloads }
    }

    /// Labels of rows that can be given by now and were not before: those of an hour ago, some minutes
    /// at a time. Pods of a workload that fare alike share a span.
    pub fn labels(&mut self, state: &State, at: Timestamp) -> Vec<LabelSpan> {
        self.labels.take(state, at)
    }

    const fn number(&self, at: Timestamp) -> i64 {
        at.as_millis().div_euclid(self.step.as_millis())
    }
}

/// Values in single precision, one a column.
fn narrow<const N: usize>(values: &[f64]) -> [f32; N] {
    let mut narrow = [f32::NAN; N];
    for (slot, value) in narrow.iter_mut().zip(values) {
        *slot = *value as f32;
    }
    narrow
}
