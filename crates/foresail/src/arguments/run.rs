//! Options of `run`.

use std::path::PathBuf;

use clap::Args;

use crate::service::config::Override;

/// Options of `run`.
#[derive(Args, Debug)]
#[command(after_help = "\
Every setting of docs/config.md has a variable (FORESAIL_PROMETHEUS_URL) and can stand in the file or behind
--set; the options here are those that are used most. Without --prometheus, metrics servers are looked for
among the Services of the cluster, and what none has is read from kubelets, kube-state-metrics and
annotated pods. A new cluster is observed first: nothing pages until 7 days or 20 outcomes are scored.

Example:
  foresail run --prometheus http://localhost:9090
  foresail run --config foresail.yaml --set paging.mode=on
  foresail run --role serve --model my.model")]
pub(crate) struct RunArguments {
    /// File with settings, YAML
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// What this process does: collect, assess, serve; several times or joined by commas [default: all]
    #[arg(long, value_name = "ROLE", value_delimiter = ',')]
    role: Vec<String>,
    /// File to reach the API server by [default: $KUBECONFIG, ~/.kube/config, or the pod's own account]
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<String>,
    /// Context of that file
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// Base address of a Prometheus-compatible API
    #[arg(long, value_name = "URL")]
    prometheus: Option<String>,
    /// Where things are kept: a path (SQLite) or postgres://user@host/database [default: foresail.db]
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// Address of the HTTP API [default: 127.0.0.1:7780]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Model files to add to the registry; several times or joined by commas
    #[arg(long, value_name = "FILE", value_delimiter = ',')]
    model: Vec<String>,
    /// How much faster than in production faults develop there [default: 1]
    #[arg(long, value_name = "FACTOR")]
    time_scale: Option<String>,
    /// Any setting
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Print the configuration that results, and stop
    #[arg(long)]
    pub(crate) print_config: bool,
    /// Take the time from a replay at this address
    #[arg(long, value_name = "URL", hide = true)]
    pub(crate) clock: Option<String>,
}

// === impl RunArguments ===

impl RunArguments {
    /// What the flags say of settings.
    pub(crate) fn overrides(&self) -> Result<Vec<Override>, String> {
        let one = |origin: &str, key, value: &Option<String>| {
            value.clone().map(|text| Override { origin: origin.to_owned(), key, text })
        };
        let list = |origin: &str, key, values: &[String]| {
            (!values.is_empty()).then(|| Override {
                origin: origin.to_owned(),
                key,
                text: values.join(","),
            })
        };
        let named = [
            list("--role", "roles", &self.role),
            one("--kubeconfig", "kubernetes.kubeconfig", &self.kubeconfig),
            one("--context", "kubernetes.context", &self.context),
            one("--prometheus", "prometheus.url", &self.prometheus),
            one("--store", "store.url", &self.store),
            one("--listen", "api.listen", &self.listen),
            list("--model", "models.files", &self.model),
            one("--time-scale", "time_scale", &self.time_scale),
        ];
        let set = self.set.iter().map(|text| Override::parse(text));
        named.into_iter().flatten().map(Ok).chain(set).collect()
    }
}
