//! Leaving out rows of frequent classes, inside the training part only.

use super::Labels;
use crate::tree::sample::{Purpose, Stream, shuffle_front};

/// Of these rows of the table as many of each class as the rarest has, ascending. Classes without
/// a row among them stay without.
///
/// The test part must not be passed through here: its mixture is what scores speak of.
pub(super) fn undersample(labels: &Labels, rows: &[usize], seed: u64) -> Vec<usize> {
    let mut by_class: Vec<Vec<usize>> = vec![Vec::new(); labels.classes.len()];
    for &row in rows {
        let class = labels.rows.binary_search(&row).ok().and_then(|at| labels.codes.get(at));
        if let Some(rows) = class.and_then(|class| by_class.get_mut(*class as usize)) {
            rows.push(row);
        }
    }
    let least = by_class.iter().map(Vec::len).filter(|n| *n > 0).min().unwrap_or(0);
    let mut kept = Vec::with_capacity(least * by_class.len());
    for (class, mut rows) in by_class.into_iter().enumerate() {
        let take = least.min(rows.len());
        // Not the stream by which the split drew the rows of the class.
        let stream = Stream { seed, tree: class as u64, purpose: Purpose::Columns };
        shuffle_front(&mut rows, take, &mut stream.rng());
        kept.extend_from_slice(rows.get(..take).unwrap_or_default());
    }
    kept.sort_unstable();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_keeps_as_many_rows_as_the_rarest() {
        let codes: Vec<u32> = (0..100).map(|row| u32::from(row % 10 == 0)).collect();
        let classes = vec!["normal".to_owned(), "leak".to_owned(), "unseen".to_owned()];
        let labels = Labels { classes, codes, rows: (0..100).collect() };
        let training: Vec<usize> = (0..80).collect();
        let kept = undersample(&labels, &training, 7);
        assert_eq!(kept.len(), 16);
        assert_eq!(kept.iter().filter(|row| **row % 10 == 0).count(), 8);
        assert!(kept.iter().all(|row| *row < 80) && kept.is_sorted());
        assert_eq!(kept, undersample(&labels, &training, 7));
        assert_ne!(kept, undersample(&labels, &training, 8));
    }
}
