//! Kubernetes objects, cut down to what judgement needs.
//!
//! Collectors fill these from API objects; anything an older recording or a poorer source lacks is
//! `None` or empty, never a default that looks like a fact.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::time::{PlatformDuration, Timestamp};

/// How an observation of an object came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Found when the watch started.
    Listed,
    /// Created.
    Added,
    /// Changed.
    Modified,
    /// Gone.
    Deleted,
}

/// One observed change of one object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObjectChange {
    /// When it was observed.
    pub observed_at: Timestamp,
    /// How it came about.
    pub change: ChangeKind,
    /// The object as it then was.
    pub object: Object,
}

/// The object of an [`ObjectChange`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Object {
    /// A pod.
    Pod(Box<PodObject>),
    /// A Deployment, ReplicaSet, StatefulSet, DaemonSet, Job or CronJob.
    Workload(Box<WorkloadObject>),
    /// A node.
    Node(Box<NodeObject>),
    /// A Service with the state of its endpoints.
    Service(ServiceObject),
    /// A ConfigMap, by metadata only.
    ConfigMap(ConfigMapObject),
    /// A persistent volume claim.
    Claim(ClaimObject),
    /// One resource of a ResourceQuota.
    Quota(QuotaObject),
    /// A PodDisruptionBudget.
    DisruptionBudget(DisruptionBudgetObject),
}

/// Kind of a workload object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum WorkloadKind {
    /// A Deployment.
    Deployment,
    /// A ReplicaSet; a unit only when no Deployment owns it.
    ReplicaSet,
    /// A StatefulSet.
    StatefulSet,
    /// A DaemonSet.
    DaemonSet,
    /// A Job.
    Job,
    /// A CronJob; never the unit of its Jobs' pods.
    CronJob,
    /// A pod without owner stands for itself.
    Pod,
    /// Any other controller.
    Other,
}

/// An owner reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerRef {
    /// Kind of the owner.
    pub kind: WorkloadKind,
    /// Its name.
    pub name: String,
    /// Its uid, where given.
    pub uid: Option<String>,
}

/// Value of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ConditionStatus {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// Nobody knows.
    Unknown,
}

/// A condition of an object's status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// Type, such as `Ready`.
    pub kind: String,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// Machine-readable reason.
    pub reason: Option<String>,
    /// Text for people. Untrusted.
    pub message: Option<String>,
    /// When the status last changed, where given.
    pub last_transition: Option<Timestamp>,
}

/// Phase of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PodPhase {
    /// Accepted, not yet running.
    Pending,
    /// At least one container runs.
    Running,
    /// All containers ended with exit code 0.
    Succeeded,
    /// All containers ended, one of them badly.
    Failed,
    /// The node cannot be asked.
    Unknown,
}

/// State of a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContainerState {
    /// Not started.
    Waiting {
        /// Such as `CrashLoopBackOff`.
        reason: Option<String>,
        /// Text for people. Untrusted.
        message: Option<String>,
    },
    /// Running.
    Running {
        /// Since when.
        started_at: Option<Timestamp>,
    },
    /// Ended.
    Terminated {
        /// Exit code.
        exit_code: i32,
        /// Such as `OOMKilled`.
        reason: Option<String>,
        /// Text for people. Untrusted.
        message: Option<String>,
        /// When it had started.
        started_at: Option<Timestamp>,
        /// When it ended.
        finished_at: Option<Timestamp>,
        /// Runtime id of the ended container.
        container_id: Option<String>,
    },
}

/// Status of one container of a pod.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContainerStatus {
    /// Name.
    pub name: String,
    /// Whether it is an init container.
    pub init: bool,
    /// Whether it is ready.
    pub ready: bool,
    /// Restarts so far.
    pub restarts: u32,
    /// Whether its startup probe passed, where known.
    pub started: Option<bool>,
    /// Image it runs.
    pub image: String,
    /// State now; `None` before the kubelet reports one.
    pub state: Option<ContainerState>,
    /// State before the last restart.
    pub last_state: Option<ContainerState>,
    /// Runtime id.
    pub container_id: Option<String>,
}

/// Limits and requests; `None` where not set or not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Resources {
    /// Cores.
    pub cpu_limit: Option<f64>,
    /// Cores.
    pub cpu_request: Option<f64>,
    /// Bytes.
    pub memory_limit: Option<f64>,
    /// Bytes.
    pub memory_request: Option<f64>,
    /// Bytes.
    pub ephemeral_storage_limit: Option<f64>,
}

/// Timing of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// Between two probes.
    pub period: PlatformDuration,
    /// Until a probe counts as failed.
    pub timeout: PlatformDuration,
    /// Failures in a row until it acts.
    pub failure_threshold: u32,
    /// Before the first probe.
    pub initial_delay: PlatformDuration,
}

/// Kind of object that a pod refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ReferenceKind {
    /// A ConfigMap.
    ConfigMap,
    /// A Secret.
    Secret,
    /// A persistent volume claim.
    Claim,
}

/// A reference from a pod spec to another object of the namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reference {
    /// Kind of the object.
    pub kind: ReferenceKind,
    /// Its name.
    pub name: String,
    /// Whether the pod starts without it.
    pub optional: bool,
}

/// Spec of one container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContainerSpec {
    /// Name.
    pub name: String,
    /// Image.
    pub image: Option<String>,
    /// Limits and requests.
    pub resources: Resources,
    /// Liveness probe.
    pub liveness: Option<Probe>,
    /// Readiness probe.
    pub readiness: Option<Probe>,
    /// Startup probe.
    pub startup: Option<Probe>,
}

/// Where a volume's bytes come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum VolumeSource {
    /// Scratch space of the pod.
    EmptyDir {
        /// Bytes; the pod is evicted beyond it.
        size_limit: Option<f64>,
    },
    /// A persistent volume claim.
    Claim {
        /// Name of the claim.
        name: String,
    },
    /// Anything else.
    Other,
}

/// A volume of a pod.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VolumeSpec {
    /// Name in the pod.
    pub name: String,
    /// Source.
    pub source: VolumeSource,
}

/// A pod.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PodObject {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Uid.
    pub uid: String,
    /// Controller, by ownerReferences.
    pub owner: Option<OwnerRef>,
    /// Phase.
    pub phase: PodPhase,
    /// Reason of the phase, such as `Evicted`.
    pub reason: Option<String>,
    /// Text of the phase. Untrusted.
    pub message: Option<String>,
    /// Node it is bound to.
    pub node: Option<String>,
    /// Creation.
    pub created_at: Option<Timestamp>,
    /// When deletion was asked for.
    pub deletion_requested_at: Option<Timestamp>,
    /// Grace period of the deletion or the spec.
    pub grace: Option<PlatformDuration>,
    /// Conditions.
    pub conditions: Vec<Condition>,
    /// Status of containers, init containers first.
    pub containers: Vec<ContainerStatus>,
    /// Spec of containers; empty where the source has none.
    pub spec: Vec<ContainerSpec>,
    /// Volumes; empty where the source has none.
    pub volumes: Vec<VolumeSpec>,
    /// ConfigMaps, Secrets and claims that it needs.
    pub references: Vec<Reference>,
    /// Node labels that it asks for.
    pub node_selector: BTreeMap<String, String>,
}

/// A workload object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkloadObject {
    /// Namespace.
    pub namespace: String,
    /// Kind.
    pub kind: WorkloadKind,
    /// Name.
    pub name: String,
    /// Uid, where given.
    pub uid: Option<String>,
    /// Controller, by ownerReferences.
    pub owner: Option<OwnerRef>,
    /// Generation of the spec.
    pub generation: Option<u64>,
    /// Revision (Deployment and its ReplicaSets).
    pub revision: Option<String>,
    /// Replicas asked for.
    pub replicas: Option<u32>,
    /// Hash of the pod template (ReplicaSets).
    pub template_hash: Option<String>,
    /// Images of the template.
    pub images: Vec<String>,
    /// Containers of the template; from older sources only resources of the first one.
    pub template: Vec<ContainerSpec>,
    /// ConfigMaps, Secrets and claims that the template needs.
    pub references: Vec<Reference>,
    /// Labels that select its pods.
    pub selector: BTreeMap<String, String>,
    /// Node labels that the template asks for.
    pub node_selector: BTreeMap<String, String>,
    /// How long a rollout may take.
    pub progress_deadline: Option<PlatformDuration>,
    /// Failed pods that a Job tolerates.
    pub backoff_limit: Option<u32>,
    /// Whether its rollout is paused.
    pub paused: bool,
    /// When deletion was asked for.
    pub deletion_requested_at: Option<Timestamp>,
    /// Replicas that exist.
    pub status_replicas: Option<u32>,
    /// Replicas of the newest template.
    pub updated_replicas: Option<u32>,
    /// Ready replicas.
    pub ready_replicas: Option<u32>,
    /// Available replicas.
    pub available_replicas: Option<u32>,
    /// Failed pods (Job).
    pub failed: Option<u32>,
    /// Conditions.
    pub conditions: Vec<Condition>,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeObject {
    /// Name.
    pub name: String,
    /// Conditions.
    pub conditions: Vec<Condition>,
    /// Cores that pods may request.
    pub allocatable_cpu: Option<f64>,
    /// Bytes that pods may request.
    pub allocatable_memory: Option<f64>,
    /// Pods that fit.
    pub allocatable_pods: Option<f64>,
    /// Labels; empty where the source has none.
    pub labels: BTreeMap<String, String>,
    /// Whether it is cordoned.
    pub unschedulable: bool,
}

/// A Service with the state of its endpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceObject {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Endpoints that are ready.
    pub ready: u32,
    /// Endpoints that are not.
    pub not_ready: u32,
}

/// A ConfigMap, by metadata only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigMapObject {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
}

/// A persistent volume claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimObject {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Whether it is bound to a volume.
    pub bound: bool,
}

/// One resource of a ResourceQuota.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuotaObject {
    /// Namespace.
    pub namespace: String,
    /// Name of the quota.
    pub name: String,
    /// Resource, such as `requests.cpu`.
    pub resource: String,
    /// Taken.
    pub used: Option<f64>,
    /// Most that may be taken.
    pub hard: Option<f64>,
}

/// A PodDisruptionBudget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisruptionBudgetObject {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Disruptions allowed now.
    pub allowed: Option<u32>,
    /// Healthy pods now.
    pub healthy: Option<u32>,
    /// Healthy pods wanted.
    pub desired: Option<u32>,
    /// Pods counted.
    pub expected: Option<u32>,
}

// === impl WorkloadKind ===

impl WorkloadKind {
    /// The kind's Kubernetes name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::ReplicaSet => "ReplicaSet",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::Job => "Job",
            Self::CronJob => "CronJob",
            Self::Pod => "Pod",
            Self::Other => "Other",
        }
    }

    /// The kind with this Kubernetes name; anything unknown is `Other`.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        match name {
            "Deployment" => Self::Deployment,
            "ReplicaSet" => Self::ReplicaSet,
            "StatefulSet" => Self::StatefulSet,
            "DaemonSet" => Self::DaemonSet,
            "Job" => Self::Job,
            "CronJob" => Self::CronJob,
            "Pod" => Self::Pod,
            _ => Self::Other,
        }
    }
}

impl fmt::Display for WorkloadKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

// === impl PodObject ===

impl PodObject {
    /// A pod of which nothing but its name is known.
    #[must_use]
    pub fn named((namespace, name): (&str, &str), uid: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            uid: uid.to_owned(),
            owner: None,
            phase: PodPhase::Unknown,
            reason: None,
            message: None,
            node: None,
            created_at: None,
            deletion_requested_at: None,
            grace: None,
            conditions: Vec::new(),
            containers: Vec::new(),
            spec: Vec::new(),
            volumes: Vec::new(),
            references: Vec::new(),
            node_selector: BTreeMap::new(),
        }
    }

    /// The condition of this type, if reported.
    #[must_use]
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.kind == kind)
    }

    /// Whether the pod has ended for good.
    #[must_use]
    pub const fn is_finished(&self) -> bool {
        matches!(self.phase, PodPhase::Succeeded | PodPhase::Failed)
    }
}
