//! The audit: which columns, rows and groups give the labels away, and what that does to a score.
//!
//! ```text
//! Table, AuditPlan ──> single   columns that alone tell a class, copies of the target
//!                  ──> rules    labels that are thresholds on features
//!                  ──> repeats  equal rows, above all on both sides of a split
//!                  ──> groups   objects and recordings that give the label away
//!                  ──> neighbours  rows that follow each other, on both sides of a split
//!                  ──> order    a forecast is asked of rows without order in time
//!                  ──> healthy  no class that means "nothing is wrong"
//!                        └──> findings, the most harmful first
//! ```
//!
//! A finding is a fact about the table, with its numbers. Whether a column that tells a class is a
//! leak or a good sensor cannot be seen in the table; the finding says what to ask.

use rayon::prelude::*;

pub use self::finding::{Finding, FindingKind, Severity};
pub(super) use self::repeats::rows_stand_in_training;
use self::view::View;
pub(super) use self::view::scramble as mix;
use super::{LabelError, Labels, MissingTarget, Split, Table, TableError};

mod finding;
mod groups;
mod healthy;
mod neighbours;
mod nominal;
mod order;
mod ranks;
mod repeats;
mod rules;
mod single;
#[cfg(test)]
mod tests;
mod view;
mod words;

/// Whether the classes are to be said ahead of their time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Forecast {
    /// The class of a row is that of its own time.
    #[default]
    NotAsked,
    /// Later rows are to be judged by what earlier ones taught.
    Asked,
}

/// What the table is to be used for.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuditPlan<'a> {
    /// The column of the classes.
    pub target: &'a str,
    /// Columns that name what rows belong to, such as an object or a recording; no features.
    pub groups: &'a [String],
    /// The column of time; no feature.
    pub time: Option<&'a str>,
    /// Columns that are no features for another reason.
    pub ignored: &'a [String],
    /// The parts that scores are reported on; without, a random fifth of the rows is assumed.
    pub split: Option<&'a Split>,
    /// Whether a forecast is asked.
    pub forecast: Forecast,
    /// Whether rows without a class are a class of their own; else they are left out.
    pub missing_target: MissingTarget,
}

/// Why there is no audit.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// A column that the plan names is not there.
    #[error(transparent)]
    Column(#[from] TableError),
    /// The target holds no classes.
    #[error(transparent)]
    Labels(#[from] LabelError),
    /// Nothing can give away what is always the same.
    #[error("target `{target}` has one class, `{class}`, in all {n_rows} rows; two are needed")]
    OneClass {
        /// The column.
        target: String,
        /// The class.
        class: String,
        /// Rows that have it.
        n_rows: usize,
    },
}

/// Looks for what gives the labels away; the most harmful finding first.
///
/// # Errors
/// [`AuditError`] when a column of the plan is absent or the target has fewer than two classes.
pub fn audit(table: &Table, plan: &AuditPlan<'_>) -> Result<Vec<Finding>, AuditError> {
    let missing_target = match plan.missing_target {
        MissingTarget::Refuse | MissingTarget::Drop => MissingTarget::Drop,
        MissingTarget::Class => MissingTarget::Class,
    };
    let labels = Labels::of(table, plan.target, missing_target)?;
    if let [class] = &labels.classes[..] {
        let (target, class, n_rows) = (plan.target.to_owned(), class.clone(), labels.rows.len());
        return Err(AuditError::OneClass { target, class, n_rows });
    }
    let view = View::new(table, plan, &labels)?;
    let checks: [fn(&View<'_>) -> Vec<Finding>; 7] = [
        single::check,
        rules::check,
        repeats::check,
        groups::check,
        neighbours::check,
        order::check,
        healthy::check,
    ];
    let found: Vec<Vec<Finding>> = checks.par_iter().map(|check| check(&view)).collect();
    let mut findings: Vec<Finding> = found.into_iter().flatten().collect();
    // Stable: within one severity and harm the order of the checks and columns stays.
    findings.sort_by(|a, b| (b.severity.cmp(&a.severity)).then(b.harm.total_cmp(&a.harm)));
    Ok(findings)
}
