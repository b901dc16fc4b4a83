//! One line of the `--alarms` file: an alarm as JSON with stable field names.

use foresail_core::{Alarm, Cause, PlatformDuration, TimeToEvent, Timestamp, Unit};
use serde::Serialize;

/// An alarm as the `--alarms` file writes it. Times are RFC 3339, durations seconds of wall time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AlarmLine {
    /// Number of the alarm within its run.
    pub id: u64,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// When it was cleared; null while it is open.
    pub cleared_at: Option<Timestamp>,
    /// Name of the cluster.
    pub cluster: String,
    /// `Workload`, `Pod`, `Node`, `Volume` or `Component`.
    pub object_kind: &'static str,
    /// Namespace; null for cluster objects.
    pub namespace: Option<String>,
    /// Workload; null for anything else.
    pub workload: Option<String>,
    /// The pod that leads.
    pub pod: Option<String>,
    /// Node of the pod, or the node itself.
    pub node: Option<String>,
    /// Persistent volume claim, for volumes.
    pub volume: Option<String>,
    /// Control-plane component, for components.
    pub component: Option<String>,
    /// The named failure.
    pub kind: &'static str,
    /// `page`, `ticket` or `watch`.
    pub tier: &'static str,
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
    pub quantity: Option<&'static str>,
    /// Its level, in its unit.
    pub level: Option<f64>,
    /// Its limit, in its unit.
    pub limit: Option<f64>,
    /// Its growth toward the limit.
    pub slope_per_second: Option<f64>,
    /// One sentence with numbers.
    pub sentence: String,
    /// The command that shows it.
    pub kubectl: String,
    /// Ranked causes.
    pub causes: Vec<CauseLine>,
    /// Units that call this one and only feel it, folded under this alarm.
    pub affected: Vec<AffectedLine>,
    /// The proposed change; null where there is none.
    pub recommendation: Option<String>,
    /// Who says so.
    pub model: String,
}

/// A unit folded under an [`AlarmLine`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AffectedLine {
    /// `Workload`, `Node`, `Volume` or `Component`.
    pub object_kind: &'static str,
    /// Its namespace; null for cluster objects.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

/// A ranked cause of an [`AlarmLine`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CauseLine {
    /// The object that causes it.
    pub object: String,
    /// The class of cause.
    pub cause: String,
    /// Confidence in `0.0..=1.0`.
    pub confidence: f64,
    /// Facts that support it.
    pub evidence: Vec<String>,
}

// === impl AlarmLine ===

impl AlarmLine {
    /// The line of `alarm`, raised in `cluster`.
    #[must_use]
    pub fn new(alarm: &Alarm, cluster: &str) -> Self {
        let place = Place::of(alarm);
        let tte = |quantile: fn(&TimeToEvent) -> PlatformDuration| {
            alarm.time_to_event.as_ref().map(|time| quantile(time).as_seconds())
        };
        let basis = alarm.basis.as_ref();
        Self {
            id: alarm.id.0,
            raised_at: alarm.raised_at,
            cleared_at: alarm.cleared_at,
            cluster: cluster.to_owned(),
            object_kind: alarm.unit.object_kind(),
            namespace: place.namespace,
            workload: place.workload,
            pod: alarm.pod.clone(),
            node: place.node,
            volume: place.volume,
            component: place.component,
            kind: alarm.kind.as_str(),
            tier: alarm.tier.as_str(),
            score: alarm.score,
            probability: alarm.probability.map(foresail_core::Probability::get),
            horizon_seconds: alarm.horizon.as_seconds(),
            tte_p10_seconds: tte(|time| time.p10),
            tte_p50_seconds: tte(|time| time.p50),
            tte_p90_seconds: tte(|time| time.p90),
            quantity: basis.map(|basis| basis.quantity.as_str()),
            level: basis.map(|basis| basis.level),
            limit: basis.map(|basis| basis.limit),
            slope_per_second: basis.map(|basis| basis.slope_per_second),
            sentence: alarm.sentence.clone(),
            kubectl: alarm.kubectl.clone(),
            causes: alarm.causes.iter().map(CauseLine::from).collect(),
            affected: alarm.affected.iter().map(AffectedLine::from).collect(),
            recommendation: None,
            model: alarm.model.0.clone(),
        }
    }
}

impl From<&Unit> for AffectedLine {
    fn from(unit: &Unit) -> Self {
        let (namespace, name) = match unit {
            Unit::Workload(id) => (Some(&id.namespace), &id.name),
            Unit::Volume { namespace, claim } => (Some(namespace), claim),
            Unit::Node(name) | Unit::Component(name) => (None, name),
        };
        Self { object_kind: unit.object_kind(), namespace: namespace.cloned(), name: name.clone() }
    }
}

impl From<&Cause> for CauseLine {
    fn from(cause: &Cause) -> Self {
        Self {
            object: cause.object.clone(),
            cause: cause.cause.clone(),
            confidence: cause.confidence,
            evidence: cause.evidence.clone(),
        }
    }
}

/// Where the alarmed object stands.
#[derive(Default)]
struct Place {
    namespace: Option<String>,
    workload: Option<String>,
    node: Option<String>,
    volume: Option<String>,
    component: Option<String>,
}

impl Place {
    fn of(alarm: &Alarm) -> Self {
        let node = alarm.node.clone();
        match &alarm.unit {
            Unit::Workload(id) => Self {
                namespace: Some(id.namespace.clone()),
                workload: Some(id.name.clone()),
                node,
                ..Self::default()
            },
            Unit::Node(name) => Self { node: Some(name.clone()), ..Self::default() },
            Unit::Volume { namespace, claim } => Self {
                namespace: Some(namespace.clone()),
                volume: Some(claim.clone()),
                node,
                ..Self::default()
            },
            Unit::Component(name) => {
                Self { component: Some(name.clone()), node, ..Self::default() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use foresail_core::{
        AlarmId, Basis, FailureKind, ModelId, Probability, Quantity, Tier, WorkloadId, WorkloadKind,
    };

    use super::*;

    fn alarm() -> Alarm {
        Alarm {
            id: AlarmId(7),
            raised_at: "2026-11-24T07:15:00Z".parse().unwrap(),
            cleared_at: None,
            unit: Unit::Workload(WorkloadId {
                namespace: "shop".to_owned(),
                kind: WorkloadKind::Deployment,
                name: "cart".to_owned(),
            }),
            pod: Some("cart-7d9f-x2".to_owned()),
            node: Some("node-1".to_owned()),
            kind: FailureKind::OomKilled,
            tier: Tier::Page,
            score: 0.9,
            probability: Some(Probability::try_from(0.875).unwrap()),
            horizon: PlatformDuration::from_seconds(600),
            time_to_event: Some(TimeToEvent {
                p10: PlatformDuration::from_seconds(60),
                p50: PlatformDuration::from_seconds(120),
                p90: PlatformDuration::from_seconds(300),
            }),
            basis: Some(Basis {
                quantity: Quantity::MemoryWorkingSet,
                object: "shop/cart-7d9f-x2 container app".to_owned(),
                level: 100.0e6,
                limit: 128.0e6,
                slope_per_second: 2.5e5,
            }),
            sentence: "cart will be OOM-killed in about 2 min".to_owned(),
            kubectl: "kubectl -n shop top pod cart-7d9f-x2 --containers".to_owned(),
            causes: vec![Cause {
                object: "shop/cart-7d9f-x2 container app".to_owned(),
                cause: "memory_working_set_growth".to_owned(),
                confidence: 0.875,
                evidence: vec!["grows 250 kB a second".to_owned()],
            }],
            affected: vec![Unit::Workload(WorkloadId {
                namespace: "shop".to_owned(),
                kind: WorkloadKind::Deployment,
                name: "frontend".to_owned(),
            })],
            model: ModelId("first_passage".to_owned()),
        }
    }

    #[test]
    fn a_line_has_the_documented_fields() {
        insta::assert_json_snapshot!(AlarmLine::new(&alarm(), "lab"));
    }

    #[test]
    fn an_alarm_of_a_node_has_no_namespace_and_no_invented_time() {
        let alarm = Alarm {
            unit: Unit::Node("node-1".to_owned()),
            pod: None,
            node: None,
            kind: FailureKind::NodePressure,
            time_to_event: None,
            basis: None,
            affected: Vec::new(),
            cleared_at: Some("2026-11-24T07:20:00Z".parse().unwrap()),
            ..alarm()
        };
        insta::assert_json_snapshot!(AlarmLine::new(&alarm, "lab"));
    }
}
