//! Kubernetes Events, from either of the two APIs that serve them.

use foresail_core::{ChangeKind, KubernetesEvent, Timestamp};
use serde::Deserialize;

use super::meta::Meta;
use super::{Facet, Form, Item, cut, read};
use crate::objects::time;

/// Names of the core API; those of `events.k8s.io` for the same things are aliases.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(default)]
    metadata: Meta,
    #[serde(rename = "type")]
    event_type: Option<String>,
    reason: Option<String>,
    #[serde(alias = "note")]
    message: Option<String>,
    #[serde(alias = "regarding")]
    involved_object: Option<Involved>,
    #[serde(alias = "deprecatedCount")]
    count: Option<u64>,
    #[serde(alias = "deprecatedFirstTimestamp")]
    first_timestamp: Option<String>,
    #[serde(alias = "deprecatedLastTimestamp")]
    last_timestamp: Option<String>,
    event_time: Option<String>,
    #[serde(alias = "deprecatedSource")]
    source: Option<Source>,
    #[serde(alias = "reportingController")]
    reporting_component: Option<String>,
    series: Option<Series>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Involved {
    kind: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
    uid: Option<String>,
    field_path: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Source {
    component: Option<String>,
}

/// How the newer API counts repetitions.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Series {
    count: Option<u64>,
    last_observed_time: Option<String>,
}

/// An Event. Its time of observation is set when it is told.
pub(in crate::kubernetes) fn event(bytes: &[u8], form: Form) -> Result<Item, String> {
    let event: Event = read(bytes, form)?;
    let object = event.involved_object.unwrap_or_default();
    let series = event.series.unwrap_or_default();
    let last = event.last_timestamp.or(series.last_observed_time);
    let component = event.source.unwrap_or_default().component;
    let component = component.filter(|component| !component.is_empty());
    let told = KubernetesEvent {
        observed_at: Timestamp::default(),
        change: ChangeKind::Listed,
        event_type: event.event_type.map(cut).unwrap_or_default(),
        reason: event.reason.map(cut).unwrap_or_default(),
        message: event.message.map(cut).unwrap_or_default(),
        object_kind: object.kind.map(cut).unwrap_or_default(),
        namespace: object.namespace.map(cut).unwrap_or_default(),
        name: object.name.map(cut).unwrap_or_default(),
        uid: object.uid.map(cut),
        field: object.field_path.map(cut),
        count: event.count.filter(|count| *count > 0).or(series.count),
        first: time(event.first_timestamp.as_deref())?,
        last: time(last.as_deref())?,
        event_time: time(event.event_time.as_deref())?,
        source: component.or(event.reporting_component).map(cut),
    };
    event.metadata.item(vec![Facet::Event(Box::new(told))])
}
