//! An alarm as the API answers it: a line of the `--alarms` file, and whether it pages.

use foresail_core::{Alarm, Cause, Timestamp, Unit};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::outcome::OutcomeBody;
use super::prediction::{Times, finite};
use super::{Place, workload_kind};
use crate::source::OpenAlarm;

/// Alarms and what really happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IncidentsBody {
    /// Name of the cluster.
    pub cluster: String,
    /// The first instant of the span.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// The first instant after it.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
    /// Whether there is a store; without one `past` and `outcomes` are empty.
    pub kept: bool,
    /// Alarms that are open now, latest first.
    pub open: Vec<AlarmBody>,
    /// Other alarms raised in the span, latest first.
    pub past: Vec<AlarmBody>,
    /// Failures that occurred in the span, latest first.
    pub outcomes: Vec<OutcomeBody>,
    /// Entries of the three lists that the limit cut off.
    pub left_out: usize,
}

/// An alarm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AlarmBody {
    /// Number of the alarm within its cluster.
    pub id: u64,
    /// When it was raised.
    #[schema(value_type = String, format = DateTime)]
    pub raised_at: Timestamp,
    /// When it was cleared; null while it is open.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub cleared_at: Option<Timestamp>,
    /// Whether it pages now; null for one that is over.
    pub pages: Option<bool>,
    /// Why it does not page, where its tier would.
    pub muted_because: Option<String>,
    /// Name of the cluster.
    pub cluster: String,
    /// `Workload`, `Node`, `Volume` or `Component`.
    pub object_kind: String,
    /// Namespace; null for cluster objects.
    pub namespace: Option<String>,
    /// Workload; null for anything else.
    pub workload: Option<String>,
    /// Its kind, such as `Deployment`.
    pub workload_kind: Option<String>,
    /// The pod that leads.
    pub pod: Option<String>,
    /// Node of the pod, or the node itself.
    pub node: Option<String>,
    /// Persistent volume claim, for volumes.
    pub volume: Option<String>,
    /// Control-plane component, for components.
    pub component: Option<String>,
    /// The named failure.
    pub kind: String,
    /// `page`, `ticket` or `watch`.
    pub tier: String,
    /// The score that raised it.
    pub score: f64,
    /// Probability within the horizon.
    pub probability: Option<f64>,
    /// Within which time the failure is announced.
    pub horizon_seconds: f64,
    /// One in ten comes earlier; null where no honest time can be given.
    pub tte_p10_seconds: Option<f64>,
    /// Half come earlier.
    pub tte_p50_seconds: Option<f64>,
    /// Nine in ten come earlier.
    pub tte_p90_seconds: Option<f64>,
    /// What runs toward its limit.
    pub quantity: Option<String>,
    /// Its level, in its unit.
    pub level: Option<f64>,
    /// Its limit, in its unit.
    pub limit: Option<f64>,
    /// Its growth toward the limit.
    pub slope_per_second: Option<f64>,
    /// One sentence with numbers. May contain untrusted names.
    pub sentence: String,
    /// The command that shows it.
    pub kubectl: String,
    /// Ranked causes.
    pub causes: Vec<CauseBody>,
    /// Units that call this one and only feel it.
    pub affected: Vec<AffectedBody>,
    /// The proposed change; null where there is none.
    pub recommendation: Option<String>,
    /// Who says so.
    pub model: String,
}

/// A ranked cause.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CauseBody {
    /// The object that causes it.
    pub object: String,
    /// The class of cause.
    pub cause: String,
    /// Confidence between 0 and 1.
    pub confidence: f64,
    /// Facts that support it. Untrusted text.
    pub evidence: Vec<String>,
}

/// A unit folded under an alarm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AffectedBody {
    /// `Workload`, `Node`, `Volume` or `Component`.
    pub object_kind: String,
    /// Its namespace; null for cluster objects.
    pub namespace: Option<String>,
    /// Kind of the workload, such as `Deployment`.
    pub workload_kind: Option<String>,
    /// Its name.
    pub name: String,
}

// === impl AlarmBody ===

impl AlarmBody {
    /// The shape of an alarm of which only the store knows.
    #[must_use]
    pub fn past(alarm: &Alarm, cluster: &str) -> Self {
        let place = Place::new(&alarm.unit, alarm.node.as_deref());
        let times = Times::new(alarm.time_to_event);
        let basis = alarm.basis.as_ref();
        Self {
            id: alarm.id.0,
            raised_at: alarm.raised_at,
            cleared_at: alarm.cleared_at,
            pages: None,
            muted_because: None,
            cluster: cluster.to_owned(),
            object_kind: alarm.unit.object_kind().to_owned(),
            namespace: place.namespace,
            workload: place.workload,
            workload_kind: place.workload_kind,
            pod: alarm.pod.clone(),
            node: place.node,
            volume: place.volume,
            component: place.component,
            kind: alarm.kind.as_str().to_owned(),
            tier: alarm.tier.as_str().to_owned(),
            score: finite(alarm.score).unwrap_or(0.0),
            probability: alarm.probability.map(foresail_core::Probability::get),
            horizon_seconds: alarm.horizon.as_seconds(),
            tte_p10_seconds: times.p10,
            tte_p50_seconds: times.p50,
            tte_p90_seconds: times.p90,
            quantity: basis.map(|basis| basis.quantity.as_str().to_owned()),
            level: basis.and_then(|basis| finite(basis.level)),
            limit: basis.and_then(|basis| finite(basis.limit)),
            slope_per_second: basis.and_then(|basis| finite(basis.slope_per_second)),
            sentence: alarm.sentence.clone(),
            kubectl: alarm.kubectl.clone(),
            causes: alarm.causes.iter().map(CauseBody::from).collect(),
            affected: alarm.affected.iter().map(AffectedBody::from).collect(),
            recommendation: None,
            model: alarm.model.0.clone(),
        }
    }

    /// The shape of an open alarm.
    #[must_use]
    pub fn open(open: &OpenAlarm, cluster: &str) -> Self {
        Self {
            pages: Some(open.pages),
            muted_because: open.muted_because.clone(),
            ..Self::past(&open.alarm, cluster)
        }
    }
}

impl From<&Cause> for CauseBody {
    fn from(cause: &Cause) -> Self {
        Self {
            object: cause.object.clone(),
            cause: cause.cause.clone(),
            confidence: finite(cause.confidence).unwrap_or(0.0),
            evidence: cause.evidence.clone(),
        }
    }
}

impl From<&Unit> for AffectedBody {
    fn from(unit: &Unit) -> Self {
        Self {
            object_kind: unit.object_kind().to_owned(),
            namespace: Place::namespace(unit).map(str::to_owned),
            workload_kind: unit.workload().map(|id| workload_kind(id.kind).to_owned()),
            name: Place::name(unit).to_owned(),
        }
    }
}
