//! A small tree, grown level by level for one class against the rest.
//!
//! # Source
//! Breiman et al. 1984, CART: greedy splits by the Gini impurity, exact thresholds. Deviation: a
//! missing value is never above a threshold.

use rayon::prelude::*;

use super::Sample;
use crate::tabular::audit::View;
use crate::tabular::audit::words::roundest;

/// Levels of a rule; more thresholds in a row are hardly written down by hand.
pub(super) const MOST_DEPTH: usize = 3;
/// Distinct values on each side of a threshold that its gap is compared with.
const NEIGHBOURS: usize = 10;
/// Times the usual step between them that a cut through rows may be wide: with steps of chance
/// (exponential) the one a threshold falls into is wider in one case of 25.
const WIDE: f64 = 5.0;
/// Rows on each side of a split.
const LEAST_ROWS: u32 = 5;

/// The columns of numbers, in the sample's rows.
pub(super) struct Columns<'a> {
    columns: Vec<SortedColumn<'a>>,
}

struct SortedColumn<'a> {
    name: &'a str,
    /// By row of the sample.
    values: Vec<f64>,
    /// Rows that have a value, by value.
    order: Vec<u32>,
}

/// `value > threshold`, or not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Condition {
    pub(super) column: usize,
    threshold: f64,
    /// The rows fitted on that stand next to the threshold.
    next: (f64, f64),
    side: Side,
    room: Room,
}

/// What lies at a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    /// Rows as densely as beside it.
    Cut,
    /// More room than between other rows.
    Gap,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Above,
    NotAbove,
}

/// A tree while it grows.
pub(super) struct Tree {
    /// Whether a row of the sample is fitted on.
    members: Vec<bool>,
    leaves: Vec<Leaf>,
}

/// The ways to the class that a tree has found.
pub(super) struct Rule {
    paths: Vec<Vec<Condition>>,
}

struct Leaf {
    path: Vec<Condition>,
    /// Whether a row of the sample is in it and fitted on.
    members: Vec<bool>,
    says: Says,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Class,
    Rest,
}

/// The best split of a leaf by one column.
#[derive(Clone, Copy)]
struct Split {
    column: usize,
    next: (f64, f64),
    impurity: f64,
}

// === impl Columns ===

impl<'a> Columns<'a> {
    pub(super) fn of(view: &View<'a>, sample: &Sample) -> Self {
        let columns = view.features.par_iter().filter_map(|column| {
            let numbers = view.numbers(&column.values)?;
            let values: Vec<f64> = sample.rows.iter().map(|row| numbers[*row]).collect();
            let mut order: Vec<u32> = (0..values.len() as u32).collect();
            order.retain(|row| !values[*row as usize].is_nan());
            order.sort_by(|a, b| values[*a as usize].total_cmp(&values[*b as usize]));
            Some(SortedColumn { name: &column.name, values, order })
        });
        Self { columns: columns.collect() }
    }

    pub(super) fn name(&self, column: usize) -> &str {
        self.columns[column].name
    }
}

// === impl SortedColumn ===

impl SortedColumn<'_> {
    /// The split of a leaf with the least impurity.
    fn best(&self, (column, leaf): (usize, &Leaf), is_class: &[bool]) -> Option<Split> {
        let (mut n, mut hits) = (0_u32, 0_u32);
        for (member, is) in leaf.members.iter().zip(is_class) {
            n += u32::from(*member);
            hits += u32::from(*member && *is);
        }
        let (mut above, mut above_hits) = (0_u32, 0_u32);
        let mut best: Option<Split> = None;
        let mut next = f64::NAN;
        // From the top, so that rows without a value stay below every threshold.
        for &row in self.order.iter().rev() {
            let row = row as usize;
            if !leaf.members[row] {
                continue;
            }
            let value = self.values[row];
            if value < next && above >= LEAST_ROWS && n - above >= LEAST_ROWS {
                let impurity = gini(above, above_hits) + gini(n - above, hits - above_hits);
                if best.is_none_or(|best| impurity < best.impurity) {
                    best = Some(Split { column, next: (value, next), impurity });
                }
            }
            above += 1;
            above_hits += u32::from(is_class[row]);
            next = value;
        }
        best.filter(|best| best.impurity < gini(n, hits) - 1e-9)
    }

    /// A bound put between the rows next to it, and whether they stand as densely there as beside.
    fn placed(&self, condition: Condition, members: &[bool]) -> Condition {
        let rows = self.order.iter().map(|row| *row as usize).filter(|row| members[*row]);
        let mut distinct: Vec<f64> = rows.map(|row| self.values[row]).collect();
        distinct.dedup();
        let above = distinct.partition_point(|value| *value <= condition.threshold);
        let (Some(low), Some(&high)) = (above.checked_sub(1), distinct.get(above)) else {
            return condition;
        };
        let gap = high - distinct[low];
        let from = low.saturating_sub(NEIGHBOURS);
        let to = (above + NEIGHBOURS).min(distinct.len() - 1);
        let steps = (to - from - 1) as f64;
        // Two values make no scale to compare with.
        let is_cut = steps > 0.0 && gap <= WIDE * (distinct[to] - distinct[from] - gap) / steps;
        Condition {
            next: (distinct[low], high),
            threshold: roundest(distinct[low], high),
            room: if is_cut { Room::Cut } else { Room::Gap },
            ..condition
        }
    }
}

/// Rows times the Gini impurity of two classes, halved.
fn gini(n: u32, hits: u32) -> f64 {
    if n == 0 { 0.0 } else { f64::from(hits) * f64::from(n - hits) / f64::from(n) }
}

// === impl Tree ===

impl Tree {
    /// A single leaf of these rows.
    pub(super) fn new(members: &[bool]) -> Self {
        let leaf = Leaf { path: Vec::new(), members: members.to_vec(), says: Says::Rest };
        Self { members: members.to_vec(), leaves: vec![leaf] }
    }

    /// Splits every leaf that can be; says whether one was.
    pub(super) fn deepen(&mut self, columns: &Columns<'_>, is_class: &[bool]) -> bool {
        let before = self.leaves.len();
        let leaves = std::mem::take(&mut self.leaves);
        for leaf in leaves {
            let splits: Vec<Option<Split>> = columns
                .columns
                .par_iter()
                .enumerate()
                .map(|(at, column)| column.best((at, &leaf), is_class))
                .collect();
            // The first of several, at any number of threads.
            let best = splits
                .into_iter()
                .flatten()
                .reduce(|best, split| if split.impurity < best.impurity { split } else { best });
            match best {
                None => self.leaves.push(leaf),
                Some(split) => {
                    let Split { column, next, .. } = split;
                    let threshold = roundest(next.0, next.1);
                    for side in [Side::Above, Side::NotAbove] {
                        let condition =
                            Condition { column, threshold, next, side, room: Room::Gap };
                        self.leaves.push(leaf.part(columns, condition, is_class));
                    }
                }
            }
        }
        self.leaves.len() > before
    }

    /// The ways to the class, siblings that both say it taken together, within a way only the
    /// closest bound of each column and side, each bound placed by the rows that it decides.
    pub(super) fn rule(&self, columns: &Columns<'_>) -> Rule {
        let mut paths: Vec<Vec<Condition>> = self
            .leaves
            .iter()
            .filter(|leaf| leaf.says == Says::Class)
            .map(|leaf| leaf.path.clone())
            .collect();
        while let Some(at) = paths.windows(2).position(|pair| are_siblings(&pair[0], &pair[1])) {
            paths.remove(at + 1);
            paths[at].pop();
        }
        let place = |path: &Vec<Condition>| {
            let path = closest(path);
            (0..path.len()).map(|at| self.placed(columns, &path, at)).collect()
        };
        Rule { paths: paths.iter().map(place).collect() }
    }

    /// A bound as the rows see it that meet all others of the way: a tree puts the first one by rows
    /// too that a later one takes away.
    fn placed(&self, columns: &Columns<'_>, path: &[Condition], at: usize) -> Condition {
        let condition = path[at];
        let mut others = path.to_vec();
        others.remove(at);
        let members: Vec<bool> = (self.members.iter().enumerate())
            .map(|(row, member)| *member && others.iter().all(|c| c.holds(columns, row)))
            .collect();
        columns.columns[condition.column].placed(condition, &members)
    }
}

// === impl Rule ===

impl Rule {
    /// What it says of every row of the sample.
    pub(super) fn says(&self, columns: &Columns<'_>, n_rows: usize) -> Vec<bool> {
        let holds = |path: &Vec<Condition>, row| path.iter().all(|c| c.holds(columns, row));
        (0..n_rows).map(|row| self.paths.iter().any(|path| holds(path, row))).collect()
    }

    /// Whether no value of a row stands between a threshold and the rows fitted on.
    pub(super) fn decides(&self, columns: &Columns<'_>, n_rows: usize) -> Vec<bool> {
        let is_open = |condition: &Condition, row: usize| {
            let value = columns.columns[condition.column].values[row];
            condition.next.0 < value && value < condition.next.1
        };
        (0..n_rows).map(|row| !self.conditions().any(|c| is_open(c, row))).collect()
    }

    /// The conditions that it rests on.
    pub(super) fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.paths.iter().flatten()
    }

    /// Conditions in a row, at most.
    pub(super) fn depth(&self) -> usize {
        self.paths.iter().map(Vec::len).max().unwrap_or(0)
    }

    pub(super) fn words(&self, columns: &Columns<'_>) -> String {
        let path = |path: &Vec<Condition>| {
            let words: Vec<String> = path.iter().map(|c| c.words(columns)).collect();
            words.join(" and ")
        };
        let paths: Vec<String> = self.paths.iter().map(path).collect();
        paths.join(", or ")
    }
}

fn are_siblings(one: &[Condition], other: &[Condition]) -> bool {
    match (one.split_last(), other.split_last()) {
        (Some((a, before)), Some((b, also))) => {
            before == also && (a.column, a.threshold) == (b.column, b.threshold) && a.side != b.side
        }
        (None, _) | (_, None) => false,
    }
}

fn closest(path: &[Condition]) -> Vec<Condition> {
    let mut kept: Vec<Condition> = Vec::new();
    for condition in path {
        // A later condition on the same side of the same column is the closer one.
        match kept.iter_mut().find(|k| (k.column, k.side) == (condition.column, condition.side)) {
            Some(known) => *known = *condition,
            None => kept.push(*condition),
        }
    }
    kept
}

// === impl Leaf ===

impl Leaf {
    fn part(&self, columns: &Columns<'_>, condition: Condition, is_class: &[bool]) -> Self {
        let members: Vec<bool> = (self.members.iter().enumerate())
            .map(|(row, member)| *member && condition.holds(columns, row))
            .collect();
        let (mut n, mut hits) = (0_u32, 0_u32);
        for (member, is) in members.iter().zip(is_class) {
            n += u32::from(*member);
            hits += u32::from(*member && *is);
        }
        let says = if 2 * hits > n { Says::Class } else { Says::Rest };
        let path = self.path.iter().copied().chain([condition]).collect();
        Self { path, members, says }
    }
}

// === impl Condition ===

impl Condition {
    /// Whether the threshold goes through rows rather than through a gap between them.
    pub(super) fn is_cut(&self) -> bool {
        self.room == Room::Cut
    }

    fn holds(&self, columns: &Columns<'_>, row: usize) -> bool {
        let above = columns.columns[self.column].values[row] > self.threshold;
        match self.side {
            Side::Above => above,
            Side::NotAbove => !above,
        }
    }

    fn words(&self, columns: &Columns<'_>) -> String {
        let sign = match self.side {
            Side::Above => '>',
            Side::NotAbove => '\u{2264}',
        };
        format!("`{}` {sign} {}", columns.name(self.column), self.threshold)
    }
}
