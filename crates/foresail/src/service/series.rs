//! `POST /api/v1/predict`: answers for series of a cluster.

use foresail_api::{PredictAnswer, PredictError, SeriesInput};
use foresail_evaluate::learned::StoredModel;

/// What the model says of the cluster that the series describe.
pub(super) fn predict(
    _name: &str,
    _model: &StoredModel,
    (_input, _top): (&SeriesInput, usize),
) -> Result<PredictAnswer, PredictError> {
    Err(PredictError::NoModel)
}
