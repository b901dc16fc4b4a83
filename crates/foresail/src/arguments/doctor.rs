//! Options of `doctor`.

use std::path::PathBuf;

use clap::Args;
use foresail_core::FailureKind;

use super::{Format, PrometheusArguments};

/// Options of `doctor`.
#[derive(Args, Debug)]
#[command(after_help = "\
Reads only: reviews of rights, the names of metrics now and some hours ago, the beginning of what three
kubelets show. Either source is enough; one that does not answer is a finding. docs/doctor.md says what
each line rests on.

Example:
  foresail doctor --prometheus http://prometheus:9090
  foresail doctor --kubeconfig ~/.kube/config --require oom_killed,evicted")]
pub(crate) struct DoctorArguments {
    /// How the metrics server is reached
    #[command(flatten)]
    pub(crate) server: PrometheusArguments,
    /// Kubeconfig of the cluster [default: KUBECONFIG, ~/.kube/config, or the pod's own account]
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Context in it [default: the current one]
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// Failure kinds that must not be blind here, else the command fails
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    pub(crate) require: Vec<FailureKind>,
    /// How to print what was found
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}
