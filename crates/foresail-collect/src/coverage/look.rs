//! What is there: families with hours of history, rights, kubelets that answer.

use std::collections::BTreeMap;

use foresail_core::{PlatformDuration, Timestamp};

use crate::kubernetes::{AccessReport, Cluster, KubeletAnswers, KubernetesError};
use crate::prometheus::catalogue::all_families;
use crate::prometheus::{Client, PrometheusError, Series};

/// Names in one query: the pattern stays short enough for every proxy.
const NAMES_A_QUERY: usize = 40;

/// Hours ago at which a family is looked for, the nearest first; between two of them history is as long
/// as the nearer one says.
const HOURS: [f64; 6] = [0.0, 1.0, 2.0, 6.0, 24.0, 168.0];

/// Kubelets that are asked.
const KUBELETS_ASKED: usize = 3;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// The metrics server.
    pub server: Source<ServerSeen>,
    /// The cluster.
    pub cluster: Source<ClusterSeen>,
}

/// A source and what came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Source<T> {
    /// Nobody named it.
    #[default]
    Unasked,
    /// It could not be asked, and why.
    Failed(String),
    /// It answered.
    Seen(T),
}

/// What a metrics server has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerSeen {
    /// Its address.
    pub address: String,
    /// Families that are understood, with hours of history up to a week; 0 for one that is new.
    pub families: BTreeMap<&'static str, f64>,
    /// What it warned of.
    pub warnings: Vec<String>,
}

/// What a cluster allows.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterSeen {
    /// Address of the API server.
    pub address: String,
    /// Its version.
    pub version: String,
    /// The rights, one by one.
    pub access: AccessReport,
    /// Whether kubelets answer.
    pub kubelets: KubeletsSeen,
}

/// Whether kubelets answer at their own port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KubeletsSeen {
    /// How many were asked.
    pub asked: usize,
    /// How many showed metrics.
    pub metrics: usize,
    /// How many showed their summary.
    pub summary: usize,
    /// Why one did not, or why none could be asked.
    pub problem: Option<String>,
}

// === impl Source ===

impl<T> Source<T> {
    /// What was found, if it answered.
    pub const fn seen(&self) -> Option<&T> {
        match self {
            Self::Seen(seen) => Some(seen),
            Self::Unasked | Self::Failed(_) => None,
        }
    }
}

// === free functions ===

/// Looks for every family that is understood, now and some hours ago: at most 30 queries, two at once.
///
/// # Errors
/// The first question had no answer. A later one that fails is a warning.
pub async fn server(
    client: &Client,
    selector: &str,
    now: Timestamp,
) -> Result<ServerSeen, PrometheusError> {
    let mut seen = ServerSeen { address: client.base(), ..ServerSeen::default() };
    let mut known: Vec<&'static str> = all_families().into_iter().collect();
    for hours in HOURS {
        let at = now - PlatformDuration::from_seconds_f64(hours * 3_600.0);
        let mut there = Vec::new();
        for names in known.chunks(NAMES_A_QUERY) {
            match present(client, (names, selector), at).await {
                Ok((found, warnings)) => {
                    there.extend(found);
                    for warning in warnings {
                        note(&mut seen.warnings, warning);
                    }
                }
                Err(error) if hours == 0.0 => return Err(error),
                Err(error) => note(&mut seen.warnings, error.to_string()),
            }
        }
        for name in &there {
            seen.families.insert(name, hours);
        }
        // What was not there an hour ago is not asked for further back.
        known = there;
    }
    Ok(seen)
}

/// Asks for the rights, and some kubelets whether they answer.
///
/// # Errors
/// The cluster did not say its version: it is out of reach, or knows us not.
pub async fn cluster(cluster: &Cluster) -> Result<ClusterSeen, KubernetesError> {
    let version = cluster.version().await?;
    let access = cluster.access().await;
    let kubelets = match cluster.kubelets(KUBELETS_ASKED).await {
        Ok(answers) => of_kubelets(answers),
        Err(error) => KubeletsSeen { problem: Some(error.to_string()), ..KubeletsSeen::default() },
    };
    Ok(ClusterSeen { address: cluster.host().to_owned(), version, access, kubelets })
}

fn of_kubelets(answers: Vec<KubeletAnswers>) -> KubeletsSeen {
    let mut seen = KubeletsSeen { asked: answers.len(), ..KubeletsSeen::default() };
    for one in answers {
        let KubeletAnswers { node, metrics, summary } = one;
        seen.metrics += usize::from(metrics.is_ok());
        seen.summary += usize::from(summary.is_ok());
        let failed = [metrics, summary].into_iter().find_map(Result::err);
        if let Some(error) = failed {
            seen.problem.get_or_insert_with(|| format!("node `{node}`: {error}"));
        }
    }
    if seen.asked == 0 {
        seen.problem.get_or_insert_with(|| "the cluster shows no node".to_owned());
    }
    seen
}

/// Which of `names` have a sample at `at`.
async fn present(
    client: &Client,
    (names, selector): (&[&'static str], &str),
    at: Timestamp,
) -> Result<(Vec<&'static str>, Vec<String>), PrometheusError> {
    let pattern = names.join("|");
    let comma = if selector.is_empty() { "" } else { "," };
    let query = format!(r#"count by (__name__) ({{__name__=~"{pattern}"{comma}{selector}}})"#);
    let mut found: Vec<Series> = Vec::new();
    let answer = client.instant(&query, at, &mut found).await?;
    let is_there = |name: &&&'static str| {
        found.iter().any(|series| series.labels.get("__name__").is_some_and(|its| its == **name))
    };
    Ok((names.iter().filter(is_there).copied().collect(), answer.warnings))
}

/// Keeps a warning once, and few of them.
fn note(warnings: &mut Vec<String>, warning: String) {
    const MOST: usize = 8;
    if warnings.len() < MOST && !warnings.contains(&warning) {
        warnings.push(warning);
    }
}
