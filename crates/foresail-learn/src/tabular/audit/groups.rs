//! Groups that give the label away: objects, recordings, hosts.

use super::nominal::Cells;
use super::view::{Codes, Side};
use super::words::{classes, percent};
use super::{Finding, FindingKind, Severity, View};
use crate::tabular::Values;

/// Fewer groups, or fewer rows a group, and nothing can be said of them.
const LEAST_GROUPS: usize = 4;
const LEAST_ROWS_A_GROUP: f64 = 2.0;
/// A text that is not named as a group looks like one from here on.
const LEAST_NAMES: usize = 10;
const LEAST_ROWS_A_NAME: f64 = 4.0;
/// Share of the errors of the most frequent class that the group takes away.
const TELLS: f64 = 0.5;
/// From here on hardly an error is left.
const DECIDES: f64 = 0.95;
/// Test rows of known groups that are worth a word.
const WORTH: f64 = 0.01;
/// Share of test rows where no split is given.
const TEST_SHARE: f64 = 0.2;

/// A column of groups, and whether the caller named it so.
struct Grouping<'a> {
    column: &'a str,
    codes: Codes,
    origin: Origin,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Named,
    Suspected,
}

pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    let named = view.plan.groups.iter().filter_map(|name| {
        let values = view.table.column(name).ok()?;
        Some(Grouping { column: name, codes: view.codes(values), origin: Origin::Named })
    });
    let suspected = view.features.iter().filter_map(|column| match &column.values {
        Values::Text(_) => {
            let codes = view.codes(&column.values);
            let enough = view.n_rows() as f64 >= LEAST_ROWS_A_NAME * codes.n as f64;
            let grouping = Grouping { column: &column.name, codes, origin: Origin::Suspected };
            (grouping.codes.n >= LEAST_NAMES && enough).then_some(grouping)
        }
        Values::Number(_) => None,
    });
    let groupings: Vec<Grouping<'_>> = named.chain(suspected).collect();
    let told = groupings.iter().filter_map(|grouping| grouping.tells(view));
    let lone = groupings.iter().filter_map(|grouping| grouping.lone_classes(view));
    told.chain(lone).collect()
}

// === impl Grouping ===

impl Grouping<'_> {
    fn tells(&self, view: &View<'_>) -> Option<Finding> {
        let rows_a_group = view.n_rows() as f64 / self.codes.n.max(1) as f64;
        if self.codes.n < LEAST_GROUPS || rows_a_group < LEAST_ROWS_A_GROUP {
            return None;
        }
        let accuracy = Cells::of(view, &self.codes).accuracy();
        let usual = (0..view.n_classes()).map(|class| view.share(class)).fold(0.0, f64::max);
        let told = if usual < 1.0 { (accuracy - usual) / (1.0 - usual) } else { 0.0 };
        let known = self.known_in_test(view);
        // A named group is no feature: where the split keeps it whole it gives nothing away.
        if told < TELLS || (known < WORTH && self.origin == Origin::Named) {
            return None;
        }
        let severity = if told >= DECIDES { Severity::Invalid } else { Severity::Inflated };
        let finding = Finding::new(FindingKind::GroupTells, severity, known.max(WORTH) * told)
            .columns([self.column])
            .evidence("groups", self.codes.n as f64)
            .evidence("accuracy_by_group_alone", accuracy)
            .evidence("accuracy_of_the_most_frequent_class", usual)
            .evidence("share_of_test_rows_of_known_groups", known);
        Some(self.say(finding, (accuracy, usual, known)))
    }

    fn say(&self, finding: Finding, (accuracy, usual, known): (f64, f64, f64)) -> Finding {
        let (column, n) = (self.column, self.codes.n);
        let fact = format!(
            "group `{column}` alone gives the right class for {} of the rows ({n} groups, judged on rows that \
             were not counted); the most frequent class gives {}",
            percent(accuracy),
            percent(usual)
        );
        match self.origin {
            Origin::Named => finding.said(
                fact,
                format!(
                    "{} of the test rows belong to a group that training has too: a model that recognises the \
                     group scores without having learned what the classes look like",
                    percent(known)
                ),
                "split by group (`--split grouped`): the score is then that for groups never seen",
            ),
            Origin::Suspected => finding.said(
                fact,
                "as a feature it is learned by heart, and a random split shows the same names on both sides; on \
                 names never seen the score falls",
                "if it names objects, hosts or recordings, give it as a group (`--groups`): it is then no \
                 feature, and the split can keep it whole",
            ),
        }
    }

    /// Share of the test rows whose group training has too; expected without a split.
    fn known_in_test(&self, view: &View<'_>) -> f64 {
        let Some(sides) = view.sides() else {
            let mut sizes = vec![0_u32; self.codes.n];
            for &code in &self.codes.codes {
                sizes[code as usize] += 1;
            }
            let known = sizes.iter().map(|&size| {
                f64::from(size) * (1.0 - libm::pow(TEST_SHARE, f64::from(size) - 1.0))
            });
            return known.sum::<f64>() / view.n_rows().max(1) as f64;
        };
        let mut in_training = vec![false; self.codes.n];
        for (&code, side) in self.codes.codes.iter().zip(&sides) {
            in_training[code as usize] |= *side == Side::Training;
        }
        let test = || self.codes.codes.iter().zip(&sides).filter(|(_, side)| **side == Side::Test);
        let known = test().filter(|(code, _)| in_training[**code as usize]).count();
        known as f64 / test().count().max(1) as f64
    }

    /// Classes that only one of several groups has.
    fn lone_classes(&self, view: &View<'_>) -> Option<Finding> {
        if self.origin == Origin::Suspected || self.codes.n < 2 {
            return None;
        }
        let mut first = vec![None; view.n_classes()];
        let mut several = vec![false; view.n_classes()];
        for (&code, &class) in self.codes.codes.iter().zip(&view.labels.codes) {
            let class = class as usize;
            several[class] |= *first[class].get_or_insert(code) != code;
        }
        let lone: Vec<usize> = (0..view.n_classes())
            .filter(|class| first[*class].is_some() && !several[*class])
            .collect();
        if lone.is_empty() {
            return None;
        }
        let share: f64 = lone.iter().map(|class| view.share(*class)).sum();
        let names: Vec<String> = lone.iter().map(|class| view.class(*class).to_owned()).collect();
        let verb = if names.len() == 1 { "stands" } else { "stand" };
        Some(
            Finding::new(FindingKind::ClassInOneGroup, Severity::Inflated, share)
                .columns([self.column])
                .evidence("share_of_rows", share)
                .said(
                    format!("{} {verb} in one group of `{}` only", classes(&names), self.column),
                    "what marks the class cannot be told from what marks that group; by a grouped split the class \
                     is either never trained or never tested",
                    "collect the class from further groups, or leave it out of the claim",
                )
                .classes(names),
        )
    }
}
