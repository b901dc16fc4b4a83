//! The table as the checks see it: the rows that have a class, the columns that are features.

use std::collections::HashMap;

use super::{AuditPlan, Labels};
use crate::frame::MISSING_CODE;
use crate::tabular::{Table, TableColumn, TableError, Values};

/// The audited part of a table.
pub(super) struct View<'a> {
    pub(super) plan: &'a AuditPlan<'a>,
    pub(super) labels: &'a Labels,
    pub(super) table: &'a Table,
    /// Columns that a model could see.
    pub(super) features: Vec<&'a TableColumn>,
    /// Rows of each class.
    pub(super) counts: Vec<u64>,
}

/// A column as one code a row, by its distinct values; missing is a value.
pub(super) struct Codes {
    /// One code for every audited row.
    pub(super) codes: Vec<u32>,
    /// Number of codes.
    pub(super) n: usize,
}

// === impl View ===

impl<'a> View<'a> {
    pub(super) fn new(
        table: &'a Table,
        plan: &'a AuditPlan<'a>,
        labels: &'a Labels,
    ) -> Result<Self, TableError> {
        let named = plan.groups.iter().map(String::as_str).chain(plan.time);
        for name in named.chain(plan.ignored.iter().map(String::as_str)) {
            table.column(name)?;
        }
        let features = table.columns().iter().filter(|column| {
            let name = &column.name;
            name != plan.target
                && plan.time != Some(name.as_str())
                && !plan.groups.contains(name)
                && !plan.ignored.contains(name)
        });
        Ok(Self { plan, labels, table, features: features.collect(), counts: labels.counts() })
    }

    /// Number of audited rows.
    pub(super) fn n_rows(&self) -> usize {
        self.labels.rows.len()
    }

    /// Number of classes.
    pub(super) fn n_classes(&self) -> usize {
        self.labels.classes.len()
    }

    /// The name of a class.
    pub(super) fn class(&self, class: usize) -> &str {
        self.labels.classes.get(class).map_or("", String::as_str)
    }

    /// Share of the rows that are of a class.
    pub(super) fn share(&self, class: usize) -> f64 {
        self.counts.get(class).map_or(0.0, |count| *count as f64 / self.n_rows().max(1) as f64)
    }

    /// The numbers of a column for the audited rows; `None` for a column of texts.
    pub(super) fn numbers(&self, values: &Values) -> Option<Vec<f64>> {
        match values {
            Values::Number(numbers) => Some(
                self.labels
                    .rows
                    .iter()
                    .map(|&row| numbers.get(row).copied().unwrap_or(f64::NAN))
                    .collect(),
            ),
            Values::Text(_) => None,
        }
    }

    /// A column by its distinct values, numbered by their first row.
    pub(super) fn codes(&self, values: &Values) -> Codes {
        let mut known = HashMap::new();
        let mut code = |key: u64| {
            let next = known.len() as u32;
            *known.entry(key).or_insert(next)
        };
        let rows = self.labels.rows.iter();
        let codes = match values {
            Values::Number(numbers) => {
                rows.map(|&row| code(bits(numbers.get(row).copied().unwrap_or(f64::NAN)))).collect()
            }
            Values::Text(text) => rows
                .map(|&row| code(text.codes.get(row).copied().unwrap_or(MISSING_CODE).into()))
                .collect(),
        };
        Codes { codes, n: known.len() }
    }

    /// By audited row: whether it stands in the test part. `None` without a split.
    pub(super) fn sides(&self) -> Option<Vec<Side>> {
        let split = self.plan.split?;
        let mut sides = vec![Side::Neither; self.table.n_rows()];
        for (rows, side) in [(&split.training, Side::Training), (&split.test, Side::Test)] {
            for &row in rows {
                if let Some(place) = sides.get_mut(row) {
                    *place = side;
                }
            }
        }
        let side = |row: &usize| sides.get(*row).copied().unwrap_or(Side::Neither);
        Some(self.labels.rows.iter().map(side).collect())
    }
}

/// On which side of a split a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Training,
    Test,
    Neither,
}

/// Equal for equal numbers: one zero, one NaN.
pub(super) fn bits(number: f64) -> u64 {
    if number.is_nan() { f64::NAN.to_bits() } else { (number + 0.0).to_bits() }
}

/// A number that looks drawn by chance but depends on its argument alone.
///
/// # Source
/// The finaliser of SplitMix64, Steele et al. 2014.
pub(in crate::tabular) fn scramble(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
