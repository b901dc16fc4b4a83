//! How well the distinct values of a column tell the classes, judged on rows that were not counted.

use super::View;
use super::view::{Codes, scramble};

/// Parts of the rows; each is judged by the counts of the others.
const FOLDS: usize = 5;
/// Most classes that are judged; those with the most rows.
const MOST_CLASSES: usize = 64;

/// Rows by value and part.
pub(super) struct Cells<'a> {
    view: &'a View<'a>,
    codes: &'a Codes,
    /// The part of each row.
    folds: Vec<u8>,
    /// Rows by code and part.
    cells: Vec<u32>,
    /// Rows by code.
    totals: Vec<u32>,
}

// === impl Cells ===

impl<'a> Cells<'a> {
    pub(super) fn of(view: &'a View<'a>, codes: &'a Codes) -> Self {
        let folds: Vec<u8> =
            (0..view.n_rows() as u64).map(|row| (scramble(row) % FOLDS as u64) as u8).collect();
        let mut cells = vec![0; codes.n * FOLDS];
        let mut totals = vec![0; codes.n];
        for (&code, &fold) in codes.codes.iter().zip(&folds) {
            cells[code as usize * FOLDS + usize::from(fold)] += 1;
            totals[code as usize] += 1;
        }
        Self { view, codes, folds, cells, totals }
    }

    /// ROC AUC of each class against the rest, a row being scored by the share of the class among
    /// the rows of its value in the other parts. `None` for classes that are not judged.
    ///
    /// A value that stands once is scored by the share of the class everywhere, so that texts
    /// which differ in every row tell nothing, and no direction is chosen afterwards.
    ///
    /// # Source
    /// Target statistics out of fold: Micci-Barreca 2001, with one prior row as its smoothing.
    pub(super) fn aucs(&self) -> Vec<Option<f64>> {
        let n_classes = self.view.n_classes();
        let mut by_size: Vec<usize> = (0..n_classes).collect();
        by_size.sort_by_key(|class| std::cmp::Reverse(self.view.counts[*class]));
        let mut aucs = vec![None; n_classes];
        if self.totals.iter().all(|total| *total < 2) {
            return aucs;
        }
        for class in by_size.into_iter().take(MOST_CLASSES) {
            aucs[class] = self.auc(class);
        }
        aucs
    }

    /// Share of the rows whose class is the most frequent one among the rows of their value in
    /// the other parts; the most frequent of all for a value that only stands in one.
    pub(super) fn accuracy(&self) -> f64 {
        let overall = (0..self.view.n_classes()).max_by_key(|class| self.view.counts[*class]);
        let mut by_code: Vec<u32> = (0..self.view.n_rows() as u32).collect();
        by_code.sort_unstable_by_key(|row| (self.codes.codes[*row as usize], *row));
        let classes = &self.view.labels.codes;
        let mut right = 0_u64;
        let mut counts = vec![[0_u32; FOLDS]; self.view.n_classes()];
        for rows in
            by_code.chunk_by(|a, b| self.codes.codes[*a as usize] == self.codes.codes[*b as usize])
        {
            let mut seen: Vec<usize> = Vec::new();
            for &row in rows {
                let (class, fold) = (classes[row as usize] as usize, self.folds[row as usize]);
                if counts[class].iter().all(|count| *count == 0) {
                    seen.push(class);
                }
                counts[class][usize::from(fold)] += 1;
            }
            seen.sort_unstable();
            for fold in 0..FOLDS {
                let others =
                    |class: &usize| counts[*class].iter().sum::<u32>() - counts[*class][fold];
                // The first of several, so that ties do not depend on the order of rows.
                let best = seen.iter().rev().max_by_key(|class| others(class));
                let said = best.filter(|class| others(class) > 0).copied().or(overall);
                right += said.map_or(0, |class| u64::from(counts[class][fold]));
            }
            for class in seen {
                counts[class] = [0; FOLDS];
            }
        }
        right as f64 / self.view.n_rows().max(1) as f64
    }

    fn auc(&self, class: usize) -> Option<f64> {
        let prior = self.view.share(class);
        let mut events = vec![0_u32; self.cells.len()];
        let mut of_code = vec![0_u32; self.totals.len()];
        let rows = self.codes.codes.iter().zip(&self.folds).zip(&self.view.labels.codes);
        for ((&code, &fold), _) in rows.filter(|(_, known)| **known as usize == class) {
            events[code as usize * FOLDS + usize::from(fold)] += 1;
            of_code[code as usize] += 1;
        }
        let cells = self.cells.iter().enumerate().filter(|(_, rows)| **rows > 0);
        let mut scored: Vec<(f64, u32, u32)> = cells
            .map(|(cell, &rows)| {
                let code = cell / FOLDS;
                let others = f64::from(self.totals[code] - rows);
                let hits = f64::from(of_code[code] - events[cell]);
                ((hits + prior) / (others + 1.0), events[cell], rows)
            })
            .collect();
        scored.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let (mut below, mut wins, mut hits) = (0.0, 0.0, 0.0);
        for tie in scored.chunk_by(|a, b| a.0 == b.0) {
            let events: f64 = tie.iter().map(|cell| f64::from(cell.1)).sum();
            let quiet: f64 = tie.iter().map(|cell| f64::from(cell.2 - cell.1)).sum();
            wins += events * (below + 0.5 * quiet);
            below += quiet;
            hits += events;
        }
        (hits > 0.0 && below > 0.0).then(|| wins / (hits * below))
    }
}
