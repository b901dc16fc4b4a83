//! Whom a caller's own request metrics say that it calls.
//!
//! In: the labels of a client-side series. Out: the [`ServiceName`] that stands in them, from a bare
//! name, a cluster DNS name, a URL or `host:port`. Addresses and names outside the cluster are nobody.

use std::net::IpAddr;

use foresail_core::ServiceName;

use super::Labels;

/// Labels that name the other side, with the label of its namespace; the most exact first. Istio,
/// OpenTelemetry (old and new names), Micrometer, gRPC, Envoy, and what applications write themselves.
const PEERS: [(&str, &str); 20] = [
    ("destination_service_name", "destination_service_namespace"),
    ("destination_service", "destination_service_namespace"),
    ("destination_workload", "destination_workload_namespace"),
    ("upstream_service", "upstream_namespace"),
    ("upstream", "upstream_namespace"),
    ("upstream_host", "upstream_namespace"),
    ("peer_service", "peer_namespace"),
    ("remote_service", "remote_namespace"),
    ("server_address", ""),
    ("net_peer_name", ""),
    ("http_host", ""),
    ("client_name", ""),
    ("clientName", ""),
    ("grpc_target", ""),
    ("target", "target_namespace"),
    ("dst", "dst_namespace"),
    ("dst_service", "dst_namespace"),
    ("callee", "callee_namespace"),
    ("server", "server_namespace"),
    ("host", ""),
];

/// Longest DNS name.
const LONGEST: usize = 253;

/// The service that a client-side series is about.
pub(crate) fn peer(labels: &Labels) -> Option<ServiceName> {
    PEERS.iter().find_map(|(name, namespace)| {
        let service = parse(labels.get(name)?)?;
        let stated = labels.get(namespace).map(str::to_owned);
        Some(ServiceName { namespace: service.namespace.or(stated), ..service })
    })
}

/// The service that a text names: `cart`, `cart.shop`, `cart.shop.svc.cluster.local`,
/// `cart-0.cart.shop.svc`, with or without scheme, user, port and path.
fn parse(text: &str) -> Option<ServiceName> {
    let host = text.rsplit_once("//").map_or(text, |(_, rest)| rest);
    let host = host.split(['/', '?', '#']).next()?;
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let is_address = |host: &str| host.parse::<IpAddr>().is_ok();
    if is_address(host) {
        return None;
    }
    let host = host.split(':').next()?.trim_end_matches('.');
    if host.is_empty() || host.len() > LONGEST || host == "localhost" || is_address(host) {
        return None;
    }
    let parts: Vec<&str> = host.split('.').collect();
    if !parts.iter().all(|part| is_label(part)) {
        return None;
    }
    let named = |name: &str, namespace: Option<&str>| {
        Some(ServiceName { namespace: namespace.map(str::to_owned), name: name.to_owned() })
    };
    match parts.as_slice() {
        [name] => named(name, None),
        [name, namespace] | [name, namespace, "svc", ..] => named(name, Some(*namespace)),
        [_, name, namespace, "svc", ..] => named(name, Some(*namespace)),
        _ => None,
    }
}

/// Whether a part of a name is one of a Kubernetes object.
fn is_label(part: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !part.is_empty() && part.chars().all(allowed) && !part.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Option<String> {
        parse(text).map(|service| match service.namespace {
            Some(namespace) => format!("{}/{namespace}", service.name),
            None => service.name,
        })
    }

    #[test]
    fn names_urls_and_dns_names_are_read() {
        for (text, service) in [
            ("cart", "cart"),
            ("cart:8080", "cart"),
            ("cart.shop", "cart/shop"),
            ("cart.shop.svc", "cart/shop"),
            ("cart.shop.svc.cluster.local.", "cart/shop"),
            ("cart-0.cart.shop.svc.cluster.local", "cart/shop"),
            ("http://user:word@cart.shop.svc:80/buy?id=1", "cart/shop"),
            ("dns:///cart.shop:9090", "cart/shop"),
        ] {
            assert_eq!(named(text).as_deref(), Some(service), "{text}");
        }
    }

    #[test]
    fn addresses_and_hosts_outside_are_nobody() {
        for text in [
            "",
            "10.0.0.7",
            "10.0.0.7:80",
            "[::1]:80",
            "::1",
            "localhost:80",
            "api.pay.example.com",
            "unknown host",
            "Cart!",
            "-cart",
            "/path",
        ] {
            assert_eq!(named(text), None, "{text}");
        }
    }

    #[test]
    fn the_namespace_comes_from_the_name_or_its_own_label() {
        let labels = |json: &str| Labels::new(["", "shop", "web-1", ""], json).unwrap();
        let istio = r#"{"destination_service":"cart.pay.svc.cluster.local",
            "destination_service_namespace":"other"}"#;
        assert_eq!(peer(&labels(istio)).unwrap().namespace.as_deref(), Some("pay"));
        let bare = r#"{"peer_service":"cart","peer_namespace":"pay"}"#;
        assert_eq!(peer(&labels(bare)).unwrap().namespace.as_deref(), Some("pay"));
        assert_eq!(peer(&labels(r#"{"upstream":"cart"}"#)).unwrap().namespace, None);
        assert_eq!(peer(&labels(r#"{"route":"get"}"#)), None);
    }
}
