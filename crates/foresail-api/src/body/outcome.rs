//! An outcome as the API answers it: a line of `foresail outcomes --format json`.

use foresail_core::{Outcome, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Place;

/// A failure that occurred.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OutcomeBody {
    /// When it occurred, by the object's own time.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// When that was known.
    #[schema(value_type = String, format = DateTime)]
    pub settled_at: Timestamp,
    /// When the object had recovered; null while it has not.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub recovered_at: Option<Timestamp>,
    /// Name of the cluster.
    pub cluster: String,
    /// The named failure.
    pub kind: String,
    /// `Workload`, `Node`, `Volume` or `Component`.
    pub object_kind: String,
    /// Namespace; null for cluster objects.
    pub namespace: Option<String>,
    /// Workload; null for anything else.
    pub workload: Option<String>,
    /// Its kind, such as `Deployment`.
    pub owner_kind: Option<String>,
    /// The pod it was seen on.
    pub pod: Option<String>,
    /// Node of the pod, or the node itself.
    pub node: Option<String>,
    /// Persistent volume claim, for volumes.
    pub volume: Option<String>,
    /// Control-plane component, for components.
    pub component: Option<String>,
    /// Number of the incident it belongs to.
    pub incident: u32,
    /// Whether it is the first outcome of its incident.
    pub primary: bool,
    /// The facts that made it, oldest first.
    pub facts: Vec<FactBody>,
}

/// A fact of the Kubernetes API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FactBody {
    /// When it held by its own time stamp.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Where it stands.
    pub source: String,
    /// What it says. Untrusted text.
    pub text: String,
}

// === impl OutcomeBody ===

impl OutcomeBody {
    /// The shape of `outcome`, which occurred in `cluster`.
    #[must_use]
    pub fn new(outcome: &Outcome, cluster: &str) -> Self {
        let place = Place::new(&outcome.unit, outcome.node.as_deref());
        let facts = outcome.facts.iter().map(|fact| FactBody {
            at: fact.at,
            source: fact.source.clone(),
            text: fact.text.clone(),
        });
        Self {
            at: outcome.occurred_at,
            settled_at: outcome.settled_at,
            recovered_at: outcome.recovered_at,
            cluster: cluster.to_owned(),
            kind: outcome.kind.as_str().to_owned(),
            object_kind: outcome.unit.object_kind().to_owned(),
            namespace: place.namespace,
            workload: place.workload,
            owner_kind: place.workload_kind,
            pod: outcome.pod.clone(),
            node: place.node,
            volume: place.volume,
            component: place.component,
            incident: outcome.incident,
            primary: outcome.primary,
            facts: facts.collect(),
        }
    }
}
