//! Models of tables at their defaults beside scikit-learn's at theirs, on the sets that it ships.
//!
//! As in `golden_classifiers.rs`: the mean of some seeds must be as good as the 95 % bootstrap
//! interval of the reference's mean on the same test rows allows, inside it, or better.

use std::fs;
use std::path::{Path, PathBuf};

use foresail_learn::tabular::csv::{self, ReadOptions};
use foresail_learn::tabular::{EstimatorParams, FitOptions, Labels, MissingTarget, TabularModel};

/// Means over seeds.
#[derive(Debug, Default)]
struct Reached {
    accuracy: f64,
    macro_f1: f64,
    /// With probabilities clipped as the reference's.
    log_loss: f64,
    exact_log_loss: f64,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/learn")
}

fn reach(set: &str, estimator: &EstimatorParams, seeds: u64) -> Reached {
    let text = vec!["part".to_owned(), "class".to_owned()];
    let path = folder().join(format!("classifiers-{set}.csv"));
    let table = csv::read(&path, &ReadOptions { text, ..ReadOptions::default() }).unwrap();
    let parts = Labels::of(&table, "part", MissingTarget::Refuse).unwrap();
    let rows = |part: u32| {
        let rows: Vec<usize> =
            (0..table.n_rows()).filter(|&row| parts.codes[row] == part).collect();
        table.select_rows(&rows).unwrap()
    };
    let (test, training) = (rows(0), rows(1));
    let mut reached = Reached::default();
    for seed in 0..seeds {
        let mut options = FitOptions::new("class");
        options.roles.ignore.push("part".to_owned());
        options.estimator = estimator.clone().with_seed(seed);
        let model = TabularModel::fit(&training, &options, &mut |_| {}).unwrap();
        let (_, truth) = model.truth(&test, MissingTarget::Refuse).unwrap();
        let said = model.predict(&test).unwrap();
        let scores = model.judge(&truth, &said).unwrap();
        let own = said.probabilities.chunks(model.classes().len()).zip(&truth);
        let losses = own.map(|(p, &class)| -p[class as usize].clamp(0.001, 0.999).ln());
        let share = 1.0 / seeds as f64;
        reached.log_loss += share * losses.sum::<f64>() / truth.len() as f64;
        reached.exact_log_loss += share * scores.log_loss;
        reached.accuracy += share * scores.accuracy;
        reached.macro_f1 += share * scores.macro_f1;
    }
    reached
}

fn compare(set: &str, estimator: &EstimatorParams, seeds: u64) {
    let text = fs::read_to_string(folder().join("tabular.json")).unwrap();
    let golden: serde_json::Value = serde_json::from_str(&text).unwrap();
    let golden = &golden[set][estimator.name()];
    let reached = reach(set, estimator, seeds);
    println!("{set} {}: {reached:?}, reference {golden}", estimator.name());
    let at = |what: &str, place: usize| golden[what][place].as_f64().unwrap();
    assert!(reached.log_loss <= at("log_loss", 2), "{set}: {reached:?}, {golden}");
    assert!(reached.accuracy >= at("accuracy", 1), "{set}: {reached:?}, {golden}");
    assert!(reached.macro_f1 >= at("macro_f1", 1), "{set}: {reached:?}, {golden}");
}

#[test]
fn the_forest_keeps_up_with_scikit_learn() {
    for set in ["iris", "wine", "breast_cancer", "digits"] {
        compare(set, &EstimatorParams::random_forest(), 3);
    }
}

#[test]
fn boosting_keeps_up_with_scikit_learn() {
    for set in ["iris", "wine", "breast_cancer"] {
        compare(set, &EstimatorParams::gradient_boosting(), 3);
    }
}

#[test]
fn boosting_keeps_up_with_scikit_learn_on_ten_classes() {
    // Some 200 rounds of ten trees, twice: one seed is enough for a test.
    compare("digits", &EstimatorParams::gradient_boosting(), 1);
}
