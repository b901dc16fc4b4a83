//! A change as the stream sends it.

use foresail_core::{AlarmChange, RenewalReason, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::alarm::{AffectedBody, AlarmBody};
use super::outcome::OutcomeBody;
use crate::source::{Change, OpenAlarm, What};

/// Something that happened: the data of one event of the stream. Which fields are set follows from
/// the type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChangeBody {
    /// What happened; also the name of the event.
    #[serde(rename = "type")]
    pub of: ChangeType,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Name of the cluster.
    pub cluster: String,
    /// Number of the alarm that was raised, said again or cleared, or that another was folded under.
    pub alarm_id: Option<u64>,
    /// The alarm as it is now, when it was raised or said again.
    pub alarm: Option<AlarmBody>,
    /// Why it was said again: `tier_rose` or `time_halved`.
    pub reason: Option<String>,
    /// The unit whose alarm was folded under another.
    pub folded: Option<AffectedBody>,
    /// What the folded alarm would have been.
    pub kind: Option<String>,
    /// The failure that occurred.
    pub outcome: Option<OutcomeBody>,
    /// How many predictions the tick made.
    pub predictions: Option<usize>,
    /// How many changes this client missed; null where that is not known.
    pub missed: Option<u64>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeType {
    /// An alarm was raised.
    AlarmRaised,
    /// An open alarm was said again.
    AlarmRenewed,
    /// An alarm was not raised, because an open one says it already.
    AlarmFolded,
    /// An alarm ended.
    AlarmCleared,
    /// A failure occurred, or more is known of one.
    Outcome,
    /// A tick was assessed.
    Tick,
    /// This client missed changes: read `/api/v1/incidents` again.
    Missed,
}

// === impl ChangeType ===

impl ChangeType {
    /// The name of the event.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AlarmRaised => "alarm_raised",
            Self::AlarmRenewed => "alarm_renewed",
            Self::AlarmFolded => "alarm_folded",
            Self::AlarmCleared => "alarm_cleared",
            Self::Outcome => "outcome",
            Self::Tick => "tick",
            Self::Missed => "missed",
        }
    }
}

// === impl ChangeBody ===

impl ChangeBody {
    /// The shape of `change` in `cluster`.
    #[must_use]
    pub fn new(change: &Change, cluster: &str) -> Self {
        match &change.what {
            What::Alarm { change: alarm, pages, muted_because } => {
                let shape = |alarm: &foresail_core::Alarm| {
                    let (pages, muted_because) = (*pages, muted_because.clone());
                    AlarmBody::open(
                        &OpenAlarm { alarm: alarm.clone(), pages, muted_because },
                        cluster,
                    )
                };
                Self::of_alarm(alarm, Self::empty(ChangeType::Tick, change.at, cluster), shape)
            }
            What::Outcome(outcome) => Self {
                outcome: Some(OutcomeBody::new(outcome, cluster)),
                ..Self::empty(ChangeType::Outcome, change.at, cluster)
            },
            What::Tick { predictions } => Self {
                predictions: Some(*predictions),
                ..Self::empty(ChangeType::Tick, change.at, cluster)
            },
        }
    }

    /// Says that a client missed `missed` changes.
    pub(crate) fn missed(at: Timestamp, cluster: &str, missed: Option<u64>) -> Self {
        Self { missed, ..Self::empty(ChangeType::Missed, at, cluster) }
    }

    fn of_alarm(
        change: &AlarmChange,
        base: Self,
        shape: impl Fn(&foresail_core::Alarm) -> AlarmBody,
    ) -> Self {
        match change {
            AlarmChange::Raised(alarm) => Self {
                of: ChangeType::AlarmRaised,
                alarm_id: Some(alarm.id.0),
                alarm: Some(shape(alarm)),
                ..base
            },
            AlarmChange::Renewed { alarm, reason } => Self {
                of: ChangeType::AlarmRenewed,
                alarm_id: Some(alarm.id.0),
                alarm: Some(shape(alarm)),
                reason: Some(renewal(*reason).to_owned()),
                ..base
            },
            AlarmChange::Folded { root, unit, kind, .. } => Self {
                of: ChangeType::AlarmFolded,
                alarm_id: Some(root.0),
                folded: Some(unit.into()),
                kind: Some(kind.as_str().to_owned()),
                ..base
            },
            AlarmChange::Cleared { id, .. } => {
                Self { of: ChangeType::AlarmCleared, alarm_id: Some(id.0), ..base }
            }
        }
    }

    fn empty(of: ChangeType, at: Timestamp, cluster: &str) -> Self {
        Self {
            of,
            at,
            cluster: cluster.to_owned(),
            alarm_id: None,
            alarm: None,
            reason: None,
            folded: None,
            kind: None,
            outcome: None,
            predictions: None,
            missed: None,
        }
    }
}

const fn renewal(reason: RenewalReason) -> &'static str {
    match reason {
        RenewalReason::TierRose => "tier_rose",
        RenewalReason::TimeHalved => "time_halved",
    }
}
