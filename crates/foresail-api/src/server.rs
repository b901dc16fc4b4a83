//! Connections: how many, how long they may take, and how they end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use crate::api::Api;
use crate::patient::Patient;
use crate::route;
use crate::settings::{ServeError, ServeSettings};
use crate::source::Source;

/// A head that takes longer, and a connection that is idle for longer, is dropped.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// A client that takes nothing of its answer for so long is dropped.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest head of a request; tokens and paths fit many times.
const HEAD_BYTES: usize = 32 << 10;
/// What open requests may still take once the server stops.
const GRACE: Duration = Duration::from_secs(5);
/// Before the next connection is accepted after the system refused one, such as without descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Serves the API on `listener` until `shutdown` is done, and lets open requests end.
///
/// # Errors
/// [`ServeError`] before anything is served, where the settings do not fit the address.
pub async fn serve(
    listener: TcpListener,
    source: Arc<dyn Source>,
    settings: ServeSettings,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let place = |source| ServeError::Listener { place: "the listener".to_owned(), source };
    settings.check(listener.local_addr().map_err(place)?)?;
    let api = Api::new(source, settings);
    let source = Arc::clone(&api.source);
    let changes = source.changes();
    let feed = tokio::spawn(Arc::clone(&api.hub).feed(source, changes));
    let router = route::router(&api);
    let mut connections = JoinSet::new();
    tokio::select! {
        () = accept(&listener, &api, router, &mut connections) => {}
        () = shutdown => {}
    }
    drop(listener);
    api.stop.send_replace(true);
    let ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, ended).await.is_err() {
        tracing::info!("requests that did not end in time were dropped");
    }
    feed.abort();
    Ok(())
}

/// Accepts connections; never ends.
async fn accept(
    listener: &TcpListener,
    api: &Arc<Api>,
    router: Router,
    connections: &mut JoinSet<()>,
) {
    let slots = Arc::new(Semaphore::new(api.settings.connections.max(1)));
    loop {
        // Never closed, so there is always a slot in the end.
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => {
                let stop = api.stop.subscribe();
                connections.spawn(converse(stream, router.clone(), stop, slot));
            }
            Err(error) => wait_after(&error).await,
        }
    }
}

async fn wait_after(error: &io::Error) {
    let gone = matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    );
    if !gone {
        tracing::warn!(error = %error, "failed to accept a connection to the API");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

/// Answers the requests of one connection.
async fn converse(
    stream: TcpStream,
    router: Router,
    mut stop: watch::Receiver<bool>,
    _slot: OwnedSemaphorePermit,
) {
    // Small answers need no delay; where it cannot be set they are only slower.
    let _ = stream.set_nodelay(true);
    let stream = TokioIo::new(Patient::new(stream, WRITE_TIMEOUT));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(stream, TowerToHyperService::new(router));
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error = %error, "a connection to the API ended early");
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // It fails when the server is gone, which is a stop as well.
    drop(stop.wait_for(|stop| *stop).await);
}
