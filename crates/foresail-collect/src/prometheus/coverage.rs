//! Which failures a recording of history can show, and why not.

use foresail_core::FailureKind;

use super::history::History;

/// How far outcomes of a kind can be told from what a server holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cover {
    /// What is seen happened; more may have happened between two scrapes.
    AtLeast,
    /// Some forms of it are not seen at all.
    Partly,
    /// It cannot be judged.
    Not,
}

/// One failure kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindCover {
    /// The kind.
    pub kind: FailureKind,
    /// How far it is seen.
    pub cover: Cover,
    /// Why.
    pub reason: String,
}

/// What `history` can show of every failure kind, in their order.
#[must_use]
pub fn covers(history: &History) -> Vec<KindCover> {
    FailureKind::ALL.iter().map(|kind| cover(history, *kind)).collect()
}

fn cover(history: &History, kind: FailureKind) -> KindCover {
    let (cover, reason) = match kind {
        FailureKind::LivenessKill => {
            not("needs events, which no metric shows; it counts as `error_exit`")
        }
        FailureKind::SloBurn | FailureKind::VolumeFull => {
            not("no outcome of it is built from metrics yet")
        }
        FailureKind::ControlPlane | FailureKind::Expiry => {
            not("the metrics that define it are not in the catalogue")
        }
        FailureKind::OomKilled
        | FailureKind::Evicted
        | FailureKind::ErrorExit
        | FailureKind::StartFailure
        | FailureKind::Unschedulable
        | FailureKind::JobFailed
        | FailureKind::CrashLoop
        | FailureKind::NotReady
        | FailureKind::RolloutStuck
        | FailureKind::NodeNotReady
        | FailureKind::NodePressure
        | FailureKind::Network => by_families(history, kind),
    };
    KindCover { kind, cover, reason }
}

fn not(reason: &str) -> (Cover, String) {
    (Cover::Not, reason.to_owned())
}

/// Families of which one is needed, and what is seen with it.
fn by_families(history: &History, kind: FailureKind) -> (Cover, String) {
    const ENDS: &[&str] = &[
        "kube_pod_container_status_last_terminated_reason",
        "kube_pod_container_status_terminated_reason",
    ];
    const NODES: &[&str] = &["kube_node_status_condition"];
    let between = "what begins and ends between two scrapes is missing";
    let (needed, cover, reason): (&[&str], Cover, &str) = match kind {
        FailureKind::OomKilled => (ENDS, Cover::AtLeast, between),
        FailureKind::Evicted => (
            &["kube_pod_status_reason"],
            Cover::Partly,
            "only where the pod object stays until the next scrape",
        ),
        FailureKind::ErrorExit => {
            (ENDS, Cover::AtLeast, "kills by a liveness probe are among them")
        }
        FailureKind::StartFailure => (
            &["kube_pod_container_status_waiting_reason"],
            Cover::Partly,
            "failed mounts are events, which no metric shows",
        ),
        FailureKind::Unschedulable => (
            &["kube_pod_status_scheduled", "kube_pod_status_unschedulable"],
            Cover::AtLeast,
            between,
        ),
        FailureKind::JobFailed => (&["kube_job_failed"], Cover::AtLeast, between),
        FailureKind::CrashLoop => (
            &["kube_pod_container_status_waiting_reason", ENDS[0], ENDS[1]],
            Cover::AtLeast,
            between,
        ),
        FailureKind::NotReady => (&["kube_pod_status_ready"], Cover::AtLeast, between),
        FailureKind::RolloutStuck => (
            &["kube_deployment_status_condition"],
            Cover::AtLeast,
            "older versions of kube-state-metrics do not say why a rollout does not progress",
        ),
        FailureKind::NodeNotReady | FailureKind::NodePressure => (NODES, Cover::AtLeast, between),
        FailureKind::Network => (
            NODES,
            Cover::Partly,
            "only nodes without network; sandboxes that cannot be created are events",
        ),
        FailureKind::LivenessKill
        | FailureKind::SloBurn
        | FailureKind::VolumeFull
        | FailureKind::ControlPlane
        | FailureKind::Expiry => (&[], Cover::Not, ""),
    };
    let there = |family: &&&str| {
        history.families.iter().any(|one| one.family == **family && one.samples > 0)
    };
    if needed.iter().any(|family| there(&family)) {
        return (cover, reason.to_owned());
    }
    let names: Vec<String> = needed.iter().map(|family| format!("`{family}`")).collect();
    (Cover::Not, format!("there are no samples of {}", names.join(" or ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prometheus::history::FamilyHistory;

    fn with(families: &[&str]) -> History {
        let family = |name: &&str| FamilyHistory {
            family: (*name).to_owned(),
            samples: 1,
            ..FamilyHistory::default()
        };
        History { families: families.iter().map(family).collect(), ..History::default() }
    }

    #[test]
    fn a_kind_whose_family_is_missing_cannot_be_judged_and_says_which() {
        let said = covers(&with(&["kube_pod_status_ready"]));
        let of = |kind| said.iter().find(|one| one.kind == kind).unwrap();
        assert_eq!(of(FailureKind::NotReady).cover, Cover::AtLeast);
        assert_eq!(of(FailureKind::OomKilled).cover, Cover::Not);
        assert!(of(FailureKind::JobFailed).reason.contains("`kube_job_failed`"));
        assert_eq!(of(FailureKind::LivenessKill).cover, Cover::Not);
        assert_eq!(said.len(), FailureKind::ALL.len());
    }
}
