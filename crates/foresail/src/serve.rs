//! Serves the files of one report over HTTP until Ctrl-C.
//!
//! The files are listed and read once at the start; a request is only looked up in that list, so
//! no path can leave it.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::failure::{Failure, Result};

/// The file that `/` shows.
const INDEX: &str = "report.html";

/// A report needs nothing from elsewhere, and gets nothing from elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:";

/// Files by their path in the URL.
struct Site(BTreeMap<String, (&'static str, Bytes)>);

/// Takes the address, before any work is done.
pub(crate) fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address)
        .map_err(|error| Failure::writing(error, format!("failed to listen on `{address}`")))
}

/// Serves `files` of `folder` on `listener` until Ctrl-C.
pub(crate) fn serve(listener: TcpListener, folder: &Path, files: &[PathBuf]) -> Result<()> {
    let failed = |error| Failure::writing(error, "failed to serve the report");
    let site = Site::read(folder, files)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).map_err(failed)?;
        // The server never ends by itself, and a slow client must not hold up Ctrl-C: it is
        // dropped with the runtime.
        tokio::spawn(axum::serve(listener, router(site)).into_future());
        tokio::signal::ctrl_c().await.map_err(failed)
    })
}

fn router(site: Site) -> Router {
    Router::new().fallback_service(get(answer).with_state(Arc::new(site)))
}

async fn answer(State(site): State<Arc<Site>>, uri: Uri) -> Response {
    let name = match uri.path().trim_start_matches('/') {
        "" => INDEX,
        name => name,
    };
    let Some((content_type, bytes)) = site.0.get(name) else {
        return (StatusCode::NOT_FOUND, "not found\n").into_response();
    };
    let headers: [(HeaderName, &str); 4] = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, bytes.clone()).into_response()
}

// === impl Site ===

impl Site {
    fn read(folder: &Path, files: &[PathBuf]) -> Result<Self> {
        let mut site = BTreeMap::new();
        for name in files {
            let path = folder.join(name);
            let Some((url, content_type)) = name.to_str().zip(content_type(name)) else { continue };
            let bytes = std::fs::read(&path).map_err(|error| {
                Failure::reading(error, format!("failed to read `{}`", path.display()))
            })?;
            site.insert(url.to_owned(), (content_type, bytes.into()));
        }
        Ok(Self(site))
    }
}

/// The content type of a file of a report; other files are not served.
fn content_type(name: &Path) -> Option<&'static str> {
    match name.extension()?.to_str()? {
        "html" => Some("text/html; charset=utf-8"),
        "json" => Some("application/json"),
        "svg" => Some("image/svg+xml"),
        "png" => Some("image/png"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use super::*;

    /// One raw request to a server with two files of a report beside one that is none of it.
    fn request(line: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("report.html"), "<p>report").unwrap();
        std::fs::write(folder.path().join("pr.svg"), "<svg/>").unwrap();
        std::fs::write(folder.path().join("secret.json"), "{}").unwrap();
        let files = ["report.html".into(), "pr.svg".into()];
        let site = Site::read(folder.path(), &files).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let line = line.to_owned();
        let client = std::thread::spawn(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            write!(stream, "{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        });
        runtime.spawn(axum::serve(listener, router(site)).into_future());
        runtime.block_on(async {
            while !client.is_finished() {
                tokio::task::yield_now().await;
            }
        });
        client.join().unwrap()
    }

    #[test]
    fn the_root_shows_the_report() {
        let answer = request("GET /");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains("content-type: text/html; charset=utf-8"), "{answer}");
        assert!(answer.ends_with("<p>report"), "{answer}");
    }

    #[test]
    fn pictures_have_their_content_type() {
        assert!(request("GET /pr.svg").contains("content-type: image/svg+xml"));
    }

    #[test]
    fn nothing_outside_the_list_is_served() {
        for path in ["/secret.json", "/../secret.json", "/..%2f..%2fetc/passwd", "//etc/passwd"] {
            let answer = request(&format!("GET {path}"));
            assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
        }
    }

    #[test]
    fn only_reading_is_allowed() {
        assert!(request("POST /").starts_with("HTTP/1.1 405"));
        assert!(request("DELETE /pr.svg").starts_with("HTTP/1.1 405"));
    }
}
