//! Gates: what must hold before a number means anything (`evaluation.md` section 5).
//!
//! Gate 1 (causality) is a property of the engine and stands in the tests. Gates 2 to 8 look at rows
//! and at what is learned from them. Those of alarm trains stand here: a protocol that an always-on
//! or a reactive alarm passes measures nothing.
//!
//! ```text
//!  definition 2 · single 3 · shuffled 4 · injection 5 · after 6 · clock, origin 7 · duplicates 8
//!        features, Lessons, Grounds ──> Gate { name, passed, detail }
//! ```

use foresail_core::{FailureKind, FaultDuration, PlatformDuration};

use crate::incident::Ground;
use crate::matching::{Judgement, Raised, judge};
use crate::result::{Gate, Seeds};
use crate::shift::chance;
use crate::summary::{Frame, Summary};
use crate::trace::UnitIndex;
use crate::tune::{Reading, Replayed};

mod after;
mod clock;
mod definition;
mod duplicates;
mod injection;
mod origin;
mod rows;
mod shuffled;
mod single;

pub use after::no_window_at_or_after_a_failure;
pub use clock::{clocks, no_identity_and_no_clock, the_start_is_not_learned_from};
pub use definition::{Described, defining_quantities, described, no_thresholded_definition};
pub use duplicates::{Duplicates, near_duplicates, near_duplicates_are_counted};
pub use injection::{
    BeforeInjection, Injection, LEAST_INJECTIONS, against_own_usual, before_injection, injections,
    targets_are_not_known_before,
};
pub use origin::{Origin, origin};
pub use rows::Lived;
pub use shuffled::{Learner, out_of_fold, scores, shuffled, shuffled_labels_are_worth_nothing};
pub use single::{SingleFeature, no_single_feature_tells_all, single_features};

/// The longest horizon, in fault time.
const HORIZON: FaultDuration = FaultDuration::from_minutes(100.0);

/// Alarms that are always open on every workload, raised anew whenever they end.
#[must_use]
pub fn always_on(ground: &Ground) -> Vec<Raised> {
    let horizon = ground.scale.to_platform(HORIZON);
    let mut raised = Vec::new();
    for (number, unit) in ground.units.iter().enumerate() {
        let mut open_until = None;
        for (tick, at) in ground.ticks.iter().enumerate() {
            if !unit.observed[tick] {
                open_until = None;
            } else if open_until.is_none_or(|until| *at >= until) {
                open_until = Some(*at + horizon);
                raised.push(Raised {
                    unit: UnitIndex(number as u32),
                    kind: FailureKind::OomKilled,
                    at: *at,
                    cleared_at: None,
                    horizon,
                });
            }
        }
    }
    raised.sort_by_key(|one| (one.at, one.unit));
    raised
}

/// Alarms raised the moment an incident has begun.
#[must_use]
pub fn reactive(ground: &Ground) -> Vec<Raised> {
    announced(ground, |_| Some(PlatformDuration::ZERO))
}

/// Alarms raised exactly `L_min` before every reachable incident.
#[must_use]
pub fn oracle(ground: &Ground) -> Vec<Raised> {
    announced(ground, |incident| {
        incident.is_reachable().then(|| incident.minimum_lead(ground.scale))
    })
}

fn announced(
    ground: &Ground,
    lead: impl Fn(&crate::incident::Incident) -> Option<PlatformDuration>,
) -> Vec<Raised> {
    let horizon = ground.scale.to_platform(HORIZON);
    let mut raised: Vec<Raised> = ground
        .incidents
        .iter()
        .filter(|incident| incident.is_headline())
        .filter_map(|incident| {
            Some(Raised {
                unit: incident.unit,
                kind: incident.kind,
                at: incident.at - lead(incident)?,
                cleared_at: None,
                horizon,
            })
        })
        .collect();
    raised.sort_by_key(|one| (one.at, one.unit));
    raised
}

/// The three gates of alarm trains on one recording.
#[must_use]
pub fn alarm_train_gates(replayed: &Replayed, seeds: Seeds) -> Vec<Gate> {
    let (ground, frame) = (&replayed.ground, &replayed.frame);
    vec![
        refuses_always_on(ground, frame, (&judge(ground, &always_on(ground)), seeds)),
        gives_no_hit_to_reactive(ground, frame, &judge(ground, &reactive(ground))),
        gives_all_to_oracle(ground, frame, &judge(ground, &oracle(ground))),
    ]
}

/// Whether skill is refused to an alarm train.
#[must_use]
pub fn refuses_always_on(
    ground: &Ground,
    frame: &Frame,
    (judgement, seeds): (&Judgement, Seeds),
) -> Gate {
    let summary = Summary::new(ground, frame, judgement);
    let reading = Reading::of(std::iter::once((frame, &summary)));
    let chance = chance(ground, judgement, seeds.shifts, seeds.shift_repetitions);
    let skill = chance.skill(reading.time_in_warning);
    Gate {
        name: "alarms that are always on are refused".to_owned(),
        passed: skill.is_err(),
        detail: match skill {
            Ok(skill) => format!("skill {skill:.2} was granted"),
            Err(reason) => format!("refused: {reason}"),
        },
    }
}

/// Whether alarms that only react score no hit.
#[must_use]
pub fn gives_no_hit_to_reactive(ground: &Ground, frame: &Frame, judgement: &Judgement) -> Gate {
    let counts = Summary::new(ground, frame, judgement).counts;
    Gate {
        name: "alarms that only react score no hit".to_owned(),
        passed: counts.hits == 0,
        detail: format!("{} hits of {} alarms", counts.hits, counts.alarms),
    }
}

/// Whether an oracle that fires `L_min` before catches every reachable incident.
#[must_use]
pub fn gives_all_to_oracle(ground: &Ground, frame: &Frame, judgement: &Judgement) -> Gate {
    let counts = Summary::new(ground, frame, judgement).counts;
    Gate {
        name: "an oracle that fires L_min before catches every reachable incident".to_owned(),
        passed: counts.reachable_matched == counts.reachable && counts.false_alarms == 0,
        detail: format!(
            "{} of {} caught, {} false",
            counts.reachable_matched, counts.reachable, counts.false_alarms
        ),
    }
}

#[cfg(test)]
mod tests;
