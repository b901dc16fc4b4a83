//! The hazard model as a classifier, for the contract of models: with one time bin that every row is seen
//! to the end of, class 0 is that nothing fails and class `k` that kind `k - 1` does.

use foresail_learn::estimator::{Classifier, LabelledFrame};
use foresail_learn::frame::{Frame, SchemaId};
use foresail_learn::hazard::{
    HazardModel, HazardParams, HazardRows, HazardShape, HazardTarget, ValidHazardParams, fit,
};
use foresail_learn::tree::{FitError, PredictError, TreeParams};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OneBin(HazardModel);

pub fn params(n_classes: usize) -> ValidHazardParams {
    let tree = TreeParams { row_share: 0.8, column_share: 0.8, ..HazardParams::default().tree };
    let shape = HazardShape { edges: vec![0.0, 60.0], n_kinds: n_classes as u16 - 1 };
    HazardParams { n_trees: 60, tree, seed: 13, ..HazardParams::default() }.check(shape).unwrap()
}

// === impl OneBin ===

impl Classifier for OneBin {
    const KIND: &'static str = "hazard-of-one-bin";
    type Params = ValidHazardParams;
    type FitError = FitError;
    type PredictError = PredictError;

    fn fit(params: &ValidHazardParams, rows: &LabelledFrame<'_>) -> Result<Self, FitError> {
        let ones = vec![1.0; rows.classes.len()];
        let weights = rows.weights.unwrap_or(&ones);
        if weights.len() != rows.classes.len() {
            let (expected, found) = (rows.classes.len(), weights.len());
            return Err(FitError::Length { what: "weights", expected, found });
        }
        let target = |(&class, &weight): (&u32, &f32)| HazardTarget {
            until_bin: u16::from(class == 0),
            event: class.checked_sub(1).map(|kind| kind as u16),
            weight,
        };
        let targets: Vec<HazardTarget> = rows.classes.iter().zip(weights).map(target).collect();
        fit(params, HazardRows { frame: rows.frame, targets: &targets }, None).map(Self)
    }

    fn schema_id(&self) -> SchemaId {
        self.0.schema().id()
    }

    fn n_classes(&self) -> usize {
        usize::from(self.0.shape().n_kinds) + 1
    }

    fn predict_proba(&self, frame: &Frame) -> Result<Vec<f64>, PredictError> {
        let curves = self.0.predict_frame(frame)?;
        let of_row = curves.iter().flat_map(|curve| {
            let kinds = 0..self.0.shape().n_kinds;
            let none = 1.0 - curve.any_within(0..=0);
            std::iter::once(none).chain(kinds.map(|kind| curve.within(kind, 0..=0)))
        });
        Ok(of_row.collect())
    }
}
