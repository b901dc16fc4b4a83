//! What fitting and predicting cost. Prints one line per measurement.
//!
//! ```text
//! cargo run --release --example cost -- hazard
//! python3 examples/cost.py draw ROWS
//! cargo run --release --example cost -- boosting ROWS
//! cargo run --release --example cost -- forest ROWS
//! ```

use std::path::Path;
use std::time::Instant;

use foresail_learn::boosting::BoostingParams;
use foresail_learn::estimator::{Classifier, LabelledFrame};
use foresail_learn::forest::ForestParams;
use foresail_learn::frame::{Column, ColumnSchema, Frame, MISSING_CODE, Schema};
use foresail_learn::hazard::{
    HazardParams, HazardRows, HazardShape, HazardTarget, Scratch, fit as fit_hazard,
};
use foresail_learn::metrics::{ClassProbabilities, ClassifiedRows, ConfusionMatrix};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["hazard"] => hazard(),
        ["boosting", rows] => {
            let params = BoostingParams::default().check().expect("defaults are valid");
            classify::<foresail_learn::boosting::GradientBoosting>(&params, Path::new(rows));
        }
        ["forest", rows] => {
            let params = ForestParams::default().check().expect("defaults are valid");
            classify::<foresail_learn::forest::RandomForest>(&params, Path::new(rows));
        }
        _ => eprintln!("usage: cost hazard | cost boosting ROWS | cost forest ROWS"),
    }
}

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

/// Fits on the training rows of a file of `cost.py` and judges the others.
fn classify<C: Classifier>(params: &C::Params, path: &Path) {
    let (training, test) = read(path).expect("a file that cost.py wrote");
    let model = timed(C::KIND, || C::fit(params, &training.labelled())).expect("rows are valid");
    let said = timed("all test rows", || model.predict_proba(&test.frame)).expect("one schema");
    let judged = ClassProbabilities::new(&test.classes, &said, CLASSES).expect("rows are valid");
    let predicted = judged.most_probable();
    let confusion = ConfusionMatrix::of(ClassifiedRows {
        truth: &test.classes,
        predicted: &predicted,
        weights: None,
        n_classes: CLASSES,
    })
    .expect("rows are valid");
    println!(
        "log-loss {:.4?}, accuracy {:.4?}, macro-F1 {:.4?}",
        judged.log_loss(),
        confusion.accuracy(),
        confusion.macro_scores().map(|scores| scores.f1)
    );
    let bytes = rmp_serde::to_vec_named(&model).expect("a model can be written");
    println!("{} kB as MessagePack", bytes.len() / 1000);
}

const CLASSES: usize = 8;

struct Rows {
    frame: Frame,
    classes: Vec<u32>,
}

impl Rows {
    fn labelled(&self) -> LabelledFrame<'_> {
        let Self { frame, classes } = self;
        LabelledFrame { frame, classes, n_classes: CLASSES, weights: None }
    }
}

/// Training and test rows of a file of `cost.py`.
fn read(path: &Path) -> Option<(Rows, Rows)> {
    let bytes = std::fs::read(path).ok()?;
    let mut words = bytes.chunks_exact(4).map(|word| [word[0], word[1], word[2], word[3]]);
    let mut count = || words.next().map(|word| u32::from_le_bytes(word) as usize);
    let (n_rows, n_training, n_columns) = (count()?, count()?, count()?);
    let (mut schema, mut columns) = (Vec::new(), Vec::new());
    for column in 0..n_columns {
        let n_levels = words.next().map(|word| u32::from_le_bytes(word) as usize)?;
        let values: Vec<f32> = words.by_ref().take(n_rows).map(f32::from_le_bytes).collect();
        let name = format!("x{column}");
        if n_levels == 0 {
            schema.push(ColumnSchema::number(name));
            columns.push(Column::Number(values));
        } else {
            let levels = (0..n_levels).map(|level| level.to_string()).collect();
            schema.push(ColumnSchema::category(name, levels));
            let code = |value: f32| if value.is_nan() { MISSING_CODE } else { value as u32 };
            columns.push(Column::Category(values.into_iter().map(code).collect()));
        }
    }
    let classes: Vec<u32> = words.take(n_rows).map(u32::from_le_bytes).collect();
    let frame = Frame::new(Schema::new(schema).ok()?, columns).ok()?;
    let part = |rows: Vec<usize>| {
        let classes = rows.iter().filter_map(|&row| classes.get(row).copied()).collect();
        frame.select_rows(&rows).ok().map(|frame| Rows { frame, classes })
    };
    Some((part((0..n_training).collect())?, part((n_training..n_rows).collect())?))
}

/// 40,000 rows, 80 columns, 7 kinds, 7 bins, 150 trees of depth 4.
fn hazard() {
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
