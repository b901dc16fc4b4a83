//! What each column of a table is for: a feature, the target, a group, the time, or nothing.

use std::collections::HashSet;
use std::fmt;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::{Table, TableColumn, Text, Values};
use crate::frame::MISSING_CODE;

/// A text is taken for a name of its row where at least this share of the texts are distinct.
const DISTINCT: f64 = 0.9;
/// Rows from which that share tells anything.
const FEW_ROWS: usize = 20;

/// How a date is written.
const DATE: &[u8] = b"dddd-dd-dd";
/// Names of columns whose numbers may be times.
const TIME_NAMES: [&str; 6] = ["time", "timestamp", "date", "datetime", "ts", "epoch"];
/// Seconds since 1970 of which a table may tell: the years 2000 to 2100.
const EPOCHS: RangeInclusive<f64> = 946_684_800.0..=4_102_444_800.0;

/// Columns that `foresail dataset` writes beside its features and its target: a CSV has no place to say
/// what a column is for, so their names say it. They count where a table has all of them; in another
/// table a column that is called `node` or `time` is a column like any other.
pub const DATASET_COLUMNS: [&str; 9] = [
    "time",
    "recording",
    "namespace",
    "workload",
    "pod",
    "node",
    "failure_kind",
    "minutes_to_failure",
    "incident",
];
/// The target of such a table; not a feature when another column is the target.
pub const DATASET_TARGET: &str = "label";
/// The column of such a table that says how training rows are to be balanced, where it has one.
pub const DATASET_BALANCE: &str = "balance";

/// Columns that `foresail simulate` writes beside its features; they too count where a table has all of
/// them. The last is the target.
pub const SIMULATED_COLUMNS: [&str; 3] = ["timestamp", "object", "issue_type"];

/// Those of both that name what a row belongs to.
const RESERVED_GROUPS: [&str; 4] = ["recording", "namespace", "workload", "object"];

/// What the caller says of the columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleOptions {
    /// The column that holds the classes.
    pub target: String,
    /// Columns that say which rows belong together; never features.
    pub groups: Vec<String>,
    /// The column that orders the rows; never a feature.
    pub time: Option<String>,
    /// Columns to leave out.
    pub ignore: Vec<String>,
}

/// What each column is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roles {
    /// The column that holds the classes.
    pub target: String,
    /// The columns that say which rows belong together.
    pub groups: Vec<String>,
    /// The column that orders the rows.
    pub time: Option<String>,
    /// The columns that a model may use, in the order of the table.
    pub features: Vec<String>,
    /// The columns that it may not, with the reason.
    pub left_out: Vec<LeftOut>,
}

/// A column that no model sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The column.
    pub column: String,
    /// Why.
    pub reason: LeaveReason,
}

/// Why no model sees a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum LeaveReason {
    /// The caller says so.
    Ignored,
    /// It says which row of what `foresail dataset` or `simulate` wrote it is, or what happened next.
    Reserved,
    /// It has no value.
    AllMissing,
    /// It has one value, and no gap that could tell something.
    Constant,
    /// It counts the rows.
    RowNumber,
    /// It holds times, and was not named as the time of the rows.
    Times,
    /// Its texts name rows: nearly every row has its own.
    Identifier {
        /// Distinct texts.
        levels: usize,
        /// Rows that have one.
        rows: usize,
    },
}

/// Why columns have no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RoleError {
    /// Columns that the table does not have.
    #[error("the table has no column {}; it has {}", quoted(missing), some(have))]
    NoColumn {
        /// The names that were asked for.
        missing: Vec<String>,
        /// The names there are.
        have: Vec<String>,
    },
    /// A column with two roles.
    #[error("column `{column}` is {one} and {other}: it can be one of them")]
    TwoRoles {
        /// The column.
        column: String,
        /// One of them.
        one: &'static str,
        /// The other.
        other: &'static str,
    },
    /// Nothing to learn from.
    #[error("no column is left to learn from: {}", reasons(left_out))]
    NoFeatures {
        /// What was left out, with reasons.
        left_out: Vec<LeftOut>,
    },
}

// === impl Roles ===

impl Roles {
    /// Gives each column its role.
    ///
    /// # Errors
    /// [`RoleError`] when a named column is absent, has two roles, or no feature is left.
    pub fn of(table: &Table, options: &RoleOptions) -> Result<Self, RoleError> {
        let named = options.named()?;
        let have: HashSet<&str> =
            table.columns().iter().map(|column| column.name.as_str()).collect();
        let missing: Vec<String> = named
            .iter()
            .filter(|(name, _)| !have.contains(name))
            .map(|(name, _)| (*name).to_owned())
            .collect();
        if !missing.is_empty() {
            let have = table.columns().iter().map(|column| column.name.clone()).collect();
            return Err(RoleError::NoColumn { missing, have });
        }
        let (of_dataset, of_simulator) = (is_dataset(table), is_simulated(table));
        let is_reserved = |name: &str| {
            (of_dataset && is_reserved(name)) || (of_simulator && SIMULATED_COLUMNS.contains(&name))
        };
        let ignored: HashSet<&str> = options.ignore.iter().map(String::as_str).collect();
        let named: HashSet<&str> = named.into_iter().map(|(name, _)| name).collect();
        let (mut features, mut left_out) = (Vec::new(), Vec::new());
        for column in table.columns() {
            let reason = if ignored.contains(column.name.as_str()) {
                Some(LeaveReason::Ignored)
            } else if named.contains(column.name.as_str()) {
                continue;
            } else if is_reserved(&column.name) {
                Some(LeaveReason::Reserved)
            } else {
                reason(column)
            };
            let name = column.name.clone();
            match reason {
                Some(reason) => left_out.push(LeftOut { column: name, reason }),
                None => features.push(name),
            }
        }
        if features.is_empty() {
            return Err(RoleError::NoFeatures { left_out });
        }
        let RoleOptions { target, groups, time, .. } = options.clone();
        Ok(Self { target, groups, time, features, left_out })
    }

    /// Which columns an audit takes for groups, and which it leaves out.
    ///
    /// Columns that name what rows of our own files belong to are no features, but what they give away
    /// is worth a look, named or not.
    #[must_use]
    pub fn groups_and_ignored(&self) -> (Vec<String>, Vec<String>) {
        let is_group = |one: &&LeftOut| {
            matches!(one.reason, LeaveReason::Reserved)
                && RESERVED_GROUPS.contains(&one.column.as_str())
        };
        let (reserved, ignored): (Vec<&LeftOut>, Vec<&LeftOut>) =
            self.left_out.iter().partition(is_group);
        let names = |columns: Vec<&LeftOut>| -> Vec<String> {
            columns.into_iter().map(|one| one.column.clone()).collect()
        };
        ([self.groups.clone(), names(reserved)].concat(), names(ignored))
    }
}

// === impl RoleOptions ===

impl RoleOptions {
    /// All named columns with what they are; a name may be repeated in the same role.
    fn named(&self) -> Result<Vec<(&str, &'static str)>, RoleError> {
        let groups = self.groups.iter().map(|name| (name.as_str(), "a group"));
        let time = self.time.iter().map(|name| (name.as_str(), "the time"));
        let ignored = self.ignore.iter().map(|name| (name.as_str(), "ignored"));
        let mut named = vec![(self.target.as_str(), "the target")];
        for (column, other) in groups.chain(time).chain(ignored) {
            match named.iter().find(|(name, _)| *name == column) {
                // A column can group the rows and order them, as a number of a recording does.
                Some(&(_, one)) if one != other && (one, other) != ("a group", "the time") => {
                    return Err(RoleError::TwoRoles { column: column.to_owned(), one, other });
                }
                Some(_) => {}
                None => named.push((column, other)),
            }
        }
        Ok(named)
    }
}

// === impl LeaveReason ===

impl fmt::Display for LeaveReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ignored => formatter.write_str("it is to be ignored"),
            Self::Reserved => formatter.write_str("it says which row it is or what happened next"),
            Self::AllMissing => formatter.write_str("all of its values are missing"),
            Self::Constant => formatter.write_str("all of its values are the same"),
            Self::RowNumber => formatter.write_str("it counts the rows"),
            Self::Times => formatter.write_str(
                "it holds times, from which a model learns when and not what; --time orders the rows by it",
            ),
            Self::Identifier { levels, rows } => {
                write!(formatter, "it names rows: {levels} distinct texts in {rows} rows")
            }
        }
    }
}

// === free functions ===

/// Whether `foresail dataset` wrote the table: it has all of [`DATASET_COLUMNS`] and its target.
#[must_use]
pub fn is_dataset(table: &Table) -> bool {
    let mut names = DATASET_COLUMNS.iter().chain([&DATASET_TARGET]);
    names.all(|name| table.column(name).is_ok())
}

fn is_simulated(table: &Table) -> bool {
    SIMULATED_COLUMNS.iter().all(|name| table.column(name).is_ok())
}

fn is_reserved(name: &str) -> bool {
    DATASET_COLUMNS.contains(&name) || name == DATASET_TARGET || name == DATASET_BALANCE
}

fn reason(column: &TableColumn) -> Option<LeaveReason> {
    match &column.values {
        Values::Number(numbers) => reason_of_numbers(numbers)
            .or_else(|| are_epochs(&column.name, numbers).then_some(LeaveReason::Times)),
        Values::Text(text) => reason_of_texts(text),
    }
}

/// Whether a column whose name says time holds times since 1970, in seconds or a thousandth, millionth
/// or billionth of them. Numbers alone do not say so: bytes and nanoseconds are as great.
fn are_epochs(name: &str, numbers: &[f64]) -> bool {
    let name = name.to_ascii_lowercase();
    let name = name.strip_prefix("num_").unwrap_or(&name);
    let says_time = TIME_NAMES.contains(&name) || name.ends_with("timestamp");
    let are_of = |unit: f64| {
        let known = || numbers.iter().filter(|number| !number.is_nan());
        known().all(|number| EPOCHS.contains(&(number / unit)))
    };
    says_time && [1.0, 1e3, 1e6, 1e9].into_iter().any(are_of)
}

/// Whether a text is a date, or a date and a time of day (RFC 3339, also with a space between).
pub(super) fn is_time(text: &str) -> bool {
    let Some((date, rest)) = text.as_bytes().split_at_checked(DATE.len()) else { return false };
    let fits = |(shape, byte): (&u8, &u8)| match shape {
        b'd' => byte.is_ascii_digit(),
        shape => shape == byte,
    };
    let has_clock = matches!(rest, [b'T' | b't' | b' ', hour, ..] if hour.is_ascii_digit());
    DATE.iter().zip(date).all(fits) && (rest.is_empty() || has_clock)
}

fn reason_of_numbers(numbers: &[f64]) -> Option<LeaveReason> {
    let mut present = numbers.iter().filter(|number| !number.is_nan());
    let Some(first) = present.next() else { return Some(LeaveReason::AllMissing) };
    let is_complete = !numbers.iter().any(|number| number.is_nan());
    if present.all(|number| number == first) {
        return is_complete.then_some(LeaveReason::Constant);
    }
    let counts = |start: &f64| {
        let mut rows = numbers.iter().enumerate();
        rows.all(|(row, number)| *number == start + row as f64)
    };
    let is_count = numbers.len() >= FEW_ROWS && numbers.first().is_some_and(counts);
    is_count.then_some(LeaveReason::RowNumber)
}

fn reason_of_texts(text: &Text) -> Option<LeaveReason> {
    let mut seen = vec![false; text.levels.len()];
    let (mut levels, mut rows) = (0, 0);
    for &code in text.codes.iter().filter(|code| **code != MISSING_CODE) {
        rows += 1;
        if let Some(seen) = seen.get_mut(code as usize).filter(|seen| !**seen) {
            *seen = true;
            levels += 1;
        }
    }
    if rows == 0 {
        return Some(LeaveReason::AllMissing);
    }
    if levels == 1 {
        return (rows == text.codes.len()).then_some(LeaveReason::Constant);
    }
    if seen.iter().zip(&text.levels).all(|(seen, level)| !seen || is_time(level)) {
        return Some(LeaveReason::Times);
    }
    let is_name = rows >= FEW_ROWS && levels as f64 >= DISTINCT * rows as f64;
    is_name.then_some(LeaveReason::Identifier { levels, rows })
}

/// Names in backticks.
pub(super) fn quoted<S: AsRef<str>>(names: &[S]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    names.join(", ")
}

/// The first of many names.
fn some(names: &[String]) -> String {
    const MOST: usize = 12;
    match names.get(MOST..) {
        Some(more @ [_, ..]) => {
            format!("{} and {} more", quoted(names.get(..MOST).unwrap_or(names)), more.len())
        }
        Some([]) | None => quoted(names),
    }
}

fn reasons(left_out: &[LeftOut]) -> String {
    const MOST: usize = 8;
    let reasons: Vec<String> = left_out
        .iter()
        .take(MOST)
        .map(|left_out| format!("`{}` because {}", left_out.column, left_out.reason))
        .collect();
    match reasons.is_empty() {
        true => "the table has no other column".to_owned(),
        false => reasons.join(", "),
    }
}

#[cfg(test)]
mod tests;
