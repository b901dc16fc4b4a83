//! Objects that a client hands over instead of a cluster: JSON as the API answers it.

use foresail_core::{Object, WorkloadKind};

use super::convert::{self, Facet, Form, Item};

/// What an object of the API becomes; several things of a quota, none of a kind that is not read.
///
/// # Errors
/// What of it cannot be read, in words.
pub fn objects_of(json: &serde_json::Value) -> Result<Vec<Object>, String> {
    let kind = json.get("kind").and_then(serde_json::Value::as_str);
    let kind = kind.ok_or_else(|| "field `kind` is missing".to_owned())?;
    let bytes = json.to_string().into_bytes();
    let read: fn(&[u8], Form) -> Result<Item, String> = match kind {
        "Pod" => convert::pod,
        "Node" => convert::node,
        "PersistentVolumeClaim" => convert::claim,
        "ResourceQuota" => convert::quota,
        "PodDisruptionBudget" => convert::budget,
        "ConfigMap" => convert::config_map,
        other => {
            let kind = WorkloadKind::from_name(other);
            if kind == WorkloadKind::Other {
                return Ok(Vec::new());
            }
            return convert::workload(&bytes, Form::Bare, kind).map(objects);
        }
    };
    read(&bytes, Form::Bare).map(objects)
}

fn objects(item: Item) -> Vec<Object> {
    let object = |facet| match facet {
        Facet::Object(object) => Some(object),
        Facet::Scrape(_)
        | Facet::Node(_)
        | Facet::Service(..)
        | Facet::Slice(_)
        | Facet::Event(_)
        | Facet::Metadata(_) => None,
    };
    item.facets.into_iter().filter_map(object).collect()
}
