//! The API over real connections, in front of a service that is made up.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic as tests do")]

mod body;
mod fixture;
mod guard;
mod metrics;
mod openapi;
mod predict;
mod problem;
mod schema;
mod stream;

/// For `foresail top` and for tools that read the description, such as schemathesis.
#[tokio::test]
#[ignore = "serves the service that is made up on port 7799 until it is killed"]
async fn serve_until_killed() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:7799").await.unwrap();
    let source = std::sync::Arc::new(fixture::Made::crowded());
    foresail_api::serve(listener, source, fixture::settings(), std::future::pending())
        .await
        .unwrap();
}
