//! Options of `record`, and how a metrics server is reached.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use foresail_core::{PlatformDuration, TimeScale, Timestamp};

use super::Format;
use crate::span::Span;

/// How a metrics server is reached.
#[derive(Args, Clone, Debug)]
pub(crate) struct PrometheusArguments {
    /// Base address of a Prometheus-compatible API (Prometheus, Thanos, Mimir, VictoriaMetrics)
    #[arg(long, value_name = "URL")]
    pub(crate) prometheus: Option<String>,
    /// How far back to read, such as 90m, 6h or 2d
    #[arg(long, value_name = "SPAN", default_value = "6h", requires = "prometheus")]
    pub(crate) since: Span,
    /// Until when to read, in RFC 3339 [default: now]
    #[arg(long, value_name = "TIME", requires = "prometheus")]
    pub(crate) until: Option<Timestamp>,
    /// Matchers that every query holds, such as 'cluster="a"'
    #[arg(long, value_name = "MATCHERS", default_value = "", requires = "prometheus")]
    pub(crate) selector: String,
    /// A header for every query, such as 'X-Scope-OrgID: team'; `@FILE` after the colon reads its value
    /// from a file
    #[arg(long, value_name = "HEADER", requires = "prometheus")]
    pub(crate) header: Vec<String>,
    /// File with a bearer token, read again for every query
    #[arg(long, value_name = "FILE", conflicts_with = "user", requires = "prometheus")]
    pub(crate) token_file: Option<PathBuf>,
    /// User for basic authentication
    #[arg(long, value_name = "NAME", requires_all = ["prometheus", "password_file"])]
    pub(crate) user: Option<String>,
    /// File with the user's password
    #[arg(long, value_name = "FILE", requires_all = ["prometheus", "user"])]
    pub(crate) password_file: Option<PathBuf>,
    /// PEM file of the only certificate authorities to trust [default: the system's]
    #[arg(long, value_name = "FILE", requires = "prometheus")]
    pub(crate) ca_file: Option<PathBuf>,
    /// PEM file of a client certificate
    #[arg(long, value_name = "FILE", requires_all = ["prometheus", "client_key"])]
    pub(crate) client_certificate: Option<PathBuf>,
    /// PEM file of its key
    #[arg(long, value_name = "FILE", requires_all = ["prometheus", "client_certificate"])]
    pub(crate) client_key: Option<PathBuf>,
    /// Seconds until an answer must begin
    #[arg(long, value_name = "SECONDS", default_value_t = 60, requires = "prometheus", value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) timeout: u64,
    /// How much faster than in production faults develop there
    #[arg(long, value_name = "FACTOR", default_value = "1", value_parser = time_scale)]
    pub(crate) time_scale: TimeScale,
}

/// Options of `record`.
#[derive(Args, Debug)]
#[command(
    group = ArgGroup::new("source").required(true).multiple(true).args(["prometheus", "length"]),
    mut_arg("since", |argument| argument.conflicts_with("length")),
    mut_arg("until", |argument| argument.conflicts_with("length")),
    after_help = "\
With --prometheus alone the history that a metrics server holds is written: objects are put together from
kube-state-metrics, which shows no events, messages, probes or volumes; docs/prometheus.md says what that
costs. With --for a running cluster is watched that long: objects, events and, with --logs, log lines come
from its API, samples from --prometheus and from the kubelets, kube-state-metrics and annotated pods for
what that lacks. Ctrl-C ends early and still gives a whole recording. Both only read.

Example:
  foresail record --prometheus http://prometheus:9090 --since 6h --out out/recording
  foresail record --for 30m --kubeconfig ~/.kube/config --out out/recording
  foresail backtest --recording out/recording"
)]
pub(crate) struct RecordArguments {
    /// How the metrics server is reached
    #[command(flatten)]
    pub(crate) server: PrometheusArguments,
    /// New or empty folder for the recording
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Watch a running cluster for so long, such as 30m or 2h
    #[arg(long = "for", value_name = "SPAN")]
    pub(crate) length: Option<Span>,
    /// How the cluster is reached [default: $KUBECONFIG, ~/.kube/config, or the pod's own account]
    #[arg(long, value_name = "FILE", requires = "length")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig [default: its current one]
    #[arg(long, value_name = "NAME", requires = "length")]
    pub(crate) context: Option<String>,
    /// Record the containers' log lines too, at most 200 a pod and 15 s; they are stored as they are
    #[arg(long, requires = "length")]
    pub(crate) logs: bool,
    /// Seconds between two scrapes
    #[arg(long, value_name = "SECONDS", default_value = "15", value_parser = interval, requires = "length")]
    pub(crate) interval: Interval,
    /// Name of the cluster [default: the one that --selector or the kubeconfig names, else the server's host]
    #[arg(long, value_name = "NAME")]
    pub(crate) cluster: Option<String>,
    /// How to print what was recorded
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// Between two scrapes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interval(pub(crate) PlatformDuration);

fn interval(text: &str) -> Result<Interval, String> {
    let seconds = text.parse().ok().filter(|seconds| (1..=600).contains(seconds));
    let seconds: i64 = seconds.ok_or_else(|| format!("`{text}` is not within 1 to 600 s"))?;
    Ok(Interval(PlatformDuration::from_seconds(seconds)))
}

fn time_scale(text: &str) -> Result<TimeScale, String> {
    let factor: f64 = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    TimeScale::try_from(factor).map_err(|error| error.to_string())
}
