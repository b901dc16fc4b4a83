//! Measures reading, training and predicting a table: `cargo run --release -p foresail-learn
//! --example tabular -- FILE.csv [TARGET]`.

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use foresail_learn::tabular::{EstimatorParams, TrainOptions, csv, train};

/// Single rows that are timed.
const ROWS: usize = 20_000;

#[expect(clippy::disallowed_methods, reason = "this example measures")]
fn now() -> Instant {
    Instant::now()
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("the path of a CSV file is needed")?;
    let target = arguments.next();
    let options =
        csv::ReadOptions { text: target.iter().cloned().collect(), ..csv::ReadOptions::default() };
    for _ in 0..3 {
        let start = now();
        let table = black_box(csv::read(Path::new(&path), &options)?);
        let (rows, columns) = (table.n_rows(), table.columns().len());
        println!("read {rows} x {columns}: {:.3} s", start.elapsed().as_secs_f64());
    }
    let Some(target) = target else { return Ok(()) };
    let table = csv::read(Path::new(&path), &options)?;
    for estimator in [EstimatorParams::random_forest(), EstimatorParams::gradient_boosting()] {
        let mut options = TrainOptions::new(&target);
        options.fit.estimator = estimator;
        let start = now();
        let trained = train(&table, &options, &mut |_| {})?;
        let model = trained.model;
        let n_trees = model.estimator().n_trees();
        println!("{}: {n_trees} trees in {:.3} s", model.kind(), start.elapsed().as_secs_f64());
        let start = now();
        let scores = model.score(&table.select_rows(&trained.split.test)?, Default::default())?;
        let (accuracy, f1, loss) = (scores.accuracy, scores.macro_f1, scores.log_loss);
        println!("  accuracy {accuracy:.4}, macro F1 {f1:.4}, log-loss {loss:.4}");
        println!("  judged in {:.3} s", start.elapsed().as_secs_f64());
        let said = model.predict(&table)?;
        println!("  unknown levels: {:?}", said.unknown);
        let (mut row, mut into) = (vec![0.5; model.schema().len()], Vec::new());
        let start = now();
        for at in 0..ROWS {
            let place = at % row.len();
            row[place] = (at % 97) as f32 / 97.0;
            model.predict_dense(black_box(&row), &mut into)?;
        }
        let micros = start.elapsed().as_secs_f64() * 1e6 / ROWS as f64;
        println!("  one row: {micros:.1} us");
    }
    Ok(())
}
