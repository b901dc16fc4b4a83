//! How well one column orders one class before the others, for all classes at once.

use std::cmp::Ordering;

/// A value, its class and its row.
pub(super) type Ranked = (f64, u32);

/// A column sorted by value, rows without a value apart.
pub(super) struct Ranks {
    /// The rows that have a value, by value.
    pub(super) present: Vec<Ranked>,
    /// Rows without a value, by class.
    pub(super) missing: Vec<u64>,
}

// === impl Ranks ===

impl Ranks {
    /// Sorts a column; `classes` and `values` are by row.
    pub(super) fn of(values: &[f64], classes: &[u32], n_classes: usize) -> Self {
        let mut missing = vec![0; n_classes];
        let mut present = Vec::with_capacity(values.len());
        for (&value, &class) in values.iter().zip(classes) {
            if value.is_nan() {
                missing[class as usize] += 1;
            } else {
                present.push((value, class));
            }
        }
        // By class within a value, so that the order of rows does not matter.
        present.sort_unstable_by(|a, b| match a.0.partial_cmp(&b.0) {
            Some(Ordering::Equal) | None => a.1.cmp(&b.1),
            Some(order) => order,
        });
        Self { present, missing }
    }

    /// ROC AUC of each class against the rest in its better direction, a missing value standing
    /// below or above all others, whichever tells more. `None` for a class without rows or rest.
    ///
    /// # Source
    /// Mann and Whitney 1947, by the sum of mid-ranks.
    pub(super) fn best_aucs(&self, counts: &[u64]) -> Vec<Option<f64>> {
        let sums = self.rank_sums(counts.len());
        let n: u64 = counts.iter().sum();
        let n_missing: u64 = self.missing.iter().sum();
        let n_present = self.present.len() as f64;
        let (n, n_missing) = (n as f64, n_missing as f64);
        let one = |(class, &count): (usize, &u64)| {
            let (events, others) = (count as f64, n - count as f64);
            if events == 0.0 || others == 0.0 {
                return None;
            }
            let missing = self.missing[class] as f64;
            let middle = (n_missing + 1.0) / 2.0;
            let low = missing * middle + sums[class] + n_missing * (events - missing);
            let high = missing * (n_present + middle) + sums[class];
            let auc = |sum: f64| (sum - events * (events + 1.0) / 2.0) / (events * others);
            let best = [auc(low), auc(high)].map(|auc| auc.max(1.0 - auc));
            Some(best[0].max(best[1]))
        };
        counts.iter().enumerate().map(one).collect()
    }

    /// Number of distinct values.
    pub(super) fn n_distinct(&self) -> usize {
        let changes = self.present.windows(2).filter(|pair| pair[0].0 != pair[1].0).count();
        changes + usize::from(!self.present.is_empty())
    }

    fn rank_sums(&self, n_classes: usize) -> Vec<f64> {
        let mut sums = vec![0.0; n_classes];
        let mut before = 0;
        for tie in self.present.chunk_by(|a, b| a.0 == b.0) {
            let rank = before as f64 + (tie.len() as f64 + 1.0) / 2.0;
            for &(_, class) in tie {
                sums[class as usize] += rank;
            }
            before += tie.len();
        }
        sums
    }
}

/// Whether an AUC of so many rows can hardly be chance, though the best of `n_tries` was taken.
///
/// The variance is that without any relation (Mann and Whitney 1947); a normal tail lies below
/// `exp(-z² / 2)`, and one chance in a thousand is shared among the tries (Bonferroni).
pub(super) fn is_significant(auc: f64, (events, others): (u64, u64), n_tries: usize) -> bool {
    const CHANCE: f64 = 1e-3;
    let (events, others) = (events as f64, others as f64);
    let deviation = ((events + others + 1.0) / (12.0 * events * others)).sqrt();
    let z = (auc - 0.5) / deviation;
    z > 0.0 && z * z > 2.0 * libm::log(n_tries.max(1) as f64 / CHANCE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Scores;

    #[test]
    fn ranks_give_the_auc_of_the_metrics() {
        let values: Vec<f64> = (0..300).map(|i| f64::from((i * 37) % 50)).collect();
        let classes: Vec<u32> = (0..300).map(|i| ((i * 37) % 50 + (i * 11) % 20) / 25).collect();
        let counts: Vec<u64> = (0..3)
            .map(|class| classes.iter().filter(|known| **known == class).count() as u64)
            .collect();
        let aucs = Ranks::of(&values, &classes, 3).best_aucs(&counts);
        for (class, auc) in aucs.iter().enumerate() {
            let happened: Vec<bool> = classes.iter().map(|c| *c as usize == class).collect();
            let known = Scores::new(&happened, &values).unwrap().roc_auc().unwrap();
            assert!((auc.unwrap() - known.max(1.0 - known)).abs() < 1e-12, "{auc:?} {known}");
        }
    }

    #[test]
    fn being_missing_tells_a_class_too() {
        let values = [f64::NAN, f64::NAN, 1.0, 5.0, 3.0, 2.0];
        let aucs = Ranks::of(&values, &[1, 1, 0, 0, 0, 0], 2).best_aucs(&[4, 2]);
        assert_eq!(aucs, [Some(1.0), Some(1.0)]);
    }

    #[test]
    fn few_rows_prove_little() {
        assert!(!is_significant(1.0, (3, 5), 10));
        assert!(is_significant(1.0, (50, 100), 10_000));
    }
}
