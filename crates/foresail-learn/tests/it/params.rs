//! Settings of the models under test. Rows and columns are drawn, so that seeds have work to do.

use foresail_learn::logistic::{LogisticParams, ValidLogisticParams};

pub fn logistic() -> ValidLogisticParams {
    LogisticParams::default().check().unwrap()
}
