//! Rows of one group that follow each other and share their class: a split by rows shows the model
//! the row before and the row after.

use std::cmp::Ordering;

use super::order::times;
use super::view::{Codes, Side, scramble};
use super::words::percent;
use super::{Finding, FindingKind, Severity, View};

/// Share of the errors of the most frequent class that the neighbour takes away.
const TELLS: f64 = 0.5;
/// Share of the test rows that have a neighbour in training.
const MANY: f64 = 0.1;
/// One row in so many is taken for a test row where no split is given.
const ONE_IN: u64 = 5;

/// How often the row before or after has the same class.
struct Counts {
    test: f64,
    with_neighbour: f64,
    same: f64,
}

pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    let columns = view.plan.groups.iter().filter_map(|name| {
        let codes = view.codes(view.table.column(name).ok()?);
        look(view, (name, &codes))
    });
    // Groups that hold each other say the same; the one that says most is enough.
    columns.max_by(|a, b| a.harm.total_cmp(&b.harm)).into_iter().collect()
}

fn look(view: &View<'_>, (column, codes): (&str, &Codes)) -> Option<Finding> {
    let counts = count(view, codes);
    let (known, of) = (counts.with_neighbour, counts.test.max(1.0));
    let usual = (0..view.n_classes()).map(|class| view.share(class)).fold(0.0, f64::max);
    let accuracy = counts.same / known.max(1.0);
    let told = if usual < 1.0 { (accuracy - usual) / (1.0 - usual) } else { 0.0 };
    if known / of < MANY || told < TELLS || codes.n >= view.n_rows() {
        return None;
    }
    Some(
        Finding::new(FindingKind::NeighboursTell, Severity::Inflated, told * known / of)
            .columns([column])
            .evidence("share_of_test_rows_with_a_neighbour_in_training", known / of)
            .evidence("share_of_these_of_the_same_class", accuracy)
            .evidence("accuracy_of_the_most_frequent_class", usual)
            .said(
                format!(
                    "{} of the test rows have the row before or after it in the same `{column}` in training, and in \
                     {} of these it has the same class; the most frequent class is right in {}",
                    percent(known / of),
                    percent(accuracy),
                    percent(usual)
                ),
                "what lies between two rows that were learned by heart is filled in; on an object or a time that was \
                 never seen the score falls",
                "split by group (`--split grouped`) or by time (`--split time`), and compare the two scores",
            ),
    )
}

fn count(view: &View<'_>, codes: &Codes) -> Counts {
    let sides = view.sides().unwrap_or_else(|| {
        let side = |row: u64| {
            if scramble(row).is_multiple_of(ONE_IN) { Side::Test } else { Side::Training }
        };
        (0..view.n_rows() as u64).map(side).collect()
    });
    let times = times(view).unwrap_or_default();
    let time = |row: usize| times.get(row).copied().unwrap_or(0.0);
    let mut order: Vec<usize> = (0..view.n_rows()).collect();
    order.sort_by(|&a, &b| {
        let by_time = time(a).partial_cmp(&time(b)).unwrap_or(Ordering::Equal);
        codes.codes[a].cmp(&codes.codes[b]).then(by_time).then(a.cmp(&b))
    });
    let mut counts = Counts { test: 0.0, with_neighbour: 0.0, same: 0.0 };
    for (place, &row) in order.iter().enumerate() {
        if sides[row] != Side::Test {
            continue;
        }
        counts.test += 1.0;
        let before = place.checked_sub(1).and_then(|place| order.get(place));
        let neighbours = [before, order.get(place + 1)];
        let known = neighbours.into_iter().flatten().find(|&&other| {
            sides[other] == Side::Training && codes.codes[other] == codes.codes[row]
        });
        if let Some(&other) = known {
            counts.with_neighbour += 1.0;
            let same = view.labels.codes[other] == view.labels.codes[row];
            counts.same += f64::from(u8::from(same));
        }
    }
    counts
}
