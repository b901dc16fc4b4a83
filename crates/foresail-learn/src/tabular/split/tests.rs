use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::tabular::{MissingTarget, TableColumn, Text};

fn table(classes: &[&str], groups: &[f64]) -> Table {
    let issue = Values::Text(Text::of(classes.iter().copied().map(Some)));
    let group = Values::Number(groups.to_vec());
    Table::new(vec![
        TableColumn { name: "issue".to_owned(), values: issue },
        TableColumn { name: "group".to_owned(), values: group },
    ])
    .unwrap()
}

fn labels(table: &Table) -> Labels {
    Labels::of(table, "issue", MissingTarget::Refuse).unwrap()
}

fn split(table: &Table, by: SplitBy, test_share: f64) -> Result<Split, SplitError> {
    Split::of(table, &labels(table), &SplitOptions { by, test_share, seed: 42 })
}

fn by_group() -> SplitBy {
    SplitBy::Group("group".to_owned())
}

fn by_time() -> SplitBy {
    SplitBy::Time("group".to_owned())
}

fn count(labels: &Labels, rows: &[usize], class: u32) -> usize {
    rows.iter().filter(|&&row| labels.codes[row] == class).count()
}

/// A hundred rows: ten of the rare class, in ten groups.
fn hundred() -> Table {
    let classes: Vec<&str> =
        (0..100).map(|row| if row % 10 == 3 { "rare" } else { "often" }).collect();
    let groups: Vec<f64> = (0..100).map(|row| f64::from(row / 10)).collect();
    table(&classes, &groups)
}

#[test]
fn every_class_has_its_share_in_both_parts() {
    let table = hundred();
    let found = split(&table, SplitBy::Stratified, 0.2).unwrap();
    let labels = labels(&table);
    assert_eq!((found.training.len(), found.test.len()), (80, 20));
    assert_eq!(count(&labels, &found.test, 1), 2);
    assert_eq!(split(&table, SplitBy::Stratified, 0.2).unwrap(), found);
    let other = SplitOptions { seed: 43, ..SplitOptions::default() };
    assert_ne!(Split::of(&table, &labels, &other).unwrap(), found);
}

#[test]
fn two_rows_of_a_class_are_one_in_each_part() {
    let mut classes = vec!["a"; 50];
    classes.extend(["b", "b"]);
    let table = table(&classes, &[0.0; 52]);
    let found = split(&table, SplitBy::Stratified, 0.1).unwrap();
    assert_eq!(count(&labels(&table), &found.test, 1), 1);
    assert_eq!(count(&labels(&table), &found.training, 1), 1);
}

#[test]
fn one_row_of_a_class_is_refused_by_name() {
    let table = table(&["a", "a", "a", "b"], &[0.0, 1.0, 2.0, 3.0]);
    let error = split(&table, SplitBy::Stratified, 0.5).unwrap_err().to_string();
    assert_eq!(error, "class `b` has 1 row: both parts need one, so at least 2 are needed");
}

#[test]
fn shares_that_leave_a_part_empty_are_refused() {
    for share in [0.0, 1.0, -0.2, f64::NAN, 0.999] {
        let error = split(&hundred(), SplitBy::Stratified, share).unwrap_err();
        assert!(matches!(error, SplitError::Share { .. }), "{share}: {error}");
    }
}

#[test]
fn no_group_is_on_both_sides() {
    let table = hundred();
    let found = split(&table, by_group(), 0.2).unwrap();
    let groups = |rows: &[usize]| rows.iter().map(|row| row / 10).collect::<BTreeSet<_>>();
    assert!(groups(&found.training).is_disjoint(&groups(&found.test)));
    assert_eq!(found.test.len(), 20);
}

#[test]
fn rows_without_a_group_are_groups_of_their_own() {
    let classes: Vec<&str> = (0..40).map(|row| ["a", "b"][row % 2]).collect();
    let found = split(&table(&classes, &[f64::NAN; 40]), by_group(), 0.25).unwrap();
    assert_eq!(found.test.len(), 10);
}

#[test]
fn a_class_that_lives_in_one_group_keeps_it_for_training() {
    let classes = ["a", "a", "b", "b", "a", "a", "a", "a"];
    let groups = [1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0];
    let found = split(&table(&classes, &groups), by_group(), 0.25).unwrap();
    assert!(!found.test.contains(&2) && !found.test.contains(&3), "{found:?}");
    let error = split(&table(&classes, &[7.0; 8]), by_group(), 0.25).unwrap_err();
    assert!(matches!(error, SplitError::NoGroup { n_groups: 1, .. }), "{error}");
}

#[test]
fn the_last_rows_by_time_are_the_test_and_one_time_is_not_parted() {
    let classes = ["a", "b", "a", "b", "a", "b", "a", "b", "a", "b"];
    let times = [9.0, 8.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
    let found = split(&table(&classes, &times), by_time(), 0.3).unwrap();
    assert_eq!(found.test, [0, 1, 9]);
    let times = [5.0, 5.0, 0.0, 1.0, 5.0, 5.0, 4.0, 5.0, 2.0, 3.0];
    let found = split(&table(&classes, &times), by_time(), 0.2).unwrap();
    assert_eq!(found.test, [0, 1, 4, 5, 7]);
}

#[test]
fn times_that_cannot_order_are_refused() {
    let classes = ["a", "b", "a", "b"];
    let error = split(&table(&classes, &[1.0, f64::NAN, 2.0, 3.0]), by_time(), 0.5).unwrap_err();
    assert!(error.to_string().contains("missing in row 2"), "{error}");
    let error = split(&table(&classes, &[1.0; 4]), by_time(), 0.5).unwrap_err();
    assert!(matches!(error, SplitError::OneTime { .. }), "{error}");
    let error =
        split(&table(&classes, &[1.0; 4]), SplitBy::Time("when".to_owned()), 0.5).unwrap_err();
    assert_eq!(error.to_string(), "the table has no column `when`");
}

#[test]
fn a_class_that_only_comes_late_is_refused_by_name() {
    let classes = ["a", "a", "a", "a", "a", "a", "b", "b"];
    let times = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
    let error = split(&table(&classes, &times), by_time(), 0.25).unwrap_err().to_string();
    assert_eq!(error, "class `b` would have no training row when split by column `group`");
}

proptest! {
    #[test]
    fn parts_are_disjoint_whole_and_ascending(
        rows in proptest::collection::vec((0_usize..3, 0_u8..6), 12..80),
        share in 0.1_f64..0.6,
        way in 0_usize..3,
    ) {
        let classes: Vec<&str> = rows.iter().map(|(class, _)| ["a", "b", "c"][*class]).collect();
        let groups: Vec<f64> = rows.iter().map(|(_, group)| f64::from(*group)).collect();
        let table = table(&classes, &groups);
        let by = [SplitBy::Stratified, by_group(), by_time()][way].clone();
        if let Ok(found) = split(&table, by, share) {
            let mut all: Vec<usize> = found.training.iter().chain(&found.test).copied().collect();
            prop_assert!(found.training.is_sorted() && found.test.is_sorted());
            prop_assert!(!found.training.is_empty() && !found.test.is_empty());
            all.sort_unstable();
            prop_assert!(all.into_iter().eq(0..rows.len()));
            let labels = labels(&table);
            for class in 0..labels.classes.len() as u32 {
                prop_assert!(count(&labels, &found.training, class) > 0);
            }
            if way > 0 {
                let of = |rows: &[usize]| rows.iter().map(|&row| groups[row] as u8).collect::<BTreeSet<_>>();
                prop_assert!(of(&found.training).is_disjoint(&of(&found.test)));
            }
        }
    }
}
