//! A prediction as the API answers it.

use std::collections::BTreeMap;

use foresail_core::{
    FailureKind, PlatformDuration, Prediction, TimeToEvent, Timestamp, Unit, Verdict,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Place;
use crate::source::{OpenAlarm, Snapshot};

/// Ranked predictions of the last tick.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PredictionsBody {
    /// Name of the cluster.
    pub cluster: String,
    /// The time that was assessed.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// How many predictions match, shown or not.
    pub matching: usize,
    /// Those shown, highest score first.
    pub predictions: Vec<PredictionBody>,
}

/// What one model says about one object and one kind of failure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PredictionBody {
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
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
    /// Probability within the horizon; null where there is not enough data.
    pub probability: Option<f64>,
    /// What is missing for a probability, in words.
    pub not_enough_data: Option<String>,
    /// What ranks it against other predictions.
    pub score: f64,
    /// How far it looks ahead.
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
    /// Facts that support it, most telling first. Untrusted text.
    pub evidence: Vec<String>,
    /// Who says so.
    pub model: String,
    /// Number of the open alarm of this object and kind; null where there is none.
    pub alarm_id: Option<u64>,
    /// Whether that alarm pages; null where there is none.
    pub pages: Option<bool>,
}

/// Open alarms by what they are about.
pub(crate) struct OpenAlarms<'a>(BTreeMap<(FailureKind, &'a Unit), &'a OpenAlarm>);

/// Three quantiles of a time, in seconds.
pub(super) struct Times {
    pub(super) p10: Option<f64>,
    pub(super) p50: Option<f64>,
    pub(super) p90: Option<f64>,
}

// === impl PredictionBody ===

impl PredictionBody {
    /// The shape of `prediction`, made in `cluster`.
    #[must_use]
    pub fn new(prediction: &Prediction, cluster: &str) -> Self {
        let place = Place::new(&prediction.unit, prediction.node.as_deref());
        let times = Times::new(prediction.time_to_event());
        let basis = prediction.basis.as_ref();
        let missing = match &prediction.verdict {
            Verdict::Likely { .. } => None,
            Verdict::NotEnoughData { missing } => Some(missing.clone()),
        };
        Self {
            at: prediction.at,
            cluster: cluster.to_owned(),
            object_kind: prediction.unit.object_kind().to_owned(),
            namespace: place.namespace,
            workload: place.workload,
            workload_kind: place.workload_kind,
            pod: prediction.pod.clone(),
            node: place.node,
            volume: place.volume,
            component: place.component,
            kind: prediction.kind.as_str().to_owned(),
            probability: prediction.probability().map(foresail_core::Probability::get),
            not_enough_data: missing,
            score: finite(prediction.score).unwrap_or(0.0),
            horizon_seconds: prediction.horizon.as_seconds(),
            tte_p10_seconds: times.p10,
            tte_p50_seconds: times.p50,
            tte_p90_seconds: times.p90,
            quantity: basis.map(|basis| basis.quantity.as_str().to_owned()),
            level: basis.and_then(|basis| finite(basis.level)),
            limit: basis.and_then(|basis| finite(basis.limit)),
            slope_per_second: basis.and_then(|basis| finite(basis.slope_per_second)),
            sentence: prediction.sentence.clone(),
            evidence: prediction.evidence.clone(),
            model: prediction.model.0.clone(),
            alarm_id: None,
            pages: None,
        }
    }
}

// === impl OpenAlarms ===

impl<'a> OpenAlarms<'a> {
    /// The open alarms of `snapshot`.
    pub(crate) fn new(snapshot: &'a Snapshot) -> Self {
        let alarms = snapshot.alarms.iter();
        Self(alarms.map(|open| ((open.alarm.kind, &open.alarm.unit), open)).collect())
    }

    /// Whether an alarm is open for what `prediction` is about.
    pub(crate) fn concern(&self, prediction: &Prediction) -> bool {
        self.0.contains_key(&(prediction.kind, &prediction.unit))
    }

    /// The shape of `prediction`, with its alarm.
    pub(crate) fn shape(&self, prediction: &Prediction, cluster: &str) -> PredictionBody {
        let open = self.0.get(&(prediction.kind, &prediction.unit));
        PredictionBody {
            alarm_id: open.map(|open| open.alarm.id.0),
            pages: open.map(|open| open.pages),
            ..PredictionBody::new(prediction, cluster)
        }
    }
}

// === impl Times ===

impl Times {
    pub(super) fn new(time: Option<TimeToEvent>) -> Self {
        let seconds = |of: fn(&TimeToEvent) -> PlatformDuration| {
            time.as_ref().map(|time| of(time).as_seconds())
        };
        Self {
            p10: seconds(|time| time.p10),
            p50: seconds(|time| time.p50),
            p90: seconds(|time| time.p90),
        }
    }
}

/// JSON has no NaN and no infinity.
pub(super) fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
