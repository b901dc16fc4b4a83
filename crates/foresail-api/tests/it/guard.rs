//! Who may ask.

use std::sync::Arc;

use foresail_api::{MetricsAccess, Secret, ServeError, ServeSettings, Source, serve};

use crate::fixture::{Made, Server, TOKEN, answer_of, settings};

async fn code(request: reqwest::RequestBuilder) -> (u16, Option<String>) {
    let answer = answer_of(request).await;
    let code = (answer.status.as_u16() >= 400).then(|| answer.problem().1);
    (answer.status.as_u16(), code)
}

#[tokio::test]
async fn with_a_token_only_its_bearer_is_answered() {
    let server = Server::with_token().await;
    let get = |path: &str| server.http.get(server.url(path));
    for path in ["/api/v1/status", "/api/v1/openapi.json", "/api/v1/changes", "/", "/api/v1/none"] {
        let missing = answer_of(get(path)).await;
        assert_eq!(missing.problem(), (401, "token_missing".to_owned()), "{path}");
        assert_eq!(missing.headers["www-authenticate"], "Bearer");
        let wrong = code(get(path).bearer_auth("0123456789abcdeX")).await;
        assert_eq!(wrong, (401, Some("token_wrong".to_owned())), "{path}");
    }
    let basic = code(get("/api/v1/status").basic_auth("x", Some(TOKEN))).await;
    assert_eq!(basic, (401, Some("token_missing".to_owned())));
    assert_eq!(code(get("/api/v1/status").bearer_auth(TOKEN)).await, (200, None));
    let other_host = get("/api/v1/status").bearer_auth(TOKEN).header("host", "foresail.example");
    assert_eq!(code(other_host).await, (200, None), "with a token the name does not matter");
}

#[tokio::test]
async fn probes_and_metrics_need_no_token_unless_metrics_are_closed() {
    let server = Server::with_token().await;
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(server.get(path).await.status, 200, "{path}");
    }
    let closed = ServeSettings {
        token: Some(Secret::new(TOKEN)),
        metrics: MetricsAccess::Token,
        ..settings()
    };
    let server = Server::with(Made::new(), closed).await;
    assert_eq!(server.get("/healthz").await.status, 200);
    assert_eq!(server.get("/metrics").await.problem().0, 401);
    let metrics = server.http.get(server.url("/metrics")).bearer_auth(TOKEN);
    assert_eq!(code(metrics).await, (200, None));
}

#[tokio::test]
async fn without_a_token_only_names_of_this_machine_are_answered() {
    let server = Server::start().await;
    let get = |host: &str| server.http.get(server.url("/api/v1/status")).header("host", host);
    for host in ["localhost", "localhost:7780", "127.0.0.1:1", "[::1]:7780"] {
        assert_eq!(code(get(host)).await, (200, None), "{host}");
    }
    for host in ["evil.example", "localhost.evil.example", "192.168.0.1:7780", "x"] {
        let refused = (403, Some("host_not_allowed".to_owned()));
        assert_eq!(code(get(host)).await, refused, "{host}");
    }
    let metrics = server.http.get(server.url("/metrics")).header("host", "evil.example");
    assert_eq!(code(metrics).await.0, 403, "names of the cluster stand there too");
}

#[tokio::test]
async fn other_addresses_are_not_served_without_a_token() {
    let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
    let source: Arc<dyn Source> = Arc::new(Made::new());
    let refused = serve(listener, source, settings(), std::future::pending()).await;
    assert!(matches!(refused, Err(ServeError::TokenNeeded { .. })), "{refused:?}");
}

#[tokio::test]
async fn other_addresses_are_served_with_a_token() {
    let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let source: Arc<dyn Source> = Arc::new(Made::new());
    let settings = ServeSettings { token: Some(Secret::new(TOKEN)), ..settings() };
    tokio::spawn(serve(listener, source, settings, std::future::pending()));
    let url = format!("http://127.0.0.1:{port}/healthz");
    assert_eq!(answer_of(crate::fixture::http().get(url)).await.status, 200);
}
