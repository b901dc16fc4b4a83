//! Reads a cluster through the Kubernetes API: what is there, what changes, what happened.
//!
//! ```text
//!  settings ──> connect ──> Cluster ──> watch ──> one task a resource ──> Observation ──> channel
//!                  │                                 list pages, then watch;      (bounded)
//!                  │                                 410: list again, tell what vanished
//!                  ├──> access ──> AccessReport (PERMISSIONS, one by one)
//!                  └──> node_http ──> kubelets, with the cluster's credentials
//! ```
//! Nothing is written and no Secret is read. What judgement does not need is dropped here, so the
//! memory of the reader grows by one short entry an object.
//!
//! # What comes out of the channel
//! * [`Observation::Object`]: a change of an object of the core, stamped by the given clock.
//! * [`Observation::Event`]: a Kubernetes Event, each occurrence once.
//! * [`Observation::Service`]: ports and labels of a Service, for finding metrics servers.
//! * [`Observation::Node`]: where the kubelet of a node listens.
//! * [`Observation::Scrape`]: a pod that asks to be scraped by its annotations.
//! * [`Observation::Metadata`]: a kind that judgement does not read yet, by metadata only.
//! * [`Observation::Log`] and [`Observation::LogsDropped`]: log lines, only where asked for.

mod access;
mod api;
mod book;
mod cluster;
mod configuration;
mod convert;
mod error;
mod given;
mod gone;
mod kubelets;
mod lines;
mod logs;
mod node_http;
mod observation;
mod permissions;
mod pump;
mod resources;
mod services;
mod settings;
mod status;
mod watcher;
mod watches;

pub use access::{Access, AccessReport, Allowed};
pub use cluster::{Cluster, connect, open};
pub use configuration::IN_CLUSTER;
pub use error::KubernetesError;
pub use given::objects_of;
pub use kubelets::KubeletAnswers;
pub use node_http::{NodeAnswer, NodeHttp};
pub use observation::{
    MetadataChange, NodeAddress, ObjectKey, ObjectKind, Observation, ScrapeTarget, ServiceChange,
};
pub use permissions::{Need, PERMISSIONS, Permission};
pub use settings::{KubeletTrust, LogSettings, Namespaces, ReaderSettings, Timeouts};
pub use status::{WatchState, WatchStatus};
pub use watches::Watches;
