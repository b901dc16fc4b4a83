//! The kinds that are watched: where the API serves them and what becomes of their objects.

use foresail_core::WorkloadKind;

use super::convert::{self, Form, Item};
use super::observation::ObjectKind;

/// A kind that is watched.
pub(super) struct Resource {
    /// Plural name, as in the API and in the table of permissions.
    pub(super) name: &'static str,
    /// Where it is served; a further place is tried where the first is forbidden or missing.
    pub(super) bases: &'static [&'static str],
    pub(super) scope: Scope,
    pub(super) detail: Detail,
    /// What of the core its objects become, for those known before a restart.
    pub(super) kind: Option<ObjectKind>,
    pub(super) decode: fn(&[u8], Form) -> Result<Item, String>,
}

/// Whether objects of a kind are in namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Cluster,
    Namespaced,
}

/// How much of an object is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    Whole,
    Metadata,
}

const CORE: &[&str] = &["/api/v1"];
const APPS: &[&str] = &["/apis/apps/v1"];
const BATCH: &[&str] = &["/apis/batch/v1"];

/// Names that other parts ask for.
pub(super) const SERVICES: &str = "services";
pub(super) const SLICES: &str = "endpointslices";

/// Every kind that is watched. Node Leases are not: nothing reads them, and each node renews its own
/// every ten seconds.
pub(super) static RESOURCES: &[Resource] = &[
    whole("pods", CORE, (ObjectKind::Pod, convert::pod)),
    Resource { scope: Scope::Cluster, ..whole("nodes", CORE, (ObjectKind::Node, convert::node)) },
    workload(
        "deployments",
        APPS,
        (WorkloadKind::Deployment, |bytes, form| {
            convert::workload(bytes, form, WorkloadKind::Deployment)
        }),
    ),
    workload(
        "replicasets",
        APPS,
        (WorkloadKind::ReplicaSet, |bytes, form| {
            convert::workload(bytes, form, WorkloadKind::ReplicaSet)
        }),
    ),
    workload(
        "statefulsets",
        APPS,
        (WorkloadKind::StatefulSet, |bytes, form| {
            convert::workload(bytes, form, WorkloadKind::StatefulSet)
        }),
    ),
    workload(
        "daemonsets",
        APPS,
        (WorkloadKind::DaemonSet, |bytes, form| {
            convert::workload(bytes, form, WorkloadKind::DaemonSet)
        }),
    ),
    workload(
        "jobs",
        BATCH,
        (WorkloadKind::Job, |bytes, form| convert::workload(bytes, form, WorkloadKind::Job)),
    ),
    workload(
        "cronjobs",
        BATCH,
        (WorkloadKind::CronJob, |bytes, form| {
            convert::workload(bytes, form, WorkloadKind::CronJob)
        }),
    ),
    // Both places serve the same Events; the core's has the field names of either.
    Resource {
        kind: None,
        ..whole("events", &["/api/v1", "/apis/events.k8s.io/v1"], (ObjectKind::Pod, convert::event))
    },
    whole(SERVICES, CORE, (ObjectKind::Service, convert::service)),
    Resource {
        kind: None,
        ..whole(SLICES, &["/apis/discovery.k8s.io/v1"], (ObjectKind::Service, convert::slice))
    },
    whole("persistentvolumeclaims", CORE, (ObjectKind::Claim, convert::claim)),
    whole("resourcequotas", CORE, (ObjectKind::Quota, convert::quota)),
    whole(
        "poddisruptionbudgets",
        &["/apis/policy/v1"],
        (ObjectKind::DisruptionBudget, convert::budget),
    ),
    Resource {
        detail: Detail::Metadata,
        ..whole("configmaps", CORE, (ObjectKind::ConfigMap, convert::config_map))
    },
    metadata("namespaces", CORE, Scope::Cluster),
    metadata("persistentvolumes", CORE, Scope::Cluster),
    metadata("storageclasses", &["/apis/storage.k8s.io/v1"], Scope::Cluster),
    metadata("limitranges", CORE, Scope::Namespaced),
    metadata("controllerrevisions", APPS, Scope::Namespaced),
    metadata("horizontalpodautoscalers", &["/apis/autoscaling/v2"], Scope::Namespaced),
    metadata("verticalpodautoscalers", &["/apis/autoscaling.k8s.io/v1"], Scope::Namespaced),
    metadata("scaledobjects", &["/apis/keda.sh/v1alpha1"], Scope::Namespaced),
];

type Decode = fn(&[u8], Form) -> Result<Item, String>;

const fn whole(
    name: &'static str,
    bases: &'static [&'static str],
    (kind, decode): (ObjectKind, Decode),
) -> Resource {
    Resource {
        name,
        bases,
        scope: Scope::Namespaced,
        detail: Detail::Whole,
        kind: Some(kind),
        decode,
    }
}

const fn workload(
    name: &'static str,
    bases: &'static [&'static str],
    (kind, decode): (WorkloadKind, Decode),
) -> Resource {
    whole(name, bases, (ObjectKind::Workload(kind), decode))
}

const fn metadata(name: &'static str, bases: &'static [&'static str], scope: Scope) -> Resource {
    Resource { name, bases, scope, detail: Detail::Metadata, kind: None, decode: convert::metadata }
}

// === impl Resource ===

impl Resource {
    /// Path of the collection, in one namespace or in all.
    pub(super) fn path(&self, base: usize, namespace: Option<&str>) -> String {
        let base = self.bases.get(base).or(self.bases.first()).copied().unwrap_or_default();
        match namespace {
            Some(namespace) => format!("{base}/namespaces/{namespace}/{}", self.name),
            None => format!("{base}/{}", self.name),
        }
    }
}

// === impl Detail ===

impl Detail {
    /// What a list may answer with. Servers that know no metadata lists answer with whole objects.
    pub(super) const fn list(self) -> &'static str {
        match self {
            Self::Whole => "application/json",
            Self::Metadata => {
                "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
            }
        }
    }

    /// What a watch may answer with.
    pub(super) const fn watch(self) -> &'static str {
        match self {
            Self::Whole => "application/json",
            Self::Metadata => {
                "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
            }
        }
    }
}
