//! Settings of the models under test. Rows and columns are drawn, so that seeds have work to do.

use foresail_learn::boosting::{BoostingParams, ValidBoostingParams};
use foresail_learn::forest::{ForestParams, ValidForestParams};
use foresail_learn::logistic::{LogisticParams, ValidLogisticParams};
use foresail_learn::tree::TreeParams;

pub fn logistic() -> ValidLogisticParams {
    LogisticParams::default().check().unwrap()
}

pub fn boosting() -> ValidBoostingParams {
    let tree = TreeParams { row_share: 0.8, column_share: 0.8, ..TreeParams::default() };
    BoostingParams { n_rounds: 20, tree, seed: 13, ..BoostingParams::default() }.check().unwrap()
}

pub fn forest() -> ValidForestParams {
    ForestParams { n_trees: 50, min_rows: 5.0, seed: 13, ..ForestParams::default() }
        .check()
        .unwrap()
}
