//! The Services of a cluster at one moment, for finding metrics servers before anything is watched.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::cluster::Cluster;
use super::error::KubernetesError;
use super::settings::Namespaces;
use crate::prometheus::ServiceFacts;

/// Services of one page.
const PAGE: usize = 250;
/// Pages that are read of one scope.
const PAGES: usize = 40;

#[derive(Deserialize)]
struct List {
    metadata: ListMeta,
    #[serde(default)]
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct ListMeta {
    #[serde(rename = "continue")]
    next: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    metadata: Meta,
    #[serde(default)]
    spec: Spec,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
struct Spec {
    #[serde(default)]
    ports: Vec<Port>,
}

#[derive(Deserialize)]
struct Port {
    name: Option<String>,
    port: u16,
}

// === impl Cluster ===

impl Cluster {
    /// The Services of the namespaces that are read.
    ///
    /// # Errors
    /// Why there was no answer; the account may not be allowed to list Services.
    pub async fn services(&self) -> Result<Vec<ServiceFacts>, KubernetesError> {
        let paths = match &self.settings().namespaces {
            Namespaces::All => vec!["/api/v1/services".to_owned()],
            Namespaces::Only(names) => {
                names.iter().map(|name| format!("/api/v1/namespaces/{name}/services")).collect()
            }
        };
        let mut found = Vec::new();
        for path in paths {
            let mut next: Option<String> = None;
            for _ in 0..PAGES {
                let from = next.map_or_else(String::new, |token| format!("&continue={token}"));
                let page: List = self.get(&format!("{path}?limit={PAGE}{from}")).await?;
                found.extend(page.items.into_iter().map(facts));
                next = page.metadata.next.filter(|token| !token.is_empty());
                if next.is_none() {
                    break;
                }
            }
        }
        Ok(found)
    }
}

fn facts(item: Item) -> ServiceFacts {
    let Item { metadata, spec } = item;
    ServiceFacts {
        namespace: metadata.namespace,
        name: metadata.name,
        labels: metadata.labels,
        ports: spec.ports.into_iter().map(|port| (port.name, port.port)).collect(),
    }
}
