//! Whether kubelets answer at their own port, which `doctor` wants to know.

use std::net::IpAddr;
use std::time::Duration;

use serde::Deserialize;

use super::cluster::Cluster;
use super::error::KubernetesError;
use super::node_http::NodeHttp;
use super::settings::KubeletTrust;

/// Port of a kubelet that a node does not state.
const USUAL_PORT: u16 = 10_250;
/// Longest wait for one kubelet.
const WITHIN: Duration = Duration::from_secs(5);

/// What one kubelet answered.
#[derive(Debug)]
pub struct KubeletAnswers {
    /// Its node.
    pub node: String,
    /// Whether `/metrics/cadvisor` was answered.
    pub metrics: Result<(), KubernetesError>,
    /// Whether `/stats/summary` was.
    pub summary: Result<(), KubernetesError>,
}

#[derive(Debug, Deserialize)]
struct Nodes {
    #[serde(default)]
    items: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    metadata: Metadata,
    #[serde(default)]
    status: Status,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    addresses: Vec<Address>,
    daemon_endpoints: Endpoints,
}

#[derive(Debug, Deserialize)]
struct Address {
    #[serde(rename = "type")]
    kind: String,
    address: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Endpoints {
    kubelet_endpoint: Endpoint,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Endpoint {
    port: u16,
}

// === impl Cluster ===

impl Cluster {
    /// Asks the kubelets of the first nodes, at most so many, for the beginning of their metrics.
    ///
    /// # Errors
    /// Nodes may not be listed, or the credentials cannot be used at kubelets.
    pub async fn kubelets(&self, most: usize) -> Result<Vec<KubeletAnswers>, KubernetesError> {
        let nodes: Nodes = self.get(&format!("/api/v1/nodes?limit={most}")).await?;
        // Whether it may be read is the question, not whose certificate a kubelet shows.
        let http = self.node_http(&KubeletTrust::Anyone, WITHIN)?;
        let mut answers = Vec::new();
        for node in nodes.items.into_iter().take(most) {
            let Some(address) = node.address() else { continue };
            let port = match node.status.daemon_endpoints.kubelet_endpoint.port {
                0 => USUAL_PORT,
                port => port,
            };
            let base = match address {
                IpAddr::V4(address) => format!("https://{address}:{port}"),
                IpAddr::V6(address) => format!("https://[{address}]:{port}"),
            };
            answers.push(KubeletAnswers {
                metrics: answered(&http, &format!("{base}/metrics/cadvisor")).await,
                summary: answered(&http, &format!("{base}/stats/summary")).await,
                node: node.metadata.name,
            });
        }
        Ok(answers)
    }
}

// === impl Node ===

impl Node {
    fn address(&self) -> Option<IpAddr> {
        let of_kind = |kind: &str| {
            let parts = self.status.addresses.iter().filter(|part| part.kind == kind);
            parts.filter_map(|part| part.address.parse().ok()).next()
        };
        of_kind("InternalIP").or_else(|| of_kind("ExternalIP"))
    }
}

/// Whether an answer begins.
async fn answered(http: &NodeHttp, url: &str) -> Result<(), KubernetesError> {
    let mut answer = http.get(url, "*/*").await?;
    answer.chunk().await.map(|_| ())
}
