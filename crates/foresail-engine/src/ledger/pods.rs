//! Facts about pods: what their status and events say, and what must hold for a while first.

mod events;
mod settling;

use std::collections::{BTreeMap, BTreeSet};

use foresail_core::{
    ChangeKind, ConditionStatus, ContainerState, ContainerStatus, Fact, FailureKind,
    KubernetesEvent, ObjectChange, PlatformDuration, PodObject, PodPhase, Timestamp, Unit,
    WorkloadId,
};
use serde::{Deserialize, Serialize};

use super::terminations::{ContainerWatch, Kills, Place, Termination};
use super::words;
use super::{Due, Effect, Ledger};
use crate::graph::Graph;

/// How long a non-zero exit waits for what may explain it: a probe kill, the deletion or the
/// eviction of its pod. In the laboratory each of them was observed before the exit itself, at most
/// 1 s after its own time; 10 s leaves room for a slower API server.
const EXPLAIN_WITHIN: PlatformDuration = PlatformDuration::from_seconds(10);

/// How long a pod is remembered after it is gone, for events that come late.
const GONE_KEPT: PlatformDuration = PlatformDuration::from_seconds(15 * 60);

/// What is remembered of a pod.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct PodWatch {
    namespace: String,
    name: String,
    uid: String,
    node: Option<String>,
    unit: Unit,
    life: Life,
    holds: BTreeMap<HoldKind, Hold>,
    containers: BTreeMap<String, ContainerWatch>,
    pending: Vec<Termination>,
    kills: Kills,
    /// Failures that it has not recovered from, with the unit that they were booked on.
    open: BTreeSet<(FailureKind, Unit)>,
}

/// Where a pod stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Life {
    was_ready: bool,
    deletion_seen: Option<Timestamp>,
    is_evicted: bool,
    /// The kubelet ended the pod itself (eviction, shutdown, deadline).
    is_ended_by_platform: bool,
    is_finished: bool,
    gone_at: Option<Timestamp>,
}

/// What must hold for a while before it is a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum HoldKind {
    NotReady,
    Unschedulable,
    Mount,
    Sandbox,
}

/// A state that is waited out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Hold {
    since: Timestamp,
    due: Timestamp,
    is_booked: bool,
    fact: Fact,
}

// === impl Ledger ===

impl Ledger {
    pub(super) fn observe_pod(&mut self, change: &ObjectChange, pod: &PodObject, graph: &Graph) {
        let place = (pod.namespace.as_str(), pod.name.as_str());
        let Some(unit) = graph.unit_of_pod(place, Some(&pod.uid)) else { return };
        let started_at = self.started_at.unwrap_or(change.observed_at);
        if !self.pods.contains_key(&pod.uid) {
            self.pods.insert(pod.uid.clone(), PodWatch::new(pod, unit));
            let live = graph.pod(place.0, place.1);
            if live.is_some_and(|record| record.object.uid == pod.uid) {
                self.replace(pod, change.observed_at);
            }
        }
        let Some(watch) = self.pods.get_mut(&pod.uid) else { return };
        watch.belong_to(unit);
        let effects = watch.observe(change, pod, started_at);
        self.apply(effects, &Due::Pod(pod.uid.clone()));
    }

    /// A pod takes over the name of another, whose deletion went unseen: that one is gone.
    fn replace(&mut self, pod: &PodObject, at: Timestamp) {
        let key = (pod.namespace.clone(), pod.name.clone());
        let Some(former) = self.names.insert(key, pod.uid.clone()) else { return };
        if let Some(watch) = self.pods.get_mut(&former)
            && watch.life.gone_at.is_none()
        {
            let effects = watch.leave(at);
            self.apply(effects, &Due::Pod(former));
        }
    }

    pub(super) fn observe_pod_event(&mut self, event: &KubernetesEvent, graph: &Graph) {
        let uid = match &event.uid {
            Some(uid) => uid.clone(),
            None => match graph.pod(&event.namespace, &event.name) {
                Some(record) => record.object.uid.clone(),
                None => return,
            },
        };
        let Some(watch) = self.pods.get_mut(&uid) else { return };
        let effects = watch.observe_event(event);
        self.apply(effects, &Due::Pod(uid));
    }

    pub(super) fn settle_pod(&mut self, uid: &str, at: Timestamp) {
        let Some(watch) = self.pods.get_mut(uid) else { return };
        let effects = watch.settle(at);
        if watch.life.gone_at.is_some_and(|gone| gone + GONE_KEPT <= at) {
            let key = (watch.namespace.clone(), watch.name.clone());
            if self.names.get(&key).is_some_and(|current| current == uid) {
                self.names.remove(&key);
            }
            self.pods.remove(uid);
        }
        self.apply(effects, &Due::Pod(uid.to_owned()));
    }
}

// === impl HoldKind ===

impl HoldKind {
    /// How long it must hold (`evaluation.md` section 1, platform time).
    const fn length(self) -> PlatformDuration {
        match self {
            Self::NotReady | Self::Mount | Self::Sandbox => PlatformDuration::from_seconds(30),
            Self::Unschedulable => PlatformDuration::from_seconds(60),
        }
    }

    const fn failure(self) -> FailureKind {
        match self {
            Self::NotReady => FailureKind::NotReady,
            Self::Unschedulable => FailureKind::Unschedulable,
            Self::Mount => FailureKind::StartFailure,
            Self::Sandbox => FailureKind::Network,
        }
    }
}

// === impl PodWatch ===

impl PodWatch {
    fn new(pod: &PodObject, unit: &WorkloadId) -> Self {
        Self {
            namespace: pod.namespace.clone(),
            name: pod.name.clone(),
            uid: pod.uid.clone(),
            node: None,
            unit: Unit::Workload(unit.clone()),
            life: Life::default(),
            holds: BTreeMap::new(),
            containers: BTreeMap::new(),
            pending: Vec::new(),
            kills: Kills::default(),
            open: BTreeSet::new(),
        }
    }

    /// Later failures of the pod are failures of `unit`.
    pub(super) fn belong_to(&mut self, unit: &WorkloadId) {
        if self.unit.workload() != Some(unit) {
            self.unit = Unit::Workload(unit.clone());
        }
    }

    fn observe(
        &mut self,
        change: &ObjectChange,
        pod: &PodObject,
        started_at: Timestamp,
    ) -> Vec<Effect> {
        let at = change.observed_at;
        let mut effects = Vec::new();
        if pod.node.is_some() {
            self.node.clone_from(&pod.node);
        }
        self.observe_life(change, pod);
        self.observe_eviction(pod, at, &mut effects);
        for status in &pod.containers {
            self.observe_terminations(status, (at, started_at), &mut effects);
            self.observe_waiting(status, at, &mut effects);
        }
        self.observe_conditions(pod, at, &mut effects);
        self.observe_recovery(pod, at, &mut effects);
        if self.life.gone_at == Some(at) {
            effects.push(Effect::LookAgain(at + GONE_KEPT));
        }
        effects
    }

    fn observe_life(&mut self, change: &ObjectChange, pod: &PodObject) {
        let at = change.observed_at;
        let gone = change.change == ChangeKind::Deleted;
        if gone || pod.deletion_requested_at.is_some() {
            self.life.deletion_seen.get_or_insert(at);
        }
        if gone {
            self.life.gone_at.get_or_insert(at);
        }
        self.life.is_finished = pod.is_finished();
        if pod.phase == PodPhase::Failed && pod.reason.is_some() {
            self.life.is_ended_by_platform = true;
        }
    }

    fn observe_eviction(&mut self, pod: &PodObject, at: Timestamp, effects: &mut Vec<Effect>) {
        if pod.phase != PodPhase::Failed || pod.reason.as_deref() != Some("Evicted") {
            return;
        }
        let text = words::shorten(pod.message.as_deref().unwrap_or("Evicted"));
        self.evict((at, at), self.fact(at, "status.reason Evicted", text), effects);
    }

    fn observe_terminations(
        &mut self,
        status: &ContainerStatus,
        (at, started_at): (Timestamp, Timestamp),
        effects: &mut Vec<Effect>,
    ) {
        for place in [Place::LastState, Place::State] {
            let watch = self.containers.entry(status.name.clone()).or_default();
            let termination = watch.termination(status, (place, at), EXPLAIN_WITHIN);
            // What ended before observation began is no outcome of it.
            if let Some(termination) = termination.filter(|t| t.finished_at >= started_at) {
                self.judge(termination, at, effects);
            }
        }
    }

    /// Books a termination that explains itself; any other waits for an explanation.
    fn judge(&mut self, termination: Termination, at: Timestamp, effects: &mut Vec<Effect>) {
        let reason = termination.reason.as_deref().unwrap_or_default();
        if reason == "ContainerStatusUnknown" {
            // The kubelet lost sight of the container; its exit code is made up.
            return;
        }
        // Also an OOM kill uses up the probe kill that it came with: they are one to one.
        let kill = self.kills.take_for(&termination);
        if reason == "OOMKilled" {
            self.book_termination(&termination, (FailureKind::OomKilled, None, at), effects);
        } else if kill.is_some() {
            self.book_termination(&termination, (FailureKind::LivenessKill, kill, at), effects);
        } else if words::is_start_failure(reason) {
            self.book_termination(&termination, (FailureKind::StartFailure, None, at), effects);
        } else {
            effects.push(Effect::LookAgain(termination.due));
            self.pending.push(termination);
        }
    }

    fn observe_waiting(
        &mut self,
        status: &ContainerStatus,
        at: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let (reason, message) = match &status.state {
            Some(ContainerState::Waiting { reason, message }) => (reason.clone(), message.clone()),
            Some(ContainerState::Running { .. } | ContainerState::Terminated { .. }) | None => {
                (None, None)
            }
        };
        let watch = self.containers.entry(status.name.clone()).or_default();
        if watch.waiting == reason {
            return;
        }
        watch.waiting.clone_from(&reason);
        let Some(reason) = reason else { return };
        let kind = match reason.as_str() {
            "CrashLoopBackOff" => FailureKind::CrashLoop,
            other if words::is_start_failure(other) => FailureKind::StartFailure,
            _ => return,
        };
        let text = match message {
            Some(message) => format!("{reason}: {}", words::shorten(&message)),
            None => reason,
        };
        let fact = self.fact(at, &format!("containers[{}].state.waiting", status.name), text);
        effects.push(self.found(kind, (at, at), (None, vec![fact])));
    }

    fn observe_conditions(&mut self, pod: &PodObject, at: Timestamp, effects: &mut Vec<Effect>) {
        if self.has_ended() || self.life.deletion_seen.is_some() {
            self.holds.retain(|_, hold| hold.is_booked);
            return;
        }
        match pod.condition("Ready").map(|condition| (condition.status, condition)) {
            Some((ConditionStatus::True, _)) => {
                self.life.was_ready = true;
                self.release(HoldKind::NotReady, at, effects);
            }
            Some((ConditionStatus::False | ConditionStatus::Unknown, condition))
                if self.life.was_ready =>
            {
                let since = condition.last_transition.unwrap_or(at);
                let fact = self.fact(since, "condition Ready", words::describe(condition));
                effects.extend(self.hold(HoldKind::NotReady, at, fact));
            }
            Some(_) | None => {}
        }
        let scheduled = pod.condition("PodScheduled");
        let refused = scheduled.filter(|condition| {
            condition.status == ConditionStatus::False
                && condition.reason.as_deref() == Some("Unschedulable")
        });
        match refused {
            Some(condition) => {
                let since = condition.last_transition.unwrap_or(at);
                let fact = self.fact(since, "condition PodScheduled", words::describe(condition));
                effects.extend(self.hold(HoldKind::Unschedulable, at, fact));
            }
            None => self.release(HoldKind::Unschedulable, at, effects),
        }
        self.observe_start(pod, at, effects);
    }

    /// A sandbox that is ready, or a container beyond its creation, ends waiting for them.
    fn observe_start(&mut self, pod: &PodObject, at: Timestamp, effects: &mut Vec<Effect>) {
        let created = pod.containers.iter().any(|status| match &status.state {
            Some(ContainerState::Waiting { reason, .. }) => {
                !words::is_being_created(reason.as_deref())
            }
            Some(ContainerState::Running { .. } | ContainerState::Terminated { .. }) => true,
            None => false,
        });
        let sandbox = pod.condition("PodReadyToStartContainers");
        if created || sandbox.is_some_and(|known| known.status == ConditionStatus::True) {
            self.release(HoldKind::Sandbox, at, effects);
        }
        if created {
            self.holds.remove(&HoldKind::Mount);
        }
    }

    fn observe_recovery(&mut self, pod: &PodObject, at: Timestamp, effects: &mut Vec<Effect>) {
        if self.has_ended() || is_healthy(pod) {
            self.recover(at, effects);
        }
    }

    /// The pod is gone, though nobody saw its deletion.
    fn leave(&mut self, at: Timestamp) -> Vec<Effect> {
        self.life.deletion_seen.get_or_insert(at);
        self.life.gone_at = Some(at);
        self.holds.retain(|_, hold| hold.is_booked);
        let mut effects = vec![Effect::LookAgain(at + GONE_KEPT)];
        self.recover(at, &mut effects);
        effects
    }

    fn recover(&mut self, at: Timestamp, effects: &mut Vec<Effect>) {
        for termination in &mut self.pending {
            termination.recovered_at.get_or_insert(at);
        }
        let ended = self.has_ended();
        let evicted = |kind: FailureKind| kind == FailureKind::Evicted;
        let open = std::mem::take(&mut self.open);
        for (kind, unit) in open {
            if evicted(kind) && !ended {
                self.open.insert((kind, unit));
            } else {
                effects.push(Effect::Recovered { unit, kind, subject: self.uid.clone(), at });
            }
        }
    }
}

/// Whether the pod is Ready and all its containers run and are ready.
fn is_healthy(pod: &PodObject) -> bool {
    let ready = pod.condition("Ready").is_some_and(|c| c.status == ConditionStatus::True);
    let mut containers = pod.containers.iter().filter(|status| !status.init).peekable();
    ready
        && containers.peek().is_some()
        && containers.all(|status| {
            status.ready && matches!(status.state, Some(ContainerState::Running { .. }))
        })
}
