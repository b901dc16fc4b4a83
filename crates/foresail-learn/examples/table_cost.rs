//! What reading, fitting and predicting a table cost and reach; `bench/references.py` sets it beside
//! the references. Prints one line of JSON.
//!
//! ```text
//! cargo run --release -p foresail-learn --example table_cost -- read FILE.csv
//! cargo run --release -p foresail-learn --example table_cost -- MODEL TRAINING.csv TEST.csv TARGET [TREES]
//! ```

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use foresail_learn::boosting::BoostingParams;
use foresail_learn::tabular::{
    EstimatorParams, FitOptions, MissingTarget, Table, TabularModel, csv,
};
use serde_json::{Value, json};

/// Single rows that are timed.
const ROWS: usize = 20_000;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let measured = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["read", path] => read(path)?,
        [model, training, test, target] => fit((model, None), (training, test), target)?,
        [model, training, test, target, trees] => {
            fit((model, Some(trees.parse()?)), (training, test), target)?
        }
        _ => return Err("usage: table_cost read FILE | MODEL TRAINING TEST TARGET [TREES]".into()),
    };
    println!("{measured}");
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "this example measures")]
fn timed<T>(run: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let result = black_box(run());
    (result, start.elapsed().as_secs_f64())
}

fn table(path: &str, target: &str) -> Result<Table, csv::CsvError> {
    let options = csv::ReadOptions { text: vec![target.to_owned()], ..Default::default() };
    csv::read(Path::new(path), &options)
}

fn read(path: &str) -> Result<Value, Box<dyn Error>> {
    let (table, seconds) = timed(|| csv::read(Path::new(path), &csv::ReadOptions::default()));
    let table = table?;
    Ok(json!({ "rows": table.n_rows(), "columns": table.columns().len(), "read_s": seconds }))
}

fn fit(
    (name, trees): (&str, Option<u32>),
    (training, test): (&str, &str),
    target: &str,
) -> Result<Value, Box<dyn Error>> {
    let mut options = FitOptions::new(target);
    options.estimator = match name {
        "random-forest" => EstimatorParams::random_forest(),
        "gradient-boosting" => EstimatorParams::gradient_boosting(),
        _ => return Err(format!("`{name}` is no model").into()),
    };
    match (&mut options.estimator, trees) {
        (_, None) => {}
        // As the references: so many trees, no early stopping, boosting on all rows and columns.
        (EstimatorParams::RandomForest(forest), Some(trees)) => forest.n_trees = trees,
        (EstimatorParams::GradientBoosting(boosting), Some(trees)) => {
            boosting.params = BoostingParams { n_rounds: trees, ..BoostingParams::default() };
            boosting.validation_share = 0.0;
        }
    }
    let (training, test) = (table(training, target)?, table(test, target)?);
    let (model, fit_s) = timed(|| TabularModel::fit(&training, &options, &mut |_| {}));
    let model = model?;
    let (said, predict_s) = timed(|| model.predict(&test));
    let (_, truth) = model.truth(&test, MissingTarget::Refuse)?;
    let scores = model.judge(&truth, &said?)?;
    Ok(json!({
        "trees": model.estimator().n_trees(), "fit_s": fit_s, "predict_s": predict_s,
        "one_row_us": one_row(&model)?,
        "accuracy": scores.accuracy, "macro_f1": scores.macro_f1, "log_loss": scores.log_loss,
    }))
}

/// Microseconds of a prediction of one row.
fn one_row(model: &TabularModel) -> Result<f64, Box<dyn Error>> {
    let (mut row, mut into) = (vec![0.5; model.schema().len()], Vec::new());
    let (said, seconds) = timed(|| {
        (0..ROWS).try_for_each(|at| {
            let place = at % row.len();
            row[place] = (at % 97) as f32 / 97.0;
            model.predict_dense(black_box(&row), &mut into)
        })
    });
    said?;
    Ok(seconds * 1e6 / ROWS as f64)
}
