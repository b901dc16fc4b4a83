//! Nodes, and what pods lean on: Services and their endpoints, claims, quotas, budgets, ConfigMaps.

use std::collections::BTreeMap;
use std::net::IpAddr;

use foresail_core::{
    ChangeKind, ClaimObject, ConfigMapObject, DisruptionBudgetObject, NodeObject, Object,
    QuotaObject, ServiceObject,
};
use serde::Deserialize;
use serde_json::Value;

use super::meta::{Meta, conditions};
use super::{Endpoints, Facet, Form, Item, NodeAddress, ServiceChange, Slice, read};
use crate::objects::ConditionLine;
use crate::objects::spec::amount_in;
use crate::prometheus::ServiceFacts;

/// Where a kubelet listens unless the node says otherwise.
const KUBELET_PORT: u16 = 10_250;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Thing<Spec: Default, Status: Default> {
    metadata: Meta,
    spec: Spec,
    status: Status,
}

/// A part that is not looked at.
#[derive(Debug, Default, Deserialize)]
struct Nothing {}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NodeSpec {
    unschedulable: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct NodeStatus {
    conditions: Option<Vec<ConditionLine>>,
    allocatable: Option<BTreeMap<String, Value>>,
    addresses: Option<Vec<AddressPart>>,
    daemon_endpoints: Option<DaemonEndpoints>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AddressPart {
    #[serde(rename = "type")]
    kind: String,
    address: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct DaemonEndpoints {
    kubelet_endpoint: Option<KubeletEndpoint>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct KubeletEndpoint {
    /// The API writes it with a capital letter.
    #[serde(rename = "Port", alias = "port")]
    port: Option<u16>,
}

/// A node and where its kubelet listens.
pub(in crate::kubernetes) fn node(bytes: &[u8], form: Form) -> Result<Item, String> {
    let Thing { metadata, spec, status }: Thing<NodeSpec, NodeStatus> = read(bytes, form)?;
    let allocatable = |name| amount_in(status.allocatable.as_ref(), name);
    let addresses = status.addresses.unwrap_or_default();
    let of_kind = |kind: &str| -> Option<IpAddr> {
        addresses.iter().filter(|part| part.kind == kind).find_map(|part| part.address.parse().ok())
    };
    let endpoint = status.daemon_endpoints.and_then(|daemons| daemons.kubelet_endpoint);
    let address = NodeAddress {
        change: ChangeKind::Listed,
        node: metadata.name.clone(),
        address: of_kind("InternalIP").or_else(|| of_kind("ExternalIP")),
        port: endpoint.and_then(|e| e.port).filter(|port| *port > 0).unwrap_or(KUBELET_PORT),
    };
    let object = NodeObject {
        name: metadata.name.clone(),
        allocatable_cpu: allocatable("cpu")?,
        allocatable_memory: allocatable("memory")?,
        allocatable_pods: allocatable("pods")?,
        conditions: conditions(status.conditions)?,
        labels: metadata.labels.clone().unwrap_or_default(),
        unschedulable: spec.unschedulable.unwrap_or(false),
    };
    metadata.item(vec![Facet::Object(Object::Node(Box::new(object))), Facet::Node(address)])
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ServiceSpec {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(rename = "clusterIP")]
    cluster_ip: Option<String>,
    ports: Option<Vec<PortPart>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PortPart {
    name: Option<String>,
    port: u16,
}

/// A Service, without its endpoints: those are counted from their slices.
pub(in crate::kubernetes) fn service(bytes: &[u8], form: Form) -> Result<Item, String> {
    let Thing { mut metadata, spec, .. }: Thing<ServiceSpec, Nothing> = read(bytes, form)?;
    let elsewhere = spec.kind.as_deref() == Some("ExternalName");
    let ports = spec.ports.into_iter().flatten().map(|part| (part.name, part.port));
    let told = ServiceChange {
        change: ChangeKind::Listed,
        facts: ServiceFacts {
            namespace: metadata.namespace(),
            name: metadata.name.clone(),
            labels: metadata.labels.take().unwrap_or_default(),
            ports: ports.collect(),
        },
        cluster_ip: spec.cluster_ip.and_then(|address| address.parse().ok()),
    };
    let endpoints = if elsewhere { Endpoints::Elsewhere } else { Endpoints::Counted };
    metadata.item(vec![Facet::Service(Box::new(told), endpoints)])
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SlicePart {
    metadata: Meta,
    address_type: Option<String>,
    endpoints: Option<Vec<EndpointPart>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct EndpointPart {
    conditions: Option<EndpointConditions>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct EndpointConditions {
    ready: Option<bool>,
    terminating: Option<bool>,
}

/// A slice of a Service's endpoints. One that leaves on purpose counts neither way.
pub(in crate::kubernetes) fn slice(bytes: &[u8], form: Form) -> Result<Item, String> {
    let SlicePart { metadata, address_type, endpoints } = read(bytes, form)?;
    let service = metadata.label("kubernetes.io/service-name").cloned();
    let (mut ready, mut not_ready) = (0, 0);
    for endpoint in endpoints.into_iter().flatten() {
        let conditions = endpoint.conditions.unwrap_or_default();
        // The API's own rule: what is not said counts as ready.
        if conditions.ready.unwrap_or(true) {
            ready += 1;
        } else if conditions.terminating != Some(true) {
            not_ready += 1;
        }
    }
    let family = address_type.unwrap_or_default();
    let slice = service.map(|service| Facet::Slice(Slice { service, family, ready, not_ready }));
    metadata.item(slice.into_iter().collect())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ClaimStatus {
    phase: Option<String>,
}

/// A persistent volume claim.
pub(in crate::kubernetes) fn claim(bytes: &[u8], form: Form) -> Result<Item, String> {
    let Thing { metadata, status, .. }: Thing<Nothing, ClaimStatus> = read(bytes, form)?;
    let object = ClaimObject {
        namespace: metadata.namespace(),
        name: metadata.name.clone(),
        bound: status.phase.as_deref() == Some("Bound"),
    };
    metadata.item(vec![Facet::Object(Object::Claim(object))])
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct QuotaPart {
    hard: Option<BTreeMap<String, Value>>,
    used: Option<BTreeMap<String, Value>>,
}

/// A quota: one object of the core for each resource that it limits.
pub(in crate::kubernetes) fn quota(bytes: &[u8], form: Form) -> Result<Item, String> {
    let Thing { metadata, spec, status }: Thing<QuotaPart, QuotaPart> = read(bytes, form)?;
    let hard = status.hard.or(spec.hard);
    let mut facets = Vec::new();
    for resource in hard.iter().flat_map(BTreeMap::keys) {
        facets.push(Facet::Object(Object::Quota(QuotaObject {
            namespace: metadata.namespace(),
            name: metadata.name.clone(),
            resource: resource.clone(),
            used: amount_in(status.used.as_ref(), resource)?,
            hard: amount_in(hard.as_ref(), resource)?,
        })));
    }
    metadata.item(facets)
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct BudgetStatus {
    disruptions_allowed: Option<u32>,
    current_healthy: Option<u32>,
    desired_healthy: Option<u32>,
    expected_pods: Option<u32>,
}

/// A disruption budget.
pub(in crate::kubernetes) fn budget(bytes: &[u8], form: Form) -> Result<Item, String> {
    let Thing { metadata, status, .. }: Thing<Nothing, BudgetStatus> = read(bytes, form)?;
    let object = DisruptionBudgetObject {
        namespace: metadata.namespace(),
        name: metadata.name.clone(),
        allowed: status.disruptions_allowed,
        healthy: status.current_healthy,
        desired: status.desired_healthy,
        expected: status.expected_pods,
    };
    metadata.item(vec![Facet::Object(Object::DisruptionBudget(object))])
}

/// A ConfigMap: that it exists.
pub(in crate::kubernetes) fn config_map(bytes: &[u8], form: Form) -> Result<Item, String> {
    let Thing { metadata, .. }: Thing<Nothing, Nothing> = read(bytes, form)?;
    let (namespace, name) = (metadata.namespace(), metadata.name.clone());
    metadata.item(vec![Facet::Object(Object::ConfigMap(ConfigMapObject { namespace, name }))])
}

/// An object of a kind that is told by metadata only.
pub(in crate::kubernetes) fn metadata(bytes: &[u8], form: Form) -> Result<Item, String> {
    let Thing { metadata, .. }: Thing<Nothing, Nothing> = read(bytes, form)?;
    let deletion = metadata.deletion_requested_at()?;
    metadata.item(vec![Facet::Metadata(deletion)])
}

/// A Service with what its slices add up to. A Service of two address families has each pod twice:
/// the family with more of them counts.
pub(in crate::kubernetes) fn counted<'a>(
    (namespace, name): (&str, &str),
    slices: impl Iterator<Item = &'a Slice>,
) -> ServiceObject {
    let mut families: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for slice in slices {
        let (ready, not_ready) = families.entry(&slice.family).or_default();
        *ready += slice.ready;
        *not_ready += slice.not_ready;
    }
    let (ready, not_ready) =
        families.into_values().max_by_key(|(ready, not)| (*ready, *not)).unwrap_or_default();
    ServiceObject { namespace: namespace.to_owned(), name: name.to_owned(), ready, not_ready }
}
