//! `GET /api/v1/objects/{kind}/{namespace}/{name}`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use foresail_core::store::{Minute, NODE_COLUMNS, POD_COLUMNS, TimeSpan, WORKLOAD_COLUMNS};
use foresail_core::{PlatformDuration, Unit, WorkloadKind};
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::Names;
use super::incidents::{DEFAULT_SPAN, Kept, kept};
use super::names::ObjectKindName;
use crate::api::{Api, compute};
use crate::body::{AlarmBody, ObjectBody, OpenAlarms, OutcomeBody, workload_kind};
use crate::problem::{Code, Problem};
use crate::source::Snapshot;

/// Which object is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ObjectPath {
    /// Its kind, in letters of any case.
    #[param(value_type = ObjectKindName, inline)]
    kind: String,
    /// Its namespace; `-` for nodes and components.
    namespace: String,
    /// Its name.
    name: String,
}

/// Kinds of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Pod,
    Workload(Option<WorkloadKind>),
    Node,
    Volume,
    Component,
}

/// An object asked for, checked.
struct Wanted {
    kind: Kind,
    namespace: Option<String>,
    name: String,
}

/// What is known of one object
#[utoipa::path(
    get, path = "/api/v1/objects/{kind}/{namespace}/{name}", tag = "predictions", params(ObjectPath),
    security((), ("token" = [])),
    responses(
        (status = 200, description = "Its values, predictions, alarms and failures", body = ObjectBody),
        (status = "4XX", description = "Not answered as asked", body = Problem),
        (status = "5XX", description = "Not answered now", body = Problem),
    )
)]
pub(super) async fn object(
    State(api): State<Arc<Api>>,
    Names(path): Names<ObjectPath>,
) -> Result<Json<ObjectBody>, Problem> {
    let wanted = Wanted::try_from(path)?;
    let snapshot = api.snapshot()?;
    // What occurred at this very moment belongs to the answer.
    let until = api.source.now() + PlatformDuration::from_millis(1);
    let kept = kept(&api, TimeSpan { from: until - DEFAULT_SPAN, until }).await?;
    let cluster = api.cluster().to_owned();
    compute(move || wanted.answer(&cluster, &snapshot, kept)).await?.map(Json)
}

// === impl Wanted ===

impl Wanted {
    /// Whether something about `unit`, seen on `pod`, is about this object.
    fn concerns(&self, unit: &Unit, pod: Option<&str>) -> bool {
        let namespace = self.namespace.as_deref();
        match (self.kind, unit) {
            (Kind::Pod, Unit::Workload(id)) => {
                let is_it = id.kind == WorkloadKind::Pod && id.name == self.name;
                namespace == Some(&id.namespace) && (is_it || pod == Some(&self.name))
            }
            (Kind::Workload(kind), Unit::Workload(id)) => {
                namespace == Some(&id.namespace)
                    && id.name == self.name
                    && kind.is_none_or(|kind| id.kind == kind)
            }
            (Kind::Node, Unit::Node(name)) | (Kind::Component, Unit::Component(name)) => {
                *name == self.name
            }
            (Kind::Volume, Unit::Volume { namespace: of, claim }) => {
                namespace == Some(of) && *claim == self.name
            }
            (
                Kind::Pod | Kind::Workload(_) | Kind::Node | Kind::Volume | Kind::Component,
                Unit::Workload(_) | Unit::Node(_) | Unit::Volume { .. } | Unit::Component(_),
            ) => false,
        }
    }

    fn answer(
        &self,
        cluster: &str,
        now: &Snapshot,
        kept: Option<Kept>,
    ) -> Result<ObjectBody, Problem> {
        let mut body = self.empty(cluster);
        let known = now.minute.as_deref().is_some_and(|minute| self.fill(&mut body, minute));
        let alarms = OpenAlarms::new(now);
        let predictions = now.predictions.iter();
        body.predictions = predictions
            .filter(|one| self.concerns(&one.unit, one.pod.as_deref()))
            .map(|one| alarms.shape(one, cluster))
            .collect();
        let open: BTreeSet<_> = now.alarms.iter().map(|open| open.alarm.id).collect();
        body.alarms = (now.alarms.iter().rev())
            .filter(|open| self.concerns(&open.alarm.unit, open.alarm.pod.as_deref()))
            .map(|open| AlarmBody::open(open, cluster))
            .collect();
        if let Some(kept) = kept {
            let past = kept.alarms.iter().rev().filter(|alarm| {
                !open.contains(&alarm.id) && self.concerns(&alarm.unit, alarm.pod.as_deref())
            });
            body.alarms.extend(past.map(|alarm| AlarmBody::past(alarm, cluster)));
            body.outcomes = (kept.outcomes.iter().rev())
                .filter(|outcome| self.concerns(&outcome.unit, outcome.pod.as_deref()))
                .map(|outcome| OutcomeBody::new(outcome, cluster))
                .collect();
        }
        let said = !body.predictions.is_empty() || !body.alarms.is_empty();
        if known || said || !body.outcomes.is_empty() {
            Ok(body)
        } else {
            Err(Problem::new(Code::ObjectNotFound, format!("no such object: `{}`", self.name)))
        }
    }

    fn empty(&self, cluster: &str) -> ObjectBody {
        ObjectBody {
            cluster: cluster.to_owned(),
            object_kind: self.kind.as_str().to_owned(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            node: None,
            workload: None,
            workload_kind: None,
            values_at: None,
            values: BTreeMap::new(),
            predictions: Vec::new(),
            alarms: Vec::new(),
            outcomes: Vec::new(),
        }
    }

    /// Fills in the values of the minute; whether it has a row of the object.
    fn fill(&self, body: &mut ObjectBody, minute: &Minute) -> bool {
        let namespace = self.namespace.as_deref();
        let values = match self.kind {
            Kind::Pod => {
                let row = minute
                    .pods
                    .iter()
                    .find(|row| row.pod == self.name && namespace == Some(&row.workload.namespace));
                if let Some(row) = row {
                    body.node.clone_from(&row.node);
                    body.workload = Some(row.workload.name.clone());
                    body.workload_kind = Some(workload_kind(row.workload.kind).to_owned());
                }
                row.map(|row| columns(&POD_COLUMNS, &row.values))
            }
            Kind::Workload(_) => {
                let mut rows = minute.workloads.iter();
                let row =
                    rows.find(|row| self.concerns(&Unit::Workload(row.workload.clone()), None));
                if let Some(row) = row {
                    body.object_kind = workload_kind(row.workload.kind).to_owned();
                }
                row.map(|row| columns(&WORKLOAD_COLUMNS, &row.values))
            }
            Kind::Node => {
                let row = minute.nodes.iter().find(|row| row.node == self.name);
                row.map(|row| columns(&NODE_COLUMNS, &row.values))
            }
            Kind::Volume | Kind::Component => None,
        };
        let Some(values) = values else { return false };
        body.values = values;
        body.values_at = Some(minute.at);
        true
    }
}

/// Values by column; what is missing is null.
fn columns(names: &[&str], values: &[f32]) -> BTreeMap<String, Option<f64>> {
    let finite = |value: f32| value.is_finite().then(|| f64::from(value));
    names.iter().zip(values).map(|(name, value)| ((*name).to_owned(), finite(*value))).collect()
}

// === impl Kind ===

impl Kind {
    pub(super) const NAMES: [(&str, Self); 12] = [
        ("pod", Self::Pod),
        ("workload", Self::Workload(None)),
        ("deployment", Self::Workload(Some(WorkloadKind::Deployment))),
        ("replicaset", Self::Workload(Some(WorkloadKind::ReplicaSet))),
        ("statefulset", Self::Workload(Some(WorkloadKind::StatefulSet))),
        ("daemonset", Self::Workload(Some(WorkloadKind::DaemonSet))),
        ("job", Self::Workload(Some(WorkloadKind::Job))),
        ("cronjob", Self::Workload(Some(WorkloadKind::CronJob))),
        ("node", Self::Node),
        ("volume", Self::Volume),
        ("persistentvolumeclaim", Self::Volume),
        ("component", Self::Component),
    ];

    fn parse(text: &str) -> Option<Self> {
        let named = |(name, _): &&(&str, Self)| name.eq_ignore_ascii_case(text);
        Self::NAMES.iter().find(named).map(|(_, kind)| *kind)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Pod => "Pod",
            Self::Workload(None) => "Workload",
            Self::Workload(Some(kind)) => workload_kind(kind),
            Self::Node => "Node",
            Self::Volume => "Volume",
            Self::Component => "Component",
        }
    }

    const fn is_namespaced(self) -> bool {
        match self {
            Self::Pod | Self::Workload(_) | Self::Volume => true,
            Self::Node | Self::Component => false,
        }
    }
}

impl TryFrom<ObjectPath> for Wanted {
    type Error = Problem;
    fn try_from(path: ObjectPath) -> Result<Self, Problem> {
        let Some(kind) = Kind::parse(&path.kind) else {
            let names: Vec<_> = Kind::NAMES.iter().map(|(name, _)| *name).collect();
            let reason = format!("`{}` is none of {}", path.kind, names.join(", "));
            return Err(Problem::parameter("kind", reason));
        };
        let namespace = (path.namespace != "-").then_some(path.namespace);
        if kind.is_namespaced() != namespace.is_some() {
            let reason = if kind.is_namespaced() {
                "this kind of object has a namespace"
            } else {
                "this kind of object has no namespace: write `-`"
            };
            return Err(Problem::parameter("namespace", reason));
        }
        Ok(Self { kind, namespace, name: path.name })
    }
}
