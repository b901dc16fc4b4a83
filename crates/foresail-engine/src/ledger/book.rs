//! The book: facts of one (unit, kind) merge to outcomes, outcomes of one unit to incidents.
//!
//! A fact spans from its occurrence to ten minutes of fault time after its recovery (without end
//! while it has not recovered). Spans of one kind that touch are one outcome; outcomes whose spans
//! touch are one incident. Facts may be booked in any order of occurrence.

use std::collections::{BTreeMap, BTreeSet};

use foresail_core::{
    Fact, FailureKind, FaultDuration, Outcome, PlatformDuration, TimeScale, Timestamp, Unit,
};
use serde::{Deserialize, Serialize};

/// Facts of an outcome that are kept; further ones say the same again.
const FACTS_KEPT: usize = 4;

/// Incidents that are kept. Beyond it a tenth goes, the oldest of those that are over: on a cluster
/// whose Jobs fail for years the book would grow without end.
const INCIDENTS_KEPT: usize = 50_000;

/// From recovery to the end of an outcome's and an incident's reach, in fault time.
const REACH: FaultDuration = FaultDuration::from_minutes(10.0);

/// A fact, as a watch hands it to the book.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Finding {
    /// What failed.
    pub(super) kind: FailureKind,
    /// When, by the object's own time.
    pub(super) occurred_at: Timestamp,
    /// When that was known.
    pub(super) settled_at: Timestamp,
    /// When what failed had recovered, where it already has.
    pub(super) recovered_at: Option<Timestamp>,
    /// What must recover: a pod's uid, a condition, an object.
    pub(super) subject: String,
    /// The pod, where there is one.
    pub(super) pod: Option<String>,
    /// The node, where known.
    pub(super) node: Option<String>,
    /// What says so.
    pub(super) facts: Vec<Fact>,
}

/// An outcome as it stands in the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// When it occurred.
    pub occurred_at: Timestamp,
    /// When that was known.
    pub settled_at: Timestamp,
    /// The named failure.
    pub kind: FailureKind,
}

/// An outcome without its facts: what changes of it, and what scores need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutcomeBrief<'a> {
    /// What failed.
    pub unit: &'a Unit,
    /// The named failure.
    pub kind: FailureKind,
    /// When it occurred.
    pub occurred_at: Timestamp,
    /// When that was known.
    pub settled_at: Timestamp,
    /// When the unit had recovered from it; `None` while it has not.
    pub recovered_at: Option<Timestamp>,
    /// Number of its incident.
    pub incident: u32,
    /// Whether it is the first of its incident.
    pub primary: bool,
}

/// Facts of one kind that merged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Entry {
    settled: Settled,
    /// Subjects that have not recovered.
    open: BTreeSet<String>,
    recovered_at: Option<Timestamp>,
    pod: Option<String>,
    node: Option<String>,
    facts: Vec<Fact>,
}

/// Outcomes that merged to an incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Incident {
    number: u32,
    entries: Vec<Entry>,
}

/// All outcomes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Book {
    reach: PlatformDuration,
    incidents: u32,
    /// How many are kept.
    kept: usize,
    /// Incidents of each unit, oldest first; their spans do not touch.
    units: BTreeMap<Unit, Vec<Incident>>,
    /// How many incidents of each primary kind are not kept any more.
    #[serde(default)]
    forgotten: BTreeMap<FailureKind, u32>,
}

// === impl Entry ===

impl Entry {
    fn new(finding: Finding) -> Self {
        let open = finding.recovered_at.is_none().then_some(finding.subject);
        Self {
            settled: Settled {
                occurred_at: finding.occurred_at,
                settled_at: finding.settled_at,
                kind: finding.kind,
            },
            open: open.into_iter().collect(),
            recovered_at: finding.recovered_at,
            pod: finding.pod,
            node: finding.node,
            facts: finding.facts,
        }
    }

    /// When its reach ends; `None` while it has not recovered.
    fn end(&self, reach: PlatformDuration) -> Option<Timestamp> {
        if self.open.is_empty() { self.recovered_at.map(|at| at + reach) } else { None }
    }

    fn touches(&self, other: &Self, reach: PlatformDuration) -> bool {
        let before =
            |a: &Self, b: &Self| a.end(reach).is_none_or(|end| b.settled.occurred_at < end);
        self.settled.kind == other.settled.kind && before(self, other) && before(other, self)
    }

    fn absorb(&mut self, mut other: Self) {
        if other.settled.occurred_at < self.settled.occurred_at {
            std::mem::swap(self, &mut other);
        }
        self.settled.settled_at = self.settled.settled_at.min(other.settled.settled_at);
        self.recovered_at = self.recovered_at.max(other.recovered_at);
        self.open.append(&mut other.open);
        self.facts.append(&mut other.facts);
        self.facts.sort_by_key(|fact| fact.at);
        self.facts.truncate(FACTS_KEPT);
    }
}

// === impl Incident ===

impl Incident {
    fn start(&self) -> Option<Timestamp> {
        self.entries.iter().map(|entry| entry.settled.occurred_at).min()
    }

    fn end(&self, reach: PlatformDuration) -> Option<Timestamp> {
        let ends = self.entries.iter().map(|entry| entry.end(reach));
        ends.reduce(|a, b| Some(a?.max(b?))).flatten()
    }

    fn primary(&self) -> Option<Settled> {
        let settled = self.entries.iter().map(|entry| entry.settled);
        settled.min_by_key(|settled| (settled.occurred_at, settled.kind))
    }

    fn insert(&mut self, mut entry: Entry, reach: PlatformDuration) {
        while let Some(index) = self.entries.iter().position(|known| known.touches(&entry, reach)) {
            entry.absorb(self.entries.remove(index));
        }
        self.entries.push(entry);
        self.entries.sort_by_key(|entry| (entry.settled.occurred_at, entry.settled.kind));
    }
}

// === impl Book ===

impl Book {
    pub(super) fn new(scale: TimeScale) -> Self {
        Self {
            reach: scale.to_platform(REACH),
            incidents: 0,
            kept: 0,
            units: BTreeMap::new(),
            forgotten: BTreeMap::new(),
        }
    }

    /// Books a fact: merges it with what it touches.
    pub(super) fn add(&mut self, unit: Unit, finding: Finding) {
        let entry = Entry::new(finding);
        let (start, end) = (entry.settled.occurred_at, entry.end(self.reach));
        let incidents = self.units.entry(unit).or_default();
        let first = incidents
            .iter()
            .rposition(|known| known.end(self.reach).is_some_and(|its_end| its_end <= start))
            .map_or(0, |index| index + 1);
        let touched = incidents[first..]
            .iter()
            .take_while(|known| end.is_none_or(|end| known.start().is_some_and(|at| at < end)))
            .count();
        let mut merged = incidents.drain(first..first + touched);
        let mut incident = merged.next().unwrap_or_else(|| {
            self.incidents += 1;
            Incident { number: self.incidents, entries: Vec::new() }
        });
        for other in merged {
            incident.number = incident.number.min(other.number);
            for entry in other.entries {
                incident.insert(entry, self.reach);
            }
        }
        incident.insert(entry, self.reach);
        incidents.insert(first, incident);
        self.kept = self.kept + 1 - touched;
        if self.kept > INCIDENTS_KEPT {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let incidents = self.units.values().flatten();
        let mut ends: Vec<(Timestamp, u32)> = incidents
            .filter_map(|incident| Some((incident.end(self.reach)?, incident.number)))
            .collect();
        ends.sort_unstable();
        ends.truncate(INCIDENTS_KEPT / 10);
        let forgotten: BTreeSet<u32> = ends.into_iter().map(|(_, number)| number).collect();
        let counts = &mut self.forgotten;
        self.units.retain(|_, incidents| {
            incidents.retain(|incident| {
                let kept = !forgotten.contains(&incident.number);
                if !kept && let Some(primary) = incident.primary() {
                    *counts.entry(primary.kind).or_default() += 1;
                }
                kept
            });
            !incidents.is_empty()
        });
        self.kept -= forgotten.len();
    }

    /// Notes that `subject` has recovered from `kind`.
    pub(super) fn recover(&mut self, unit: &Unit, kind: FailureKind, subject: (&str, Timestamp)) {
        let Some(incidents) = self.units.get_mut(unit) else { return };
        // Only the newest incident can be open: an open one reaches without end.
        let Some(incident) = incidents.last_mut() else { return };
        for entry in incident.entries.iter_mut().filter(|entry| entry.settled.kind == kind) {
            if entry.open.remove(subject.0) {
                entry.recovered_at = entry.recovered_at.max(Some(subject.1));
            }
        }
    }

    pub(super) fn outcomes(&self) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for (unit, incidents) in &self.units {
            for incident in incidents {
                let primary = incident.primary();
                for entry in &incident.entries {
                    let primary = primary == Some(entry.settled);
                    outcomes.push(outcome(unit, entry, (incident.number, primary)));
                }
            }
        }
        outcomes.sort_by(|a, b| {
            (a.occurred_at, a.kind, &a.unit).cmp(&(b.occurred_at, b.kind, &b.unit))
        });
        outcomes
    }

    pub(super) fn briefs(&self) -> impl Iterator<Item = OutcomeBrief<'_>> {
        self.units.iter().flat_map(|(unit, incidents)| {
            incidents.iter().flat_map(move |incident| {
                let primary = incident.primary();
                incident.entries.iter().map(move |entry| OutcomeBrief {
                    unit,
                    kind: entry.settled.kind,
                    occurred_at: entry.settled.occurred_at,
                    settled_at: entry.settled.settled_at,
                    recovered_at: if entry.open.is_empty() { entry.recovered_at } else { None },
                    incident: incident.number,
                    primary: primary == Some(entry.settled),
                })
            })
        })
    }

    /// How many incidents there were, by the kind of their primary outcome.
    pub(super) fn incidents_by_kind(&self) -> BTreeMap<FailureKind, u32> {
        let mut counts = self.forgotten.clone();
        for primary in self.units.values().flatten().filter_map(Incident::primary) {
            *counts.entry(primary.kind).or_default() += 1;
        }
        counts
    }

    pub(super) fn in_blackout(&self, unit: &Unit, at: Timestamp) -> bool {
        let Some(incidents) = self.units.get(unit) else { return false };
        let after = incidents.partition_point(|known| known.start().is_some_and(|t| t <= at));
        let Some(incident) = after.checked_sub(1).and_then(|index| incidents.get(index)) else {
            return false;
        };
        let known = incident.entries.iter().any(|entry| entry.settled.settled_at <= at);
        known && incident.end(self.reach).is_none_or(|end| at < end)
    }

    pub(super) fn last(&self, unit: &Unit) -> Option<Settled> {
        let incident = self.units.get(unit)?.last()?;
        incident.entries.last().map(|entry| entry.settled)
    }
}

fn outcome(unit: &Unit, entry: &Entry, (incident, primary): (u32, bool)) -> Outcome {
    Outcome {
        occurred_at: entry.settled.occurred_at,
        settled_at: entry.settled.settled_at,
        recovered_at: if entry.open.is_empty() { entry.recovered_at } else { None },
        kind: entry.settled.kind,
        unit: unit.clone(),
        pod: entry.pod.clone(),
        node: entry.node.clone(),
        incident,
        primary,
        facts: entry.facts.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(at: i64, subject: &str) -> Finding {
        let at = Timestamp::from_millis(at);
        Finding {
            kind: FailureKind::ErrorExit,
            occurred_at: at,
            settled_at: at,
            recovered_at: (subject != "open").then_some(at),
            subject: subject.to_owned(),
            pod: None,
            node: None,
            facts: Vec::new(),
        }
    }

    #[test]
    fn the_oldest_incidents_that_are_over_are_forgotten_at_the_bound() {
        let mut book = Book::new(TimeScale::ONE);
        let unit = |at: i64| Unit::Node(format!("node-{at}"));
        book.add(unit(-1), finding(0, "open"));
        for at in 0..INCIDENTS_KEPT as i64 {
            book.add(unit(at), finding(at, "over"));
        }
        let outcomes = book.outcomes();
        assert_eq!(outcomes.len(), INCIDENTS_KEPT + 1 - INCIDENTS_KEPT / 10);
        assert_eq!(outcomes.len(), book.kept);
        assert_eq!(outcomes[0].unit, unit(-1));
        assert_eq!(outcomes[1].occurred_at, Timestamp::from_millis(INCIDENTS_KEPT as i64 / 10));
        let counted = book.incidents_by_kind();
        assert_eq!(counted[&FailureKind::ErrorExit] as usize, INCIDENTS_KEPT + 1);
    }
}
