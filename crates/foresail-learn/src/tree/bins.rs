//! Binning: each column becomes bytes, numbers by quantiles, categories by level.
//!
//! Bin `b` of a number holds `cuts[b - 1] < x <= cuts[b]`. The last bin of every column is the bin
//! of missing values, empty or not.

use rayon::prelude::*;

use crate::frame::{Column, ColumnKind, Frame};

/// How the values of a column become bins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ColumnBins {
    /// Ascending upper ends of all bins but the last.
    Number { cuts: Vec<f32> },
    /// The bin of each code; rare levels past the last bin have the bin of missing values.
    Category { bin_of_code: Vec<u8>, n_bins: usize },
}

/// How a frame becomes bins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Binner {
    columns: Vec<ColumnBins>,
}

/// A frame as bins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BinnedFrame {
    columns: Vec<Vec<u8>>,
    n_bins: Vec<usize>,
    /// Per column the bin that most rows are in.
    common: Vec<Option<u8>>,
    n_rows: usize,
}

/// Share of the rows from which a bin is common: below, branches cost more than additions.
const COMMON: f64 = 0.7;

/// A distinct value and the weight of the rows that have it.
#[derive(Clone, Copy, Debug)]
struct Distinct {
    value: f32,
    weight: f64,
}

// === impl ColumnBins ===

impl ColumnBins {
    /// The number of bins without the bin of missing values.
    pub fn n_bins(&self) -> usize {
        match self {
            Self::Number { cuts } => cuts.len() + 1,
            Self::Category { n_bins, .. } => *n_bins,
        }
    }

    fn fit(column: &Column, kind: &ColumnKind, weights: Option<&[f32]>, max_bins: usize) -> Self {
        let weight = |row: usize| weights.and_then(|w| w.get(row).copied()).unwrap_or(1.0);
        match column {
            Column::Number(values) => {
                Self::Number { cuts: quantile_cuts(&distinct(values, weights), max_bins) }
            }
            Column::Category(codes) => {
                let n_levels = match kind {
                    ColumnKind::Number => 0,
                    ColumnKind::Category { levels } => levels.len(),
                };
                let mut counts = vec![0.0_f64; n_levels];
                for (row, &code) in codes.iter().enumerate() {
                    if let Some(count) = counts.get_mut(code as usize) {
                        *count += f64::from(weight(row));
                    }
                }
                category_bins(&counts, max_bins)
            }
        }
    }

    fn apply(&self, column: &Column) -> Vec<u8> {
        let missing = self.n_bins() as u8;
        match (self, column) {
            (Self::Number { cuts }, Column::Number(values)) => values
                .iter()
                .map(|&value| {
                    if value.is_nan() {
                        missing
                    } else {
                        cuts.partition_point(|&cut| cut < value) as u8
                    }
                })
                .collect(),
            (Self::Category { bin_of_code, .. }, Column::Category(codes)) => codes
                .iter()
                .map(|&code| bin_of_code.get(code as usize).copied().unwrap_or(missing))
                .collect(),
            (Self::Number { .. }, Column::Category(_))
            | (Self::Category { .. }, Column::Number(_)) => vec![missing; column.len()],
        }
    }
}

// === impl Binner ===

impl Binner {
    /// Finds bins; `weights` count rows as if they were repeated.
    pub fn fit(frame: &Frame, weights: Option<&[f32]>, max_bins: u16) -> Self {
        let columns = frame
            .columns()
            .par_iter()
            .zip(frame.schema().columns())
            .map(|(column, schema)| {
                ColumnBins::fit(column, &schema.kind, weights, usize::from(max_bins))
            })
            .collect();
        Self { columns }
    }

    /// The columns, in order of the schema.
    pub fn columns(&self) -> &[ColumnBins] {
        &self.columns
    }

    /// Bins a frame of the schema that was fitted.
    pub fn apply(&self, frame: &Frame) -> BinnedFrame {
        let columns: Vec<Vec<u8>> = self
            .columns
            .par_iter()
            .zip(frame.columns())
            .map(|(bins, column)| bins.apply(column))
            .collect();
        let n_bins = self.columns.iter().map(ColumnBins::n_bins).collect();
        let common = columns.par_iter().map(|bins| common_bin(bins)).collect();
        BinnedFrame { columns, n_bins, common, n_rows: frame.n_rows() }
    }
}

// === impl BinnedFrame ===

impl BinnedFrame {
    /// The bins of a column.
    pub fn column(&self, column: usize) -> &[u8] {
        &self.columns[column]
    }

    /// The number of bins of a column without the bin of missing values, which is this number.
    pub fn n_bins(&self, column: usize) -> usize {
        self.n_bins[column]
    }

    /// The bin that most rows of a column are in, if there is one.
    pub fn common_bin(&self, column: usize) -> Option<u8> {
        self.common[column]
    }

    /// The number of columns.
    pub const fn n_columns(&self) -> usize {
        self.columns.len()
    }

    /// The number of rows.
    pub const fn n_rows(&self) -> usize {
        self.n_rows
    }
}

fn common_bin(bins: &[u8]) -> Option<u8> {
    let mut counts = [0_usize; 256];
    for &bin in bins {
        counts[usize::from(bin)] += 1;
    }
    let least = bins.len() as f64 * COMMON;
    (0..=u8::MAX).zip(counts).find(|&(_, count)| count as f64 > least).map(|(bin, _)| bin)
}

fn distinct(values: &[f32], weights: Option<&[f32]>) -> Vec<Distinct> {
    // Adding zero makes the two zeros one.
    let mut sorted: Vec<(f32, f32)> = match weights {
        None => values.iter().map(|&value| (value + 0.0, 1.0)).collect(),
        Some(weights) => values.iter().zip(weights).map(|(&v, &w)| (v + 0.0, w)).collect(),
    };
    sorted.retain(|&(value, weight)| !value.is_nan() && weight > 0.0);
    sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut distinct: Vec<Distinct> = Vec::new();
    for (value, weight) in sorted {
        match distinct.last_mut() {
            Some(last) if last.value == value => last.weight += f64::from(weight),
            _ => distinct.push(Distinct { value, weight: f64::from(weight) }),
        }
    }
    distinct
}

/// Cuts of at most `max_bins` bins of about equal weight; a value with more than its share gets a
/// bin of its own.
///
/// # Source
/// LightGBM `GreedyFindBin`, without its least count per bin.
fn quantile_cuts(distinct: &[Distinct], max_bins: usize) -> Vec<f32> {
    if distinct.len() <= max_bins {
        return distinct.windows(2).map(|pair| between(pair[0].value, pair[1].value)).collect();
    }
    let total: f64 = distinct.iter().map(|d| d.weight).sum();
    let is_big = |d: &Distinct| d.weight >= total / max_bins as f64;
    let n_big = distinct.iter().filter(|d| is_big(d)).count();
    let mut rest: f64 = distinct.iter().filter(|d| !is_big(d)).map(|d| d.weight).sum();
    let mut rest_bins = max_bins.saturating_sub(n_big);
    let mut mean = rest / rest_bins.max(1) as f64;
    let mut cuts = Vec::with_capacity(max_bins);
    let mut filled = 0.0;
    for pair in distinct.windows(2) {
        let (big, next_big) = (is_big(&pair[0]), is_big(&pair[1]));
        filled += pair[0].weight;
        if !big {
            rest -= pair[0].weight;
        }
        if big || filled >= mean || (next_big && filled >= mean * 0.5) {
            cuts.push(between(pair[0].value, pair[1].value));
            if cuts.len() + 1 >= max_bins {
                break;
            }
            filled = 0.0;
            if !big {
                rest_bins = rest_bins.saturating_sub(1);
                mean = rest / rest_bins.max(1) as f64;
            }
        }
    }
    cuts
}

/// A cut `c` with `low <= c < high`.
fn between(low: f32, high: f32) -> f32 {
    let middle = low + (high - low) * 0.5;
    if middle >= low && middle < high { middle } else { low }
}

fn category_bins(counts: &[f64], max_bins: usize) -> ColumnBins {
    let mut by_count: Vec<usize> = (0..counts.len()).filter(|&code| counts[code] > 0.0).collect();
    by_count.sort_by(|&a, &b| counts[b].total_cmp(&counts[a]).then(a.cmp(&b)));
    by_count.truncate(max_bins);
    by_count.sort_unstable();
    let n_bins = by_count.len().max(1);
    let mut bin_of_code = vec![n_bins as u8; counts.len()];
    for (bin, &code) in by_count.iter().enumerate() {
        bin_of_code[code] = bin as u8;
    }
    ColumnBins::Category { bin_of_code, n_bins }
}
