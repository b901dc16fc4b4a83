//! What the reader asks to be allowed, and what each missing right costs.
//!
//! The one table: the chart's role, `doctor` and the documentation are made from it.

use foresail_core::FailureKind::{
    self, ControlPlane, CrashLoop, ErrorExit, Evicted, Expiry, JobFailed, LivenessKill, Network,
    NodeNotReady, NodePressure, NotReady, OomKilled, RolloutStuck, SloBurn, StartFailure,
    Unschedulable, VolumeFull,
};

/// How much depends on a right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Need {
    /// Nothing works without it.
    Needed,
    /// Some predictions are lost or worse without it.
    Wanted,
    /// Only a source or setting that is off by default, or one beside another, needs it.
    Optional,
}

/// One right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission {
    /// API group; empty for the core's.
    pub group: &'static str,
    /// Resource, with its subresource where there is one.
    pub resource: &'static str,
    /// Verbs; none of them writes.
    pub verbs: &'static [&'static str],
    /// Whether its objects are in namespaces.
    pub is_namespaced: bool,
    /// How much depends on it.
    pub need: Need,
    /// Failures that are no longer seen, or predicted worse, without it.
    pub kinds: &'static [FailureKind],
    /// What is lost without it.
    pub cost: &'static str,
}

const WATCHED: &[&str] = &["get", "list", "watch"];
const LISTED: &[&str] = &["list", "watch"];
const READ: &[&str] = &["get"];

const OF_PODS: &[FailureKind] = &[
    OomKilled,
    Evicted,
    LivenessKill,
    ErrorExit,
    StartFailure,
    Unschedulable,
    JobFailed,
    CrashLoop,
    NotReady,
    RolloutStuck,
    Network,
    SloBurn,
    VolumeFull,
];

/// Every right that is asked for.
pub static PERMISSIONS: &[Permission] = &[
    right(
        ("", "pods"),
        WATCHED,
        (Need::Needed, OF_PODS, "no pod is seen, so nothing of pods can be predicted"),
    ),
    Permission {
        is_namespaced: false,
        ..right(
            ("", "nodes"),
            WATCHED,
            (
                Need::Wanted,
                &[NodeNotReady, NodePressure, Network, Unschedulable, Evicted],
                "no failure of nodes; whether a pod fits is not known; kubelets cannot be found",
            ),
        )
    },
    right(
        ("", "events"),
        LISTED,
        (
            Need::Wanted,
            &[LivenessKill, Evicted, StartFailure, Unschedulable, Network],
            "kills by probes look like errors of the program; reasons of evictions and start failures are missing",
        ),
    ),
    right(
        ("events.k8s.io", "events"),
        LISTED,
        (
            Need::Optional,
            &[],
            "nothing while the core's `events` may be read; it is the second place that serves them",
        ),
    ),
    right(
        ("apps", "deployments"),
        LISTED,
        (
            Need::Wanted,
            &[RolloutStuck, CrashLoop, StartFailure],
            "pods of a Deployment are told apart by ReplicaSet only; no stuck rollouts",
        ),
    ),
    right(
        ("apps", "replicasets"),
        LISTED,
        (
            Need::Wanted,
            &[RolloutStuck, CrashLoop],
            "rollouts are not seen: history of a pod does not follow its Deployment",
        ),
    ),
    right(
        ("apps", "statefulsets"),
        LISTED,
        (Need::Wanted, &[RolloutStuck, StartFailure], "no stuck rollouts of StatefulSets"),
    ),
    right(
        ("apps", "daemonsets"),
        LISTED,
        (Need::Wanted, &[RolloutStuck, StartFailure], "no stuck rollouts of DaemonSets"),
    ),
    right(
        ("apps", "controllerrevisions"),
        LISTED,
        (Need::Optional, &[], "nothing yet: read by metadata only, for later use"),
    ),
    right(("batch", "jobs"), LISTED, (Need::Wanted, &[JobFailed], "no failures of Jobs")),
    right(
        ("batch", "cronjobs"),
        LISTED,
        (Need::Wanted, &[StartFailure], "what the next Job of a CronJob will lack is not checked"),
    ),
    right(
        ("", "services"),
        LISTED,
        (
            Need::Wanted,
            &[SloBurn],
            "Services without endpoints are not seen; metrics servers cannot be found",
        ),
    ),
    right(
        ("discovery.k8s.io", "endpointslices"),
        LISTED,
        (Need::Wanted, &[SloBurn], "Services without endpoints are not seen"),
    ),
    right(
        ("", "persistentvolumeclaims"),
        LISTED,
        (
            Need::Wanted,
            &[Unschedulable, VolumeFull],
            "pods that wait for a missing claim are seen only when it is late",
        ),
    ),
    right(
        ("", "configmaps"),
        LISTED,
        (
            Need::Wanted,
            &[StartFailure],
            "references to a missing ConfigMap are not seen before a pod starts. Only metadata is asked for, but the right covers the content: leave it out where ConfigMaps hold secrets",
        ),
    ),
    right(
        ("policy", "poddisruptionbudgets"),
        LISTED,
        (Need::Wanted, &[RolloutStuck], "budgets that block every drain are not seen"),
    ),
    right(
        ("", "resourcequotas"),
        LISTED,
        (Need::Optional, &[Expiry], "the use of quotas is not known"),
    ),
    right(
        ("", "limitranges"),
        LISTED,
        (Need::Optional, &[], "nothing yet: read by metadata only, for later use"),
    ),
    Permission {
        is_namespaced: false,
        ..right(
            ("", "namespaces"),
            WATCHED,
            (
                Need::Optional,
                &[],
                "the cluster's own id is not known; deletions of namespaces are not told",
            ),
        )
    },
    Permission {
        is_namespaced: false,
        ..right(
            ("", "persistentvolumes"),
            LISTED,
            (Need::Optional, &[], "nothing yet: read by metadata only, for later use"),
        )
    },
    Permission {
        is_namespaced: false,
        ..right(
            ("storage.k8s.io", "storageclasses"),
            LISTED,
            (Need::Optional, &[], "nothing yet: read by metadata only, for later use"),
        )
    },
    right(
        ("autoscaling", "horizontalpodautoscalers"),
        LISTED,
        (Need::Optional, &[], "nothing yet: read by metadata only, for later use"),
    ),
    right(
        ("autoscaling.k8s.io", "verticalpodautoscalers"),
        LISTED,
        (Need::Optional, &[], "nothing yet: read by metadata only, where installed"),
    ),
    right(
        ("keda.sh", "scaledobjects"),
        LISTED,
        (Need::Optional, &[], "nothing yet: read by metadata only, where installed"),
    ),
    Permission {
        is_namespaced: false,
        ..right(
            ("", "nodes/metrics"),
            READ,
            (
                Need::Optional,
                &[OomKilled, Evicted, NotReady, NodePressure, ControlPlane],
                "kubelets cannot be scraped: without a Prometheus there is no CPU, memory or network of pods",
            ),
        )
    },
    Permission {
        is_namespaced: false,
        ..right(
            ("", "nodes/stats"),
            READ,
            (
                Need::Optional,
                &[Evicted, VolumeFull],
                "the kubelets' summary cannot be read: without a Prometheus there is no use of volumes and scratch space",
            ),
        )
    },
    right(("", "pods/log"), READ, (Need::Optional, &[], "logs cannot be followed; off by default")),
];

const fn right(
    (group, resource): (&'static str, &'static str),
    verbs: &'static [&'static str],
    (need, kinds, cost): (Need, &'static [FailureKind], &'static str),
) -> Permission {
    Permission { group, resource, verbs, is_namespaced: true, need, kinds, cost }
}

/// What is lost without a kind.
pub(super) fn cost(resource: &str) -> Option<&'static str> {
    PERMISSIONS.iter().find(|right| right.resource == resource).map(|right| right.cost)
}

// === impl Need ===

impl Need {
    /// The stable snake_case name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Needed => "needed",
            Self::Wanted => "wanted",
            Self::Optional => "optional",
        }
    }
}
