//! The command that shows what an alarm is about. Names are untrusted: the command is safe to paste.

use foresail_core::{FailureKind, Unit, WorkloadId, WorkloadKind};

/// The `kubectl` command that shows the object of an alarm.
#[must_use]
pub fn kubectl(unit: &Unit, kind: FailureKind, pod: Option<&str>) -> String {
    match unit {
        Unit::Workload(id) => of_workload(id, kind, pod),
        Unit::Node(name) => match kind {
            FailureKind::NodePressure | FailureKind::OomKilled | FailureKind::Evicted => {
                format!("kubectl top node {}", argument(name))
            }
            FailureKind::LivenessKill
            | FailureKind::ErrorExit
            | FailureKind::StartFailure
            | FailureKind::Unschedulable
            | FailureKind::JobFailed
            | FailureKind::CrashLoop
            | FailureKind::NotReady
            | FailureKind::RolloutStuck
            | FailureKind::NodeNotReady
            | FailureKind::Network
            | FailureKind::SloBurn
            | FailureKind::VolumeFull
            | FailureKind::ControlPlane
            | FailureKind::Expiry => format!("kubectl describe {}", reference("node", name)),
        },
        Unit::Volume { namespace, claim } => {
            format!(
                "kubectl -n {} describe {}",
                argument(namespace),
                reference("persistentvolumeclaim", claim)
            )
        }
        Unit::Component(_) => "kubectl get --raw '/readyz?verbose'".to_owned(),
    }
}

fn of_workload(id: &WorkloadId, kind: FailureKind, pod: Option<&str>) -> String {
    let namespace = argument(&id.namespace);
    let workload = workload_reference(id);
    match (kind, pod) {
        (FailureKind::OomKilled | FailureKind::Evicted, Some(pod)) => {
            format!("kubectl -n {namespace} top pod {} --containers", argument(pod))
        }
        (FailureKind::ErrorExit | FailureKind::CrashLoop, Some(pod)) => {
            format!(
                "kubectl -n {namespace} logs {} --all-containers --tail=50",
                reference("pod", pod)
            )
        }
        (FailureKind::RolloutStuck, _) if id.kind == WorkloadKind::Deployment => {
            format!("kubectl -n {namespace} rollout status {workload} --watch=false")
        }
        (FailureKind::RolloutStuck | FailureKind::JobFailed | FailureKind::SloBurn, _)
        | (
            FailureKind::OomKilled
            | FailureKind::Evicted
            | FailureKind::ErrorExit
            | FailureKind::CrashLoop
            | FailureKind::LivenessKill
            | FailureKind::StartFailure
            | FailureKind::Unschedulable
            | FailureKind::NotReady
            | FailureKind::NodeNotReady
            | FailureKind::NodePressure
            | FailureKind::Network
            | FailureKind::VolumeFull
            | FailureKind::ControlPlane
            | FailureKind::Expiry,
            None,
        ) => format!("kubectl -n {namespace} describe {workload}"),
        (
            FailureKind::LivenessKill
            | FailureKind::StartFailure
            | FailureKind::Unschedulable
            | FailureKind::NotReady
            | FailureKind::NodeNotReady
            | FailureKind::NodePressure
            | FailureKind::Network
            | FailureKind::VolumeFull
            | FailureKind::ControlPlane
            | FailureKind::Expiry,
            Some(pod),
        ) => format!("kubectl -n {namespace} describe {}", reference("pod", pod)),
    }
}

/// `deployment/cart`, quoted where needed.
fn workload_reference(id: &WorkloadId) -> String {
    let kind = match id.kind {
        WorkloadKind::Deployment => "deployment",
        WorkloadKind::ReplicaSet => "replicaset",
        WorkloadKind::StatefulSet => "statefulset",
        WorkloadKind::DaemonSet => "daemonset",
        WorkloadKind::Job => "job",
        WorkloadKind::CronJob => "cronjob",
        WorkloadKind::Pod => "pod",
        // The kind behind another controller is not known; its pods carry its name as a prefix.
        WorkloadKind::Other => return "pods".to_owned(),
    };
    reference(kind, &id.name)
}

/// `kind/name` as one word of a POSIX shell. The kind in front keeps a name from being an option.
fn reference(kind: &str, name: &str) -> String {
    quoted(&format!("{kind}/{name}"))
}

/// A name as one word of a POSIX shell that is no option.
fn argument(name: &str) -> String {
    // Kubernetes names never start with a dash or are empty; a hostile one must not become a flag.
    let name = name.trim_start_matches('-');
    if name.is_empty() { "''".to_owned() } else { quoted(name) }
}

/// `text` as one word of a POSIX shell. Control characters, which Kubernetes names cannot hold and
/// terminals act on, are left out.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':');
    if text.chars().all(plain) {
        return text.to_owned();
    }
    let shown: String = text.chars().filter(|c| !c.is_control()).collect();
    format!("'{}'", shown.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cart() -> Unit {
        workload("shop", "cart")
    }

    fn workload(namespace: &str, name: &str) -> Unit {
        Unit::Workload(WorkloadId {
            namespace: namespace.to_owned(),
            kind: WorkloadKind::Deployment,
            name: name.to_owned(),
        })
    }

    #[test]
    fn each_kind_has_the_command_that_shows_it() {
        let pod = Some("cart-7d9f-x2");
        let cases = [
            (FailureKind::OomKilled, pod, "kubectl -n shop top pod cart-7d9f-x2 --containers"),
            (FailureKind::NotReady, None, "kubectl -n shop describe deployment/cart"),
            (FailureKind::StartFailure, pod, "kubectl -n shop describe pod/cart-7d9f-x2"),
            (
                FailureKind::CrashLoop,
                pod,
                "kubectl -n shop logs pod/cart-7d9f-x2 --all-containers --tail=50",
            ),
            (
                FailureKind::RolloutStuck,
                pod,
                "kubectl -n shop rollout status deployment/cart --watch=false",
            ),
        ];
        for (kind, pod, command) in cases {
            assert_eq!(kubectl(&cart(), kind, pod), command);
        }
        let node = Unit::Node("node-1".to_owned());
        assert_eq!(kubectl(&node, FailureKind::NodePressure, None), "kubectl top node node-1");
        assert_eq!(kubectl(&node, FailureKind::NodeNotReady, None), "kubectl describe node/node-1");
        let volume = Unit::Volume { namespace: "db".to_owned(), claim: "data".to_owned() };
        assert_eq!(
            kubectl(&volume, FailureKind::VolumeFull, None),
            "kubectl -n db describe persistentvolumeclaim/data"
        );
    }

    #[test]
    fn a_hostile_name_stays_one_word() {
        let pod = Some("x; rm -rf / #");
        assert_eq!(
            kubectl(&cart(), FailureKind::OomKilled, pod),
            "kubectl -n shop top pod 'x; rm -rf / #' --containers"
        );
        assert_eq!(
            kubectl(&workload("$(id)", "it's`id`"), FailureKind::NotReady, None),
            r"kubectl -n '$(id)' describe 'deployment/it'\''s`id`'"
        );
    }

    #[test]
    fn a_hostile_name_is_no_option_and_no_second_line() {
        let command =
            kubectl(&workload("-oyaml", "a\nb\u{1b}[2J"), FailureKind::OomKilled, Some("--all"));
        assert_eq!(command, "kubectl -n oyaml top pod all --containers");
        let command = kubectl(&workload("", "a\nb\u{1b}[2J"), FailureKind::NotReady, None);
        assert_eq!(command, "kubectl -n '' describe 'deployment/ab[2J'");
    }
}
