//! A span of history cut in two: what is learned from, and what is judged.
//!
//! ```text
//!  ├──────── earlier part, 60 % ────────┤── embargo, 2 h of fault time ──┤──── judged part ────┤
//! ```
//! Each part becomes a recording of its own, so nothing that trains can see a sample of the judged part.
//! The embargo is longer than the longest horizon and than every window of the features
//! (`evaluation.md` section 4): no row of one part knows what happened in the other.

use foresail_core::{FaultDuration, KindClass, Outcome, TimeScale, Timestamp};

/// Share of the time that is learned from.
pub const SHARE: f64 = 0.6;

/// Between the parts, used by neither.
pub const EMBARGO: FaultDuration = FaultDuration::from_minutes(120.0);

/// A span is cut by time only where it is longer than so many embargoes.
const EMBARGOES: f64 = 5.0;

/// Incidents needed to learn from. Ten events for each thing that is estimated is the least below which
/// estimates are unstable (Peduzzi et al. 1996, doi:10.1016/S0895-4356(96)00236-3); here one rate is.
const INCIDENTS: usize = 10;

/// The two parts of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// What is learned from.
    pub earlier: (Timestamp, Timestamp),
    /// What is judged.
    pub judged: (Timestamp, Timestamp),
}

/// What the earlier part holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incidents {
    /// Incidents of headline kinds.
    pub all: usize,
    /// Of them not over when the part ended: what became of them is not known to it.
    pub unfinished: usize,
}

/// Why nothing is learned.
#[derive(Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TooLittle {
    /// The span is too short to be cut.
    #[error(
        "{hours:.1} production hours are too short to train on the earlier part and judge the later: more \
         than {needed:.0} are needed"
    )]
    Time {
        /// What there is.
        hours: f64,
        /// What is needed.
        needed: f64,
    },
    /// Too little happened.
    #[error(
        "the earlier part, until {until}, holds {found} incidents: at least {INCIDENTS} are needed to train"
    )]
    Incidents {
        /// What there is.
        found: usize,
        /// End of the part.
        until: Timestamp,
    },
}

// === impl Parts ===

impl Parts {
    /// Cuts a span.
    ///
    /// # Errors
    /// [`TooLittle::Time`] where it is not longer than five embargoes.
    pub fn of((start, end): (Timestamp, Timestamp), scale: TimeScale) -> Result<Self, TooLittle> {
        let span = end.since(start);
        let (minutes, least) =
            (scale.to_fault(span).as_minutes(), EMBARGOES * EMBARGO.as_minutes());
        if minutes <= least {
            return Err(TooLittle::Time { hours: minutes / 60.0, needed: least / 60.0 });
        }
        let learned = FaultDuration::from_minutes(SHARE * minutes);
        let cut = start + scale.to_platform(learned);
        Ok(Self { earlier: (start, cut), judged: (cut + scale.to_platform(EMBARGO), end) })
    }
}

// === impl Incidents ===

impl Incidents {
    /// Counts the incidents among the outcomes of the earlier part.
    ///
    /// # Errors
    /// [`TooLittle::Incidents`] where there are too few to learn from.
    pub fn of(outcomes: &[Outcome], until: Timestamp) -> Result<Self, TooLittle> {
        let first = |outcome: &&Outcome| {
            outcome.primary && matches!(outcome.kind.class(), KindClass::ApiFact)
        };
        let open = |incident: u32| {
            outcomes.iter().any(|one| one.incident == incident && one.recovered_at.is_none())
        };
        let primary: Vec<&Outcome> = outcomes.iter().filter(first).collect();
        let (all, unfinished) =
            (primary.len(), primary.iter().filter(|one| open(one.incident)).count());
        if all < INCIDENTS {
            return Err(TooLittle::Incidents { found: all, until });
        }
        Ok(Self { all, unfinished })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{at, outcome};
    use foresail_core::FailureKind;

    fn scale(factor: f64) -> TimeScale {
        TimeScale::try_from(factor).unwrap()
    }

    #[test]
    fn nothing_of_the_judged_part_is_within_any_horizon_of_the_earlier_one() {
        for factor in [1.0, 10.0] {
            let parts = Parts::of((at(0), at(86_400)), scale(factor)).unwrap();
            let apart = parts.judged.0.since(parts.earlier.1);
            let longest =
                FailureKind::ALL.iter().filter(|kind| matches!(kind.class(), KindClass::ApiFact));
            let longest = longest.map(|kind| kind.longest_horizon().as_minutes());
            let longest = longest.fold(0.0, f64::max);
            assert!(scale(factor).to_fault(apart).as_minutes() >= longest);
            assert_eq!(parts.earlier, (at(0), at(51_840)));
            assert_eq!(parts.judged.1, at(86_400));
        }
    }

    #[test]
    fn a_span_of_five_embargoes_is_too_short() {
        let hours = |hours: i64| Parts::of((at(0), at(hours * 3_600)), scale(1.0));
        assert_eq!(hours(10), Err(TooLittle::Time { hours: 10.0, needed: 10.0 }));
        assert!(hours(11).is_ok());
        assert!(hours(10).unwrap_err().to_string().contains("10.0 production hours are too short"));
    }

    #[test]
    fn incidents_that_span_the_cut_are_counted_and_few_are_refused() {
        let mut outcomes: Vec<Outcome> = (0..10)
            .map(|n| outcome("cart", FailureKind::OomKilled, 100 * i64::from(n), n))
            .collect();
        outcomes[9].recovered_at = None;
        let counted = Incidents::of(&outcomes, at(1_000));
        assert_eq!(counted, Ok(Incidents { all: 10, unfinished: 1 }));
        let few = Incidents::of(&outcomes[1..], at(1_000)).unwrap_err();
        assert!(few.to_string().contains("holds 9 incidents: at least 10"), "{few}");
    }
}
