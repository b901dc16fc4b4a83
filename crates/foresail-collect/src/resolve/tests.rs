use super::*;

fn labels(json: &str) -> Labels {
    Labels::new(["job", "ns", "pod-1", "app"], json).unwrap()
}

fn quantities(metric: &str, labels: &Labels) -> Vec<(Quantity, f64)> {
    match Resolver::new(BTreeMap::new()).role(metric, labels) {
        Role::Samples(destinations) => {
            destinations.into_iter().map(|one| (one.source.quantity, one.source.factor)).collect()
        }
        Role::Inventory(_) | Role::Unread => Vec::new(),
    }
}

#[test]
fn the_sandbox_is_not_a_container() {
    for container in ["", "POD"] {
        let sandbox = Labels::new(["job", "ns", "pod-1", container], r#"{"id":"/a"}"#).unwrap();
        assert!(quantities("container_memory_rss", &sandbox).is_empty());
    }
}

#[test]
fn a_failed_probe_counts_for_its_kind_only() {
    let failed = labels(r#"{"probe_type":"Startup","result":"failed"}"#);
    assert_eq!(quantities("prober_probe_total", &failed), [(Quantity::LivenessFailures, 1.0)]);
    let good = labels(r#"{"probe_type":"Readiness","result":"successful"}"#);
    assert_eq!(quantities("prober_probe_total", &good), [(Quantity::ReadinessFailures, 0.0)]);
}

#[test]
fn renamed_labels_win_over_the_target_s_own() {
    let labels =
        labels(r#"{"exported_namespace":"other","exported_pod":"p","exported_container":"c"}"#);
    assert_eq!((labels.namespace.as_str(), labels.pod.as_str()), ("other", "p"));
    assert_eq!(labels.container, "c");
}

#[test]
fn only_the_kubelet_s_or_the_root_filesystem_counts() {
    let root = labels(r#"{"device":"/dev/sda1","fstype":"ext4","mountpoint":"/","node":"n"}"#);
    assert_eq!(
        quantities("node_filesystem_avail_bytes", &root),
        [(Quantity::NodeDiskAvailable, 1.0)]
    );
    let memory = labels(r#"{"device":"tmpfs","fstype":"tmpfs","mountpoint":"/","node":"n"}"#);
    assert!(quantities("node_filesystem_avail_bytes", &memory).is_empty());
}

#[test]
fn an_outright_failure_of_a_call_has_no_number() {
    for (code, share) in [("error", 1.0), ("503", 1.0), ("200", 0.0), ("404", 0.0), ("OK", 0.0)] {
        let labels = labels(&format!(r#"{{"code":"{code}"}}"#));
        let found = quantities("upstream_requests_total", &labels);
        assert!(found.contains(&(Quantity::UpstreamErrors, share)), "{code}");
    }
}
