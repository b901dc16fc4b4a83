//! Forest and boosting beside scikit-learn and LightGBM, on the sets that scikit-learn ships.
//!
//! The mean of 5 seeds must be as good as the 95 % bootstrap interval of the reference's mean on
//! the same test rows allows: inside it, or better. Random draws and bins differ between the
//! implementations, so values cannot agree more closely than the test rows can tell.

use std::fs;
use std::path::PathBuf;

use foresail_learn::boosting::{BoostingParams, GradientBoosting};
use foresail_learn::estimator::{Classifier, LabelledFrame};
use foresail_learn::forest::{ForestParams, RandomForest};
use foresail_learn::frame::{Frame, FrameBuilder, Schema};
use foresail_learn::tree::TreeParams;

/// Rows of one part of a set.
struct Part {
    frame: Frame,
    classes: Vec<u32>,
    n_classes: usize,
}

/// Mean and interval of the reference.
struct Golden {
    low: f64,
    high: f64,
}

/// Log-loss and accuracy, means over rows and seeds.
#[derive(Clone, Copy, Debug)]
struct Reached {
    log_loss: f64,
    accuracy: f64,
}

// === impl Part ===

impl Part {
    fn read(set: &str, part: &str) -> Self {
        let text = fs::read_to_string(folder().join(format!("classifiers-{set}.csv"))).unwrap();
        let mut lines = text.lines();
        let names: Vec<&str> = lines.next().unwrap().split(',').skip(2).collect();
        let mut frame = FrameBuilder::new(Schema::numbers(&names).unwrap(), 2_000);
        let (mut classes, mut n_classes) = (Vec::new(), 0);
        for line in lines {
            let mut fields = line.split(',');
            let here = fields.next().unwrap() == part;
            let class: u32 = fields.next().unwrap().parse().unwrap();
            n_classes = n_classes.max(class as usize + 1);
            if here {
                let row: Vec<f32> = fields.map(|field| field.parse().unwrap()).collect();
                frame.push(&row).unwrap();
                classes.push(class);
            }
        }
        Self { frame: frame.finish(), classes, n_classes }
    }

    fn labelled(&self) -> LabelledFrame<'_> {
        let Self { frame, classes, n_classes } = self;
        LabelledFrame { frame, classes, n_classes: *n_classes, weights: None }
    }
}

// === free functions ===

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/learn")
}

fn golden(set: &str, model: &str, what: &str) -> Golden {
    let text = fs::read_to_string(folder().join("classifiers.json")).unwrap();
    let golden: serde_json::Value = serde_json::from_str(&text).unwrap();
    let at = |place: usize| golden[set][model][what][place].as_f64().unwrap();
    Golden { low: at(1), high: at(2) }
}

/// What five seeds reach on the test rows; probabilities are clipped as for the reference.
fn reach<C: Classifier>(set: &str, params: impl Fn(u64) -> C::Params) -> Reached {
    let (training, test) = (Part::read(set, "train"), Part::read(set, "test"));
    let mut sums = [0.0; 2];
    for seed in 0..5 {
        let model = C::fit(&params(seed), &training.labelled()).ok().unwrap();
        let said = model.predict_proba(&test.frame).ok().unwrap();
        for (p, &class) in said.chunks(test.n_classes).zip(&test.classes) {
            let own = p[class as usize];
            sums[0] -= own.clamp(0.001, 0.999).ln();
            sums[1] += f64::from(u8::from(p.iter().all(|&other| other <= own)));
        }
    }
    let n = 5.0 * test.classes.len() as f64;
    Reached { log_loss: sums[0] / n, accuracy: sums[1] / n }
}

fn compare(set: &str, model: &str, reached: Reached) {
    let (loss, accuracy) = (golden(set, model, "log_loss"), golden(set, model, "accuracy"));
    println!("{set} {model}: {reached:?}");
    assert!(reached.log_loss <= loss.high, "{set}: {reached:?}, at most {}", loss.high);
    assert!(reached.accuracy >= accuracy.low, "{set}: {reached:?}, at least {}", accuracy.low);
}

fn forest_keeps_up(set: &str) {
    let params =
        |seed| ForestParams { min_rows: 3.0, seed, ..ForestParams::default() }.check().unwrap();
    compare(set, "forest", reach::<RandomForest>(set, params));
}

fn boosting_keeps_up(set: &str) {
    let params = |seed| {
        let tree = TreeParams { row_share: 0.8, column_share: 0.8, ..TreeParams::default() };
        BoostingParams { n_rounds: 60, tree, seed, ..BoostingParams::default() }.check().unwrap()
    };
    compare(set, "boosting", reach::<GradientBoosting>(set, params));
}

#[test]
fn the_forest_keeps_up_with_scikit_learn_on_iris() {
    forest_keeps_up("iris");
}

#[test]
fn the_forest_keeps_up_with_scikit_learn_on_wine() {
    forest_keeps_up("wine");
}

#[test]
fn the_forest_keeps_up_with_scikit_learn_on_breast_cancer() {
    forest_keeps_up("breast_cancer");
}

#[test]
fn the_forest_keeps_up_with_scikit_learn_on_digits() {
    forest_keeps_up("digits");
}

#[test]
fn boosting_keeps_up_with_lightgbm_on_iris() {
    boosting_keeps_up("iris");
}

#[test]
fn boosting_keeps_up_with_lightgbm_on_wine() {
    boosting_keeps_up("wine");
}

#[test]
fn boosting_keeps_up_with_lightgbm_on_breast_cancer() {
    boosting_keeps_up("breast_cancer");
}

#[test]
fn boosting_keeps_up_with_lightgbm_on_digits() {
    boosting_keeps_up("digits");
}
