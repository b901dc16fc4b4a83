//! How it is told that something is gone of which only the name is left.

use std::collections::BTreeMap;

use foresail_core::{
    ChangeKind, ClaimObject, ConfigMapObject, DisruptionBudgetObject, NodeObject, Object,
    ObjectChange, PodObject, QuotaObject, ServiceObject, Timestamp, WorkloadKind, WorkloadObject,
};

use super::observation::{
    MetadataChange, NodeAddress, ObjectKind, Observation, ScrapeTarget, ServiceChange,
};
use crate::prometheus::ServiceFacts;

/// One of the things that are told of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FacetKey {
    Object(ObjectKind),
    Quota(Box<str>),
    Scrape,
    Node,
    Service,
    Metadata,
}

/// The object that something is told of.
pub(super) struct Subject<'a> {
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
    pub(super) uid: Option<&'a str>,
}

// === impl Subject ===

impl Subject<'_> {
    /// Tells that something is gone of which only the name is left.
    pub(super) fn gone(
        &self,
        key: &FacetKey,
        (resource, at): (&'static str, Timestamp),
    ) -> Observation {
        let change = ChangeKind::Deleted;
        let object = |object| Observation::Object(ObjectChange { observed_at: at, change, object });
        let (namespace, name) = (self.namespace.to_owned(), self.name.to_owned());
        match key {
            FacetKey::Object(kind) => object(self.empty(*kind)),
            FacetKey::Quota(part) => {
                let resource = part.to_string();
                let quota = QuotaObject { namespace, name, resource, used: None, hard: None };
                object(Object::Quota(quota))
            }
            FacetKey::Scrape => Observation::Scrape(ScrapeTarget {
                change,
                namespace,
                pod: name,
                uid: self.uid.unwrap_or_default().to_owned(),
                app: None,
                address: None,
                ports: Vec::new(),
                path: String::new(),
                https: false,
            }),
            FacetKey::Node => {
                Observation::Node(NodeAddress { change, node: name, address: None, port: 0 })
            }
            FacetKey::Service => Observation::Service(ServiceChange {
                change,
                facts: ServiceFacts { namespace, name, ..ServiceFacts::default() },
                cluster_ip: None,
            }),
            FacetKey::Metadata => Observation::Metadata(MetadataChange {
                observed_at: at,
                change,
                resource,
                namespace,
                name,
                uid: self.uid.unwrap_or_default().to_owned(),
                deletion_requested_at: None,
            }),
        }
    }

    /// An object of which only the name is known.
    fn empty(&self, kind: ObjectKind) -> Object {
        let (namespace, name) = (self.namespace.to_owned(), self.name.to_owned());
        match kind {
            ObjectKind::Pod => Object::Pod(Box::new(self.empty_pod())),
            ObjectKind::Workload(kind) => Object::Workload(Box::new(self.empty_workload(kind))),
            ObjectKind::Node => Object::Node(Box::new(NodeObject {
                name,
                conditions: Vec::new(),
                allocatable_cpu: None,
                allocatable_memory: None,
                allocatable_pods: None,
                labels: BTreeMap::new(),
                unschedulable: false,
            })),
            ObjectKind::Service => {
                Object::Service(ServiceObject { namespace, name, ready: 0, not_ready: 0 })
            }
            ObjectKind::ConfigMap => Object::ConfigMap(ConfigMapObject { namespace, name }),
            ObjectKind::Claim => Object::Claim(ClaimObject { namespace, name, bound: false }),
            ObjectKind::Quota => {
                let resource = String::new();
                Object::Quota(QuotaObject { namespace, name, resource, used: None, hard: None })
            }
            ObjectKind::DisruptionBudget => Object::DisruptionBudget(DisruptionBudgetObject {
                namespace,
                name,
                allowed: None,
                healthy: None,
                desired: None,
                expected: None,
            }),
        }
    }

    fn empty_pod(&self) -> PodObject {
        PodObject::named((self.namespace, self.name), self.uid.unwrap_or_default())
    }

    fn empty_workload(&self, kind: WorkloadKind) -> WorkloadObject {
        WorkloadObject {
            namespace: self.namespace.to_owned(),
            kind,
            name: self.name.to_owned(),
            uid: self.uid.map(str::to_owned),
            owner: None,
            generation: None,
            revision: None,
            replicas: None,
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
}
