//! Tests of the object graph, from hand-made objects.

use foresail_core::{
    ChangeKind, ConfigMapObject, Object, ObjectChange, OwnerRef, PodObject, Timestamp,
    WorkloadKind, WorkloadObject,
};

use super::*;
use crate::pods::bare_pod;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

fn owner(kind: WorkloadKind, name: &str) -> OwnerRef {
    OwnerRef { kind, name: name.to_owned(), uid: None }
}

fn pod(name: &str, uid: &str, owner: Option<OwnerRef>) -> PodObject {
    PodObject { uid: uid.to_owned(), owner, ..bare_pod(name) }
}

fn workload(kind: WorkloadKind, name: &str, owner: Option<OwnerRef>) -> WorkloadObject {
    WorkloadObject {
        namespace: "shop".to_owned(),
        kind,
        name: name.to_owned(),
        uid: None,
        owner,
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

fn change(seconds: i64, change: ChangeKind, object: Object) -> ObjectChange {
    ObjectChange { observed_at: at(seconds), change, object }
}

fn pod_change(seconds: i64, kind: ChangeKind, pod: &PodObject) -> ObjectChange {
    change(seconds, kind, Object::Pod(Box::new(pod.clone())))
}

fn workload_change(seconds: i64, kind: ChangeKind, workload: &WorkloadObject) -> ObjectChange {
    change(seconds, kind, Object::Workload(Box::new(workload.clone())))
}

fn unit(kind: WorkloadKind, name: &str) -> WorkloadId {
    WorkloadId { namespace: "shop".to_owned(), kind, name: name.to_owned() }
}

fn cart_set() -> WorkloadObject {
    let owner = Some(owner(WorkloadKind::Deployment, "cart"));
    workload(WorkloadKind::ReplicaSet, "cart-5f7d", owner)
}

fn cart_pod() -> PodObject {
    pod("cart-5f7d-x", "u1", Some(owner(WorkloadKind::ReplicaSet, "cart-5f7d")))
}

#[test]
fn a_pod_of_a_replica_set_belongs_to_its_deployment() {
    let mut graph = Graph::new();
    graph.observe(&workload_change(1, ChangeKind::Listed, &cart_set()));
    graph.observe(&pod_change(2, ChangeKind::Added, &cart_pod()));
    let deployment = unit(WorkloadKind::Deployment, "cart");
    assert_eq!(graph.pod("shop", "cart-5f7d-x").unwrap().unit, deployment);
    assert_eq!(graph.pods_of(&deployment).count(), 1);
}

#[test]
fn a_pod_seen_before_its_replica_set_moves_to_the_deployment_when_it_appears() {
    let mut graph = Graph::new();
    graph.observe(&pod_change(1, ChangeKind::Added, &cart_pod()));
    assert_eq!(
        graph.pod("shop", "cart-5f7d-x").unwrap().unit,
        unit(WorkloadKind::ReplicaSet, "cart-5f7d")
    );
    graph.observe(&workload_change(2, ChangeKind::Added, &cart_set()));
    let deployment = unit(WorkloadKind::Deployment, "cart");
    assert_eq!(graph.pod("shop", "cart-5f7d-x").unwrap().unit, deployment);
    assert!(graph.workload(&unit(WorkloadKind::ReplicaSet, "cart-5f7d")).is_none());
}

#[test]
fn a_missing_replica_set_is_bridged_by_name_only_to_a_known_deployment() {
    let mut graph = Graph::new();
    let deployment = workload(WorkloadKind::Deployment, "cart", None);
    graph.observe(&workload_change(1, ChangeKind::Listed, &deployment));
    graph.observe(&pod_change(2, ChangeKind::Added, &cart_pod()));
    assert_eq!(
        graph.pod("shop", "cart-5f7d-x").unwrap().unit,
        unit(WorkloadKind::Deployment, "cart")
    );
}

#[test]
fn a_replica_set_that_goes_first_does_not_take_its_pods_along() {
    let mut graph = Graph::new();
    graph.observe(&workload_change(1, ChangeKind::Listed, &cart_set()));
    graph.observe(&pod_change(2, ChangeKind::Added, &cart_pod()));
    graph.observe(&workload_change(3, ChangeKind::Deleted, &cart_set()));
    graph.observe(&pod_change(4, ChangeKind::Modified, &cart_pod()));
    assert_eq!(
        graph.pod("shop", "cart-5f7d-x").unwrap().unit,
        unit(WorkloadKind::Deployment, "cart")
    );
}

#[test]
fn a_jobs_pod_belongs_to_the_job_and_a_lone_pod_to_itself() {
    let mut graph = Graph::new();
    let cron = Some(owner(WorkloadKind::CronJob, "report"));
    let job = workload(WorkloadKind::Job, "report-1", cron);
    graph.observe(&workload_change(1, ChangeKind::Added, &job));
    let worker = pod("report-1-x", "u1", Some(owner(WorkloadKind::Job, "report-1")));
    graph.observe(&pod_change(2, ChangeKind::Added, &worker));
    graph.observe(&pod_change(2, ChangeKind::Added, &pod("lone", "u2", None)));
    assert_eq!(graph.pod("shop", "report-1-x").unwrap().unit, unit(WorkloadKind::Job, "report-1"));
    assert_eq!(graph.pod("shop", "lone").unwrap().unit, unit(WorkloadKind::Pod, "lone"));
}

#[test]
fn a_deleted_pod_leaves_the_graph_but_its_unit_is_remembered_for_late_events() {
    let mut graph = Graph::new();
    graph.observe(&workload_change(1, ChangeKind::Listed, &cart_set()));
    graph.observe(&pod_change(2, ChangeKind::Added, &cart_pod()));
    graph.observe(&pod_change(3, ChangeKind::Deleted, &cart_pod()));
    assert!(graph.pod("shop", "cart-5f7d-x").is_none());
    let found = graph.unit_of_pod(("shop", "cart-5f7d-x"), Some("u1"));
    assert_eq!(found, Some(&unit(WorkloadKind::Deployment, "cart")));
    let mut later = cart_pod();
    later.name = "cart-5f7d-y".to_owned();
    later.uid = "u2".to_owned();
    graph.observe(&pod_change(2_000, ChangeKind::Added, &later));
    graph.observe(&pod_change(2_001, ChangeKind::Deleted, &later));
    assert!(graph.unit_of_pod(("shop", "cart-5f7d-x"), Some("u1")).is_none());
}

#[test]
fn a_deletion_of_the_former_uid_does_not_remove_the_pod_that_took_its_name() {
    let mut graph = Graph::new();
    let set = Some(owner(WorkloadKind::StatefulSet, "db"));
    graph.observe(&pod_change(1, ChangeKind::Added, &pod("db-0", "u1", set.clone())));
    graph.observe(&pod_change(2, ChangeKind::Added, &pod("db-0", "u2", set.clone())));
    graph.observe(&pod_change(3, ChangeKind::Deleted, &pod("db-0", "u1", set)));
    assert_eq!(graph.pod("shop", "db-0").unwrap().object.uid, "u2");
}

#[test]
fn changes_of_scale_and_of_template_are_told_apart() {
    let mut graph = Graph::new();
    let mut deployment = workload(WorkloadKind::Deployment, "cart", None);
    graph.observe(&workload_change(1, ChangeKind::Listed, &deployment));
    deployment.replicas = Some(3);
    deployment.generation = Some(2);
    graph.observe(&workload_change(2, ChangeKind::Modified, &deployment));
    deployment.generation = Some(3);
    graph.observe(&workload_change(3, ChangeKind::Modified, &deployment));
    deployment.ready_replicas = Some(3);
    graph.observe(&workload_change(4, ChangeKind::Modified, &deployment));
    let record = graph.workload(&unit(WorkloadKind::Deployment, "cart")).unwrap();
    assert_eq!(record.scaled_at, Some(at(2)));
    assert_eq!(record.template_changed_at, Some(at(3)));
}

#[test]
fn a_new_replica_set_is_the_newest_with_its_creation() {
    let mut graph = Graph::new();
    let mut old = cart_set();
    old.revision = Some("9".to_owned());
    graph.observe(&workload_change(1, ChangeKind::Listed, &old));
    let mut new = cart_set();
    new.name = "cart-99".to_owned();
    new.revision = Some("10".to_owned());
    graph.observe(&workload_change(2, ChangeKind::Added, &new));
    let record = graph.workload(&unit(WorkloadKind::Deployment, "cart")).unwrap();
    let (name, set) = record.newest_replica_set().unwrap();
    assert_eq!((name, set.created_at), ("cart-99", Some(at(2))));
    assert_eq!(record.template_changed_at, Some(at(2)));
    assert_eq!(record.replica_sets["cart-5f7d"].created_at, None);
}

#[test]
fn an_eviction_teaches_the_limit_of_an_empty_dir() {
    let mut graph = Graph::new();
    graph.observe(&workload_change(1, ChangeKind::Listed, &cart_set()));
    let mut evicted = cart_pod();
    evicted.reason = Some("Evicted".to_owned());
    evicted.message =
        Some("Usage of EmptyDir volume \"data\" exceeds the limit \"64Mi\". ".to_owned());
    graph.observe(&pod_change(2, ChangeKind::Modified, &evicted));
    let deployment = unit(WorkloadKind::Deployment, "cart");
    assert_eq!(graph.learned_empty_dir_limit(&deployment), Some(67_108_864.0));
    assert_eq!(graph.learned_ephemeral_limit(&deployment), None);
}

#[test]
fn messages_of_evictions_name_limits() {
    use super::limits::{Learned, learn};
    let container = "Container app exceeded its local ephemeral storage limit \"50M\". ";
    assert_eq!(learn(container), Some(Learned::Ephemeral { bytes: 50e6 }));
    let pod = "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ";
    assert_eq!(learn(pod), Some(Learned::Ephemeral { bytes: 1_073_741_824.0 }));
    assert_eq!(learn("The node was low on resource: memory."), None);
    assert_eq!(parse_bytes("nan"), None);
    assert_eq!(parse_bytes("1e3"), Some(1_000.0));
}

#[test]
fn config_maps_of_an_unwatched_namespace_are_not_known() {
    let mut graph = Graph::new();
    let root =
        ConfigMapObject { namespace: "shop".to_owned(), name: "kube-root-ca.crt".to_owned() };
    graph.observe(&change(1, ChangeKind::Listed, Object::ConfigMap(root)));
    assert_eq!(graph.inventory().has_config_map("shop", "settings"), Some(false));
    assert_eq!(graph.inventory().has_config_map("pay", "settings"), None);
}

/// Deployments with one pod each, `<name>-0`; the namespace may stand after a dot.
fn services(names: &[&str]) -> Graph {
    let mut graph = Graph::new();
    for name in names {
        let (name, namespace) = name.split_once('.').unwrap_or((name, "shop"));
        let mut deployment = workload(WorkloadKind::Deployment, name, None);
        namespace.clone_into(&mut deployment.namespace);
        graph.observe(&change(0, ChangeKind::Listed, Object::Workload(Box::new(deployment))));
        let set = format!("{name}-a");
        let mut replica_set =
            workload(WorkloadKind::ReplicaSet, &set, Some(owner(WorkloadKind::Deployment, name)));
        namespace.clone_into(&mut replica_set.namespace);
        graph.observe(&change(0, ChangeKind::Listed, Object::Workload(Box::new(replica_set))));
        let pod_name = format!("{name}-0");
        let mut pod = pod(&pod_name, &pod_name, Some(owner(WorkloadKind::ReplicaSet, &set)));
        namespace.clone_into(&mut pod.namespace);
        graph.observe(&change(0, ChangeKind::Listed, Object::Pod(Box::new(pod))));
    }
    graph
}

/// `web` calls `to` (`name` or `name.namespace`).
fn web_calls(graph: &mut Graph, seconds: i64, to: &str) {
    let (name, namespace) = to.split_once('.').map_or((to, None), |(n, ns)| (n, Some(ns)));
    let call = foresail_core::CallEdge {
        at: at(seconds),
        namespace: "shop".to_owned(),
        pod: "web-0".to_owned(),
        to: foresail_core::ServiceName {
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        },
    };
    graph.observe_call(&call, memory());
}

fn memory() -> foresail_core::PlatformDuration {
    call_memory(foresail_core::TimeScale::try_from(10.0).unwrap())
}

/// Whom `web` calls as of a time.
fn callees(graph: &Graph, seconds: i64) -> Vec<String> {
    let web = unit(WorkloadKind::Deployment, "web");
    let view = graph.calls(at(seconds), memory());
    view.callees(&web).iter().map(ToString::to_string).collect()
}

#[test]
fn an_edge_is_forgotten_after_thirty_fault_minutes() {
    let mut graph = services(&["web", "cart", "pay"]);
    web_calls(&mut graph, 10, "cart");
    web_calls(&mut graph, 100, "pay");
    assert_eq!(callees(&graph, 190), ["shop/cart", "shop/pay"]);
    assert_eq!(callees(&graph, 191), ["shop/pay"]);
    assert_eq!(callees(&graph, 50), ["shop/cart"], "what is seen later is not known yet");
}

#[test]
fn service_names_find_their_workload() {
    let names = ["web", "cart", "cart-db", "pay.money", "twin.a", "twin.b"];
    let found = |to: &str| {
        let mut graph = services(&names);
        web_calls(&mut graph, 1, to);
        callees(&graph, 2)
    };
    assert_eq!(found("cart"), ["shop/cart"]);
    assert_eq!(found("cart-db-headless"), ["shop/cart-db"]);
    assert_eq!(found("cart-svc"), ["shop/cart"]);
    assert_eq!(found("pay.money"), ["money/pay"]);
    assert_eq!(found("pay"), ["money/pay"], "the only one of its name");
    assert!(found("twin").is_empty(), "two of that name, neither in the caller's namespace");
    assert!(found("cart.money").is_empty());
    assert!(found("web").is_empty(), "nobody depends on itself");
    assert!(found("unknown").is_empty());
}

#[test]
fn calls_of_unknown_pods_are_nobodys_and_callers_stay_bounded() {
    let mut graph = services(&["web"]);
    for number in 0..200 {
        web_calls(&mut graph, 1, &format!("service-{number}"));
    }
    let edges = rmp_serde::to_vec_named(&graph.calls).unwrap().len();
    web_calls(&mut graph, 1, "one-more");
    assert!(rmp_serde::to_vec_named(&graph.calls).unwrap().len() <= edges + 16);
    let mut nobody = Graph::new();
    web_calls(&mut nobody, 1, "cart");
    assert_eq!(nobody, Graph::new());
}
