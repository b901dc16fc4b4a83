//! The parts of a pod spec or template: containers, probes, volumes and references.

use std::collections::{BTreeMap, BTreeSet};

use foresail_core::{
    ContainerSpec, PlatformDuration, Probe, Reference, ReferenceKind, Resources, VolumeSource,
    VolumeSpec,
};
use serde::Deserialize;
use serde_json::Value;

use crate::amount::parse_amount;

/// A pod spec or template, as far as recordings keep it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SpecPart {
    containers: Option<Vec<ContainerPart>>,
    #[serde(rename = "initContainers")]
    init_containers: Option<Vec<ContainerPart>>,
    volumes: Option<Vec<Value>>,
    #[serde(rename = "nodeSelector")]
    node_selector: Option<BTreeMap<String, String>>,
    #[serde(rename = "terminationGracePeriodSeconds")]
    grace: Option<f64>,
    #[serde(rename = "nodeName")]
    node: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ContainerPart {
    name: String,
    image: Option<String>,
    resources: Option<ResourcesPart>,
    #[serde(rename = "envFrom")]
    env_from: Option<Vec<Value>>,
    env: Option<Vec<Value>>,
    #[serde(rename = "restartPolicy")]
    restart_policy: Option<String>,
    /// Numbers in recordings, objects in the API.
    ports: Option<Vec<Value>>,
    #[serde(rename = "livenessProbe")]
    liveness: Option<ProbePart>,
    #[serde(rename = "readinessProbe")]
    readiness: Option<ProbePart>,
    #[serde(rename = "startupProbe")]
    startup: Option<ProbePart>,
}

/// Limits and requests as the API writes them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ResourcesPart {
    limits: Option<BTreeMap<String, Value>>,
    requests: Option<BTreeMap<String, Value>>,
}

/// Defaults are those of the Kubernetes API.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProbePart {
    period_seconds: Option<f64>,
    timeout_seconds: Option<f64>,
    failure_threshold: Option<u32>,
    initial_delay_seconds: Option<f64>,
}

/// A spec, understood.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spec {
    pub(crate) containers: Vec<ContainerSpec>,
    /// Names of the init containers among them.
    pub(crate) init: BTreeSet<String>,
    pub(crate) volumes: Vec<VolumeSpec>,
    pub(crate) references: Vec<Reference>,
    pub(crate) node_selector: BTreeMap<String, String>,
    pub(crate) grace: Option<PlatformDuration>,
}

// === impl SpecPart ===

impl SpecPart {
    /// The node that the pod is bound to; recordings have it elsewhere.
    pub(crate) fn node(&self) -> Option<&str> {
        self.node.as_deref()
    }

    /// The TCP ports that containers declare, each once, in their order.
    pub(crate) fn tcp_ports(&self) -> Vec<u16> {
        let mut found = Vec::new();
        let parts = self.containers.iter().flatten();
        for port in parts.flat_map(|part| part.ports.iter().flatten()) {
            let number = port.get("containerPort").and_then(Value::as_u64);
            let number = number.and_then(|number| u16::try_from(number).ok());
            let is_tcp = port.get("protocol").and_then(Value::as_str).is_none_or(|p| p == "TCP");
            if let Some(number) = number.filter(|number| is_tcp && !found.contains(number)) {
                found.push(number);
            }
        }
        found
    }

    pub(crate) fn spec(self) -> Result<Spec, String> {
        let init_parts = self.init_containers.unwrap_or_default();
        let init = init_parts.iter().map(|part| part.name.clone()).collect();
        let mut references = BTreeSet::new();
        let mut containers = Vec::new();
        for part in init_parts {
            part.references(&mut references);
            // What an init container requests is free again when the others start, so it must not
            // be added to theirs; a sidecar among them stays.
            if part.restart_policy.as_deref() == Some("Always") {
                containers.push(part.container()?);
            }
        }
        for part in self.containers.unwrap_or_default() {
            part.references(&mut references);
            containers.push(part.container()?);
        }
        let mut volumes = Vec::new();
        for volume in self.volumes.unwrap_or_default() {
            volumes.push(volume_spec(&volume, &mut references)?);
        }
        Ok(Spec {
            containers,
            init,
            volumes,
            references: references.into_iter().collect(),
            node_selector: self.node_selector.unwrap_or_default(),
            grace: self.grace.map(PlatformDuration::from_seconds_f64),
        })
    }
}

// === impl ContainerPart ===

impl ContainerPart {
    fn container(self) -> Result<ContainerSpec, String> {
        Ok(ContainerSpec {
            name: self.name,
            image: self.image,
            resources: self.resources.unwrap_or_default().resources()?,
            liveness: self.liveness.map(ProbePart::probe),
            readiness: self.readiness.map(ProbePart::probe),
            startup: self.startup.map(ProbePart::probe),
        })
    }

    fn references(&self, into: &mut BTreeSet<Reference>) {
        for source in self.env_from.iter().flatten() {
            add_reference(source.get("configMapRef"), ReferenceKind::ConfigMap, into);
            add_reference(source.get("secretRef"), ReferenceKind::Secret, into);
        }
        for from in self.env.iter().flatten().filter_map(|variable| variable.get("valueFrom")) {
            add_reference(from.get("configMapKeyRef"), ReferenceKind::ConfigMap, into);
            add_reference(from.get("secretKeyRef"), ReferenceKind::Secret, into);
        }
    }
}

// === impl ResourcesPart ===

impl ResourcesPart {
    pub(crate) fn resources(self) -> Result<Resources, String> {
        let limit = |name| amount_in(self.limits.as_ref(), name);
        let request = |name| amount_in(self.requests.as_ref(), name);
        Ok(Resources {
            cpu_limit: limit("cpu")?,
            cpu_request: request("cpu")?,
            memory_limit: limit("memory")?,
            memory_request: request("memory")?,
            ephemeral_storage_limit: limit("ephemeral-storage")?,
        })
    }
}

// === impl ProbePart ===

impl ProbePart {
    fn probe(self) -> Probe {
        let seconds = |value: Option<f64>, default| {
            PlatformDuration::from_seconds_f64(value.unwrap_or(default))
        };
        Probe {
            period: seconds(self.period_seconds, 10.0),
            timeout: seconds(self.timeout_seconds, 1.0),
            failure_threshold: self.failure_threshold.unwrap_or(3),
            initial_delay: seconds(self.initial_delay_seconds, 0.0),
        }
    }
}

/// An amount of a map such as `limits`, if it is there.
pub(crate) fn amount_in(
    map: Option<&BTreeMap<String, Value>>,
    name: &str,
) -> Result<Option<f64>, String> {
    map.and_then(|map| map.get(name)).map_or(Ok(None), amount)
}

fn amount(value: &Value) -> Result<Option<f64>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => parse_amount(text).map(Some).map_err(|error| error.to_string()),
        Value::Number(number) => Ok(number.as_f64()),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            Err(format!("`{value}` is not a Kubernetes amount"))
        }
    }
}

fn add_reference(source: Option<&Value>, kind: ReferenceKind, into: &mut BTreeSet<Reference>) {
    let Some(source) = source else { return };
    if let Some(name) = text_of(source, &["name", "secretName", "claimName"]) {
        let optional = source.get("optional").and_then(Value::as_bool).unwrap_or(false);
        into.insert(Reference { kind, name, optional });
    }
}

fn text_of(value: &Value, keys: &[&str]) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(map) => {
            keys.iter().find_map(|key| map.get(*key).and_then(Value::as_str)).map(str::to_owned)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

/// A volume, in the recorder's short form (`type`, `sizeLimit`, `claim`) or the API's.
fn volume_spec(volume: &Value, references: &mut BTreeSet<Reference>) -> Result<VolumeSpec, String> {
    let name = volume.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let kind = volume.get("type").and_then(Value::as_str).unwrap_or_default();
    let part = |key: &str| volume.get(key).filter(|part| !part.is_null());
    let short = |keys: &[&str]| text_of(volume, keys);
    let claim = part("persistentVolumeClaim")
        .and_then(|claim| text_of(claim, &["claimName", "name"]))
        .or_else(|| short(&["claim", "claimName"]));
    let source = if let Some(claim) = claim {
        let kind = ReferenceKind::Claim;
        references.insert(Reference { kind, name: claim.clone(), optional: false });
        VolumeSource::Claim { name: claim }
    } else if kind == "emptyDir" || part("emptyDir").is_some() {
        let limit = part("sizeLimit").or_else(|| part("emptyDir")?.get("sizeLimit"));
        VolumeSource::EmptyDir { size_limit: limit.map_or(Ok(None), amount)? }
    } else {
        let optional = volume.get("optional").and_then(Value::as_bool).unwrap_or(false);
        let config_map = (kind == "configMap").then(|| short(&["configMapName", "source", "ref"]));
        let secret = (kind == "secret").then(|| short(&["secretName", "source", "ref"]));
        for (kind, name) in
            [(ReferenceKind::ConfigMap, config_map), (ReferenceKind::Secret, secret)]
        {
            if let Some(name) = name.flatten() {
                references.insert(Reference { kind, name, optional });
            }
        }
        add_reference(part("configMap"), ReferenceKind::ConfigMap, references);
        add_reference(part("secret"), ReferenceKind::Secret, references);
        VolumeSource::Other
    };
    Ok(VolumeSpec { name, source })
}
