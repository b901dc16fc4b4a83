//! Rows to fit on: two columns that tell, one that does not, gaps, and one class per band of their sum.

use foresail_learn::estimator::LabelledFrame;
use foresail_learn::frame::{Column, ColumnSchema, Frame, MISSING_CODE, Schema};

/// A frame with its classes.
pub struct Rows {
    pub frame: Frame,
    pub classes: Vec<u32>,
    pub n_classes: usize,
}

// === impl Rows ===

impl Rows {
    /// `n` rows drawn from a seed.
    pub fn drawn(n: usize, seed: u64, n_classes: usize) -> Self {
        let mut state = seed;
        let mut uniform = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / 16_777_216.0
        };
        let (mut tells, mut noise, mut zones, mut classes) = (vec![], vec![], vec![], vec![]);
        for _ in 0..n {
            let (value, zone) = (uniform(), (uniform() * 3.0) as u32);
            // Zone 2 is worth half the range of the number.
            let sum = value + if zone == 2 { 0.5 } else { 0.0 } + 0.1 * uniform();
            classes.push(((sum / 1.6 * n_classes as f32) as u32).min(n_classes as u32 - 1));
            tells.push(if uniform() < 0.05 { f32::NAN } else { value });
            noise.push(uniform() * 1_000.0);
            zones.push(if uniform() < 0.05 { MISSING_CODE } else { zone });
        }
        let columns = vec![Column::Number(tells), Column::Number(noise), Column::Category(zones)];
        Self { frame: Frame::new(schema(), columns).unwrap(), classes, n_classes }
    }

    pub fn labelled(&self) -> LabelledFrame<'_> {
        let Self { frame, classes, n_classes } = self;
        LabelledFrame { frame, classes, n_classes: *n_classes, weights: None }
    }

    /// The same classes with other columns.
    pub fn with_columns(&self, schema: Vec<ColumnSchema>, columns: Vec<Column>) -> Self {
        let frame = Frame::new(Schema::new(schema).unwrap(), columns).unwrap();
        Self { frame, classes: self.classes.clone(), n_classes: self.n_classes }
    }

    /// The share of each class.
    pub fn shares(&self) -> Vec<f64> {
        let count = |class| self.classes.iter().filter(|found| **found == class).count();
        (0..self.n_classes as u32)
            .map(|class| count(class) as f64 / self.classes.len() as f64)
            .collect()
    }
}

// === free functions ===

pub fn schema() -> Schema {
    let zones = ["a", "b", "c"].map(str::to_owned).to_vec();
    Schema::new(vec![
        ColumnSchema::number("tells"),
        ColumnSchema::number("noise"),
        ColumnSchema::category("zone", zones),
    ])
    .unwrap()
}
