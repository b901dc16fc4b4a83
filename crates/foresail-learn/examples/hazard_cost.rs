//! What fitting and predicting the hazard model costs: `cargo run --release -p foresail-learn --example
//! hazard_cost`. Prints one line per measurement.

use std::time::Instant;

use foresail_learn::frame::{Column, Frame, Schema};
use foresail_learn::hazard::{
    HazardParams, HazardRows, HazardShape, HazardTarget, Scratch, fit as fit_hazard,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

#[expect(clippy::disallowed_methods, reason = "a measurement needs a clock")]
fn timed<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let (start, before) = (Instant::now(), cpu_seconds());
    let result = run();
    let wall = start.elapsed().as_secs_f64();
    println!("{what}: {wall:.2} s wall {:.2} s CPU", cpu_seconds() - before);
    result
}

/// Seconds of all threads so far, from Linux's table of processes.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// 40,000 rows, 80 columns, 7 kinds, 7 bins, 150 trees of depth 4.
fn main() {
    let (n_rows, n_columns) = (40_000, 80);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let columns: Vec<Vec<f32>> = (0..n_columns)
        .map(|column| {
            // Every second column is a count that is mostly zero.
            let zeros = if column % 2 == 1 { 0.85 } else { 0.0 };
            let value = |rng: &mut ChaCha8Rng| match rng.random::<f32>() {
                gap if gap < 0.03 => f32::NAN,
                level if level < 0.03 + zeros => 0.0,
                _ => rng.random::<f32>(),
            };
            (0..n_rows).map(|_| value(&mut rng)).collect()
        })
        .collect();
    let mut targets = Vec::with_capacity(n_rows);
    while targets.len() < n_rows {
        let row = targets.len();
        let mut target = HazardTarget { until_bin: 7, event: None, weight: 1.0 };
        'bins: for bin in 0..7_u16 {
            if rng.random::<f32>() < 0.03 {
                target.until_bin = bin;
                break;
            }
            for kind in 0..7_u16 {
                let x = columns[usize::from(kind)][row];
                let x = if x.is_nan() { 0.5 } else { x };
                if rng.random::<f32>() < 0.03 * x * x {
                    target.until_bin = bin;
                    target.event = Some(kind);
                    break 'bins;
                }
            }
        }
        targets.push(target);
    }
    let names: Vec<String> = (0..n_columns).map(|at| format!("x{at}")).collect();
    let schema = Schema::numbers(&names).expect("names differ");
    let frame = Frame::new(schema, columns.into_iter().map(Column::Number).collect())
        .expect("columns have one length");
    let shape =
        HazardShape { edges: vec![0.0, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0], n_kinds: 7 };
    let params = HazardParams::default().check(shape).expect("defaults are valid");
    let rows = HazardRows { frame: &frame, targets: &targets };
    let model = timed("hazard fit", || fit_hazard(&params, rows, None)).expect("rows are valid");
    let history = &model.history().training;
    println!(
        "log-likelihood {:?} to {:?}, {} trees",
        history.first(),
        history.last(),
        history.len()
    );
    let dense = frame.dense_rows();
    let mut scratch = Scratch::default();
    let mut sum = 0.0;
    timed("hazard predict, all rows one by one", || {
        for row in dense.chunks_exact(n_columns) {
            sum += model.predict_into(row, &mut scratch).expect("rows fit").survival()[6];
        }
    });
    println!("mean survival {:.4}", sum / n_rows as f64);
}
