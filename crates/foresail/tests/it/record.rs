//! `record --for` on a cluster that is just big enough: ended early it is whole, killed it leaves nothing.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::program::{argument, foresail, run};

/// An API server with one pod and one node; other kinds it does not have.
struct Api {
    kubeconfig: PathBuf,
    watches: Arc<AtomicUsize>,
}

// === impl Api ===

impl Api {
    fn start(folder: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let watches = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&watches);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = Arc::clone(&seen);
                thread::spawn(move || answer(stream, &seen));
            }
        });
        let kubeconfig = folder.join("config");
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: t\ncontexts:\n- name: t\n  context: {{cluster: t, user: t}}\nclusters:\n- name: t\n  cluster: {{server: \"{url}\"}}\nusers:\n- name: t\n  user: {{token: t}}\n"
        );
        std::fs::write(&kubeconfig, text).unwrap();
        Self { kubeconfig, watches }
    }

    /// Starts recording and waits until pods and nodes are watched.
    fn record(&self, out: &Path) -> Child {
        let child = foresail()
            .args(["record", "--for", "10m", "--interval", "1"])
            .args(["--kubeconfig", argument(&self.kubeconfig), "--out", argument(out)])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let begun = (0..300).any(|_| {
            thread::sleep(Duration::from_millis(100));
            self.watches.load(Ordering::Relaxed) >= 2
        });
        assert!(begun, "nothing was watched");
        // What was listed is on its way.
        thread::sleep(Duration::from_millis(500));
        child
    }
}

fn answer(stream: TcpStream, watches: &AtomicUsize) {
    let mut lines = BufReader::new(&stream).lines();
    let first = lines.next().and_then(Result::ok).unwrap_or_default();
    while lines.next().and_then(Result::ok).is_some_and(|line| !line.is_empty()) {}
    let target = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let items = match target.split('?').next().unwrap_or_default() {
        "/version" => {
            return reply(
                &stream,
                "200 OK",
                r#"{"major":"1","minor":"34","gitVersion":"v1.34.2"}"#,
            );
        }
        "/api/v1/pods" => json!([{
            "metadata": { "name": "cart-1", "namespace": "shop", "uid": "u1" },
            "spec": { "containers": [{ "name": "app", "image": "cart:1" }] },
            "status": { "phase": "Running" },
        }]),
        "/api/v1/nodes" => json!([{ "metadata": { "name": "n1", "uid": "n" }, "status": {} }]),
        _ => return reply(&stream, "404 Not Found", "{}"),
    };
    if target.contains("watch=") {
        watches.fetch_add(1, Ordering::Relaxed);
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";
        let _ = (&stream).write_all(head.as_bytes());
        thread::sleep(Duration::from_secs(120));
        return;
    }
    let list = json!({ "kind": "List", "metadata": { "resourceVersion": "1" }, "items": items });
    reply(&stream, "200 OK", &list.to_string());
}

fn reply(mut stream: &TcpStream, status: &str, body: &str) {
    let length = body.len();
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
}

#[test]
fn ctrl_c_ends_early_and_the_recording_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let api = Api::start(folder.path());
    let out = folder.path().join("mine");
    let child = api.record(&out);
    let asked = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(asked.success());
    let ended = child.wait_with_output().unwrap();
    let text = String::from_utf8(ended.stdout).unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
    assert!(text.contains("1 pods, 0 workload objects, 1 nodes"), "{text}");
    // The rest is not there, and that is said.
    assert!(text.contains("deployments: "), "{text}");
    assert!(run(&["recording", "inspect", argument(&out)]).succeeds().contains("mine"));
}

#[test]
fn a_killed_recorder_leaves_nothing_under_the_final_name() {
    let folder = tempfile::tempdir().unwrap();
    let api = Api::start(folder.path());
    let out = folder.path().join("mine");
    let mut child = api.record(&out);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!out.exists());
}

#[test]
fn a_cluster_that_cannot_be_reached_is_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("mine");
    let missing = folder.path().join("none");
    let arguments =
        ["record", "--for", "1m", "--kubeconfig", argument(&missing), "--out", argument(&out)];
    let failed = run(&arguments);
    assert!(matches!(failed.code, Some(2 | 3)), "{}", failed.stderr);
    assert!(failed.stderr.contains("none") && !out.exists(), "{}", failed.stderr);
}
