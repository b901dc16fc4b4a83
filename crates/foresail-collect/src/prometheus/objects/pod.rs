//! A pod's line.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Line, Scrapes, View, put, rfc3339, status};

/// Ends of a pod's containers.
#[derive(Debug, Default)]
pub(super) struct Ends {
    /// Seen with their reason.
    pub(super) seen: u64,
    /// Restarts without a known end.
    pub(super) unseen: u64,
    containers: BTreeMap<String, Known>,
}

/// What was last known of a container.
#[derive(Debug, Default)]
struct Known {
    restarts: u64,
    was_seen: bool,
    /// When each known end was, in seconds since the epoch, by the restarts before it.
    ends: BTreeMap<u64, f64>,
}

/// One container at one time.
struct Container<'a> {
    view: View<'a>,
    name: &'a str,
    restarts: u64,
}

/// The line of the pod; `previous` is when it was looked at before.
pub(super) fn line(
    view: View<'_>,
    (uid, previous, scrapes): (&str, Option<i64>, &Scrapes),
    ends: &mut Ends,
) -> Line {
    let mut line = Line::new();
    let created = view.value("kube_pod_created");
    // Without any uid, the same name created at another time is another pod.
    let exported = Some(uid).filter(|uid| !uid.is_empty()).or(view.label("kube_pod_info", "uid"));
    let uid = exported
        .map_or_else(|| format!("created-{:.0}", created.unwrap_or_default()), str::to_owned);
    put(&mut line, "uid", uid);
    let owner = owner(view);
    put(&mut line, "owner", owner);
    put(&mut line, "phase", view.label("kube_pod_status_phase", "phase"));
    put(&mut line, "reason", view.label("kube_pod_status_reason", "reason"));
    put(&mut line, "node", view.label("kube_pod_info", "node").filter(|node| *node != "<none>"));
    put(&mut line, "created", created.and_then(rfc3339));
    put(&mut line, "deleting", view.value("kube_pod_deletion_timestamp").and_then(rfc3339));
    put(&mut line, "cond_detail", conditions(view));
    let names: BTreeSet<&str> =
        ["kube_pod_container_info", "kube_pod_container_status_restarts_total"]
            .into_iter()
            .flat_map(|family| view.of(family))
            .map(|(one, _)| one.labels.container.as_str())
            .collect();
    let mut containers = Vec::new();
    let mut specs = Vec::new();
    for name in names.into_iter().filter(|name| !name.is_empty()) {
        let of = |family| view.of_container(family, name);
        let restarts =
            of("kube_pod_container_status_restarts_total").map_or(0.0, |(_, n)| n.max(0.0));
        let container = Container { view, name, restarts: restarts as u64 };
        let known = ends.containers.entry(name.to_owned()).or_default();
        let before = previous.or_else(|| scrapes.before(view.at));
        let (status, seen, unseen) = container.status(known, before);
        ends.seen += seen;
        ends.unseen += unseen;
        containers.push(status);
        specs.push(container.spec());
    }
    put(&mut line, "containers", containers);
    put(&mut line, "spec", json!({ "containers": specs }));
    line
}

fn owner(view: View<'_>) -> Option<String> {
    let named = |family, kind, name| Some((view.label(family, kind)?, view.label(family, name)?));
    let (kind, name) = named("kube_pod_owner", "owner_kind", "owner_name")
        .or_else(|| named("kube_pod_info", "created_by_kind", "created_by_name"))
        .filter(|(kind, name)| !kind.starts_with('<') && !name.starts_with('<'))?;
    Some(format!("{kind}/{name}"))
}

fn conditions(view: View<'_>) -> Vec<Value> {
    let mut conditions = Vec::new();
    if let Some(ready) = view.label("kube_pod_status_ready", "condition") {
        let since = view.value("kube_pod_status_ready_time").filter(|_| ready == "true");
        let since = since.and_then(rfc3339);
        conditions
            .push(json!({ "type": "Ready", "status": status(ready), "lastTransitionTime": since }));
    }
    if let Some(scheduled) = view.label("kube_pod_status_scheduled", "condition") {
        let refused = view.value("kube_pod_status_unschedulable") == Some(1.0);
        let reason = (refused && scheduled == "false").then_some("Unschedulable");
        conditions
            .push(json!({ "type": "PodScheduled", "status": status(scheduled), "reason": reason }));
    }
    conditions
}

// === impl Container ===

impl<'a> Container<'a> {
    fn of(&self, family: &'a str) -> Option<f64> {
        self.view.of_container(family, self.name).map(|(_, value)| value)
    }

    fn label(&self, family: &'a str, label: &str) -> Option<&'a str> {
        let of_container =
            |(one, _): &(&super::ObjectSeries, f64)| one.labels.container == self.name;
        self.view.of(family).filter(of_container).find_map(|(one, _)| one.labels.get(label))
    }

    /// The status, ends that were newly seen and restarts whose end was not.
    fn status(&self, known: &mut Known, before: Option<i64>) -> (Value, u64, u64) {
        let known_ends = known.ends.len();
        let state = self.state(known);
        let reason = self.label("kube_pod_container_status_last_terminated_reason", "reason");
        let last = reason.filter(|_| self.restarts > 0).map(|reason| {
            let finished = self.finished_last(known, before);
            let code = self.of("kube_pod_container_status_last_terminated_exitcode");
            json!({ "terminated": {
                "reason": reason,
                "exitCode": code.map_or_else(|| exit_code(reason), |code| code as i64),
                "finishedAt": rfc3339(finished),
            }})
        });
        let (seen, unseen) = if known.was_seen {
            let shown = known.ends.range(known.restarts..self.restarts.max(known.restarts)).count();
            let restarts = self.restarts.saturating_sub(known.restarts);
            ((known.ends.len() - known_ends) as u64, restarts.saturating_sub(shown as u64))
        } else {
            (0, 0)
        };
        (known.restarts, known.was_seen) = (self.restarts, true);
        let status = json!({
            "name": self.name,
            "ready": self.of("kube_pod_container_status_ready") == Some(1.0),
            "restarts": self.restarts,
            "image": self.label("kube_pod_container_info", "image"),
            "id": self.label("kube_pod_container_info", "container_id"),
            "state": state,
            "last": last,
        });
        (status, seen, unseen)
    }

    fn state(&self, known: &mut Known) -> Option<Value> {
        if self.of("kube_pod_container_status_terminated") == Some(1.0) {
            let reason = self.label("kube_pod_container_status_terminated_reason", "reason")?;
            // The first scrape that shows the end is the only time there is.
            let seen = self.view.at as f64 / 1_000.0;
            let finished = *known.ends.entry(self.restarts).or_insert(seen);
            return Some(json!({ "terminated": {
                "reason": reason, "exitCode": exit_code(reason), "finishedAt": rfc3339(finished),
            }}));
        }
        let waits = self.label("kube_pod_container_status_waiting_reason", "reason");
        if waits.is_some() || self.of("kube_pod_container_status_waiting") == Some(1.0) {
            return Some(json!({ "waiting": { "reason": waits } }));
        }
        let runs = self.of("kube_pod_container_status_running") == Some(1.0);
        let started = self.of("kube_pod_container_state_started");
        (runs || started.is_some())
            .then(|| json!({ "running": { "startedAt": started.and_then(rfc3339) } }))
    }

    /// When the run before this one ended, in seconds since the epoch: as exported, as it was seen,
    /// or at the latest when the next run began.
    fn finished_last(&self, known: &mut Known, before: Option<i64>) -> f64 {
        let number = self.restarts - 1;
        if let Some(finished) = known.ends.get(&number) {
            return *finished;
        }
        let seen = self.view.at as f64 / 1_000.0;
        let started = self.of("kube_pod_container_state_started");
        let within = started.filter(|started| {
            *started <= seen && before.is_none_or(|before| *started >= before as f64 / 1_000.0)
        });
        let exported = self.of("kube_pod_container_status_last_terminated_timestamp");
        let finished = exported.filter(|at| *at <= seen).or(within).unwrap_or(seen);
        known.ends.insert(number, finished);
        finished
    }

    fn spec(&self) -> Value {
        let amounts = |family: &'a str| {
            let held = self.view.of(family);
            let of_container = held.filter(|(one, _)| one.labels.container == self.name);
            of_container
                .filter_map(|(one, value)| {
                    let name = one
                        .labels
                        .get("resource")?
                        .replace("ephemeral_storage", "ephemeral-storage");
                    Some((name, Value::from(value.to_string())))
                })
                .collect::<serde_json::Map<_, _>>()
        };
        json!({
            "name": self.name,
            "image": self.label("kube_pod_container_info", "image"),
            "resources": {
                "limits": amounts("kube_pod_container_resource_limits"),
                "requests": amounts("kube_pod_container_resource_requests"),
            },
        })
    }
}

/// An exit code where only the reason is exported: that of the kernel's kill, none, or some error.
fn exit_code(reason: &str) -> i64 {
    match reason {
        "Completed" => 0,
        "OOMKilled" => 137,
        _ => 1,
    }
}
