//! A real Prometheus with a slice of a recording and the alerts of a rule file, and a proxy before it.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::slice::Slice;

/// What fires, as its author would write it; `always`, `on nothing`, before and after failures.
const RULES: [(&str, &str, &str); 4] = [
    ("Watchdog", "none", "vector(1)"),
    (
        "MemoryNearLimit",
        "warning",
        "max by (namespace, pod, container) (container_memory_working_set_bytes{container!=\"\"}) / \
         on (namespace, pod, container) kube_pod_container_resource_limits{resource=\"memory\"} > 0.85",
    ),
    ("PodRestarted", "critical", "increase(kube_pod_container_status_restarts_total[1m]) > 0"),
    (
        "RestartsInNamespace",
        "info",
        "sum by (namespace) (increase(kube_pod_container_status_restarts_total[1m])) > 0",
    ),
];

/// Between two evaluations of the rules.
const EVALUATION: &str = "15s";

/// The server; it ends with its value.
pub(crate) struct Prometheus {
    child: Child,
    folder: TempDir,
    pub(crate) url: String,
}

// === impl Prometheus ===

impl Prometheus {
    /// Fills a server with the slice, lets its rules run over it, and starts it with the same rules.
    pub(crate) fn with(slice: &Slice) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (text, blocks) = (folder.path().join("samples.om"), folder.path().join("blocks"));
        slice.write(&text);
        promtool(&["tsdb", "create-blocks-from", "openmetrics"], &[&text, &blocks]);
        let recorded = folder.path().join("recorded.yml");
        fs::write(&recorded, rule_file(recording_rule)).unwrap();
        fs::write(folder.path().join("alerts.yml"), rule_file(alerting_rule)).unwrap();
        let mut server = Self::start(folder, "");
        server.back_fill(&recorded, slice);
        let _ = server.child.kill();
        let _ = server.child.wait();
        let Self { folder, .. } = &mut server;
        let folder = std::mem::replace(folder, tempfile::tempdir().unwrap());
        Self::start(folder, "rule_files: [alerts.yml]\n")
    }

    /// Alerts as the server would have kept them; `promtool` back-fills recording rules only, so the
    /// series is recorded under the name that Prometheus gives it.
    fn back_fill(&self, rules: &Path, slice: &Slice) {
        let arguments = [
            "tsdb".to_owned(),
            "create-blocks-from".to_owned(),
            "rules".to_owned(),
            format!("--url={}", self.url),
            format!("--start={}", slice.from),
            format!("--end={}", slice.to),
            format!("--eval-interval={EVALUATION}"),
            format!("--output-dir={}", self.folder.path().join("blocks").display()),
        ];
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        promtool(&arguments, &[&rules.to_owned()]);
    }

    fn start(folder: TempDir, config: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let file = folder.path().join("prometheus.yml");
        fs::write(&file, config).unwrap();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("blocks").display()))
            .arg("--storage.tsdb.retention.time=100y")
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("`prometheus` is not installed: apt-get install prometheus");
        let server = Self { child, folder, url: format!("http://127.0.0.1:{port}") };
        let ready = (0..150).any(|_| {
            thread::sleep(Duration::from_millis(100));
            get(port, "/-/ready").is_some_and(|answer| answer.starts_with("HTTP/1.1 200"))
        });
        assert!(ready, "prometheus did not start");
        server
    }

    fn port(&self) -> u16 {
        self.url.rsplit(':').next().unwrap().parse().unwrap()
    }

    /// The address of a proxy that forbids what holds `forbidden` and goes silent after `most` requests.
    pub(crate) fn behind(&self, forbidden: &'static str, most: usize) -> String {
        let (listener, port) = (TcpListener::bind("127.0.0.1:0").unwrap(), self.port());
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(AtomicUsize::new(0));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if seen.fetch_add(1, Ordering::Relaxed) < most {
                    thread::spawn(move || forward(client, port, forbidden));
                }
            }
        });
        url
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn promtool(arguments: &[&str], paths: &[&PathBuf]) {
    let made = Command::new("promtool").args(arguments).args(paths).output();
    let made = made.expect("`promtool` is not installed: apt-get install prometheus");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

fn rule_file(rule: impl Fn(&str, &str, &str) -> String) -> String {
    let rules: String =
        RULES.iter().map(|(name, severity, text)| rule(name, severity, text)).collect();
    format!("groups:\n- name: shop\n  interval: {EVALUATION}\n  rules:\n{rules}")
}

fn alerting_rule(name: &str, severity: &str, text: &str) -> String {
    format!(
        "  - alert: {name}\n    expr: {}\n    for: 0s\n    labels: {{severity: {severity}}}\n",
        serde_json::to_string(text).unwrap()
    )
}

fn recording_rule(name: &str, severity: &str, text: &str) -> String {
    // What fires has the value 1.
    let text = serde_json::to_string(&format!("({text}) * 0 + 1")).unwrap();
    format!(
        "  - record: ALERTS\n    expr: {text}\n    labels: {{alertname: {name}, alertstate: firing, severity: {severity}}}\n"
    )
}

fn get(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// Passes one request on, on a connection of its own.
fn forward(mut client: TcpStream, port: u16, forbidden: &str) {
    let mut bytes = Vec::new();
    let mut buffer = [0u8; 4096];
    while !bytes.windows(4).any(|end| end == b"\r\n\r\n") {
        match client.read(&mut buffer) {
            Ok(n) if n > 0 => bytes.extend_from_slice(&buffer[..n]),
            Ok(_) | Err(_) => return,
        }
    }
    let head = String::from_utf8_lossy(&bytes);
    let first = head.lines().next().unwrap_or_default();
    if !forbidden.is_empty() && first.contains(forbidden) {
        let _ = client.write_all(
            b"HTTP/1.1 403 Forbidden\r\ncontent-length: 9\r\nconnection: close\r\n\r\nforbidden",
        );
        return;
    }
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)) else { return };
    let _ = write!(server, "{first}\r\nhost: x\r\nconnection: close\r\n\r\n");
    let _ = std::io::copy(&mut server, &mut client);
}
