//! Hand-made histories of objects and events, in seconds since their start.

use std::collections::BTreeMap;

use foresail_core::{
    Batch, ChangeKind, Condition, ConditionStatus, ContainerState, KubernetesEvent, NodeObject,
    Object, ObjectChange, Outcome, OwnerRef, PlatformDuration, PodObject, TimeScale, Timestamp,
    WorkloadKind, WorkloadObject,
};
use foresail_engine::{Settings, State};

use crate::pods::{bare_pod, running};

/// Seconds of the epoch at which every history starts.
const START: f64 = 1_795_000_000.0;

/// The instant `seconds` after the start.
pub(crate) fn at(seconds: f64) -> Timestamp {
    Timestamp::from_epoch_seconds(START + seconds).unwrap()
}

/// Seconds from the start.
pub(crate) fn seconds(time: Timestamp) -> f64 {
    time.since(at(0.0)).as_seconds()
}

/// Everything observed, in the order of observation.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    pub(crate) objects: Vec<ObjectChange>,
    pub(crate) events: Vec<KubernetesEvent>,
}

// === impl History ===

impl History {
    /// A Deployment's ReplicaSet `cart-1` and its pod `cart-1-a` (uid `u1`), Ready from the start.
    pub(crate) fn of_a_ready_pod() -> Self {
        let mut history = Self::default();
        let set = replica_set("cart-1", "cart");
        history.workload(0.0, ChangeKind::Listed, set);
        history.pod(0.0, ChangeKind::Listed, pod("cart-1-a", "u1"));
        history
    }

    pub(crate) fn pod(&mut self, t: f64, change: ChangeKind, pod: PodObject) {
        let object = Object::Pod(Box::new(pod));
        self.objects.push(ObjectChange { observed_at: at(t), change, object });
    }

    pub(crate) fn workload(&mut self, t: f64, change: ChangeKind, workload: WorkloadObject) {
        let object = Object::Workload(Box::new(workload));
        self.objects.push(ObjectChange { observed_at: at(t), change, object });
    }

    pub(crate) fn node(&mut self, t: f64, node: NodeObject) {
        let object = Object::Node(Box::new(node));
        let change = ChangeKind::Modified;
        self.objects.push(ObjectChange { observed_at: at(t), change, object });
    }

    pub(crate) fn event(&mut self, t: f64, happened: f64, (reason, message): (&str, &str)) {
        self.events.push(KubernetesEvent {
            observed_at: at(t),
            change: ChangeKind::Added,
            event_type: "Normal".to_owned(),
            reason: reason.to_owned(),
            message: message.to_owned(),
            object_kind: "Pod".to_owned(),
            namespace: "shop".to_owned(),
            name: "cart-1-a".to_owned(),
            uid: Some("u1".to_owned()),
            field: Some("spec.containers{app}".to_owned()),
            count: Some(1),
            first: Some(at(happened)),
            last: Some(at(happened)),
            event_time: None,
            source: Some("kubelet".to_owned()),
        });
    }

    /// The state after the history, observed in batches that end at `ends`, known until `until`.
    pub(crate) fn state(&self, ends: &[f64], until: f64) -> State {
        let mut state = State::new(Settings {
            cluster: "test".to_owned(),
            time_scale: TimeScale::try_from(10.0).unwrap(),
            scrape_interval: PlatformDuration::from_seconds(5),
        });
        for end in ends.iter().copied().chain([until]) {
            self.observe_into(&mut state, end);
        }
        state
    }

    /// Lets `state` observe what it has not, up to `until`.
    pub(crate) fn observe_into(&self, state: &mut State, until: f64) {
        let (from, until) = (state.until(), at(until));
        let seen = |time: Timestamp| from < time && time <= until;
        state.observe(&Batch {
            objects: self.objects.iter().filter(|o| seen(o.observed_at)).cloned().collect(),
            events: self.events.iter().filter(|e| seen(e.observed_at)).cloned().collect(),
            until,
            ..Batch::default()
        });
    }

    /// Outcomes known at `until`.
    pub(crate) fn outcomes(&self, until: f64) -> Vec<Outcome> {
        self.state(&[], until).outcomes()
    }

    /// Kind, unit, occurrence and settling (seconds) of every outcome known at `until`.
    pub(crate) fn told(&self, until: f64) -> Vec<(&'static str, String, f64, f64)> {
        let outcomes = self.outcomes(until).into_iter();
        outcomes
            .map(|o| {
                let (kind, unit) = (o.kind.as_str(), o.unit.to_string());
                (kind, unit, seconds(o.occurred_at), seconds(o.settled_at))
            })
            .collect()
    }
}

/// A condition with the time of its last change.
pub(crate) fn condition(kind: &str, status: ConditionStatus, since: Option<f64>) -> Condition {
    Condition {
        kind: kind.to_owned(),
        status,
        reason: None,
        message: None,
        last_transition: since.map(at),
    }
}

/// A container that ended.
pub(crate) fn ended(exit_code: i32, reason: &str, finished: f64) -> ContainerState {
    ContainerState::Terminated {
        exit_code,
        reason: Some(reason.to_owned()),
        message: None,
        started_at: None,
        finished_at: Some(at(finished)),
        container_id: Some(format!("containerd://{finished}")),
    }
}

/// A container that waits.
pub(crate) fn waiting(reason: &str) -> ContainerState {
    ContainerState::Waiting { reason: Some(reason.to_owned()), message: None }
}

/// A running, Ready pod of ReplicaSet `cart-1` with one container.
pub(crate) fn pod(name: &str, uid: &str) -> PodObject {
    PodObject {
        uid: uid.to_owned(),
        owner: Some(owner(WorkloadKind::ReplicaSet, "cart-1")),
        node: Some("node-1".to_owned()),
        conditions: vec![condition("Ready", ConditionStatus::True, None)],
        containers: vec![running()],
        ..bare_pod(name)
    }
}

/// That pod, not Ready since `since`.
pub(crate) fn unready(since: f64) -> PodObject {
    let mut pod = pod("cart-1-a", "u1");
    pod.conditions = vec![condition("Ready", ConditionStatus::False, Some(since))];
    pod.containers[0].ready = false;
    pod
}

/// That pod, running and Ready after `restarts`, the last container having ended so.
pub(crate) fn restarted(restarts: u32, last: ContainerState) -> PodObject {
    let mut pod = pod("cart-1-a", "u1");
    pod.containers[0].restarts = restarts;
    pod.containers[0].last_state = Some(last);
    pod
}

/// An owner reference.
pub(crate) fn owner(kind: WorkloadKind, name: &str) -> OwnerRef {
    OwnerRef { kind, name: name.to_owned(), uid: None }
}

/// A ReplicaSet of a Deployment.
pub(crate) fn replica_set(name: &str, deployment: &str) -> WorkloadObject {
    let mut set = workload(WorkloadKind::ReplicaSet, name);
    set.owner = Some(owner(WorkloadKind::Deployment, deployment));
    set
}

/// A workload object.
pub(crate) fn workload(kind: WorkloadKind, name: &str) -> WorkloadObject {
    WorkloadObject {
        namespace: "shop".to_owned(),
        kind,
        name: name.to_owned(),
        uid: None,
        owner: None,
        generation: Some(1),
        revision: None,
        replicas: Some(1),
        template_hash: None,
        images: Vec::new(),
        template: Vec::new(),
        references: Vec::new(),
        selector: BTreeMap::new(),
        node_selector: BTreeMap::new(),
        progress_deadline: None,
        backoff_limit: None,
        paused: false,
        deletion_requested_at: None,
        status_replicas: None,
        updated_replicas: None,
        ready_replicas: None,
        available_replicas: None,
        failed: None,
        conditions: Vec::new(),
    }
}

/// A node with this condition.
pub(crate) fn node(condition: Condition) -> NodeObject {
    NodeObject {
        name: "node-1".to_owned(),
        conditions: vec![condition],
        allocatable_cpu: None,
        allocatable_memory: None,
        allocatable_pods: None,
        labels: BTreeMap::new(),
        unschedulable: false,
    }
}
