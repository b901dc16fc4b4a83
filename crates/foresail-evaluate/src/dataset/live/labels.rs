//! Labels of live rows: given an hour of fault time later, by the rules of recordings.

use std::collections::{BTreeMap, VecDeque};

use foresail_core::store::{LabelSpan, RowLabel};
use foresail_core::{
    Batch, FailureKind, FaultDuration, PlatformDuration, TimeScale, Timestamp, WorkloadId,
};
use foresail_engine::State;
use foresail_engine::graph::PodRecord;

use super::super::label::{self, Facts, HORIZON};

/// Minutes that are labelled at once: a label a workload then, not a minute and workload.
const AT_ONCE: FaultDuration = FaultDuration::from_minutes(10.0);
/// Facts are known so long after they hold: holds of up to a minute, and the way here.
const SETTLING: PlatformDuration = PlatformDuration::from_seconds(90);
/// Scrapes without a sample that make a gap, as in recordings.
const GAP_SCRAPES: i64 = 3;

/// The memory behind labels: bounded by the pods of the last hour.
#[derive(Debug)]
pub(super) struct Labels {
    scale: TimeScale,
    /// More time than this without a sample is a gap.
    longest_pause: PlatformDuration,
    /// Between two rows.
    step: PlatformDuration,
    /// Pods with rows, by uid.
    pods: BTreeMap<String, PodRows>,
    /// Minutes that have rows and no labels yet.
    minutes: VecDeque<Timestamp>,
    /// When the last samples came.
    sampled_at: Option<Timestamp>,
    gaps: VecDeque<(Timestamp, Timestamp)>,
}

/// The rows of a pod: one a minute from the first to the last.
#[derive(Debug)]
struct PodRows {
    name: String,
    unit: WorkloadId,
    first: Timestamp,
    last: Timestamp,
}

/// The label of a row, and the failure behind it.
type Said = (RowLabel, Option<(FailureKind, Timestamp)>);
/// A row and what it is told, if anything.
type Row = (Timestamp, Option<Said>);

// === impl Labels ===

impl Labels {
    pub(super) fn new(
        (scale, scrape_interval, step): (TimeScale, PlatformDuration, PlatformDuration),
    ) -> Self {
        let pause = PlatformDuration::from_millis(scrape_interval.as_millis() * GAP_SCRAPES);
        Self {
            scale,
            longest_pause: pause,
            step,
            pods: BTreeMap::new(),
            minutes: VecDeque::new(),
            sampled_at: None,
            gaps: VecDeque::new(),
        }
    }

    pub(super) fn note(&mut self, batch: &Batch) {
        let Some(newest) = batch.samples.iter().map(|sample| sample.at).max() else { return };
        if let Some(last) = self.sampled_at
            && newest.since(last) > self.longest_pause
        {
            self.gaps.push_back((last, newest));
        }
        self.sampled_at = self.sampled_at.max(Some(newest));
    }

    pub(super) fn note_rows<'p>(
        &mut self,
        pods: impl Iterator<Item = &'p PodRecord>,
        at: Timestamp,
    ) {
        for record in pods {
            let pod = self.pods.entry(record.object.uid.clone()).or_insert_with(|| PodRows {
                name: record.object.name.clone(),
                unit: record.unit.clone(),
                first: at,
                last: at,
            });
            pod.last = at;
            if pod.unit != record.unit {
                pod.unit = record.unit.clone();
            }
        }
        self.minutes.push_back(at);
    }

    pub(super) fn take(&mut self, state: &State, at: Timestamp) -> Vec<LabelSpan> {
        let until = at - SETTLING;
        let newest = until - self.scale.to_platform(HORIZON);
        let known = self.minutes.partition_point(|minute| *minute <= newest);
        let (Some(first), Some(last)) = (
            self.minutes.front().copied(),
            known.checked_sub(1).and_then(|one| self.minutes.get(one)),
        ) else {
            return Vec::new();
        };
        if last.since(first) + self.step < self.scale.to_platform(AT_ONCE) {
            return Vec::new();
        }
        let minutes: Vec<Timestamp> = self.minutes.drain(..known).collect();
        let mut gaps: Vec<_> = self.gaps.iter().copied().collect();
        if let Some(last) = self.sampled_at.filter(|last| until.since(*last) > self.longest_pause) {
            gaps.push((last, until));
        }
        let outcomes = state.outcomes();
        let facts = Facts::new(&outcomes, &gaps, (until, self.step, self.scale));
        let spans = self.spans(&facts, &minutes);
        self.gaps.retain(|(_, to)| *to > newest);
        self.pods.retain(|_, pod| pod.last > newest);
        spans
    }

    /// The labels of these minutes.
    fn spans(&self, facts: &Facts<'_>, minutes: &[Timestamp]) -> Vec<LabelSpan> {
        let mut by_unit: BTreeMap<&WorkloadId, Vec<&PodRows>> = BTreeMap::new();
        for pod in self.pods.values() {
            by_unit.entry(&pod.unit).or_default().push(pod);
        }
        let mut spans = Vec::new();
        for (unit, pods) in by_unit {
            let own: Vec<Vec<Row>> = pods.iter().map(|pod| said(facts, pod, minutes)).collect();
            match shared(&own) {
                Some(rows) => self.add(&mut spans, (unit, None), &rows),
                None => {
                    for (pod, rows) in pods.iter().zip(&own) {
                        self.add(&mut spans, (unit, Some(&pod.name)), rows);
                    }
                }
            }
        }
        spans
    }

    /// Adds a span for every run of rows that are told the same.
    fn add(&self, spans: &mut Vec<LabelSpan>, of: (&WorkloadId, Option<&String>), rows: &[Row]) {
        for (number, (at, said)) in rows.iter().enumerate() {
            let Some((label, failure)) = *said else { continue };
            let next = rows.get(number + 1).map(|(next, _)| *next);
            let until = next.map_or(*at + self.step, |next| next.min(*at + self.step));
            let goes_on = spans.last_mut().filter(|span| {
                span.workload == *of.0
                    && span.pod.as_ref() == of.1
                    && (span.until, span.label, span.failure) == (*at, label, failure)
            });
            match goes_on {
                Some(span) => span.until = until,
                None => spans.push(LabelSpan {
                    workload: of.0.clone(),
                    pod: of.1.cloned(),
                    from: *at,
                    until,
                    label,
                    failure,
                }),
            }
        }
    }
}

// === free functions ===

/// What the rows of a pod are told.
fn said(facts: &Facts<'_>, pod: &PodRows, minutes: &[Timestamp]) -> Vec<Row> {
    let own = minutes.iter().filter(|at| (pod.first..=pod.last).contains(at));
    own.map(|at| {
        let row = label::Row { at: *at, unit: &pod.unit, pod: &pod.name, last_row: pod.last };
        let verdict = facts.judge(row);
        let failure = verdict.kind.zip(verdict.occurred_at);
        (*at, verdict.label.map(|label| (label, failure)))
    })
    .collect()
}

/// The rows of all pods of a workload together; `None` unless pods are told the same at each minute.
fn shared(own: &[Vec<Row>]) -> Option<Vec<Row>> {
    let mut shared: BTreeMap<Timestamp, Option<Said>> = BTreeMap::new();
    for (at, said) in own.iter().flatten() {
        if shared.entry(*at).or_insert(*said) != said {
            return None;
        }
    }
    Some(shared.into_iter().collect())
}
