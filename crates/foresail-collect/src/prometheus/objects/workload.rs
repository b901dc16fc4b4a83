//! Lines of workloads and nodes.

use serde_json::{Map, Value, json};

use super::{Line, View, put, status};

/// The line of a workload of this kind.
pub(super) fn line(view: View<'_>, kind: &str) -> Line {
    match kind {
        "Deployment" => deployment(view),
        "ReplicaSet" => replica_set(view),
        "StatefulSet" => stateful_set(view),
        "DaemonSet" => daemon_set(view),
        _ => job(view),
    }
}

fn deployment(view: View<'_>) -> Line {
    let mut line = Line::new();
    put(&mut line, "generation", view.count("kube_deployment_metadata_generation"));
    put(&mut line, "replicas", view.count("kube_deployment_spec_replicas"));
    put(&mut line, "paused", view.value("kube_deployment_spec_paused").map(|paused| paused == 1.0));
    let conditions: Vec<Value> = view
        .of("kube_deployment_status_condition")
        .filter_map(|(one, _)| {
            let kind = one.labels.get("condition")?;
            let holds = status(one.labels.get("status")?);
            // Versions without the reason: a rollout that does not progress has met its deadline.
            let stuck = kind == "Progressing" && holds == "False";
            let reason = one.labels.get("reason").filter(|reason| *reason != "unknown");
            let reason = reason.or(stuck.then_some("ProgressDeadlineExceeded"));
            Some(json!({ "type": kind, "status": holds, "reason": reason }))
        })
        .collect();
    put(
        &mut line,
        "status",
        json!({
            "replicas": view.count("kube_deployment_status_replicas"),
            "updatedReplicas": view.count("kube_deployment_status_replicas_updated"),
            "readyReplicas": view.count("kube_deployment_status_replicas_ready"),
            "availableReplicas": view.count("kube_deployment_status_replicas_available"),
            "conditions": conditions,
        }),
    );
    line
}

fn replica_set(view: View<'_>) -> Line {
    let mut line = Line::new();
    put_owner(&mut line, (view, "kube_replicaset_owner"));
    if let (Some(owner), Some(set)) = (
        view.label("kube_replicaset_owner", "owner_name").filter(|name| !name.starts_with('<')),
        view.label("kube_replicaset_owner", "replicaset"),
    ) {
        let hash = set.strip_prefix(owner).and_then(|rest| rest.strip_prefix('-'));
        put(&mut line, "template_hash", hash);
    }
    put(&mut line, "replicas", view.count("kube_replicaset_spec_replicas"));
    put(
        &mut line,
        "status",
        json!({
            "replicas": view.count("kube_replicaset_status_replicas"),
            "readyReplicas": view.count("kube_replicaset_status_ready_replicas"),
        }),
    );
    line
}

fn stateful_set(view: View<'_>) -> Line {
    let mut line = Line::new();
    put(&mut line, "generation", view.count("kube_statefulset_metadata_generation"));
    put(&mut line, "replicas", view.count("kube_statefulset_replicas"));
    put(
        &mut line,
        "status",
        json!({
            "replicas": view.count("kube_statefulset_status_replicas"),
            "updatedReplicas": view.count("kube_statefulset_status_replicas_updated"),
            "readyReplicas": view.count("kube_statefulset_status_replicas_ready"),
            "availableReplicas": view.count("kube_statefulset_status_replicas_available"),
        }),
    );
    line
}

fn daemon_set(view: View<'_>) -> Line {
    let mut line = Line::new();
    put(&mut line, "generation", view.count("kube_daemonset_metadata_generation"));
    put(&mut line, "replicas", view.count("kube_daemonset_status_desired_number_scheduled"));
    put(
        &mut line,
        "status",
        json!({
            "replicas": view.count("kube_daemonset_status_current_number_scheduled"),
            "updatedReplicas": view.count("kube_daemonset_status_updated_number_scheduled"),
            "readyReplicas": view.count("kube_daemonset_status_number_ready"),
            "availableReplicas": view.count("kube_daemonset_status_number_available"),
        }),
    );
    line
}

fn job(view: View<'_>) -> Line {
    let mut line = Line::new();
    put_owner(&mut line, (view, "kube_job_owner"));
    let ended = [("Failed", "kube_job_failed"), ("Complete", "kube_job_complete")];
    let conditions: Vec<Value> = ended
        .into_iter()
        .filter_map(|(kind, family)| {
            let holds = status(view.label(family, "condition")?);
            Some(json!({ "type": kind, "status": holds }))
        })
        .collect();
    let failed: f64 = view.of("kube_job_status_failed").map(|(_, value)| value).sum();
    put(&mut line, "status", json!({ "failed": failed as u64, "conditions": conditions }));
    line
}

fn put_owner(line: &mut Line, (view, family): (View<'_>, &'static str)) {
    let label = |name| view.label(family, name).filter(|text| !text.starts_with('<'));
    if let (Some(kind), Some(name)) = (label("owner_kind"), label("owner_name")) {
        put(line, "owner", name);
        put(line, "owner_kind", kind);
    }
}

/// The line of a node.
pub(super) fn node_line(view: View<'_>) -> Line {
    let mut line = Line::new();
    let conditions: Vec<Value> = view
        .of("kube_node_status_condition")
        .filter_map(|(one, _)| {
            let holds = status(one.labels.get("status")?);
            Some(json!({ "type": one.labels.get("condition")?, "status": holds }))
        })
        .collect();
    put(&mut line, "conditions", conditions);
    let allocatable: Map<String, Value> = view
        .of("kube_node_status_allocatable")
        .filter_map(|(one, value)| {
            Some((one.labels.get("resource")?.to_owned(), Value::from(value.to_string())))
        })
        .collect();
    put(&mut line, "allocatable", allocatable);
    let cordoned = view.value("kube_node_spec_unschedulable").map(|value| value == 1.0);
    put(&mut line, "unschedulable", cordoned);
    line
}
