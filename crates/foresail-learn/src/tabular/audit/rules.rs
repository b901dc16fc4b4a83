//! Labels that are thresholds on features: a tree of depth 1 to 3 says a class almost without error,
//! and rows lie close to its thresholds on both sides.
//!
//! ```text
//! a sample of rows ──fit part──> greedy tree, one class against the rest ──held-out part──> F1
//!                                    └──> each threshold: is it a cut through rows, or a gap?
//! ```
//!
//! The gap is what tells a made label from a class that is easily told. Where a threshold made the
//! label, rows stand as densely at the threshold as elsewhere; between two kinds of things there is
//! room.

use rayon::prelude::*;

use self::tree::{Columns, Condition, Rule, Tree};
use super::view::scramble;
use super::words::{classes, percent};
use super::{Finding, FindingKind, Severity, View};
use crate::tabular::Values;

mod tree;

/// Cells that are looked at; with many columns fewer rows are.
const MOST_CELLS: usize = 20_000_000;
const MOST_ROWS: usize = 20_000;
const LEAST_ROWS: usize = 2_000;
/// Classes that are looked at, those with the most rows.
const MOST_CLASSES: usize = 32;
/// Rows of the class on both parts; with fewer a rule may fit by chance.
const LEAST_OF_CLASS: usize = 15;
/// F1 of a rule that is worth a word.
const EXACT: f64 = 0.995;
/// Share of the rows whose labels are rules, from which on the score says nothing.
const MOST: f64 = 0.9;

/// A class that a rule says, of the rows that no rule of an earlier round says.
struct Found {
    class: usize,
    rule: Rule,
    f1: f64,
    round: usize,
}

pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    let sample = sample(view);
    let columns = Columns::of(view, &sample);
    let mut by_size: Vec<usize> = (0..view.n_classes()).collect();
    by_size.sort_by_key(|class| std::cmp::Reverse(view.counts[*class]));
    by_size.truncate(MOST_CLASSES);
    by_size.sort_unstable();
    // A chain of `if … else if …` gives each rule the rows that those before it left over.
    let mut left = vec![true; sample.rows.len()];
    let mut found: Vec<Found> = Vec::new();
    loop {
        let round = found.last().map_or(0, |last| last.round + 1);
        let parts = sample.parts(&left);
        let mut new: Vec<Found> = by_size
            .par_iter()
            .filter_map(|class| find(&columns, (&sample, &parts), (*class, round)))
            .collect();
        // The plainest first: a later class then needs not say again what an earlier one took.
        let Some(plainest) = new.iter().map(|found| found.rule.depth()).min() else { break };
        new.retain(|found| found.rule.depth() == plainest);
        for one in &new {
            by_size.retain(|class| *class != one.class);
            let said = one.rule.says(&columns, sample.rows.len());
            left.iter_mut().zip(said).for_each(|(left, said)| *left &= !said);
        }
        found.extend(new);
    }
    let present = view.counts.iter().filter(|count| **count > 0).count();
    if found.len() == present {
        // The last of all classes is what the other rules leave over; the one with most words goes.
        let last = found.last().map_or(0, |last| last.round);
        let words = |at: &usize| found[*at].rule.words(&columns).len();
        let in_last = (0..found.len()).filter(|at| found[*at].round == last);
        if let Some(longest) = in_last.max_by_key(words) {
            found.remove(longest);
        }
    }
    if found.is_empty() { Vec::new() } else { vec![say(view, &columns, &found)] }
}

/// Rows with numbers drawn without regard to their class.
struct Sample {
    /// Audited rows.
    rows: Vec<usize>,
    /// The class of each.
    classes: Vec<u32>,
    /// Whether each is kept back to judge a rule on.
    held_out: Vec<bool>,
}

fn sample(view: &View<'_>) -> Sample {
    let numbers = view.features.iter().filter(|c| matches!(c.values, Values::Number(_))).count();
    let most = (MOST_CELLS / numbers.max(1)).clamp(LEAST_ROWS, MOST_ROWS) as u64;
    let n = view.n_rows() as u64;
    let drawn = |row: &usize| n <= most || scramble(*row as u64) % n < most;
    let rows: Vec<usize> = (0..view.n_rows()).filter(drawn).collect();
    Sample {
        classes: rows.iter().map(|row| view.labels.codes[*row]).collect(),
        held_out: rows.iter().map(|row| scramble(!(*row as u64)).is_multiple_of(3)).collect(),
        rows,
    }
}

/// The rows that are left, by part.
struct Parts {
    fit: Vec<bool>,
    held_out: Vec<bool>,
}

// === impl Sample ===

impl Sample {
    fn parts(&self, left: &[bool]) -> Parts {
        let part = |held_out| {
            left.iter().zip(&self.held_out).map(|(left, held)| *left && *held == held_out).collect()
        };
        Parts { fit: part(false), held_out: part(true) }
    }
}

fn find(
    columns: &Columns<'_>,
    (sample, parts): (&Sample, &Parts),
    (class, round): (usize, usize),
) -> Option<Found> {
    let is_class: Vec<bool> = sample.classes.iter().map(|known| *known as usize == class).collect();
    let counted =
        |part: &[bool]| is_class.iter().zip(part).filter(|(is, in_it)| **is && **in_it).count();
    if counted(&parts.held_out).min(counted(&parts.fit)) < LEAST_OF_CLASS {
        return None;
    }
    let mut tree = Tree::new(&parts.fit);
    for _ in 0..tree::MOST_DEPTH {
        if !tree.deepen(columns, &is_class) {
            return None;
        }
        let rule = tree.rule(columns);
        let said = rule.says(columns, sample.rows.len());
        // Between the two rows that a threshold was put between it stands anywhere.
        let decided = rule.decides(columns, sample.rows.len());
        let held_out: Vec<bool> =
            parts.held_out.iter().zip(&decided).map(|(held, decided)| *held && *decided).collect();
        let f1 = f1(&said, &is_class, &held_out).min(f1(&said, &is_class, &parts.fit));
        if f1 >= EXACT {
            let cut = rule.conditions().all(Condition::is_cut);
            return cut.then_some(Found { class, rule, f1, round });
        }
    }
    None
}

/// F1 of what a rule says over the rows of one part.
fn f1(said: &[bool], is_class: &[bool], part: &[bool]) -> f64 {
    let (mut hits, mut others) = (0_u32, 0_u32);
    for ((said, is), part) in said.iter().zip(is_class).zip(part) {
        hits += u32::from(*part && *said && *is);
        others += u32::from(*part && *said != *is);
    }
    if hits == 0 { 0.0 } else { 2.0 * f64::from(hits) / f64::from(2 * hits + others) }
}

fn say(view: &View<'_>, columns: &Columns<'_>, found: &[Found]) -> Finding {
    let mut share: f64 = found.iter().map(|found| view.share(found.class)).sum();
    let present = view.counts.iter().filter(|count| **count > 0).count();
    if found.len() + 1 >= present {
        // The last class is what no rule says.
        share = 1.0;
    }
    let names: Vec<String> = found.iter().map(|found| view.class(found.class).to_owned()).collect();
    let rules: Vec<String> = found
        .iter()
        .map(|found| {
            let lead = if found.round == 0 { "" } else { "else " };
            format!("{lead}`{}` is {}", view.class(found.class), found.rule.words(columns))
        })
        .collect();
    let mut used: Vec<usize> = found
        .iter()
        .flat_map(|found| found.rule.conditions())
        .map(|condition| condition.column)
        .collect();
    used.sort_unstable();
    used.dedup();
    let worst = found.iter().map(|found| found.f1).fold(1.0, f64::min);
    let depth = found.iter().map(|found| found.rule.depth()).max().unwrap_or(0);
    let severity = if share >= MOST { Severity::Invalid } else { Severity::Inflated };
    Finding::new(FindingKind::LabelIsRule, severity, share)
        .columns(used.into_iter().map(|column| columns.name(column)))
        .evidence("f1_of_the_rules_least", worst)
        .evidence("thresholds_in_a_row", depth as f64)
        .evidence("share_of_rows", share)
        .said(
            format!(
                "the label follows from thresholds on features: {} (F1 {:.3} on rows kept back, with rows close to \
                 the thresholds on both sides)",
                rules.join("; "),
                (worst * 1_000.0).floor() / 1_000.0
            ),
            format!(
                "for {} of the rows the score tells how well the rule was read off, not whether a failure was \
                 foreseen; a rule that is written down has no errors to learn from",
                percent(share)
            ),
            &format!(
                "label {} by what really happened (a crash, an eviction, a page), not by a metric; until then use \
                 the rule itself",
                classes(&names)
            ),
        )
        .classes(names)
}
