//! Training and test rows.
//!
//! ```text
//! Stratified   every class has its share in both parts
//! Group(c)     no value of column c has rows in both parts
//! Time(c)      the last rows by column c are the test
//! ```
//!
//! # Source
//! The three ways are scikit-learn's `StratifiedShuffleSplit`, `GroupShuffleSplit` and a single
//! `TimeSeriesSplit`. Deviations: the number of test rows of a class is by largest remainder; of
//! [`SHUFFLES`] shuffles of the groups the one is taken whose test part has the asked share of every
//! class most nearly.

use std::cmp::Ordering;
use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{Labels, Table, TableError, Values};
use crate::frame::MISSING_CODE;
use crate::tree::sample::{Purpose, Stream, shuffle_front};

/// Shuffles of the groups among which one is chosen.
const SHUFFLES: u64 = 32;

/// What the parts must not share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", content = "column", rename_all = "snake_case")]
pub enum SplitBy {
    /// Rows.
    #[default]
    Stratified,
    /// Values of this column; a row without one is a group of its own.
    Group(String),
    /// Times of this column: numbers, or texts that sort as their times do (RFC 3339).
    Time(String),
}

/// How to split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitOptions {
    /// What the parts must not share.
    pub by: SplitBy,
    /// Share of the rows in the test part, in `(0, 1)`.
    pub test_share: f64,
    /// Seed of the shuffle.
    pub seed: u64,
}

/// Rows of a table by part, ascending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// Rows to fit on.
    pub training: Vec<usize>,
    /// Rows to judge on.
    pub test: Vec<usize>,
}

/// Why rows could not be split.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SplitError {
    /// No column to split by.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A share that leaves a part empty.
    #[error(
        "test share `{share}` of {n_rows} rows leaves a part empty; it must be between 0 and 1"
    )]
    Share {
        /// The share.
        share: f64,
        /// Rows.
        n_rows: usize,
    },
    /// A class that cannot be in both parts.
    #[error("class `{class}` has {n_rows} row: both parts need one, so at least 2 are needed")]
    FewRows {
        /// The class.
        class: String,
        /// Its rows.
        n_rows: u64,
    },
    /// A class without training rows.
    #[error("class `{class}` would have no training row when split by column `{column}`")]
    Absent {
        /// The class.
        class: String,
        /// The column.
        column: String,
    },
    /// Groups that cannot be parted.
    #[error(
        "column `{column}` has {n_groups} groups of which none can be the test part: a class \
         would lose all of its training rows"
    )]
    NoGroup {
        /// The column.
        column: String,
        /// Groups.
        n_groups: usize,
    },
    /// A row without a time.
    #[error("column `{column}` orders the rows but is missing in row {row}")]
    NoTime {
        /// The column.
        column: String,
        /// The row, from 1.
        row: usize,
    },
    /// One time alone.
    #[error("column `{column}` has the same time in all rows, so there is no last part")]
    OneTime {
        /// The column.
        column: String,
    },
}

// === impl SplitOptions ===

impl Default for SplitOptions {
    fn default() -> Self {
        Self { by: SplitBy::Stratified, test_share: 0.2, seed: 42 }
    }
}

// === impl Split ===

impl Split {
    /// Splits the labelled rows of a table.
    ///
    /// # Errors
    /// [`SplitError`].
    pub fn of(table: &Table, labels: &Labels, options: &SplitOptions) -> Result<Self, SplitError> {
        let n_rows = labels.rows.len();
        let n_test = (options.test_share * n_rows as f64).round().max(1.0);
        let is_share = options.test_share > 0.0 && options.test_share < 1.0;
        if !is_share || n_test >= n_rows as f64 {
            return Err(SplitError::Share { share: options.test_share, n_rows });
        }
        for (class, n_rows) in labels.classes.iter().zip(labels.counts()) {
            if n_rows < 2 {
                return Err(SplitError::FewRows { class: class.clone(), n_rows });
            }
        }
        let n_test = n_test as usize;
        let is_test = match &options.by {
            SplitBy::Stratified => stratified(labels, n_test, options.seed),
            SplitBy::Group(column) => {
                let groups = groups(table.column(column)?, &labels.rows);
                grouped(labels, &groups, options).ok_or_else(|| SplitError::NoGroup {
                    column: column.clone(),
                    n_groups: groups.n,
                })?
            }
            SplitBy::Time(column) => by_time(table, labels, (column, n_test))?,
        };
        if let SplitBy::Group(column) | SplitBy::Time(column) = &options.by {
            check_classes(labels, &is_test, column)?;
        }
        let part = |wanted: bool| {
            let rows = labels.rows.iter().zip(&is_test);
            rows.filter(|(_, is_test)| **is_test == wanted).map(|(row, _)| *row).collect()
        };
        Ok(Self { training: part(false), test: part(true) })
    }
}

/// The group of each labelled row.
struct Groups {
    of_row: Vec<u32>,
    n: usize,
}

// === free functions ===

/// Whether each labelled row is of the test part; every class has a row in both.
fn stratified(labels: &Labels, n_test: usize, seed: u64) -> Vec<bool> {
    let counts = labels.counts();
    let quotas = quotas(&counts, n_test, labels.rows.len());
    let mut by_class = vec![Vec::new(); counts.len()];
    for (at, &class) in labels.codes.iter().enumerate() {
        by_class[class as usize].push(at);
    }
    let mut is_test = vec![false; labels.rows.len()];
    for (class, (mut rows, quota)) in by_class.into_iter().zip(quotas).enumerate() {
        let stream = Stream { seed, tree: class as u64, purpose: Purpose::Rows };
        shuffle_front(&mut rows, quota, &mut stream.rng());
        for &at in rows.iter().take(quota) {
            is_test[at] = true;
        }
    }
    is_test
}

/// Test rows of each class by largest remainder, at least one and never all.
fn quotas(counts: &[u64], n_test: usize, n_rows: usize) -> Vec<usize> {
    let share = n_test as f64 / n_rows as f64;
    let exact: Vec<f64> = counts.iter().map(|&count| count as f64 * share).collect();
    let mut quotas: Vec<usize> = exact.iter().map(|exact| exact.floor() as usize).collect();
    let mut order: Vec<usize> = (0..counts.len()).collect();
    order.sort_by(|&one, &other| exact[other].fract().total_cmp(&exact[one].fract()));
    let mut rest = n_test.saturating_sub(quotas.iter().sum());
    for class in order {
        if rest > 0 {
            quotas[class] += 1;
            rest -= 1;
        }
    }
    let limits = quotas.iter().zip(counts);
    limits.map(|(&quota, &count)| quota.clamp(1, (count as usize - 1).max(1))).collect()
}

fn groups(values: &Values, rows: &[usize]) -> Groups {
    let mut known = HashMap::new();
    let mut n = 0;
    let mut next = || {
        n += 1;
        n as u32 - 1
    };
    let of_row = rows
        .iter()
        .map(|&row| {
            let key = match values {
                Values::Number(numbers) => {
                    let number = numbers.get(row).filter(|number| !number.is_nan());
                    number.map(|number| (number + 0.0).to_bits())
                }
                Values::Text(text) => {
                    let code = text.codes.get(row).filter(|code| **code != MISSING_CODE);
                    code.map(|&code| u64::from(code))
                }
            };
            match key {
                Some(key) => *known.entry(key).or_insert_with(&mut next),
                None => next(),
            }
        })
        .collect();
    Groups { of_row, n }
}

/// The best of some shuffles; `None` where each would take all rows of a class out of training.
fn grouped(labels: &Labels, groups: &Groups, options: &SplitOptions) -> Option<Vec<bool>> {
    let n_classes = labels.classes.len();
    let mut of_group = vec![vec![0_u64; n_classes]; groups.n];
    for (&group, &class) in groups.of_row.iter().zip(&labels.codes) {
        of_group[group as usize][class as usize] += 1;
    }
    let mut best: Option<(f64, Vec<bool>)> = None;
    for shuffle in 0..SHUFFLES {
        let stream = Stream { seed: options.seed, tree: shuffle, purpose: Purpose::Rows };
        let mut order: Vec<usize> = (0..groups.n).collect();
        shuffle_front(&mut order, groups.n, &mut stream.rng());
        let (distance, chosen) = held_out(&of_group, &order, (labels, options.test_share));
        let is_better = best.as_ref().is_none_or(|(least, _)| distance < *least);
        if is_better && chosen.contains(&true) {
            best = Some((distance, chosen));
        }
    }
    let (_, chosen) = best?;
    Some(groups.of_row.iter().map(|&group| chosen[group as usize]).collect())
}

/// Takes groups in this order for the test part while it has room; returns how far its classes are
/// from their share, and the groups.
fn held_out(
    of_group: &[Vec<u64>],
    order: &[usize],
    (labels, share): (&Labels, f64),
) -> (f64, Vec<bool>) {
    let all = labels.counts();
    let wanted = share * labels.rows.len() as f64;
    let mut held = vec![0_u64; all.len()];
    let mut chosen = vec![false; of_group.len()];
    for &group in order {
        let more = &of_group[group];
        let with = |class: usize| held[class] + more[class];
        let leaves_some = (0..all.len()).all(|class| with(class) < all[class]);
        let total: u64 = (0..all.len()).map(with).sum();
        let have: u64 = held.iter().sum();
        let is_nearer = (total as f64 - wanted).abs() < (have as f64 - wanted).abs();
        if leaves_some && (is_nearer || have == 0) {
            chosen[group] = true;
            held.iter_mut().zip(more).for_each(|(held, more)| *held += more);
        }
    }
    let distances =
        held.iter().zip(&all).map(|(&held, &all)| (held as f64 / all as f64 - share).abs());
    (distances.sum(), chosen)
}

/// The last rows are the test; rows of one time stay together.
fn by_time(
    table: &Table,
    labels: &Labels,
    (column, n_test): (&str, usize),
) -> Result<Vec<bool>, SplitError> {
    let values = table.column(column)?;
    if let Some(&row) = labels.rows.iter().find(|&&row| values.is_missing(row)) {
        return Err(SplitError::NoTime { column: column.to_owned(), row: row + 1 });
    }
    let compare = |&one: &usize, &other: &usize| -> Ordering {
        let (one, other) = (labels.rows[one], labels.rows[other]);
        match values {
            Values::Number(numbers) => numbers[one].total_cmp(&numbers[other]),
            Values::Text(text) => text.get(one).cmp(&text.get(other)),
        }
    };
    let mut order: Vec<usize> = (0..labels.rows.len()).collect();
    order.sort_by(compare);
    let starts: Vec<usize> = (1..order.len())
        .filter(|&at| compare(&order[at - 1], &order[at]) != Ordering::Equal)
        .collect();
    let wanted = order.len() - n_test;
    let cut = starts.iter().min_by_key(|start| start.abs_diff(wanted));
    let Some(&cut) = cut else { return Err(SplitError::OneTime { column: column.to_owned() }) };
    let mut is_test = vec![false; order.len()];
    for &at in &order[cut..] {
        is_test[at] = true;
    }
    Ok(is_test)
}

/// Refuses to train without a class.
fn check_classes(labels: &Labels, is_test: &[bool], column: &str) -> Result<(), SplitError> {
    let mut has = vec![false; labels.classes.len()];
    for (&class, _) in labels.codes.iter().zip(is_test).filter(|(_, is_test)| !**is_test) {
        has[class as usize] = true;
    }
    match labels.classes.iter().zip(has).find(|(_, has)| !has) {
        Some((class, _)) => {
            Err(SplitError::Absent { class: class.clone(), column: column.to_owned() })
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
