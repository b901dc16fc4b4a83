//! Each check on hand-made objects: the broken change, and the healthy one that looks like it.

use std::collections::BTreeMap;

use foresail_core::{
    Batch, ChangeKind, ClaimObject, Condition, ConfigMapObject, ContainerSpec, ContainerState,
    ContainerStatus, DisruptionBudgetObject, KubernetesEvent, NodeObject, Object, ObjectChange,
    OwnerRef, PodPhase, Reference, ReferenceKind, Resources, ServiceObject, TimeScale,
};

use super::*;
use crate::pods::{bare_pod, running};
use crate::settings::Settings;

/// A cluster that a test changes step by step.
struct Cluster {
    state: State,
    at: i64,
}

impl Cluster {
    /// One node of two cores and 4 GiB, and the ConfigMap that every namespace has.
    fn new() -> Self {
        let settings = Settings {
            cluster: "test".to_owned(),
            time_scale: TimeScale::ONE,
            scrape_interval: PlatformDuration::from_seconds(5),
        };
        let mut cluster = Self { state: State::new(settings), at: 0 };
        cluster.see(Object::Node(Box::new(NodeObject {
            name: "node-1".to_owned(),
            conditions: Vec::new(),
            allocatable_cpu: Some(2.0),
            allocatable_memory: Some(4.0 * 1024.0 * 1024.0 * 1024.0),
            allocatable_pods: Some(100.0),
            labels: BTreeMap::from([("zone".to_owned(), "a".to_owned())]),
            unschedulable: false,
        })));
        cluster.see(Object::ConfigMap(ConfigMapObject {
            namespace: "shop".to_owned(),
            name: "kube-root-ca.crt".to_owned(),
        }));
        cluster
    }

    fn see(&mut self, object: Object) {
        self.see_as(ChangeKind::Added, object);
    }

    fn see_as(&mut self, change: ChangeKind, object: Object) {
        let change = ObjectChange { observed_at: time(self.at), change, object };
        self.state.observe(&Batch {
            objects: vec![change],
            until: time(self.at),
            ..Batch::default()
        });
    }

    fn wait(&mut self, seconds: i64) {
        self.at += seconds;
    }

    fn findings(&self) -> Vec<Prediction> {
        predict(&self.state, time(self.at))
    }

    fn hear(&mut self, reason: &str, (kind, name): (&str, &str), message: &str) {
        let at = time(self.at);
        let event = KubernetesEvent {
            observed_at: at,
            change: ChangeKind::Added,
            event_type: "Warning".to_owned(),
            reason: reason.to_owned(),
            message: message.to_owned(),
            object_kind: kind.to_owned(),
            namespace: "shop".to_owned(),
            name: name.to_owned(),
            uid: None,
            field: None,
            count: None,
            first: None,
            last: Some(at),
            event_time: None,
            source: None,
        };
        self.state.observe(&Batch { events: vec![event], until: at, ..Batch::default() });
    }

    /// The only finding of this kind.
    fn one(&self, kind: FailureKind) -> Prediction {
        let mut found = self.findings();
        found.retain(|prediction| prediction.kind == kind);
        assert_eq!(found.len(), 1, "{found:#?}");
        found.remove(0)
    }

    /// A Deployment `cart` whose two pods have long been Ready.
    fn with_cart(mut self) -> Self {
        self.see(deployment(|_| {}));
        self.see(replica_set("cart-1", "1"));
        self.see(pod("cart-1-a", |pod| ready(pod, 5)));
        self.see(pod("cart-1-b", |pod| ready(pod, 5)));
        self.wait(3_600);
        assert!(self.findings().is_empty());
        self
    }

    /// `cart` changes, and its new ReplicaSet appears.
    fn roll_out(&mut self, change: impl FnOnce(&mut WorkloadObject)) {
        self.see_as(
            ChangeKind::Modified,
            deployment(|object| {
                object.generation = Some(2);
                change(object);
            }),
        );
        self.see(replica_set("cart-2", "2"));
    }
}

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

fn owner(kind: WorkloadKind, name: &str) -> Option<OwnerRef> {
    Some(OwnerRef { kind, name: name.to_owned(), uid: None })
}

fn workload(kind: WorkloadKind, name: &str) -> WorkloadObject {
    WorkloadObject {
        namespace: "shop".to_owned(),
        kind,
        name: name.to_owned(),
        uid: None,
        owner: None,
        generation: Some(1),
        revision: None,
        replicas: Some(2),
        template_hash: None,
        images: vec!["shop/cart:1".to_owned()],
        template: vec![container(0.1, 64.0)],
        references: Vec::new(),
        selector: BTreeMap::new(),
        node_selector: BTreeMap::new(),
        progress_deadline: Some(PlatformDuration::from_seconds(600)),
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

fn deployment(change: impl FnOnce(&mut WorkloadObject)) -> Object {
    let mut object = workload(WorkloadKind::Deployment, "cart");
    change(&mut object);
    Object::Workload(Box::new(object))
}

fn replica_set(name: &str, revision: &str) -> Object {
    let mut object = workload(WorkloadKind::ReplicaSet, name);
    object.owner = owner(WorkloadKind::Deployment, "cart");
    object.revision = Some(revision.to_owned());
    Object::Workload(Box::new(object))
}

fn container(cpu: f64, memory_mib: f64) -> ContainerSpec {
    ContainerSpec {
        name: "app".to_owned(),
        image: Some("shop/cart:1".to_owned()),
        resources: Resources {
            cpu_request: Some(cpu),
            memory_request: Some(memory_mib * 1024.0 * 1024.0),
            ..Resources::default()
        },
        liveness: None,
        readiness: None,
        startup: None,
    }
}

/// A pod of ReplicaSet `cart-1` or `cart-2`, by its name.
fn pod(name: &str, change: impl FnOnce(&mut PodObject)) -> Object {
    let mut pod = PodObject {
        owner: owner(WorkloadKind::ReplicaSet, &name[..6]),
        node: Some("node-1".to_owned()),
        containers: vec![running()],
        spec: vec![container(0.1, 64.0)],
        ..bare_pod(name)
    };
    change(&mut pod);
    Object::Pod(Box::new(pod))
}

fn waiting(reason: &str, message: &str) -> ContainerStatus {
    ContainerStatus {
        ready: false,
        state: Some(ContainerState::Waiting {
            reason: Some(reason.to_owned()),
            message: (!message.is_empty()).then(|| message.to_owned()),
        }),
        ..running()
    }
}

fn condition(kind: &str, status: ConditionStatus, reason: &str, message: &str) -> Condition {
    Condition {
        kind: kind.to_owned(),
        status,
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        last_transition: None,
    }
}

/// Ready since this many seconds after the epoch, created at it.
fn ready(pod: &mut PodObject, since: i64) {
    pod.created_at = Some(time(0));
    let mut condition = condition("Ready", ConditionStatus::True, "", "");
    condition.last_transition = Some(time(since));
    pod.conditions = vec![condition];
}

fn refused(pod: &mut PodObject, message: &str) {
    pod.node = None;
    pod.phase = PodPhase::Pending;
    pod.containers = Vec::new();
    pod.conditions =
        vec![condition("PodScheduled", ConditionStatus::False, "Unschedulable", message)];
}

fn config_map(name: &str) -> Reference {
    Reference { kind: ReferenceKind::ConfigMap, name: name.to_owned(), optional: false }
}

#[test]
fn a_template_with_an_unknown_config_map_is_named_before_a_pod_fails() {
    let mut cluster = Cluster::new().with_cart();
    cluster.roll_out(|object| object.references = vec![config_map("cart-settings")]);
    assert!(cluster.findings().is_empty(), "the ConfigMap may be on its way");
    cluster.wait(5);
    let finding = cluster.one(FailureKind::StartFailure);
    assert_eq!(
        finding.sentence,
        "shop/cart cannot start: ConfigMap \"cart-settings\" does not exist"
    );
    assert_eq!(finding.score, 1.0);
    assert_eq!(finding.time_to_event(), None);
}

#[test]
fn an_optional_or_existing_config_map_is_no_finding() {
    let mut cluster = Cluster::new().with_cart();
    cluster.see(Object::ConfigMap(ConfigMapObject {
        namespace: "shop".to_owned(),
        name: "cart-settings".to_owned(),
    }));
    cluster.roll_out(|object| {
        let optional = Reference { optional: true, ..config_map("more") };
        object.references = vec![config_map("cart-settings"), optional];
    });
    cluster.wait(5);
    assert!(cluster.findings().is_empty());
}

#[test]
fn a_config_map_is_not_missed_where_none_are_watched() {
    let mut cluster = Cluster::new();
    cluster.see_as(
        ChangeKind::Deleted,
        Object::ConfigMap(ConfigMapObject {
            namespace: "shop".to_owned(),
            name: "kube-root-ca.crt".to_owned(),
        }),
    );
    let mut cluster = cluster.with_cart();
    cluster.roll_out(|object| object.references = vec![config_map("cart-settings")]);
    cluster.wait(60);
    assert!(cluster.findings().is_empty());
}

#[test]
fn a_missing_claim_keeps_pods_from_being_scheduled() {
    let mut cluster = Cluster::new().with_cart();
    cluster.see(Object::Claim(ClaimObject {
        namespace: "shop".to_owned(),
        name: "other".to_owned(),
        bound: true,
    }));
    cluster.roll_out(|object| {
        object.references = vec![Reference {
            kind: ReferenceKind::Claim,
            name: "data".to_owned(),
            optional: false,
        }];
    });
    cluster.wait(5);
    let finding = cluster.one(FailureKind::Unschedulable);
    assert!(finding.sentence.contains("PersistentVolumeClaim \"data\" does not exist"));
}

#[test]
fn a_finished_job_misses_nothing() {
    let mut cluster = Cluster::new();
    let mut job = workload(WorkloadKind::Job, "report");
    job.replicas = None;
    job.references = vec![config_map("gone")];
    job.conditions = vec![condition("Complete", ConditionStatus::True, "", "")];
    cluster.see(Object::Workload(Box::new(job)));
    cluster.wait(60);
    assert!(cluster.findings().is_empty());
}

#[test]
fn an_image_that_cannot_be_pulled_is_named_once_for_all_pods() {
    let mut cluster = Cluster::new().with_cart();
    cluster.roll_out(|_| {});
    for name in ["cart-2-a", "cart-2-b"] {
        cluster.see(pod(name, |pod| {
            pod.spec[0].image = Some("shop/cart:2".to_owned());
            let reason = if name.ends_with('a') { "ErrImagePull" } else { "ImagePullBackOff" };
            pod.containers = vec![waiting(reason, "not found")];
        }));
    }
    let finding = cluster.one(FailureKind::StartFailure);
    assert_eq!(finding.sentence, "shop/cart cannot start: image \"shop/cart:2\" cannot be pulled");
    assert!(finding.evidence[0].contains("cart-2-a, cart-2-b"));
}

#[test]
fn what_a_container_lacks_is_read_from_its_message() {
    let cases = [
        (
            "CreateContainerConfigError",
            "secret \"db\" not found",
            "shop/cart cannot start: Secret \"db\" does not exist",
        ),
        (
            "RunContainerError",
            "runc create failed: exec: \"/srv/run\": permission denied",
            "shop/cart cannot start: executable \"/srv/run\" does not exist in the container",
        ),
        (
            "CreateContainerError",
            "name is reserved",
            "shop/cart cannot start: container app: name is reserved",
        ),
        (
            "PreCreateHookError",
            "",
            "shop/cart cannot start: container app reports PreCreateHookError",
        ),
    ];
    for (reason, message, sentence) in cases {
        let mut cluster = Cluster::new().with_cart();
        cluster.see(pod("cart-1-c", |pod| pod.containers = vec![waiting(reason, message)]));
        assert_eq!(cluster.one(FailureKind::StartFailure).sentence, sentence);
    }
}

#[test]
fn a_pod_being_created_or_deleted_is_no_finding() {
    let mut cluster = Cluster::new().with_cart();
    cluster.roll_out(|_| {});
    cluster.see(pod("cart-2-a", |pod| pod.containers = vec![waiting("ContainerCreating", "")]));
    cluster.see(pod("cart-2-b", |pod| {
        pod.containers = vec![waiting("ErrImagePull", "")];
        pod.deletion_requested_at = Some(time(1));
    }));
    cluster.wait(20);
    assert!(cluster.findings().is_empty());
}

#[test]
fn a_request_beyond_every_node_is_seen_at_the_change() {
    let mut cluster = Cluster::new().with_cart();
    cluster.roll_out(|object| object.template = vec![container(3.0, 64.0)]);
    let finding = cluster.one(FailureKind::Unschedulable);
    assert_eq!(
        finding.sentence,
        "shop/cart cannot be scheduled: it requests 3.00 CPU cores, but no node offers more than 2.00"
    );
    let mut cluster = Cluster::new().with_cart();
    cluster.roll_out(|object| object.template = vec![container(0.5, 5_000.0)]);
    assert!(cluster.one(FailureKind::Unschedulable).sentence.contains("5000 MiB of memory"));
}

#[test]
fn a_selector_that_no_node_has_is_seen_where_labels_are_known() {
    let zone = |zone: &str| BTreeMap::from([("zone".to_owned(), zone.to_owned())]);
    let mut cluster = Cluster::new().with_cart();
    cluster.roll_out(|object| object.node_selector = zone("b"));
    let finding = cluster.one(FailureKind::Unschedulable);
    assert!(finding.sentence.ends_with("no node has the labels zone=b"));
    let mut cluster = Cluster::new().with_cart();
    cluster.roll_out(|object| object.node_selector = zone("a"));
    assert!(cluster.findings().is_empty());
}

#[test]
fn a_refused_pod_counts_at_once_when_no_node_has_room() {
    let mut cluster = Cluster::new().with_cart();
    let message = "0/1 nodes are available: 1 Insufficient cpu.";
    cluster.see(pod("cart-1-c", |pod| {
        refused(pod, message);
        pod.spec = vec![container(1.9, 64.0)];
    }));
    let finding = cluster.one(FailureKind::Unschedulable);
    assert_eq!(finding.score, 1.0);
    assert_eq!(
        finding.sentence,
        "shop/cart cannot be scheduled: it requests 1.90 CPU cores, but no node has free more than 1.80"
    );
}

#[test]
fn a_refusal_without_proof_has_to_stand_ten_seconds() {
    let mut cluster = Cluster::new().with_cart();
    cluster.see(pod("cart-1-c", |pod| {
        refused(pod, "0/1 nodes are available: 1 Insufficient example.com/gpu.");
    }));
    assert!(cluster.one(FailureKind::Unschedulable).score < 0.5);
    cluster.wait(10);
    let finding = cluster.one(FailureKind::Unschedulable);
    assert_eq!(finding.score, 1.0);
    assert!(finding.sentence.ends_with("1 Insufficient example.com/gpu"));
}

#[test]
fn a_new_pod_far_slower_than_the_others_makes_the_rollout_doubtful() {
    let mut cluster = Cluster::new().with_cart();
    cluster.roll_out(|_| {});
    let born = cluster.at;
    cluster.see(pod("cart-2-a", |pod| pod.created_at = Some(time(born))));
    cluster.wait(60);
    assert!(cluster.findings().is_empty(), "late, but the deadline is far");
    cluster.wait(100);
    let finding = cluster.one(FailureKind::RolloutStuck);
    assert!(finding.score > 0.7 && finding.score < 0.9, "{}", finding.score);
    assert_eq!(finding.time_to_event().unwrap().p50, PlatformDuration::from_seconds(440));
    assert!(
        finding
            .sentence
            .contains("1 of 1 new pods are not Ready after 160 s; the others took at most 5 s")
    );
    cluster.wait(500);
    assert!(cluster.findings().is_empty(), "past its deadline it is an outcome, not a forecast");
}

#[test]
fn a_rollout_that_gets_on_is_no_finding() {
    let mut cluster = Cluster::new().with_cart();
    cluster.roll_out(|_| {});
    let born = cluster.at;
    for wait in 0..40 {
        cluster.wait(5);
        cluster.see(pod("cart-2-a", |pod| {
            pod.created_at = Some(time(born));
            if wait > 1 {
                ready(pod, born + 10);
                pod.created_at = Some(time(born));
            }
        }));
        assert!(cluster.findings().is_empty());
    }
}

#[test]
fn a_pod_that_falters_after_its_rollout_is_not_blamed_on_it() {
    let mut cluster = Cluster::new().with_cart();
    cluster.roll_out(|object| {
        let reason = "NewReplicaSetAvailable";
        object.conditions = vec![condition("Progressing", ConditionStatus::True, reason, "")];
    });
    for restarts in 0..=2 {
        cluster.wait(100);
        cluster.see(pod("cart-2-a", |pod| pod.containers[0].restarts = restarts));
    }
    assert!(cluster.findings().is_empty());
}

#[test]
fn new_pods_that_restart_beside_calm_old_ones_will_crash_loop() {
    let mut cluster = Cluster::new().with_cart();
    cluster.roll_out(|_| {});
    for restarts in 0..=2 {
        assert!(cluster.findings().is_empty());
        cluster.wait(5);
        cluster.see(pod("cart-2-a", |pod| pod.containers[0].restarts = restarts));
    }
    let finding = cluster.one(FailureKind::CrashLoop);
    assert_eq!(finding.score, 0.75);
    // An old pod that restarts as well takes the blame off the new ReplicaSet.
    cluster.see(pod("cart-1-a", |pod| pod.containers[0].restarts = 1));
    assert!(cluster.findings().is_empty());
}

#[test]
fn a_used_up_quota_stops_the_rollout_at_its_deadline() {
    let mut cluster = Cluster::new().with_cart();
    let message = "pods \"cart-2-a\" is forbidden: exceeded quota: small, requested: \
                   requests.cpu=100m, used: requests.cpu=1, limited: requests.cpu=1";
    cluster.roll_out(|object| {
        object.conditions =
            vec![condition("ReplicaFailure", ConditionStatus::True, "FailedCreate", message)];
    });
    cluster.wait(60);
    let finding = cluster.one(FailureKind::RolloutStuck);
    assert!(finding.sentence.contains("it exceeds quota small, requested: requests.cpu=100m"));
    assert_eq!(finding.time_to_event().unwrap().p50, PlatformDuration::from_seconds(540));
}

#[test]
fn a_service_that_lost_its_endpoints_beside_ready_pods_is_named() {
    let service = |ready| {
        Object::Service(ServiceObject {
            namespace: "shop".to_owned(),
            name: "cart".to_owned(),
            ready,
            not_ready: 0,
        })
    };
    let mut cluster = Cluster::new().with_cart();
    cluster.see(service(0));
    cluster.wait(60);
    assert!(cluster.findings().is_empty(), "it never had one");
    cluster.see(service(2));
    cluster.wait(60);
    cluster.see(service(0));
    assert!(cluster.findings().is_empty());
    cluster.wait(30);
    let finding = cluster.one(FailureKind::SloBurn);
    assert!(
        finding.sentence.contains("Service \"cart\" has no endpoints although 2 pods are Ready")
    );
}

#[test]
fn a_budget_that_never_allows_an_eviction_is_shown_but_cannot_raise() {
    let budget = |desired| {
        Object::DisruptionBudget(DisruptionBudgetObject {
            namespace: "shop".to_owned(),
            name: "cart-pdb".to_owned(),
            allowed: Some(0),
            healthy: Some(2),
            desired: Some(desired),
            expected: Some(2),
        })
    };
    let mut cluster = Cluster::new().with_cart();
    cluster.see(budget(2));
    let finding = cluster.one(FailureKind::RolloutStuck);
    assert!(finding.sentence.contains("PodDisruptionBudget \"cart-pdb\" never allows an eviction"));
    assert!(finding.score < 0.1);
    cluster.see(budget(1));
    assert!(cluster.findings().is_empty());
}

#[test]
fn a_volume_without_its_secret_is_named_from_the_event() {
    let mut cluster = Cluster::new().with_cart();
    cluster.see(pod("cart-1-c", |pod| pod.containers = vec![waiting("ContainerCreating", "")]));
    let message = "MountVolume.SetUp failed for volume \"tls\" : secret \"web-tls\" not found";
    cluster.hear("FailedMount", ("Pod", "cart-1-c"), message);
    let finding = cluster.one(FailureKind::StartFailure);
    assert_eq!(finding.sentence, "shop/cart cannot start: Secret \"web-tls\" does not exist");
    cluster.see(pod("cart-1-c", |pod| {
        pod.containers[0].container_id = Some("started".to_owned());
    }));
    assert!(cluster.findings().is_empty());
}

#[test]
fn a_mount_that_is_late_without_a_missing_object_has_to_stand() {
    let mut cluster = Cluster::new().with_cart();
    cluster.see(pod("cart-1-c", |pod| pod.containers = vec![waiting("ContainerCreating", "")]));
    cluster.hear("FailedMount", ("Pod", "cart-1-c"), "timed out waiting for the cache");
    assert!(cluster.findings().is_empty());
    cluster.wait(20);
    let finding = cluster.one(FailureKind::StartFailure);
    assert!(finding.sentence.ends_with("cannot be mounted: timed out waiting for the cache"));
}

#[test]
fn a_stateful_set_whose_pods_are_refused_is_named_until_they_exist() {
    let mut cluster = Cluster::new();
    cluster.see(Object::Workload(Box::new(workload(WorkloadKind::StatefulSet, "db"))));
    let message = "create Pod db-0 failed: pods \"db-0\" is forbidden: exceeded quota: small";
    cluster.hear("FailedCreate", ("StatefulSet", "db"), message);
    let finding = cluster.one(FailureKind::StartFailure);
    assert_eq!(finding.sentence, "shop/db cannot start: it exceeds quota small");
    for name in ["db-0", "db-1"] {
        cluster.see(pod(&format!("{name}  "), |pod| {
            pod.owner = owner(WorkloadKind::StatefulSet, "db");
        }));
    }
    assert!(cluster.findings().is_empty());
}

#[test]
fn notices_lapse() {
    let mut cluster = Cluster::new();
    cluster.see(Object::Workload(Box::new(workload(WorkloadKind::StatefulSet, "db"))));
    cluster.hear("FailedCreate", ("StatefulSet", "db"), "webhook says no");
    assert!(cluster.one(FailureKind::StartFailure).sentence.ends_with("refused: webhook says no"));
    cluster.wait(600);
    assert!(cluster.findings().is_empty());
}
