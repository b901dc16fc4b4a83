//! Change-time checks, judged apart from forecasts.
//!
//! An outcome of a change kind is named when a check on its unit said so from when the change was
//! seen to 10 s after the outcome. A check is false when no such outcome follows while it stands.

use foresail_core::{Alarm, FailureKind, KindClass, Outcome, PlatformDuration};
use foresail_engine::alarm::AlarmPolicy;

use crate::result::{CheckRow, Estimate, Scope};
use crate::tune::{Replayed, alarms};

/// How long after the outcome a check still counts.
pub(crate) const NAMED_WITHIN: PlatformDuration = PlatformDuration::from_seconds(10);

/// Rows per recording and change kind.
#[must_use]
pub fn rows(recordings: &[(&str, &Replayed)], policy: &AlarmPolicy) -> Vec<CheckRow> {
    let mut rows = Vec::new();
    for (name, replayed) in recordings {
        let raised: Vec<Alarm> = alarms(&replayed.trace, &replayed.trace.engine, policy)
            .into_iter()
            .filter(|alarm| matches!(alarm.kind.class(), KindClass::Change))
            .collect();
        let kinds =
            FailureKind::ALL.iter().filter(|kind| matches!(kind.class(), KindClass::Change));
        for kind in kinds {
            let outcomes: Vec<&Outcome> =
                replayed.trace.outcomes.iter().filter(|one| one.kind == *kind).collect();
            let scope = Scope::Recording((*name).to_owned());
            rows.push(row(scope, *kind, (&outcomes, &raised), replayed.ground.changes));
        }
    }
    rows
}

/// One row.
#[must_use]
pub fn row(
    scope: Scope,
    kind: FailureKind,
    (outcomes, raised): (&[&Outcome], &[Alarm]),
    changes: u32,
) -> CheckRow {
    let of_kind: Vec<&Alarm> = raised.iter().filter(|alarm| alarm.kind == kind).collect();
    let named = outcomes.iter().filter(|one| of_kind.iter().any(|alarm| names(alarm, one))).count();
    let wrong =
        of_kind.iter().filter(|alarm| !outcomes.iter().any(|one| names(alarm, one))).count();
    CheckRow {
        scope,
        kind: kind.as_str().to_owned(),
        outcomes: outcomes.len() as u32,
        named: named as u32,
        share_named: wilson(named, outcomes.len()),
        false_checks: wrong as u32,
        changes,
        false_per_100_changes: (changes > 0).then(|| 100.0 * wrong as f64 / f64::from(changes)),
    }
}

/// Whether `alarm` stood, or was raised within 10 s, when `outcome` occurred.
fn names(alarm: &Alarm, outcome: &Outcome) -> bool {
    alarm.unit == outcome.unit
        && alarm.raised_at <= outcome.occurred_at + NAMED_WITHIN
        && alarm.cleared_at.is_none_or(|cleared| cleared >= outcome.occurred_at)
}

/// A share with its 95 % Wilson interval; `None` of nothing.
///
/// # Source
/// Wilson 1927, doi:10.1080/01621459.1927.10502953.
#[must_use]
pub fn wilson(hits: usize, all: usize) -> Option<Estimate> {
    /// The 97.5 % quantile of the normal distribution.
    const Z: f64 = 1.959_964;
    if all == 0 {
        return None;
    }
    let (n, share) = (all as f64, hits as f64 / all as f64);
    let middle = (share + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    Some(Estimate {
        value: share,
        low: Some((middle - half).max(0.0)),
        high: Some((middle + half).min(1.0)),
        n,
    })
}
