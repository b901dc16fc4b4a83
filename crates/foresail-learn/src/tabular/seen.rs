//! Which rows a model was trained on, as far as a sample of their fingerprints tells: a file under another
//! name or in another format may hold the same rows.
//!
//! # Source
//! The least hashes as a sample of distinct items: Broder 1997, "On the resemblance and containment of
//! documents". A row is looked for if its hash is no greater than the greatest that was kept, so up to
//! [`MOST`] distinct rows the answer is exact.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::audit::{Finding, mix, rows_stand_in_training};
use crate::frame::Frame;

/// Fingerprints that are kept: 9 bytes each, and a share known to a hundredth.
const MOST: usize = 4_096;

/// The least fingerprints of the training rows, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct SeenRows(Vec<u64>);

/// Judged rows that were looked for among the training rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Looked {
    /// Rows that were looked for.
    pub of: usize,
    /// Those that training had.
    pub seen: usize,
}

// === impl SeenRows ===

impl SeenRows {
    pub fn of(training: &Frame) -> Self {
        let mut all = fingerprints(training);
        all.par_sort_unstable();
        all.dedup();
        all.truncate(MOST);
        Self(all)
    }

    pub fn look(&self, frame: &Frame) -> Looked {
        let rows = fingerprints(frame);
        let greatest = self.0.last().copied().unwrap_or(0);
        // All rows of a small training part are kept, so any row can be looked for.
        let is_whole = self.0.len() < MOST;
        let looked = rows.iter().filter(|row| is_whole || **row <= greatest);
        let of = if self.0.is_empty() { 0 } else { looked.clone().count() };
        let seen = looked.filter(|row| self.0.binary_search(row).is_ok()).count();
        Looked { of, seen }
    }

    /// What to say of rows that training had; nothing of a few.
    pub fn finding(&self, frame: &Frame) -> Option<Finding> {
        let Looked { of, seen } = self.look(frame);
        rows_stand_in_training(seen, of)
    }
}

/// One number a row, from its values as the model sees them.
fn fingerprints(frame: &Frame) -> Vec<u64> {
    let rows = frame.dense_rows();
    let one = |row: &[f32]| {
        row.iter().fold(0, |state, value| {
            let value = if value.is_nan() { f32::NAN } else { value + 0.0 };
            mix(state ^ u64::from(value.to_bits()))
        })
    };
    rows.par_chunks_exact(frame.n_columns().max(1)).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Column, Schema};

    /// One column of these numbers.
    fn frame(numbers: impl Iterator<Item = usize>) -> Frame {
        let numbers = numbers.map(|number| number as f32).collect();
        Frame::new(Schema::numbers(&["a"]).unwrap(), vec![Column::Number(numbers)]).unwrap()
    }

    #[test]
    fn few_rows_are_known_exactly() {
        let seen = SeenRows::of(&frame(0..100));
        assert_eq!(seen.look(&frame(90..110)), Looked { of: 20, seen: 10 });
    }

    #[test]
    fn of_many_rows_a_sample_tells_the_share() {
        let seen = SeenRows::of(&frame(0..100_000));
        assert_eq!(seen.0.len(), MOST);
        let looked = seen.look(&frame(50_000..150_000));
        assert!(looked.of > 3_000, "{looked:?}");
        assert!((looked.seen as f64 / looked.of as f64 - 0.5).abs() < 0.03, "{looked:?}");
    }

    #[test]
    fn a_model_that_kept_nothing_says_nothing() {
        assert_eq!(SeenRows::default().look(&frame(0..3)), Looked { of: 0, seen: 0 });
        assert_eq!(SeenRows::default().finding(&frame(0..3)), None);
    }
}
