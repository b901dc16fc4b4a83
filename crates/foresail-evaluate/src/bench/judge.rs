//! Alarm trains, cut to a part of a recording and judged there.
//!
//! ```text
//!  scores of a part ──threshold──> alarm policy ──> Train ──matching──> Outcome
//!                                                        └─> Count, for choosing and curves
//! ```

use std::collections::BTreeMap;

use foresail_core::{FailureKind, PlatformDuration, Prediction};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::load::{Course, policy};
use crate::learned::{false_alarm_bound, rate_bound};
use crate::matching::{Judgement, Raised, judge};
use crate::result::{AlarmFate, Seeds};
use crate::shift::{Chance, MOST_TIME_IN_WARNING, chance};
use crate::summary::Summary;
use crate::trace::{ScoreTrace, UnitIndex};
use crate::tune::{alarms, policy_at};

/// The alarms of one method at one setting on one recording.
pub(super) type Train = Vec<Raised>;

/// A part of a recording: some of its units.
#[derive(Clone, Debug)]
pub(super) struct Cut {
    /// Position of the recording.
    pub(super) course: usize,
    /// Per unit, whether it belongs to the part.
    pub(super) wanted: Vec<bool>,
    /// Observed pod-days of the part.
    pod_days: f64,
    /// Observed unit ticks of the part.
    unit_ticks: u64,
}

/// What a threshold did on a part, as far as choosing and curves need it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Count {
    /// Reachable incidents matched.
    pub matched: u32,
    /// Alarms that match an incident.
    pub hits: u32,
    /// False alarms.
    pub false_alarms: u32,
    /// Unit ticks under an open alarm that announced nothing.
    pub warned_ticks: u64,
}

/// What a method did on one recording, or on one application of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The recording.
    pub recording: String,
    /// Alarms and incidents.
    pub summary: Summary,
    /// What shifted alarms reach.
    pub chance: Chance,
    /// Alarms by the kind that they name, and how many of them are false.
    pub alarms_by_kind: BTreeMap<FailureKind, (u32, u32)>,
    /// Kind, length and horizon of each alarm.
    pub spans: Vec<(FailureKind, PlatformDuration, PlatformDuration)>,
}

// === impl Cut ===

impl Cut {
    pub(super) fn new(number: usize, course: &Course, wanted: Vec<bool>) -> Self {
        let frame = &course.replayed().frame;
        let (mut pod_days, mut unit_ticks) = (0.0, 0);
        for (unit, _) in wanted.iter().enumerate().filter(|(_, wanted)| **wanted) {
            for block in &frame.blocks[unit * frame.hours..(unit + 1) * frame.hours] {
                pod_days += block.pod_days;
                unit_ticks += u64::from(block.ticks);
            }
        }
        Self { course: number, wanted, pod_days, unit_ticks }
    }

    /// Observed pod-days.
    pub(super) const fn pod_days(&self) -> f64 {
        self.pod_days
    }

    /// What of a train is about this part.
    pub(super) fn cut(&self, train: &[Raised]) -> Train {
        let wanted = |raised: &&Raised| self.wanted.get(raised.unit.0 as usize) == Some(&true);
        train.iter().filter(wanted).copied().collect()
    }

    /// What of the scores is about this part, strongest first.
    pub(super) fn predictions(&self, course: &Course, scores: &ScoreTrace) -> Vec<Vec<Prediction>> {
        let trace = &course.replayed().trace;
        let mut ticks = scores.predictions(trace);
        for tick in &mut ticks {
            tick.retain(|prediction| {
                let unit = trace.find(&prediction.unit);
                unit.is_some_and(|unit| self.wanted.get(unit.0 as usize) == Some(&true))
            });
        }
        ticks
    }
}

// === free functions ===

/// The alarms that predictions raise at a threshold.
pub(super) fn train(course: &Course, predictions: &[Vec<Prediction>], threshold: f64) -> Train {
    let trace = &course.replayed().trace;
    let alarms = alarms(trace, predictions, &policy_at(&policy(), threshold));
    alarms.iter().filter_map(|alarm| Raised::new(trace, alarm)).collect()
}

/// Counts of a train that is cut already.
pub(super) fn count(course: &Course, train: &[Raised]) -> Count {
    let (_, summary) = judged(course, train);
    Count {
        matched: summary.counts.reachable_matched,
        hits: summary.counts.hits,
        false_alarms: summary.counts.false_alarms,
        warned_ticks: summary.warned_ticks,
    }
}

/// Counts of every threshold, from high to low.
pub(super) fn counts(
    course: &Course,
    predictions: &[Vec<Prediction>],
    thresholds: &[f64],
) -> Vec<Count> {
    thresholds
        .par_iter()
        .map(|threshold| count(course, &train(course, predictions, *threshold)))
        .collect()
}

pub(super) fn judged(course: &Course, train: &[Raised]) -> (Judgement, Summary) {
    let replayed = course.replayed();
    let judgement = judge(&replayed.ground, train);
    let summary = Summary::new(&replayed.ground, &replayed.frame, &judgement);
    (judgement, summary)
}

/// Everything about a train that is cut already.
pub(super) fn outcome(course: &Course, train: &[Raised], seeds: Seeds) -> Outcome {
    let (judgement, summary) = judged(course, train);
    let ground = &course.replayed().ground;
    let chance = chance(ground, &judgement, seeds.shifts, seeds.shift_repetitions);
    let mut alarms_by_kind: BTreeMap<FailureKind, (u32, u32)> = BTreeMap::new();
    let mut spans = Vec::new();
    for judged in &judgement.alarms {
        let lasting = judged.ended_at.since(judged.raised.at);
        spans.push((judged.raised.kind, lasting, judged.raised.horizon));
        let entry = alarms_by_kind.entry(judged.raised.kind).or_default();
        entry.0 += 1;
        entry.1 += u32::from(judged.fate == AlarmFate::False);
    }
    Outcome { recording: course.name().to_owned(), summary, chance, alarms_by_kind, spans }
}

/// Position of the setting with the highest recall within `budget` over parts that are taken together.
///
/// Of equal recall the fewer false alarms win, then the earlier setting. `settings[i][j]` is what
/// setting `i` did on part `j`.
pub(super) fn choose(settings: &[Vec<Count>], parts: &[Cut], budget: f64) -> Option<usize> {
    let days: f64 = parts.iter().map(|part| part.pod_days).sum();
    let ticks: u64 = parts.iter().map(|part| part.unit_ticks).sum();
    if days <= 0.0 || ticks == 0 {
        return None;
    }
    let mut best: Option<(usize, u32, u32)> = None;
    for (number, counts) in settings.iter().enumerate() {
        let sum = |of: &dyn Fn(&Count) -> u64| counts.iter().map(of).sum::<u64>();
        let wrong = sum(&|count| u64::from(count.false_alarms)) as u32;
        let matched = sum(&|count| u64::from(count.matched)) as u32;
        let warned = sum(&|count| count.warned_ticks) as f64 / ticks as f64;
        if f64::from(wrong) / days > budget || warned > MOST_TIME_IN_WARNING {
            continue;
        }
        let better = best
            .is_none_or(|(_, most, least)| matched > most || (matched == most && wrong < least));
        if better {
            best = Some((number, matched, wrong));
        }
    }
    best.map(|(number, _, _)| number)
}

/// Position of the lowest threshold down to which the 80 % upper bounds of false alarms (of the pooled
/// count and of the mean over parts) stay within `budget` and time in warning within its limit;
/// settings run from high to low.
pub(super) fn choose_bounded(settings: &[Vec<Count>], parts: &[Cut], budget: f64) -> Option<usize> {
    let days: f64 = parts.iter().map(|part| part.pod_days).sum();
    let ticks: u64 = parts.iter().map(|part| part.unit_ticks).sum();
    let keeps = |counts: &&Vec<Count>| {
        let wrong: u32 = counts.iter().map(|count| count.false_alarms).sum();
        let warned: u64 = counts.iter().map(|count| count.warned_ticks).sum();
        let observed = parts.iter().zip(counts.iter()).filter(|(part, _)| part.pod_days > 0.0);
        let rates: Vec<f64> =
            observed.map(|(part, count)| f64::from(count.false_alarms) / part.pod_days).collect();
        false_alarm_bound(wrong) <= budget * days
            && rate_bound(&rates) <= budget
            && warned as f64 <= MOST_TIME_IN_WARNING * ticks as f64
    };
    settings.iter().take_while(keeps).count().checked_sub(1)
}

/// The outcomes of disjoint parts of one recording as one.
pub(super) fn merge(parts: &[&Outcome]) -> Option<Outcome> {
    let (first, rest) = parts.split_first()?;
    let mut sum = Outcome::clone(first);
    for part in rest {
        merge_summary(&mut sum.summary, &part.summary);
        sum.chance.matched += part.chance.matched;
        sum.chance.matched_shifted += part.chance.matched_shifted;
        sum.spans.extend_from_slice(&part.spans);
        for (kind, (alarms, wrong)) in &part.alarms_by_kind {
            let entry = sum.alarms_by_kind.entry(*kind).or_default();
            entry.0 += alarms;
            entry.1 += wrong;
        }
    }
    Some(sum)
}

fn merge_summary(sum: &mut Summary, part: &Summary) {
    for (own, other) in
        [(&mut sum.matched, &part.matched), (&mut sum.matched_right_kind, &part.matched_right_kind)]
    {
        for (own, other) in own.iter_mut().zip(other) {
            *own = own.or(*other);
        }
    }
    sum.false_blocks.extend_from_slice(&part.false_blocks);
    sum.false_quiet_blocks.extend_from_slice(&part.false_quiet_blocks);
    sum.warned_ticks += part.warned_ticks;
    sum.leads.extend_from_slice(&part.leads);
    let (counts, other) = (&mut sum.counts, &part.counts);
    counts.alarms += other.alarms;
    counts.hits += other.hits;
    counts.hits_right_kind += other.hits_right_kind;
    counts.reachable_matched += other.reachable_matched;
    counts.reachable_matched_right_kind += other.reachable_matched_right_kind;
    counts.no_precursor_matched += other.no_precursor_matched;
    counts.unknown_matched += other.unknown_matched;
    counts.false_alarms += other.false_alarms;
    counts.false_on_look_alikes += other.false_on_look_alikes;
    counts.false_on_quiet += other.false_on_quiet;
    counts.late += other.late;
    counts.early += other.early;
    counts.intervened += other.intervened;
    counts.blackout += other.blackout;
    counts.nuisance += other.nuisance;
    counts.false_unobserved += other.false_unobserved;
}

/// As many alarms as `like`, as long as they were, at random workloads and times outside blackouts.
pub(super) fn random(course: &Course, like: &Outcome, seeds: Seeds) -> Outcome {
    let ground = &course.replayed().ground;
    let mut random = ChaCha8Rng::seed_from_u64(seeds.random_baseline);
    let mut places = Vec::new();
    for (unit, record) in ground.units.iter().enumerate() {
        let watched = record.unit.workload().is_some();
        let ticks = record.observed.iter().enumerate().filter(|(_, on)| watched && **on);
        places.extend(ticks.map(|(tick, _)| (UnitIndex(unit as u32), tick)));
    }
    let spans = like.spans.iter().filter(|_| !places.is_empty());
    let mut train: Train = spans
        .map(|(kind, lasting, horizon)| {
            let (unit, tick) = places[random.random_range(0..places.len())];
            let at = ground.ticks[tick];
            let cleared_at = Some(at + *lasting);
            Raised { unit, kind: *kind, at, cleared_at, horizon: *horizon }
        })
        .collect();
    train.sort_by_key(|one| (one.at, one.unit));
    outcome(course, &train, seeds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(matched: u32, false_alarms: u32, warned_ticks: u64) -> Count {
        Count { matched, hits: matched, false_alarms, warned_ticks }
    }

    fn part() -> Cut {
        Cut { course: 0, wanted: vec![true], pod_days: 10.0, unit_ticks: 1_000 }
    }

    #[test]
    fn the_most_caught_within_budget_is_chosen_and_of_equals_the_quieter() {
        let settings =
            [count(3, 1, 10), count(5, 6, 10), count(5, 4, 10), count(9, 11, 10)].map(|c| vec![c]);
        assert_eq!(choose(&settings, &[part()], 0.5), Some(2));
        assert_eq!(choose(&settings, &[part()], 0.1), Some(0));
        assert_eq!(choose(&settings, &[part()], 0.05), None);
    }

    #[test]
    fn too_much_time_in_warning_is_never_chosen() {
        let settings = [count(1, 0, 20), count(9, 0, 101)].map(|c| vec![c]);
        assert_eq!(choose(&settings, &[part()], 1.0), Some(0));
    }

    #[test]
    fn a_bounded_choice_stops_before_the_first_threshold_whose_bound_breaks_the_budget() {
        // Bounds over 10 pod-days: 0.16, 0.30, 0.55 and, fewer by merging alarms, 0.30 again.
        let settings =
            [count(1, 0, 0), count(2, 1, 0), count(3, 3, 0), count(9, 1, 0)].map(|c| vec![c]);
        assert_eq!(choose_bounded(&settings, &[part()], 0.5), Some(1));
        assert_eq!(choose_bounded(&settings, &[part()], 0.2), Some(0));
        assert_eq!(choose_bounded(&settings, &[part()], 0.1), None);
    }

    #[test]
    fn parts_are_taken_together() {
        // Alone the second part would break the budget.
        let settings = [vec![count(2, 0, 0), count(2, 8, 0)]];
        assert_eq!(choose(&settings, &[part(), part()], 0.5), Some(0));
        assert_eq!(choose(&settings, &[part()], 0.3), None);
    }
}
