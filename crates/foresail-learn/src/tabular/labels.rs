//! The classes of the rows, from the target column.

use serde::{Deserialize, Serialize};

use super::csv::plain_number;
use super::{Table, TableError, Values};
use crate::frame::MISSING_CODE;

/// What [`MissingTarget::Class`] calls the class of rows without one.
pub const MISSING_CLASS: &str = "missing";

/// Most classes that a target may have: beyond, it is a quantity or a name.
pub const MOST_CLASSES: usize = 1_000;

/// What becomes of rows without a class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingTarget {
    /// They are an error.
    #[default]
    Refuse,
    /// They are left out.
    Drop,
    /// They are a class of their own, [`MISSING_CLASS`].
    Class,
}

/// The classes of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    /// The names of the classes: sorted by value where all are numbers, else as texts.
    pub classes: Vec<String>,
    /// The class of each kept row.
    pub codes: Vec<u32>,
    /// The kept rows of the table, ascending.
    pub rows: Vec<usize>,
}

/// Why rows have no classes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LabelError {
    /// No target column.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Rows without a class.
    #[error(
        "target `{target}` is missing in {n_missing} of {n_rows} rows, first in row {first}; \
         drop them or make them a class"
    )]
    Missing {
        /// The column.
        target: String,
        /// Rows without a class.
        n_missing: usize,
        /// Rows of the table.
        n_rows: usize,
        /// The first of them, from 1.
        first: usize,
    },
    /// No row with a class.
    #[error("target `{target}` has no value in any of {n_rows} rows")]
    NoRows {
        /// The column.
        target: String,
        /// Rows of the table.
        n_rows: usize,
    },
    /// A class that is called as the missing ones would be.
    #[error(
        "target `{target}` has a class `{MISSING_CLASS}` already: drop the missing ones instead"
    )]
    Clash {
        /// The column.
        target: String,
    },
    /// More classes than a classifier can tell apart.
    #[error(
        "target `{target}` has {n_classes} distinct values in {n_rows} rows, at most \
         {MOST_CLASSES} are possible: it looks like a quantity or a name, not a class"
    )]
    TooMany {
        /// The column.
        target: String,
        /// Distinct values.
        n_classes: usize,
        /// Rows that have one.
        n_rows: usize,
    },
}

// === impl Labels ===

impl Labels {
    /// Reads the classes of a table.
    ///
    /// # Errors
    /// [`LabelError`].
    pub fn of(table: &Table, target: &str, missing: MissingTarget) -> Result<Self, LabelError> {
        let named = || target.to_owned();
        let (names, codes) = names_and_codes(table.column(target)?);
        let n_rows = codes.len();
        let n_missing = codes.iter().filter(|code| **code == MISSING_CODE).count();
        if n_missing == n_rows {
            return Err(LabelError::NoRows { target: named(), n_rows });
        }
        if let (MissingTarget::Refuse, Some(first)) =
            (missing, codes.iter().position(|code| *code == MISSING_CODE))
        {
            let first = first + 1;
            return Err(LabelError::Missing { target: named(), n_missing, n_rows, first });
        }
        let with_class = n_missing > 0 && missing == MissingTarget::Class;
        if with_class && names.iter().any(|name| name == MISSING_CLASS) {
            return Err(LabelError::Clash { target: named() });
        }
        let (classes, new_codes) = sorted(names, &codes, with_class.then_some(MISSING_CLASS));
        let new_code = |code: u32| match code {
            MISSING_CODE => with_class.then(|| new_codes.last().copied()).flatten(),
            code => new_codes.get(code as usize).copied(),
        };
        let (rows, codes): (Vec<usize>, Vec<u32>) = codes
            .iter()
            .enumerate()
            .filter_map(|(row, &code)| new_code(code).map(|code| (row, code)))
            .unzip();
        if classes.len() > MOST_CLASSES {
            let (n_classes, n_rows) = (classes.len(), rows.len());
            return Err(LabelError::TooMany { target: named(), n_classes, n_rows });
        }
        Ok(Self { classes, codes, rows })
    }

    /// The number of rows of each class.
    #[must_use]
    pub fn counts(&self) -> Vec<u64> {
        let mut counts = vec![0; self.classes.len()];
        for &code in &self.codes {
            if let Some(count) = counts.get_mut(code as usize) {
                *count += 1;
            }
        }
        counts
    }
}

// === free functions ===

/// Distinct values as texts, and their position by row.
fn names_and_codes(values: &Values) -> (Vec<String>, Vec<u32>) {
    match values {
        Values::Text(text) => (text.levels.clone(), text.codes.clone()),
        Values::Number(numbers) => {
            let bits = |number: f64| (number + 0.0).to_bits(); // -0 is 0
            let mut known = std::collections::HashMap::new();
            let mut names = Vec::new();
            let mut code = |&number: &f64| {
                if number.is_nan() {
                    return MISSING_CODE;
                }
                *known.entry(bits(number)).or_insert_with(|| {
                    names.push(plain_number(number + 0.0));
                    names.len() as u32 - 1
                })
            };
            let codes = numbers.iter().map(&mut code).collect();
            (names, codes)
        }
    }
}

/// The names that rows have, in order, the further name last in the second list, and the new code
/// of each old one.
fn sorted(names: Vec<String>, codes: &[u32], further: Option<&str>) -> (Vec<String>, Vec<u32>) {
    let mut is_used = vec![false; names.len()];
    for &code in codes {
        if let Some(used) = is_used.get_mut(code as usize) {
            *used = true;
        }
    }
    let mut all = names;
    if let Some(further) = further {
        all.push(further.to_owned());
        is_used.push(true);
    }
    let mut order: Vec<usize> =
        is_used.iter().enumerate().filter(|(_, used)| **used).map(|(at, _)| at).collect();
    let numbers: Option<Vec<f64>> = (0..all.len())
        .map(|at| if is_used[at] { all[at].parse::<f64>().ok() } else { Some(0.0) })
        .collect();
    order.sort_by(|&one, &other| {
        let by_value = numbers.as_ref().map(|numbers| numbers[one].total_cmp(&numbers[other]));
        let by_text = all[one].cmp(&all[other]);
        by_value.map_or(by_text, |by_value| by_value.then(by_text))
    });
    let mut new_codes = vec![MISSING_CODE; all.len()];
    for (new, &old) in order.iter().enumerate() {
        new_codes[old] = new as u32;
    }
    (order.iter().map(|&at| all[at].clone()).collect(), new_codes)
}
