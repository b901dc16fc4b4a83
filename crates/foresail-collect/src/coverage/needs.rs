//! What each failure kind needs: the one table behind `foresail doctor`.
//!
//! It follows what the engine really reads: limits from `first_passage/target.rs`, facts from `checks`
//! and `ledger`, signs from `features/catalogue.rs`. A test holds that every kind has an entry and that
//! every right named is one that is asked for.

use foresail_core::FailureKind::{self, *};
use foresail_core::Quantity::{self, *};

/// An object kind of the API, as group and resource.
pub(super) type Right = (&'static str, &'static str);

/// What one failure kind needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Needs {
    pub(super) kind: FailureKind,
    /// Objects and events that show that it happened.
    pub(super) sight: &'static [Right],
    /// Ways to see it coming.
    pub(super) ways: &'static [Way],
    /// What no cluster changes: what of the kind this version does not predict, or does not see.
    pub(super) ceiling: Option<&'static str>,
}

/// One way to see a failure coming.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    /// What is watched, in words.
    pub(super) what: &'static str,
    /// Quantities that it needs, all of them.
    pub(super) quantities: &'static [Quantity],
    /// Objects of the API that it reads, all of them.
    pub(super) rights: &'static [Right],
    pub(super) weight: Weight,
}

/// How much a way matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// Some failures of the kind are seen coming by it alone.
    Main,
    /// The learned model judges better with it.
    Helps,
}

const PODS: Right = ("", "pods");
const NODES: Right = ("", "nodes");
const EVENTS: Right = ("", "events");
const DEPLOYMENTS: Right = ("apps", "deployments");
const REPLICA_SETS: Right = ("apps", "replicasets");
const STATEFUL_SETS: Right = ("apps", "statefulsets");
const DAEMON_SETS: Right = ("apps", "daemonsets");
const JOBS: Right = ("batch", "jobs");
const CLAIMS: Right = ("", "persistentvolumeclaims");
const CONFIG_MAPS: Right = ("", "configmaps");
const SERVICES: Right = ("", "services");
const SLICES: Right = ("discovery.k8s.io", "endpointslices");
const BUDGETS: Right = ("policy", "poddisruptionbudgets");

const fn limit(what: &'static str, quantities: &'static [Quantity]) -> Way {
    Way { what, quantities, rights: &[], weight: Weight::Main }
}

const fn check(what: &'static str, rights: &'static [Right]) -> Way {
    Way { what, quantities: &[], rights, weight: Weight::Main }
}

const fn helps(what: &'static str, quantities: &'static [Quantity]) -> Way {
    Way { what, quantities, rights: &[], weight: Weight::Helps }
}

/// Without these the learned model has nothing to say of a pod.
const VITALS: Way = limit("memory and CPU of its containers", &[MemoryWorkingSet, CpuUsage]);
const DESCRIPTORS: Way =
    limit("file descriptors toward their limit", &[FileDescriptors, FileDescriptorLimit]);
const THREADS: Way = limit("threads toward their limit", &[Threads, ThreadLimit]);
const LATENCY: Way = helps("latency of requests", &[RequestsTimed, RequestsWithin250Ms]);
const THROTTLING: Way = helps("CPU throttling", &[CpuPeriods, CpuThrottledPeriods]);
const ERRORS: Way = helps("failed requests", &[Requests, RequestErrors]);
const LOG_ERRORS: Way = helps("errors in logs, as counted by the program", &[LogErrors]);

/// Every kind, in its order.
pub(super) static NEEDS: &[Needs] = &[
    Needs {
        kind: OomKilled,
        sight: &[PODS],
        ways: &[
            limit("memory toward its limit", &[MemoryWorkingSet, MemoryLimit]),
            helps("allocations that hit the limit", &[MemoryFailures]),
            helps("heap of the runtime", &[HeapInUse]),
        ],
        ceiling: None,
    },
    Needs {
        kind: Evicted,
        sight: &[PODS, EVENTS],
        ways: &[
            limit("emptyDir volumes toward their size", &[EmptyDirUsed]),
            limit(
                "scratch space of the pod toward its limit",
                &[EphemeralStorage, EphemeralStorageLimit],
            ),
            helps("memory of the node", &[NodeMemoryAvailable, NodeMemoryTotal]),
        ],
        ceiling: None,
    },
    Needs {
        kind: LivenessKill,
        sight: &[PODS, EVENTS],
        ways: &[
            VITALS,
            DESCRIPTORS,
            THREADS,
            helps("results of probes", &[LivenessFailures, ReadinessFailures]),
            helps("how long probes take", &[ProbeSeconds, Probes]),
            LATENCY,
            THROTTLING,
        ],
        ceiling: None,
    },
    Needs {
        kind: ErrorExit,
        sight: &[PODS],
        ways: &[VITALS, DESCRIPTORS, THREADS, ERRORS, LOG_ERRORS],
        ceiling: None,
    },
    Needs {
        kind: StartFailure,
        sight: &[PODS, EVENTS],
        ways: &[
            check("what containers wait for", &[PODS]),
            check("failed mounts and creations", &[EVENTS]),
            check(
                "references to what is not there",
                &[CONFIG_MAPS, DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS],
            ),
        ],
        ceiling: None,
    },
    Needs {
        kind: Unschedulable,
        sight: &[PODS],
        ways: &[
            check("requests and selectors against nodes", &[PODS, NODES]),
            check("claims that are missing", &[CLAIMS]),
            limit("pods of a node toward the most it takes", &[NodePods, NodePodLimit]),
        ],
        ceiling: None,
    },
    Needs {
        kind: JobFailed,
        sight: &[JOBS, PODS],
        ways: &[VITALS, ERRORS, LOG_ERRORS],
        ceiling: None,
    },
    Needs {
        kind: CrashLoop,
        sight: &[PODS],
        ways: &[
            VITALS,
            check("pods of a new release against the old", &[DEPLOYMENTS, REPLICA_SETS]),
            LOG_ERRORS,
        ],
        ceiling: None,
    },
    Needs {
        kind: NotReady,
        sight: &[PODS],
        ways: &[
            VITALS,
            limit("connection pools toward their size", &[PoolInUse, PoolLimit]),
            LATENCY,
            helps("results of readiness probes", &[ReadinessFailures]),
            helps("requests in flight", &[RequestsInFlight]),
            THROTTLING,
        ],
        ceiling: None,
    },
    Needs {
        kind: RolloutStuck,
        sight: &[DEPLOYMENTS],
        ways: &[
            check("pods of a new release against the old", &[DEPLOYMENTS, REPLICA_SETS, PODS]),
            check("budgets that block every drain", &[BUDGETS]),
        ],
        ceiling: None,
    },
    Needs {
        kind: NodeNotReady,
        sight: &[NODES],
        ways: &[limit(
            "file descriptors of the node toward their limit",
            &[NodeFileDescriptors, NodeFileDescriptorLimit],
        )],
        ceiling: Some(
            "of nodes that stop, only those that run out of file descriptors are announced",
        ),
    },
    Needs {
        kind: NodePressure,
        sight: &[NODES],
        ways: &[
            limit("memory of the node", &[NodeMemoryAvailable, NodeMemoryTotal]),
            limit("disk of the node", &[NodeDiskAvailable, NodeDiskSize]),
            limit("inodes of the node", &[NodeInodesFree, NodeInodes]),
            limit("processes of the node toward their limit", &[NodePids, NodePidLimit]),
        ],
        ceiling: None,
    },
    Needs {
        kind: Network,
        sight: &[NODES, EVENTS],
        ways: &[],
        ceiling: Some("seen and counted when it happens; nothing announces it yet"),
    },
    Needs {
        kind: SloBurn,
        sight: &[],
        ways: &[check("Services that no pod stands behind", &[SERVICES, SLICES, PODS])],
        ceiling: Some(
            "only Services without endpoints are announced; burn rates are not judged yet",
        ),
    },
    Needs {
        kind: VolumeFull,
        sight: &[],
        ways: &[
            limit("space of a claim", &[ClaimUsed, ClaimCapacity]),
            limit("inodes of a claim", &[ClaimInodesUsed, ClaimInodes]),
        ],
        ceiling: Some("announced, but not scored: no fact of the API says that a volume is full"),
    },
    Needs { kind: ControlPlane, sight: &[], ways: &[], ceiling: Some("nothing announces it yet") },
    Needs {
        kind: Expiry,
        sight: &[],
        ways: &[limit(
            "connection tracking of a node toward its size",
            &[NodeConntrack, NodeConntrackLimit],
        )],
        ceiling: Some(
            "only connection tracking is announced: certificates and quotas are not judged yet",
        ),
    },
];

/// Quantities that the spec of a pod gives as well.
pub(super) const OF_SPEC: &[Quantity] =
    &[MemoryLimit, MemoryRequest, CpuLimit, CpuRequest, EphemeralStorageLimit];

/// Hours of history of a quantity with which every answer is a full one: the longest window.
pub(super) const HOURS_NEEDED: f64 = 2.0;
