//! Skill: what is left of recall when chance is taken away.
//!
//! Each unit's alarms are shifted in time, wrapping at the ends of what was seen of the unit. An
//! alarm train that is always on, or that keeps a clock, still "hits" when shifted.

use foresail_core::{PlatformDuration, Timestamp};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::incident::{Ground, UnitGround};
use crate::matching::{Judged, Judgement};

/// Hits by chance above which skill says nothing.
pub const MOST_BY_CHANCE: f64 = 0.5;
/// Time in warning above which skill is refused.
pub const MOST_TIME_IN_WARNING: f64 = 0.1;

/// Mean share of incidents that shifted alarms match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Chance {
    /// Incidents of the headline kinds.
    pub incidents: u32,
    /// Of them matched by the alarms as raised.
    pub matched: u32,
    /// Of them matched by shifted alarms, on average.
    pub matched_shifted: f64,
}

// === impl Chance ===

impl Chance {
    /// Recall over all incidents.
    #[must_use]
    pub fn recall(&self) -> Option<f64> {
        (self.incidents > 0).then(|| f64::from(self.matched) / f64::from(self.incidents))
    }

    /// Recall of shifted alarms over all incidents.
    #[must_use]
    pub fn recall_shifted(&self) -> Option<f64> {
        (self.incidents > 0).then(|| self.matched_shifted / f64::from(self.incidents))
    }

    /// Skill, or why there is none.
    ///
    /// # Errors
    /// A sentence: no incident, too many hits by chance, or too much time in warning.
    pub fn skill(&self, time_in_warning: Option<f64>) -> Result<f64, String> {
        let (Some(real), Some(chance)) = (self.recall(), self.recall_shifted()) else {
            return Err("there is no incident".to_owned());
        };
        if chance > MOST_BY_CHANCE {
            return Err(format!("shifted alarms match {:.0} % of incidents", chance * 100.0));
        }
        match time_in_warning {
            Some(share) if share > MOST_TIME_IN_WARNING => Err(format!(
                "alarms are open for {:.1} % of the time, over the {:.0} % that are accepted",
                share * 100.0,
                MOST_TIME_IN_WARNING * 100.0
            )),
            Some(_) | None => Ok((real - chance) / (1.0 - chance)),
        }
    }

    /// The sum over recordings.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            incidents: self.incidents + other.incidents,
            matched: self.matched + other.matched,
            matched_shifted: self.matched_shifted + other.matched_shifted,
        }
    }
}

/// Shifts the alarms of `judgement` `repetitions` times.
#[must_use]
pub fn chance(ground: &Ground, judgement: &Judgement, seed: u64, repetitions: u32) -> Chance {
    let headline = |i: &usize| ground.incidents[*i].is_headline();
    let incidents = ground.incidents.iter().filter(|one| one.is_headline()).count() as u32;
    let matched = (0..ground.incidents.len())
        .filter(headline)
        .filter(|i| judgement.matched[*i].is_some())
        .count() as u32;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut total = 0_u64;
    for (number, unit) in ground.units.iter().enumerate() {
        let alarms: Vec<&Judged> = judgement
            .alarms
            .iter()
            .filter(|judged| judged.raised.unit.0 as usize == number)
            .collect();
        let wanted: Vec<usize> = unit.incidents.iter().copied().filter(headline).collect();
        let Some(span) = span(ground, unit) else { continue };
        if alarms.is_empty() || wanted.is_empty() {
            continue;
        }
        for _ in 0..repetitions {
            let shift = random.random_range(0..span.1.since(span.0).as_millis().max(1));
            let shifted: Vec<_> =
                alarms.iter().flat_map(|judged| shift_one(judged, span, shift)).collect();
            total += wanted
                .iter()
                .filter(|i| shifted.iter().any(|alarm| matches(ground, unit, alarm, **i)))
                .count() as u64;
        }
    }
    Chance { incidents, matched, matched_shifted: total as f64 / f64::from(repetitions.max(1)) }
}

/// From the first to the last tick at which the unit was there or in a blackout.
fn span(ground: &Ground, unit: &UnitGround) -> Option<(Timestamp, Timestamp)> {
    let first = unit.observed.iter().position(|on| *on)?;
    let last = ground.ticks.last()?;
    Some((ground.ticks[first], *last + ground.step))
}

struct Shifted {
    at: Timestamp,
    until: Timestamp,
    reach: PlatformDuration,
}

/// The alarm `shift` later; what runs over the end comes in again at the start.
fn shift_one(judged: &Judged, span: (Timestamp, Timestamp), shift: i64) -> Vec<Shifted> {
    let length = span.1.since(span.0).as_millis();
    let offset = (judged.raised.at.since(span.0).as_millis() + shift).rem_euclid(length.max(1));
    let at = span.0 + PlatformDuration::from_millis(offset);
    let lasting = judged.ended_at.since(judged.raised.at);
    let reach = judged.raised.horizon;
    let mut parts = vec![Shifted { at, until: (at + lasting).min(span.1), reach }];
    let over = (at + lasting).since(span.1);
    if over > PlatformDuration::ZERO {
        parts.push(Shifted { at: span.0, until: span.0 + over, reach });
    }
    parts
}

fn matches(ground: &Ground, unit: &UnitGround, alarm: &Shifted, incident: usize) -> bool {
    let incident = &ground.incidents[incident];
    let lead = incident.at.since(alarm.at);
    let least = incident.minimum_lead(ground.scale);
    let longest = ground.scale.to_platform(incident.kind.longest_horizon());
    let first_after =
        unit.incidents.iter().map(|i| ground.incidents[*i].at).find(|at| *at >= alarm.at);
    lead >= least
        && lead <= alarm.reach.min(longest)
        && alarm.until >= incident.at - least
        && first_after == Some(incident.at)
        && !unit.in_blackout(alarm.at)
}
