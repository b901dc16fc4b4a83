//! A web server for tests that answers whatever it is told to, faults included.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A request as it came in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// Head in lower case, for looking up headers.
    pub(crate) head: String,
    pub(crate) body: String,
}

/// What to answer: raw bytes, head included, each part after a pause.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply(Vec<(Duration, Vec<u8>)>);

/// The server; its threads end with the test process.
pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) seen: Arc<Mutex<Vec<Request>>>,
}

// === impl Reply ===

impl Reply {
    pub(crate) fn new(status: &str, content_type: &str, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        Self::with_length(status, content_type, (body, body.len()))
    }

    pub(crate) fn json(body: impl AsRef<[u8]>) -> Self {
        Self::new("200 OK", "application/json", body)
    }

    /// An answer that promises `length` bytes and may send fewer.
    pub(crate) fn with_length(
        status: &str,
        content_type: &str,
        (body, length): (&[u8], usize),
    ) -> Self {
        let mut bytes = format!(
            "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        )
        .into_bytes();
        bytes.extend_from_slice(body);
        Self(vec![(Duration::ZERO, bytes)])
    }

    pub(crate) fn header(mut self, line: &str) -> Self {
        let bytes = &mut self.0[0].1;
        let at = bytes.windows(2).position(|pair| pair == b"\r\n").unwrap();
        bytes.splice(at..at, format!("\r\n{line}").into_bytes());
        self
    }

    pub(crate) fn after(mut self, pause: Duration) -> Self {
        self.0[0].0 = pause;
        self
    }

    /// A body of `times` pieces after its head, without a length: it ends with the connection.
    pub(crate) fn endless(piece: &[u8], times: usize) -> Self {
        let head =
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";
        let mut parts = vec![(Duration::ZERO, head.to_vec())];
        parts.extend(std::iter::repeat_n((Duration::ZERO, piece.to_vec()), times));
        Self(parts)
    }

    /// After what was said, silence on an open connection.
    pub(crate) fn hang(mut self) -> Self {
        self.0.push((Duration::from_secs(3_600), Vec::new()));
        self
    }

    pub(crate) fn then(mut self, bytes: &[u8]) -> Self {
        self.0.push((Duration::ZERO, bytes.to_vec()));
        self
    }
}

// === impl Server ===

impl Server {
    pub(crate) fn start(answer: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (answer, log) = (Arc::new(answer), Arc::clone(&seen));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
                thread::spawn(move || {
                    let Some(request) = read(&stream) else { return };
                    let n = {
                        let mut log = log.lock().unwrap();
                        log.push(request.clone());
                        log.len() - 1
                    };
                    write(stream, &answer(&request, n));
                });
            }
        });
        Self { url, seen }
    }

    pub(crate) fn always(reply: Reply) -> Self {
        Self::start(move |_, _| reply.clone())
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

pub(crate) fn read(mut stream: &TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut buffer = [0u8; 4096];
    loop {
        let n = stream.read(&mut buffer).ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&buffer[..n]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let lower = head.to_ascii_lowercase();
        let length = lower
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        if body.len() < length {
            continue;
        }
        let mut words = head.split(' ').map(str::to_owned);
        let (method, target) = (words.next()?, words.next()?);
        return Some(Request { method, target, head: lower, body: body.to_owned() });
    }
}

pub(crate) fn write(mut stream: TcpStream, reply: &Reply) {
    for (pause, bytes) in &reply.0 {
        thread::sleep(*pause);
        if stream.write_all(bytes).is_err() {
            return;
        }
    }
}
