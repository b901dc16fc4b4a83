//! Columns that alone tell a class from the rest, and copies of the target.

use rayon::prelude::*;

use super::nominal::Cells;
use super::ranks::{Ranks, is_significant};
use super::view::Codes;
use super::words::{classes, percent};
use super::{Finding, FindingKind, Severity, View};
use crate::tabular::{TableColumn, Values};

/// From this ROC AUC on a column alone tells a class; the number is that of issue and docs.
const TELLS: f64 = 0.98;
/// From here on hardly a row is on the wrong side.
const DECIDES: f64 = 0.999;
/// Numbers of so many distinct values are looked at as categories too.
const MOST_LEVELS: usize = 64;
/// Columns with a finding of their own; the others share one.
const MOST_COLUMNS: usize = 20;
/// With fewer rows a copy may be chance.
const LEAST_ROWS: usize = 20;

/// What one column tells.
struct Told<'a> {
    column: &'a str,
    is_copy: IsCopy,
    /// Classes and how well they are told, best first.
    classes: Vec<(usize, f64)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum IsCopy {
    Yes,
    No,
}

/// Which classes single columns decide, all columns taken together.
enum Decided {
    /// All, or all but the one that is then left.
    All,
    Some,
}

pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    let mut told: Vec<Told<'_>> = view
        .features
        .par_iter()
        .map(|column| look(view, column))
        .filter(|told| told.is_copy == IsCopy::Yes || !told.classes.is_empty())
        .collect();
    // Stable: equal columns stay in the order of the table.
    told.sort_by(|a, b| b.harm(view).total_cmp(&a.harm(view)));
    let decided = Decided::of(view, &told);
    let rest = told.split_off(told.len().min(MOST_COLUMNS));
    let mut findings: Vec<Finding> = told.iter().map(|told| told.finding(view, &decided)).collect();
    if let Some(first) = rest.first() {
        findings.push(more(first.finding(view, &decided), &rest));
    }
    findings
}

fn look<'a>(view: &View<'_>, column: &'a TableColumn) -> Told<'a> {
    let classes = &view.labels.codes;
    let mut best = vec![None; view.n_classes()];
    let mut codes = None;
    match &column.values {
        Values::Number(_) => {
            let numbers = view.numbers(&column.values).unwrap_or_default();
            let ranks = Ranks::of(&numbers, classes, view.n_classes());
            best = ranks.best_aucs(&view.counts);
            if ranks.n_distinct() <= MOST_LEVELS {
                codes = Some(view.codes(&column.values));
            }
        }
        Values::Text(_) => codes = Some(view.codes(&column.values)),
    }
    if let Some(codes) = &codes {
        for (best, nominal) in best.iter_mut().zip(Cells::of(view, codes).aucs()) {
            *best = [*best, nominal].into_iter().flatten().reduce(f64::max);
        }
    }
    let n_tries = view.features.len() * view.n_classes();
    let tells = |(class, auc): (usize, Option<f64>)| {
        let events = view.counts[class];
        let others = view.n_rows() as u64 - events;
        let auc = auc.filter(|auc| *auc > TELLS)?;
        is_significant(auc, (events, others), n_tries).then_some((class, auc))
    };
    let mut told: Vec<(usize, f64)> = best.into_iter().enumerate().filter_map(tells).collect();
    told.sort_by(|a, b| b.1.total_cmp(&a.1));
    let is_copy = codes.map_or(IsCopy::No, |codes| is_copy(view, &codes));
    Told { column: &column.name, is_copy, classes: told }
}

/// Whether each value goes with one class and each class with one value.
fn is_copy(view: &View<'_>, codes: &Codes) -> IsCopy {
    let n_present = view.counts.iter().filter(|count| **count > 0).count();
    if codes.n != n_present || view.n_rows() < LEAST_ROWS {
        return IsCopy::No;
    }
    let mut class_of = vec![None; codes.n];
    let same = codes
        .codes
        .iter()
        .zip(&view.labels.codes)
        .all(|(&code, &class)| *class_of[code as usize].get_or_insert(class) == class);
    // As many values as classes, none with two classes: then none shares its class either.
    if same { IsCopy::Yes } else { IsCopy::No }
}

// === impl Decided ===

impl Decided {
    fn of(view: &View<'_>, told: &[Told<'_>]) -> Self {
        let mut classes: Vec<usize> = (told.iter().flat_map(|told| &told.classes))
            .filter(|told| is_decided(told))
            .map(|(class, _)| *class)
            .collect();
        classes.sort_unstable();
        classes.dedup();
        let present = view.counts.iter().filter(|count| **count > 0).count();
        if classes.len() + 1 >= present { Self::All } else { Self::Some }
    }
}

fn is_decided((_, auc): &(usize, f64)) -> bool {
    *auc >= DECIDES
}

// === impl Told ===

impl Told<'_> {
    /// Share of the rows whose class is told.
    fn harm(&self, view: &View<'_>) -> f64 {
        match self.is_copy {
            IsCopy::Yes => 2.0,
            IsCopy::No if self.is_all(view) => self.classes.last().map_or(0.0, |(_, auc)| *auc),
            IsCopy::No => {
                self.classes.iter().map(|(class, _)| view.share(*class)).sum::<f64>().min(0.97)
            }
        }
    }

    /// Whether no class is left to be told by anything else.
    fn is_all(&self, view: &View<'_>) -> bool {
        let present = view.counts.iter().filter(|count| **count > 0).count();
        self.classes.len() >= present
    }

    fn severity(&self, decided: &Decided) -> Severity {
        match (self.classes.iter().any(is_decided), decided) {
            (false, _) => Severity::Question,
            (true, Decided::Some) => Severity::Inflated,
            (true, Decided::All) => Severity::Invalid,
        }
    }

    fn finding(&self, view: &View<'_>, decided: &Decided) -> Finding {
        let column = self.column;
        let names: Vec<String> =
            self.classes.iter().map(|(class, _)| view.class(*class).to_owned()).collect();
        if self.is_copy == IsCopy::Yes {
            return Finding::new(FindingKind::TargetCopy, Severity::Invalid, 1.0)
                .columns([column])
                .evidence("rows", view.n_rows() as f64)
                .said(
                    format!(
                        "column `{column}` is the target `{}` under other names: each of its values goes \
                         with one class and each class with one value",
                        view.plan.target
                    ),
                    "any model reaches 100 % by reading this column; the score says nothing",
                    "leave the column out; it would not be known when the class is to be predicted",
                );
        }
        let best = self.classes.first().map_or(0.0, |(_, auc)| *auc);
        let worst = self.classes.last().map_or(0.0, |(_, auc)| *auc);
        let share: f64 = self.classes.iter().map(|(class, _)| view.share(*class)).sum();
        let auc = if self.classes.len() == 1 {
            format!("ROC AUC {}", auc(best))
        } else {
            format!("ROC AUC {} to {}", auc(worst), auc(best))
        };
        let whom = if self.is_all(view) { "every class".to_owned() } else { classes(&names) };
        Finding::new(FindingKind::ColumnTells, self.severity(decided), self.harm(view))
            .columns([column])
            .classes(names)
            .evidence("roc_auc", best)
            .evidence("roc_auc_least", worst)
            .evidence("share_of_rows", share)
            .said(
                format!("column `{column}` alone tells {whom} from the rest ({auc})"),
                format!(
                    "for {} of the rows the reported score is what this one column gives; on rows where \
                     it is not yet known, or follows the failure, nothing of that is left",
                    percent(share)
                ),
                "ask when and how the column is filled: if after the class is known, or from it, leave it out; \
                 if it is a real sensor, a threshold on it does what the model does",
            )
    }
}

/// One finding for all further columns.
fn more(first: Finding, rest: &[Told<'_>]) -> Finding {
    let n = rest.len();
    let fact = format!(
        "{n} further columns alone tell a class from the rest, such as `{}`",
        rest[0].column
    );
    let first = first.columns(rest.iter().map(|told| told.column)).evidence("columns", n as f64);
    Finding { fact, ..first }
}

/// Three digits, never rounded up to 1.
fn auc(value: f64) -> String {
    if value >= 1.0 {
        "1".to_owned()
    } else {
        format!("{:.3}", (value * 1_000.0).floor() / 1_000.0)
    }
}
