//! One scope at one budget: the engine's row, every opponent, and who is the strongest.

use crate::result::{BacktestResult, Method, MethodKind, Paired, Row, RowReading, Scope, Variant};
use crate::shift::MOST_TIME_IN_WARNING;

/// What a paired difference says about the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The interval lies above 0.
    Better,
    /// The interval lies below 0.
    Worse,
    /// The interval holds 0, or there is none.
    Undecided,
}

impl Verdict {
    /// Reads a paired difference.
    pub(crate) fn of(paired: &Paired) -> Self {
        match (paired.difference.low, paired.difference.high) {
            (Some(low), _) if low > 0.0 => Self::Better,
            (_, Some(high)) if high < 0.0 => Self::Worse,
            (_, _) => Self::Undecided,
        }
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Undecided => "undecided",
        }
    }

    /// Tells the verdicts apart without colour.
    pub(crate) const fn sign(self) -> &'static str {
        match self {
            Self::Better => "\u{25b2}",
            Self::Worse => "\u{25bc}",
            Self::Undecided => "\u{25c6}",
        }
    }
}

/// The engine and its opponents on the same data at the same budget.
pub(crate) struct Contest<'a> {
    /// The engine.
    pub(crate) subject: &'a Row,
    /// Everybody else, in the order of the result.
    pub(crate) others: Vec<&'a Row>,
    /// The strongest baseline.
    pub(crate) rival: Option<&'a Row>,
    /// False alarms per pod-day that were allowed.
    pub(crate) budget: f64,
}

impl<'a> Contest<'a> {
    /// The contest on `scope` at `budget`; `None` if the engine has no row there.
    pub(crate) fn find(result: &'a BacktestResult, scope: &Scope, budget: f64) -> Option<Self> {
        let here = |row: &&Row| {
            row.reading == RowReading::OperatingPoint
                && row.scope == *scope
                && row.budget.is_none_or(|own| same(own, budget))
        };
        let rows = || result.rows.iter().filter(here);
        let engine = |row: &&Row| row.method.kind == MethodKind::Engine;
        let tuned = rows().filter(engine).find(|row| row.budget.is_some());
        let subject = tuned.or_else(|| rows().find(engine))?;
        let others: Vec<&Row> = rows().filter(|row| row.method != subject.method).collect();
        let rival = strongest(subject, &others, budget);
        Some(Self { subject, others, rival, budget })
    }

    /// The contest over all training recordings at the shown budget, where there is one.
    pub(crate) fn pooled(result: &'a BacktestResult) -> Option<Self> {
        Self::find(result, &Scope::PooledTraining, result.shown_budget)
    }

    /// Whether a row raised more false alarms than were allowed.
    pub(crate) fn overspends(&self, row: &Row) -> bool {
        rate_of(row).is_some_and(|rate| rate > self.budget && !same(rate, self.budget))
    }

    /// The contest that the page opens with.
    pub(crate) fn shown(result: &'a BacktestResult) -> Option<Self> {
        Self::find(result, &shown_scope(result), result.shown_budget)
    }

    /// The paired difference to a method.
    pub(crate) fn paired(&self, method: &Method) -> Option<&'a Paired> {
        let same = |paired: &&Paired| {
            paired.other == method.name && paired.other_variant == method.variant
        };
        self.subject.paired.iter().find(same)
    }
}

/// The scope of the recording whose incidents are shown.
pub(crate) fn shown_scope(result: &BacktestResult) -> Scope {
    Scope::Recording(result.shown.clone())
}

/// Every scope with an operating point, in the order of the result.
pub(crate) fn scopes(result: &BacktestResult) -> Vec<&Scope> {
    let mut out: Vec<&Scope> = Vec::new();
    for row in result.rows.iter().filter(|row| row.reading == RowReading::OperatingPoint) {
        if !out.contains(&&row.scope) {
            out.push(&row.scope);
        }
    }
    out
}

/// A scope in words.
pub(crate) fn scope_words(scope: &Scope) -> String {
    match scope {
        Scope::Recording(name) => format!("recording {name}"),
        Scope::PooledTraining => {
            "all training recordings, each judged with what the others chose".into()
        }
        Scope::PooledJudged => "all judged recordings together".into(),
    }
}

/// Budgets come from one list, so equal ones differ by rounding at most.
pub(crate) fn same(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-9
}

/// The baseline that catches most, among those tuned for the budget and those that as shipped stay
/// within the budget or the engine's own rate of false alarms. At equal catch, the quieter one.
fn strongest<'a>(subject: &Row, others: &[&'a Row], budget: f64) -> Option<&'a Row> {
    let allowed = rate_of(subject).unwrap_or(0.0).max(budget);
    let fair = |row: &&Row| {
        row.method.kind == MethodKind::Baseline
            && row.not_measurable.is_none()
            && match row.method.variant {
                Variant::Tuned => true,
                Variant::AsShipped => rate_of(row).is_some_and(|rate| rate <= allowed),
            }
    };
    let quiet = |row: &Row| rate_of(row).unwrap_or(f64::INFINITY);
    others.iter().copied().filter(fair).reduce(|best, row| {
        let more = row.counts.reachable_matched.cmp(&best.counts.reachable_matched);
        if more.then(quiet(best).total_cmp(&quiet(row))).is_gt() { row } else { best }
    })
}

/// Whether alarms stand open for so long that a reading is not accepted.
pub(crate) fn warns_too_long(row: &Row) -> bool {
    row.time_in_warning.is_some_and(|share| share > MOST_TIME_IN_WARNING)
}

/// Whether a row is one of the fixed settings of the `predict_linear` grid.
pub(crate) fn is_grid(row: &Row) -> bool {
    row.method.variant == Variant::AsShipped && row.method.name.starts_with("predict_linear_")
}

fn rate_of(row: &Row) -> Option<f64> {
    row.false_per_pod_day.map(|estimate| estimate.value)
}
