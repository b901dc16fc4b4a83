//! The outcome ledger: which failures occurred, from API facts only.
//!
//! ```text
//!  object change ─┐                          ┌─ settles at once (reason OOMKilled, a condition)
//!  event ─────────┴─> watch of pod, node ────┤
//!                     or workload            └─ hold (not Ready 30 s, ...) ─> due, settles later
//!                            │ fact                                            │ fact
//!                            v                                                 v
//!                     Book: facts of one (unit, kind) merge to outcomes, outcomes of a unit to incidents
//! ```
//!
//! The rules are those of `docs/outcomes.md`. A fact settles at a time that depends on observations
//! only, so any split of the same observations into batches gives the same ledger.

mod book;
mod nodes;
mod pods;
mod terminations;
mod words;
mod workloads;

use std::collections::{BTreeMap, BTreeSet};

use foresail_core::{
    FailureKind, KubernetesEvent, Object, ObjectChange, Outcome, PlatformDuration, TimeScale,
    Timestamp, Unit, WorkloadId,
};
use serde::{Deserialize, Serialize};

use crate::graph::Graph;

pub use book::OutcomeBrief;
pub(crate) use words::{is_image_failure, is_start_failure};

use book::{Book, Finding};
use nodes::NodeWatch;
use pods::PodWatch;
use workloads::WorkloadWatch;

/// Outcomes that occur earlier than this after the first observation are dropped: they belong to
/// the time before (`evaluation.md` section 1, platform time).
const DROPPED_AT_START: PlatformDuration = PlatformDuration::from_seconds(30);

/// Builds outcomes incrementally.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    started_at: Option<Timestamp>,
    pods: BTreeMap<String, PodWatch>,
    /// Uid of the pod that a namespace and name stand for now.
    names: BTreeMap<(String, String), String>,
    nodes: BTreeMap<String, NodeWatch>,
    workloads: BTreeMap<WorkloadId, WorkloadWatch>,
    due: BTreeSet<(Timestamp, Due)>,
    book: Book,
}

/// What is looked at again at a later time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Due {
    /// A pod, by uid: its holds, or it is to be forgotten.
    Pod(String),
    /// A node, by name: its hold.
    Node(String),
    /// A workload; it has no holds.
    Workload(WorkloadId),
}

/// What an observation leads to.
#[derive(Clone, Debug)]
enum Effect {
    /// A failure is known.
    Found(Unit, Finding),
    /// A subject has recovered from a kind of failure.
    Recovered { unit: Unit, kind: FailureKind, subject: String, at: Timestamp },
    /// The thing observed is to be looked at again.
    LookAgain(Timestamp),
}

// === impl Ledger ===

impl Ledger {
    /// An empty ledger.
    #[must_use]
    pub fn new(scale: TimeScale) -> Self {
        Self {
            started_at: None,
            pods: BTreeMap::new(),
            names: BTreeMap::new(),
            nodes: BTreeMap::new(),
            workloads: BTreeMap::new(),
            due: BTreeSet::new(),
            book: Book::new(scale),
        }
    }

    /// Takes in one change of an object; `graph` already holds it.
    pub fn observe_object(&mut self, change: &ObjectChange, graph: &Graph) {
        self.begin(change.observed_at);
        match &change.object {
            Object::Pod(pod) => self.observe_pod(change, pod, graph),
            Object::Workload(workload) => self.observe_workload(change, workload, graph),
            Object::Node(node) => self.observe_node(change, node),
            Object::Service(_)
            | Object::ConfigMap(_)
            | Object::Claim(_)
            | Object::Quota(_)
            | Object::DisruptionBudget(_) => {}
        }
    }

    /// Takes in one event.
    pub fn observe_event(&mut self, event: &KubernetesEvent, graph: &Graph) {
        self.begin(event.observed_at);
        if event.object_kind == "Pod" {
            self.observe_pod_event(event, graph);
        }
    }

    /// Settles every hold that has elapsed by `until`.
    pub fn advance(&mut self, until: Timestamp) {
        while let Some((at, _)) = self.due.first()
            && *at <= until
        {
            self.settle_first();
        }
    }

    /// Outcomes known so far, oldest first, with incident numbers and primary flags.
    #[must_use]
    pub fn outcomes(&self) -> Vec<Outcome> {
        self.book.outcomes()
    }

    /// Outcomes known so far without their facts, by unit: cheap enough for every tick.
    pub fn briefs(&self) -> impl Iterator<Item = OutcomeBrief<'_>> {
        self.book.briefs()
    }

    /// How many incidents are known so far, by the kind of their primary outcome.
    #[must_use]
    pub fn incidents_by_kind(&self) -> BTreeMap<FailureKind, u32> {
        self.book.incidents_by_kind()
    }

    /// Whether `unit` has an outcome known by `at` that is open or recovered less than ten minutes
    /// of fault time before `at`.
    #[must_use]
    pub fn in_blackout(&self, unit: &Unit, at: Timestamp) -> bool {
        self.book.in_blackout(unit, at)
    }

    /// The latest outcome of `unit` known by now: when it occurred and when that was settled.
    #[must_use]
    pub fn last_outcome(&self, unit: &Unit) -> Option<(Timestamp, Timestamp)> {
        self.book.last(unit).map(|settled| (settled.occurred_at, settled.settled_at))
    }

    /// Notes the first observation ever, and settles what is due by `at`: what held until this very
    /// instant has held long enough.
    fn begin(&mut self, at: Timestamp) {
        self.started_at.get_or_insert(at);
        while let Some((due, _)) = self.due.first()
            && *due <= at
        {
            self.settle_first();
        }
    }

    fn settle_first(&mut self) {
        match self.due.pop_first() {
            Some((at, Due::Pod(uid))) => self.settle_pod(&uid, at),
            Some((at, Due::Node(name))) => self.settle_node(&name, at),
            Some((_, Due::Workload(_))) | None => {}
        }
    }

    /// Books what an observation of `due` led to, in its order. What occurred before observation
    /// had well begun is left out.
    fn apply(&mut self, effects: Vec<Effect>, due: &Due) {
        for effect in effects {
            match effect {
                Effect::Found(unit, finding) => {
                    let start = self.started_at.unwrap_or(finding.occurred_at);
                    if finding.occurred_at >= start + DROPPED_AT_START {
                        self.book.add(unit, finding);
                    }
                }
                Effect::Recovered { unit, kind, subject, at } => {
                    self.book.recover(&unit, kind, (&subject, at));
                }
                Effect::LookAgain(at) => {
                    self.due.insert((at, due.clone()));
                }
            }
        }
    }
}
