//! Where in a cluster a metrics server may be, by how its Services are usually labelled.
//!
//! Nothing is asked here: the caller lists the Services and tries the addresses in order.

use std::collections::BTreeMap;

/// A Service as far as it matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceFacts {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Names (or nothing) and numbers of its ports.
    pub ports: Vec<(Option<String>, u16)>,
}

/// An address to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Base address inside the cluster.
    pub url: String,
    /// What it seems to be.
    pub product: &'static str,
}

/// A product, the names its Services go by, its usual ports and the path before `/api/v1`.
struct Product {
    product: &'static str,
    /// Values of `app.kubernetes.io/name`, `app` or `k8s-app`; also ends of the Service's name.
    names: &'static [&'static str],
    ports: &'static [u16],
    path: &'static str,
}

/// Those that see most come first: a front of several servers before a single one.
/// Names and ports are those of the Helm charts and operators of each project.
const PRODUCTS: &[Product] = &[
    Product {
        product: "Thanos",
        names: &["thanos-query-frontend", "thanos-query", "thanos-querier"],
        ports: &[9090, 10_902, 9091],
        path: "",
    },
    Product {
        product: "Mimir",
        names: &["mimir-gateway", "mimir-nginx", "mimir-query-frontend"],
        ports: &[80, 8080],
        path: "/prometheus",
    },
    Product {
        product: "VictoriaMetrics cluster",
        names: &["vmselect", "victoria-metrics-cluster-vmselect"],
        ports: &[8481],
        path: "/select/0/prometheus",
    },
    Product {
        product: "VictoriaMetrics",
        names: &["vmsingle", "victoria-metrics-single", "victoria-metrics-single-server"],
        ports: &[8428, 8429],
        path: "",
    },
    Product {
        product: "Prometheus",
        names: &[
            "prometheus",
            "prometheus-server",
            "prometheus-k8s",
            "kube-prometheus-stack-prometheus",
            "prometheus-operated",
        ],
        ports: &[9090, 80],
        path: "",
    },
];

/// Addresses to try, the most promising first; in order of namespace and name where equal.
#[must_use]
pub fn candidates(services: &[ServiceFacts]) -> Vec<Candidate> {
    let mut found: Vec<(usize, usize, &ServiceFacts, u16)> = Vec::new();
    for service in services {
        let best = PRODUCTS.iter().enumerate().find_map(|(rank, product)| {
            let name = product.names.iter().position(|name| goes_by(service, name))?;
            Some((rank, name, service, port(service, product.ports)?))
        });
        found.extend(best);
    }
    found.sort_by_key(|(rank, name, service, _)| (*rank, *name, &service.namespace, &service.name));
    let candidate = |(rank, _, service, port): (usize, usize, &ServiceFacts, u16)| {
        let Product { product, path, .. } = &PRODUCTS[rank];
        let url = format!("http://{}.{}.svc:{port}{path}", service.name, service.namespace);
        Candidate { url, product }
    };
    found.into_iter().map(candidate).collect()
}

fn goes_by(service: &ServiceFacts, name: &str) -> bool {
    let labels = ["app.kubernetes.io/name", "app", "k8s-app"];
    let labelled =
        labels.iter().any(|label| service.labels.get(*label).is_some_and(|value| value == name));
    let end = service.name.strip_suffix(name);
    // Charts put the release's name in front.
    let named = end.is_some_and(|rest| rest.is_empty() || rest.ends_with('-'));
    // One label often stands on every part of a product: its exporters and stores are no servers.
    let part = service.labels.get("app.kubernetes.io/component").map(String::as_str);
    let other =
        ["alertmanager", "node-exporter", "pushgateway", "metrics", "store", "compactor", "ruler"];
    named || (labelled && !part.is_some_and(|part| other.iter().any(|word| part.contains(word))))
}

/// The usual port, else one that is called as a web server's is.
fn port(service: &ServiceFacts, usual: &[u16]) -> Option<u16> {
    let numbers = || service.ports.iter().map(|(_, number)| *number);
    let named = |(name, number): &(Option<String>, u16)| {
        let name = name.as_deref()?;
        ["http-web", "web", "http"].contains(&name).then_some(*number)
    };
    usual
        .iter()
        .copied()
        .find(|usual| numbers().any(|number| number == *usual))
        .or_else(|| service.ports.iter().find_map(named))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str, labels: &[(&str, &str)], ports: &[(&str, u16)]) -> ServiceFacts {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        ServiceFacts {
            namespace: "monitoring".to_owned(),
            name: name.to_owned(),
            labels: labels.iter().map(owned).collect(),
            ports: ports.iter().map(|(name, port)| (Some((*name).to_owned()), *port)).collect(),
        }
    }

    #[test]
    fn a_front_of_several_servers_comes_before_a_single_one() {
        let services = [
            service("web", &[("app", "shop")], &[("http", 80)]),
            service(
                "prometheus-server",
                &[("app.kubernetes.io/name", "prometheus")],
                &[("http", 80)],
            ),
            service(
                "x",
                &[
                    ("app.kubernetes.io/name", "prometheus"),
                    ("app.kubernetes.io/component", "node-exporter"),
                ],
                &[("http", 9100)],
            ),
            service("obs-mimir-gateway", &[], &[("http-metrics", 80)]),
            service("kps-thanos-query", &[], &[("grpc", 10901), ("http", 9090)]),
            service("vm-vmselect", &[], &[("http", 8481)]),
        ];
        let urls: Vec<String> = candidates(&services).into_iter().map(|found| found.url).collect();
        assert_eq!(
            urls,
            [
                "http://kps-thanos-query.monitoring.svc:9090",
                "http://obs-mimir-gateway.monitoring.svc:80/prometheus",
                "http://vm-vmselect.monitoring.svc:8481/select/0/prometheus",
                "http://prometheus-server.monitoring.svc:80",
            ]
        );
    }

    #[test]
    fn a_service_without_a_port_of_a_web_server_is_none() {
        assert_eq!(candidates(&[service("prometheus", &[], &[("grpc", 10_901)])]), []);
    }
}
