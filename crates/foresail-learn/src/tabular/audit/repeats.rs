//! Rows that stand more than once, above all on both sides of a split.

use rayon::prelude::*;

use super::view::{Side, bits, scramble};
use super::words::percent;
use super::{Finding, FindingKind, Severity, View};
use crate::frame::MISSING_CODE;
use crate::tabular::{TableColumn, Values};

/// Share of the test rows in training that is worth a word.
const WORTH: f64 = 0.01;
/// The same where no split is given: a chance pair in a small table is not.
const WORTH_IF_SPLIT: f64 = 0.02;
/// From here on the score is well above what new rows give.
const MUCH: f64 = 0.05;
/// Half of the test part being known leaves little of the score.
const MOST: f64 = 0.5;
/// Share of test rows where no split is given.
const TEST_SHARE: f64 = 0.2;
/// Rows that are named.
const SHOWN: usize = 6;

/// Rows that are equal in all features.
struct Twins {
    /// Rows that have a twin, twins side by side.
    groups: Vec<Vec<u32>>,
}

pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    let twins = Twins::of(view);
    let (known, of) = twins.known_in_test(view);
    let share = known / of.max(1.0);
    let worth = if view.plan.split.is_some() { WORTH } else { WORTH_IF_SPLIT };
    if share < worth || twins.groups.is_empty() {
        return Vec::new();
    }
    let n: usize = twins.groups.iter().map(Vec::len).sum();
    let torn = twins.contradicting(view);
    let mut fact = if view.plan.split.is_some() {
        format!(
            "{known:.0} of {of:.0} test rows ({}) stand in the training part too, with equal values in all features",
            percent(share)
        )
    } else {
        format!(
            "{n} of {} rows have a twin with equal values in all features; in a random test part {} of the \
             rows would stand in training too",
            view.n_rows(),
            percent(share)
        )
    };
    if torn > 0 {
        fact.push_str(&format!("; {torn} of the repeated rows have another class than a twin"));
    }
    let rows = twins.groups.iter().flatten().take(SHOWN);
    let rows = rows.filter_map(|row| view.labels.rows.get(*row as usize).map(|row| row + 1));
    let rows = rows.collect();
    vec![
        repeated(share, fact)
            .rows(rows)
            .evidence("rows_with_a_twin", n as f64)
            .evidence("rows_of_another_class_than_a_twin", torn as f64),
    ]
}

/// Of `of` rows that a model is judged on and that were looked for, `seen` were trained on.
pub(in crate::tabular) fn rows_stand_in_training(seen: usize, of: usize) -> Option<Finding> {
    let share = seen as f64 / of.max(1) as f64;
    let fact = format!(
        "of {of} judged rows that were looked for, {seen} ({}) stand in the training part too, with equal values in \
         all features",
        percent(share)
    );
    let advice = "judge on rows that the model was not trained on".to_owned();
    (share >= WORTH).then(|| Finding { advice, ..repeated(share, fact) })
}

fn repeated(share: f64, fact: String) -> Finding {
    let severity = match share {
        s if s >= MOST => Severity::Invalid,
        s if s >= MUCH => Severity::Inflated,
        _ => Severity::Question,
    };
    Finding::new(FindingKind::RowsRepeated, severity, share)
        .evidence("share_of_test_rows_in_training", share)
        .said(
            fact,
            format!(
                "for {} of the test rows the model may look up what it was shown; the score counts memory as skill",
                percent(share)
            ),
            "keep one row of each, or put equal rows on one side: give what they come from as a group",
        )
}

// === impl Twins ===

impl Twins {
    fn of(view: &View<'_>) -> Self {
        let columns: Vec<&TableColumn> =
            view.features.par_iter().filter(|column| !is_row_name(view, column)).copied().collect();
        if columns.is_empty() {
            return Self { groups: Vec::new() };
        }
        let mut keys: Vec<(u128, u32)> = (0..view.n_rows())
            .into_par_iter()
            .map(|row| (key(view, &columns, row), row as u32))
            .collect();
        keys.par_sort_unstable();
        let groups = keys.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1);
        let mut groups: Vec<Vec<u32>> =
            groups.map(|group| group.iter().map(|(_, row)| *row).collect()).collect();
        groups.sort_by_key(|group| group.first().copied());
        Self { groups }
    }

    /// Test rows with a twin in training, and test rows; expected numbers without a split.
    fn known_in_test(&self, view: &View<'_>) -> (f64, f64) {
        let Some(sides) = view.sides() else {
            // A row is known unless all its twins fall into the test part as well.
            let known = self.groups.iter().map(|group| {
                let alone = libm::pow(TEST_SHARE, group.len() as f64 - 1.0);
                group.len() as f64 * (1.0 - alone)
            });
            return (known.sum(), view.n_rows() as f64);
        };
        let count = |group: &Vec<u32>, side| {
            group.iter().filter(|row| sides[**row as usize] == side).count() as f64
        };
        let torn = self.groups.iter().filter(|group| count(group, Side::Training) > 0.0);
        let known = torn.map(|group| count(group, Side::Test)).sum();
        let of = sides.iter().filter(|side| **side == Side::Test).count();
        (known, of as f64)
    }

    /// Rows whose twins have another class than they.
    fn contradicting(&self, view: &View<'_>) -> usize {
        let class = |row: &u32| view.labels.codes[*row as usize];
        let torn = self
            .groups
            .iter()
            .filter(|group| group.iter().any(|row| class(row) != class(&group[0])));
        torn.map(Vec::len).sum()
    }
}

/// Whether a column names rows rather than describes them: as many texts as rows, or whole numbers
/// without a gap.
fn is_row_name(view: &View<'_>, column: &TableColumn) -> bool {
    let n = view.n_rows();
    match &column.values {
        Values::Text(text) => text.levels.len() >= n && view.codes(&column.values).n == n,
        Values::Number(numbers) => {
            let whole = numbers.iter().all(|number| number.fract() == 0.0);
            if !whole {
                return false;
            }
            let mut sorted = numbers.clone();
            sorted.sort_unstable_by(f64::total_cmp);
            n > 1 && sorted.windows(2).all(|pair| pair[1] - pair[0] == 1.0)
        }
    }
}

/// The features of a row as one number: two rows of one number are taken as equal, which is wrong
/// once in 2^64 tables of 2^32 rows.
fn key(view: &View<'_>, columns: &[&TableColumn], row: usize) -> u128 {
    let at = view.labels.rows[row];
    let (mut one, mut other) = (0x243f_6a88_85a3_08d3_u64, 0x1319_8a2e_0370_7344_u64);
    for column in columns {
        let value = match &column.values {
            Values::Number(numbers) => bits(numbers.get(at).copied().unwrap_or(f64::NAN)),
            Values::Text(text) => text.codes.get(at).copied().unwrap_or(MISSING_CODE).into(),
        };
        one = scramble(one ^ value);
        other = scramble(other.rotate_left(23) ^ value);
    }
    u128::from(one) << 64 | u128::from(other)
}
