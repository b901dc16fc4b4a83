//! What the service is told: typed, from four places that each override the next.
//!
//! ```text
//!  flag  >  environment (FORESAIL_…)  >  file (YAML)  >  default
//! ```

mod layers;
mod length;
mod page;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::ValueEnum;
use foresail_core::TimeScale;
use serde::{Deserialize, Serialize};

pub(crate) use layers::{Override, environment, load};
pub(crate) use length::Length;
pub(crate) use page::{page, rendered};

/// What one process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// Reads the cluster and keeps what happens
    Collect,
    /// Predicts, raises alarms and scores itself; needs `collect`
    Assess,
    /// Answers over HTTP
    Serve,
}

/// Everything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) cluster: Option<String>,
    pub(crate) time_scale: TimeScale,
    pub(crate) scrape_interval: Option<Length>,
    pub(crate) roles: BTreeSet<Role>,
    pub(crate) kubernetes: Kubernetes,
    pub(crate) prometheus: Prometheus,
    pub(crate) scrape: Scrape,
    pub(crate) store: Store,
    pub(crate) models: Models,
    pub(crate) paging: Paging,
    pub(crate) api: Api,
    pub(crate) log: Log,
}

/// How the Kubernetes API is read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Kubernetes {
    pub(crate) kubeconfig: Option<PathBuf>,
    pub(crate) context: Option<String>,
    pub(crate) namespaces: Vec<String>,
    pub(crate) logs: bool,
}

/// How a metrics server is read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Prometheus {
    pub(crate) url: Option<String>,
    pub(crate) selector: String,
    pub(crate) user: Option<String>,
    pub(crate) password_file: Option<PathBuf>,
    pub(crate) token_file: Option<PathBuf>,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) client_certificate: Option<PathBuf>,
    pub(crate) client_key: Option<PathBuf>,
    pub(crate) timeout: Length,
    pub(crate) back_fill: bool,
}

/// When something is scraped directly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum When {
    /// What no metrics server has.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What is scraped directly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Scrape {
    pub(crate) kubelets: When,
    pub(crate) kube_state_metrics: When,
    pub(crate) annotated_pods: When,
    pub(crate) kubelet_ca_file: Option<PathBuf>,
    pub(crate) timeout: Length,
}

/// Where things are kept, and for how long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Store {
    pub(crate) url: String,
    pub(crate) url_file: Option<PathBuf>,
    pub(crate) size_limit: Option<u64>,
    pub(crate) keep_minutes: Length,
    pub(crate) keep_predictions: Length,
    pub(crate) keep_events: Length,
    pub(crate) keep_incidents: Length,
}

/// Which models judge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Models {
    pub(crate) in_service: Option<String>,
    pub(crate) files: Vec<PathBuf>,
    pub(crate) budget: Budget,
    pub(crate) watch_floor: f64,
}

/// False alarms that the threshold is for, per pod-day of fault time.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub(crate) struct Budget(f64);

/// When alarms may page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PagingMode {
    /// Observe first, then page.
    Auto,
    /// Only observe.
    Observe,
    /// Page from the start.
    On,
}

/// What may wake somebody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Paging {
    pub(crate) mode: PagingMode,
    pub(crate) observe_for: Length,
    pub(crate) observe_outcomes: u32,
    pub(crate) early_first_passage: bool,
    pub(crate) false_pages: u32,
    pub(crate) false_pages_within: Length,
}

/// The HTTP API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Api {
    pub(crate) listen: SocketAddr,
    pub(crate) token_file: Option<PathBuf>,
    pub(crate) protect_metrics: bool,
}

/// How lines of the log look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogLevel {
    /// Only what needs a person.
    Error,
    /// And what is odd.
    Warn,
    /// And what happens.
    Info,
    /// And how.
    Debug,
}

/// The log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) level: LogLevel,
    pub(crate) format: LogFormat,
}

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        Self {
            cluster: None,
            time_scale: TimeScale::ONE,
            scrape_interval: None,
            roles: [Role::Collect, Role::Assess, Role::Serve].into(),
            kubernetes: Kubernetes::default(),
            prometheus: Prometheus::default(),
            scrape: Scrape::default(),
            store: Store::default(),
            models: Models::default(),
            paging: Paging::default(),
            api: Api::default(),
            log: Log::default(),
        }
    }
}

impl Config {
    /// Whether this process has the role.
    pub(crate) fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// What only makes sense together; the error names the settings.
    fn check(&self) -> Result<(), String> {
        if self.roles.is_empty() {
            return Err("`roles` is empty: nothing would be done".to_owned());
        }
        if self.has(Role::Assess) && !self.has(Role::Collect) {
            return Err(
                "`roles` has `assess` without `collect`, which gives it what to judge".to_owned()
            );
        }
        let server = &self.prometheus;
        if server.user.is_some() != server.password_file.is_some() {
            return Err("`prometheus.user` and `prometheus.password_file` go together".to_owned());
        }
        if server.user.is_some() && server.token_file.is_some() {
            return Err(
                "`prometheus.user` and `prometheus.token_file` exclude each other".to_owned()
            );
        }
        if server.client_certificate.is_some() != server.client_key.is_some() {
            return Err("`prometheus.client_certificate` and `prometheus.client_key` go together"
                .to_owned());
        }
        if !(0.0..=1.0).contains(&self.models.watch_floor) {
            return Err("`models.watch_floor` is a probability between 0 and 1".to_owned());
        }
        Ok(())
    }
}

// === impl sections ===

impl Default for Prometheus {
    fn default() -> Self {
        Self {
            url: None,
            selector: String::new(),
            user: None,
            password_file: None,
            token_file: None,
            headers: BTreeMap::new(),
            ca_file: None,
            client_certificate: None,
            client_key: None,
            timeout: Length::seconds(20),
            back_fill: true,
        }
    }
}

impl Default for Scrape {
    fn default() -> Self {
        Self {
            kubelets: When::Auto,
            kube_state_metrics: When::Auto,
            annotated_pods: When::Auto,
            kubelet_ca_file: None,
            timeout: Length::seconds(10),
        }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self {
            url: "foresail.db".to_owned(),
            url_file: None,
            size_limit: None,
            keep_minutes: Length::days(7),
            keep_predictions: Length::days(7),
            keep_events: Length::days(7),
            keep_incidents: Length::days(396),
        }
    }
}

impl Default for Models {
    fn default() -> Self {
        Self { in_service: None, files: Vec::new(), budget: Budget(0.5), watch_floor: 0.1 }
    }
}

impl Default for Paging {
    fn default() -> Self {
        Self {
            mode: PagingMode::Auto,
            observe_for: Length::days(7),
            observe_outcomes: 20,
            early_first_passage: false,
            false_pages: 2,
            false_pages_within: Length::hours(12),
        }
    }
}

impl Default for Api {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 7_780)),
            token_file: None,
            protect_metrics: false,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: LogLevel::Info, format: LogFormat::Text }
    }
}

// === impl Budget ===

impl Budget {
    /// Budgets that thresholds were chosen for.
    const KNOWN: [f64; 3] = [0.1, 0.5, 1.0];

    /// False alarms per pod-day of fault time.
    pub(crate) const fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Budget {
    type Error = String;
    fn try_from(value: f64) -> Result<Self, String> {
        if Self::KNOWN.contains(&value) {
            return Ok(Self(value));
        }
        Err(format!("`{value}` is no budget that thresholds were chosen for: 0.1, 0.5 and 1 are"))
    }
}

impl From<Budget> for f64 {
    fn from(budget: Budget) -> Self {
        budget.0
    }
}
