//! `GET /api/v1/incidents`.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use foresail_core::store::{AlarmFilter, TimeSpan};
use foresail_core::{Alarm, FailureKind, Outcome, PlatformDuration, Timestamp, Unit};
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{self, Parameters};
use super::names::FailureKindName;
use crate::api::{Api, compute};
use crate::body::{AlarmBody, IncidentsBody, OutcomeBody, Place};
use crate::problem::Problem;
use crate::source::Snapshot;

/// Entries a list that are answered without `limit`.
const DEFAULT_LIMIT: usize = 1_000;
/// The span without `since`.
pub(super) const DEFAULT_SPAN: PlatformDuration = PlatformDuration::from_seconds(86_400);
/// The longest span: a month keeps the answer of a large cluster in bounds.
const LONGEST_SPAN: PlatformDuration = PlatformDuration::from_seconds(31 * 86_400);

/// Which incidents are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct IncidentsQuery {
    /// The first instant, in RFC 3339; 24 hours before `until` by default.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<String>,
    /// The first instant after the span, in RFC 3339; now by default. At most 31 days after `since`.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<String>,
    /// Only of this failure kind.
    #[param(value_type = Option<FailureKindName>, inline)]
    kind: Option<String>,
    /// Only of objects in this namespace.
    namespace: Option<String>,
    /// At most so many a list; 1,000 by default.
    #[param(minimum = 1, maximum = 10000)]
    limit: Option<usize>,
}

/// The same, checked.
struct Filter {
    span: TimeSpan,
    kind: Option<FailureKind>,
    namespace: Option<String>,
    limit: usize,
}

/// What the store has of a span.
pub(super) struct Kept {
    pub(super) alarms: Vec<Alarm>,
    pub(super) outcomes: Vec<Outcome>,
}

/// Alarms that are open, and alarms and failures of a span
#[utoipa::path(
    get, path = "/api/v1/incidents", tag = "predictions", params(IncidentsQuery),
    security((), ("token" = [])),
    responses(
        (status = 200, description = "Alarms and failures, latest first", body = IncidentsBody),
        (status = "4XX", description = "Not answered as asked", body = Problem),
        (status = "5XX", description = "Not answered now", body = Problem),
    )
)]
pub(super) async fn incidents(
    State(api): State<Arc<Api>>,
    Parameters(query): Parameters<IncidentsQuery>,
) -> Result<Json<IncidentsBody>, Problem> {
    let filter = Filter::new(query, api.source.now())?;
    let snapshot = api.source.snapshot();
    let kept = kept(&api, filter.span).await?;
    let cluster = api.cluster().to_owned();
    compute(move || filter.answer(&cluster, snapshot.as_deref(), kept)).await.map(Json)
}

/// What the store has of `span`; `None` without one.
pub(super) async fn kept(api: &Api, span: TimeSpan) -> Result<Option<Kept>, Problem> {
    let Some(archive) = api.source.archive() else { return Ok(None) };
    let cluster = api.source.cluster();
    let alarms = archive.alarms(cluster, AlarmFilter::Raised(span)).await?;
    let outcomes = archive.outcomes(cluster, span).await?;
    Ok(Some(Kept { alarms, outcomes }))
}

// === impl Filter ===

impl Filter {
    fn new(query: IncidentsQuery, now: Timestamp) -> Result<Self, Problem> {
        let until = extract::time("until", query.until.as_deref())?.unwrap_or(now);
        let since = extract::time("since", query.since.as_deref())?.unwrap_or(until - DEFAULT_SPAN);
        if since >= until {
            return Err(Problem::parameter("since", format!("`{since}` is not before `{until}`")));
        }
        if since + LONGEST_SPAN < until {
            let reason = format!("`{since}` is more than 31 days before `{until}`");
            return Err(Problem::parameter("since", reason));
        }
        Ok(Self {
            span: TimeSpan { from: since, until },
            kind: extract::kind(query.kind.as_deref())?,
            namespace: query.namespace,
            limit: extract::limit(query.limit, DEFAULT_LIMIT)?,
        })
    }

    fn matches(&self, kind: FailureKind, unit: &Unit) -> bool {
        self.kind.is_none_or(|wanted| wanted == kind)
            && self.namespace.as_deref().is_none_or(|name| Place::namespace(unit) == Some(name))
    }

    fn answer(self, cluster: &str, now: Option<&Snapshot>, kept: Option<Kept>) -> IncidentsBody {
        let is_kept = kept.is_some();
        let kept = kept.unwrap_or(Kept { alarms: Vec::new(), outcomes: Vec::new() });
        let open: BTreeSet<_> =
            now.iter().flat_map(|now| &now.alarms).map(|open| open.alarm.id).collect();
        let mut left_out = 0;
        let mut cut = |count: usize| left_out += count.saturating_sub(self.limit);

        let mut alarms: Vec<_> = now.iter().flat_map(|now| &now.alarms).collect();
        alarms.retain(|open| self.matches(open.alarm.kind, &open.alarm.unit));
        alarms.sort_by_key(|open| std::cmp::Reverse((open.alarm.raised_at, open.alarm.id)));
        cut(alarms.len());
        let shown = alarms.into_iter().take(self.limit);
        let open_bodies = shown.map(|open| AlarmBody::open(open, cluster)).collect();

        let mut past = kept.alarms;
        past.retain(|alarm| !open.contains(&alarm.id) && self.matches(alarm.kind, &alarm.unit));
        past.sort_by_key(|alarm| std::cmp::Reverse((alarm.raised_at, alarm.id)));
        cut(past.len());
        let shown = past.iter().take(self.limit);
        let past = shown.map(|alarm| AlarmBody::past(alarm, cluster)).collect();

        let mut outcomes = kept.outcomes;
        outcomes.retain(|outcome| self.matches(outcome.kind, &outcome.unit));
        outcomes.sort_by_key(|outcome| std::cmp::Reverse(outcome.occurred_at));
        cut(outcomes.len());
        let shown = outcomes.iter().take(self.limit);
        let outcomes = shown.map(|outcome| OutcomeBody::new(outcome, cluster)).collect();

        IncidentsBody {
            cluster: cluster.to_owned(),
            since: self.span.from,
            until: self.span.until,
            kept: is_kept,
            open: open_bodies,
            past,
            outcomes,
            left_out,
        }
    }
}
