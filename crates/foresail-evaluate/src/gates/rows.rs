//! What the gates of rows have in common: which row belongs to which tick, samples, rankings.

use std::collections::BTreeMap;

use foresail_core::{Timestamp, Unit};

use crate::incident::{Ground, UnitGround};
use crate::learned::{HORIZON_MINUTES, Lesson, Target};

/// A recording as rows to learn from, and what happened in it.
#[derive(Clone, Copy, Debug)]
pub struct Lived<'a> {
    /// The rows.
    pub lesson: &'a Lesson,
    /// What happened.
    pub ground: &'a Ground,
}

impl<'a> Lived<'a> {
    /// What happened to each workload of the rows, in their order.
    pub(super) fn units(&self) -> Vec<Option<&'a UnitGround>> {
        let known: BTreeMap<&Unit, &UnitGround> =
            self.ground.units.iter().map(|unit| (&unit.unit, unit)).collect();
        let units = self.lesson.rows.units.iter();
        units.map(|unit| known.get(&Unit::Workload(unit.clone())).copied()).collect()
    }
}

/// Tick and row of every row of a lesson.
pub(super) fn ticks(lesson: &Lesson) -> impl Iterator<Item = (Timestamp, usize)> + '_ {
    let ticks = lesson.rows.ticks.iter().enumerate();
    ticks.flat_map(|(tick, at)| lesson.rows.at(tick).map(move |row| (*at, row)))
}

/// Whether any failure came within the horizon; `None` where that was not seen.
pub(super) fn any_came(target: &Target) -> Option<bool> {
    match target.failure {
        Some(_) => Some(true),
        None => (target.seen_minutes >= HORIZON_MINUTES).then_some(false),
    }
}

/// At most about `most` numbers below `n`, spread without a period: rows of a pod are about as far
/// apart as there are pods, so a plain stride would favour some.
pub(super) fn sample(n: usize, most: usize) -> Vec<usize> {
    let stride = n.div_ceil(most.max(1)).max(1);
    let mixed = |place: usize| ((place as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33) as usize;
    (0..n).filter(|place| mixed(*place).is_multiple_of(stride)).collect()
}

/// Ranks from 1, equal values sharing the mean of theirs.
pub(super) fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for tie in order.chunk_by(|a, b| values[*a].total_cmp(&values[*b]).is_eq()) {
        let mean = first as f64 + (tie.len() as f64 + 1.0) / 2.0;
        for place in tie {
            ranks[*place] = mean;
        }
        first += tie.len();
    }
    ranks
}

/// Area under the ROC curve from ranks (Mann and Whitney 1947); `None` unless both classes occur.
pub(super) fn auc(ranks: &[f64], happened: &[bool]) -> Option<f64> {
    let pairs = ranks.iter().zip(happened).filter(|(_, happened)| **happened);
    let (sum, events) = pairs.fold((0.0, 0.0), |(sum, n), (rank, _)| (sum + rank, n + 1.0));
    let others = ranks.len() as f64 - events;
    let wins = sum - events * (events + 1.0) / 2.0;
    (events > 0.0 && others > 0.0).then(|| wins / (events * others))
}
