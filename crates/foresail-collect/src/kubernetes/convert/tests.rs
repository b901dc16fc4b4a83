//! Golden: an object as an API server of version 1.34 writes it, and what is kept of it.

use foresail_core::WorkloadKind;
use serde_json::{Value, json};

use super::metadata as metadata_of;
use super::*;

/// What an object becomes: its core objects as JSON, and the rest of its facets.
fn kept(item: &Item) -> (Vec<Value>, Vec<&Facet>) {
    let mut objects = Vec::new();
    let mut rest = Vec::new();
    for facet in &item.facets {
        match facet {
            Facet::Object(object) => objects.push(serde_json::to_value(object).unwrap()),
            Facet::Scrape(_)
            | Facet::Node(_)
            | Facet::Service(..)
            | Facet::Slice(_)
            | Facet::Event(_)
            | Facet::Metadata(_) => rest.push(facet),
        }
    }
    (objects, rest)
}

fn only(item: &Item) -> Value {
    let (mut objects, rest) = kept(item);
    assert!(rest.is_empty() && objects.len() == 1, "{item:?}");
    objects.remove(0)
}

fn bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

fn pod_json() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "cart-7d9c-x2x", "generateName": "cart-7d9c-", "namespace": "shop",
            "uid": "0d5b1c9e", "resourceVersion": "48211", "creationTimestamp": "2026-11-24T06:56:31Z",
            "labels": { "app": "cart", "pod-template-hash": "7d9c" },
            "annotations": { "prometheus.io/scrape": "true", "prometheus.io/path": "stats" },
            "ownerReferences": [
                { "apiVersion": "x/v1", "kind": "Thing", "name": "t", "uid": "t1" },
                { "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "cart-7d9c", "uid": "rs1",
                  "controller": true, "blockOwnerDeletion": true },
            ],
            "managedFields": [{ "manager": "kubelet", "fieldsV1": { "f:status": {} } }],
        },
        "spec": {
            "nodeName": "node-1", "terminationGracePeriodSeconds": 30, "nodeSelector": { "disk": "ssd" },
            "volumes": [
                { "name": "scratch", "emptyDir": { "sizeLimit": "64Mi" } },
                { "name": "data", "persistentVolumeClaim": { "claimName": "cart-data" } },
                { "name": "config", "configMap": { "name": "cart-config", "optional": true } },
                { "name": "kube-api-access", "projected": { "sources": [] } },
            ],
            "initContainers": [
                { "name": "migrate", "image": "cart:2",
                  "envFrom": [{ "secretRef": { "name": "cart-db" } }] },
                { "name": "proxy", "image": "proxy:1", "restartPolicy": "Always" },
            ],
            "containers": [{
                "name": "app", "image": "cart:2",
                "ports": [{ "containerPort": 8080, "protocol": "TCP" }, { "containerPort": 53, "protocol": "UDP" }],
                "resources": { "limits": { "cpu": "500m", "memory": "128Mi" }, "requests": { "cpu": "50m", "memory": "64Mi" } },
                "livenessProbe": { "httpGet": { "path": "/", "port": 8080 }, "periodSeconds": 5, "timeoutSeconds": 2, "failureThreshold": 4, "successThreshold": 1 },
            }],
        },
        "status": {
            "phase": "Running", "podIP": "10.244.1.7", "qosClass": "Burstable",
            "conditions": [
                { "type": "Ready", "status": "False", "reason": "ContainersNotReady", "message": "containers with unready status: [app]", "lastProbeTime": null, "lastTransitionTime": "2026-11-24T07:00:02Z" },
                { "type": "PodScheduled", "status": "True", "lastProbeTime": null, "lastTransitionTime": "2026-11-24T06:56:31Z" },
            ],
            "initContainerStatuses": [{
                "name": "migrate", "ready": true, "restartCount": 0, "started": false, "image": "cart:2",
                "imageID": "sha256:1", "lastState": {}, "containerID": "containerd://aa",
                "state": { "terminated": { "exitCode": 0, "reason": "Completed", "startedAt": "2026-11-24T06:56:32Z", "finishedAt": "2026-11-24T06:56:33Z", "containerID": "containerd://aa" } },
            }],
            "containerStatuses": [{
                "name": "app", "ready": false, "restartCount": 2, "started": false, "image": "cart:2",
                "imageID": "sha256:1", "containerID": "containerd://6a0c62fd62df0011",
                "state": { "waiting": { "reason": "CrashLoopBackOff", "message": "back-off 20s" } },
                "lastState": { "terminated": { "exitCode": 137, "reason": "OOMKilled", "startedAt": "2026-11-24T06:59:00Z", "finishedAt": "2026-11-24T07:00:01Z", "containerID": "containerd://6a0c62fd62df0011" } },
            }],
        },
    })
}

#[test]
fn a_pod_keeps_what_judgement_needs() {
    let item = pod(&bytes(&pod_json()), Form::Bare).unwrap();
    assert_eq!((item.uid.as_str(), item.version.as_str()), ("0d5b1c9e", "48211"));
    let (objects, rest) = kept(&item);
    let resources = json!({
        "cpu_limit": null, "cpu_request": null, "memory_limit": null, "memory_request": null,
        "ephemeral_storage_limit": null,
    });
    let expected = json!({ "Pod": {
        "namespace": "shop", "name": "cart-7d9c-x2x", "uid": "0d5b1c9e",
        "owner": { "kind": "ReplicaSet", "name": "cart-7d9c", "uid": "rs1" },
        "phase": "Running", "reason": null, "message": null, "node": "node-1",
        "created_at": "2026-11-24T06:56:31.000Z", "deletion_requested_at": null, "grace": 30_000,
        "conditions": [
            { "kind": "PodScheduled", "status": "True", "reason": null, "message": null, "last_transition": "2026-11-24T06:56:31.000Z" },
            { "kind": "Ready", "status": "False", "reason": "ContainersNotReady", "message": "containers with unready status: [app]", "last_transition": "2026-11-24T07:00:02.000Z" },
        ],
        "containers": [
            { "name": "migrate", "init": true, "ready": true, "restarts": 0, "started": false, "image": "cart:2",
              "state": { "Terminated": { "exit_code": 0, "reason": "Completed", "message": null, "started_at": "2026-11-24T06:56:32.000Z", "finished_at": "2026-11-24T06:56:33.000Z", "container_id": "containerd://aa" } },
              "last_state": null, "container_id": "aa" },
            { "name": "app", "init": false, "ready": false, "restarts": 2, "started": false, "image": "cart:2",
              "state": { "Waiting": { "reason": "CrashLoopBackOff", "message": "back-off 20s" } },
              "last_state": { "Terminated": { "exit_code": 137, "reason": "OOMKilled", "message": null, "started_at": "2026-11-24T06:59:00.000Z", "finished_at": "2026-11-24T07:00:01.000Z", "container_id": "containerd://6a0c62fd62df0011" } },
              "container_id": "6a0c62fd62df" },
        ],
        "spec": [
            { "name": "proxy", "image": "proxy:1", "resources": resources, "liveness": null, "readiness": null, "startup": null },
            { "name": "app", "image": "cart:2",
              "resources": { "cpu_limit": 0.5, "cpu_request": 0.05, "memory_limit": 134_217_728.0, "memory_request": 67_108_864.0, "ephemeral_storage_limit": null },
              "liveness": { "period": 5_000, "timeout": 2_000, "failure_threshold": 4, "initial_delay": 0 },
              "readiness": null, "startup": null },
        ],
        "volumes": [
            { "name": "scratch", "source": { "EmptyDir": { "size_limit": 67_108_864.0 } } },
            { "name": "data", "source": { "Claim": { "name": "cart-data" } } },
            { "name": "config", "source": "Other" },
            { "name": "kube-api-access", "source": "Other" },
        ],
        "references": [
            { "kind": "ConfigMap", "name": "cart-config", "optional": true },
            { "kind": "Secret", "name": "cart-db", "optional": false },
            { "kind": "Claim", "name": "cart-data", "optional": false },
        ],
        "node_selector": { "disk": "ssd" },
    } });
    assert_eq!(objects, [expected]);
    let [Facet::Scrape(target)] = rest.as_slice() else { panic!("{rest:?}") };
    assert_eq!((target.path.as_str(), target.ports.as_slice()), ("/stats", [8080].as_slice()));
    assert_eq!(target.app.as_deref(), Some("cart"));
    assert_eq!(target.address, Some("10.244.1.7".parse().unwrap()));
}

#[test]
fn a_line_of_a_watch_holds_the_same_object() {
    let line = json!({ "type": "MODIFIED", "object": pod_json() });
    let wrapped = pod(&bytes(&line), Form::Wrapped).unwrap();
    assert_eq!(wrapped, pod(&bytes(&pod_json()), Form::Bare).unwrap());
}

#[test]
fn a_pod_that_is_deleted_has_the_grace_of_its_deletion() {
    let mut object = pod_json();
    object["metadata"]["deletionTimestamp"] = json!("2026-11-24T08:00:00Z");
    object["metadata"]["deletionGracePeriodSeconds"] = json!(5);
    let item = pod(&bytes(&object), Form::Bare).unwrap();
    let found = &kept(&item).0[0]["Pod"];
    assert_eq!(found["deletion_requested_at"], "2026-11-24T08:00:00.000Z");
    assert_eq!(found["grace"], 5_000);
}

#[test]
fn long_texts_are_cut() {
    let mut object = pod_json();
    object["status"]["message"] = json!("é".repeat(4_000));
    let item = pod(&bytes(&object), Form::Bare).unwrap();
    let found = kept(&item).0[0]["Pod"]["message"].as_str().unwrap().len();
    assert_eq!(found, 4_096);
}

fn workload_json() -> Value {
    json!({
        "metadata": {
            "name": "cart", "namespace": "shop", "uid": "d1", "resourceVersion": "9", "generation": 4,
            "annotations": { "deployment.kubernetes.io/revision": "3" },
        },
        "spec": {
            "replicas": 2, "progressDeadlineSeconds": 600,
            "selector": { "matchLabels": { "app": "cart" } },
            "template": {
                "metadata": { "creationTimestamp": null, "labels": { "app": "cart" } },
                "spec": { "containers": [{ "name": "app", "image": "cart:2" }] },
            },
        },
        "status": {
            "observedGeneration": 4, "replicas": 3, "updatedReplicas": 1, "readyReplicas": 2, "availableReplicas": 2,
            "conditions": [{ "type": "Progressing", "status": "Unknown", "reason": "DeploymentPaused", "lastUpdateTime": "2026-11-24T06:56:46Z", "lastTransitionTime": "2026-11-24T06:56:46Z" }],
        },
    })
}

#[test]
fn a_deployment_keeps_its_template_and_status() {
    let item = workload(&bytes(&workload_json()), Form::Bare, WorkloadKind::Deployment).unwrap();
    let resources = json!({
        "cpu_limit": null, "cpu_request": null, "memory_limit": null, "memory_request": null,
        "ephemeral_storage_limit": null,
    });
    let expected = json!({ "Workload": {
        "namespace": "shop", "kind": "Deployment", "name": "cart", "uid": "d1", "owner": null,
        "generation": 4, "revision": "3", "replicas": 2, "template_hash": null, "images": ["cart:2"],
        "template": [{ "name": "app", "image": "cart:2", "resources": resources, "liveness": null, "readiness": null, "startup": null }],
        "references": [], "selector": { "app": "cart" }, "node_selector": {},
        "progress_deadline": 600_000, "backoff_limit": null, "paused": false,
        "deletion_requested_at": null, "status_replicas": 3, "updated_replicas": 1,
        "ready_replicas": 2, "available_replicas": 2, "failed": null,
        "conditions": [{ "kind": "Progressing", "status": "Unknown", "reason": "DeploymentPaused", "message": null, "last_transition": "2026-11-24T06:56:46.000Z" }],
    } });
    assert_eq!(only(&item), expected);
}

#[test]
fn a_replica_set_names_its_deployment_and_the_hash_of_its_template() {
    let mut object = workload_json();
    object["metadata"]["labels"] = json!({ "pod-template-hash": "7d9c" });
    object["metadata"]["ownerReferences"] =
        json!([{ "kind": "Deployment", "name": "cart", "uid": "d1", "controller": true }]);
    let item = workload(&bytes(&object), Form::Bare, WorkloadKind::ReplicaSet).unwrap();
    let found = &only(&item)["Workload"];
    assert_eq!(found["template_hash"], "7d9c");
    assert_eq!(found["owner"], json!({ "kind": "Deployment", "name": "cart", "uid": "d1" }));
}

#[test]
fn a_daemon_set_asks_for_a_pod_on_each_node_that_fits() {
    let object = json!({
        "metadata": { "name": "agent", "namespace": "infra", "uid": "ds" },
        "spec": { "template": { "spec": { "containers": [] } } },
        "status": {
            "currentNumberScheduled": 3, "desiredNumberScheduled": 4, "numberReady": 2,
            "updatedNumberScheduled": 1, "numberAvailable": 2, "numberMisscheduled": 0,
        },
    });
    let item = workload(&bytes(&object), Form::Bare, WorkloadKind::DaemonSet).unwrap();
    let found = &only(&item)["Workload"];
    let counts =
        ["replicas", "status_replicas", "updated_replicas", "ready_replicas", "available_replicas"];
    assert_eq!(counts.map(|name| found[name].as_u64().unwrap()), [4, 3, 1, 2, 2]);
}

#[test]
fn jobs_and_cron_jobs_keep_what_their_pods_will_need() {
    let template = json!({ "spec": { "containers": [{
        "name": "report", "image": "report:1", "envFrom": [{ "configMapRef": { "name": "report" } }],
    }] } });
    let job = json!({
        "metadata": { "name": "report-1", "namespace": "shop", "uid": "j1" },
        "spec": { "backoffLimit": 0, "completions": 1, "template": template },
        "status": { "failed": 1, "conditions": [{ "type": "Failed", "status": "True", "reason": "BackoffLimitExceeded" }] },
    });
    let item = workload(&bytes(&job), Form::Bare, WorkloadKind::Job).unwrap();
    let found = &only(&item)["Workload"];
    assert_eq!((&found["backoff_limit"], &found["failed"]), (&json!(0), &json!(1)));
    assert_eq!(found["conditions"][0]["kind"], "Failed");
    let cron = json!({
        "metadata": { "name": "report", "namespace": "shop", "uid": "c1" },
        "spec": { "schedule": "0 1 * * *", "suspend": false,
                  "jobTemplate": { "spec": { "backoffLimit": 3, "template": template } } },
        "status": {},
    });
    let item = workload(&bytes(&cron), Form::Bare, WorkloadKind::CronJob).unwrap();
    let found = &only(&item)["Workload"];
    assert_eq!(found["backoff_limit"], 3);
    assert_eq!(found["references"][0]["name"], "report");
}

#[test]
fn a_stateful_set_keeps_its_counts() {
    let item = workload(&bytes(&workload_json()), Form::Bare, WorkloadKind::StatefulSet).unwrap();
    assert_eq!(only(&item)["Workload"]["status_replicas"], 3);
}

#[test]
fn a_node_keeps_its_conditions_and_where_its_kubelet_listens() {
    let object = json!({
        "metadata": { "name": "node-1", "uid": "n1", "labels": { "disk": "ssd" } },
        "spec": { "podCIDR": "10.244.1.0/24", "unschedulable": true },
        "status": {
            "allocatable": { "cpu": "1500m", "memory": "17880628Ki", "pods": "110", "hugepages-2Mi": "0" },
            "addresses": [{ "type": "Hostname", "address": "node-1" }, { "type": "InternalIP", "address": "172.18.0.3" }],
            "daemonEndpoints": { "kubeletEndpoint": { "Port": 10_251 } },
            "conditions": [{ "type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status", "lastHeartbeatTime": "2026-11-24T07:09:51Z", "lastTransitionTime": "2026-11-24T05:42:53Z" }],
            "images": [{ "names": ["a"], "sizeBytes": 1 }],
        },
    });
    let item = node(&bytes(&object), Form::Bare).unwrap();
    let (objects, rest) = kept(&item);
    let expected = json!({ "Node": {
        "name": "node-1", "allocatable_cpu": 1.5, "allocatable_memory": 18_309_763_072.0,
        "allocatable_pods": 110.0, "labels": { "disk": "ssd" }, "unschedulable": true,
        "conditions": [{ "kind": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status", "last_transition": "2026-11-24T05:42:53.000Z" }],
    } });
    assert_eq!(objects, [expected]);
    let [Facet::Node(address)] = rest.as_slice() else { panic!("{rest:?}") };
    assert_eq!((address.address, address.port), (Some("172.18.0.3".parse().unwrap()), 10_251));
}

#[test]
fn what_pods_lean_on_is_kept_in_short() {
    let metadata = json!({ "name": "x", "namespace": "shop", "uid": "u" });
    let read = |decode: fn(&[u8], Form) -> Result<Item, String>, mut object: Value| {
        object["metadata"] = metadata.clone();
        decode(&bytes(&object), Form::Bare).unwrap()
    };
    let found = only(&read(claim, json!({ "status": { "phase": "Bound" } })));
    assert_eq!(found, json!({ "Claim": { "namespace": "shop", "name": "x", "bound": true } }));
    let found = only(&read(
        budget,
        json!({ "status": {
        "disruptionsAllowed": 0, "currentHealthy": 2, "desiredHealthy": 2, "expectedPods": 2,
    } }),
    ));
    assert_eq!(
        found,
        json!({ "DisruptionBudget": {
        "namespace": "shop", "name": "x", "allowed": 0, "healthy": 2, "desired": 2, "expected": 2,
    } })
    );
    let found = only(&read(config_map, json!({ "data": { "key": "value" } })));
    assert_eq!(found, json!({ "ConfigMap": { "namespace": "shop", "name": "x" } }));
    let item = read(
        quota,
        json!({ "spec": {}, "status": {
        "hard": { "pods": "10", "requests.cpu": "4" }, "used": { "pods": "3", "requests.cpu": "1500m" },
    } }),
    );
    let (objects, _) = kept(&item);
    assert_eq!(
        objects[1],
        json!({ "Quota": {
        "namespace": "shop", "name": "x", "resource": "requests.cpu", "used": 1.5, "hard": 4.0,
    } })
    );
    let item = read(metadata_of, json!({ "spec": { "minReplicas": 1 } }));
    assert_eq!(item.facets, [Facet::Metadata(None)]);
}

#[test]
fn endpoints_of_two_address_families_are_counted_once_and_leaving_ones_not() {
    let slice_of = |family: &str| {
        let object = json!({
            "metadata": { "name": format!("web-{family}"), "namespace": "shop", "labels": { "kubernetes.io/service-name": "web" } },
            "addressType": family,
            "endpoints": [
                { "addresses": ["a"], "conditions": { "ready": true, "serving": true, "terminating": false } },
                { "addresses": ["b"], "conditions": {} },
                { "addresses": ["c"], "conditions": { "ready": false, "serving": true, "terminating": true } },
                { "addresses": ["d"], "conditions": { "ready": false } },
            ],
        });
        let item = slice(&bytes(&object), Form::Bare).unwrap();
        let Some(Facet::Slice(slice)) = item.facets.into_iter().next() else { panic!("no slice") };
        slice
    };
    let slices = [slice_of("IPv4"), slice_of("IPv6")];
    let service = counted(("shop", "web"), slices.iter());
    assert_eq!((service.ready, service.not_ready), (2, 1));
}

#[test]
fn both_apis_of_events_say_the_same() {
    let core = json!({
        "metadata": { "name": "a", "namespace": "shop" }, "type": "Warning", "reason": "Unhealthy",
        "message": "probe failed", "count": 3, "eventTime": null,
        "firstTimestamp": "2026-11-24T06:56:34Z", "lastTimestamp": "2026-11-24T06:58:34Z",
        "involvedObject": { "kind": "Pod", "namespace": "shop", "name": "web-0", "uid": "u", "fieldPath": "spec.containers{app}" },
        "source": { "component": "kubelet", "host": "node-1" }, "reportingComponent": "kubelet", "reportingInstance": "node-1",
    });
    let newer = json!({
        "metadata": { "name": "a", "namespace": "shop" }, "type": "Warning", "reason": "Unhealthy",
        "note": "probe failed", "deprecatedCount": 3, "eventTime": null,
        "deprecatedFirstTimestamp": "2026-11-24T06:56:34Z", "deprecatedLastTimestamp": "2026-11-24T06:58:34Z",
        "regarding": { "kind": "Pod", "namespace": "shop", "name": "web-0", "uid": "u", "fieldPath": "spec.containers{app}" },
        "deprecatedSource": { "component": "kubelet", "host": "node-1" }, "reportingController": "kubelet", "reportingInstance": "node-1",
    });
    let of = |value: &Value| event(&bytes(value), Form::Bare).unwrap();
    assert_eq!(of(&core), of(&newer));
    let item = of(&core);
    let [Facet::Event(found)] = item.facets.as_slice() else { panic!("{item:?}") };
    assert_eq!((found.count, found.source.as_deref()), (Some(3), Some("kubelet")));
    assert_eq!(found.field.as_deref(), Some("spec.containers{app}"));
}

#[test]
fn an_event_with_a_series_has_its_count_and_latest_time() {
    let event_json = json!({
        "metadata": { "name": "a", "namespace": "shop" }, "type": "Warning", "reason": "FailedScheduling",
        "message": "0/2 nodes are available", "firstTimestamp": null, "lastTimestamp": null,
        "eventTime": "2026-11-24T06:56:34.123456Z", "source": {}, "reportingComponent": "default-scheduler",
        "involvedObject": { "kind": "Pod", "namespace": "shop", "name": "web-0" },
        "series": { "count": 7, "lastObservedTime": "2026-11-24T06:59:34.000000Z" },
    });
    let item = event(&bytes(&event_json), Form::Bare).unwrap();
    let [Facet::Event(found)] = item.facets.as_slice() else { panic!("{item:?}") };
    assert_eq!((found.count, found.source.as_deref()), (Some(7), Some("default-scheduler")));
    assert_eq!(found.last.unwrap().to_string(), "2026-11-24T06:59:34.000Z");
}

#[test]
fn an_object_without_a_name_is_refused() {
    assert!(pod(b"{}", Form::Bare).unwrap_err().contains("metadata.name"));
    assert!(pod(b"[1", Form::Bare).is_err());
}
