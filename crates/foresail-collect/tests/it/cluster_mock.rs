//! A Kubernetes API with state, over HTTP: lists in pages, watches, and whatever fault a test wants.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::server::{Reply, Request, read, write};

type Intercept = Box<dyn Fn(&Request, usize) -> Option<Reply> + Send + Sync>;

/// The API; its threads end with the test process.
pub(crate) struct Mock {
    pub(crate) url: String,
    state: Arc<(Mutex<State>, Condvar)>,
    folder: tempfile::TempDir,
}

#[derive(Default)]
struct State {
    version: u64,
    /// Path of the collection to its objects by namespace and name.
    collections: BTreeMap<String, BTreeMap<String, Value>>,
    /// Version, path, kind of change, object.
    log: Vec<(u64, String, &'static str, Value)>,
    seen: Vec<Request>,
    /// Watches from before this version are too old.
    oldest: u64,
    /// Counted up to end all watches.
    epoch: u64,
}

// === impl Mock ===

impl Mock {
    /// A cluster without faults.
    pub(crate) fn start() -> Self {
        Self::with(|_, _| None)
    }

    /// A cluster where `intercept` may answer a request itself, by how often its target was asked.
    pub(crate) fn with(
        intercept: impl Fn(&Request, usize) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state: Arc<(Mutex<State>, Condvar)> = Arc::default();
        state.0.lock().unwrap().version = 100;
        let intercept: Arc<Intercept> = Arc::new(Box::new(intercept));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (state, intercept) = (Arc::clone(&shared), Arc::clone(&intercept));
                thread::spawn(move || serve(stream, &state, &intercept));
            }
        });
        Self { url, state, folder: tempfile::tempdir().unwrap() }
    }

    /// Puts an object there, new or changed.
    pub(crate) fn put(&self, path: &str, object: Value) {
        let (lock, signal) = &*self.state;
        let mut state = lock.lock().unwrap();
        state.version += 1;
        let version = state.version;
        let mut object = object;
        object["metadata"]["resourceVersion"] = json!(version.to_string());
        let collection = state.collections.entry(path.to_owned()).or_default();
        let before = collection.insert(key(&object), object.clone());
        let kind = if before.is_some() { "MODIFIED" } else { "ADDED" };
        state.log.push((version, path.to_owned(), kind, object));
        signal.notify_all();
    }

    /// Makes a collection that is empty.
    pub(crate) fn serve(&self, path: &str) {
        self.state.0.lock().unwrap().collections.entry(path.to_owned()).or_default();
    }

    /// Takes an object away.
    pub(crate) fn remove(&self, path: &str, name: &str) {
        let (lock, signal) = &*self.state;
        let mut state = lock.lock().unwrap();
        state.version += 1;
        let version = state.version;
        let collection = state.collections.get_mut(path).unwrap();
        let mut object = collection.remove(name).unwrap();
        object["metadata"]["resourceVersion"] = json!(version.to_string());
        state.log.push((version, path.to_owned(), "DELETED", object));
        signal.notify_all();
    }

    /// Ends all watches.
    pub(crate) fn disconnect(&self) {
        self.state.0.lock().unwrap().epoch += 1;
        self.state.1.notify_all();
    }

    /// Forgets the history, so that watches from before are too old.
    pub(crate) fn compact(&self) {
        let mut state = self.state.0.lock().unwrap();
        state.oldest = state.version;
        state.log.clear();
    }

    /// Requests whose target begins with this.
    pub(crate) fn requests(&self, target: &str) -> Vec<Request> {
        let seen = &self.state.0.lock().unwrap().seen;
        seen.iter().filter(|request| request.target.starts_with(target)).cloned().collect()
    }

    /// A kubeconfig for it; `user` is the rest of the user's entry.
    pub(crate) fn kubeconfig(&self, user: &str) -> PathBuf {
        kubeconfig(self.folder.path().join("config"), &self.url, user)
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

pub(crate) fn kubeconfig(path: PathBuf, url: &str, user: &str) -> PathBuf {
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: test\ncontexts:\n- name: test\n  context: {{cluster: test, user: me}}\nclusters:\n- name: test\n  cluster: {{server: \"{url}\"}}\nusers:\n- name: me\n  user: {{{user}}}\n"
    );
    std::fs::write(&path, text).unwrap();
    path
}

fn key(object: &Value) -> String {
    let name = object["metadata"]["name"].as_str().unwrap();
    match object["metadata"]["namespace"].as_str() {
        Some(namespace) => format!("{namespace}/{name}"),
        None => name.to_owned(),
    }
}

/// The refusal that the API would write.
pub(crate) fn refusal(status: &str, reason: &str) -> Reply {
    let code: u16 = status.split(' ').next().unwrap().parse().unwrap();
    let message = format!("{reason}: told by the test");
    let body = json!({
        "kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message,
    });
    Reply::new(status, "application/json", body.to_string())
}

fn serve(stream: TcpStream, shared: &(Mutex<State>, Condvar), intercept: &Intercept) {
    let Some(request) = read(&stream) else { return };
    let nth = {
        let mut state = shared.0.lock().unwrap();
        state.seen.push(request.clone());
        state.seen.iter().filter(|seen| seen.target == request.target).count() - 1
    };
    if let Some(reply) = intercept(&request, nth) {
        write(stream, &reply);
        return;
    }
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let query: BTreeMap<&str, &str> =
        query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    if path == "/version" {
        write(stream, &Reply::json(r#"{"major":"1","minor":"34","gitVersion":"v1.34.1"}"#));
    } else if query.contains_key("watch") {
        watch(stream, (path, &query), shared);
    } else {
        let reply = list(&shared.0.lock().unwrap(), path, &query);
        write(stream, &reply);
    }
}

fn list(state: &State, path: &str, query: &BTreeMap<&str, &str>) -> Reply {
    let Some(objects) = objects(state, path) else { return refusal("404 Not Found", "NotFound") };
    let limit = query.get("limit").map_or(500, |limit| limit.parse().unwrap());
    let from: usize = query.get("continue").map_or(0, |from| from.parse().unwrap());
    let page: Vec<&Value> = objects.iter().skip(from).take(limit).collect();
    let mut metadata = json!({ "resourceVersion": state.version.to_string() });
    if from + limit < objects.len() {
        metadata["continue"] = json!((from + limit).to_string());
    }
    Reply::json(json!({ "kind": "List", "metadata": metadata, "items": page }).to_string())
}

/// Objects of a path, which may name a namespace.
fn objects(state: &State, path: &str) -> Option<Vec<Value>> {
    let (whole, namespace) = whole_path(path);
    let objects = state.collections.get(&whole)?.iter();
    let inside = |key: &str| namespace.as_ref().is_none_or(|own| key.starts_with(own.as_str()));
    Some(objects.filter(|(key, _)| inside(key)).map(|(_, object)| object.clone()).collect())
}

fn whole_path(path: &str) -> (String, Option<String>) {
    let Some((base, rest)) = path.split_once("/namespaces/") else {
        return (path.to_owned(), None);
    };
    let (namespace, kind) = rest.split_once('/').unwrap();
    (format!("{base}/{kind}"), Some(format!("{namespace}/")))
}

fn watch(
    mut stream: TcpStream,
    (path, query): (&str, &BTreeMap<&str, &str>),
    shared: &(Mutex<State>, Condvar),
) {
    let (lock, signal) = shared;
    let mut state = lock.lock().unwrap();
    let epoch = state.epoch;
    let mut from: u64 = query["resourceVersion"].parse().unwrap();
    if from < state.oldest {
        drop(state);
        write(stream, &refusal("410 Gone", "Expired"));
        return;
    }
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";
    if stream.write_all(head.as_bytes()).is_err() {
        return;
    }
    let (whole, namespace) = whole_path(path);
    while state.epoch == epoch {
        let mut text = String::new();
        for (version, path, kind, object) in &state.log {
            let inside = namespace.as_ref().is_none_or(|own| key(object).starts_with(own.as_str()));
            if *version > from && *path == whole && inside {
                text.push_str(&json!({ "type": kind, "object": object }).to_string());
                text.push('\n');
            }
        }
        from = from.max(state.version);
        if !text.is_empty() && stream.write_all(text.as_bytes()).is_err() {
            return;
        }
        state = signal.wait_timeout(state, Duration::from_secs(30)).unwrap().0;
    }
}
