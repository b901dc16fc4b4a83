//! Labels of one series, and the questions that the rules ask of them.

use super::rules::{Guard, Share};

/// Labels that carry a response code, in the order in which they are asked.
const CODE_LABELS: [&str; 9] = [
    "code",
    "status",
    "status_code",
    "response_code",
    "http_status_code",
    "http_response_status_code",
    "grpc_code",
    "grpc_status",
    "outcome",
];

/// gRPC codes for which the server is to blame.
const GRPC_SERVER_ERRORS: [&str; 7] = [
    "Unknown",
    "DeadlineExceeded",
    "ResourceExhausted",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
];

/// Mount points that the kubelet's data can lie on, the most specific first.
const MOUNT_POINTS: [&str; 5] =
    ["/var/lib/kubelet", "/var/lib/containerd", "/var/lib", "/var", "/"];

/// The labels of one series: the columns of the format and the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Labels {
    pub(crate) job: String,
    pub(crate) namespace: String,
    pub(crate) pod: String,
    pub(crate) container: String,
    pub(crate) rest: Vec<(String, String)>,
}

// === impl Labels ===

impl Labels {
    /// Builds labels from the columns and the JSON of the rest.
    ///
    /// Labels that the scraper had to rename (`exported_…`) or that old clusters call otherwise
    /// (`pod_name`) win over the scrape target's own.
    pub(crate) fn new(columns: [&str; 4], json: &str) -> Result<Self, serde_json::Error> {
        let map: std::collections::BTreeMap<String, String> =
            if json.is_empty() { Default::default() } else { serde_json::from_str(json)? };
        Ok(Self::from_parts(columns.map(str::to_owned), map))
    }

    /// Builds labels from the columns and the rest, with the same precedence.
    pub(crate) fn from_parts(
        [job, namespace, pod, container]: [String; 4],
        rest: std::collections::BTreeMap<String, String>,
    ) -> Self {
        let mut labels = Self { job, namespace, pod, container, rest: rest.into_iter().collect() };
        let renamed = |labels: &Self, names: [&str; 2]| {
            names.iter().find_map(|name| labels.get(name).map(str::to_owned))
        };
        if let Some(namespace) = renamed(&labels, ["exported_namespace", "pod_namespace"]) {
            labels.namespace = namespace;
        }
        if let Some(pod) = renamed(&labels, ["exported_pod", "pod_name"]) {
            labels.pod = pod;
            labels.container.clear();
        }
        if let Some(container) = renamed(&labels, ["exported_container", "container_name"]) {
            labels.container = container;
        }
        labels
    }

    /// A label of the rest; empty counts as absent, as in Prometheus.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.rest
            .binary_search_by(|(key, _)| key.as_str().cmp(name))
            .ok()
            .map(|at| self.rest[at].1.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Name of the node, by its label or by the host of the scrape target.
    pub(crate) fn node(&self) -> Option<&str> {
        ["node", "exported_node", "kubernetes_node", "nodename"]
            .iter()
            .find_map(|name| self.get(name))
            .or_else(|| self.get("instance").map(|host| host.split(':').next().unwrap_or(host)))
    }

    /// What was scraped, as far as the labels tell.
    pub(crate) fn target(&self) -> (&str, &str) {
        (&self.job, self.get("instance").unwrap_or(""))
    }

    fn code(&self) -> Option<&str> {
        CODE_LABELS.iter().find_map(|name| self.get(name))
    }

    /// Whether a series with these labels counts, and how good a source it is within the rule.
    pub(crate) fn passes(&self, guard: Guard) -> Option<u16> {
        let passes = match guard {
            Guard::Any => true,
            Guard::Is(label, value) => self.get(label) == Some(value),
            Guard::Both(pairs) => pairs.iter().all(|(label, value)| self.get(label) == Some(value)),
            Guard::HasId => self.get("id").is_some(),
            Guard::HasCode => self.code().is_some(),
            Guard::Physical => !self.get("device").is_none_or(is_virtual_device),
            Guard::Filesystem => return self.filesystem_rank(),
        };
        passes.then_some(0)
    }

    fn filesystem_rank(&self) -> Option<u16> {
        let kind = self.get("fstype").unwrap_or("");
        if matches!(kind, "tmpfs" | "ramfs" | "overlay" | "squashfs" | "iso9660" | "nsfs") {
            return None;
        }
        let mount = self.get("mountpoint")?;
        let mount = mount
            .strip_prefix("/host/root")
            .or_else(|| mount.strip_prefix("/rootfs"))
            .unwrap_or(mount);
        let mount = if mount.is_empty() { "/" } else { mount };
        MOUNT_POINTS.iter().position(|known| *known == mount).map(|at| at as u16)
    }

    /// How much of the series' value counts: all, or nothing of a series that did not go wrong.
    pub(crate) fn share(&self, share: Share) -> Option<f64> {
        let counts = match share {
            Share::Whole => true,
            Share::ServerErrors => is_server_error(self.code()?),
            Share::ClientFailures => is_client_failure(self.code()?),
            Share::ErrorLevels => {
                let level = self.get("level").or_else(|| self.get("severity"))?;
                is_error_level(level)
            }
            Share::FailedLiveness => self.failed_probe(&["liveness", "startup"])?,
            Share::FailedReadiness => self.failed_probe(&["readiness"])?,
        };
        Some(f64::from(u8::from(counts)))
    }

    fn failed_probe(&self, kinds: &[&str]) -> Option<bool> {
        let kind = self.get("probe_type")?.to_ascii_lowercase();
        let result = self.get("result")?;
        kinds.contains(&kind.as_str()).then_some(result == "failed")
    }
}

fn is_virtual_device(device: &str) -> bool {
    const PREFIXES: [&str; 18] = [
        "lo", "veth", "docker", "br-", "cni", "flannel", "cali", "tunl", "vxlan", "virbr", "ifb",
        "dummy", "kube-", "lxc", "cilium", "zram", "ram", "dm-",
    ];
    device == "lo" || PREFIXES.iter().any(|prefix| device.starts_with(prefix))
}

fn is_server_error(code: &str) -> bool {
    let class = code.len() == 3 && code.starts_with('5');
    class || code == "SERVER_ERROR" || GRPC_SERVER_ERRORS.contains(&code)
}

fn is_client_failure(code: &str) -> bool {
    match code.parse::<u16>() {
        Ok(number) => number == 0 || number >= 500,
        Err(_) => {
            let good = [
                "ok",
                "success",
                "1xx",
                "2xx",
                "3xx",
                "4xx",
                "informational",
                "redirection",
                "client_error",
            ];
            !good.iter().any(|word| code.eq_ignore_ascii_case(word))
        }
    }
}

fn is_error_level(level: &str) -> bool {
    ["error", "err", "fatal", "critical", "panic", "alert", "emerg", "dpanic"]
        .iter()
        .any(|bad| level.eq_ignore_ascii_case(bad))
}
