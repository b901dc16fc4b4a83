//! Planned changes, from made-up objects.

use foresail_core::{
    ChangeKind, Condition, ConditionStatus, NodeObject, Object, ObjectChange, OwnerRef, PodObject,
    WorkloadObject,
};

use super::*;
use crate::pods::bare_pod;

fn pod(name: &str, set: &str) -> PodObject {
    let owner = OwnerRef { kind: WorkloadKind::ReplicaSet, name: set.to_owned(), uid: None };
    PodObject { owner: Some(owner), node: Some("node-1".to_owned()), ..bare_pod(name) }
}

fn workload(kind: WorkloadKind, name: &str, replicas: u32) -> WorkloadObject {
    WorkloadObject {
        namespace: "shop".to_owned(),
        kind,
        name: name.to_owned(),
        uid: None,
        owner: None,
        generation: Some(1),
        revision: None,
        replicas: Some(replicas),
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

fn set(name: &str, revision: u32, replicas: u32) -> WorkloadObject {
    let cart = OwnerRef { kind: WorkloadKind::Deployment, name: "cart".to_owned(), uid: None };
    WorkloadObject {
        owner: Some(cart),
        revision: Some(revision.to_string()),
        ..workload(WorkloadKind::ReplicaSet, name, replicas)
    }
}

/// A Deployment `cart` with one ReplicaSet and its pods `cart-0` and `cart-1`.
struct Cluster {
    graph: Graph,
    at: i64,
}

impl Cluster {
    fn new() -> Self {
        let mut cluster = Self { graph: Graph::new(), at: 0 };
        cluster.sees(Object::Workload(Box::new(workload(WorkloadKind::Deployment, "cart", 2))));
        cluster.sees(Object::Workload(Box::new(set("cart-a", 1, 2))));
        cluster.sees(Object::Pod(Box::new(pod("cart-0", "cart-a"))));
        cluster.sees(Object::Pod(Box::new(pod("cart-1", "cart-a"))));
        cluster
    }

    fn sees(&mut self, object: Object) {
        self.at += 1_000;
        let observed_at = Timestamp::from_millis(self.at);
        self.graph.observe(&ObjectChange { observed_at, change: ChangeKind::Modified, object });
    }

    fn rolls_out(&mut self, change: impl Fn(&mut WorkloadObject)) {
        let mut cart = workload(WorkloadKind::Deployment, "cart", 2);
        change(&mut cart);
        self.sees(Object::Workload(Box::new(cart)));
        self.sees(Object::Workload(Box::new(set("cart-b", 2, 1))));
        self.sees(Object::Pod(Box::new(pod("cart-2", "cart-b"))));
    }

    fn cordons(&mut self) {
        self.sees(Object::Node(Box::new(NodeObject {
            name: "node-1".to_owned(),
            conditions: Vec::new(),
            allocatable_cpu: None,
            allocatable_memory: None,
            allocatable_pods: None,
            labels: BTreeMap::new(),
            unschedulable: true,
        })));
    }

    fn deletes(&mut self, name: &str) {
        let deletion_requested_at = Some(Timestamp::from_millis(self.at));
        self.sees(Object::Pod(Box::new(PodObject {
            deletion_requested_at,
            ..pod(name, "cart-a")
        })));
    }

    /// Whether a forecast of `kind` on a pod (or on the workload) still counts.
    fn counts(&self, kind: FailureKind, pod: Option<&str>) -> bool {
        let mut said = [Prediction { pod: pod.map(str::to_owned), ..says(kind, 0.9) }];
        respect_plans(&mut said, &self.graph);
        assert_eq!(said[0].score > 0.0, said[0].evidence.is_empty(), "the plan is named");
        assert_eq!(said[0].probability().unwrap().get(), 0.9);
        if let (Some(pod), Unit::Workload(id)) = (pod, &said[0].unit) {
            assert_eq!(is_planned(&self.graph, id, (pod, kind)), said[0].score == 0.0);
        }
        said[0].score > 0.0
    }
}

const FIRST: Option<&str> = Some("cart-0");

#[test]
fn without_a_plan_everything_counts() {
    let cluster = Cluster::new();
    assert!(cluster.counts(FailureKind::NotReady, FIRST));
    assert!(cluster.counts(FailureKind::LivenessKill, None));
}

#[test]
fn nothing_is_forecast_of_a_pod_that_is_being_deleted() {
    let mut cluster = Cluster::new();
    cluster.deletes("cart-0");
    assert!(!cluster.counts(FailureKind::OomKilled, FIRST));
    assert!(!cluster.counts(FailureKind::NotReady, FIRST));
    assert!(cluster.counts(FailureKind::OomKilled, Some("cart-1")));
    assert!(cluster.counts(FailureKind::OomKilled, None), "the other pod stays");
    cluster.deletes("cart-1");
    assert!(!cluster.counts(FailureKind::OomKilled, None));
}

#[test]
fn a_workload_that_is_being_deleted_takes_its_pods_along() {
    let mut cluster = Cluster::new();
    let deletion_requested_at = Some(Timestamp::from_millis(1));
    let cart = workload(WorkloadKind::Deployment, "cart", 2);
    cluster.sees(Object::Workload(Box::new(WorkloadObject { deletion_requested_at, ..cart })));
    assert!(!cluster.counts(FailureKind::OomKilled, FIRST));
}

#[test]
fn a_rollout_excuses_the_old_pods_from_answering_but_not_from_their_limits() {
    let mut cluster = Cluster::new();
    cluster.rolls_out(|_| {});
    assert!(!cluster.counts(FailureKind::NotReady, FIRST));
    assert!(!cluster.counts(FailureKind::LivenessKill, FIRST));
    assert!(cluster.counts(FailureKind::OomKilled, FIRST));
    assert!(cluster.counts(FailureKind::NotReady, Some("cart-2")), "the new pod shall answer");
    assert!(cluster.counts(FailureKind::NotReady, None), "so the workload shall");
}

#[test]
fn behind_a_stuck_or_paused_rollout_the_old_pods_stay_in_service() {
    let mut stuck = Cluster::new();
    stuck.rolls_out(|cart| {
        cart.conditions.push(Condition {
            kind: "Progressing".to_owned(),
            status: ConditionStatus::False,
            reason: Some("ProgressDeadlineExceeded".to_owned()),
            message: None,
            last_transition: None,
        });
    });
    assert!(stuck.counts(FailureKind::NotReady, FIRST));
    let mut paused = Cluster::new();
    paused.rolls_out(|cart| cart.paused = true);
    assert!(paused.counts(FailureKind::NotReady, FIRST));
}

#[test]
fn a_scale_down_excuses_pods_until_the_surplus_is_gone() {
    let mut cluster = Cluster::new();
    cluster.sees(Object::Workload(Box::new(workload(WorkloadKind::Deployment, "cart", 1))));
    assert!(!cluster.counts(FailureKind::NotReady, FIRST));
    assert!(cluster.counts(FailureKind::OomKilled, FIRST));
    cluster.deletes("cart-1");
    assert!(cluster.counts(FailureKind::NotReady, FIRST), "this one stays");
}

#[test]
fn a_drain_excuses_the_pods_of_its_node_and_a_mere_cordon_does_not() {
    let mut cluster = Cluster::new();
    cluster.cordons();
    assert!(cluster.counts(FailureKind::NotReady, FIRST));
    cluster.deletes("cart-1");
    assert!(!cluster.counts(FailureKind::NotReady, FIRST));
    assert!(cluster.counts(FailureKind::OomKilled, FIRST));
}
