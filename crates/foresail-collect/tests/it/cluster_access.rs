//! Reaching a cluster: what can be wrong with it, what is allowed, and the kubelets beside it.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use foresail_collect::kubernetes::{
    Allowed, KubeletTrust, KubernetesError, Need, PERMISSIONS, ReaderSettings, Timeouts, connect,
    open,
};
use serde_json::{Value, json};

use crate::cluster_mock::{Mock, kubeconfig, refusal};
use crate::server::{Reply, Server};

fn settings(kubeconfig: PathBuf) -> ReaderSettings {
    let timeouts = Timeouts {
        connect: Duration::from_millis(500),
        answer: Duration::from_secs(2),
        ..Timeouts::default()
    };
    ReaderSettings { kubeconfig: Some(kubeconfig), timeouts, ..ReaderSettings::default() }
}

#[tokio::test]
async fn a_cluster_says_its_version_name_and_id() {
    let mock = Mock::with(|request, _| {
        let is_namespace = request.target == "/api/v1/namespaces/kube-system";
        is_namespace.then(|| Reply::json(r#"{"metadata":{"name":"kube-system","uid":"abc"}}"#))
    });
    let cluster = connect(&settings(mock.kubeconfig("token: secret"))).await.unwrap();
    assert_eq!(cluster.name(), "test");
    assert_eq!(cluster.host(), mock.url);
    assert_eq!(cluster.version().await.unwrap(), "v1.34.1");
    assert_eq!(cluster.uid().await.unwrap().as_deref(), Some("abc"));
    assert!(mock.requests("/version")[0].head.contains("authorization: bearer secret"));
}

#[tokio::test]
async fn a_wrong_kubeconfig_is_named_with_the_reason_and_without_its_token() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
        path
    };
    let missing = folder.path().join("missing");
    let bad_authority = "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{name: a, context: {cluster: a, user: a}}]\nclusters: [{name: a, cluster: {server: \"https://127.0.0.1:1\", certificate-authority-data: \"!!\"}}]\nusers: []\n";
    let no_context = "apiVersion: v1\nkind: Config\ncontexts: [{name: a, context: {cluster: a, user: a}}]\nclusters: []\nusers: []\n";
    for (path, said) in [
        (missing, "No such file"),
        (file("text", "hunter2: [hunter2"), "it is no kubeconfig"),
        (file("token", "users: [{name: a, user: {token: [hunter2]}}]"), "it is no kubeconfig"),
        (file("authority", bad_authority), "base64"),
        (file("context", no_context), "names no current context, and none was chosen; it has `a`"),
    ] {
        let error = connect(&settings(path.clone())).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(said) && text.contains(path.to_str().unwrap()), "{text}");
        assert!(!text.contains("hunter2") && !error.is_environment(), "{text}");
    }
    let mock = Mock::start();
    let other = ReaderSettings {
        context: Some("prod".to_owned()),
        ..settings(mock.kubeconfig("token: hunter2"))
    };
    let error = connect(&other).await.unwrap_err();
    assert!(error.to_string().ends_with("has no context `prod`; it has `test`"), "{error}");
    assert!(!error.is_environment());
}

#[tokio::test]
async fn a_cluster_out_of_reach_is_named_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let of = |url: &str| settings(kubeconfig(folder.path().join("c"), url, "token: hunter2"));
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let page = Server::always(Reply::new("200 OK", "text/html", "<html>log in</html>"));
    let half = Server::always(Reply::json(r#"{"gitVersion":"#));
    let silent = Server::always(Reply::json("{}").after(Duration::from_secs(3_600)));
    let unknown = Server::always(refusal("401 Unauthorized", "Unauthorized"));
    let forbidden = Server::always(refusal("403 Forbidden", "Forbidden"));
    let moved = Server::always(Reply::new("302 Found", "text/plain", ""));
    // It speaks no TLS.
    let plain = unknown.url.replace("http:", "https:");
    for (url, said) in [
        (format!("http://{closed}"), "Connection refused"),
        ("http://no-such-host.invalid".to_owned(), "failed to reach"),
        (plain, "failed to reach"),
        (page.url, "answered with `text/html` instead of JSON"),
        (half.url, "ended in the middle"),
        (silent.url, "did not answer within 2 s"),
        (unknown.url, "does not know us (status 401)"),
        (forbidden.url, "is forbidden (status 403)"),
        (moved.url, "answered with status 302"),
    ] {
        let error = connect(&of(&url)).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(said) && text.contains(&url), "{url}: {text}");
        assert!(error.is_environment() && !text.contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn opening_asks_nothing_so_a_cluster_may_still_be_starting() {
    let folder = tempfile::tempdir().unwrap();
    let path = kubeconfig(folder.path().join("c"), "http://127.0.0.1:1", "token: a");
    let cluster = open(&settings(path)).await.unwrap();
    assert!(matches!(cluster.version().await, Err(KubernetesError::Unreachable { .. })));
}

#[tokio::test]
async fn each_right_is_asked_for_by_a_review() {
    let mock = Mock::with(|request, _| {
        if !request.target.ends_with("/selfsubjectaccessreviews") {
            return None;
        }
        let review: Value = serde_json::from_str(&request.body).unwrap();
        let asked = &review["spec"]["resourceAttributes"];
        let refused = asked["resource"] == "configmaps" && asked["verb"] == "watch"
            || asked["resource"] == "nodes" && asked["subresource"] == "stats";
        Some(Reply::json(json!({ "status": { "allowed": !refused } }).to_string()))
    });
    mock.serve("/apis/keda.sh/v1alpha1/scaledobjects");
    let cluster = open(&settings(mock.kubeconfig("token: a"))).await.unwrap();
    let report = cluster.access().await;
    assert_eq!(report.rights.len(), PERMISSIONS.len());
    let missing: Vec<_> =
        report.missing().map(|access| (access.permission.resource, &*access.missing)).collect();
    assert_eq!(missing, [("configmaps", ["watch"].as_slice()), ("nodes/stats", &["get"])]);
    let of = |resource: &str| {
        report.rights.iter().find(|access| access.permission.resource == resource).unwrap()
    };
    assert_eq!(of("scaledobjects").allowed, Allowed::Yes);
    assert_eq!(of("verticalpodautoscalers").allowed, Allowed::NotInstalled);
}

#[tokio::test]
async fn where_reviews_are_not_answered_each_kind_is_tried() {
    let mock = Mock::with(|request, _| {
        let forbidden = request.target.starts_with("/api/v1/nodes");
        forbidden.then(|| refusal("403 Forbidden", "Forbidden"))
    });
    mock.serve("/api/v1/pods");
    let cluster = open(&settings(mock.kubeconfig("token: a"))).await.unwrap();
    let report = cluster.access().await;
    let of = |resource: &str| {
        report.rights.iter().find(|access| access.permission.resource == resource).unwrap().allowed
    };
    assert_eq!(of("pods"), Allowed::Yes);
    assert_eq!(of("nodes"), Allowed::No);
    assert_eq!(of("jobs"), Allowed::NotInstalled);
    assert_eq!(of("pods/log"), Allowed::Unknown);
}

#[test]
fn nothing_that_writes_and_no_secret_is_asked_for() {
    for permission in PERMISSIONS {
        for verb in permission.verbs {
            assert!(["get", "list", "watch"].contains(verb), "{permission:?}");
        }
        let resource = permission.resource;
        assert!(resource != "secrets" && resource != "nodes/proxy" && !resource.contains('*'));
        assert!(!permission.cost.is_empty() && !permission.group.contains('*'));
        let costs_nothing = permission.kinds.is_empty();
        assert!(permission.need == Need::Optional || !costs_nothing, "{permission:?}");
    }
}

#[tokio::test]
async fn a_kubelet_is_asked_with_the_token_of_the_cluster() {
    let mock = Mock::start();
    let kubelet = Server::always(Reply::new("200 OK", "text/plain; version=0.0.4", "up 1\n"));
    let token = mock.file("token", "rotated\n");
    let user = format!("tokenFile: \"{}\"", token.display());
    let cluster = open(&settings(mock.kubeconfig(&user))).await.unwrap();
    for trust in [KubeletTrust::ClusterAuthority, KubeletTrust::Anyone] {
        let http = cluster.node_http(&trust, Duration::from_secs(2)).unwrap();
        let url = format!("{}/metrics/cadvisor", kubelet.url);
        let mut answer = http.get(&url, "text/plain").await.unwrap();
        assert_eq!(answer.content_type(), "text/plain; version=0.0.4");
        let mut text = Vec::new();
        while let Some(part) = answer.chunk().await.unwrap() {
            text.extend(part);
        }
        assert_eq!(text, b"up 1\n");
    }
    let asked = kubelet.requests();
    assert!(asked[0].head.contains("authorization: bearer rotated"), "{asked:?}");
    assert_eq!(asked[0].target, "/metrics/cadvisor");
    let file = KubeletTrust::File(mock.file("empty.pem", "no certificate"));
    let error = cluster.node_http(&file, Duration::from_secs(2)).unwrap_err();
    assert!(error.to_string().contains("holds no certificate"), "{error}");
}
