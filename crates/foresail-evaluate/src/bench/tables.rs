//! The tables of a benchmark as text, drawn once for the page and for Markdown.

mod reach;
mod trust;

use reach::{
    applications, by_recording, checks, groups, headline, kinds, leads, recordings, wrong,
};
use trust::{cost, gates, left_out, probabilities, ranking, times};

use super::methods::FORESAIL;
use super::result::BenchResult;
use crate::report::words::{UNDEFINED, rate, rate_interval};
use crate::result::{Estimate, Row, Scope, Split};

/// Features of the ranking that are shown.
const RANKED: usize = 20;

/// A table with its words.
#[derive(Clone, Debug)]
pub(super) struct TextTable {
    /// Stable name.
    pub(super) name: &'static str,
    pub(super) title: String,
    /// How to read it.
    pub(super) reading: String,
    pub(super) heads: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
}

/// Every table, the headline first; those without a row are left out.
pub(super) fn tables(result: &BenchResult) -> Vec<TextTable> {
    let mut tables = vec![recordings(result)];
    for split in SPLITS {
        tables.push(headline(result, split));
    }
    for split in SPLITS {
        tables.push(by_recording(result, split));
    }
    tables.extend([applications(result), leads(result), wrong(result), groups(result)]);
    tables.extend(SPLITS.map(|split| kinds(result, split)));
    tables.extend([
        checks(result),
        probabilities(result),
        times(result),
        left_out("ablations", "Foresail without a part of it", &result.ablations),
        left_out("single-features", "Foresail without one feature", &result.single_features),
        ranking(result),
        cost(result),
        gates(result),
    ]);
    tables.retain(|table| !table.rows.is_empty());
    tables
}

const SPLITS: [Split; 3] =
    [Split::LeaveOneRecordingOut, Split::LeaveOneApplicationOut, Split::TrainingToJudged];

/// A split in words.
pub(super) const fn split_words(split: Split) -> &'static str {
    match split {
        Split::LeaveOneRecordingOut => "leave one recording out",
        Split::LeaveOneApplicationOut => "leave one application out",
        Split::TrainingToJudged => "demo recording",
        Split::Untrained => "untrained",
    }
}

/// A stable name for a table of a split.
const fn named(split: Split, names: [&'static str; 3]) -> &'static str {
    match split {
        Split::LeaveOneRecordingOut => names[0],
        Split::LeaveOneApplicationOut => names[1],
        Split::TrainingToJudged | Split::Untrained => names[2],
    }
}

/// Rows of a split over everything that it judges.
pub(super) fn pooled(result: &BenchResult, split: Split) -> impl Iterator<Item = &Row> {
    let of_split = move |row: &&Row| row.split == split;
    let scopes = result.rows.iter().filter(of_split).map(|row| &row.scope);
    let widest = scopes.max_by_key(|scope| !matches!(scope, Scope::Recording(_)));
    result.rows.iter().filter(of_split).filter(move |row| Some(&row.scope) == widest)
}

/// The paired difference of Foresail's row to another row.
pub(super) fn difference<'a>(result: &'a BenchResult, other: &Row) -> Option<&'a Estimate> {
    // Methods as shipped have no budget: they stand beside the largest.
    let budget = other.budget.or_else(|| result.provenance.budgets.last().copied());
    let own = result.rows.iter().find(|row| {
        row.method.name == FORESAIL
            && row.split == other.split
            && row.scope == other.scope
            && row.budget == budget
    })?;
    let paired = own.paired.iter().find(|one| one.other == other.method.name)?;
    Some(&paired.difference)
}

/// `12/78 .15 [.08–.24]`.
pub(super) fn caught(hits: u32, of: u32, estimate: Option<&Estimate>) -> String {
    let Some(estimate) = estimate else { return format!("{hits}/{of}") };
    let interval = rate_interval(estimate).map_or_else(String::new, |text| format!(" [{text}]"));
    format!("{hits}/{of} {}{interval}", rate(estimate.value))
}

pub(super) fn with_interval(estimate: Option<&Estimate>) -> String {
    let Some(estimate) = estimate else { return UNDEFINED.to_owned() };
    let interval = rate_interval(estimate).map_or_else(String::new, |text| format!(" [{text}]"));
    format!("{}{interval}", rate(estimate.value))
}

fn or_dash(value: Option<f64>, words: impl Fn(f64) -> String) -> String {
    value.map_or_else(|| UNDEFINED.to_owned(), words)
}

fn three(value: f64) -> String {
    format!("{value:.3}")
}

fn budget_words(budget: Option<f64>) -> String {
    budget.map_or_else(|| "as shipped".to_owned(), |budget| format!("{budget}"))
}

fn scope_words(scope: &Scope) -> String {
    match scope {
        Scope::Recording(name) => name.clone(),
        Scope::PooledTraining | Scope::PooledJudged => "all together".to_owned(),
    }
}
