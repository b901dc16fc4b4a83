//! The past ticks again, out of what the metrics server holds.

use foresail_core::{Batch, Timestamp};

use super::collector::Collector;
use super::status::{CollectReport, SourceReport, SourceState};

/// Questions in a row without an answer after which the server is not asked again: the gap stays one,
/// or is filled with the first ticks to come.
const FAILURES: u32 = 2;

/// Past ticks, the oldest first.
#[derive(Debug)]
pub struct Backfill<'a> {
    collector: &'a mut Collector,
    next: Timestamp,
    last: Timestamp,
    failures: u32,
    latest_report: Option<SourceReport>,
}

// === impl Backfill ===

impl<'a> Backfill<'a> {
    pub(super) const fn new(
        collector: &'a mut Collector,
        (next, last): (Timestamp, Timestamp),
    ) -> Self {
        Self { collector, next, last, failures: 0, latest_report: None }
    }

    /// Ticks that are left.
    #[must_use]
    pub fn left(&self) -> usize {
        let span = self.last.since(self.next).as_millis();
        if span < 0 { 0 } else { (span / self.collector.interval().as_millis()) as usize + 1 }
    }

    /// The next tick with its batch; `None` after the last one.
    pub async fn next(&mut self) -> Option<(Timestamp, Batch, CollectReport)> {
        if self.next > self.last {
            return None;
        }
        let tick = self.next;
        self.next = tick + self.collector.interval();
        let mut report = CollectReport::default();
        if self.failures < FAILURES
            && let Some(source) = self.collector.fetch_ahead(tick, self.last).await
        {
            let failed = source.state == SourceState::Failed;
            self.failures = if failed { self.failures + 1 } else { 0 };
            self.latest_report = Some(source);
        }
        report.sources.extend(self.latest_report.clone());
        let batch = self.collector.assemble(tick, &mut report);
        Some((tick, batch, report))
    }
}
