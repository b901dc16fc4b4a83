//! How a cluster is reached and what of it is read.

use std::path::PathBuf;
use std::time::Duration;

/// Which namespaces are read. Objects of no namespace (nodes) are read wherever that is allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Namespaces {
    /// All of them, with one watch a kind.
    #[default]
    All,
    /// Only these, with one watch a kind and namespace: for roles that reach no further.
    Only(Vec<String>),
}

/// Whose certificates a kubelet may show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KubeletTrust {
    /// Those that the cluster's own authority signed.
    #[default]
    ClusterAuthority,
    /// Those that an authority of this PEM file signed.
    File(PathBuf),
    /// Any: many clusters leave kubelets with certificates that they signed themselves.
    Anyone,
}

/// How container logs are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// Containers followed at once; further ones wait until one ends.
    pub connections: usize,
    /// Lines kept of a pod in one tick; the rest is counted.
    pub lines_per_tick: u32,
    /// Length of a tick.
    pub tick: Duration,
}

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until a connection stands.
    pub connect: Duration,
    /// Until an answer begins, and between two parts of a list.
    pub answer: Duration,
    /// How long the server is asked to keep a watch open.
    pub watch: Duration,
    /// A watch that is silent for this long is opened again: a server sends a bookmark every minute.
    pub idle: Duration,
    /// Before the first further try; twice as long each time, up to `longest_wait`.
    pub backoff: Duration,
    /// Longest wait between two tries.
    pub longest_wait: Duration,
    /// Between two tries of what is forbidden or not installed.
    pub rare: Duration,
}

/// How a cluster is reached and what of it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReaderSettings {
    /// Kubeconfig; else the one that `$KUBECONFIG` names, `~/.kube/config`, or the pod's own account.
    pub kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig; else its current one.
    pub context: Option<String>,
    /// Which namespaces are read.
    pub namespaces: Namespaces,
    /// How logs are followed; not at all by default.
    pub logs: Option<LogSettings>,
    /// Objects asked for in one page of a list.
    pub page_size: u32,
    /// Longest object that is read. The store of a cluster takes at most 1.5 MiB by default.
    pub object_bytes: usize,
    /// Lists that run at once.
    pub lists: usize,
    /// Seed of the jitter between tries, so that copies of the program do not try in step.
    pub seed: u64,
    /// How long things may take.
    pub timeouts: Timeouts,
}

// === impl LogSettings ===

impl Default for LogSettings {
    fn default() -> Self {
        Self { connections: 50, lines_per_tick: 200, tick: Duration::from_secs(15) }
    }
}

// === impl Timeouts ===

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(30),
            watch: Duration::from_secs(290),
            idle: Duration::from_secs(120),
            backoff: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
            rare: Duration::from_secs(60),
        }
    }
}

// === impl ReaderSettings ===

impl Default for ReaderSettings {
    fn default() -> Self {
        Self {
            kubeconfig: None,
            context: None,
            namespaces: Namespaces::default(),
            logs: None,
            page_size: 500,
            object_bytes: 2 << 20,
            lists: 4,
            seed: 0,
            timeouts: Timeouts::default(),
        }
    }
}
